"""How long a silence must be to mean that a user left, where no action says so.

Add here: another rule that reads leaving off silences.
Keep out: finding the silences (events/sql/silences.sql) and dating the drop-off (events/sql/silence_endings.sql).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segmentation_pipeline.survival.follow_up import Counts, Days

RETURN_SHARE = 0.05
"""Under this chance of still coming back, a silence is taken for leaving."""

HORIZON_SILENCES = 2
"""Horizon in threshold silences: a user seen just before the landmark can be silent so long only after it, and
as much again is left to see the others."""


@dataclass(frozen=True)
class Silences:
    """Silences by length: how many of each length ended in a return, and how many still lasted when last seen.

    `days` ascends without repeats. Someone silent for 40 days is one silence of 40 days, not forty.
    """

    days: Days
    returned: Counts
    still_silent: Counts

    @property
    def at_risk(self) -> Counts:
        """Silences at least so long, per length."""
        ended = self.returned + self.still_silent
        at_risk: Counts = ended[::-1].cumsum()[::-1]
        return at_risk

    def followed_days(self, min_silences: int) -> float:
        """Return the longest length that so many silences reach; 0 when there are fewer."""
        enough = self.days[self.at_risk >= min_silences]
        return float(enough[-1]) if enough.size else 0.0

    def count_from(self, day: float) -> int:
        """Return how many silences reach a day."""
        return int((self.returned + self.still_silent)[self.days >= day].sum())

    def return_share(self, day: float, followed_days: float) -> float | None:
        """Return the chance of coming back up to `followed_days` after being silent for `day` days; None for nobody.

        One minus Kaplan-Meier of the silences that reach the day, those that still last censored: taking them for
        returns or for no returns would both be wrong (Kaplan and Meier 1958).
        """
        is_counted = (self.days >= day) & (self.days <= followed_days)
        at_risk = self.at_risk[is_counted].astype(np.float64)
        if not at_risk.size:
            return None
        kept: NDArray[np.float64] = 1 - self.returned[is_counted] / at_risk
        return float(1 - kept.prod())


@dataclass(frozen=True)
class Threshold:
    """The silence taken for leaving; `days` is None where the log is too short to tell.

    `return_share` and `silence_count` are those of the threshold, or of the longest one that could be judged (half
    of `followed_days`) when none will do; None and 0 when not even one day could.
    """

    days: int | None
    return_share: float | None
    silence_count: int
    followed_days: float


def choose_threshold(silences: Silences, min_silences: int) -> Threshold:
    """Return the smallest whole number of days d with a chance to come back after d silent days under RETURN_SHARE.

    Only up to half of what `min_silences` silences could be followed to: a later return must have had the time to
    be seen, or the end of the log would look like leaving.
    """
    followed = silences.followed_days(min_silences)
    longest = int(followed / HORIZON_SILENCES)
    share = None
    for day in range(1, longest + 1):
        share = silences.return_share(day, followed)
        if share is not None and share < RETURN_SHARE:
            return Threshold(day, share, silences.count_from(day), followed)
    return Threshold(None, share, silences.count_from(longest) if longest else 0, followed)
