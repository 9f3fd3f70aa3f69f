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
    as_of: datetime
    landmark_at: datetime | None
    at_risk_count: int
    ended_early_count: int
    is_provisional: bool
    verdict: str | None
    verdict_reason: str | None
    is_stale: bool


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
    has_verdicts = ask(connection, "SELECT 1 FROM duckdb_views() WHERE view_name = 'refresh_summary'")
    source = "refresh_summary" if has_verdicts else f"({_WITHOUT_VERDICTS})"
    columns = ", ".join(RefreshSummary.__dataclass_fields__)
    return [RefreshSummary(*row) for row in ask(connection, f"SELECT {columns} FROM {source} ORDER BY refresh_month")]


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


_WITHOUT_VERDICTS = (
    "SELECT *, NULL::VARCHAR AS verdict, NULL::VARCHAR AS verdict_reason, FALSE AS is_stale FROM refreshes"
)
