"""Concordance: how often who was given the higher risk ends first.

Add here: another measure of how well a score orders users in time.
Keep out: how near predicted shares come to what happened (brier.py) and the scores themselves (cox.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.int64]


def concordance(risks: Numbers, durations_days: Numbers, happened: NDArray[np.bool_]) -> float | None:
    """Return Harrell's C (1982): of all pairs whose order is known, the share in which the higher risk ended first.

    Known is the order of an event and whoever was still there after it, those last seen on its day included. Equal
    risks count one half. None when no pair is known. Counted exactly in O(n log n).
    """
    order = np.lexsort((~happened, durations_days))
    times, is_event = durations_days[order], happened[order]
    ranks = np.unique(risks[order], return_inverse=True)[1].astype(np.int64)
    events = np.flatnonzero(is_event)
    # Behind an event come first the others of its day, whose order is not known, then those last seen on it.
    day_start = np.searchsorted(times, times[events], side="left")
    events_before = np.concatenate([[0], np.cumsum(is_event)])
    day_end = np.searchsorted(times, times[events], side="right")
    behind = day_start + events_before[day_end] - events_before[day_start]
    lower, equal = _count_below(ranks, behind, ranks[events])
    pairs = int((times.size - behind).sum())
    return float(lower + 0.5 * equal) / pairs if pairs else None


def _count_below(values: Places, starts: Places, limits: Places) -> tuple[int, int]:
    """Count, over queries, the values from a start to the end that are below the limit, and those equal to it.

    A wavelet matrix (Claude, Navarro and Ordonez 2015): bit by bit from the highest, values are split stably into
    zeros and ones, and each query's range follows the bit of its limit.
    """
    below = 0
    low, high = starts, np.full_like(starts, values.size)
    for bit in reversed(range(max(int(values.max(initial=0)).bit_length(), 1))):
        is_one = (values >> bit) & 1 == 1
        zeros = np.concatenate([[0], np.cumsum(~is_one)])
        first_one = int(zeros[-1])
        wants_one = (limits >> bit) & 1 == 1
        below += int((zeros[high] - zeros[low])[wants_one].sum())
        low, high = (
            np.where(wants_one, first_one + place - zeros[place], zeros[place]).astype(np.int64)
            for place in (low, high)
        )
        values = np.concatenate([values[~is_one], values[is_one]])
    return below, int((high - low).sum())
