"""Which candidate becomes the segments: every candidate judged, one chosen, a reason for each.

Add here: the rule of choice and its thresholds.
Keep out: new methods (candidates), new figures (quality, stability), and what segments are called.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from segmentation_pipeline.clustering import candidates, quality
from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline.clustering.rows import NOISE, canonical_order, cluster_count, ordered_by_size
from segmentation_pipeline.clustering.stability import bootstrap_jaccard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.clustering.candidates import Clusterer, Method, Parameters
    from segmentation_pipeline.clustering.rows import Indexes, Labels, Matrix

LEAST_CLUSTERS = 3
"""Two groups are a contrast, not a segmentation; only a forced k may be 2."""

VALID_JACCARD = 0.75
"""A cluster whose mean bootstrap Jaccard is below this is not a stable cluster (Hennig 2007)."""

LEAST_SHARE = 0.05
"""A segment under 5 % of users would be retired, so it is not born either."""

MOST_NOISE = 0.02
LEAST_DENSITY_VALIDITY = 0.3
"""HDBSCAN is preferred only where it leaves out at most 2 % and its clusters are clearly separated."""

UMAP_SPACE = "umap"
"""Space whose gaps prove nothing: UMAP tears structureless data into islands."""

MOST_PROOFS = 3
"""Density partitions whose stability is measured as a control of the chosen borders."""

MOST_CONTRADICTION = 0.1
"""Share of rows a partition may place against groups that density separates before it is called weak: k-means
cuts rings, shells and long shapes into pieces that come back in every bootstrap."""

MOST_BOOTSTRAPPED = 8
"""Candidates whose stability is measured when none of the better ones passes: the best by silhouette."""

FIT_STARTS = 10
ROWS_PER_CLUSTER = 10
"""More clusters than one per so many rows are not tried, unless forced."""

LEAST_ROWS_PER_CLUSTER = 3
"""Under it a cluster has no shape to learn."""


@dataclass(frozen=True, slots=True)
class ChoiceOptions:
    """What may be chosen: `method` and `k` force, `None` for k means as many as the rows show."""

    method: Method | Literal["auto"] = "auto"
    k: int | None = None
    k_max: int = 8
    seed: int = 7
    draws: int = 20


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
    jaccards: Mapping[int, float] | None = None
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
    def min_jaccard(self) -> float | None:
        """Stability of the least stable cluster; None where it was not measured."""
        return min(self.jaccards.values(), default=0.0) if self.jaccards is not None else None


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen candidate and the complete table it was chosen from; `weakness` says why it is weak."""

    chosen: Judged
    table: tuple[Judged, ...]
    weakness: str | None

    @property
    def is_weak(self) -> bool:
        """Tell whether the partition was chosen for want of a better one."""
        return self.weakness is not None


class TooFewRows(ValueError):
    """There are fewer rows than the smallest number of clusters needs."""


def choose(features: Matrix, spaces: Mapping[str, Matrix], options: ChoiceOptions) -> Choice:
    """Judge every candidate on the same rows in feature space and choose one; row order has no influence.

    `spaces` are the coordinates candidates are fitted in (`pca` first, perhaps `umap`), rows as in
    `features`. When nothing has three clusters (or the forced k), the first space is halved and all is
    tried again, down to two dimensions.

    Raises:
        TooFewRows: not even the smallest number of clusters has three rows each.
    """
    counts = _cluster_counts(len(features), options)
    order = canonical_order(features)
    with one_quiet_thread():
        choice = _choose_ordered(
            features[order], {name: space[order] for name, space in spaces.items()}, counts, options
        )
    return _in_given_order(choice, order)


