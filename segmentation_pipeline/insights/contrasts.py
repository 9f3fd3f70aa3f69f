"""Intervals of levels and of differences between a segment and everyone else.

Add here: an interval for another kind of number, with the source of its method.
Keep out: which metrics exist (`metrics.py`) and what is said about them (`rules.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from segmentation_pipeline.survival.curves import kaplan_meier
from segmentation_pipeline.survival.drop_off import drop_off_at
from segmentation_pipeline.survival.intervals import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from segmentation_pipeline.survival.follow_up import Days, Outcomes

ContrastDirection = Literal["higher", "lower", "none"]

ALPHA = 0.05
"""Two-sided error of every interval in the evidence table."""


@dataclass(frozen=True)
class Interval:
    """A number with its interval; `low <= value <= high` for everything built here."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Moments:
    """How many, their mean, and the sum of squared deviations from it."""

    count: int
    mean: float
    squares: float

    @property
    def variance(self) -> float:
        """Sample variance (divisor n - 1); 0 for fewer than two values."""
        return self.squares / (self.count - 1) if self.count > 1 else 0.0


def moments_by_group(values: NDArray[np.float64], groups: NDArray[np.int64], group_count: int) -> tuple[Moments, ...]:
    """Return the moments of the values in each group 0..group_count - 1, leaving out the missing (NaN) ones."""
    known = ~np.isnan(values)
    codes, present = groups[known], values[known]
    counts = np.bincount(codes, minlength=group_count)
    sums = np.bincount(codes, weights=present, minlength=group_count)
    means = np.divide(sums, counts, out=np.full(group_count, math.nan), where=counts > 0)
    # Deviations from the mean, not sums of squares: those cancel when the mean is large.
    squares = np.bincount(codes, weights=np.square(present - means[codes]), minlength=group_count)
    return tuple(
        Moments(int(count), float(mean), float(spread))
        for count, mean, spread in zip(counts, means, squares, strict=True)
    )


def combine(parts: Iterable[Moments]) -> Moments:
    """Return the moments of several disjoint groups together (Chan, Golub and LeVeque 1983)."""
    total = Moments(0, math.nan, 0.0)
    for part in parts:
        if not part.count:
            continue
        if not total.count:
            total = part
            continue
        count = total.count + part.count
        delta = part.mean - total.mean
        total = Moments(
            count,
            total.mean + delta * part.count / count,
            total.squares + part.squares + delta * delta * total.count * part.count / count,
        )
    return total


def mean_interval(group: Moments) -> Interval | None:
    """Return the mean with its Student interval; None for fewer than two values."""
    if group.count < 2:
        return None
    margin = _student_quantile(group.count - 1) * math.sqrt(group.variance / group.count)
    return Interval(group.mean, group.mean - margin, group.mean + margin)


def deviation_of_mean(mean: float, high: float | None, count: int) -> float | None:
    """Return the standard deviation behind a mean with the upper end of its interval, as `mean_interval` gives them.

    None where there is no interval. Of an interval that is not a mean's it is a number without meaning.
    """
    if high is None or count < 2:
        return None
    return (high - mean) / _student_quantile(count - 1) * math.sqrt(count)


def welch_difference(group: Moments, rest: Moments) -> Interval | None:
    """Return the difference of means, group minus rest, with Welch's (1947) interval.

    None when either side has fewer than two values: a spread cannot be estimated.
    """
    if group.count < 2 or rest.count < 2:
        return None
    difference = group.mean - rest.mean
    group_part, rest_part = group.variance / group.count, rest.variance / rest.count
    total = group_part + rest_part
    if total <= 0:
        return Interval(difference, difference, difference)
    freedom = total**2 / (group_part**2 / (group.count - 1) + rest_part**2 / (rest.count - 1))
    margin = _student_quantile(freedom) * math.sqrt(total)
    return Interval(difference, difference - margin, difference + margin)


def proportion(successes: int, trials: int) -> Interval | None:
    """Return a proportion with its score interval (Wilson 1927); None without trials."""
    if trials <= 0:
        return None
    return Interval(successes / trials, *wilson_interval(successes, trials, ALPHA))


def outcome_by_day(durations_days: Days, outcomes: Outcomes, cause: str, day: float) -> Interval | None:
    """Return the share whose case ended so by a day (see `survival.drop_off`); None where it is not observed."""
    share = drop_off_at(durations_days, outcomes, day, event=cause, alpha=ALPHA)
    if share.rate is None or share.low is None or share.high is None:
        return None
    return Interval(share.rate, share.low, share.high)


def retention_on_day(durations_days: Days, outcomes: Outcomes, day: float) -> Interval | None:
    """Return the Kaplan-Meier share without drop-off on a day; None without users."""
    count = len(durations_days)
    if not count:
        return None
    curve = Interval(*kaplan_meier(durations_days, outcomes, ALPHA).at(day))
    # Before its first change a curve has no width; nothing seen in a few users is not certainty.
    return curve if curve.low < curve.high else proportion(round(curve.value * count), count)


def mover_difference(group: Interval, rest: Interval) -> Interval:
    """Return the difference of two independent estimates from their own intervals.

    The method of variance estimates recovery (Zou and Donner 2008). With two Wilson intervals it is Newcombe's
    (1998, method 10) interval for proportions; with two survival or incidence intervals it serves curves too.
    """
    difference = group.value - rest.value
    below = math.hypot(group.value - group.low, rest.high - rest.value)
    above = math.hypot(group.high - group.value, rest.value - rest.low)
    return Interval(difference, difference - below, difference + above)


def contrast_direction(difference: Interval | None) -> ContrastDirection:
    """Return which way a difference points, or none when its interval includes no difference."""
    if difference is None:
        return "none"
    if difference.low > 0:
        return "higher"
    if difference.high < 0:
        return "lower"
    return "none"


def _student_quantile(freedom: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - ALPHA / 2))
