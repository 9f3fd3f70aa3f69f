"""Candidate methods behind one small protocol, and the grid of them that a choice is made from.

Add here: another method (a frozen dataclass with its parameters and `fit`), or another grid.
Keep out: judging and choosing between candidates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import numpy as np

from segmentation_pipeline.clustering.reduction import nearest_rows
from segmentation_pipeline.clustering.rows import sample_indexes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from segmentation_pipeline.clustering.rows import Labels, Matrix

Method: TypeAlias = Literal["kmeans", "hdbscan", "gaussian_mixture"]
Covariance: TypeAlias = Literal["tied", "diag"]
Parameters: TypeAlias = dict[str, int | float | str]

DENSITY_ROWS = 10_000
"""HDBSCAN is fitted on at most this many rows (its cost grows faster than linearly in ten dimensions)."""

SMALLEST_DENSE_SHARES = (0.05, 0.08, 0.12)
"""HDBSCAN's min_cluster_size as a share of the rows: segments under 5 % would be retired anyway."""

SMALLEST_DENSE_ROWS = 5
"""Under it HDBSCAN calls any handful of near rows a cluster."""

DENSE_SAMPLES = (3, 5, 10)
"""HDBSCAN's min_samples, well under min_cluster_size: at its default (equal) a third of the rows are noise."""

COVARIANCES: tuple[Covariance, ...] = ("tied", "diag")

RIDGE = 1e-4
"""Added to every variance of a mixture component; the features have unit scale."""


class Clusterer(Protocol):
    """A clustering method with its parameters: rows in, one raw label per row out (-1 = noise)."""

    @property
    def method(self) -> Method:
        """Name of the family."""
        ...

    @property
    def name(self) -> str:
        """Short unique name within a grid, e.g. `kmeans-5`."""
        ...

    @property
    def parameters(self) -> Parameters:
        """What it was asked to do, for the table of candidates."""
        ...

    def fit(self, rows: Matrix, *, seed: int, starts: int) -> Labels:
        """Return raw labels; `starts` random starts are tried where the method has them."""
        ...


@dataclass(frozen=True, slots=True)
class KMeans:
    """Lloyd's k-means with k-means++ starts (Arthur, Vassilvitskii 2007)."""

    k: int
    method: Method = "kmeans"

    @property
    def name(self) -> str:
        """`kmeans-k`."""
        return f"kmeans-{self.k}"

    @property
    def parameters(self) -> Parameters:
        """Number of clusters."""
        return {"k": self.k}

    def fit(self, rows: Matrix, *, seed: int, starts: int) -> Labels:
        """Return the nearest of k centres."""
        from sklearn.cluster import KMeans as Lloyd

        fitted = Lloyd(n_clusters=self.k, n_init=starts, random_state=seed).fit(rows)
        return np.asarray(fitted.labels_, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class GaussianMixture:
    """Mixture of k normals, one covariance for all (`tied`) or a diagonal one each (`diag`)."""

    k: int
    covariance: Covariance
    method: Method = "gaussian_mixture"

    @property
    def name(self) -> str:
        """`gaussian_mixture-covariance-k`."""
        return f"gaussian_mixture-{self.covariance}-{self.k}"

    @property
    def parameters(self) -> Parameters:
        """Number of components and the form of their covariance."""
        return {"k": self.k, "covariance": self.covariance}

    def fit(self, rows: Matrix, *, seed: int, starts: int) -> Labels:
        """Return the likeliest component, the mixture started from the best of `starts` k-means fits."""
        from sklearn.mixture import GaussianMixture as Mixture

        members = KMeans(self.k).fit(rows, seed=seed, starts=starts)
        means = np.vstack([rows[members == label].mean(axis=0) for label in range(self.k) if (members == label).any()])
        mixture = Mixture(
            n_components=len(means),
            covariance_type=self.covariance,
            means_init=means,
            reg_covar=RIDGE,
            random_state=seed,
        )
        return np.asarray(mixture.fit_predict(rows), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Hdbscan:
    """Density clusters of every scale (Campello, Moulavi, Sander 2013); what is not dense is noise."""

    least_share: float
    min_samples: int
    method: Method = "hdbscan"

    @property
    def name(self) -> str:
        """`hdbscan-least share in percent-min_samples`."""
        return f"hdbscan-{self.least_share:.0%}-{self.min_samples}".replace("%", "pct")

    @property
    def parameters(self) -> Parameters:
        """Smallest cluster as a share of the rows, and the neighbours that make a row dense."""
        return {"min_cluster_share": self.least_share, "min_samples": self.min_samples}

    def fit(self, rows: Matrix, *, seed: int, starts: int) -> Labels:  # noqa: ARG002  nothing random in it
        """Return density labels; beyond 10,000 rows the others take the label of their nearest fitted row."""
        import hdbscan

        fitted = sample_indexes(len(rows), DENSITY_ROWS, seed)
        found = hdbscan.HDBSCAN(
            min_cluster_size=max(SMALLEST_DENSE_ROWS, round(self.least_share * len(fitted))),
            min_samples=self.min_samples,
            core_dist_n_jobs=1,
        ).fit(rows[fitted])
        labels = np.asarray(found.labels_, dtype=np.int64)
        if len(fitted) == len(rows):
            return labels
        return np.asarray(labels[nearest_rows(rows[fitted], rows, count=1)[:, 0]], dtype=np.int64)


def centroid_grid(
    methods: Iterable[Method], counts: Sequence[int], covariance: Covariance | None = None
) -> list[Clusterer]:
    """Return k-means and the two Gaussian mixtures, as far as asked for, at every number of clusters."""
    wanted = set(methods)
    grid: list[Clusterer] = []
    for k in counts:
        if "kmeans" in wanted:
            grid.append(KMeans(k))
        if "gaussian_mixture" in wanted:
            grid += [GaussianMixture(k, form) for form in COVARIANCES if covariance in {None, form}]
    return grid


def density_grid(row_count: int, least_share: float | None = None, min_samples: int | None = None) -> list[Clusterer]:
    """Return HDBSCAN over a small grid, min_samples at most half of min_cluster_size; a value given is the only one."""
    shares = SMALLEST_DENSE_SHARES if least_share is None else (least_share,)
    if min_samples is not None:
        return [Hdbscan(share, min_samples) for share in shares]
    return [
        Hdbscan(share, samples)
        for share in shares
        for samples in DENSE_SAMPLES
        if 2 * samples <= max(2 * SMALLEST_DENSE_ROWS, round(share * row_count))
    ]
