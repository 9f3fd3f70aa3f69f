"""Membership: the posterior of a shrunken Gaussian per segment, one definition whatever made the segments.

Add here: what is needed to score rows with a stored model.
Keep out: how segments were found, and their names (segments are numbers 0, 1, ... here).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation_pipeline.clustering.rows import NOISE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Labels, Matrix

SCORING_ROWS = 50_000
"""Rows scored at a time: bounds memory at about 20 MB per segment and 40 features."""

LEAST_VARIANCE = 1e-6
"""Added to the pooled variances (scaled features, unit scale) so that a column without spread inside the
segments does not make the covariance singular."""

SHARE_TOLERANCE = 1e-6
"""How far a stored model's shares may be from summing to 1: rounding, not another model."""

UNCLASSIFIED = NOISE
"""Segment number of a row whose best posterior is under the floor."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the model says of each row; all arrays have one entry per row.

    `segment` is -1 where the likeliest segment stays under the floor; `likeliest` and `runner_up` ignore the
    floor (runner_up = likeliest when there is one segment only); `membership` is the likeliest's posterior.
    """

    segment: Labels
    likeliest: Labels
    runner_up: Labels
    membership: Matrix


@dataclass(frozen=True, slots=True)
class Membership:
    """A Gaussian per segment in feature space: shares (k), means (k x p), covariances (k x p x p)."""

    shares: Matrix
    means: Matrix
    covariances: NDArray[np.float64]

    def posteriors(self, features: Matrix) -> Matrix:
        """Return rows x segments; each row sums to 1."""
        scored = np.empty((len(features), len(self.shares)))
        whitening = [np.linalg.inv(np.linalg.cholesky(covariance)) for covariance in self.covariances]
        for start in range(0, len(features), SCORING_ROWS):
            batch = slice(start, start + SCORING_ROWS)
            scored[batch] = self._posteriors(features[batch], whitening)
        return scored

    def assign(self, features: Matrix, *, floor: float) -> Assignment:
        """Return the segment of every row, `unclassified` (-1) where no posterior reaches the floor."""
        posteriors = self.posteriors(features)
        rank = np.argsort(-posteriors, axis=1, kind="stable").astype(np.int64)
        likeliest = rank[:, 0]
        membership = posteriors[np.arange(len(features)), likeliest]
        return Assignment(
            segment=np.where(membership >= floor, likeliest, UNCLASSIFIED),
            likeliest=likeliest,
            runner_up=rank[:, min(1, rank.shape[1] - 1)],
            membership=membership,
        )

    def subset(self, segments: list[int]) -> Membership:
        """Return the model of these segments only, in this order, their shares rescaled to sum to 1."""
        shares = self.shares[segments]
        return Membership(shares / shares.sum(), self.means[segments], self.covariances[segments])

    def to_json(self) -> dict[str, Any]:
        """Return plain lists; floats survive JSON to the last bit."""
        return {
            "shares": self.shares.tolist(),
            "means": self.means.tolist(),
            "covariances": self.covariances.tolist(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Membership:
        """Return the model that `to_json` described.

        Raises:
            ValueError: it is none; so do KeyError and TypeError where a part is missing or of a wrong type.
        """
        read = cls(
            shares=np.asarray(stored["shares"], dtype=np.float64),
            means=np.asarray(stored["means"], dtype=np.float64),
            covariances=np.asarray(stored["covariances"], dtype=np.float64),
        )
        read._refuse_nonsense()
        return read

    def _refuse_nonsense(self) -> None:
        if self.shares.ndim != 1 or self.means.ndim != 2 or not len(self.shares):
            raise ValueError("the membership has no segments, or shares or means of a wrong shape")
        count, width = self.means.shape
        if self.shares.shape != (count,) or self.covariances.shape != (count, width, width):
            raise ValueError("the membership's shares, means and covariances do not belong together")
        if not all(np.isfinite(part).all() for part in (self.shares, self.means, self.covariances)):
            raise ValueError("the membership has values that are no numbers")
        if self.shares.min() <= 0 or abs(float(self.shares.sum()) - 1) > SHARE_TOLERANCE:
            raise ValueError("the membership's shares are not positive or do not sum to 1")
        if not np.allclose(self.covariances, self.covariances.transpose(0, 2, 1)):
            raise ValueError("a covariance of the membership is not symmetric")
        np.linalg.cholesky(self.covariances)  # LinAlgError, a ValueError, unless all are positive definite

    def _posteriors(self, features: Matrix, whitening: list[Matrix]) -> Matrix:
        log_densities = np.empty((len(features), len(self.shares)))
        for segment, whiten in enumerate(whitening):
            distances = ((features - self.means[segment]) @ whiten.T) ** 2
            log_determinant = -2.0 * np.log(np.diag(whiten)).sum()
            log_densities[:, segment] = (
                np.log(self.shares[segment]) - 0.5 * distances.sum(axis=1) - 0.5 * log_determinant
            )
        log_densities -= log_densities.max(axis=1, keepdims=True)
        densities = np.exp(log_densities)
        return np.asarray(densities / densities.sum(axis=1, keepdims=True), dtype=np.float64)


def fit_membership(features: Matrix, labels: Labels) -> Membership:
    """Learn a Gaussian per segment 0..k-1 from its rows (noise rows are left out).

    The pooled within-segment covariance is shrunk to a multiple of the identity, each segment's own to the
    pooled one, both by the weight that minimises expected squared error (Ledoit, Wolf 2004), the latter as if
    one row more than there are columns had the pooled shape: segments with few rows share that shape (linear
    borders), large ones keep their own.
    """
    segments = range(int(labels.max()) + 1)
    members = [features[labels == segment] for segment in segments]
    means = np.vstack([rows.mean(axis=0) for rows in members])
    residuals = np.vstack([rows - mean for rows, mean in zip(members, means, strict=True)])
    pooled = _shrunk_to_identity(residuals)
    root = np.linalg.cholesky(pooled)
    unroot = np.linalg.inv(root)
    covariances = []
    for rows, mean in zip(members, means, strict=True):
        whitened = _shrunk_to_unit((rows - mean) @ unroot.T)
        covariances.append(root @ whitened @ root.T)
    sizes = np.array([len(rows) for rows in members], dtype=np.float64)
    return Membership(shares=sizes / sizes.sum(), means=means, covariances=np.array(covariances))


def _shrunk_to_identity(residuals: Matrix) -> Matrix:
    width = residuals.shape[1]
    covariance = residuals.T @ residuals / len(residuals)
    target = np.eye(width) * max(float(np.trace(covariance)) / width, LEAST_VARIANCE)
    weight = _shrinkage_weight(residuals, covariance, target)
    shrunk = (1 - weight) * covariance + weight * target + LEAST_VARIANCE * np.eye(width)
    return np.asarray(shrunk, dtype=np.float64)


def _shrunk_to_unit(whitened: Matrix) -> Matrix:
    count, width = whitened.shape
    covariance = whitened.T @ whitened / count
    target = np.eye(width)
    # The weight is estimated too: a handful of rows that happen to agree (or are the same) would get none.
    least_weight = (width + 1) / (count + width + 1)
    weight = max(_shrinkage_weight(whitened, covariance, target), least_weight)
    return np.asarray((1 - weight) * covariance + weight * target, dtype=np.float64)


def _shrinkage_weight(residuals: Matrix, covariance: Matrix, target: Matrix) -> float:
    """Return estimation error of the covariance over its distance from the target, at most 1."""
    count = len(residuals)
    distance = float(((covariance - target) ** 2).sum())
    if distance == 0.0:
        return 1.0
    fourth_moments = float(((residuals**2).sum(axis=1) ** 2).sum()) / count**2
    error = fourth_moments - float((covariance**2).sum()) / count
    return float(np.clip(error / distance, 0.0, 1.0))
