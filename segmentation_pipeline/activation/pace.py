"""When the next request may begin: no closer than a rate allows, and not before a moment the destination asked for.

Add here: another reason to wait before a request. Keep out: what an answer means (delivery.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segmentation_pipeline.llm.clock import Clock

LONGEST_ASKED_S = 24 * 3600.0
"""Longest wait a destination is granted: after a day it is asked again, whatever it said."""


@dataclass
class Pace:
    """Gives out the moments at which requests may begin."""

    clock: Clock
    per_s: float | None
    next_s: float = 0.0
    not_before_s: float = 0.0

    @property
    def is_held(self) -> bool:
        """Whether nobody may begin now."""
        return self.clock.monotonic_s() < self.not_before_s

    def reserve_s(self) -> float:
        """Take the next place; return the seconds until it."""
        now = self.clock.monotonic_s()
        place = max(now, self.next_s, self.not_before_s)
        if self.per_s is not None:
            self.next_s = place + 1 / self.per_s
        return place - now

    def hold(self, seconds: float) -> None:
        """Let nobody begin for so long, those who have a place already among them."""
        self.not_before_s = max(self.not_before_s, self.clock.monotonic_s() + seconds)


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Return the seconds a `Retry-After` header asks for, written as seconds or as an HTTP date; `now` is naive UTC."""
    if header is None:
        return None
    try:
        asked = float(header)
    except ValueError:
        try:
            moment = parsedate_to_datetime(header)
            moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        except (TypeError, ValueError, OverflowError):
            return None
        asked = (moment - now).total_seconds()
    return None if math.isnan(asked) else min(max(asked, 0.0), LONGEST_ASKED_S)
