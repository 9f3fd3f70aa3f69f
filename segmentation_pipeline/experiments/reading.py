"""Reads from the warehouse what experiments are weighed with.

Add here: another figure an experiment depends on.
Keep out: weighing (`planning.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segmentation_pipeline.experiments.eligibility import counted_time
from segmentation_pipeline.experiments.planning import Baseline, Idea, Refresh, Traffic
from segmentation_pipeline.insights.catalogue import RETENTION_PREFIX
from segmentation_pipeline.insights.contrasts import deviation_of_mean
from segmentation_pipeline.segments.tables import OVERALL, UNCLASSIFIED
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from segmentation_pipeline.experiments.eligibility import CountedTime
    from segmentation_pipeline.warehouse.database import Database

IDEAS = """
SELECT recommendation_id, cluster_id, primary_metric, expected_direction FROM recommendations
WHERE refresh_month = $month AND kind = 'experiment' ORDER BY cluster_id, rank
"""

MEASURED = """
SELECT cluster_id, metric_id, value, low, high, unit, basis, user_count FROM cluster_metrics
WHERE refresh_month = $month ORDER BY cluster_id, metric_id
"""

JUDGED_DAYS = """
SELECT cluster_id, drop_off_days FROM clusters WHERE refresh_month = $month AND cluster_id <> $unclassified
ORDER BY cluster_id
"""


def read_refresh(db: Database, month: date) -> Refresh | None:
    """Return what a refresh knows of its experiments; None where it has none."""
    ideas = [Idea(**row) for row in db.rows(IDEAS, {"month": month})]
    if not ideas:
        return None
    refresh = db.rows("FROM refreshes WHERE refresh_month = $month", {"month": month})[0]
    days = dict(db.execute(JUDGED_DAYS, {"month": month, "unclassified": UNCLASSIFIED}).fetchall())
    known_days = [day for day in days.values() if day is not None]
    judged_days = {**days, OVERALL: min(known_days, default=None)}
    measured = db.rows(MEASURED, {"month": month})
    sizes = {row["cluster_id"]: row["user_count"] for row in measured if row["metric_id"] == "size"}
    baselines = {
        (row["cluster_id"], row["metric_id"]): _baseline(
            row, sizes[row["cluster_id"]], judged_days, refresh["window_days"]
        )
        for row in measured
        if row["user_count"]
    }
    counted = counted_time(refresh)
    unreadable = None
    if not counted.is_enough:
        unreadable = (
            f"the log leaves {max(counted.weeks, 0) * 7:.2f} days in which users newly reach the landmark; a weekly "
            "figure needs one"
        )
    return Refresh(ideas, baselines, Traffic(counted, _eligible(db, month, counted)), list(days), unreadable)


def _eligible(db: Database, month: date, counted: CountedTime) -> dict[str, int]:
    found = db.execute(
        load_sql(__package__, "eligible_users"),
        {"month": month, "counted_from": counted.counted_from, "counted_to": counted.counted_to},
    ).fetchall()
    return {**dict(found), OVERALL: sum(count for _, count in found)}


def _baseline(
    row: Mapping[str, Any], size: int, judged_days: Mapping[str, float | None], window_days: float
) -> Baseline:
    return Baseline(
        value=row["value"],
        low=row["low"],
        high=row["high"],
        unit=row["unit"],
        deviation=deviation_of_mean(row["value"], row["high"], row["user_count"]),
        user_count=row["user_count"],
        follow_days=_follow_days(row, judged_days, window_days),
        measured_share=row["user_count"] / size,
    )


def _follow_days(row: Mapping[str, Any], judged_days: Mapping[str, float | None], window_days: float) -> float:
    """Return how long a user is watched before the metric is known of it: a day it names, else as it was measured."""
    metric_id = str(row["metric_id"])
    if metric_id.startswith(RETENTION_PREFIX):
        return float(metric_id.removeprefix(RETENTION_PREFIX))
    if row["basis"] == "outcome":
        return float(judged_days.get(row["cluster_id"]) or window_days)
    return window_days
