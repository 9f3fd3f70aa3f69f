"""From judged users to the rows of survival_validations: fitted on some users, tested on later ones.

Add here: another model of the refresh to test.
Keep out: fitting and scoring (survival.validation) and reading (judged_users.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.retention.tables import FITTED, NOT_FITTED
from segmentation_pipeline.segments.tables import UNCLASSIFIED
from segmentation_pipeline.survival.validation import Sample, Scores, Validation, validate_groups

if TYPE_CHECKING:
    from segmentation_pipeline.config import RetentionSettings
    from segmentation_pipeline.retention.judged_users import JudgedUsers

TRAIN_SHARE = 2 / 3
"""Of the users, to fit on: a coefficient needs more drop-offs than a score does."""


@dataclass(frozen=True)
class ValidationRow:
    """A row of survival_validations, the month left out."""

    model: str
    status: str
    reason: str | None
    split: str
    train_user_count: int
    test_user_count: int
    train_churn_count: int
    test_churn_count: int
    tau_days: float | None
    is_mechanical: bool
    concordance: float | None = None
    integrated_brier: float | None = None
    brier_difference: float | None = None
    brier_difference_low: float | None = None
    brier_difference_high: float | None = None


def validation_rows(users: JudgedUsers, settings: RetentionSettings) -> list[ValidationRow]:
    """Judge the hazards of segments on the later third of the users, against one curve for everybody.

    Later is by entry where every user has a landmark of its own. One landmark for all leaves no time to split by:
    who entered later would only be who is newer, so a hash of the id splits instead.
    """
    reason = users.unusable
    if reason is None and users.segments in ([], [UNCLASSIFIED]):
        reason = "no segments were formed: there is nothing to predict by"
    if reason is not None:
        found = Validation(0, 0, 0, 0, reason=reason)
    else:
        cut = float(np.quantile(users.split_order, TRAIN_SHARE))
        is_train = users.split_order < cut
        sample = Sample(
            users.cluster_ids,
            {"tenure_days": users.tenure_days, "cohort_weeks": users.cohort_weeks},
            users.durations_days,
            users.outcomes,
            users.followed_days,
        )
        found = validate_groups(
            sample.chosen(is_train),
            sample.chosen(~is_train),
            never_reference=[UNCLASSIFIED],
            min_at_risk=settings.min_at_risk,
            alpha=settings.alpha,
        )
    return [_row("km", found.baseline, found, users), _row("cox", found.model, found, users)]


def _row(model: str, scores: Scores | None, found: Validation, users: JudgedUsers) -> ValidationRow:
    row = ValidationRow(
        model,
        NOT_FITTED,
        found.reason,
        users.split,
        found.train_user_count,
        found.test_user_count,
        found.train_event_count,
        found.test_event_count,
        found.tau_days,
        users.is_mechanical,
    )
    if scores is None:
        return row
    return replace(
        row,
        status=FITTED,
        concordance=scores.concordance,
        integrated_brier=scores.integrated_brier,
        brier_difference=scores.brier_difference,
        brier_difference_low=scores.brier_low,
        brier_difference_high=scores.brier_high,
    )
