"""Cox proportional hazards: how much faster one group drops off than another, and whether that can be said.

Add here: what belongs to fitting and reporting one Cox model.
Keep out: the conditions before a fit (preflight.py), tables and settings.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation_pipeline.survival.follow_up import CHURN, Days, Outcomes, as_follow_up
from segmentation_pipeline.survival.preflight import (
    EVENTS_PER_PARAMETER,
    POOLED,
    Column,
    enough_events,
    group_levels,
    usable_covariates,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

PENALISERS = (0.0, 0.0001, 0.001, 0.01, 0.1)
"""Ridge steps tried in turn, first that converges wins. Beyond .1 the estimates are the penalty's, not the data's."""

SCHOENFELD_MAX_ROWS = 30_000
"""Rows up to which proportionality is tested, and lifelines' residuals are affordable (seconds, not minutes)."""

EXACT_TIMES_MAX_ROWS = 30_000
MINUTES_A_DAY = 1_440
"""Above so many rows durations are taken to the minute: ties (by Efron) let lifelines go by distinct time."""

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

    Other endings are censored: these are cause-specific hazards. Standard errors are the model's own;
    lifelines' robust ones take minutes above 30,000 rows and are never asked for. What cannot be
    fitted is said in `reason`, never raised.
    """
    durations, ends = as_follow_up(durations_days, outcomes)
    if durations.size > EXACT_TIMES_MAX_ROWS:
        durations = np.ceil(durations * MINUTES_A_DAY) / MINUTES_A_DAY
    happened = ends == event
    checked = usable_covariates(covariates)
    terms = {name: Term(name, "not_fitted", checked.dropped.get(name)) for name in covariates}
    blank = CoxFit(tuple(terms.values()), int(durations.size), int(happened.sum()))
    lacking = enough_events(blank.event_count, len(checked.kept))
    if lacking is not None:
        return _without_fit(blank, lacking)
    model, penaliser = _climb_ladder({name: covariates[name] for name in checked.kept}, durations, happened, alpha)
    if model is None:
        return _without_fit(blank, f"did not converge, not even with penaliser {PENALISERS[-1]:g}")
    proportional = _proportionality(model, {name: covariates[name] for name in checked.kept}, durations, happened)
    for name in checked.kept:
        terms[name] = _term(name, model, alpha, proportional.get(name))
    return replace(blank, terms=tuple(terms.values()), penaliser=penaliser, concordance=float(model.concordance_index_))


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


def _frame(covariates: Mapping[str, Column], durations: Days, happened: Any) -> pd.DataFrame:
    import pandas as pd

    # Names of lifelines' own two columns that no action or segment can bear.
    return pd.DataFrame({**covariates, "\0duration": durations, "\0happened": happened})


def _climb_ladder(
    covariates: Mapping[str, Column], durations: Days, happened: Any, alpha: float
) -> tuple[Any, float | None]:
    """Return the first model that converges without a warning, and its penaliser; (None, None) if none does."""
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    table = _frame(covariates, durations, happened)
    is_repeating = bool(np.unique(durations).size < durations.size)  # then one pass per day, 17x faster at 1M rows
    for penaliser in PENALISERS:
        model = CoxPHFitter(alpha=alpha, penalizer=penaliser)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", ConvergenceWarning)
                model.fit(table, "\0duration", "\0happened", batch_mode=is_repeating)
        except (ConvergenceError, ConvergenceWarning, np.linalg.LinAlgError, ZeroDivisionError):
            continue
        if _is_plausible(model, covariates):
            return model, penaliser
    return None, None


def _is_plausible(model: Any, covariates: Mapping[str, Column]) -> bool:
    """Tell whether the maximum is one: finite, and no covariate's whole range multiplies hazards absurdly."""
    errors = model.standard_errors_.to_numpy()
    ranges = np.array([np.ptp(covariates[name]) for name in model.params_.index])
    effects = np.abs(model.params_.to_numpy()) * ranges
    return bool(np.isfinite(errors).all() and np.isfinite(effects).all() and (effects < IMPLAUSIBLE_LOG_HAZARD).all())


def _proportionality(model: Any, covariates: Mapping[str, Column], durations: Days, happened: Any) -> dict[str, float]:
    """Return per covariate the p of a constant ratio (Grambsch and Therneau 1994, rank of time); {} if too large."""
    from lifelines.statistics import proportional_hazard_test

    if durations.size > SCHOENFELD_MAX_ROWS:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tested = proportional_hazard_test(model, _frame(covariates, durations, happened), time_transform="rank")
    # The summary is sorted by name while `p_value` is not: the two must not be zipped.
    return {str(name): float(p) for name, p in tested.summary["p"].items() if math.isfinite(p)}


def _term(name: str, model: Any, alpha: float, proportional_p: float | None) -> Term:
    row = model.summary.loc[name]
    level = f"{100 * (1 - alpha):g}%"
    return Term(
        name,
        "fitted",
        None,
        float(row["coef"]),
        float(row["se(coef)"]),
        float(row["exp(coef)"]),
        float(row[f"exp(coef) lower {level}"]),
        float(row[f"exp(coef) upper {level}"]),
        float(row["p"]),
        proportional_p,
    )
