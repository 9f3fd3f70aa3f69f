"""Rows with a known partition, for tests of clustering."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from segmentation_pipeline.clustering.rows import Labels, Matrix


def blobs(*, centres: list[list[float]], each: int, spread: float = 0.5, seed: int = 0) -> tuple[Matrix, Labels]:
    """Return rows scattered around the centres, and which centre each belongs to."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(centres)), each)
    rows = np.asarray(centres, dtype=np.float64)[truth] + rng.normal(0, spread, (len(truth), len(centres[0])))
    return rows, truth


def benchmark(shared_data: Path, name: str) -> tuple[Matrix, Labels]:
    """Return a labelled benchmark of Ultsch's Fundamental Clustering Problems Suite."""
    folder = shared_data / "clustering" / "fcps"

    def table(kind: str) -> Matrix:
        with gzip.open(folder / f"{name}.{kind}.gz", "rt") as lines:
            return np.loadtxt(lines)

    return table("data"), table("labels0").astype(np.int64)


def agreement(first: Labels, second: Labels) -> float:
    """Return the adjusted Rand index of two partitions."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(first, second))
