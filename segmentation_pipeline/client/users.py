"""Where one user belongs now.

Add here: another question about one user. Keep out: tables of many users (Snapshot.frame).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.client.published import ask

if TYPE_CHECKING:
    from datetime import date, datetime

    import duckdb


@dataclass(frozen=True)
class UserSegment:
    """The segment of one user by the latest stored model; `status` says why there is none.

    `membership` is the posterior of the segment, `model_month` the refresh the model is from, `scored_at` UTC.
    """

    user_id: str
    status: str
    cluster_id: str
    label: str
    membership: float | None
    model_month: date | None
    scored_at: datetime
    display_name: str


def user_segment(connection: duckdb.DuckDBPyConnection, user_id: str) -> UserSegment | None:
    """Return where a user belongs now, None for one who has not been seen lately; shown by its label."""
    found = ask(
        connection,
        "SELECT user_id, status, cluster_id, label, membership, model_month, scored_at, label FROM current_segments"
        " WHERE user_id = $user_id",
        {"user_id": user_id},
    )
    return UserSegment(*found[0]) if found else None
