"""How many users an experiment of two equal arms needs, and what it can tell apart with as many as it has.

Add here: the formula for another kind of endpoint, with the source of its method.
Keep out: which metric is which kind (`endpoints.py`) and how fast users come (`eligibility.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ARMS = 2
"""Treatment and control, of one size: what decides soonest (a holdout beside them decides nothing)."""

LEAST_USERS_PER_ARM = 10
"""Below it none of the formulas, which all lean on normal distributions, means anything."""

SMALLEST_CHANGE = 1e-9
"""As a part of the room a metric has to change: needs more users than there are people."""

ONE_TAIL = "larger"
"""The far tail underflows to NaN in statsmodels for effects that are easily seen."""

SURELY_SEEN = 6.0
"""Standard errors beyond the critical value at which a difference is as good as certain to be seen."""

STRONGEST_LOG_HAZARD = 10.0
"""Hazards 22,000 times apart: beyond anything an experiment does."""


@dataclass(frozen=True)
class ErrorRates:
    """Two-sided false alarms of one comparison, and the chance to see a change that is there."""

    alpha: float
    power: float


def users_for_shares(share: float, target: float, rates: ErrorRates) -> float:
    """Return the users an arm needs to tell one share from another by the score test.

    The null's variance is pooled (Fleiss, Levin and Paik 2003, 4.14, without continuity correction).
    """
    from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

    return float(samplesize_proportions_2indep_onetail(target - share, share, rates.power, alpha=rates.alpha))


def users_for_means(difference: float, deviation: float, rates: ErrorRates) -> float:
    """Return the users an arm needs to tell two means apart by Student's t-test (noncentral t, Cohen 1988).

    Here and below the far tail of the two-sided test is left out, as in the score test: the wrong direction is no find.
    """
    from statsmodels.stats.power import TTestIndPower

    effect = abs(difference) / deviation
    test = TTestIndPower()
    if effect >= _sure_effect(LEAST_USERS_PER_ARM, rates):  # also where the solver has nothing to look for
        return float(LEAST_USERS_PER_ARM)
    return float(test.solve_power(effect, alpha=rates.alpha / 2, power=rates.power, alternative=ONE_TAIL))


def events_for_hazards(hazard_ratio: float, rates: ErrorRates) -> float:
    """Return the events two equal arms need together to tell their hazards apart by the log-rank test.

    Schoenfeld (1983); where other endings compete, with subdistribution hazards and events of interest alone (Latouche,
    Porcher and Chevret 2004).
    """
    from scipy.stats import norm

    z = norm.ppf(1 - rates.alpha / 2) + norm.ppf(rates.power)
    return float(ARMS**2 * z**2 / math.log(hazard_ratio) ** 2)


def hazard_ratio_of(lost: float, target: float) -> float:
    """Return the ratio of hazards that makes a share lost by a day into the target: S1 = S0 ** ratio."""
    return math.log1p(-target) / math.log1p(-lost)


def users_for_hazards(lost: float, target: float, rates: ErrorRates) -> float:
    """Return the users an arm needs until enough events are expected, everyone followed to the day of the shares."""
    events = events_for_hazards(hazard_ratio_of(lost, target), rates)
    return events / (lost + target)


def detectable_share(share: float, direction: int, users: int, rates: ErrorRates) -> float | None:
    """Return the nearest share that so many users an arm tell from `share`; None if there is none in 0 to 1.

    `direction`: 1 for a rise, -1 for a fall.
    """
    room = 1 - share if direction > 0 else share

    def lacking(part: float) -> float:
        return users_for_shares(share, share + direction * room * part, rates) - users

    part = _root(lacking, SMALLEST_CHANGE, 1 - SMALLEST_CHANGE)
    return None if part is None else share + direction * room * part


def detectable_difference(deviation: float, users: int, rates: ErrorRates) -> float | None:
    """Return the smallest difference of means that so many users an arm can tell."""
    from statsmodels.stats.power import TTestIndPower

    test = TTestIndPower()

    def lacking(effect: float) -> float:
        return rates.power - float(test.power(effect, users, rates.alpha / 2, alternative=ONE_TAIL))

    effect = _root(lacking, 0.0, _sure_effect(users, rates))
    return None if effect is None else effect * deviation


def detectable_loss(lost: float, direction: int, users: int, rates: ErrorRates) -> float | None:
    """Return the nearest share lost by the day whose hazard so many users an arm tell from that of `lost`."""

    def changed(strength: float) -> float:
        return -math.expm1(math.log1p(-lost) * math.exp(direction * strength))

    def lacking(strength: float) -> float:
        needed = events_for_hazards(math.exp(direction * strength), rates)
        return needed - users * (lost + changed(strength))

    strength = _root(lacking, SMALLEST_CHANGE, STRONGEST_LOG_HAZARD)
    return None if strength is None else changed(strength)


def _sure_effect(users: int, rates: ErrorRates) -> float:
    from scipy.stats import t

    critical = t.isf(rates.alpha / 2, ARMS * users - ARMS)
    return float((critical + SURELY_SEEN) * math.sqrt(ARMS / users))


def _root(lacking: Callable[[float], float], low: float, high: float) -> float | None:
    """Return where a falling function crosses zero; None where it stays above."""
    from scipy.optimize import brentq

    if lacking(high) > 0:
        return None
    return float(brentq(lacking, low, high, xtol=1e-12, rtol=1e-10))
