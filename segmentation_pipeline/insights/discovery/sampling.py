"""Which users stand for all: few, the same ones on every rerun, spread over every kind of behaviour.

Add here: another notion of representative. Keep out: what is told of the users chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.rows import canonical_order
from segmentation_pipeline.insights.discovery.vectors import (
    ACTION_SHARE,
    TIME_OF_DAY,
    WORKFLOW,
    Detail,
)

if TYPE_CHECKING:
    from segmentation_pipeline.clustering.rows import Indexes, Matrix
    from segmentation_pipeline.insights.discovery.vectors import BehaviourVectors

SMALLEST_SAMPLE = 50
LARGEST_SAMPLE = 200
"""Users a discovery looks at, at least (where there are so many) and at most."""

HALVINGS = 8
"""256 parts: more than the largest sample has users."""

SMALLEST_HALVED = 3

BLOCKS = ((TIME_OF_DAY, 0.5), (WORKFLOW, 0.25), (ACTION_SHARE, 1.0))
"""Weight of a column of a block: one-hot columns that tell one thing together must not outvote the measures."""


def scaled_columns(vectors: BehaviourVectors, detail: Detail) -> Matrix:
    """Return users x features, each of unit variance before its block's weight; constant ones are left out."""
    kept = []
    for name, values in vectors.columns(detail).items():
        block = next((weight for prefix, weight in BLOCKS if name.startswith(prefix)), None)
        told = np.log1p(values) if block is None else np.sqrt(values)
        spread = float(told.std()) if len(vectors) else 0.0
        if spread > 1e-9:
            kept.append((told - told.mean()) / spread * (1.0 if block is None else block))
    return np.column_stack(kept) if kept else np.zeros((len(vectors), 0))


def spread_order(vectors: BehaviourVectors) -> Indexes:
    """Return all users in an order of which any beginning is spread over the whole.

    Users are put in a row by halving them again and again along their widest direction (principal direction divisive
    partitioning, Boley 1998), and visited by the van der Corput sequence (1935), which fills a line evenly however
    early it is broken off. Ids have no influence beyond users who are exactly alike, nor has the order of rows.
    """
    matrix = scaled_columns(vectors, Detail.FULL)
    line = _line(matrix, canonical_order(matrix), HALVINGS)
    return line[_van_der_corput(len(line))]


def _line(matrix: Matrix, rows: Indexes, depth: int) -> Indexes:
    """Return the rows so that neighbours are alike."""
    if depth == 0 or len(rows) <= SMALLEST_HALVED or not matrix.shape[1]:
        return rows
    centred = matrix[rows] - matrix[rows].mean(axis=0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    direction = 1.0 if axis[int(np.argmax(np.abs(axis)))] > 0 else -1.0
    ordered = rows[np.argsort(np.round(centred @ axis * direction, 9), kind="stable")]
    half = len(ordered) // 2
    return np.concatenate([_line(matrix, ordered[:half], depth - 1), _line(matrix, ordered[half:], depth - 1)])


def _van_der_corput(count: int) -> Indexes:
    """Return 0 .. count-1 in the order of their bits reversed, which is even over the line whatever the count."""
    bits = max((count - 1).bit_length(), 1)
    numbers = np.arange(1 << bits, dtype=np.int64)
    reverse = np.zeros_like(numbers)
    for bit in range(bits):
        reverse |= ((numbers >> bit) & 1) << (bits - 1 - bit)
    return reverse[reverse < count]
