"""How many users newly reach the landmark in a week: the time they are counted in, by the clock of a refresh.

Add here: a rule about who can be enrolled, or when.
Keep out: counting them (sql/eligible_users.sql) and what they are needed for (`planning.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

WEEK = timedelta(days=7)

LEAST_COUNTED = timedelta(days=1)
"""Less than a day tells nothing about a week: it has a time of day."""

RUN_IN_SHARE = 1 / 2
"""Part of the counting time left out where the log begins in it: users who were there all along look new at first."""


@dataclass(frozen=True)
class CountedTime:
    """From when until when users are counted who newly reach the landmark."""

    counted_from: datetime
    counted_to: datetime

    @property
    def weeks(self) -> float:
        """Length in weeks."""
        return (self.counted_to - self.counted_from) / WEEK

    @property
    def is_enough(self) -> bool:
        """Whether a weekly figure can be read from it."""
        return self.counted_to - self.counted_from >= LEAST_COUNTED


def counted_time(refresh: Mapping[str, Any]) -> CountedTime:
    """Return when users of a refresh (a row of `refreshes`) are counted as newly reaching the landmark.

    Calendar clock: first seen between window start and landmark. Entry clock: own landmark between that of the first
    possible entry and the last possible one. Where the log itself begins in that time, its first half after the log's
    beginning is left out.
    """
    lead_in = timedelta(seconds=refresh["lead_in_s"] or 0.0)
    first, last = refresh["window_start"] + lead_in, refresh["landmark_at"]
    settled = refresh["log_start_at"] + lead_in + (last - first) * RUN_IN_SHARE
    return CountedTime(min(max(first, settled), last), last)
