"""Weighs each recommended experiment: what its segment's users could show, how soon, and whether it should be run.

Add here: what a row of `experiment_power` says, and how it is decided.
Keep out: formulas (`sample_size.py`), reading and writing.
"""

from __future__ import annotations

import functools
import itertools
import json
import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from segmentation_pipeline.experiments.endpoints import Mean, Survival, endpoint_of, target_of
from segmentation_pipeline.experiments.sample_size import ErrorRates, events_for_hazards, hazard_ratio_of
from segmentation_pipeline.segments.tables import OVERALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from segmentation_pipeline.config import ExperimentSettings
    from segmentation_pipeline.experiments.eligibility import CountedTime
    from segmentation_pipeline.experiments.endpoints import Direction, Endpoint, EndpointKind

Verdict = Literal["run", "run_in_union", "do_not_run", "not_computed"]

DAYS_A_WEEK = 7

LEAST_BASELINE_USERS = 30
"""Fewer users do not show where a metric stands, so nothing can be said about changing it."""

MOST_UNIONS = 2_000
"""Unions tried for one experiment: all of them up to 11 segments; beyond, the busiest segments are joined in turn."""


@dataclass(frozen=True)
class Idea:
    """What an experiment needs to be weighed: whose it is and what decides it."""

    recommendation_id: str
    cluster_id: str
    primary_metric: str
    expected_direction: Direction


@dataclass(frozen=True)
class Baseline:
    """A metric of a segment as it stands; `follow_days` is how long a user must be watched to show it.

    `deviation` is that of users, None where it is not a mean. `measured_share`: the metric is known of this part of the
    segment's users, as a share of recent visits is only of those who came twice.
    """

    value: float
    low: float | None
    high: float | None
    unit: str
    deviation: float | None
    user_count: int
    follow_days: float
    measured_share: float = 1.0


@dataclass(frozen=True)
class Traffic:
    """Who could be enrolled: when they were counted, and how many of each segment newly came (`overall` is all)."""

    counted: CountedTime
    eligible: Mapping[str, int]

    def per_week(self, cluster_id: str) -> float:
        """Return the users of a segment who newly reach the landmark in a week."""
        return self.eligible.get(cluster_id, 0) / self.counted.weeks


@dataclass(frozen=True)
class WeekPower:
    """What an experiment could tell if it were decided at the end of a week; None while it could tell nothing."""

    week: int
    users_per_arm: int
    mde: float | None
    mde_relative: float | None


@dataclass(frozen=True)
class PowerRow:
    """One row of `experiment_power`, without its month."""

    recommendation_id: str
    cluster_id: str
    primary_metric: str
    expected_direction: Direction
    verdict: Verdict
    reason: str
    comparison_count: int
    alpha: float
    power: float
    holdout_share: float
    treatment_share: float
    control_share: float
    smallest_effect: float
    max_weeks: int
    endpoint: EndpointKind | None = None
    unit: str | None = None
    baseline: float | None = None
    baseline_low: float | None = None
    baseline_high: float | None = None
    baseline_sd: float | None = None
    baseline_user_count: int | None = None
    measured_share: float | None = None
    target: float | None = None
    hazard_ratio: float | None = None
    event_count: int | None = None
    follow_days: float | None = None
    eligible_from: datetime | None = None
    eligible_to: datetime | None = None
    eligible_count: int | None = None
    eligible_per_week: float | None = None
    users_per_arm: int | None = None
    enrolled_count: int | None = None
    enrolment_weeks: float | None = None
    weeks_to_decide: float | None = None
    mde: float | None = None
    mde_relative: float | None = None
    mde_by_week: str | None = None
    union_cluster_ids: str | None = None
    union_baseline: float | None = None
    union_eligible_per_week: float | None = None
    union_users_per_arm: int | None = None
    union_weeks_to_decide: float | None = None


