"""Kaplan-Meier curves: the share still there on every day, with intervals, read at any day.

Add here: what is read off one step curve.
Keep out: competing ways of ending (incidence.py), comparisons between groups (comparison.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.survival.follow_up import (
    CHURN,
    DAY_TOLERANCE,
    Days,
    Outcomes,
    as_follow_up,
    at_risk_on,
)
from segmentation_pipeline.survival.intervals import log_log_interval, wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAX_CHANGE_POINTS = 180
"""Change points kept per curve: beyond about 200 rows a picture shows no more and the table only grows."""


@dataclass(frozen=True)
class Curve:
    """A right-continuous step curve: `start` until the first of `days`, then one value per day."""

    start: float
    days: Days
    estimate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def at(self, day: float) -> tuple[float, float, float]:
        """Return estimate, low and high on a day; before the first change the start, without width."""
        place = int(np.searchsorted(self.days, day + DAY_TOLERANCE, side="right")) - 1
        if place < 0:
            return self.start, self.start, self.start
        return float(self.estimate[place]), float(self.low[place]), float(self.high[place])


@dataclass(frozen=True)
class Point:
    """One day of one curve as tables store it: figures when observed, else the reason why not."""

    day: float
    estimate: float | None
    low: float | None
    high: float | None
    at_risk_count: int
    reason: str | None = None

    @property
    def is_observed(self) -> bool:
        """Whether the day was followed by enough users to say anything."""
        return self.reason is None


def kaplan_meier(
    durations_days: Sequence[float] | Days,
    outcomes: Sequence[str] | Outcomes,
    alpha: float = 0.05,
    *,
    events: tuple[str, ...] = (CHURN,),
) -> Curve:
    """Estimate the share without the event by each day (Kaplan and Meier 1958).

    Greenwood's variance (1926), log-log interval. Endings not among `events` count as censored: then one minus
    the curve is cause-specific, a hazard restated, not the share that drops off (that is incidence.py).
    """
    from lifelines import KaplanMeierFitter

    durations, ends = as_follow_up(durations_days, outcomes)
    happened = np.isin(ends, events)
    if not happened.any():
        nothing = np.empty(0, dtype=np.float64)
        return Curve(1.0, nothing, nothing, nothing, nothing)
    fitter = KaplanMeierFitter(alpha=alpha).fit(durations, happened)
    changes = fitter.event_table[fitter.event_table["observed"] > 0]
    days = changes.index.to_numpy(dtype=np.float64)
    estimate = fitter.survival_function_at_times(days).to_numpy(dtype=np.float64)
    at_risk = changes["at_risk"].to_numpy(dtype=np.float64)
    ended = changes["observed"].to_numpy(dtype=np.float64)
    survivors = at_risk - ended
    variance = estimate**2 * np.cumsum(
        np.divide(ended, at_risk * survivors, out=np.zeros_like(ended), where=survivors > 0)
    )
    low, high = log_log_interval(estimate, variance, at_risk, alpha)
    return Curve(1.0, days, estimate, low, high)


def median_days(curve: Curve) -> float | None:
    """Return the first day on which half are gone; None when the curve stays above one half."""
    below = np.flatnonzero(curve.estimate <= 0.5)
    return float(curve.days[below[0]]) if below.size else None


def days_to_store(curve: Curve, wanted: Sequence[float], last_day: float) -> list[float]:
    """Return day 0, the wanted days, the last followed day and at most MAX_CHANGE_POINTS changes up to it."""
    changes = curve.days[curve.days <= last_day + DAY_TOLERANCE]
    if changes.size > MAX_CHANGE_POINTS:
        kept = np.unique(np.linspace(0, changes.size - 1, MAX_CHANGE_POINTS).round().astype(np.int64))
        changes = changes[kept]
    return sorted({0.0, float(last_day), *map(float, wanted), *changes.tolist()})


def read_curve(
    curve: Curve,
    days: Sequence[float],
    durations_days: Days,
    last_followed_day: float,
    min_at_risk: int,
    alpha: float = 0.05,
) -> list[Point]:
    """Read a curve on each day; a day nobody was followed to, or too few, has a reason instead of figures.

    Curves are cut under `min_at_risk` users at risk: the tail of a curve invites the eye most and carries the
    least (Pocock, Clayton and Altman 2002). Nothing is extrapolated. Between the landmark and the first change
    the estimate has no variance; Wilson's interval of those still at risk stands in, as at every 0 and 1.
    """
    points = []
    for day, at_risk in zip(days, at_risk_on(durations_days, days).tolist(), strict=True):
        reason = _not_observed(day, at_risk, last_followed_day, min_at_risk)
        if reason is not None:
            points.append(Point(day, None, None, None, at_risk, reason))
            continue
        estimate, low, high = curve.at(day)
        if low == high and day > 0:
            low, high = wilson_interval(round(estimate) * at_risk, at_risk, alpha)
        points.append(Point(day, estimate, low, high, at_risk))
    return points


def _not_observed(day: float, at_risk: int, last_followed_day: float, min_at_risk: int) -> str | None:
    is_beyond = day > last_followed_day + DAY_TOLERANCE
    if at_risk < min_at_risk and not (is_beyond and at_risk == 0):
        return f"{at_risk} users still at risk on day {day:g}, fewer than {min_at_risk}"
    if is_beyond:
        return f"nobody was followed to day {day:g}: the last followed day is {last_followed_day:.4g}"
    return None
