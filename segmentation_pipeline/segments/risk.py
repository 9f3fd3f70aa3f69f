"""Drop-off of segments after the landmark, and the risk word that compares it with everyone's.

Add here: how a segment's outcome is summed up in `clusters`.
Keep out: estimators (survival/) and curves (retention/).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from segmentation_pipeline.survival.drop_off import drop_off_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Labels, Matrix
    from segmentation_pipeline.survival.drop_off import DropOff

ChurnRisk: TypeAlias = Literal["low", "medium", "high", "unknown"]

DAY_STEPS = 100
"""Days are shown to the hundredth (a quarter of an hour), rounded down to what was followed."""


def longest_followed_day(
    durations_days: Matrix, followed_days: Matrix, segments: Labels, least_users: int
) -> float | None:
    """Return the longest day the drop-off of every segment can be told for: one day, so that they compare.

    Either everyone was followed to it, ended or not, or every segment still has so many users at risk on it.
    Segments with fewer users to begin with do not shorten it. None when there is no such day.
    """
    groups = [durations_days[segments == segment] for segment in np.unique(segments[segments >= 0])]
    large = [group for group in groups if group.size >= least_users]
    at_risk = min((float(np.sort(group)[-least_users]) for group in large), default=0.0)
    day = max(float(followed_days.min(initial=np.inf)) if followed_days.size else 0.0, at_risk)
    day = math.floor(day * DAY_STEPS + 1e-6) / DAY_STEPS
    return day if day > 0 else None


def drop_offs(
    durations_days: Matrix, outcomes: NDArray[np.str_], segments: Labels, count: int, day: float, alpha: float
) -> tuple[list[DropOff], DropOff]:
    """Return the drop-off of each segment 0..count-1, and that of all users, by the same day."""
    each = [
        drop_off_at(durations_days[segments == segment], outcomes[segments == segment], day, alpha=alpha)
        for segment in range(count)
    ]
    return each, drop_off_at(durations_days, outcomes, day, alpha=alpha)


def churn_risk(segment: DropOff | None, everyone: DropOff | None) -> ChurnRisk:
    """Return high or low where the two intervals do not touch, medium where they do, unknown without figures."""
    if segment is None or everyone is None:
        return "unknown"
    if segment.low is None or segment.high is None or segment.rate is None:
        return "unknown"
    if everyone.low is None or everyone.high is None:
        return "medium"
    if segment.low > everyone.high:
        return "high"
    return "low" if segment.high < everyone.low else "medium"
