"""What is recommended for a segment, and what each recommended experiment would take there.

Add here: another question about advice or power. Keep out: what people plan (roadmap.py).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from segmentation_pipeline.client.published import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb

EXPERIMENT = "experiment"


@dataclass(frozen=True)
class Citation:
    """A sentence of advice with the metric it states, and what the metric is compared with, if anything."""

    metric_id: str
    value: float | None
    unit: str | None
    comparator: str | None
    comparator_value: float | None
    direction: str | None
    rendered: str


@dataclass(frozen=True)
class Recommendation:
    """One piece of advice: pain_point, product_recommendation or experiment; `rank` 1 is the strongest of its kind.

    Hypothesis, metric, direction and effort (S, M, L) are an experiment's. `evidence` are the sentences `text` begins
    with.
    """

    refresh_month: date
    cluster_id: str
    recommendation_id: str
    kind: str
    rank: int
    title: str
    text: str
    text_template: str
    hypothesis: str | None
    hypothesis_template: str | None
    primary_metric: str | None
    expected_direction: str | None
    effort: str | None
    evidence: tuple[Citation, ...]
    advisor: str


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


def recommendations(
    connection: duckdb.DuckDBPyConnection, month: date, cluster_id: str | None = None, kind: str | None = None
) -> list[Recommendation]:
    """Return the advice of a refresh, by segment, kind and rank; of one segment or kind if given."""
    columns = ", ".join(Recommendation.__dataclass_fields__)
    sql = (
        f"SELECT {columns} FROM recommendations WHERE refresh_month = $month"
        " AND ($cluster_id IS NULL OR cluster_id = $cluster_id) AND ($kind IS NULL OR kind = $kind)"
        " ORDER BY cluster_id, kind, rank"
    )
    found = ask(connection, sql, {"month": month, "cluster_id": cluster_id, "kind": kind})
    return [_built(Recommendation, dict(zip(Recommendation.__dataclass_fields__, row, strict=True))) for row in found]


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
    return [_built(ExperimentPower, dict(zip(ExperimentPower.__dataclass_fields__, row, strict=True))) for row in found]


def months_of(connection: duckdb.DuckDBPyConnection, recommendation_id: str) -> list[date]:
    """Return the refreshes that make a recommendation, oldest first."""
    sql = "SELECT refresh_month FROM recommendations WHERE recommendation_id = $id ORDER BY ALL"
    return [row[0] for row in ask(connection, sql, {"id": recommendation_id})]


def copied(known: Recommendation | ExperimentPower) -> dict[str, Any]:
    """Return all fields as JSON takes them, to be kept outside the warehouse."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(known).items()}


def recommendation_from(stored: Mapping[str, Any]) -> Recommendation:
    """Return a recommendation from its copy; what another version of the program did not keep is None."""
    return _built(Recommendation, stored)


def power_from(stored: Mapping[str, Any]) -> ExperimentPower:
    """Return a power row from its copy; what another version of the program did not keep is None."""
    return _built(ExperimentPower, stored)


def _list_of(made: Callable[[Mapping[str, Any]], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def read(stored: Any) -> tuple[Any, ...]:
        listed = json.loads(stored) if isinstance(stored, str) else stored
        return tuple(made(one) for one in listed or ())

    return read


def _date(stored: Any) -> Any:
    return date.fromisoformat(stored) if isinstance(stored, str) else stored


def _moment(stored: Any) -> Any:
    return datetime.fromisoformat(stored) if isinstance(stored, str) else stored


_READERS: dict[str, Callable[[Any], Any]] = {
    "refresh_month": _date,
    "eligible_from": _moment,
    "eligible_to": _moment,
    "evidence": _list_of(lambda one: _built(Citation, one)),
    "mde_by_week": _list_of(lambda one: _built(WeekPower, one)),
    "union_cluster_ids": _list_of(str),
}
"""Fields that are told apart from what a column or a copy holds."""

Built = TypeVar("Built", Recommendation, ExperimentPower, Citation, WeekPower)


def _built(kind: type[Built], stored: Mapping[str, Any]) -> Built:
    values: dict[str, Any] = {one.name: stored.get(one.name) for one in fields(kind)}
    return kind(**{name: _READERS[name](value) if name in _READERS else value for name, value in values.items()})
