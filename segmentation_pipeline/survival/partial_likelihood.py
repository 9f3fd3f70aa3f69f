"""Cox's partial likelihood with tied days, maximised by Newton's method on whole arrays.

Add here: what is computed from risk sets in the order of time (coefficients, residuals).
Keep out: which covariates, which penalty and what is reported (cox.py).

Own, not lifelines: its passes go row by row or day by day in Python, it chooses between the two by a rule that is
wrong for some shapes, and its residuals are quadratic in the rows. Results agree with it to rounding (tests).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

MAX_STEPS = 30
"""Newton steps: a likelihood with a maximum takes under ten, one without runs on."""

PRECISION = 1e-9
"""Newton decrement per event at which to stop: far under any standard error."""

FEW_DAYS = 4_096
"""Event days up to which their sums are taken day by day, each in one product; above, all rows are weighted first."""

BLOCK_ROWS = 16_384
"""Rows weighted at a time: a block of a dozen covariates fits the processor's cache."""

SMALLEST_STEP = 1 / 64
"""Share of a Newton step under which no rise of the likelihood is hoped for any more."""


@dataclass(frozen=True)
class Maximum:
    """Coefficients that maximise the (penalised) likelihood, and the inverse of its curvature there."""

    coefficients: Numbers
    covariance: Numbers


