"""How users moved between segments from one refresh to the next.

Add here: another question about moves. Keep out: births and ends of segments (evidence.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.client.published import ask_as

if TYPE_CHECKING:
    from datetime import date

    import duckdb


@dataclass(frozen=True)
class Move:
    """Users who went from one segment (or `unclassified`, `not_at_risk`) to another between two refreshes.

    The one from `overall` to `moved` sums up: `excess_share` is what moved beyond what chance alone moves.
    """

    from_cluster_id: str
    to_cluster_id: str
    user_count: int
    share: float | None
    expected_share: float | None
    excess_share: float | None
    matched_against: date


def moves(connection: duckdb.DuckDBPyConnection, month: date) -> list[Move]:
    """Return the moves into a refresh; none at the first."""
    source = "FROM user_moves WHERE refresh_month = $month ORDER BY from_cluster_id, to_cluster_id"
    return ask_as(connection, Move, source, {"month": month})
