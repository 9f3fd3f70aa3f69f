"""Whether a partition comes back in other data: of the same users (repeat), or of other users (prediction strength).

Add here: further measures of agreement between two halves.
Keep out: refitting on the same data drawn again (stability.py), and what counts as enough (verdict.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.centres import fit_centres
from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline.clustering.rows import canonical_order

if TYPE_CHECKING:
    from segmentation_pipeline.clustering.rows import Labels, Matrix

PERMUTATIONS = 199
"""The smallest p is then .005, under the .01 asked."""

STARTS = 10
"""k-means starts on a half: a local optimum would look like a partition that does not repeat."""


@dataclass(frozen=True, slots=True)
class Halves:
    """The same users seen in two halves of their visits: users x columns, row i is one user in both."""

    a: Matrix
    b: Matrix

    def in_canonical_order(self) -> Halves:
        """Return the halves with their rows in an order that hangs on the content alone."""
        order = canonical_order(np.hstack([self.a, self.b]))
        return Halves(self.a[order], self.b[order])


@dataclass(frozen=True, slots=True)
class Repeat:
    """Adjusted Rand index between halves, mean of both directions; `draws` are those of permuted users."""

    value: float
    p: float
    k: int
    draws: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PredictionStrength:
    """Prediction strength between two halves of the users, mean over directions; `splits` holds each split's."""

    value: float
    k: int
    splits: tuple[float, ...]


def repeat_of(halves: Halves, *, k: int, seed: int, permutations: int = PERMUTATIONS) -> Repeat:
    """Return how far k-means on one half says the same of the users as their other half does.

    k-means on A; the same users are labelled from B by A's centres; adjusted Rand index (Hubert, Arabie 1985)
    of the two labellings; mean of this and the other direction. p: share of permutations of the users (the one
    observed among them) that agree as well. Row order has no influence; columns must be scaled alike.
    """
    ordered = halves.in_canonical_order()
    with one_quiet_thread():
        pairs = [_labelled_twice(*way, k=k, seed=seed) for way in ((ordered.a, ordered.b), (ordered.b, ordered.a))]
    generator = np.random.default_rng(seed)
    value = float(np.mean([adjusted_rand(first, second) for first, second in pairs]))
    draws = []
    for _ in range(permutations):
        shuffled = generator.permutation(len(ordered.a))
        draws.append(float(np.mean([adjusted_rand(first, second[shuffled]) for first, second in pairs])))
    as_good = sum(draw >= value for draw in draws)
    return Repeat(value, (1 + as_good) / (permutations + 1), k, tuple(draws))


def prediction_strength(features: Matrix, *, k: int, seed: int, splits: int = 5) -> PredictionStrength:
    """Return how far one half of the users says the same of the other half's clusters (Tibshirani, Walther 2005).

    Per split and direction: the smallest share, over the clusters of one half, of its pairs of users that the
    other half's centres keep together. A lone user has no pair and counts 1. Row order has no influence.
    """
    rows = features[canonical_order(features)]
    generator = np.random.default_rng(seed)
    found = []
    with one_quiet_thread():
        for _ in range(splits):
            first, second = split_users(len(rows), generator)
            ways = ((rows[first], rows[second]), (rows[second], rows[first]))
            found.append(float(np.mean([_kept_together(*way, k=k, seed=seed) for way in ways])))
    return PredictionStrength(float(np.mean(found)), k, tuple(found))


def split_users(count: int, generator: np.random.Generator) -> tuple[Labels, Labels]:
    """Return the row numbers of two random halves, each in ascending order."""
    shuffled = generator.permutation(count)
    return np.sort(shuffled[: count // 2]), np.sort(shuffled[count // 2 :])


def adjusted_rand(labels: Labels, others: Labels) -> float:
    """Return the adjusted Rand index of two labellings with labels 0, 1, ...; 1 when both are one cluster."""
    width = int(others.max()) + 1
    table = np.bincount(labels * width + others, minlength=(int(labels.max()) + 1) * width).reshape(-1, width)
    pairs, first, second = (_pairs(counts) for counts in (table, table.sum(axis=1), table.sum(axis=0)))
    expected = first * second / _pairs(np.array([len(labels)]))
    largest = (first + second) / 2
    return 1.0 if largest == expected else float((pairs - expected) / (largest - expected))


def _pairs(counts: Labels) -> float:
    return float((counts * (counts - 1)).sum() / 2)


def _labelled_twice(here: Matrix, there: Matrix, *, k: int, seed: int) -> tuple[Labels, Labels]:
    centres = fit_centres(here, k=k, seed=seed, starts=STARTS)
    return centres.labels, centres.nearest(there)


def _kept_together(here: Matrix, there: Matrix, *, k: int, seed: int) -> float:
    own = fit_centres(there, k=k, seed=seed, starts=STARTS).labels
    predicted = fit_centres(here, k=k, seed=seed, starts=STARTS).nearest(there)
    shares = []
    for label in np.unique(own):
        together = np.bincount(predicted[own == label])
        possible = _pairs(np.array([together.sum()]))
        shares.append(_pairs(together) / possible if possible else 1.0)
    return min(shares)