@dataclass(frozen=True)
class RiskSets:
    """Users in the order of time, and where the days with events begin.

    `starts` is each event day's first row; whoever stands from there on is at risk. `day_of` counts, per row, the
    event days up to and on its time. `events` are the rows with an event, `fraction` the share of the day's events
    that Efron takes off its risk set before each of them (0, 1/d .. (d-1)/d).
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    day_of: NDArray[np.int64]
    events: NDArray[np.int64]
    event_day: NDArray[np.int64]
    fraction: Numbers

    @classmethod
    def of(cls, durations_days: Numbers, happened: NDArray[np.bool_]) -> RiskSets:
        """Sort the users by time, and events before those last seen on the same day."""
        order = np.lexsort((~happened, durations_days))
        times, is_event = durations_days[order], happened[order]
        events = np.flatnonzero(is_event)
        days, first, event_day, counts = np.unique(
            times[events], return_index=True, return_inverse=True, return_counts=True
        )
        place = np.arange(events.size) - first[event_day]
        return cls(
            order=order,
            starts=np.searchsorted(times, days, side="left"),
            day_of=np.searchsorted(days, times, side="right"),
            events=events,
            event_day=event_day,
            fraction=place / counts[event_day],
        )

    def at_risk(self, weights: Numbers, rows: Numbers | None = None) -> Numbers:
        """Return per event day the sum of the weights of those at risk, or of their weighted rows; all sorted."""
        sums = _sums_between(weights, rows, self.starts)
        return sums[::-1].cumsum(axis=0)[::-1]

    def of_events(self, weights: Numbers, rows: Numbers | None = None) -> Numbers:
        """Return the same for those with an event on the day; weights and rows have one entry per event."""
        return _sums_between(weights, rows, np.flatnonzero(np.diff(self.event_day, prepend=-1)))


def _sums_between(weights: Numbers, rows: Numbers | None, starts: NDArray[np.int64]) -> Numbers:
    """Sum weights, or weighted rows, from each start to the next one, the last to the end."""
    if rows is None:
        sums: Numbers = np.add.reduceat(weights, starts)
    elif starts.size > FEW_DAYS:
        sums = np.add.reduceat(rows * weights[:, None], starts, axis=0)
    else:
        ends = [*starts[1:].tolist(), weights.size]
        sums = np.stack([weights[a:b] @ rows[a:b] for a, b in zip(starts.tolist(), ends, strict=True)])
    return sums


class PartialLikelihood:
    """Efron's partial likelihood (1977) of users with covariates; rows in any order, at least one event."""

    def __init__(self, covariates: Numbers, durations_days: Numbers, happened: NDArray[np.bool_]) -> None:
        self.sets = RiskSets.of(durations_days, happened)
        self.rows = np.ascontiguousarray(covariates[self.sets.order])
        self.event_rows = self.rows[self.sets.events]
        self.event_sum: Numbers = self.event_rows.sum(axis=0)

    def maximise(self, penaliser: float) -> Maximum | None:
        """Climb by Newton's method with a ridge of `penaliser` per user; None when there is no maximum in reach."""
        count, width = self.rows.shape
        ridge = count * penaliser
        coefficients: Numbers = np.zeros(width)
        value, gradient, curvature = self._penalised(coefficients, ridge)
        enough = PRECISION * self.sets.events.size
        for _ in range(MAX_STEPS):
            try:
                step = np.linalg.solve(curvature, gradient)
            except np.linalg.LinAlgError:
                return None
            if not np.isfinite(step).all():
                return None
            if float(gradient @ step) < enough:
                return Maximum(coefficients + step, np.asarray(np.linalg.inv(curvature), dtype=np.float64))
            share = 1.0
            while True:
                tried = self._penalised(coefficients + share * step, ridge)
                if tried[0] >= value:
                    break
                share /= 2
                if share < SMALLEST_STEP:
                    return None
            coefficients = coefficients + share * step
            value, gradient, curvature = tried
        return None

    def _penalised(self, coefficients: Numbers, ridge: float) -> tuple[float, Numbers, Numbers]:
        value, gradient, curvature = self.at(coefficients)
        value -= 0.5 * ridge * float(coefficients @ coefficients)
        return value, gradient - ridge * coefficients, curvature + ridge * np.eye(coefficients.size)

    def at(self, coefficients: Numbers) -> tuple[float, Numbers, Numbers]:
        """Return log likelihood, gradient and curvature (minus the second derivative) at coefficients.

        All sums over risk sets are sums over users, each weighted by what the event days up to its own add up to;
        so the cost is that of a few passes over the rows, ties or none.
        """
        sets, rows = self.sets, self.rows
        scores = rows @ coefficients
        top = scores.max()
        hazards = np.exp(scores - top)
        left = self._left(hazards)
        once, tied = self._per_day(1 / left), self._per_day(sets.fraction / left)
        weights = hazards * np.concatenate([[0.0], np.cumsum(once)])[sets.day_of]
        weights[sets.events] -= hazards[sets.events] * tied[sets.event_day]

        value = float(scores[sets.events].sum() - np.log(left).sum() - top * sets.events.size)
        gradient: Numbers = self.event_sum - weights @ rows
        curvature: Numbers = _weighted_square(rows, weights) - self._of_means(hazards, left)
        return value, gradient, curvature

    def _left(self, hazards: Numbers) -> Numbers:
        """Return per event what is at risk before it, Efron's part of the day's events taken off."""
        sets = self.sets
        of_events = sets.of_events(hazards[sets.events])
        left: Numbers = sets.at_risk(hazards)[sets.event_day] - sets.fraction * of_events[sets.event_day]
        return left

    def _sums(self, hazards: Numbers) -> tuple[Numbers, Numbers]:
        """Return per event day the weighted covariates of those at risk, and of those with an event."""
        events = self.sets.events
        return self.sets.at_risk(hazards, self.rows), self.sets.of_events(hazards[events], self.event_rows)

    def _of_means(self, hazards: Numbers, left: Numbers) -> Numbers:
        """Return the sum over events of the outer product of the covariates' mean in the risk set with itself."""
        risk, event = self._sums(hazards)
        squared = 1 / left**2
        plain, crossed, tied = (self._per_day(self.sets.fraction**power * squared) for power in (0, 1, 2))
        mixed = risk.T @ (event * crossed[:, None])
        total: Numbers = risk.T @ (risk * plain[:, None]) - mixed - mixed.T + event.T @ (event * tied[:, None])
        return total

    def _per_day(self, of_events: Numbers) -> Numbers:
        return np.bincount(self.sets.event_day, weights=of_events, minlength=self.sets.starts.size).astype(np.float64)

    def event_residuals(self, coefficients: Numbers) -> Numbers:
        """Return Schoenfeld's residuals (1982), one row per event in the order of time.

        Each event's covariates minus their mean over those at risk; on a day with several events the mean of
        Efron's steps stands for each of them.
        """
        sets = self.sets
        scores = self.rows @ coefficients
        hazards = np.exp(scores - scores.max())
        left = self._left(hazards)
        counts = self._per_day(np.ones_like(left))
        once, tied = self._per_day(1 / left) / counts, self._per_day(sets.fraction / left) / counts
        risk, event = self._sums(hazards)
        means = risk * once[:, None] - event * tied[:, None]
        residuals: Numbers = self.event_rows - means[sets.event_day]
        return residuals


def _weighted_square(rows: Numbers, weights: Numbers) -> Numbers:
    """Return rows' (weights rows), block by block."""
    square: Numbers = np.zeros((rows.shape[1], rows.shape[1]))
    for start in range(0, rows.shape[0], BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS]
        square += block.T @ (block * weights[start : start + BLOCK_ROWS, None])
    return square
