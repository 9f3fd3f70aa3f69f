"""How far a partition comes back when the rows are drawn again: bootstrap Jaccard per cluster.

Add here: further measures of repetition under refitting.
Keep out: figures of a single partition, and what counts as good enough (choice).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.rows import NOISE, sample_indexes

if TYPE_CHECKING:
    from segmentation_pipeline.clustering.candidates import Clusterer
    from segmentation_pipeline.clustering.rows import Labels, Matrix

BOOTSTRAP_ROWS = 3_000
"""Stability is measured on at most this many rows: more rows only make every cluster a little more stable."""

BOOTSTRAP_STARTS = 3


def bootstrap_jaccard(clusterer: Clusterer, rows: Matrix, labels: Labels, *, draws: int, seed: int) -> dict[int, float]:
    """Return for each cluster its mean Jaccard similarity to the best matching cluster of refits (Hennig 2007).

    Each draw resamples the rows with replacement, refits and compares on the rows drawn. A cluster that no
    draw touches has similarity 0. The space itself is not refitted: for UMAP coordinates the figure is an upper
    bound.
    """
    sample = sample_indexes(len(rows), BOOTSTRAP_ROWS, seed)
    sampled_rows, sampled_labels = rows[sample], labels[sample]
    clusters = [int(label) for label in np.unique(labels) if label != NOISE]
    generator = np.random.default_rng(seed)
    similarity = np.zeros((draws, len(clusters)))
    for draw in range(draws):
        drawn = np.sort(generator.integers(0, len(sample), size=len(sample)))
        again = clusterer.fit(sampled_rows[drawn], seed=seed + draw + 1, starts=BOOTSTRAP_STARTS)
        present, first = np.unique(drawn, return_index=True)
        similarity[draw] = _best_matches(sampled_labels[present], again[first], clusters)
    return dict(zip(clusters, similarity.mean(axis=0).tolist(), strict=True))


def _best_matches(labels: Labels, again: Labels, clusters: list[int]) -> list[float]:
    found = [int(label) for label in np.unique(again) if label != NOISE]
    best = []
    for cluster in clusters:
        members = labels == cluster
        overlaps = [float((members & (again == other)).sum() / (members | (again == other)).sum()) for other in found]
        best.append(max(overlaps, default=0.0))
    return best
