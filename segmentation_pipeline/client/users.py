"""Where one user belongs now.

Add here: another question about one user. Keep out: tables of many users (Snapshot.frame).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.client.published import ask

if TYPE_CHECKING:
    from collections.abc import Sequence
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
    found = ask(connection, f"{_SELECT} WHERE user_id = $user_id", {"user_id": user_id})
    return UserSegment(*found[0]) if found else None


def user_segments(connection: duckdb.DuckDBPyConnection, user_ids: Sequence[str]) -> list[UserSegment]:
    """Return where users belong now, in the order asked, without those not seen lately; shown by their labels."""
    found = ask(connection, f"{_SELECT} WHERE user_id IN (SELECT unnest($user_ids))", {"user_ids": list(user_ids)})
    known = {row[0]: UserSegment(*row) for row in found}
    return [known[user_id] for user_id in dict.fromkeys(user_ids) if user_id in known]


_SELECT = "SELECT user_id, status, cluster_id, label, membership, model_month, scored_at, label FROM current_segments"
