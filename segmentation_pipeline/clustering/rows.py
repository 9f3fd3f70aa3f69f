"""Rows as numpy sees them: the array types, the canonical order, deterministic samples.

Add here: operations on the rows as such that every method of this package shares.
Keep out: anything that fits a model.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Matrix: TypeAlias = NDArray[np.float64]
Labels: TypeAlias = NDArray[np.int64]
Indexes: TypeAlias = NDArray[np.int64]

NOISE = -1
"""Raw label of a row that a density method left out; never a segment."""


def canonical_order(matrix: Matrix) -> Indexes:
    """Return the row order by content (first column first), so that no result depends on the order given.

    Seeded methods draw row numbers; fitting rows in this order makes the partition of shuffled rows, and of
    rows under other names, the same partition.
    """
    if matrix.shape[1] == 0:
        return np.arange(matrix.shape[0], dtype=np.int64)
    return np.lexsort(matrix.T[::-1]).astype(np.int64)


def sample_indexes(row_count: int, limit: int, seed: int) -> Indexes:
    """Return at most `limit` distinct row numbers in ascending order; all of them when they fit."""
    if row_count <= limit:
        return np.arange(row_count, dtype=np.int64)
    drawn = np.random.default_rng(seed).choice(row_count, size=limit, replace=False)
    return np.sort(drawn).astype(np.int64)


def spread_sample(order: Indexes, limit: int, seed: int) -> Indexes:
    """Return at most `limit` of the row numbers in `order`, evenly spaced through it; all of them when they fit.

    Systematic sampling with a random start: any stretch of the order (the most active hundredth, say) is
    represented in proportion, give or take one row, as if each step were a stratum of its own.
    """
    if len(order) <= limit:
        return order
    start = np.random.default_rng(seed).random()
    places = np.floor((np.arange(limit) + start) * len(order) / limit).astype(np.int64)
    return order[places]


def ordered_by_size(labels: Labels, matrix: Matrix) -> Labels:
    """Return the labels renumbered 0, 1, ... by falling size, ties by the mean row; noise stays noise."""
    found = [int(label) for label in np.unique(labels) if label != NOISE]

    def rank(label: int) -> tuple[int, tuple[float, ...]]:
        members = matrix[labels == label]
        return (-len(members), tuple(members.mean(axis=0).tolist()))

    renumbered = np.full(labels.shape, NOISE, dtype=np.int64)
    for number, label in enumerate(sorted(found, key=rank)):
        renumbered[labels == label] = number
    return renumbered


def cluster_count(labels: Labels) -> int:
    """Return how many clusters the labels name, noise not among them."""
    return int(np.unique(labels[labels != NOISE]).size)
