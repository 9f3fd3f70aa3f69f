"""Do groups differ in when they end? One test over all groups or two of them, and the correction several tests need.

Add here: another test between groups.
Keep out: effect sizes (cox.py) and curves (curves.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.survival.follow_up import CHURN, Days, Outcomes, as_follow_up

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class LogRank:
    """A global log-rank test; statistic, degrees and p are None when `reason` says why it was not made."""

    group_count: int
    statistic: float | None = None
    degrees_of_freedom: int | None = None
    p: float | None = None
    reason: str | None = None


def log_rank(
    durations_days: Sequence[float] | Days,
    outcomes: Sequence[str] | Outcomes,
    groups: Sequence[str],
    *,
    events: tuple[str, ...] = (CHURN,),
) -> LogRank:
    """Test whether the hazard of the event is the same in all groups (Mantel 1966; Peto and Peto 1972).

    Other endings count as censored, so with competing endings this compares cause-specific hazards.
    """
    from lifelines.statistics import multivariate_logrank_test

    durations, ends = as_follow_up(durations_days, outcomes)
    names = np.asarray(groups, dtype=np.str_)
    group_count = int(np.unique(names).size)
    happened = np.isin(ends, events)
    if group_count < 2:
        return LogRank(group_count, reason="only one segment: there is nothing to compare")
    if not happened.any():
        return LogRank(group_count, reason="nobody dropped off in any segment")
    tested = multivariate_logrank_test(durations, names, happened)
    return LogRank(group_count, float(tested.test_statistic), group_count - 1, float(tested.p_value))


def holm_adjusted(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for being several (Holm 1979), in the order given.

    The smallest is multiplied by their number, the next by one less, and so on; none gets below one before it.
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.minimum(np.maximum.accumulate(np.asarray(p_values, dtype=np.float64)[order] * factors), 1.0)
    found = np.empty_like(adjusted)
    found[order] = adjusted
    return [float(p) for p in found]
