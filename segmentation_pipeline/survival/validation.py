"""Would segments have told who drops off? A Cox model of some users, judged on others it has not seen.

Add here: another model to judge, or another figure of the same test users.
Keep out: which users are learned from and which are tested on (the caller says), and tables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.survival.brier import integrated_brier
from segmentation_pipeline.survival.concordance import concordance
from segmentation_pipeline.survival.cox import CoxFit, fit_groups
from segmentation_pipeline.survival.curves import kaplan_meier
from segmentation_pipeline.survival.follow_up import CHURN, Days, Outcomes, longest_followed_day
from segmentation_pipeline.survival.intervals import normal_quantile
from segmentation_pipeline.survival.preflight import EVENTS_PER_PARAMETER, Column, GroupLevels, group_levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Sample:
    """Users with their group, covariates to adjust for, and follow-up; one entry each."""

    groups: Outcomes
    adjustments: dict[str, Column]
    durations_days: Days
    outcomes: Outcomes
    followed_days: Days

    def chosen(self, members: NDArray[np.bool_]) -> Sample:
        """Return the members alone."""
        return Sample(
            self.groups[members],
            {name: values[members] for name, values in self.adjustments.items()},
            self.durations_days[members],
            self.outcomes[members],
            self.followed_days[members],
        )

    @property
    def happened(self) -> NDArray[np.bool_]:
        """Who dropped off."""
        return np.asarray(self.outcomes == CHURN)


@dataclass(frozen=True)
class Scores:
    """How a model's predictions fared on the test users, up to `tau_days`.

    `brier_difference` is the model's integrated Brier score minus the baseline's: below 0 it predicts better. Its
    interval is the normal one of the users' paired differences.
    """

    concordance: float
    integrated_brier: float
    brier_difference: float | None = None
    brier_low: float | None = None
    brier_high: float | None = None


@dataclass(frozen=True)
class Validation:
    """The baseline (one Kaplan-Meier curve for everybody) and the model, or the reason why neither was judged.

    Counts are of the users and drop-offs each part had; users of groups without a level in the model are left out.
    """

    train_user_count: int
    test_user_count: int
    train_event_count: int
    test_event_count: int
    tau_days: float | None = None
    baseline: Scores | None = None
    model: Scores | None = None
    reason: str | None = None


def validate_groups(
    train: Sample, test: Sample, *, never_reference: Sequence[str] = (), min_at_risk: int, alpha: float = 0.05
) -> Validation:
    """Fit Cox with groups on the train users and score it on the test users against their Kaplan-Meier curve.

    Other endings are censored on both sides: cause-specific predictions. Up to the longest day that both parts
    are followed to.
    """
    counts = Validation(
        int(train.groups.size), int(test.groups.size), int(train.happened.sum()), int(test.happened.sum())
    )
    fit = fit_groups(
        train.groups.tolist(), train.adjustments, train.durations_days, train.outcomes, never_reference=never_reference
    )
    if not fit.is_fitted:
        return replace(counts, reason=f"no model of the train users: {fit.reason}")
    # Groups with too few drop-offs for a level of their own, even pooled, have no prediction.
    train = train.chosen(group_levels(train.groups, train.happened, never_reference).level != "")
    levels = group_levels(train.groups, train.happened, never_reference)
    test = test.chosen(np.isin(test.groups, train.groups))
    counts = Validation(
        int(train.groups.size), int(test.groups.size), int(train.happened.sum()), int(test.happened.sum())
    )
    if counts.test_event_count < EVENTS_PER_PARAMETER:
        reason = f"{counts.test_event_count} drop-offs among the test users, fewer than {EVENTS_PER_PARAMETER}"
        return replace(counts, reason=reason)
    tau = min(longest_followed_day(part.durations_days, part.followed_days, min_at_risk) for part in (train, test))
    if tau <= 0:
        return replace(counts, reason="users are not followed beyond the landmark: there is no day to predict")
    return _scored(counts, fit, levels, train, test, tau, alpha)


def _scored(
    counts: Validation, fit: CoxFit, levels: GroupLevels, train: Sample, test: Sample, tau: float, alpha: float
) -> Validation:
    curve = kaplan_meier(train.durations_days, train.outcomes)
    hazards = _log_hazards(fit, levels, train, test)
    baseline = _CumulativeHazard(train, _log_hazards(fit, levels, train, train))

    def by_model(day: float) -> Days:
        survival: Days = np.exp(-baseline.at(day) * np.exp(hazards))
        return survival

    followed = (test.durations_days, test.happened, tau)
    plain = integrated_brier(lambda day: curve.at(day)[0], *followed)
    modelled = integrated_brier(by_model, *followed)
    paired = modelled - plain
    difference = float(paired.mean())
    half = normal_quantile(alpha) * float(paired.std(ddof=1)) / math.sqrt(paired.size)
    ordered = concordance(hazards, test.durations_days, test.happened)
    return replace(
        counts,
        tau_days=tau,
        # One curve for everybody puts nobody before anybody.
        baseline=Scores(0.5, float(plain.mean())),
        model=Scores(
            0.5 if ordered is None else ordered,
            float(modelled.mean()),
            difference,
            difference - half,
            difference + half,
        ),
    )


def _level_of(groups: Outcomes, levels: GroupLevels) -> dict[str, str]:
    """Return group -> level of the model."""
    names, first = np.unique(groups, return_index=True)
    return dict(zip(names.tolist(), levels.level[first].tolist(), strict=True))


def _log_hazards(fit: CoxFit, levels: GroupLevels, train: Sample, users: Sample) -> Days:
    """Return log hazards against the reference with all adjustments at 0."""
    coefficients = {term.name: term.coefficient for term in fit.terms if term.coefficient is not None}
    level_of = _level_of(train.groups, levels)
    names, places = np.unique(users.groups, return_inverse=True)
    by_name = [coefficients.get(level_of[name], 0.0) for name in names.tolist()]
    hazards: Days = np.array(by_name, dtype=np.float64)[places]
    for name, values in users.adjustments.items():
        hazards = hazards + coefficients.get(name, 0.0) * values
    return hazards


class _CumulativeHazard:
    """Breslow's cumulative baseline hazard (1972) of the train users, read at any day."""

    def __init__(self, train: Sample, log_hazards: Days) -> None:
        order = np.argsort(train.durations_days, kind="stable")
        durations, weights = train.durations_days[order], np.exp(log_hazards[order])
        at_risk = weights[::-1].cumsum()[::-1]
        self.days, counts = np.unique(durations[train.happened[order]], return_counts=True)
        steps = counts / at_risk[np.searchsorted(durations, self.days, side="left")]
        self.hazard = np.concatenate([[0.0], np.cumsum(steps)])

    def at(self, day: float) -> float:
        return float(self.hazard[np.searchsorted(self.days, day, side="right")])
