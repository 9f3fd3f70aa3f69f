"""Computes the evidence table: every metric of every segment, its interval, and its contrast with everyone else.

Add here: a metric that needs no more than one number per user, or the users' follow-up.
Keep out: what metrics mean (`catalogue.py`) and the intervals' formulas (`contrasts.py`).
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.insights.catalogue import Basis, definition_of, retention_metric
from segmentation_pipeline.insights.contrasts import (
    ContrastDirection,
    Interval,
    Moments,
    combine,
    contrast_direction,
    mean_interval,
    moments_by_group,
    mover_difference,
    outcome_by_day,
    proportion,
    retention_on_day,
    welch_difference,
)
from segmentation_pipeline.llm.rendering import clean_name
from segmentation_pipeline.segments.tables import OVERALL
from segmentation_pipeline.survival.follow_up import CHURN, CONVERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from segmentation_pipeline.llm.claims import Unit
    from segmentation_pipeline.survival.follow_up import Days, Outcomes

BEHAVIOUR_WINDOW = "before the landmark"


@dataclass(frozen=True)
class Users:
    """The users at risk of one refresh, in the order of their ids; NaN where a measure does not apply.

    measures: metric id -> one number per user, averaged over users.
    flags: metric id -> 1.0, 0.0 per user, counted as a proportion.
    """

    cluster_ids: NDArray[np.str_]
    measures: Mapping[str, NDArray[np.float64]]
    flags: Mapping[str, NDArray[np.float64]]
    durations_days: Days
    outcomes: Outcomes


@dataclass(frozen=True)
class Judged:
    """What `clusters` and `retention_curves` already say of a segment's outcomes, cited and not computed anew."""

    drop_off: Interval | None = None
    drop_off_days: float | None = None
    retention: Mapping[float, Interval] = field(default_factory=dict)


@dataclass(frozen=True)
class MetricRow:
    """One row of `cluster_metrics`, without its month."""

    cluster_id: str
    metric_id: str
    value: float
    low: float | None
    high: float | None
    unit: Unit
    basis: Basis
    user_count: int
    overall_value: float
    contrast_low: float | None
    contrast_high: float | None
    contrast_direction: ContrastDirection
    difference_sd: float | None
    metric_window: str
    description: str


def evidence_rows(
    users: Users,
    judged: Mapping[str, Judged],
    *,
    has_conversion: bool,
    is_mechanical: bool,
) -> list[MetricRow]:
    """Return the metrics of every segment in `judged` and of all users (`overall`), by cluster and metric id.

    `judged` has a key for every segment and may have one for `overall`. `is_mechanical`: drop-off is silence, not
    an action, so activity defines both sides of an outcome contrast; its direction is then never offered.
    """
    names = np.unique(users.cluster_ids)
    codes = np.searchsorted(names, users.cluster_ids).astype(np.int64)
    segments = [cluster_id for cluster_id in sorted(judged) if cluster_id != OVERALL]
    rows = [
        *_size_rows(users, segments),
        *_behaviour_rows(users, names.tolist(), codes, segments),
        *_outcome_rows(users, judged, segments, has_conversion=has_conversion, is_mechanical=is_mechanical),
    ]
    return sorted(rows, key=lambda row: (row.cluster_id, row.metric_id))


def action_metric_names(actions: Sequence[str]) -> dict[str, str]:
    """Return action -> the name its metric ids carry: cleaned and bounded, told apart by a hash where names clash."""
    cleaned = {action: clean_name(action) or "(blank)" for action in actions}
    taken = list(cleaned.values())
    return {
        action: name if taken.count(name) == 1 else f"{name[:50]}~{hashlib.sha256(action.encode()).hexdigest()[:8]}"
        for action, name in cleaned.items()
    }


