"""Whether neighbouring clusters are apart: the second half of the data dips between the clusters of the first.

Add here: other tests of the space between clusters.
Keep out: the dip itself (dip.py), and what counts as enough (verdict.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.centres import fit_centres
from segmentation_pipeline.clustering.dip import dip, dip_p
from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline.clustering.repeatability import STARTS, split_users
from segmentation_pipeline.clustering.rows import canonical_order

if TYPE_CHECKING:
    from segmentation_pipeline.clustering.centres import Centres
    from segmentation_pipeline.clustering.repeatability import Halves
    from segmentation_pipeline.clustering.rows import Matrix


LEAST_NOISE = 0.1
"""Added to every column's variance between halves, as a share of the mean one: no column is the axis alone."""


@dataclass(frozen=True, slots=True)
class PairGap:
    """Two neighbouring clusters of one half: the dip of the other half's values between them, and its p."""

    dip: float
    p: float
    value_count: int


@dataclass(frozen=True, slots=True)
class GapTest:
    """The worse direction: its smallest p after Holm, and every neighbouring pair of that direction.

    `p` is small when at least one pair of neighbours is apart, whichever half the clusters come from.
    """

    p: float
    k: int
    pairs: tuple[PairGap, ...]

    @property
    def largest_dip(self) -> float:
        """Dip of the pair that is furthest apart; 0 without pairs."""
        return min(self.pairs, key=lambda pair: (pair.p, -pair.dip)).dip if self.pairs else 0.0


def gap_between_halves(halves: Halves, *, k: int, seed: int) -> GapTest:
    """Test for gaps with the same users' other half: members and neighbours from one half, values from the other.

    Values of the half that made the clusters would dip wherever k-means cuts; the other half's are free of the cut.
    The axis leads from the mean of one cluster's members to the other's *as the other half sees them*, each column
    weighted by how little users change in it between their halves: what made the clusters by chance is not on it.
    (Along the centres themselves a feature that is zero or not by chance, such as visits at night, dips in each half
    without being the same users' feature.) Row order has no influence; columns must be scaled alike.
    """
    ordered = halves.in_canonical_order()
    weights = _steadiness(ordered)
    with one_quiet_thread():
        ways = [_gap(*way, k=k, seed=seed, weights=weights) for way in _both_ways(ordered.a, ordered.b)]
    return max(ways, key=lambda way: way.p)


def gap_between_users(features: Matrix, *, k: int, seed: int) -> GapTest:
    """Test for gaps where users cannot be halved: axis from one half of the users, members and values the other."""
    rows = features[canonical_order(features)]
    first, second = split_users(len(rows), np.random.default_rng(seed))
    with one_quiet_thread():
        ways = [_gap(*way, k=k, seed=seed, weights=None) for way in _both_ways(rows[first], rows[second])]
    return max(ways, key=lambda way: way.p)


def neighbours(centres: Centres, rows: Matrix) -> list[tuple[int, int]]:
    """Return each cluster with the one that is most often second nearest to its members (rows are the fitted ones).

    Along a bent continuum the two ends see each other across the bend, with nobody in between; but for hardly any
    user are they the nearest two, so the ends are no neighbours (Martinetz, Schulten 1994: competing neighbours).
    """
    squared = (centres.places**2).sum(axis=1)[None, :] - 2.0 * rows @ centres.places.T
    squared[np.arange(len(rows)), centres.labels] = np.inf
    second = squared.argmin(axis=1)
    pairs = set()
    for label in range(centres.k):
        members = second[centres.labels == label]
        if members.size:
            other = int(np.bincount(members).argmax())
            pairs.add((min(label, other), max(label, other)))
    return sorted(pairs)


def _both_ways(first: Matrix, second: Matrix) -> tuple[tuple[Matrix, Matrix], tuple[Matrix, Matrix]]:
    return (first, second), (second, first)


def _steadiness(halves: Halves) -> Matrix:
    """Return one over the variance of each column between the halves of a user; the steadiest not without limit."""
    noise = (halves.a - halves.b).var(axis=0)
    floor = LEAST_NOISE * float(noise.mean())
    return np.asarray(1.0 / (noise + floor)) if floor > 0 else np.ones(len(noise))


def _gap(here: Matrix, there: Matrix, *, k: int, seed: int, weights: Matrix | None) -> GapTest:
    """Test the pairs found here with the rows there: the same users where `weights` are given, else others."""
    centres = fit_centres(here, k=k, seed=seed, starts=STARTS)
    members = centres.nearest(there) if weights is None else centres.labels
    pairs = []
    for one, other in neighbours(centres, here):
        first, second = there[members == one], there[members == other]
        if len(first) == 0 or len(second) == 0:
            continue
        if weights is None:  # members are cut along the centres' axis, so no other axis is free of the cut
            axis = centres.places[other] - centres.places[one]
        else:
            axis = weights * (second.mean(axis=0) - first.mean(axis=0))
        pairs.append(_pair_gap(np.vstack([first, second]) @ axis))
    # Holm's smallest adjusted p: the smallest of all, times their number.
    smallest = min((pair.p for pair in pairs), default=1.0)
    return GapTest(min(1.0, smallest * len(pairs)), k, tuple(pairs))


def _pair_gap(values: Matrix) -> PairGap:
    found = dip(values)
    return PairGap(found, dip_p(found, len(values)), len(values))
