"""Cox proportional hazards: how much faster one group drops off than another, and whether that can be said.

Add here: what belongs to fitting and reporting one Cox model.
Keep out: the conditions before a fit (preflight.py), tables and settings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.survival.concordance import concordance
from segmentation_pipeline.survival.follow_up import CHURN, Days, Outcomes, as_follow_up
from segmentation_pipeline.survival.intervals import normal_quantile
from segmentation_pipeline.survival.partial_likelihood import PartialLikelihood
from segmentation_pipeline.survival.preflight import (
    EVENTS_PER_PARAMETER,
    POOLED,
    Column,
    enough_events,
    group_levels,
    usable_covariates,
)
from segmentation_pipeline.survival.schoenfeld import ScaledResiduals, proportionality, scaled_residuals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

PENALISERS = (0.0, 0.0001, 0.001, 0.01, 0.1)
"""Ridge steps tried in turn, per user and on standardised covariates; the first that has a maximum wins. Beyond .1
the estimates are the penalty's, not the data's."""

IMPLAUSIBLE_LOG_HAZARD = 15.0
"""A group's log hazard ratio beyond this (3 million times) is a likelihood without a maximum, not an estimate."""


@dataclass(frozen=True)
class Term:
    """One covariate of a Cox model; `status` is fitted, reference or not_fitted with `reason`.

    `coefficient` is the log hazard ratio per unit; `low` and `high` bound the hazard ratio;
    `proportional_p` is Grambsch and Therneau's test that the ratio is the same on every day.
    """

    name: str
    status: str
    reason: str | None = None
    coefficient: float | None = None
    standard_error: float | None = None
    hazard_ratio: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    proportional_p: float | None = None


@dataclass(frozen=True)
class CoxFit:
    """A Cox model: one entry per covariate that was given, dropped ones included.

    `penaliser` is the ladder's step that converged (0: plain partial likelihood), None when `reason` says why
    there is no fit.
    """

    terms: tuple[Term, ...]
    user_count: int
    event_count: int
    penaliser: float | None = None
    concordance: float | None = None
    reason: str | None = None
    residuals: ScaledResiduals | None = None

    @property
    def is_fitted(self) -> bool:
        """Whether there are coefficients."""
        return self.reason is None

    def term(self, name: str) -> Term:
        """Return the entry of one covariate."""
        return next(term for term in self.terms if term.name == name)


def fit_cox(
    covariates: Mapping[str, Column],
    durations_days: Sequence[float] | Days,
    outcomes: Sequence[str] | Outcomes,
    *,
    event: str = CHURN,
    alpha: float = 0.05,
) -> CoxFit:
    """Fit log hazard ratios of the event (Cox 1972; ties by Efron 1977), after the pre-flight.

    Other endings are censored: these are cause-specific hazards. Standard errors are the model's own. What
    cannot be fitted is said in `reason`, never raised.
    """
    durations, ends = as_follow_up(durations_days, outcomes)
    happened = ends == event
    checked = usable_covariates(covariates)
    terms = {name: Term(name, "not_fitted", checked.dropped.get(name)) for name in covariates}
    blank = CoxFit(tuple(terms.values()), int(durations.size), int(happened.sum()))
    lacking = enough_events(blank.event_count, len(checked.kept))
    if lacking is not None:
        return _without_fit(blank, lacking)
    rows = np.column_stack([np.asarray(covariates[name], dtype=np.float64) for name in checked.kept])
    model = _climb_ladder(checked.kept, rows, durations, happened)
    if model is None:
        return _without_fit(blank, f"did not converge, not even with penaliser {PENALISERS[-1]:g}")
    proportional = proportionality(model.residuals, model.errors)
    for place, name in enumerate(checked.kept):
        terms[name] = _term(model, place, alpha, proportional.get(name))
    return replace(
        blank,
        terms=tuple(terms.values()),
        penaliser=model.penaliser,
        concordance=concordance(rows @ model.coefficients, durations, happened),
        residuals=model.residuals,
    )