def _cluster_counts(row_count: int, options: ChoiceOptions) -> range:
    least = LEAST_CLUSTERS if options.k is None else options.k
    if row_count < least * LEAST_ROWS_PER_CLUSTER:
        raise TooFewRows(
            f"{row_count} rows cannot hold {least} clusters of {LEAST_ROWS_PER_CLUSTER}. "
            "Next: more users, or a smaller number of segments."
        )
    if options.k is not None:
        return range(options.k, options.k + 1)
    return range(2, max(LEAST_CLUSTERS, min(options.k_max, row_count // ROWS_PER_CLUSTER)) + 1)


def _choose_ordered(features: Matrix, spaces: Mapping[str, Matrix], counts: range, options: ChoiceOptions) -> Choice:
    judge = quality.Judge.of(features, seed=options.seed)
    judged = _judge_all(judge, features, spaces, counts, options)
    space_name, space = next(iter(spaces.items()))
    every_space = dict(spaces)
    while not _pool(judged, options) and space.shape[1] > 2:
        space = space[:, : max(2, space.shape[1] // 2)]
        name = f"{space_name}-first-{space.shape[1]}"
        every_space[name] = space
        judged += _judge_all(judge, features, {name: space}, counts, options)
    return _decide(every_space, judged, options)


def _judge_all(
    judge: quality.Judge,
    features: Matrix,
    spaces: Mapping[str, Matrix],
    counts: range,
    options: ChoiceOptions,
) -> list[Judged]:
    methods: Sequence[Method] = (
        ("kmeans", "gaussian_mixture", "hdbscan") if options.method == "auto" else (options.method,)
    )
    judged = []
    for space_name, space in spaces.items():
        # Mixtures model densities, and UMAP's densities are its own invention: k-means only in there.
        centroid_methods = [method for method in methods if method == "kmeans" or space_name != UMAP_SPACE]
        grid = candidates.centroid_grid(centroid_methods, counts)
        if "hdbscan" in methods or space_name != UMAP_SPACE:  # where not asked for: as a control of borders
            grid += candidates.density_grid(len(space))
        judged += [_judged(judge, features, clusterer, space_name, space, options) for clusterer in grid]
    return judged


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


def _pool(judged: Sequence[Judged], options: ChoiceOptions) -> list[Judged]:
    """Return the candidates with enough clusters; those with one under 5 % only where there is no other."""
    asked = [one for one in judged if options.method in {"auto", one.method}]
    if options.k is None:
        counted = [one for one in asked if one.cluster_count >= LEAST_CLUSTERS]
    else:
        counted = [one for one in asked if one.cluster_count == options.k]
    return [one for one in counted if one.smallest_share >= LEAST_SHARE] or counted


def _is_preferred_density(one: Judged) -> bool:
    is_complete = one.method == "hdbscan" and one.noise_share <= MOST_NOISE
    return is_complete and one.dbcv is not None and one.dbcv >= LEAST_DENSITY_VALIDITY


def _decide(spaces: Mapping[str, Matrix], judged: list[Judged], options: ChoiceOptions) -> Choice:
    pool = _pool(judged, options)
    if not pool:  # a forced method that finds fewer: show the most it finds
        asked = [one for one in judged if options.method in {"auto", one.method}]
        most = max(one.cluster_count for one in asked)
        pool = [one for one in asked if one.cluster_count == most]
    dense = sorted((one for one in pool if _is_preferred_density(one)), key=lambda one: -(one.dbcv or 0.0))
    by_silhouette = sorted(pool, key=lambda one: -one.silhouette)
    others = [one for one in by_silhouette if one.method != "hdbscan" or options.method == "hdbscan"]
    queue = _without_repeats([*dense, *others] or by_silhouette)

    measured: dict[str, Judged] = {}
    passed: Judged | None = None
    for one in queue[:MOST_BOOTSTRAPPED]:
        stable = _with_stability(one, spaces[one.space], options)
        measured[one.candidate_id] = stable
        if (stable.min_jaccard or 0.0) >= VALID_JACCARD:
            passed = stable
            break
    chosen = passed or max(measured.values(), key=lambda one: (one.min_jaccard or 0.0, one.silhouette))
    weakness = _weakness(chosen, options) or _contradicted(chosen, judged, spaces, options)
    table = tuple(
        _explained(measured.get(one.candidate_id, one), chosen, pool, queue, weakness, options) for one in judged
    )
    return Choice(chosen=next(one for one in table if one.is_chosen), table=table, weakness=weakness)


def _without_repeats(queue: Sequence[Judged]) -> list[Judged]:
    """Leave out candidates whose partition an earlier one has already: their stability says nothing new."""
    seen: set[bytes] = set()
    distinct = []
    for one in queue:
        partition = one.labels.tobytes()
        if partition not in seen:
            seen.add(partition)
            distinct.append(one)
    return distinct


def _with_stability(one: Judged, space: Matrix, options: ChoiceOptions) -> Judged:
    jaccards = bootstrap_jaccard(one.clusterer, space, one.labels, draws=options.draws, seed=options.seed)
    return replace(one, jaccards=jaccards)


def _weakness(chosen: Judged, options: ChoiceOptions) -> str | None:
    if chosen.cluster_count < (options.k or LEAST_CLUSTERS):
        return f"only {chosen.cluster_count} clusters were found"
    if (chosen.min_jaccard or 0.0) < VALID_JACCARD:
        return f"its least stable cluster has a bootstrap Jaccard of {chosen.min_jaccard or 0.0:.2f}"
    if chosen.smallest_share < LEAST_SHARE:
        return "its smallest cluster is under 5 % of the rows"
    if chosen.noise_share > MOST_NOISE:
        return f"{chosen.noise_share:.0%} of the rows are noise"
    return None


def _contradicted(
    chosen: Judged, judged: Sequence[Judged], spaces: Mapping[str, Matrix], options: ChoiceOptions
) -> str | None:
    """Say how a stable density partition that leaves hardly a row out differs from the chosen one, if one does.

    Where such a partition exists, its borders are facts about the rows.
    """
    complete = [
        one
        for one in judged
        if one.method == "hdbscan"
        and one.space != UMAP_SPACE
        and one.cluster_count > 1
        and one.noise_share <= MOST_NOISE
        and one.smallest_share >= LEAST_SHARE
    ]
    for one in _without_repeats(sorted(complete, key=lambda one: -one.silhouette))[:MOST_PROOFS]:
        if contradiction(chosen.labels, one.labels) <= MOST_CONTRADICTION:
            continue
        if (_with_stability(one, spaces[one.space], options).min_jaccard or 0.0) >= VALID_JACCARD:
            is_nested = share_outside(chosen.labels, one.labels) <= MOST_CONTRADICTION
            differs = "so some borders cut a group in pieces" if is_nested else "whose borders are not these"
            return f"density separates {one.cluster_count} groups, {differs}"
    return None


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


def _explained(
    one: Judged,
    chosen: Judged,
    pool: Sequence[Judged],
    queue: Sequence[Judged],
    weakness: str | None,
    options: ChoiceOptions,
) -> Judged:
    if one.candidate_id == chosen.candidate_id:
        return replace(one, is_chosen=True, reason=_reason_chosen(one, weakness, options))
    wanted = "the forced number of" if options.k is not None else "at least three"
    in_pool = any(one.candidate_id == other.candidate_id for other in pool)
    queued = any(one.candidate_id == other.candidate_id for other in queue)
    if options.method not in {"auto", one.method}:
        reason = "not of the forced method; a control of its borders"
    elif not in_pool and one.cluster_count != (options.k or max(one.cluster_count, LEAST_CLUSTERS)):
        reason = f"does not find {wanted} clusters"
    elif not in_pool:
        reason = "its smallest cluster is under 5 % of the rows"
    elif one.jaccards is not None and (one.min_jaccard or 0.0) < VALID_JACCARD:
        reason = f"a cluster comes back too rarely (bootstrap Jaccard under {VALID_JACCARD})"
    elif one.jaccards is not None:
        reason = "less repeatable than the chosen one"
    elif one.method == "hdbscan" and not _is_preferred_density(one):
        reason = _reason_not_dense(one)
    elif not queued:
        reason = "the same partition as another candidate"
    elif chosen.method == "hdbscan" and one.method != "hdbscan":
        reason = "density separates the chosen clusters"
    else:
        reason = "lower silhouette than the chosen one" if weakness is None else "lower silhouette than those tried"
    return replace(one, reason=reason)


def _reason_not_dense(one: Judged) -> str:
    if one.noise_share > MOST_NOISE:
        return f"leaves out more than {MOST_NOISE:.0%} of the rows as noise"
    return f"its clusters are not separated by density (DBCV under {LEAST_DENSITY_VALIDITY})"


def _reason_chosen(one: Judged, weakness: str | None, options: ChoiceOptions) -> str:
    forced = [f"method {options.method}"] if options.method != "auto" else []
    forced += [f"k = {options.k}"] if options.k is not None else []
    prefix = f"forced {' and '.join(forced)}: " if forced else ""
    if weakness is not None:
        return f"{prefix}weak: the best there is, but {weakness}"
    if one.method == "hdbscan":
        return f"{prefix}stable, and its clusters are separated by density with hardly any noise"
    return f"{prefix}best silhouette among those whose every cluster is stable"


def _in_given_order(choice: Choice, order: Indexes) -> Choice:
    def restored(one: Judged) -> Judged:
        labels = np.empty_like(one.labels)
        labels[order] = one.labels
        return replace(one, labels=labels)

    table = tuple(restored(one) for one in choice.table)
    return replace(choice, table=table, chosen=next(one for one in table if one.is_chosen))
