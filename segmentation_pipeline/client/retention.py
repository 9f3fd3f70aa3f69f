"""How segments are retained: curves, fits, pairwise comparisons, hazard ratios, and all of it over the refreshes.

Add here: another question about retention. Keep out: drawing curves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from segmentation_pipeline.client.published import ask, ask_as

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import duckdb


@dataclass(frozen=True)
class CurvePoint:
    """One point of a curve of a segment (or `overall`); `estimate` and interval are null where not observed."""

    cluster_id: str
    curve: str
    day: float
    estimate: float | None
    low: float | None
    high: float | None
    at_risk_count: int
    status: str
    reason: str | None
    is_cause_specific: bool


@dataclass(frozen=True)
class SurvivalFit:
    """Who of a segment (or `overall`) dropped off after the landmark, and how long they stayed."""

    cluster_id: str
    status: str
    reason: str | None
    user_count: int
    churn_count: int
    conversion_count: int
    end_count: int
    censored_count: int
    followed_days: float
    drop_off_days: float | None
    drop_off_rate: float | None
    drop_off_low: float | None
    drop_off_high: float | None
    drop_off_method: str
    median_days: float | None
    rmst_tau_days: float | None
    rmst_days: float | None
    rmst_low: float | None
    rmst_high: float | None
    rmst_difference_days: float | None
    rmst_difference_low: float | None
    rmst_difference_high: float | None
    is_cause_specific: bool
    is_mechanical: bool
    logrank_p: float | None
    logrank_reason: str | None


@dataclass(frozen=True)
class Comparison:
    """Two segments of a refresh: do they drop off alike, and by how many days do they differ?"""

    cluster_id: str
    other_cluster_id: str
    status: str
    reason: str | None
    logrank_p: float | None
    holm_p: float | None
    rmst_difference_days: float | None
    rmst_difference_low: float | None
    rmst_difference_high: float | None
    is_mechanical: bool


@dataclass(frozen=True)
class HazardRatio:
    """One term of the Cox model of a refresh; not fitted ones say why."""

    term: str
    kind: str
    description: str
    status: str
    reason: str | None
    hazard_ratio: float | None
    low: float | None
    high: float | None
    p: float | None
    proportional_p: float | None
    is_mechanical: bool


@dataclass(frozen=True)
class TrendPoint:
    """Size, drop-off and retention of a segment (or `overall`) at one refresh."""

    refresh_month: date
    cluster_id: str
    label: str
    verdict: str
    user_count: int
    share: float
    share_change: float | None
    drop_off_rate: float | None
    drop_off_low: float | None
    drop_off_high: float | None
    drop_off_days: float | None
    retention: float | None
    retention_day: float | None
    rmst_days: float | None


OVERALL = "overall"

_OF_MONTH = "WHERE refresh_month = $month"


def curves(connection: duckdb.DuckDBPyConnection, month: date) -> list[CurvePoint]:
    """Return every point of every curve of a refresh, by segment, curve and day."""
    source = f"FROM retention_curves {_OF_MONTH} ORDER BY cluster_id = 'overall' DESC, cluster_id, curve, day"
    return ask_as(connection, CurvePoint, source, {"month": month})


def at_risk(connection: duckdb.DuckDBPyConnection, month: date, days: Sequence[float]) -> dict[str, list[int]]:
    """Return segment (or `overall`) -> how many are still followed and open just before each day."""
    from segmentation_pipeline.survival.follow_up import DAY_TOLERANCE

    counts = ", ".join(
        f"count(*) FILTER (o.duration_days >= $day_{place} - {DAY_TOLERANCE})" for place in range(len(days))
    )
    sql = (
        f"SELECT coalesce(c.cluster_id, 'unclassified'), {counts} FROM user_outcomes AS o LEFT JOIN user_clusters AS c"
        " ON c.refresh_month = o.refresh_month AND c.user_id = o.user_id WHERE o.refresh_month = $month GROUP BY 1"
    )
    named = {f"day_{place}": day for place, day in enumerate(days)}
    found = {name: list(told) for name, *told in ask(connection, sql, {"month": month, **named})}
    return {OVERALL: [sum(told[place] for told in found.values()) for place in range(len(days))], **found}


def fits(connection: duckdb.DuckDBPyConnection, month: date) -> list[SurvivalFit]:
    """Return the fit of each segment, that of all users first."""
    source = f"FROM survival_fits {_OF_MONTH} ORDER BY cluster_id = 'overall' DESC, cluster_id"
    return ask_as(connection, SurvivalFit, source, {"month": month})


def comparisons(connection: duckdb.DuckDBPyConnection, month: date) -> list[Comparison]:
    """Return every pair of segments, each once."""
    source = f"FROM retention_comparisons {_OF_MONTH} ORDER BY cluster_id, other_cluster_id"
    return ask_as(connection, Comparison, source, {"month": month})


def hazard_ratios(connection: duckdb.DuckDBPyConnection, month: date) -> list[HazardRatio]:
    """Return the terms of the Cox model, segments first."""
    source = f"FROM cox_coefficients {_OF_MONTH} ORDER BY kind <> 'segment', kind, term"
    return ask_as(connection, HazardRatio, source, {"month": month})


def trends(connection: duckdb.DuckDBPyConnection) -> list[TrendPoint]:
    """Return size, drop-off and retention of every segment at every refresh, oldest first; retention on its last day.

    Segments are followed for different times: `comparable_trends` reads them all on one day.
    """
    return ask_as(connection, TrendPoint, "FROM segment_trends ORDER BY refresh_month, cluster_id")


def comparable_trends(connection: duckdb.DuckDBPyConnection) -> list[TrendPoint]:
    """Return the same with retention read on one day: the last on which the most segments and refreshes have it."""
    found = ask(
        connection,
        "WITH observed AS (SELECT refresh_month, cluster_id, day, estimate FROM retention_curves"
        " WHERE curve = 'retention_km' AND status = 'observed' AND day > 0),"
        " common AS (SELECT day FROM observed GROUP BY day ORDER BY count(*) DESC, day DESC LIMIT 1)"
        " SELECT refresh_month, cluster_id, estimate, day FROM observed JOIN common USING (day)",
    )
    on_day = {(month, cluster_id): (estimate, day) for month, cluster_id, estimate, day in found}
    points = []
    for point in trends(connection):
        estimate, day = on_day.get((point.refresh_month, point.cluster_id), (None, None))
        points.append(replace(point, retention=estimate, retention_day=day))
    return points