def fit_groups(
    groups: Sequence[str],
    adjustments: Mapping[str, Column],
    durations_days: Sequence[float] | Days,
    outcomes: Sequence[str] | Outcomes,
    *,
    never_reference: Sequence[str] = (),
    event: str = CHURN,
    alpha: float = 0.05,
) -> CoxFit:
    """Fit the hazard ratio of every group against the one with most events, adjusted for other covariates.

    Terms bear the group's name; `pooled` stands for the groups too small for their own. The reference, pooled
    and left-out groups have rows that say so.
    """
    durations, ends = as_follow_up(durations_days, outcomes)
    happened = ends == event
    levels = group_levels(groups, happened, never_reference)
    names = sorted({str(group) for group in groups})
    if levels.reference is None:
        reason = f"no segment has {EVENTS_PER_PARAMETER} drop-offs or more: there is none to compare others with"
        rows = tuple(Term(name, "not_fitted", reason) for name in [*names, *adjustments])
        return CoxFit(rows, int(durations.size), int(happened.sum()), reason=reason)
    used = levels.level != ""
    covariates: dict[str, Column] = {
        name: (levels.level[used] == name).astype(np.float64) for name in levels.estimated
    } | {name: np.asarray(values, dtype=np.float64)[used] for name, values in adjustments.items()}
    if not levels.estimated:
        fit = _without_fit(
            CoxFit(tuple(Term(name, "not_fitted") for name in covariates), int(used.sum()), int(happened[used].sum())),
            f"only {levels.reference} has {EVENTS_PER_PARAMETER} drop-offs or more: there is none to compare it with",
        )
    else:
        fit = fit_cox(covariates, durations[used], ends[used], event=event, alpha=alpha)
    too_few = f"drop-offs, fewer than {EVENTS_PER_PARAMETER}"
    extra = (
        [Term(levels.reference, "reference", "the segment with most drop-offs: others are compared with it", *_EVEN)]
        if fit.is_fitted
        else [Term(levels.reference, "not_fitted", fit.reason)]
    )
    extra += [Term(n, "not_fitted", f"{c} {too_few}: part of the pooled level") for n, c in levels.pooled.items()]
    extra += [Term(n, "not_fitted", f"{c} {too_few}: left out") for n, c in levels.left_out.items()]
    order = [*names, POOLED, *adjustments]
    return replace(fit, terms=tuple(sorted([*fit.terms, *extra], key=lambda term: order.index(term.name))))


_EVEN = (0.0, None, 1.0, None, None, None)
"""Coefficient, error, ratio and interval of a reference: 1 by definition, hence without width."""


def _without_fit(blank: CoxFit, reason: str) -> CoxFit:
    terms = tuple(replace(term, reason=term.reason or reason) for term in blank.terms)
    return replace(blank, terms=terms, reason=reason)


@dataclass(frozen=True, eq=False)
class _Model:
    """A maximum in the covariates' own units; arrays have one entry per covariate."""

    names: tuple[str, ...]
    coefficients: NDArray[np.float64]
    errors: NDArray[np.float64]
    penaliser: float
    residuals: ScaledResiduals


def _climb_ladder(
    names: tuple[str, ...], rows: NDArray[np.float64], durations: Days, happened: NDArray[np.bool_]
) -> _Model | None:
    """Return the model of the first penaliser with a plausible maximum; None if none has one."""
    centre, spread = rows.mean(axis=0), rows.std(axis=0, ddof=1)
    likelihood = PartialLikelihood((rows - centre) / spread, durations, happened)
    ranges = np.ptp(rows, axis=0)
    for penaliser in PENALISERS:
        found = likelihood.maximise(penaliser)
        if found is None:
            continue
        coefficients, covariance = found.coefficients / spread, found.covariance / np.outer(spread, spread)
        errors = np.sqrt(np.diagonal(covariance))
        effects = np.abs(coefficients) * ranges
        if np.isfinite(errors).all() and (effects < IMPLAUSIBLE_LOG_HAZARD).all():
            raw = likelihood.event_residuals(found.coefficients) * spread
            days = durations[likelihood.sets.order][likelihood.sets.events]
            return _Model(names, coefficients, errors, penaliser, scaled_residuals(names, days, raw, covariance))
    return None


def _term(model: _Model, place: int, alpha: float, proportional_p: float | None) -> Term:
    coefficient, error = float(model.coefficients[place]), float(model.errors[place])
    half = normal_quantile(alpha) * error
    return Term(
        model.names[place],
        "fitted",
        None,
        coefficient,
        error,
        math.exp(coefficient),
        math.exp(coefficient - half),
        math.exp(coefficient + half),
        # Both tails of a standard normal, by the function that keeps its digits far out.
        math.erfc(abs(coefficient) / error / math.sqrt(2)),
        proportional_p,
    )
