"""When to ask again, and when a server that does not answer is given up for the rest of a run.

Add here: another reason to stop asking. Keep out: how a request is made.

The rule: a stretch begins with the first request that nobody answered (it began when that request was sent) and ends
with any answer, even a bad one. Requests and waits are cut where the stretch reaches `allowed_s`; then the breaker is
open and stays so. A server that is dead from some moment on thus costs at most `allowed_s` after that moment,
however many requests there are, because none begins later and none lasts longer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segmentation_pipeline.llm.clock import Clock

FIRST_WAIT_S = 0.5
"""Before the second try; each further wait is twice as long."""

LONGEST_WAIT_S = 8.0
"""Longest wait we choose ourselves; a server may ask for a longer one, see `Outage.wait_s`."""

SPENT_S = 0.05
"""A shorter remainder than this is none: no request could be answered in it."""


def backoff_s(key: str, retry: int) -> float:
    """Return the wait before the retry-th retry (from 1): doubling, between half and all of it by a seeded draw."""
    draw = int.from_bytes(hashlib.sha256(f"{key}:{retry}".encode()).digest()[:4]) / 2**32
    return min(FIRST_WAIT_S * 2.0 ** (retry - 1), LONGEST_WAIT_S) * (0.5 + draw / 2)


@dataclass
class Outage:
    """The breaker of one run. `lost_s` is what an unfinished stretch of this run has cost already."""

    clock: Clock
    allowed_s: float
    lost_s: float = 0.0
    reason: str | None = None
    _began_s: float | None = field(default=None, init=False)
    _answered_s: float = field(default=float("-inf"), init=False)
    _not_before_s: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        if self.lost_s > 0:
            self._began_s = self.clock.monotonic_s() - self.lost_s

    @property
    def left_s(self) -> float:
        """Seconds that may still be spent without an answer."""
        if self._began_s is None:
            return self.allowed_s
        return max(self.allowed_s - (self.clock.monotonic_s() - self._began_s), 0.0)

    @property
    def is_open(self) -> bool:
        """Whether nobody is to be asked any more in this run."""
        if self.reason is None and self.left_s <= SPENT_S:
            self.reason = f"no answer for {self.allowed_s:g} s: the server is given up for the rest of this run"
        return self.reason is not None

    @property
    def stretch_s(self) -> float:
        """Seconds the unfinished stretch has cost so far; 0 where the last request was answered."""
        return 0.0 if self._began_s is None else self.clock.monotonic_s() - self._began_s

    @property
    def pause_s(self) -> float:
        """Seconds the server asked everybody to wait."""
        return max(self._not_before_s - self.clock.monotonic_s(), 0.0)

    def unanswered(self, *, since_s: float, retry_after_s: float | None = None) -> None:
        """Note a request, sent at a moment of the monotonic clock, that nobody answered."""
        since_s = max(since_s, self._answered_s)
        if self._began_s is None or since_s < self._began_s:
            self._began_s = since_s
        if retry_after_s is not None and retry_after_s <= self.left_s:
            self._not_before_s = max(self._not_before_s, self.clock.monotonic_s() + retry_after_s)

    def answered(self) -> None:
        """Note that somebody is there."""
        self._began_s, self._answered_s = None, self.clock.monotonic_s()

    def give_up(self, reason: str) -> None:
        """Ask nobody any more in this run, for a reason that will not go away."""
        self.reason = reason

    def wait_s(self, *, key: str, retry: int, retry_after_s: float | None) -> float | None:
        """Return the seconds to wait before a retry, or None where the wait would outlast what is left.

        What the server asked for counts in full or not at all: asking earlier than told is neither polite nor useful.
        """
        wait = backoff_s(key, retry) if retry_after_s is None else max(retry_after_s, 0.0)
        return wait if wait < self.left_s - SPENT_S else None
