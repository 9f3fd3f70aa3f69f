"""Integrated Brier score: how near predicted shares come to what happened, over all days up to a stated one.

Add here: another score of predicted shares. Own: scikit-survival has it, with solvers of convex programs as
dependencies; these are thirty lines.
Keep out: orderings (concordance.py) and predicting (validation.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

GRID_DAYS = 100
"""Days, evenly spaced, at which the score is taken: its integral then changes in the fourth digit at most."""


@dataclass(frozen=True, eq=False)
class Unseen:
    """Kaplan-Meier of being lost from sight: the chance of still being followed after each of `days`."""

    days: Numbers
    share: Numbers

    def after(self, days: Numbers | float) -> Numbers:
        """Return the chance of being followed past a day."""
        return self._read(np.searchsorted(self.days, days, side="right"))

    def up_to(self, days: Numbers | float) -> Numbers:
        """Return the chance of being followed to a day: who is lost on the day itself was there for its events."""
        return self._read(np.searchsorted(self.days, days, side="left"))

    def _read(self, places: NDArray[np.int64] | np.int64) -> Numbers:
        shares: Numbers = np.concatenate([[1.0], self.share])[places]
        return shares


def followed_share(durations_days: Numbers, happened: NDArray[np.bool_]) -> Unseen:
    """Estimate how long users are followed, an event being what hides it; events of a day come first."""
    days = np.unique(durations_days[~happened])
    ordered, of_events = np.sort(durations_days), np.sort(durations_days[happened])
    at_risk = ordered.size - np.searchsorted(ordered, days, side="left")
    at_risk -= np.searchsorted(of_events, days, side="right") - np.searchsorted(of_events, days, side="left")
    lost = np.diff(np.searchsorted(np.sort(durations_days[~happened]), [*days, np.inf]))
    return Unseen(days, np.cumprod(1 - lost / at_risk, dtype=np.float64))


def integrated_brier(
    survival: Callable[[float], Numbers | float],
    durations_days: Numbers,
    happened: NDArray[np.bool_],
    tau_days: float,
) -> Numbers:
    """Return each user's part of the integrated Brier score up to tau; their mean is the score.

    `survival` gives the predicted chance to be without the event past a day, per user or for all. Squared errors
    are weighted by the inverse chance of being followed, so that users lost from sight are stood for by those who
    were not (Graf, Schmoor, Sauerbrei and Schumacher 1999); that chance is estimated on the very users scored.
    """
    unseen = followed_share(durations_days, happened)
    at_event = np.where(happened, 1 / np.maximum(unseen.up_to(durations_days), np.finfo(np.float64).tiny), 0.0)
    days = np.linspace(0, tau_days, GRID_DAYS + 1)
    total: Numbers = np.zeros_like(durations_days)
    for day in days[1:].tolist():
        predicted = survival(day)
        is_past = durations_days > day
        error = np.where(is_past, (1 - predicted) ** 2, predicted**2 * at_event)
        if is_past.any():
            error[is_past] /= float(unseen.after(day))
        # Trapezoids: at day 0 all are there and predicted to be, so the first one begins at 0.
        total += error * (0.5 if day == days[-1] else 1.0)
    return total / GRID_DAYS