@dataclass(frozen=True)
class Trial:
    """An experiment in one group of users: its endpoint, how many may be enrolled a week, how long each is followed.

    `measured_per_week`: those of them of whom the endpoint can be known.
    """

    endpoint: Endpoint
    eligible_per_week: float
    measured_per_week: float
    follow_days: float
    settings: ExperimentSettings
    rates: ErrorRates

    @property
    def follow_weeks(self) -> float:
        """Weeks from the last enrolment to the decision."""
        return self.follow_days / DAYS_A_WEEK

    @property
    def per_arm_a_week(self) -> float:
        """Users with the metric whom each arm gets in a week."""
        return self.measured_per_week * arm_share(self.settings)

    @property
    def target(self) -> float:
        """What the metric becomes by the smallest effect worth finding."""
        return target_of(self.endpoint, self.settings.smallest_effect)

    @functools.cached_property
    def users_per_arm(self) -> int:
        """Users with the metric whom each arm needs to find it."""
        return self.endpoint.users_per_arm(self.target, self.rates)

    @property
    def enrolment_weeks(self) -> float:
        """Weeks until so many have come; infinite where nobody comes."""
        return self.users_per_arm / self.per_arm_a_week if self.per_arm_a_week > 0 else math.inf

    @property
    def weeks_to_decide(self) -> float:
        """Weeks of enrolment, then of following the last user enrolled."""
        return self.enrolment_weeks + self.follow_weeks

    def at_the_end_of(self, week: int) -> WeekPower:
        """Return the smallest effect that could be told if the experiment ended with a week."""
        users = math.floor(self.per_arm_a_week * max(0.0, week - self.follow_weeks))
        found = self.endpoint.detectable(users, self.rates)
        if found is None:
            return WeekPower(week, users, None, None)
        mde = round(abs(found - self.endpoint.value), 9)
        return WeekPower(week, users, mde, round(mde / self.endpoint.base, 9))


@dataclass(frozen=True)
class Refresh:
    """What one refresh knows of its experiments.

    baselines: (cluster id, metric id) -> where it stands. unreadable: why no traffic can be read, None where it can.
    """

    ideas: Sequence[Idea]
    baselines: Mapping[tuple[str, str], Baseline]
    traffic: Traffic
    segments: Sequence[str]
    unreadable: str | None = None


def arm_share(settings: ExperimentSettings) -> float:
    """Return the share of newly eligible users that each arm gets: what the holdout leaves, in halves."""
    return (1 - settings.holdout_share) / 2


def power_rows(refresh: Refresh, settings: ExperimentSettings) -> list[PowerRow]:
    """Return what each experiment of a refresh would cost, by segment and in the order given."""
    counts = Counter(idea.cluster_id for idea in refresh.ideas)
    return [_row(idea, counts[idea.cluster_id], refresh, settings) for idea in refresh.ideas]


def _row(idea: Idea, comparison_count: int, refresh: Refresh, settings: ExperimentSettings) -> PowerRow:
    rates = ErrorRates(settings.alpha / comparison_count, settings.power)
    row = PowerRow(
        recommendation_id=idea.recommendation_id,
        cluster_id=idea.cluster_id,
        primary_metric=idea.primary_metric,
        expected_direction=idea.expected_direction,
        verdict="not_computed",
        reason="",
        comparison_count=comparison_count,
        alpha=rates.alpha,
        power=rates.power,
        holdout_share=settings.holdout_share,
        treatment_share=arm_share(settings),
        control_share=arm_share(settings),
        smallest_effect=settings.smallest_effect,
        max_weeks=settings.max_weeks,
    )
    baseline = refresh.baselines.get((idea.cluster_id, idea.primary_metric))
    problem = _problem(idea, baseline, refresh)
    if problem is not None or baseline is None:
        return replace(row, reason=problem or "")
    trial = _trial(idea, idea.cluster_id, baseline, refresh, settings, rates)
    planned = _planned(row, trial, baseline, refresh)
    return replace(planned, **_judged(idea, trial, refresh))


