"""The share of a group that drops off by a day, with its interval: the figure on every segment card.

Add here: another way of reading one figure for a group at a day.
Keep out: curves over all days (curves.py, incidence.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from segmentation_pipeline.survival.follow_up import (
    CHURN,
    DAY_TOLERANCE,
    Days,
    Outcomes,
    as_follow_up,
    at_risk_on,
    is_fully_followed,
)
from segmentation_pipeline.survival.incidence import aalen_johansen
from segmentation_pipeline.survival.intervals import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

Method = Literal["proportion", "aalen_johansen", "not_observed"]


@dataclass(frozen=True)
class DropOff:
    """The share that dropped off by `day`; rate, low and high are None when `method` is not_observed.

    `user_count` were at risk at the landmark, `at_risk_count` still are on the day, `event_count` dropped off
    up to and on it.
    """

    rate: float | None
    low: float | None
    high: float | None
    day: float
    user_count: int
    at_risk_count: int
    event_count: int
    method: Method


def drop_off_at(
    durations_days: Sequence[float] | Days,
    outcomes: Sequence[str] | Outcomes,
    day: float,
    *,
    event: str = CHURN,
    alpha: float = 0.05,
) -> DropOff:
    """Return the share whose case ended by `event` up to and on `day` after the landmark.

    Durations in days after the landmark; outcomes churn, conversion, end or censored. Where nobody was censored
    before the day it is a plain proportion with Wilson's interval. Otherwise it is the Aalen-Johansen incidence
    with its complementary log-log interval, which is one minus Kaplan-Meier when there is no competing ending.
    Not observed when all are gone from sight before the day, or when there is nobody.
    """
    durations, ends = as_follow_up(durations_days, outcomes)
    user_count = int(durations.size)
    at_risk = int(at_risk_on(durations, [day])[0])
    event_count = int(np.sum((ends == event) & (durations <= day + DAY_TOLERANCE)))
    if user_count == 0:
        return DropOff(None, None, None, day, 0, 0, 0, "not_observed")
    if is_fully_followed(durations, ends, day):
        low, high = wilson_interval(event_count, user_count, alpha)
        return DropOff(event_count / user_count, low, high, day, user_count, at_risk, event_count, "proportion")
    if at_risk == 0:
        return DropOff(None, None, None, day, user_count, 0, event_count, "not_observed")
    curve = aalen_johansen(durations, ends, alpha).by_cause[event]
    rate, low, high = curve.at(day)
    if event_count == 0:
        # Before the first event the estimator has no width; the users still at risk bound what may come.
        low, high = wilson_interval(0, at_risk, alpha)
    return DropOff(rate, low, high, day, user_count, at_risk, event_count, "aalen_johansen")
