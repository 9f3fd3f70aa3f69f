"""Does a hazard ratio stay the same over time? Scaled Schoenfeld residuals and the test on them.

Add here: another way of asking it of the same residuals.
Keep out: raw residuals (partial_likelihood.py) and what is concluded: it is reported, nothing is gated by it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScaledResiduals:
    """One row per event in the order of time, one column per term.

    A residual is how far the term's coefficient, as that one event sees it, lies from the fitted one: averaged over
    a stretch of days it shows the coefficient's course (Grambsch and Therneau 1994). R adds the coefficient; this
    does not.
    """

    names: tuple[str, ...]
    days: Numbers
    values: Numbers

    def thinned(self, most: int) -> ScaledResiduals:
        """Return at most so many events, evenly spaced in their order, first and last among them."""
        if self.days.size <= most:
            return self
        kept = np.unique(np.linspace(0, self.days.size - 1, most).round().astype(np.int64))
        return ScaledResiduals(self.names, self.days[kept], self.values[kept])


def scaled_residuals(names: tuple[str, ...], days: Numbers, residuals: Numbers, covariance: Numbers) -> ScaledResiduals:
    """Scale Schoenfeld residuals by the average information of an event: events times the coefficients' covariance."""
    return ScaledResiduals(names, days, days.size * residuals @ covariance)


def proportionality(scaled: ScaledResiduals, standard_errors: Numbers) -> dict[str, float]:
    """Return per term the p of a ratio that is the same on every day (Grambsch and Therneau 1994), rank of the day.

    Events of one day share their mean rank. Terms without spread in time have no p.
    """
    if scaled.days.size == 0:
        return {}
    _, first, day, counts = np.unique(scaled.days, return_index=True, return_inverse=True, return_counts=True)
    ranks = (first + (counts - 1) / 2)[day]
    ranks = ranks - ranks.mean()
    spread = float(ranks @ ranks) * scaled.days.size * standard_errors**2
    if not (spread > 0).all():
        return {}
    statistics = (ranks @ scaled.values) ** 2 / spread
    # The upper tail of chi-square with one degree of freedom.
    return {
        name: math.erfc(math.sqrt(statistic / 2))
        for name, statistic in zip(scaled.names, statistics.tolist(), strict=True)
    }
