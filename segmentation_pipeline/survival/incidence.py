"""Aalen-Johansen: the probability of each way of ending by a day, when one way rules out the others.

Add here: what is read off competing ways of ending.
Keep out: the one-cause curve (curves.py) and whatever needs lifelines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.survival.curves import Curve
from segmentation_pipeline.survival.follow_up import CAUSES, Days, EventCounts, Outcomes, count_events
from segmentation_pipeline.survival.intervals import log_log_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Incidence:
    """Cumulative incidence of every cause, and the share that has not ended in any way yet.

    At every day the incidences and `still_open` add up to 1.
    """

    by_cause: dict[str, Curve]
    still_open: Curve


def aalen_johansen(
    durations_days: Sequence[float] | Days, outcomes: Sequence[str] | Outcomes, alpha: float = 0.05
) -> Incidence:
    """Estimate the cumulative incidence of churn, conversion and end with pointwise intervals.

    I_k(t) = sum over days j <= t of S(j-) d_kj / n_j (Aalen and Johansen 1978), S the overall Kaplan-Meier.
    Tied days are exact: every cause takes its share of the same day (lifelines' AalenJohansenFitter moves
    ties apart at random instead). Variance: see `incidence_variance`. Interval: complementary log-log, which is
    the log-log interval of Kaplan-Meier when there is one cause.
    """
    counts = count_events(durations_days, outcomes)
    at_risk = counts.at_risk.astype(np.float64)
    any_ended = counts.any_ended.astype(np.float64)
    still_open = np.cumprod(1 - any_ended / at_risk, dtype=np.float64)
    by_cause = {cause: _incidence(counts, cause, still_open, alpha) for cause in CAUSES}
    left = np.flatnonzero(still_open > 0)
    greenwood = np.zeros_like(still_open)
    greenwood[left] = still_open[left] ** 2 * np.cumsum(
        any_ended[left] / (at_risk[left] * (at_risk[left] - any_ended[left]))
    )
    low, high = log_log_interval(still_open, greenwood, at_risk, alpha)
    return Incidence(by_cause, Curve(1.0, counts.days, still_open, low, high))


def incidence_variance(
    at_risk: NDArray[np.float64],
    ended_of_cause: NDArray[np.float64],
    ended: NDArray[np.float64],
    still_open_before: NDArray[np.float64],
    incidence: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the delta-method variance of one cumulative incidence, per day with an ending.

    Dinse and Larson (1986); Marubini and Valsecchi (1995, eq. 10.12). It is Greenwood's when there is one
    cause, and the binomial I (1 - I) / n when nobody is censored. The double sum over days is taken from running
    sums, so the cost is that of one pass.
    """
    survivors = at_risk - ended
    # When everybody left ends on one day, no later difference I(t) - I(j) exists for it to weigh.
    spread = np.divide(ended, at_risk * survivors, out=np.zeros_like(at_risk), where=survivors > 0)
    crossing = still_open_before * ended_of_cause / at_risk**2
    own = still_open_before**2 * (at_risk - ended_of_cause) * ended_of_cause / at_risk**3
    squared = (
        incidence**2 * np.cumsum(spread)
        - 2 * incidence * np.cumsum(spread * incidence)
        + np.cumsum(spread * incidence**2)
    )
    crossed = incidence * np.cumsum(crossing) - np.cumsum(crossing * incidence)
    variance: NDArray[np.float64] = np.maximum(squared + np.cumsum(own) - 2 * crossed, 0.0)
    return variance


def _incidence(counts: EventCounts, cause: str, still_open: NDArray[np.float64], alpha: float) -> Curve:
    at_risk = counts.at_risk.astype(np.float64)
    ended_of_cause = counts.ended[cause].astype(np.float64)
    before = np.concatenate([[1.0], still_open[:-1]]) if still_open.size else still_open
    estimate = np.minimum(np.cumsum(before * ended_of_cause / at_risk), 1.0)
    variance = incidence_variance(at_risk, ended_of_cause, counts.any_ended.astype(np.float64), before, estimate)
    low, high = log_log_interval(1 - estimate, variance, at_risk, alpha)
    return Curve(0.0, counts.days, estimate, 1 - high, 1 - low)
