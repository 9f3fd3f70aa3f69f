"""Which candidate becomes the segments: one chosen from all, a reason for each.

Add here: the rule of choice and its thresholds.
Keep out: fitting and judging candidates (judging), new methods (candidates), and what segments are called.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from segmentation_pipeline.clustering import quality
from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline.clustering.incumbent import FEATURE_SPACE, Contest, contest
from segmentation_pipeline.clustering.judging import (
    LEAST_SHARE,
    UMAP_SPACE,
    contradiction,
    judge_all,
    judge_incumbent,
    share_outside,
    with_stability,
)
from segmentation_pipeline.clustering.rows import canonical_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.clustering.candidates import Covariance, Method
    from segmentation_pipeline.clustering.incumbent import Incumbent
    from segmentation_pipeline.clustering.judging import Judged
    from segmentation_pipeline.clustering.rows import Indexes, Matrix

LEAST_CLUSTERS = 3
"""Two groups are a contrast, not a segmentation; only a forced k, or one proven by a gap, may be 2."""

VALID_JACCARD = 0.75
"""A cluster whose mean bootstrap Jaccard is below this is not a stable cluster (Hennig 2007)."""

MOST_NOISE = 0.02
LEAST_DENSITY_VALIDITY = 0.3
"""HDBSCAN is preferred only where it leaves out at most 2 % and its clusters are clearly separated."""

MOST_PROOFS = 3
"""Density partitions whose stability is measured as a control of the chosen borders."""

MOST_CONTRADICTION = 0.1
"""Share of rows a partition may place against groups that density separates before it is called weak: k-means
cuts rings, shells and long shapes into pieces that come back in every bootstrap."""

MOST_BOOTSTRAPPED = 8
"""Candidates whose stability is measured when none of the better ones passes: the best by silhouette."""

ROWS_PER_CLUSTER = 10
"""More clusters than one per so many rows are not tried, unless forced."""

LEAST_ROWS_PER_CLUSTER = 3
"""Under it a cluster has no shape to learn."""


@dataclass(frozen=True, slots=True)
class ChoiceOptions:
    """What may be chosen: `method`, `k` and parameters force, `None` leaves open.

    `is_two_proven`: a gap between two groups was shown elsewhere, so that two clusters may be chosen too.
    """

    method: Method | Literal["auto"] = "auto"
    k: int | None = None
    k_max: int = 8
    seed: int = 7
    draws: int = 20
    is_two_proven: bool = False
    covariance: Covariance | None = None
    min_cluster_share: float | None = None
    min_samples: int | None = None

    @property
    def least_clusters(self) -> int:
        """Fewest clusters that may be chosen."""
        return self.k or (2 if self.is_two_proven else LEAST_CLUSTERS)


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


def choose(
    features: Matrix, spaces: Mapping[str, Matrix], options: ChoiceOptions, incumbent: Incumbent | None = None
) -> Choice:
    """Judge every candidate on the same rows in feature space and choose one; row order has no influence.

    `spaces` are the coordinates candidates are fitted in (`pca` first, perhaps `umap`), rows as in
    `features`. When nothing has three clusters (or the forced k), the first space is halved and all is
    tried again, down to two dimensions. With an `incumbent` what would be chosen is only its challenger.

    Raises:
        TooFewRows: not even the smallest number of clusters has three rows each.
    """
    counts = _cluster_counts(len(features), options)
    order = canonical_order(features)
    with one_quiet_thread():
        choice = _choose_ordered(
            features[order], {name: space[order] for name, space in spaces.items()}, counts, options, incumbent
        )
    return _in_given_order(choice, order)


def _cluster_counts(row_count: int, options: ChoiceOptions) -> range:
    least = options.least_clusters
    if row_count < least * LEAST_ROWS_PER_CLUSTER:
        raise TooFewRows(
            f"{row_count} rows cannot hold {least} clusters of {LEAST_ROWS_PER_CLUSTER}. "
            "Next: more users, or a smaller number of segments."
        )
    if options.k is not None:
        return range(options.k, options.k + 1)
    return range(2, max(LEAST_CLUSTERS, min(options.k_max, row_count // ROWS_PER_CLUSTER)) + 1)


def _choose_ordered(
    features: Matrix,
    spaces: Mapping[str, Matrix],
    counts: range,
    options: ChoiceOptions,
    incumbent: Incumbent | None,
) -> Choice:
    judge = quality.Judge.of(features, seed=options.seed)
    judged = judge_all(judge, features, spaces, counts, options)
    space_name, space = next(iter(spaces.items()))
    every_space = dict(spaces)
    while not _pool(judged, options) and space.shape[1] > 2:
        space = space[:, : max(2, space.shape[1] // 2)]
        name = f"{space_name}-first-{space.shape[1]}"
        every_space[name] = space
        judged += judge_all(judge, features, {name: space}, counts, options)
    choice = _decide(every_space, judged, options)
    if incumbent is None:
        return choice
    in_office = judge_incumbent(judge, features, incumbent, options)
    return _contested(choice, in_office, incumbent, {**every_space, FEATURE_SPACE: features}, options)


def _pool(judged: Sequence[Judged], options: ChoiceOptions) -> list[Judged]:
    """Return the candidates with enough clusters; those with one under 5 % only where there is no other."""
    asked = [one for one in judged if options.method in {"auto", one.method}]
    if options.k is None:
        counted = [one for one in asked if one.cluster_count >= options.least_clusters]
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
        stable = with_stability(one, spaces[one.space], options)
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


def _contested(
    choice: Choice, in_office: Judged, incumbent: Incumbent, spaces: Mapping[str, Matrix], options: ChoiceOptions
) -> Choice:
    """Put the incumbent before the choice made without it: it stays unless that one is better by the rule."""
    unfit = _why_unfit(in_office, options)
    if unfit is not None:
        return replace(choice, table=(*choice.table, replace(in_office, reason=f"incumbent, not kept: {unfit}")))
    challenger = choice.chosen
    stable = with_stability(in_office, spaces[FEATURE_SPACE], options)
    result = _contest(stable, challenger, incumbent)
    if result.is_replaced:
        beaten = replace(stable, reason=f"incumbent, replaced by {challenger.candidate_id}: {result.words}")
        won = replace(challenger, reason=f"{challenger.reason}; replaces the incumbent: {result.words}")
        table = (*(won if one.is_chosen else one for one in choice.table), beaten)
        return Choice(chosen=won, table=table, weakness=choice.weakness)
    weakness = _weakness(stable, options) or _contradicted(stable, choice.table, spaces, options)
    weak = "" if weakness is None else f"; weak: {weakness}"
    kept = replace(
        stable,
        is_chosen=True,
        reason=f"incumbent, kept: the best challenger is {challenger.candidate_id}: {result.words}{weak}",
    )
    lost = replace(challenger, is_chosen=False, reason=f"challenger: {challenger.reason}; not enough: {result.words}")
    table = (*(lost if one.is_chosen else one for one in choice.table), kept)
    return Choice(chosen=kept, table=table, weakness=weakness)


def _why_unfit(in_office: Judged, options: ChoiceOptions) -> str | None:
    if options.method not in {"auto", in_office.method}:
        return f"the method {options.method} is forced"
    if options.k is not None and in_office.cluster_count != options.k:
        return f"k = {options.k} is forced"
    if in_office.cluster_count < options.least_clusters:
        return f"only {in_office.cluster_count} of its clusters are left"
    if options.k is None and in_office.cluster_count > options.k_max:
        return f"at most {options.k_max} clusters are wanted"
    return None


def _contest(in_office: Judged, challenger: Judged, incumbent: Incumbent) -> Contest:
    repeats = None
    if incumbent.repeat_of is not None:
        repeats = (incumbent.repeat_of(in_office.cluster_count), incumbent.repeat_of(challenger.cluster_count))
    is_proven = _is_preferred_density(challenger) and (challenger.min_jaccard or 0.0) >= VALID_JACCARD
    return contest(
        challenger.silhouette - in_office.silhouette,
        repeats,
        cuts_groups=is_proven and contradiction(in_office.labels, challenger.labels) > MOST_CONTRADICTION,
    )


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


def _weakness(chosen: Judged, options: ChoiceOptions) -> str | None:
    if chosen.cluster_count < options.least_clusters:
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
        if (with_stability(one, spaces[one.space], options).min_jaccard or 0.0) >= VALID_JACCARD:
            is_nested = share_outside(chosen.labels, one.labels) <= MOST_CONTRADICTION
            differs = "so some borders cut a group in pieces" if is_nested else "whose borders are not these"
            return f"density separates {one.cluster_count} groups, {differs}"
    return None


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
    wanted = "the forced number of" if options.k is not None else f"at least {options.least_clusters}"
    in_pool = any(one.candidate_id == other.candidate_id for other in pool)
    queued = any(one.candidate_id == other.candidate_id for other in queue)
    if options.method not in {"auto", one.method}:
        reason = "not of the forced method; a control of its borders"
    elif not in_pool and one.cluster_count != (options.k or max(one.cluster_count, options.least_clusters)):
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
