"""Fewer axes: principal components, UMAP for clustering, and the two-dimensional map for looking.

Add here: ways from the feature space into a smaller space.
Keep out: judging (that happens in feature space only) and pictures.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from segmentation_pipeline.clustering.fitting import one_quiet_thread

if TYPE_CHECKING:
    from segmentation_pipeline.clustering.rows import Indexes, Matrix

MOST_COMPONENTS = 50
KEPT_VARIANCE = 0.9
"""Share of variance that the kept components explain: the rest is mostly noise of single columns."""

NEIGHBOURS = 30
"""UMAP's n_neighbors: groups of 5 % of 600 users; smaller values tear a continuum into islands."""

MANY_ROWS = 2_000
EPOCHS_OF_MANY = 200
"""UMAP's own number of epochs falls from 500 to 200 beyond 10,000 rows; ours beyond 2,000: at 10,000 rows and five
dimensions 7 s instead of 38 s, and k-means in the result finds planted groups as well (adjusted Rand .61 and .61)."""

UMAP_DIMENSIONS = 5
MAP_MIN_DIST = 0.1
PLACING_NEIGHBOURS = 5
"""A row outside the fitted sample is placed at the mean of this many nearest fitted rows."""


@dataclass(frozen=True, slots=True)
class PrincipalComponents:
    """Fitted principal components, largest variance first; signs fixed so that reruns agree."""

    mean: Matrix
    axes: Matrix
    variance_shares: Matrix

    def transform(self, features: Matrix) -> Matrix:
        """Return rows x components."""
        return np.asarray((features - self.mean) @ self.axes.T, dtype=np.float64)


def fit_principal_components(
    features: Matrix, *, kept_variance: float = KEPT_VARIANCE, most: int = MOST_COMPONENTS
) -> PrincipalComponents:
    """Learn the fewest components (at least two where there are two columns) that keep the variance asked."""
    mean = features.mean(axis=0)
    _, singular, axes = np.linalg.svd(features - mean, full_matrices=False)
    variance = singular**2
    total = float(variance.sum())
    shares = variance / total if total > 0 else np.zeros_like(variance)
    needed = int(np.searchsorted(np.cumsum(shares), kept_variance - 1e-12) + 1)
    count = min(max(needed, 2), most, len(shares))
    largest = np.abs(axes).argmax(axis=1)
    signs = np.where(axes[np.arange(len(axes)), largest] < 0, -1.0, 1.0)
    return PrincipalComponents(mean=mean, axes=(axes * signs[:, None])[:count], variance_shares=shares[:count])


def umap_coordinates(components: Matrix, *, dimensions: int, min_dist: float, seed: int) -> Matrix:
    """Return UMAP coordinates of the rows (McInnes, Healy, Melville 2018), single-threaded and seeded."""
    with one_quiet_thread():
        fitted = (
            _umap()
            .UMAP(
                n_components=dimensions,
                n_neighbors=min(NEIGHBOURS, len(components) - 1),
                min_dist=min_dist,
                n_epochs=EPOCHS_OF_MANY if len(components) > MANY_ROWS else None,
                random_state=seed,
                n_jobs=1,
            )
            .fit_transform(components)
        )
    return np.asarray(fitted, dtype=np.float64)


def _umap() -> Any:
    """Return the package, its slowest functions compiled once an installation instead of once a process (12 s)."""
    import umap
    from umap import umap_, utils

    for function in (utils.fast_knn_indices, umap_.smooth_knn_dist, umap_.compute_membership_strengths):
        with contextlib.suppress(RuntimeError):  # nowhere to keep them: they are compiled again
            function.enable_caching()
    return umap


def map_coordinates(components: Matrix, *, method: Literal["umap", "pca"], seed: int) -> Matrix:
    """Return rows x 2 for looking only: neighbourhoods mean something, distances across the map do not."""
    if method == "umap" and len(components) > NEIGHBOURS // 2:
        return umap_coordinates(components, dimensions=2, min_dist=MAP_MIN_DIST, seed=seed)
    flat = np.zeros((len(components), 2))
    flat[:, : min(2, components.shape[1])] = components[:, :2]
    return flat


def nearest_rows(fitted: Matrix, rows: Matrix, *, count: int) -> Indexes:
    """Return for each row the numbers of its `count` nearest fitted rows (rows x count), nearest first."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=min(count, len(fitted))).fit(fitted)
    return np.asarray(search.kneighbors(rows, return_distance=False), dtype=np.int64)


def placed_among(fitted: Matrix, coordinates: Matrix, rows: Matrix) -> Matrix:
    """Return coordinates for rows outside the sample: the mean of their nearest fitted rows' coordinates."""
    near = nearest_rows(fitted, rows, count=PLACING_NEIGHBOURS)
    return np.asarray(coordinates[near].mean(axis=1), dtype=np.float64)
