"""How much is let in: so many requests a second of each caller, and none while the server is behind.

Add here: another measure of being too busy. Keep out: what is answered then (guard.py).
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CALLERS = 10_000
"""Callers remembered; beyond it those that have been quiet longest are forgotten, and begin anew."""

TICK_S = 0.05
"""Seconds between looks at the clock."""


class Rates:
    """Token buckets: each caller may make `per_second` requests, a second's worth of them at once."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._clock = per_second, clock
        self._most = max(per_second, 1.0)
        self._left: dict[str, tuple[float, float]] = {}

    def admits(self, caller: str) -> bool:
        """Tell whether a caller may make a request now, and count it."""
        now = self._clock()
        left, at = self._left.pop(caller, (self._most, now))
        left = min(left + (now - at) * self._per_second, self._most)
        is_admitted = left >= 1
        self._left[caller] = (left - 1 if is_admitted else left, now)
        if len(self._left) > MOST_CALLERS:
            del self._left[next(iter(self._left))]
        return is_admitted


class Lag:
    """How late the event loop is: a tick that is overdue means that everything waits as long."""

    def __init__(self, most_s: float) -> None:
        self._most_s = most_s
        self._due = float("inf")
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to watch the loop that runs."""
        loop = asyncio.get_running_loop()
        self._due = time.monotonic() + TICK_S
        self._handle = loop.call_later(TICK_S, self.start)

    def stop(self) -> None:
        """Watch no longer."""
        if self._handle is not None:
            self._handle.cancel()
        self._due = float("inf")

    def is_too_long(self) -> bool:
        """Tell whether requests should be turned away until the loop has caught up."""
        return time.monotonic() - self._due > self._most_s
