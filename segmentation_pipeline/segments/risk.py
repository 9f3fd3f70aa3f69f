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


def longest_followed_day(followed_days: Matrix, segments: Labels, least_users: int) -> float | None:
    """Return the longest day that at least so many users of every segment were followed to, outcome or not.

    One day for all segments, so that their drop-offs compare. Segments with fewer users do not shorten it.
    None when nobody was followed, or fewer users in all.
    """
    groups = [followed_days[segments == segment] for segment in np.unique(segments[segments >= 0])]
    large = [group for group in groups if group.size >= least_users] or [followed_days]
    reached = [float(np.sort(group)[-least_users]) for group in large if group.size >= least_users]
    day = math.floor(min(reached, default=0.0) * DAY_STEPS + 1e-6) / DAY_STEPS
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
