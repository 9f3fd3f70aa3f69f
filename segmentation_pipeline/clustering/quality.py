"""How good a partition is, judged on the same rows in feature space whatever space it was found in.

Add here: figures of one partition.
Keep out: refitting (stability) and comparing candidates (choice).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.rows import NOISE, cluster_count, sample_indexes

if TYPE_CHECKING:
    from segmentation_pipeline.clustering.rows import Indexes, Labels, Matrix

SILHOUETTE_ROWS = 5_000
"""Pairwise distances of 5,000 rows take 200 MB; the standard error of the mean is then about .003."""

DENSITY_ROWS = 2_000
"""Density-based validity holds several matrices of pairwise distances."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Figures of many partitions of the same rows: distances, and the validity of a partition, computed once."""

    features: Matrix
    seed: int
    sample: Indexes
    distances: Matrix
    validities: dict[bytes, float | None]

    @classmethod
    def of(cls, features: Matrix, *, seed: int) -> Judge:
        """Prepare the judge for the rows, on a fixed sample of at most 5,000 of them."""
        sample = sample_indexes(len(features), SILHOUETTE_ROWS, seed)
        return cls(features, seed, sample, _pairwise_distances(features[sample]), {})

    def silhouette(self, labels: Labels) -> float:
        """Return the mean silhouette over *all* rows, noise and lone rows counting 0; 0 under two clusters.

        Rousseeuw 1987. Leaving noise out of the mean would reward calling the hard rows noise.
        """
        judged = labels[self.sample]
        found = np.unique(judged[judged != NOISE])
        if found.size < 2:
            return 0.0
        member = (judged[:, None] == found[None, :]).astype(np.float64)
        sizes = member.sum(axis=0)
        sums = self.distances @ member
        own = member.astype(bool)
        clustered = judged != NOISE

        own_size = member @ sizes
        within = np.where(own, sums, 0.0).sum(axis=1) / np.maximum(own_size - 1, 1)
        between = np.where(own, np.inf, sums / sizes).min(axis=1)
        widest = np.maximum(within, between)
        countable = clustered & (own_size > 1) & (widest > 0)
        values = np.zeros(len(judged))
        values[countable] = (between[countable] - within[countable]) / widest[countable]
        return float(values.mean())

    def density_validity(self, labels: Labels) -> float | None:
        """Return DBCV of the partition; equal partitions are computed once."""
        partition = labels.tobytes()
        if partition not in self.validities:
            self.validities[partition] = density_validity(self.features, labels, seed=self.seed)
        return self.validities[partition]


def noise_share(labels: Labels) -> float:
    """Return the share of rows without a cluster."""
    return float((labels == NOISE).mean())


def smallest_share(labels: Labels) -> float:
    """Return the smallest cluster's share of all rows; 0 when there is no cluster."""
    clustered = labels[labels != NOISE]
    if clustered.size == 0:
        return 0.0
    _, sizes = np.unique(clustered, return_counts=True)
    return float(sizes.min() / labels.size)


def density_validity(features: Matrix, labels: Labels, *, seed: int) -> float | None:
    """Return DBCV in feature space (Moulavi et al. 2014), -1 to 1; None when it is not defined.

    Computed here rather than taken from the fit: HDBSCAN's own figure compares only within one embedding.
    """
    from hdbscan.validity import validity_index

    sample = sample_indexes(len(features), DENSITY_ROWS, seed)
    judged = labels[sample]
    sizes = np.unique(judged[judged != NOISE], return_counts=True)[1]
    if cluster_count(judged) < 2 or int(sizes.min()) < 3:
        return None
    with np.errstate(all="ignore"):
        value = float(validity_index(np.ascontiguousarray(features[sample]), judged))
    return value if np.isfinite(value) else None


def _pairwise_distances(rows: Matrix) -> Matrix:
    squares = (rows**2).sum(axis=1)
    squared = squares[:, None] + squares[None, :] - 2.0 * rows @ rows.T
    np.fill_diagonal(squared, 0.0)
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)), dtype=np.float64)
