"""What may be asked only so often over days, whatever is restarted in between: discoveries and assignments.

Add here: another thing limited by days. Keep out: budgets of one refresh (budget.py).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from segmentation_pipeline.llm.clock import Clock, SystemClock
from segmentation_pipeline.state import llm_limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segmentation_pipeline.llm_settings import LlmSettings
    from segmentation_pipeline.state.database import State

DISCOVERIES = "discoveries"
ASSIGNMENTS = "assignments"
WEEK_DAYS = 7


@dataclass
class Granted:
    """How many of what was wanted may be done now; set `used_count` to what was, the rest is given back."""

    count: int
    used_count: int = 0


@dataclass(frozen=True)
class Limits:
    """The limits over days that settings name, counted in state.db by UTC days."""

    settings: LlmSettings
    state: State
    clock: Clock = field(default_factory=SystemClock)

    def discoveries_left(self) -> int:
        """Return how many discoveries this week still allows: today and the six days before count as a week."""
        return self._left(DISCOVERIES, self.settings.discoveries_per_week, WEEK_DAYS)

    def assignments_left(self) -> int:
        """Return how many users may still be assigned today."""
        return self._left(ASSIGNMENTS, self.settings.assignments_per_day, 1)

    @contextlib.contextmanager
    def discovery(self) -> Iterator[Granted]:
        """Take one discovery, with all its retries; what is not marked as used by the end is given back.

        A process that dies in between has used it: the limit errs towards asking less.
        """
        with self._taken(DISCOVERIES, 1, self.settings.discoveries_per_week, WEEK_DAYS) as granted:
            yield granted

    @contextlib.contextmanager
    def assignments(self, wanted_count: int) -> Iterator[Granted]:
        """Take as many assignments as today allows, up to what is wanted; what is not marked as used is given back."""
        with self._taken(ASSIGNMENTS, wanted_count, self.settings.assignments_per_day, 1) as granted:
            yield granted

    def _left(self, name: str, at_most: int, days: int) -> int:
        with self.state.read() as connection:
            used = llm_limits.used(connection, name, today=self.clock.now().date(), days=days)
        return max(at_most - used, 0)

    @contextlib.contextmanager
    def _taken(self, name: str, wanted: int, at_most: int, days: int) -> Iterator[Granted]:
        with self.state.write() as connection:
            grant = llm_limits.take(connection, name, wanted, at_most=at_most, days=days, now=self.clock.now())
        granted = Granted(grant.amount)
        try:
            yield granted
        finally:
            with self.state.write() as connection:
                llm_limits.give_back(connection, grant, grant.amount - granted.used_count)
