"""Discovery without a model: k-means on behaviour vectors, then a shallow tree whose branches are the definitions.

Add here: another small, explainable way to find groups. Keep out: the words of labels (wording.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline.clustering.matching import match_clusters
from segmentation_pipeline.clustering.rows import canonical_order
from segmentation_pipeline.insights.discovery.definitions import (
    SMALLEST_SHARE,
    Centroid,
    Condition,
    Retired,
    Rule,
    Segment,
    centroid_of,
    centroid_space,
    new_ids,
    place,
    with_id,
)
from segmentation_pipeline.insights.discovery.protocol import (
    FEWEST_SEGMENTS,
    WANTED_SEGMENTS,
    Failed,
    Population,
    Proposal,
)
from segmentation_pipeline.insights.discovery.sampling import scaled_columns
from segmentation_pipeline.insights.discovery.wording import worded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.clustering.rows import Labels, Matrix
    from segmentation_pipeline.insights.discovery.vectors import BehaviourVectors, Detail

RULES = "rules"
TREE = "k-means and a shallow tree"

COUNTS_WANTED = ((5, 6, 7, 8), (4,), (3,))
"""Numbers of segments large enough to stay, best first: product teams want at least five, and between five and eight
the best silhouette decides."""

COUNTS_TRIED = range(3, 11)
"""Groups asked of k-means: a few more than wanted, since some may be too small to stay."""

TREE_DEPTH = 4
"""Conditions of a rule at most: more of them nobody reads."""

RESTARTS = 10


@dataclass(frozen=True)
class TreeProvider:
    """The offline provider. It never sees outcomes, asks nobody and draws everything from one seed."""

    seed: int
    provider: str = RULES
    model: str = TREE

    def propose(
        self, population: Population, sample_count: int, detail: Detail, previous: Sequence[Segment]
    ) -> Proposal | Failed:
        """Cluster the representative users, read the clusters off a tree, and match them with the previous ones."""
        vectors = population.vectors
        chosen = population.spread[:sample_count]
        leaves = _tree_rules(vectors, chosen, detail, self.seed)
        drafts = _without_small(_drafts(leaves), vectors)
        if len(drafts) < FEWEST_SEGMENTS:
            return Proposal(tuple(drafts), (), "", len(chosen))
        segments = worded(drafts, vectors, place(drafts, vectors).labels)
        kept, retired = _with_lived_ids(population, segments, previous)
        placed = place(kept, vectors)
        notes = (
            f"k-means found {len(kept)} groups among {len(chosen)} representative users; a tree of depth "
            f"{TREE_DEPTH} tells them apart with a mean confidence of {float(placed.confidences.mean()):.2f}."
        )
        return Proposal(tuple(kept), retired, notes, len(chosen))

    def pilot_unclassified(self, population: Population, segments: Sequence[Segment]) -> float | None:
        """Place everyone: rules cost nothing."""
        return float((place(segments, population.vectors).labels < 0).mean())


def _tree_rules(vectors: BehaviourVectors, chosen: Labels, detail: Detail, seed: int) -> dict[int, list[Rule]]:
    """Return the leaves of the tree by the cluster most of their users are of."""
    from sklearn.tree import DecisionTreeClassifier

    scaled = scaled_columns(vectors, detail)[chosen]
    order = canonical_order(scaled)
    scaled = scaled[order]
    columns = vectors.columns(detail)
    values = np.column_stack([column[chosen][order] for column in columns.values()])
    with one_quiet_thread():
        labels = _clusters(scaled, seed)
        count = int(labels.max()) + 1
        tree = DecisionTreeClassifier(
            max_depth=TREE_DEPTH,
            max_leaf_nodes=2 * count,
            min_samples_leaf=max(3, round(len(values) * SMALLEST_SHARE / 2)),
            random_state=seed,
        ).fit(values, labels)
    return _leaves(tree, list(columns))


def _clusters(scaled: Matrix, seed: int) -> Labels:
    """Return the k-means partition with the best silhouette among those with the most wanted number of segments."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    distinct = len(np.unique(scaled, axis=0)) if scaled.shape[1] else 1
    best: dict[int, tuple[float, Labels]] = {}
    for count in COUNTS_TRIED:
        if count > distinct or count >= len(scaled):
            break
        labels = KMeans(count, n_init=RESTARTS, random_state=seed).fit_predict(scaled).astype(np.int64)
        large_count = int((np.bincount(labels) >= SMALLEST_SHARE * len(scaled)).sum())
        rank = next((rank for rank, counts in enumerate(COUNTS_WANTED) if large_count in counts), None)
        worth = round(float(silhouette_score(scaled, labels)), 9)
        if rank is not None and (rank not in best or worth > best[rank][0]):
            best[rank] = (worth, labels)
    return best[min(best)][1] if best else np.zeros(len(scaled), dtype=np.int64)


