"""What a refresh found as a whole: its dates, its verdict, who ended early.

Add here: another question about one refresh. Keep out: its segments (segments.py), and how anything is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.client.published import ask

if TYPE_CHECKING:
    from datetime import date, datetime

    import duckdb


@dataclass(frozen=True)
class RefreshSummary:
    """One refresh: its state, its dates (UTC), and its verdict where one was reached."""

    refresh_month: date
    status: str
    status_reason: str | None
    clock: str
    window_start: datetime
    as_of: datetime
    landmark_at: datetime | None
    at_risk_count: int
    ended_early_count: int
    is_provisional: bool
    verdict: str | None
    verdict_reason: str | None
    weakness: str | None
    matched_against: date | None
    moved_share: float | None
    expected_moved_share: float | None
    churn_definition: str
    unjudged_reason: str | None
    inactivity_days: float | None
    seen_again_count: int | None
    is_stale: bool

    @property
    def has_segments(self) -> bool:
        """Whether there was data enough to form segments."""
        return self.status == "ready"


@dataclass(frozen=True)
class EndedEarly:
    """Users of a refresh whose case was closed before the landmark, by outcome."""

    outcome: str
    user_count: int
    share: float
    share_low: float
    share_high: float


def refreshes(connection: duckdb.DuckDBPyConnection) -> list[RefreshSummary]:
    """Return every refresh, oldest first."""
    columns = ", ".join(RefreshSummary.__dataclass_fields__)
    sql = f"SELECT {columns} FROM refresh_summary ORDER BY refresh_month"
    return [RefreshSummary(*row) for row in ask(connection, sql)]


def unclassified_count(connection: duckdb.DuckDBPyConnection, month: date) -> int:
    """Return how many users of a refresh belong to no segment."""
    sql = "SELECT count(*) FROM user_clusters WHERE refresh_month = $month AND cluster_id = 'unclassified'"
    return int(ask(connection, sql, {"month": month})[0][0])


def ended_early(connection: duckdb.DuckDBPyConnection, month: date) -> list[EndedEarly]:
    """Return who ended before the landmark of a refresh, most frequent outcome first."""
    sql = (
        "SELECT outcome, user_count, share, share_low, share_high FROM ended_early"
        " WHERE refresh_month = $month ORDER BY outcome = 'any' DESC, user_count DESC, outcome"
    )
    return [EndedEarly(*row) for row in ask(connection, sql, {"month": month})]
