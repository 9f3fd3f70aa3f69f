"""From judged users to the rows of retention_comparisons: every pair of segments.

Add here: another figure of how two segments differ in their follow-up.
Keep out: hazard ratios against one reference (hazards.py) and the tests themselves (survival.comparison).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.retention.judging import common_day, kept_days
from segmentation_pipeline.retention.tables import FITTED, NOT_FITTED
from segmentation_pipeline.segments.tables import UNCLASSIFIED
from segmentation_pipeline.survival.comparison import holm_adjusted, log_rank
from segmentation_pipeline.survival.follow_up import CHURN
from segmentation_pipeline.survival.restricted_mean import RestrictedMean, difference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.config import RetentionSettings
    from segmentation_pipeline.retention.judged_users import JudgedUsers


@dataclass(frozen=True)
class Comparison:
    """A row of retention_comparisons, the month left out."""

    cluster_id: str
    other_cluster_id: str
    status: str
    reason: str | None
    user_count: int
    other_user_count: int
    churn_count: int
    other_churn_count: int
    logrank_statistic: float | None = None
    logrank_p: float | None = None
    holm_p: float | None = None
    pair_count: int = 0
    rmst_tau_days: float | None = None
    rmst_difference_days: float | None = None
    rmst_difference_low: float | None = None
    rmst_difference_high: float | None = None
    is_mechanical: bool = False


def compare_pairs(users: JudgedUsers, settings: RetentionSettings) -> list[Comparison]:
    """Compare every pair of segments; users of none belong to no pair.

    Each p is adjusted for all pairs that were tested (Holm). A pair with too few users or without drop-offs is a
    row with the reason.
    """
    names = [name for name in users.segments if name != UNCLASSIFIED]
    day = common_day(users, settings.min_at_risk)
    means = {name: kept_days(users, users.cluster_ids == name, day, settings) for name in names}
    rows = [_compare(users, pair, means, settings) for pair in combinations(names, 2)]
    tested = [row.logrank_p for row in rows if row.logrank_p is not None]
    adjusted = iter(holm_adjusted(tested))
    return [
        replace(row, pair_count=len(tested), holm_p=None if row.logrank_p is None else next(adjusted)) for row in rows
    ]


def _compare(
    users: JudgedUsers,
    pair: tuple[str, str],
    means: Mapping[str, RestrictedMean | None],
    settings: RetentionSettings,
) -> Comparison:
    members = [users.cluster_ids == name for name in pair]
    counts = [int(chosen.sum()) for chosen in members]
    churned = [int(np.sum(users.outcomes[chosen] == CHURN)) for chosen in members]
    reason = users.unusable or _too_little(pair, counts, settings.min_at_risk)
    row = Comparison(
        cluster_id=pair[0],
        other_cluster_id=pair[1],
        status=NOT_FITTED,
        reason=reason,
        user_count=counts[0],
        other_user_count=counts[1],
        churn_count=churned[0],
        other_churn_count=churned[1],
        is_mechanical=users.is_mechanical,
    )
    if reason is not None:
        return row
    both = members[0] | members[1]
    tested = log_rank(users.durations_days[both], users.outcomes[both], users.cluster_ids[both].tolist())
    if tested.p is None:
        return replace(row, reason="nobody dropped off in either segment")
    row = replace(row, status=FITTED, logrank_statistic=tested.statistic, logrank_p=tested.p)
    one, other = (means[name] for name in pair)
    if one is None or other is None or 0 in churned:
        # A segment nobody left has a mean without an error: a difference would look surer than it is.
        return row
    apart = difference(one, other, settings.alpha)
    return replace(
        row,
        rmst_tau_days=one.tau_days,
        rmst_difference_days=apart.days,
        rmst_difference_low=apart.low,
        rmst_difference_high=apart.high,
    )


def _too_little(pair: Sequence[str], counts: Sequence[int], min_at_risk: int) -> str | None:
    for name, count in zip(pair, counts, strict=True):
        if count < min_at_risk:
            return f"{count} users at risk in {name}, fewer than {min_at_risk}"
    return None
