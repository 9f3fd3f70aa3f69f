"""How long each user was followed from the landmark, and what ended it: counts, days and what is observed.

Add here: a count or a limit that every estimator of this package shares.
Keep out: estimates of any curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Days = NDArray[np.float64]
Counts = NDArray[np.int64]
Outcomes = NDArray[np.str_]

CHURN = "churn"
CONVERSION = "conversion"
END = "end"
CENSORED = "censored"
CAUSES = (CHURN, CONVERSION, END)
"""What closes a case, in the order tables list it; `censored` means still open when last seen."""

DAY_TOLERANCE = 1e-6
"""Days (0.09 s). Days are floating quotients of microseconds: "followed to day 14" must not fail by a bit."""


@dataclass(frozen=True)
class EventCounts:
    """Who was at risk and who ended how, on each day with at least one ending.

    `days` ascends; `at_risk` counts users just before the day; `ended` maps a cause to its count per day.
    A user censored on a day counts as at risk on it: endings come before censoring (Kaplan and Meier 1958).
    """

    days: Days
    at_risk: Counts
    ended: dict[str, Counts]

    @property
    def any_ended(self) -> Counts:
        """Endings of every cause together, per day."""
        return sum(self.ended.values(), start=np.zeros_like(self.at_risk))


def as_follow_up(durations_days: Sequence[float] | Days, outcomes: Sequence[str] | Outcomes) -> tuple[Days, Outcomes]:
    """Return both as arrays of one length.

    Raises:
        ValueError: lengths differ, a duration is negative or not finite, or an outcome is unknown.
    """
    days = np.asarray(durations_days, dtype=np.float64)
    ends = np.asarray(outcomes, dtype=np.str_)
    if days.shape != ends.shape or days.ndim != 1:
        raise ValueError(f"{days.shape} durations, {ends.shape} outcomes: one of each per user is needed")
    if days.size and not (np.isfinite(days).all() and days.min() >= 0):
        raise ValueError("every duration must be finite and not negative")
    unknown = sorted(set(np.unique(ends).tolist()) - {*CAUSES, CENSORED})
    if unknown:
        raise ValueError(f"unknown outcomes {unknown}; known are {[*CAUSES, CENSORED]}")
    return days, ends


def count_events(durations_days: Sequence[float] | Days, outcomes: Sequence[str] | Outcomes) -> EventCounts:
    """Count who was at risk and who ended, per distinct day with an ending."""
    durations, ends = as_follow_up(durations_days, outcomes)
    days = np.unique(durations[ends != CENSORED])
    ended = {
        cause: np.diff(np.searchsorted(np.sort(durations[ends == cause]), [*days, np.inf])).astype(np.int64)
        for cause in CAUSES
    }
    return EventCounts(days, at_risk_on(durations, days), ended)


def at_risk_on(durations_days: Days, days: Sequence[float] | Days) -> Counts:
    """Return how many users are still followed and open just before each day."""
    ordered = np.sort(durations_days)
    limits = np.asarray(days, dtype=np.float64) - DAY_TOLERANCE
    return (ordered.size - np.searchsorted(ordered, limits, side="left")).astype(np.int64)


def is_fully_followed(durations_days: Days, outcomes: Outcomes, day: float) -> bool:
    """Tell whether nobody was censored before the day: then its incidences are plain proportions."""
    return not bool(np.any((outcomes == CENSORED) & (durations_days < day - DAY_TOLERANCE)))


def longest_followed_day(durations_days: Days, followed_days: Days, min_at_risk: int) -> float:
    """Return the last day that can be judged: all followed to it, or at least `min_at_risk` at risk on it.

    `followed_days` is how long each user could have been seen, ended or not. 0 when there is nobody.
    """
    if durations_days.size == 0:
        return 0.0
    everyone = float(followed_days.min())
    if durations_days.size < min_at_risk:
        return everyone
    enough = float(np.sort(durations_days)[-min_at_risk])
    return min(max(everyone, enough), float(followed_days.max()))
