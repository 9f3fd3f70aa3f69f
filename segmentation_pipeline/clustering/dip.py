"""Hartigan's dip: how far a sample is from having one mode, and how often a single mode gives as much.

Add here: what belongs to this one test. Its only maintained packages are under the GPL, hence our own.
Keep out: which values are tested (gap.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from segmentation_pipeline.clustering.rows import Indexes, Matrix

TAILS = (0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001)
QUANTILES = {
    10: (0.3091, 0.3475, 0.3754, 0.4129, 0.4412, 0.4757, 0.5033, 0.5261, 0.553, 0.571, 0.5867, 0.6034, 0.6199),
    20: (0.3277, 0.3687, 0.3952, 0.4348, 0.471, 0.512, 0.5392, 0.5658, 0.5992, 0.6223, 0.6428, 0.6695, 0.689),
    50: (0.3457, 0.3875, 0.416, 0.4591, 0.4969, 0.5424, 0.5743, 0.6032, 0.6387, 0.6639, 0.6889, 0.7216, 0.7447),
    100: (0.3546, 0.3977, 0.4265, 0.471, 0.5114, 0.5578, 0.5903, 0.6205, 0.6566, 0.6837, 0.7065, 0.7378, 0.7634),
    200: (0.3615, 0.4056, 0.4359, 0.4814, 0.5215, 0.5702, 0.6048, 0.6367, 0.6772, 0.7029, 0.7303, 0.7629, 0.7849),
    500: (0.368, 0.4128, 0.4434, 0.4894, 0.5302, 0.5791, 0.6132, 0.6465, 0.6861, 0.7156, 0.7415, 0.7792, 0.8007),
    1000: (0.3711, 0.416, 0.4464, 0.4933, 0.5353, 0.5853, 0.6191, 0.6519, 0.694, 0.721, 0.7487, 0.7778, 0.7974),
    2000: (0.3736, 0.4185, 0.4495, 0.496, 0.5377, 0.5865, 0.6208, 0.6545, 0.6942, 0.7222, 0.7489, 0.7856, 0.8088),
}
"""Sample size -> values that sqrt(n) * dip exceeds with probability `TAILS` in 200,000 uniform samples each: of all
single modes the uniform one dips most (Hartigan, Hartigan 1985)."""

LEAST_VALUES = min(QUANTILES)
"""Fewer values cannot show two modes."""


def dip(values: Matrix) -> float:
    """Return the largest distance of the sample's distribution from the nearest one with a single mode.

    Hartigan, Hartigan 1985: the modal interval is narrowed as long as the convex minorant and the concave majorant
    of the distribution function differ by more inside it than outside. 0 for a single distinct value.
    """
    places, counts = np.unique(values, return_counts=True)
    after = np.cumsum(counts) / counts.sum()
    before = after - counts / counts.sum()
    twice_dip = 0.0
    low, high = 0, len(places) - 1
    while high > low:
        inside = slice(low, high + 1)
        at, below, above = places[inside], before[inside], after[inside]
        minorant, majorant = _corners(at, below), _corners(at, -above)
        convex = np.interp(at, at[minorant], below[minorant])
        concave = np.interp(at, at[majorant], above[majorant])
        apart = concave - convex
        if apart[majorant].max() > apart[minorant].max():
            widest = float(apart[majorant].max())
            last = int(majorant[np.flatnonzero(apart[majorant] == widest)[-1]])
            first = int(minorant[minorant <= last][-1])
        else:
            widest = float(apart[minorant].max())
            first = int(minorant[np.flatnonzero(apart[minorant] == widest)[0]])
            last = int(majorant[majorant >= first][0])
        if widest <= twice_dip:
            break
        left = float(np.abs(convex - above)[:first].max(initial=0.0))
        right = float(np.abs(concave - below)[last + 1 :].max(initial=0.0))
        twice_dip = max(twice_dip, left, right)
        if (first == 0 and last == len(at) - 1) or widest <= twice_dip:
            break
        low, high = low + first, low + last
    return twice_dip / 2


def dip_p(value: float, count: int) -> float:
    """Return how often a uniform sample of that size dips as much; 1 under 10 values, never under .0001.

    Between the sizes and tails of the table it is interpolated; dips smaller than the uniform's median give .5 to 1.
    """
    if count < LEAST_VALUES:
        return 1.0
    sizes = np.log(list(QUANTILES))
    wanted = min(float(np.log(count)), float(sizes[-1]))
    limits = [float(np.interp(wanted, sizes, column)) for column in zip(*QUANTILES.values(), strict=True)]
    scaled = float(np.sqrt(count)) * value
    if scaled <= limits[0]:
        return float(1.0 - 0.5 * scaled / limits[0])
    return float(np.exp(np.interp(scaled, limits, np.log(TAILS))))


def _corners(at: Matrix, heights: Matrix) -> Indexes:
    """Return the positions at which the greatest convex function under the points touches them."""
    corners = [0]
    for point in range(1, len(at)):
        while len(corners) > 1:
            before, middle = corners[-2], corners[-1]
            rise = (heights[middle] - heights[before]) * (at[point] - at[middle])
            if rise < (heights[point] - heights[middle]) * (at[middle] - at[before]):
                break
            corners.pop()
        corners.append(point)
    return np.array(corners, dtype=np.int64)
