"""Conversion rates that few leads cannot fool: drawn to everyone's rate, with an interval and the chance to be best.

Add here: another figure about the rates of several personas. Keep out: which leads count (assembling.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.clustering.rows import Matrix

Tier: TypeAlias = Literal["PREMIUM", "HIGH", "MEDIUM", "LOW", "MINIMAL", "UNKNOWN"]

TIERS: tuple[Tier, ...] = ("PREMIUM", "HIGH", "MEDIUM", "LOW", "MINIMAL")

DEFAULT_WEIGHT = 20.0
"""Leads the common rate counts as, where there are too few personas to learn it from."""

LEAST_FOR_LEARNING = 8
"""Personas from which on the weight is learned (maximum likelihood) instead of assumed."""

WEIGHT_BOUNDS = (5.0, 200.0)

CONFIDENCE = 0.95

NODES = 4_000
"""Points of the quadrature of P(best); a step anywhere costs at most half a node, .000125."""

HALF_A_LEAD = 0.5
"""Added to conversions and to failures of all leads for the prior's mean (Jeffreys): where nobody or everybody
converted, the rate is still not known to be 0 or 1. The prior holds as much of either, so that a rare outcome has an
interval around its rate: with less, the mean of a beta distribution lies above its 97.5 % quantile."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate of one persona: counts, the raw share (None without leads), the shrunken one with its interval."""

    lead_count: int
    conversion_count: int
    raw: float | None
    shrunken: float
    low: float
    high: float
    best_probability: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """The rates in the order given, the rate of all leads, and as how many leads it counts in each."""

    rates: tuple[Rate, ...]
    overall: float
    prior_weight: float
    is_weight_learned: bool


def rank_rates(
    conversions: Sequence[int], leads: Sequence[int], *, prior_weight: float | Literal["auto"] = "auto"
) -> Ranking | None:
    """Return shrunken rates of personas (beta-binomial); None where no lead has a known outcome.

    The prior is a beta distribution with the mean of all leads and a weight in leads: 20 below 8 personas, from
    there on the most likely one within [5, 200]; more where it would hold less than half a conversion or half a
    failure, and never more than there are leads to know that mean from. Intervals are equal-tailed 95 % of the
    posterior.
    """
    from scipy.stats import beta

    counted, total = np.asarray(leads, dtype=np.float64), np.asarray(conversions, dtype=np.float64)
    if not counted.sum():
        return None
    overall = float((total.sum() + HALF_A_LEAD) / (counted.sum() + 2 * HALF_A_LEAD))
    is_learned = prior_weight == "auto" and len(counted) >= LEAST_FOR_LEARNING
    weight = likeliest_weight(total, counted, overall) if is_learned else DEFAULT_WEIGHT
    if prior_weight != "auto":
        weight = float(prior_weight)
    weight = min(max(weight, HALF_A_LEAD / min(overall, 1.0 - overall)), float(counted.sum()))
    a, b = total + weight * overall, counted - total + weight * (1.0 - overall)
    low, high = beta.ppf((1 - CONFIDENCE) / 2, a, b), beta.ppf((1 + CONFIDENCE) / 2, a, b)
    best = best_probabilities(a, b)
    rates = tuple(
        Rate(
            lead_count=int(counted[number]),
            conversion_count=int(total[number]),
            raw=float(total[number] / counted[number]) if counted[number] else None,
            shrunken=float(a[number] / (a[number] + b[number])),
            low=float(low[number]),
            high=float(high[number]),
            best_probability=float(best[number]),
        )
        for number in range(len(counted))
    )
    return Ranking(rates, float(total.sum() / counted.sum()), weight, is_learned)


def best_probabilities(a: Matrix, b: Matrix) -> Matrix:
    """Return for each beta distribution the probability that its draw is the largest of all.

    P(i) = integral over u in (0, 1) of the product over j != i of F_j(Q_i(u)), by the midpoint rule in u: no draws,
    so no seed. The values are made to add up to 1.
    """
    from scipy.stats import beta

    if len(a) == 1:
        return np.ones(1)
    u = (np.arange(NODES) + 0.5) / NODES
    found = np.empty(len(a))
    for i in range(len(a)):
        x = beta.ppf(u, a[i], b[i])
        others = [beta.cdf(x, a[j], b[j]) for j in range(len(a)) if j != i]
        found[i] = float(np.prod(others, axis=0).mean())
    return np.asarray(found / found.sum(), dtype=np.float64)


def tier_of(rate: float, cuts: Sequence[float]) -> Tier:
    """Return the value tier of a rate; a rate on a cut belongs to the tier above it."""
    return next((tier for tier, cut in zip(TIERS, cuts, strict=False) if rate >= cut), TIERS[-1])


def is_tier_uncertain(low: float, high: float, cuts: Sequence[float]) -> bool:
    """Tell whether the interval of a rate reaches into another tier."""
    return tier_of(low, cuts) != tier_of(high, cuts)


def likeliest_weight(conversions: Matrix, leads: Matrix, overall: float) -> float:
    """Return the weight under which the personas' counts are most likely, their mean being the overall rate."""
    from scipy.optimize import minimize_scalar
    from scipy.special import betaln

    def unlikelihood(log_weight: float) -> float:
        a, b = np.exp(log_weight) * overall, np.exp(log_weight) * (1.0 - overall)
        return -float((betaln(conversions + a, leads - conversions + b) - betaln(a, b)).sum())

    found = minimize_scalar(unlikelihood, bounds=(np.log(WEIGHT_BOUNDS[0]), np.log(WEIGHT_BOUNDS[1])), method="bounded")
    ends = [np.log(bound) for bound in WEIGHT_BOUNDS]
    return float(np.exp(min([float(found.x), *ends], key=unlikelihood)))
