"""From model features to coordinates: the spaces that candidates are fitted in, and the map.

Add here: which spaces there are and how users outside the fitted sample get their place.
Keep out: the methods (clustering/reduction.py) and tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

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
from segmentation_pipeline.clustering.rows import canonical_order, sample_indexes, spread_sample
from segmentation_pipeline.clustering.scaling import fit_scaling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Indexes, Matrix
    from segmentation_pipeline.clustering.scaling import Scaling
    from segmentation_pipeline.config import SegmentSettings

UMAP_ROWS = 10_000
"""UMAP is fitted on at most this many users (about 10 s a space); the others are placed among their neighbours."""

ACTIVITY_PREFIX = "intensity:"
"""The sample of users that models are fitted on is spread over the first feature of this group."""

PCA: Literal["pca"] = "pca"
UMAP: Literal["umap"] = "umap"
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


def fitted_rows(names: Sequence[str], matrix: Matrix, settings: SegmentSettings) -> Indexes:
    """Return the rows that models are fitted on, in canonical order: all, or a sample stratified by activity.

    The sample is spread evenly over the rows from the least to the most active, so that heavy and rare users are in
    it in proportion; it is fixed by the seed and by what the rows hold, not by their order.
    """
    order = canonical_order(matrix)
    if len(order) <= settings.fit_sample:
        return order
    content_rank = np.empty(len(order), dtype=np.int64)
    content_rank[order] = np.arange(len(order))
    activity = next((number for number, name in enumerate(names) if name.startswith(ACTIVITY_PREFIX)), None)
    by_activity = order if activity is None else np.lexsort((content_rank, matrix[:, activity])).astype(np.int64)
    drawn = spread_sample(by_activity, settings.fit_sample, settings.seed)
    return drawn[np.argsort(content_rank[drawn])]


@one_quiet_thread()
def embed(names: Sequence[str], matrix: Matrix, settings: SegmentSettings) -> Embedding:
    """Return coordinates of every row; the order of the rows has no influence on them.

    Principal components are always computed: UMAP starts from them. UMAP itself is imported only if a setting
    asks for it.
    """
    fitted = fitted_rows(names, matrix, settings)
    scaling = fit_scaling(names, matrix[fitted])
    features = scaling.transform(names, matrix)
    components = fit_principal_components(features[fitted])
    reduced = components.transform(features)
    del features
    drawn = fitted[sample_indexes(len(fitted), UMAP_ROWS, settings.seed)]
    to_place = []
    if UMAP in settings.reductions and len(fitted) > NEIGHBOURS:
        to_place.append(umap_coordinates(reduced[drawn], dimensions=UMAP_DIMENSIONS, min_dist=0.0, seed=settings.seed))
    if settings.map_method == UMAP:
        to_place.append(map_coordinates(reduced[drawn], method=UMAP, seed=settings.seed))
    placed = _placed_everywhere(reduced, drawn, to_place)
    places = placed.pop() if settings.map_method == UMAP else map_coordinates(reduced, method=PCA, seed=settings.seed)
    spaces: dict[str, Matrix] = {PCA: reduced} if PCA in settings.reductions else {}
    if placed:
        spaces[UMAP] = placed[0]
    is_fitted = np.zeros(len(matrix), dtype=np.bool_)
    is_fitted[fitted] = True
    return Embedding(
        spaces=spaces or {PCA: reduced},
        places=places,
        is_fitted=is_fitted,
        scaling=scaling,
        kept_variance=float(components.variance_shares.sum()),
    )


def _placed_everywhere(rows: Matrix, drawn: Indexes, fitted: Sequence[Matrix]) -> list[Matrix]:
    """Return coordinates of all rows from those of the drawn ones; neighbours are looked for once, whatever for."""
    if not fitted:
        return []
    coordinates = np.column_stack(fitted)
    everywhere = np.empty((len(rows), coordinates.shape[1]))
    everywhere[drawn] = coordinates
    others = np.setdiff1d(np.arange(len(rows)), drawn)
    if others.size:
        everywhere[others] = placed_among(rows[drawn], coordinates, rows[others])
    ends = np.cumsum([one.shape[1] for one in fitted])[:-1]
    return [np.ascontiguousarray(one) for one in np.split(everywhere, ends, axis=1)]


def spaces_of(axes: Mapping[str, Matrix]) -> dict[str, Matrix]:
    """Return the spaces from their axes, axes in order of name: the inverse of `Embedding.axes`."""
    spaces = {}
    for space, prefix in AXIS_PREFIXES.items():
        columns = [values for name, values in sorted(axes.items()) if name.startswith(prefix)]
        if columns:
            spaces[space] = np.column_stack(columns)
    return spaces