def _problem(idea: Idea, baseline: Baseline | None, refresh: Refresh) -> str | None:
    """Say why an experiment cannot be weighed; None where it can."""
    if refresh.unreadable is not None:
        return refresh.unreadable
    if baseline is None:
        return f"{idea.primary_metric} is not measured in this segment"
    if baseline.user_count < LEAST_BASELINE_USERS:
        return (
            f"{idea.primary_metric} is known of {baseline.user_count} users, fewer than {LEAST_BASELINE_USERS}: "
            f"too few to say where it stands"
        )
    return _endpoint(idea, baseline).problem


def _endpoint(idea: Idea, baseline: Baseline) -> Endpoint:
    return endpoint_of(idea.primary_metric, baseline.value, baseline.deviation, idea.expected_direction)


def _trial(
    idea: Idea, cluster_id: str, baseline: Baseline, refresh: Refresh, settings: ExperimentSettings, rates: ErrorRates
) -> Trial:
    per_week = refresh.traffic.per_week(cluster_id)
    measured = per_week * baseline.measured_share
    return Trial(_endpoint(idea, baseline), per_week, measured, baseline.follow_days, settings, rates)


def _planned(row: PowerRow, trial: Trial, baseline: Baseline, refresh: Refresh) -> PowerRow:
    """Fill in what holds whatever the verdict: baseline, target, users, weeks, and the smallest effect by week."""
    endpoint, target, settings = trial.endpoint, trial.target, trial.settings
    users = trial.users_per_arm
    can_decide = math.isfinite(trial.weeks_to_decide)
    weeks = [trial.at_the_end_of(week) for week in range(1, settings.mde_weeks + 1)]
    last = trial.at_the_end_of(settings.max_weeks)
    ratio = hazard_ratio_of(*endpoint.lost_target(target)) if isinstance(endpoint, Survival) else None
    return replace(
        row,
        endpoint=endpoint.kind,
        unit=baseline.unit,
        baseline=endpoint.value,
        baseline_low=baseline.low,
        baseline_high=baseline.high,
        baseline_sd=endpoint.deviation if isinstance(endpoint, Mean) else None,
        baseline_user_count=baseline.user_count,
        measured_share=baseline.measured_share,
        target=target,
        hazard_ratio=ratio,
        event_count=None if ratio is None else math.ceil(events_for_hazards(ratio, trial.rates)),
        follow_days=trial.follow_days,
        eligible_from=refresh.traffic.counted.counted_from,
        eligible_to=refresh.traffic.counted.counted_to,
        eligible_count=refresh.traffic.eligible.get(row.cluster_id, 0),
        eligible_per_week=trial.eligible_per_week,
        users_per_arm=users,
        enrolled_count=math.ceil(users / arm_share(settings) / baseline.measured_share),
        enrolment_weeks=trial.enrolment_weeks if can_decide else None,
        weeks_to_decide=trial.weeks_to_decide if can_decide else None,
        mde=last.mde,
        mde_relative=last.mde_relative,
        mde_by_week=json.dumps([_told(week) for week in weeks], separators=(",", ":")),
    )


def _told(week: WeekPower) -> dict[str, Any]:
    return {
        "week": week.week,
        "users_per_arm": week.users_per_arm,
        "mde": week.mde,
        "mde_relative": week.mde_relative,
    }


