"""Whether a partition is better than any of data without groups: Gaussian copula draws through the same search.

Add here: other nulls a partition must beat.
Keep out: other evidence (repeatability.py, gap.py), and choosing the segments (choice.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.centres import fit_centres
from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline.clustering.quality import Judge
from segmentation_pipeline.clustering.rows import canonical_order

if TYPE_CHECKING:
    from segmentation_pipeline.clustering.rows import Matrix

COUNTS = range(2, 9)
"""Numbers of clusters searched, in the data and in every draw: selection must happen inside the null."""

DRAWS = 99
"""The smallest p is then .01, as asked."""

MOST_EXCEEDANCES = 3
"""Draws that do as well after which p cannot get under .04 any more: the rest is not drawn."""

STARTS = 3
"""k-means starts per number of clusters; the same for the data and the draws, so it favours neither."""


@dataclass(frozen=True, slots=True)
class BestPartition:
    """The largest mean silhouette over `COUNTS`, and the number of clusters it has; `each` tells all of them."""

    silhouette: float
    k: int
    each: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class NullTest:
    """Largest silhouette of the data, and of each copula draw; p = (1 + draws as large) / (draws + 1)."""

    best: BestPartition
    p: float
    draws: tuple[float, ...]


@one_quiet_thread()
def null_test(features: Matrix, *, seed: int, draws: int = DRAWS) -> NullTest:
    """Compare the data's largest silhouette with that of data of the same marginals and rank correlations.

    A structureless continuum has elongated, skewed and correlated columns too: so must the null (permuted columns
    are beaten by every continuum). Stops after 3 draws as large. Row order has no influence.
    """
    rows = features[canonical_order(features)]
    best = best_partition(rows, seed=seed)
    generator = np.random.default_rng(seed)
    copula = GaussianCopula.of(rows)
    drawn: list[float] = []
    exceedances = 0
    while len(drawn) < draws and exceedances < MOST_EXCEEDANCES:
        drawn.append(best_partition(copula.draw(generator), seed=seed).silhouette)
        exceedances += drawn[-1] >= best.silhouette
    return NullTest(best, (1 + exceedances) / (len(drawn) + 1), tuple(drawn))


def best_partition(rows: Matrix, *, seed: int) -> BestPartition:
    """Return the k-means partition into 2 to 8 clusters with the largest silhouette (fewer for few distinct rows)."""
    judge = Judge.of(rows, seed=seed)
    most = min(COUNTS[-1], len(np.unique(rows, axis=0)) - 1)
    each = [
        (k, judge.silhouette(fit_centres(rows, k=k, seed=seed, starts=STARTS).labels))
        for k in range(COUNTS[0], max(most, COUNTS[0]) + 1)
    ]
    k, silhouette = max(each, key=lambda found: found[1])
    return BestPartition(silhouette, k, tuple(each))


@dataclass(frozen=True, slots=True)
class GaussianCopula:
    """Each column's values in ascending order, and the symmetric root of the correlation of their normal scores."""

    values: Matrix
    root: Matrix

    @classmethod
    def of(cls, rows: Matrix) -> GaussianCopula:
        """Fit to the rows.

        Tied values share the mean of their normal scores, which shrinks covariances by the variance that is left
        (first order of the Hermite expansion); divided by it, they are those of the normals behind the ties. Ties
        broken at random instead would lose them: a count with many zeros came out at .38 for a correlation of .55.
        """
        scores = np.column_stack([_normal_scores(column) for column in rows.T])
        variances = scores.var(axis=0)
        variances[variances <= 0.0] = 1.0  # a constant column: whatever is drawn for it, it stays constant
        untied = _normal_scores(np.arange(float(len(rows)))).var()
        covariances = scores.T @ scores / len(rows)
        correlation = np.clip(covariances * untied / variances[:, None] / variances[None, :], -1.0, 1.0)
        np.fill_diagonal(correlation, 1.0)
        spread, axes = np.linalg.eigh(correlation)
        root = (axes * np.sqrt(np.maximum(spread, 0.0))) @ axes.T  # symmetric: no sign of an axis can show
        return cls(np.sort(rows, axis=0), root)

    def draw(self, generator: np.random.Generator) -> Matrix:
        """Return as many rows as were fitted: every column holds exactly its values, ranked by a normal draw."""
        scores = generator.standard_normal(self.values.shape) @ self.root
        drawn = np.empty_like(self.values)
        np.put_along_axis(drawn, scores.argsort(axis=0), self.values, axis=0)
        return drawn


def _normal_scores(column: Matrix) -> Matrix:
    """Return the normal score of each value's rank; tied values have the mean of theirs."""
    from scipy.special import ndtri

    _, places, counts = np.unique(column, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    summed = np.concatenate([[0.0], np.cumsum(ndtri(np.arange(1, len(column) + 1) / (len(column) + 1)))])
    return np.asarray(((summed[last] - summed[last - counts]) / counts)[places])
