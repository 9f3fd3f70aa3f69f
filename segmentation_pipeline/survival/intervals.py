"""Confidence intervals of a proportion, and of a curve that lives between 0 and 1.

Add here: another interval for a share, a survival or an incidence.
Keep out: the estimates the intervals belong to.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

EDGE = 1e-12
"""Nearer to 0 or 1 than this is rounding of 0 or 1 itself: sums of a few million shares stay well below it."""


def normal_quantile(alpha: float) -> float:
    """Return z such that a standard normal lies within -z..z with probability 1 - alpha."""
    return NormalDist().inv_cdf(1 - alpha / 2)


def wilson_interval(event_count: float, user_count: float, alpha: float = 0.05) -> tuple[float, float]:
    """Return the score interval of a proportion (Wilson 1927); 0 to 1 when there is nobody.

    Its coverage stays near nominal for shares near 0 or 1 and few users, where the Wald interval's does not
    (Brown, Cai and DasGupta 2001). Right only where every user is followed to the day in question.
    """
    if user_count <= 0:
        return 0.0, 1.0
    z = normal_quantile(alpha)
    share = event_count / user_count
    scale = 1 + z**2 / user_count
    centre = (share + z**2 / (2 * user_count)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / user_count + z**2 / (4 * user_count**2))
    low = 0.0 if event_count <= 0 else max(0.0, centre - half)
    high = 1.0 if event_count >= user_count else min(1.0, centre + half)
    return low, high


def log_log_interval(
    survival: Numbers, variance: Numbers, at_risk: Numbers, alpha: float = 0.05
) -> tuple[Numbers, Numbers]:
    """Return low and high of a survival curve on the log(-log) scale (Kalbfleisch and Prentice 1980).

    One minus them is the complementary log-log interval of the incidence `1 - survival`. At exactly 0 or 1 that
    scale has no point; there the Wilson interval of the users still at risk stands in, so that "nobody yet"
    is not reported as certainty. All arrays have one entry per day.
    """
    z = normal_quantile(alpha)
    low, high = np.empty_like(survival), np.empty_like(survival)
    inside = (survival > EDGE) & (survival < 1 - EDGE)
    between = survival[inside]
    width = z * np.sqrt(variance[inside]) / np.abs(between * np.log(between))
    with np.errstate(over="ignore"):  # exp of a huge width is inf, and share ** inf is 0: the right limit
        low[inside] = between ** np.exp(width)
        high[inside] = between ** np.exp(-width)
    for place in np.flatnonzero(~inside):
        kept = round(float(survival[place])) * at_risk[place]
        low[place], high[place] = wilson_interval(kept, at_risk[place], alpha)
    return low, high
