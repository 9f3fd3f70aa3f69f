"""k-means with its centres, and rows given to the nearest of them: what tests between halves are made of.

Add here: other uses of centres that several tests share.
Keep out: what the tests conclude, and candidates for a choice (candidates.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from segmentation_pipeline.clustering.rows import Labels, Matrix


@dataclass(frozen=True, slots=True)
class Centres:
    """Fitted centres (k x columns) and the label of each row they were fitted on."""

    places: Matrix
    labels: Labels

    @property
    def k(self) -> int:
        """Number of centres."""
        return len(self.places)

    def nearest(self, rows: Matrix) -> Labels:
        """Return the number of the nearest centre for each row."""
        lengths = (self.places**2).sum(axis=1)
        return np.asarray((lengths[None, :] - 2.0 * rows @ self.places.T).argmin(axis=1), dtype=np.int64)


def fit_centres(rows: Matrix, *, k: int, seed: int, starts: int) -> Centres:
    """Fit k-means (Lloyd; k-means++ starts of Arthur, Vassilvitskii 2007); the caller fixes the row order."""
    from sklearn.cluster import KMeans

    fitted = KMeans(n_clusters=k, n_init=starts, random_state=seed).fit(rows)
    return Centres(np.asarray(fitted.cluster_centers_), np.asarray(fitted.labels_, dtype=np.int64))
