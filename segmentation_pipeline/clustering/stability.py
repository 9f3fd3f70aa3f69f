"""How far a partition comes back when rows are drawn again or other seeds are used: Jaccard per cluster, Rand overall.

Add here: further measures of repetition under refitting.
Keep out: figures of a single partition, and what counts as good enough for a choice (choice).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline.clustering.membership import fit_membership
from segmentation_pipeline.clustering.rows import NOISE, canonical_order, sample_indexes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.clustering.candidates import Clusterer
    from segmentation_pipeline.clustering.rows import Labels, Matrix

BOOTSTRAP_ROWS = 3_000
"""Stability is measured on at most this many rows: more rows only make every cluster a little more stable."""

BOOTSTRAP_STARTS = 3

SEED_ROWS = 10_000
"""Refits under other seeds use at most this many rows, as many as a density fit has."""

SEED_STARTS = 10
"""As many starts as the fit itself had: what is asked is whether *this procedure* depends on its seed."""

StabilityWord: TypeAlias = Literal["highly stable", "valid", "pattern", "weak", "dissolved"]

HIGHLY_STABLE = 0.85
VALID = 0.75
PATTERN = 0.6
DISSOLVED = 0.5
"""Mean bootstrap Jaccard of a cluster, read as its author advises (Hennig 2008): above .85 highly stable, from .75 a
valid stable cluster, from .6 a pattern whose members are doubtful, at .5 or less it dissolves."""


@dataclass(frozen=True, slots=True)
class SeedAgreement:
    """Adjusted Rand index of each refit under another seed with the partition, in the order of the seeds."""

    seeds: tuple[int, ...]
    each: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the refits."""
        return float(np.mean(self.each))


def jaccard_draws(
    clusterer: Clusterer, rows: Matrix, labels: Labels, *, draws: int, seed: int
) -> dict[int, tuple[float, ...]]:
    """Return for each cluster, per draw, its Jaccard similarity to the best matching cluster of a refit (Hennig 2007).

    Each draw resamples the rows with replacement, refits and compares on the rows drawn. A cluster that a draw does
    not touch has similarity 0 in it. The space itself is not refitted: for UMAP coordinates the figure is an upper
    bound.
    """
    sample = sample_indexes(len(rows), BOOTSTRAP_ROWS, seed)
    sampled_rows, sampled_labels = rows[sample], labels[sample]
    clusters = [int(label) for label in np.unique(labels) if label != NOISE]
    generator = np.random.default_rng(seed)
    similarity = np.zeros((draws, len(clusters)))
    for draw in range(draws):
        drawn = np.sort(generator.integers(0, len(sample), size=len(sample)))
        again = clusterer.fit(sampled_rows[drawn], seed=seed + draw + 1, starts=BOOTSTRAP_STARTS)
        present, first = np.unique(drawn, return_index=True)
        similarity[draw] = _best_matches(sampled_labels[present], again[first], clusters)
    return {cluster: tuple(similarity[:, place].tolist()) for place, cluster in enumerate(clusters)}


def mean_jaccards(draws: Mapping[int, Sequence[float]]) -> dict[int, float]:
    """Return each cluster's mean over the draws of `jaccard_draws`."""
    return {cluster: float(np.mean(similarities)) for cluster, similarities in draws.items()}


def bootstrap_jaccard(clusterer: Clusterer, rows: Matrix, labels: Labels, *, draws: int, seed: int) -> dict[int, float]:
    """Return each cluster's mean bootstrap Jaccard similarity; see `jaccard_draws`."""
    return mean_jaccards(jaccard_draws(clusterer, rows, labels, draws=draws, seed=seed))


@one_quiet_thread()
def seed_agreement(clusterer: Clusterer, rows: Matrix, labels: Labels, *, seeds: Sequence[int]) -> SeedAgreement:
    """Return how the partition agrees with refits of the same rows under other seeds (Hubert, Arabie 1985).

    Noise counts as a group. Row order has no influence. HDBSCAN draws nothing at random up to 10,000 rows, so it
    agrees wholly there. Beyond 10,000 rows the refits see a sample, and drawing it is part of the disagreement.
    """
    from sklearn.metrics import adjusted_rand_score

    order = canonical_order(rows)
    ordered, ordered_labels = rows[order], labels[order]
    each = []
    for seed in seeds:
        sample = sample_indexes(len(ordered), SEED_ROWS, seed)
        again = clusterer.fit(ordered[sample], seed=seed, starts=SEED_STARTS)
        each.append(float(adjusted_rand_score(ordered_labels[sample], again)))
    return SeedAgreement(tuple(seeds), tuple(each))


@one_quiet_thread()
def refit_agreement(
    clusterer: Clusterer,
    space: Matrix,
    features: Matrix,
    *,
    sizes: tuple[int, int],
    draws: int,
    floor: float,
    seed: int,
) -> tuple[float, ...]:
    """Return how two models of one population agree: the adjusted Rand index of each pair of refits on the same rows.

    Each pair is fitted to two samples of the given sizes drawn from the rows with replacement (clusters in `space`,
    membership in `features`, as a refresh does) and says where the same rows belong. Two draws rather than a draw and
    the rows themselves: both of two months' models carry the chance of who happened to be there.
    """
    from sklearn.metrics import adjusted_rand_score

    order = canonical_order(features)
    order = order[sample_indexes(len(order), SEED_ROWS, seed)]
    ordered, rows = space[order], features[order]
    generator = np.random.default_rng(seed)
    agreements = []
    for draw in range(draws):
        said = []
        for place, size in enumerate(sizes):
            drawn = np.sort(generator.integers(0, len(order), size=min(size, BOOTSTRAP_ROWS)))
            labels = clusterer.fit(ordered[drawn], seed=seed + len(sizes) * draw + place + 1, starts=BOOTSTRAP_STARTS)
            said.append(_said_of_all(rows[drawn], labels, rows, floor))
        agreements.append(float(adjusted_rand_score(*said)))
    return tuple(agreements)


def stability_word(jaccard: float, *, is_separated: bool) -> StabilityWord:
    """Return the word for a cluster's mean bootstrap Jaccard.

    `is_separated`: its borders were shown to be gaps and nothing else speaks against the partition. Without it a
    cluster is `valid` at best: pieces of a ring or of a continuum come back in every bootstrap too.
    """
    if jaccard > HIGHLY_STABLE and is_separated:
        return "highly stable"
    if jaccard >= VALID:
        return "valid"
    if jaccard >= PATTERN:
        return "pattern"
    return "weak" if jaccard > DISSOLVED else "dissolved"


def _said_of_all(learned: Matrix, labels: Labels, rows: Matrix, floor: float) -> Labels:
    """Return the segment of every row by a membership model of the labels; nobody has one where all is noise."""
    if (labels == NOISE).all():
        return np.full(len(rows), NOISE, dtype=np.int64)
    return fit_membership(learned, labels).assign(rows, floor=floor).segment


def _best_matches(labels: Labels, again: Labels, clusters: list[int]) -> list[float]:
    found = [int(label) for label in np.unique(again) if label != NOISE]
    best = []
    for cluster in clusters:
        members = labels == cluster
        overlaps = [float((members & (again == other)).sum() / (members | (again == other)).sum()) for other in found]
        best.append(max(overlaps, default=0.0))
    return best
