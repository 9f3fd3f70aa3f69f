"""From judged users to the rows of cox_coefficients and schoenfeld_residuals: hazard ratios between segments.

Add here: a covariate that hazard ratios between segments are adjusted for.
Keep out: fitting (survival.cox), reading and writing (judged_users.py, assets.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.retention.tables import FITTED, NOT_FITTED
from segmentation_pipeline.segments.tables import UNCLASSIFIED
from segmentation_pipeline.survival.cox import CoxFit, Term, fit_groups
from segmentation_pipeline.survival.preflight import POOLED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segmentation_pipeline.retention.judged_users import JudgedUsers

ADJUSTMENTS = {
    "tenure_days": "per day the account was older at the landmark",
    "cohort_weeks": "per week the user entered later",
}
"""What segments may differ in by calendar alone. With one landmark for all, tenure and cohort are each the other
reversed, and with the same lead-in for all tenure is constant: the pre-flight keeps what is left, and says so."""

MODEL = "model"

MOST_RESIDUALS = 400
"""Drop-offs whose residuals are stored, evenly spaced in time: a plot shows no more, and the table stays small."""


@dataclass(frozen=True)
class CoxRow:
    """A row of cox_coefficients, the month left out."""

    term: str
    kind: str
    description: str
    status: str
    reason: str | None
    coefficient: float | None
    standard_error: float | None
    hazard_ratio: float | None
    low: float | None
    high: float | None
    p: float | None
    proportional_p: float | None
    penalizer: float | None
    user_count: int
    event_count: int
    is_mechanical: bool


@dataclass(frozen=True)
class ResidualRow:
    """A row of schoenfeld_residuals, the month left out."""

    term: str
    event_number: int
    day: float
    scaled_residual: float


@dataclass(frozen=True)
class Hazards:
    """Rows of cox_coefficients and of schoenfeld_residuals."""

    rows: tuple[CoxRow, ...]
    residuals: tuple[ResidualRow, ...]


def judge_hazards(users: JudgedUsers, alpha: float) -> Hazards:
    """Fit hazard ratios of dropping off between segments, adjusted for tenure and cohort.

    Competing endings are censored: ratios of cause-specific hazards. Users of no segment are a level of their
    own but never the reference. Proportionality is reported and gates nothing. Without segments or drop-offs one
    row `model` says why there is none.
    """
    reason = users.unusable
    if reason is None and users.segments in ([], [UNCLASSIFIED]):
        reason = "no segments were formed: there is nothing to compare"
    if reason is not None:
        blank = Term(MODEL, NOT_FITTED, reason)
        fit = CoxFit((blank,), int(users.durations_days.size), 0, reason=reason)
        return Hazards((_row(blank, fit, None, is_mechanical=users.is_mechanical),), ())
    fit = fit_groups(
        users.cluster_ids.tolist(),
        {"tenure_days": users.tenure_days, "cohort_weeks": users.cohort_weeks},
        users.durations_days,
        users.outcomes,
        never_reference=[UNCLASSIFIED],
        alpha=alpha,
    )
    reference = next((term.name for term in fit.terms if term.status == "reference"), None)
    rows = tuple(_row(term, fit, reference, is_mechanical=users.is_mechanical) for term in fit.terms)
    return Hazards(rows, tuple(_residual_rows(fit)))


def _residual_rows(fit: CoxFit) -> Iterator[ResidualRow]:
    if fit.residuals is None:
        return
    kept = fit.residuals.thinned(MOST_RESIDUALS)
    days = kept.days.tolist()
    for name, values in zip(kept.names, kept.values.T.tolist(), strict=True):
        for number, (day, value) in enumerate(zip(days, values, strict=True), start=1):
            yield ResidualRow(name, number, day, value)


def _row(term: Term, fit: CoxFit, reference: str | None, *, is_mechanical: bool) -> CoxRow:
    kind = _kind(term.name)
    reason = term.reason
    if term.status == FITTED and fit.penaliser:
        reason = f"shrunk: the model converged only with penaliser {fit.penaliser:g}"
    return CoxRow(
        term.name,
        kind,
        _description(term.name, kind, reference),
        term.status,
        reason,
        term.coefficient,
        term.standard_error,
        term.hazard_ratio,
        term.low,
        term.high,
        term.p,
        term.proportional_p,
        fit.penaliser,
        fit.user_count,
        fit.event_count,
        is_mechanical,
    )


def _kind(name: str) -> str:
    if name in ADJUSTMENTS:
        return "adjustment"
    return name if name in (POOLED, MODEL) else "segment"


def _description(name: str, kind: str, reference: str | None) -> str:
    if kind == "adjustment":
        return f"Hazard of dropping off {ADJUSTMENTS[name]}."
    if kind == MODEL:
        return "Hazard ratios of dropping off between segments."
    users = "users of all segments with too few drop-offs of their own" if kind == POOLED else f"users of {name}"
    if name == reference:
        return f"Hazard of dropping off of {users}: the one others are compared with."
    return f"Hazard of dropping off of {users}, against {reference or 'a reference segment'}."
