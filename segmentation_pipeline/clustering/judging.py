"""Every candidate judged on the same rows in feature space, whatever space it was fitted in.

Add here: which candidates are fitted, and figures of a single one.
Keep out: choosing between them (choice), the methods (candidates) and what figures mean (quality, stability).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering import candidates, quality
from segmentation_pipeline.clustering.incumbent import FEATURE_SPACE, WarmKMeans
from segmentation_pipeline.clustering.rows import NOISE, cluster_count, ordered_by_size
from segmentation_pipeline.clustering.stability import jaccard_draws, mean_jaccards

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.clustering.candidates import Clusterer, Method, Parameters
    from segmentation_pipeline.clustering.choice import ChoiceOptions
    from segmentation_pipeline.clustering.incumbent import Incumbent
    from segmentation_pipeline.clustering.rows import Labels, Matrix

UMAP_SPACE = "umap"
"""Space whose gaps prove nothing: UMAP tears structureless data into islands."""

LEAST_SHARE = 0.05
"""A segment under 5 % of users would be retired, so it is not born either."""

FIT_STARTS = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """One candidate with its figures; `labels` are raw, by falling size, -1 for noise."""

    candidate_id: str
    clusterer: Clusterer
    space: str
    labels: Labels
    cluster_count: int
    noise_share: float
    silhouette: float
    dbcv: float | None
    smallest_share: float
    jaccard_draws: Mapping[int, tuple[float, ...]] | None = None
    is_chosen: bool = False
    reason: str = ""

    @property
    def method(self) -> Method:
        """Family of the candidate."""
        return self.clusterer.method

    @property
    def parameters(self) -> Parameters:
        """What the method was asked to do."""
        return self.clusterer.parameters

    @property
    def jaccards(self) -> Mapping[int, float] | None:
        """Mean bootstrap Jaccard of each cluster; None where it was not measured."""
        return None if self.jaccard_draws is None else mean_jaccards(self.jaccard_draws)

    @property
    def min_jaccard(self) -> float | None:
        """Stability of the least stable cluster; None where it was not measured."""
        return min(self.jaccards.values(), default=0.0) if self.jaccards is not None else None


def judge_all(
    judge: quality.Judge,
    features: Matrix,
    spaces: Mapping[str, Matrix],
    counts: range,
    options: ChoiceOptions,
) -> list[Judged]:
    """Fit and judge every candidate of the spaces; rows of `features` and spaces are the same."""
    methods: Sequence[Method] = (
        ("kmeans", "gaussian_mixture", "hdbscan") if options.method == "auto" else (options.method,)
    )
    judged = []
    for space_name, space in spaces.items():
        # Mixtures model densities, and UMAP's densities are its own invention: k-means only in there.
        centroid_methods = [method for method in methods if method == "kmeans" or space_name != UMAP_SPACE]
        grid = candidates.centroid_grid(centroid_methods, counts, options.covariance)
        if "hdbscan" in methods or space_name != UMAP_SPACE:  # where not asked for: as a control of borders
            grid += candidates.density_grid(len(space), options.min_cluster_share, options.min_samples)
        judged += [_judged(judge, features, clusterer, space_name, space, options) for clusterer in grid]
    return judged


def judge_incumbent(judge: quality.Judge, features: Matrix, incumbent: Incumbent, options: ChoiceOptions) -> Judged:
    """Return the partition the incumbent's centres make of the rows; clusters under 5 % of them are given up."""
    return _judged(judge, features, WarmKMeans(incumbent.centres, LEAST_SHARE), FEATURE_SPACE, features, options)


def _judged(
    judge: quality.Judge,
    features: Matrix,
    clusterer: Clusterer,
    space_name: str,
    space: Matrix,
    options: ChoiceOptions,
) -> Judged:
    labels = ordered_by_size(clusterer.fit(space, seed=options.seed, starts=FIT_STARTS), features)
    return Judged(
        candidate_id=f"{clusterer.name}-{space_name}",
        clusterer=clusterer,
        space=space_name,
        labels=labels,
        cluster_count=cluster_count(labels),
        noise_share=quality.noise_share(labels),
        silhouette=judge.silhouette(labels),
        dbcv=judge.density_validity(labels) if clusterer.method == "hdbscan" else None,
        smallest_share=quality.smallest_share(labels),
    )


def with_stability(one: Judged, space: Matrix, options: ChoiceOptions) -> Judged:
    """Return the candidate with its clusters' stability when its rows are redrawn; the incumbent without its memory."""
    clusterer = one.clusterer.redrawn_by(one.cluster_count) if isinstance(one.clusterer, WarmKMeans) else one.clusterer
    draws = jaccard_draws(clusterer, space, one.labels, draws=options.draws, seed=options.seed)
    return replace(one, jaccard_draws=draws)


def contradiction(labels: Labels, groups: Labels) -> float:
    """Return the larger of two shares: rows outside their cluster's main group, and the other way round.

    0 when both are the same partition; rows that are noise in either are left out.
    """
    return max(share_outside(labels, groups), share_outside(groups, labels))


def share_outside(labels: Labels, groups: Labels) -> float:
    """Return the share of rows outside their cluster's main group: 0 when clusters are parts of groups."""
    both = (labels != NOISE) & (groups != NOISE)
    outside = 0
    for label in np.unique(labels[both]):
        _, sizes = np.unique(groups[both & (labels == label)], return_counts=True)
        outside += int(sizes.sum() - sizes.max())
    return outside / max(int(both.sum()), 1)