def _judged(idea: Idea, trial: Trial, refresh: Refresh) -> dict[str, Any]:
    """Return verdict, reason and, where one helps, the union."""
    settings = trial.settings
    where = "with all users" if idea.cluster_id == OVERALL else "in this segment"
    if not trial.eligible_per_week > 0:
        counted = refresh.traffic.counted
        return {
            "verdict": "do_not_run",
            "reason": f"Nobody newly reached the landmark {where} from {counted.counted_from:%Y-%m-%d} to "
            f"{counted.counted_to:%Y-%m-%d}, so nobody could be enrolled.",
        }
    if trial.weeks_to_decide <= settings.max_weeks:
        return {"verdict": "run", "reason": f"Decides in {_weeks(trial)} {where}."}
    takes = f"Takes {_weeks(trial)} {where}, over {settings.max_weeks}"
    unions = list(_unions(idea, trial, refresh))
    deciding = next(_smallest_deciding(unions, settings.max_weeks), None)
    if deciding is not None:
        together = deciding.trial
        return {
            "verdict": "run_in_union",
            "reason": f"{takes}; together with {_listed(deciding.others)} it decides in {_weeks(together)}. Read the "
            "segments by their interaction with the treatment, not one by one.",
            "union_cluster_ids": json.dumps(sorted([idea.cluster_id, *deciding.others])),
            "union_baseline": together.endpoint.value,
            "union_eligible_per_week": together.eligible_per_week,
            "union_users_per_arm": together.users_per_arm,
            "union_weeks_to_decide": together.weeks_to_decide,
        }
    return {"verdict": "do_not_run", "reason": f"{takes}{_no_help(idea, unions)}."}


def _no_help(idea: Idea, unions: Sequence[Union]) -> str:
    """Say what came of joining the segment with others, where it was tried."""
    if idea.cluster_id == OVERALL:
        return ""
    if not unions:
        return "; no other segment can be joined with it"
    soonest = min(union.trial.weeks_to_decide for union in unions)
    joined = {name for union in unions for name in union.others}
    if len(unions) == 2 ** len(joined) - 1:
        return f"; no union of segments takes less than {soonest:.1f}"
    return (
        f"; joined with the busiest others in turn, {len(unions)} unions of many, it takes no less than {soonest:.1f}"
    )


@dataclass(frozen=True)
class Union:
    """A segment's experiment run in other segments too."""

    others: tuple[str, ...]
    trial: Trial


def _smallest_deciding(unions: Sequence[Union], max_weeks: float) -> Iterator[Union]:
    """Yield the unions that decide in time, those of fewest segments first, the soonest among them."""
    deciding = [union for union in unions if union.trial.weeks_to_decide <= max_weeks]
    yield from sorted(deciding, key=lambda union: (len(union.others), union.trial.weeks_to_decide, union.others))


def _unions(idea: Idea, trial: Trial, refresh: Refresh) -> Iterator[Union]:
    """Yield unions of the segment with others in which the metric is known and takes as long to show."""
    if idea.cluster_id == OVERALL:
        return
    joinable: dict[str, Trial] = {}
    for cluster_id in refresh.segments:
        baseline = refresh.baselines.get((cluster_id, idea.primary_metric))
        if cluster_id == idea.cluster_id or baseline is None or _problem(idea, baseline, refresh) is not None:
            continue
        other = _trial(idea, cluster_id, baseline, refresh, trial.settings, trial.rates)
        if other.eligible_per_week > 0 and math.isclose(other.follow_days, trial.follow_days):
            joinable[cluster_id] = other
    for others in _choices(joinable):
        parts = [joinable[name] for name in others]
        together = [trial, *parts]
        measured = [part.measured_per_week for part in together]
        joined = replace(
            trial,
            endpoint=trial.endpoint.mixed([part.endpoint for part in parts], measured),
            eligible_per_week=math.fsum(part.eligible_per_week for part in together),
            measured_per_week=math.fsum(measured),
        )
        yield Union(others, joined)


def _choices(joinable: Mapping[str, Trial]) -> Iterator[tuple[str, ...]]:
    names = sorted(joinable)
    if 2 ** len(names) <= MOST_UNIONS:
        for size in range(1, len(names) + 1):
            yield from itertools.combinations(names, size)
        return
    busiest = sorted(names, key=lambda name: (-joinable[name].eligible_per_week, name))
    for size in range(1, len(busiest) + 1):
        yield tuple(sorted(busiest[:size]))


def _weeks(trial: Trial) -> str:
    return (
        f"{trial.weeks_to_decide:.1f} weeks ({trial.enrolment_weeks:.1f} to enrol, {trial.follow_weeks:.1f} to follow)"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]
