"""Restricted mean survival time: how many of the first days a group keeps, and by how many two groups differ.

Add here: another summary that is an area under or over a curve up to a stated day.
Keep out: the curves themselves (curves.py, incidence.py) and tests (comparison.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.survival.follow_up import CHURN, DAY_TOLERANCE, Days, Outcomes, as_follow_up, count_events
from segmentation_pipeline.survival.intervals import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class RestrictedMean:
    """Mean days before the event within the first `tau_days`, with its standard error and normal interval."""

    days: float
    standard_error: float
    low: float
    high: float
    tau_days: float


@dataclass(frozen=True)
class Difference:
    """How many days one group's restricted mean exceeds another's, with its normal interval."""

    days: float
    low: float
    high: float


def restricted_mean(
    durations_days: Sequence[float] | Days,
    outcomes: Sequence[str] | Outcomes,
    tau_days: float,
    *,
    event: str = CHURN,
    alpha: float = 0.05,
) -> RestrictedMean:
    """Return the mean number of the first `tau_days` days lived through before the event.

    tau minus the time lost to the event, tau - integral of its Aalen-Johansen incidence (Andersen, "Decomposition
    of number of life years lost according to causes of death", Statistics in Medicine 2013). Without competing
    endings that is the area under Kaplan-Meier (Royston and Parmar 2013). With them it needs no belief that who
    converted would have gone on dropping off like the others, which censoring them would: their days count as
    not lost. So it goes with the drop-off rate, and differences are in days anyone can count.

    Standard error: delta method on the same increments as `incidence.incidence_variance`; Greenwood's when there
    is one cause, and that of a plain mean when nobody is censored before tau. The caller vouches that the group
    was followed to tau: nothing is extrapolated here, a curve just stays where it is.

    Raises:
        ValueError: nobody, or a tau that is not above 0.
    """
    durations, ends = as_follow_up(durations_days, outcomes)
    if durations.size == 0 or not tau_days > 0:
        raise ValueError("a restricted mean needs users and a day above 0")
    counts = count_events(durations, ends)
    is_within = counts.days <= tau_days + DAY_TOLERANCE
    days = np.minimum(counts.days[is_within], tau_days)
    at_risk = counts.at_risk[is_within].astype(np.float64)
    ended = counts.any_ended[is_within].astype(np.float64)
    of_event = counts.ended[event][is_within].astype(np.float64)

    before = np.concatenate([[1.0], np.cumprod(1 - ended / at_risk)[:-1]]) if days.size else days
    steps = before * of_event / at_risk
    left = tau_days - days
    lost = float(steps @ left)
    variance = _variance(at_risk, ended, of_event, before, left, _later_loss(steps, left))
    error = math.sqrt(max(variance, 0.0))
    kept, half = tau_days - lost, normal_quantile(alpha) * error
    return RestrictedMean(kept, error, max(0.0, kept - half), min(tau_days, kept + half), tau_days)


def difference(group: RestrictedMean, other: RestrictedMean, alpha: float = 0.05) -> Difference:
    """Return by how many days the group's mean exceeds the other's; the two have no user in common.

    Raises:
        ValueError: the means are restricted to different days, so they do not compare.
    """
    if abs(group.tau_days - other.tau_days) > DAY_TOLERANCE:
        raise ValueError(f"restricted to day {group.tau_days:g} and to day {other.tau_days:g}")
    days = group.days - other.days
    half = normal_quantile(alpha) * math.hypot(group.standard_error, other.standard_error)
    return Difference(days, days - half, days + half)


def _later_loss(steps: NDArray[np.float64], left: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return per day the time lost to the steps of the incidence that come after it."""
    loss = steps * left
    later: NDArray[np.float64] = np.concatenate([np.cumsum(loss[::-1])[::-1][1:], [0.0]]) if loss.size else loss
    return later


def _variance(
    at_risk: NDArray[np.float64],
    ended: NDArray[np.float64],
    of_event: NDArray[np.float64],
    before: NDArray[np.float64],
    left: NDArray[np.float64],
    later: NDArray[np.float64],
) -> float:
    """Sum what each day's counts, multinomial given who is at risk, add to the variance of the time lost."""
    survivors = at_risk - ended
    # When everybody left ends on one day, no later loss exists for it to weigh.
    spread = np.divide(ended, at_risk * survivors, out=np.zeros_like(at_risk), where=survivors > 0)
    own = (before * left) ** 2 * of_event * (at_risk - of_event) / at_risk**3
    crossing = before * left * of_event / at_risk**2
    return float(np.sum(own + later**2 * spread - 2 * later * crossing))
