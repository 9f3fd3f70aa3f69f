"""From model features to coordinates: the spaces that candidates are fitted in, and the map.

Add here: which spaces there are and how users outside the fitted sample get their place.
Keep out: the methods (clustering/reduction.py) and tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline.clustering.reduction import (
    NEIGHBOURS,
    UMAP_DIMENSIONS,
    fit_principal_components,
    map_coordinates,
    placed_among,
    umap_coordinates,
)
from segmentation_pipeline.clustering.rows import canonical_order, sample_indexes
from segmentation_pipeline.clustering.scaling import fit_scaling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Indexes, Matrix
    from segmentation_pipeline.clustering.scaling import Scaling
    from segmentation_pipeline.config import SegmentSettings

UMAP_ROWS = 10_000
"""UMAP is fitted on at most this many users (about 20 s); the others are placed among their neighbours."""

PCA = "pca"
UMAP = "umap"
AXIS_PREFIXES = {PCA: "pc", UMAP: "umap"}


@dataclass(frozen=True, slots=True)
class Embedding:
    """Coordinates of users, one row each in the order given; `is_fitted` marks those the spaces were fitted on."""

    spaces: Mapping[str, Matrix]
    places: Matrix
    is_fitted: NDArray[np.bool_]
    scaling: Scaling
    kept_variance: float

    def axes(self) -> dict[str, Matrix]:
        """Return axis name -> values: pc01, pc02, ..., umap01, ..."""
        return {
            f"{AXIS_PREFIXES[space]}{number + 1:02d}": coordinates[:, number]
            for space, coordinates in self.spaces.items()
            for number in range(coordinates.shape[1])
        }


def fitted_rows(matrix: Matrix, settings: SegmentSettings) -> Indexes:
    """Return the rows that models are fitted on, in canonical order: all, or a sample fixed by the seed."""
    order = canonical_order(matrix)
    return order[sample_indexes(len(order), settings.fit_sample, settings.seed)]


@one_quiet_thread()
def embed(names: Sequence[str], matrix: Matrix, settings: SegmentSettings) -> Embedding:
    """Return coordinates of every row; the order of the rows has no influence on them.

    Principal components are always computed: UMAP starts from them. UMAP itself is imported only if a setting
    asks for it.
    """
    fitted = fitted_rows(matrix, settings)
    scaling = fit_scaling(names, matrix[fitted])
    features = scaling.transform(names, matrix)
    components = fit_principal_components(features[fitted])
    reduced = components.transform(features)

    def flattened(reduction: Callable[[Matrix], Matrix]) -> Matrix:
        drawn = fitted[sample_indexes(len(fitted), UMAP_ROWS, settings.seed)]
        coordinates = reduction(reduced[drawn])
        everywhere = np.empty((len(matrix), coordinates.shape[1]))
        everywhere[drawn] = coordinates
        others = np.setdiff1d(np.arange(len(matrix)), drawn)
        if others.size:
            everywhere[others] = placed_among(reduced[drawn], coordinates, reduced[others])
        return everywhere

    def to_cluster_in(rows: Matrix) -> Matrix:
        return umap_coordinates(rows, dimensions=UMAP_DIMENSIONS, min_dist=0.0, seed=settings.seed)

    def to_look_at(rows: Matrix) -> Matrix:
        return map_coordinates(rows, method=settings.map_method, seed=settings.seed)

    spaces: dict[str, Matrix] = {PCA: reduced} if PCA in settings.reductions else {}
    if UMAP in settings.reductions and len(fitted) > NEIGHBOURS:
        spaces[UMAP] = flattened(to_cluster_in)
    is_fitted = np.zeros(len(matrix), dtype=np.bool_)
    is_fitted[fitted] = True
    return Embedding(
        spaces=spaces or {PCA: reduced},
        places=flattened(to_look_at),
        is_fitted=is_fitted,
        scaling=scaling,
        kept_variance=float(components.variance_shares.sum()),
    )


def spaces_of(axes: Mapping[str, Matrix]) -> dict[str, Matrix]:
    """Return the spaces from their axes, axes in order of name: the inverse of `Embedding.axes`."""
    spaces = {}
    for space, prefix in AXIS_PREFIXES.items():
        columns = [values for name, values in sorted(axes.items()) if name.startswith(prefix)]
        if columns:
            spaces[space] = np.column_stack(columns)
    return spaces