def _leaves(fitted: Any, names: list[str]) -> dict[int, list[Rule]]:
    tree = fitted.tree_
    found: dict[int, list[Rule]] = {}

    def walk(node: int, conditions: tuple[Condition, ...]) -> None:
        if tree.children_left[node] < 0:
            counts = np.round(tree.value[node][0] * tree.n_node_samples[node]).astype(int)
            label = int(np.argmax(counts))
            # Laplace's rule of succession: a leaf of three users is never sure.
            confidence = (int(counts[label]) + 1) / (int(counts.sum()) + 2)
            found.setdefault(label, []).append(Rule(conditions, round(confidence, 4)))
            return
        feature, threshold = names[tree.feature[node]], round(float(tree.threshold[node]), 6)
        walk(tree.children_left[node], _narrowed(conditions, Condition(feature, is_above=False, threshold=threshold)))
        walk(tree.children_right[node], _narrowed(conditions, Condition(feature, is_above=True, threshold=threshold)))

    walk(0, ())
    return found


def _narrowed(conditions: tuple[Condition, ...], added: Condition) -> tuple[Condition, ...]:
    """Add a condition; a wider one on the same side of the same feature says nothing any more."""
    kept = [c for c in conditions if (c.feature, c.is_above) != (added.feature, added.is_above)]
    return (*kept, added)


def _drafts(leaves: dict[int, list[Rule]]) -> list[Segment]:
    nothing = Centroid(0, 0, 0, 0)
    return [
        Segment(str(label), "", "", (), "medium", "", 0.0, nothing, tuple(rules))
        for label, rules in sorted(leaves.items())
    ]


def _without_small(drafts: list[Segment], vectors: BehaviourVectors) -> list[Segment]:
    """Leave out what holds too few of all users, and give the others their size and typical values.

    The largest first, and no more of them than wanted: what is small in the sample may not be among all users.
    """
    labels = place(drafts, vectors).labels
    found = []
    for number, draft in enumerate(drafts):
        is_member = labels == number
        share = float(is_member.mean())
        if share >= SMALLEST_SHARE:
            centroid = centroid_of(vectors, is_member)
            found.append(replace(draft, estimated_pct=round(100 * share, 1), centroid=centroid))
    return sorted(found, key=lambda draft: (-draft.estimated_pct, draft.centroid.values()))[: WANTED_SEGMENTS[1]]


def _with_lived_ids(
    population: Population, segments: Sequence[Segment], previous: Sequence[Segment]
) -> tuple[list[Segment], tuple[Retired, ...]]:
    """Give segments the ids of those they continue, and new ones fresh ids.

    Today's users are placed by the old definitions and by the new ones: what holds the same users is the same.
    """
    vectors, kept, labels_kept = population.vectors, dict[int, Segment](), dict[int, str]()
    retired: list[Retired] = []
    if previous:
        old = place(previous, vectors).labels
        matching = match_clusters(
            old, place(segments, vectors).labels, centroid_space(previous), centroid_space(segments)
        )
        for match in matching.matches:
            kept[match.new] = with_id(segments[match.new], previous[match.old].segment_id)
            labels_kept[match.new] = previous[match.old].label
        matched = {match.old for match in matching.matches}
        for number, segment in enumerate(previous):
            if number not in matched:
                share = float((old == number).mean())
                retired.append(Retired(segment, retirement_reason(share)))
    fresh = iter(new_ids(population.month, len(segments), [segment.segment_id for segment in previous]))
    found = [kept.get(number) or with_id(segment, next(fresh)) for number, segment in enumerate(segments)]
    return _with_old_names(found, labels_kept), tuple(retired)


def _with_old_names(segments: list[Segment], labels: dict[int, str]) -> list[Segment]:
    """Let segments that live on keep their names, unless another would be called the same; today's own all differ."""
    kept = dict(labels)
    while True:
        shown = [kept.get(number, segment.label).casefold() for number, segment in enumerate(segments)]
        clashing = [number for number in kept if shown.count(shown[number]) > 1]
        if not clashing:
            return [replace(segment, label=kept.get(number, segment.label)) for number, segment in enumerate(segments)]
        for number in clashing:
            del kept[number]


def retirement_reason(share: float) -> str:
    """Return why a segment ended."""
    if share < SMALLEST_SHARE:
        return f"fits {share:.1%} of the users, under {SMALLEST_SHARE:.0%}"
    return "its users are told apart otherwise now"
