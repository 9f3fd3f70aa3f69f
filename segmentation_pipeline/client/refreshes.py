"""What a refresh found, as plain objects: its dates, its segments, who ended early.

Add here: another question about one refresh. Keep out: how it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date, datetime

    import duckdb


@dataclass(frozen=True)
class RefreshSummary:
    """One refresh: its state and its dates (UTC)."""

    refresh_month: date
    status: str
    status_reason: str | None
    clock: str
    as_of: datetime
    landmark_at: datetime | None
    at_risk_count: int
    ended_early_count: int


@dataclass(frozen=True)
class SegmentSummary:
    """One segment of a refresh; rates are shares of 1."""

    cluster_id: str
    label: str
    user_count: int
    share: float
    drop_off_rate: float | None
    drop_off_low: float | None
    drop_off_high: float | None
    drop_off_days: float | None
    retention: float | None
    retention_day: float | None
    top_advice: str | None


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
    return [
        RefreshSummary(*row)
        for row in connection.execute(
            "SELECT refresh_month, status, status_reason, clock, as_of, landmark_at, at_risk_count, ended_early_count"
            " FROM refreshes ORDER BY refresh_month"
        ).fetchall()
    ]


def segments(connection: duckdb.DuckDBPyConnection, month: date) -> list[SegmentSummary]:
    """Return the segments of a refresh, largest first, with retention at the longest day actually followed."""
    return [SegmentSummary(*row) for row in connection.execute(_SEGMENTS, {"month": month}).fetchall()]


def unclassified_count(connection: duckdb.DuckDBPyConnection, month: date) -> int:
    """Return how many users of a refresh belong to no segment."""
    return _scalar(
        connection,
        "SELECT count(*) FROM user_clusters WHERE refresh_month = $month AND cluster_id = 'unclassified'",
        month,
    )


def ended_early(connection: duckdb.DuckDBPyConnection, month: date) -> list[EndedEarly]:
    """Return who ended before the landmark of a refresh, most frequent outcome first."""
    rows = connection.execute(
        "SELECT outcome, user_count, share, share_low, share_high FROM ended_early"
        " WHERE refresh_month = $month ORDER BY outcome = 'any' DESC, user_count DESC, outcome",
        {"month": month},
    ).fetchall()
    return [EndedEarly(*row) for row in rows]


def _scalar(connection: duckdb.DuckDBPyConnection, sql: str, month: date) -> int:
    row: tuple[Any, ...] | None = connection.execute(sql, {"month": month}).fetchone()
    return int(row[0]) if row else 0


_SEGMENTS = """
WITH longest AS (
    SELECT cluster_id, arg_max(estimate, day) AS retention, max(day) AS retention_day
    FROM retention_curves
    WHERE refresh_month = $month AND curve = 'retention_km' AND status = 'observed'
    GROUP BY cluster_id
),
advice AS (
    SELECT cluster_id, arg_min(title, rank) AS top_advice
    FROM recommendations
    WHERE refresh_month = $month AND kind = 'experiment'
    GROUP BY cluster_id
)
SELECT
    c.cluster_id, c.label, c.user_count, c.share, c.drop_off_rate, c.drop_off_low, c.drop_off_high, c.drop_off_days,
    l.retention, l.retention_day, a.top_advice
FROM clusters AS c
LEFT JOIN longest AS l USING (cluster_id)
LEFT JOIN advice AS a USING (cluster_id)
WHERE c.refresh_month = $month
ORDER BY c.user_count DESC, c.cluster_id
"""