def action_measures(
    user_index: NDArray[np.int64],
    actions: Sequence[str],
    counts: NDArray[np.float64],
    event_counts: NDArray[np.float64],
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Return measures (action_share:*) and flags (action_reach:*) from entries (user, action, count)."""
    named = action_metric_names(sorted(set(actions)))
    entry_names = np.array([named[action] for action in actions], dtype=object)
    shares, reaches = {}, {}
    for name in sorted(named.values()):
        of_name = entry_names == name
        taken = np.bincount(user_index[of_name], weights=counts[of_name], minlength=len(event_counts))
        missing = np.full(len(event_counts), math.nan)
        shares[f"action_share:{name}"] = np.divide(taken, event_counts, out=missing, where=event_counts > 0)
        reaches[f"action_reach:{name}"] = (taken > 0).astype(np.float64)
    return shares, reaches


def _size_rows(users: Users, segments: Sequence[str]) -> Iterator[MetricRow]:
    total = len(users.cluster_ids)
    counts = {cluster_id: int((users.cluster_ids == cluster_id).sum()) for cluster_id in segments} | {OVERALL: total}
    for cluster_id, count in counts.items():
        figures = {"size": (float(count), float(total)), "share": (count / total if total else 0.0, 1.0)}
        for metric_id, (value, overall) in figures.items():
            yield _row(
                cluster_id, metric_id, Interval(value, value, value), count, overall, None, None, "at the landmark"
            )


def _behaviour_rows(
    users: Users, names: Sequence[str], codes: NDArray[np.int64], segments: Sequence[str]
) -> Iterator[MetricRow]:
    for metric_id, values in users.measures.items():
        groups = dict(zip(names, moments_by_group(values, codes, len(names)), strict=True))
        yield from _rows_of(metric_id, groups, segments, mean_interval, welch_difference)
    for metric_id, values in users.flags.items():
        groups = dict(zip(names, moments_by_group(values, codes, len(names)), strict=True))
        yield from _rows_of(metric_id, groups, segments, _as_proportion, _proportion_difference)


def _rows_of(
    metric_id: str,
    groups: Mapping[str, Moments],
    segments: Sequence[str],
    level: Callable[[Moments], Interval | None],
    difference: Callable[[Moments, Moments], Interval | None],
) -> Iterator[MetricRow]:
    overall = combine(groups.values())
    for cluster_id in [*segments, OVERALL]:
        group = overall if cluster_id == OVERALL else groups.get(cluster_id, Moments(0, math.nan, 0.0))
        estimate = level(group)
        if estimate is None:
            continue
        rest = combine(part for name, part in groups.items() if name != cluster_id)
        contrast = None if cluster_id == OVERALL else difference(group, rest)
        spread = math.sqrt(overall.variance)
        difference_sd = (group.mean - overall.mean) / spread if spread > 0 and contrast is not None else None
        yield _row(
            cluster_id, metric_id, estimate, group.count, overall.mean, contrast, difference_sd, BEHAVIOUR_WINDOW
        )


def _as_proportion(group: Moments) -> Interval | None:
    return proportion(round(group.mean * group.count), group.count) if group.count else None


def _proportion_difference(group: Moments, rest: Moments) -> Interval | None:
    left, right = _as_proportion(group), _as_proportion(rest)
    return None if left is None or right is None else mover_difference(left, right)


def _outcome_rows(
    users: Users,
    judged: Mapping[str, Judged],
    segments: Sequence[str],
    *,
    has_conversion: bool,
    is_mechanical: bool,
) -> Iterator[MetricRow]:
    days = [judged[name].drop_off_days for name in segments]
    common_day = min((day for day in days if day is not None), default=None)
    for cluster_id in [*segments, OVERALL]:
        known = judged.get(cluster_id, Judged())
        day = known.drop_off_days if cluster_id != OVERALL else known.drop_off_days or common_day
        follow_up = _FollowUp(users, cluster_id, is_mechanical)
        if day is not None:
            yield from follow_up.rows("drop_off_rate", CHURN, day, known.drop_off)
            if has_conversion:
                yield from follow_up.rows("conversion_rate", CONVERSION, day, None)
        for retention_day, estimate in sorted(known.retention.items()):
            yield from follow_up.retention_rows(retention_day, estimate)


@dataclass(frozen=True)
class _FollowUp:
    """The follow-up of one segment, of everyone else, and of all."""

    users: Users
    cluster_id: str
    is_mechanical: bool

    def rows(self, metric_id: str, cause: str, day: float, cited: Interval | None) -> Iterator[MetricRow]:
        def estimate(members: NDArray[np.bool_]) -> Interval | None:
            return outcome_by_day(self.users.durations_days[members], self.users.outcomes[members], cause, day)

        yield from self._contrasted(metric_id, estimate, cited, f"{day:.4g} days after the landmark")

    def retention_rows(self, day: float, cited: Interval) -> Iterator[MetricRow]:
        def estimate(members: NDArray[np.bool_]) -> Interval | None:
            return retention_on_day(self.users.durations_days[members], self.users.outcomes[members], day)

        yield from self._contrasted(retention_metric(day), estimate, cited, f"day {day:g} after the landmark")

    def _contrasted(
        self,
        metric_id: str,
        estimate: Callable[[NDArray[np.bool_]], Interval | None],
        cited: Interval | None,
        window: str,
    ) -> Iterator[MetricRow]:
        everyone = np.ones(len(self.users.cluster_ids), dtype=np.bool_)
        members = everyone if self.cluster_id == OVERALL else self.users.cluster_ids == self.cluster_id
        level, overall = cited or estimate(members), estimate(everyone)
        if level is None or overall is None:
            return
        contrast = None
        if self.cluster_id != OVERALL and not self.is_mechanical:
            rest = estimate(~members)
            contrast = None if rest is None else mover_difference(level, rest)
        spread = math.sqrt(overall.value * (1 - overall.value))
        difference_sd = (level.value - overall.value) / spread if spread > 0 and contrast is not None else None
        overall_value = level.value if self.cluster_id == OVERALL else overall.value
        count = int(members.sum())
        yield _row(self.cluster_id, metric_id, level, count, overall_value, contrast, difference_sd, window)


def _row(
    cluster_id: str,
    metric_id: str,
    level: Interval,
    user_count: int,
    overall_value: float,
    contrast: Interval | None,
    difference_sd: float | None,
    window: str,
) -> MetricRow:
    definition = definition_of(metric_id)
    is_census = definition.basis == "size"
    return MetricRow(
        cluster_id=cluster_id,
        metric_id=metric_id,
        value=level.value,
        low=None if is_census else level.low,
        high=None if is_census else level.high,
        unit=definition.unit,
        basis=definition.basis,
        user_count=user_count,
        overall_value=overall_value,
        contrast_low=None if contrast is None else contrast.low,
        contrast_high=None if contrast is None else contrast.high,
        contrast_direction=contrast_direction(contrast),
        difference_sd=difference_sd,
        metric_window=window,
        description=definition.description,
    )
