"""What each recommended experiment would take in its segment.

Add here: another question about power. Keep out: the advice itself (advice.py), what people plan (roadmap.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.client.copies import day, from_stored, list_of, moment
from segmentation_pipeline.client.published import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    import duckdb


@dataclass(frozen=True)
class WeekPower:
    """What an experiment could tell if it were decided at the end of a week; None while it could tell nothing."""

    week: int
    users_per_arm: int
    mde: float | None
    mde_relative: float | None


@dataclass(frozen=True)
class ExperimentPower:
    """What an experiment would take in its own segment, as of a refresh; a row of the table `experiment_power`.

    verdict: run, run_in_union, do_not_run or not_computed (then the figures are None); `reason` says it in words.
    """

    refresh_month: date
    recommendation_id: str
    cluster_id: str
    primary_metric: str
    expected_direction: str
    verdict: str
    reason: str
    comparison_count: int
    alpha: float
    power: float
    holdout_share: float
    treatment_share: float
    control_share: float
    smallest_effect: float
    max_weeks: int
    endpoint: str | None
    unit: str | None
    baseline: float | None
    baseline_low: float | None
    baseline_high: float | None
    baseline_sd: float | None
    baseline_user_count: int | None
    measured_share: float | None
    target: float | None
    hazard_ratio: float | None
    event_count: int | None
    follow_days: float | None
    eligible_from: datetime | None
    eligible_to: datetime | None
    eligible_count: int | None
    eligible_per_week: float | None
    users_per_arm: int | None
    enrolled_count: int | None
    enrolment_weeks: float | None
    weeks_to_decide: float | None
    mde: float | None
    mde_relative: float | None
    mde_by_week: tuple[WeekPower, ...]
    union_cluster_ids: tuple[str, ...]
    union_baseline: float | None
    union_eligible_per_week: float | None
    union_users_per_arm: int | None
    union_weeks_to_decide: float | None


def experiment_power(
    connection: duckdb.DuckDBPyConnection, month: date, cluster_id: str | None = None
) -> list[ExperimentPower]:
    """Return what the experiments of a refresh would take, by segment and in the order they are recommended."""
    columns = ", ".join(f"p.{name}" for name in ExperimentPower.__dataclass_fields__)
    sql = (
        f"SELECT {columns} FROM experiment_power AS p LEFT JOIN recommendations AS r"
        " ON r.refresh_month = p.refresh_month AND r.recommendation_id = p.recommendation_id"
        " WHERE p.refresh_month = $month AND ($cluster_id IS NULL OR p.cluster_id = $cluster_id)"
        " ORDER BY p.cluster_id, r.rank, p.recommendation_id"
    )
    found = ask(connection, sql, {"month": month, "cluster_id": cluster_id})
    return [power_from(dict(zip(ExperimentPower.__dataclass_fields__, row, strict=True))) for row in found]


def power_from(stored: Mapping[str, Any]) -> ExperimentPower:
    """Return a power row from its columns or its copy; what another version did not keep is None."""
    return from_stored(ExperimentPower, stored, _READERS)


def _week(stored: Mapping[str, Any]) -> WeekPower:
    return from_stored(WeekPower, stored)


_READERS: dict[str, Callable[[Any], Any]] = {
    "refresh_month": day,
    "eligible_from": moment,
    "eligible_to": moment,
    "mde_by_week": list_of(_week),
    "union_cluster_ids": list_of(str),
}
