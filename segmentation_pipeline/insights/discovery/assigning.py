"""Users put into discovered segments, day by day where a limit holds: who is asked about first, what is kept.

Add here: another reason to ask earlier or later. Keep out: asking (asking.py) and the rules (definitions.py).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.insights.discovery.asking import DAILY_LIMIT, FALLS_TO_RULES, ModelProvider
from segmentation_pipeline.insights.discovery.definitions import kept_fields, place
from segmentation_pipeline.insights.discovery.offline import RULES, TREE
from segmentation_pipeline.insights.discovery.protocol import Assigned
from segmentation_pipeline.segments.tables import UNCLASSIFIED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.clustering.rows import Indexes
    from segmentation_pipeline.insights.discovery.definitions import Segment
    from segmentation_pipeline.insights.discovery.vectors import BehaviourVectors

ASSIGNED = "assigned"
PENDING = "pending"
CENTROIDS = "nearest centroid"


@dataclass(frozen=True)
class Assignment:
    """One row of `llm_assignments`, without its refresh."""

    user_id: str
    status: str
    segment_id: str | None
    segment_label: str | None
    confidence: float | None
    reasoning: str
    provider: str
    model: str
    basis: str


def asking_order(vectors: BehaviourVectors, spread: Indexes, earlier: Mapping[str, float]) -> Indexes:
    """Return all users in the order of asking: new ones first, then those placed least surely the refresh before.

    `earlier`: user -> confidence of the refresh before. Within equals the order is spread over all behaviour.
    """
    confidences = np.array([earlier.get(vectors.user_ids[row], -1.0) for row in spread])
    return spread[np.argsort(confidences, kind="stable")]


def bases(vectors: BehaviourVectors, segments: Sequence[Segment]) -> list[str]:
    """Return for each user a hash of what an assignment rests on: the definitions and the user's vector."""
    definitions = hashlib.sha256(json.dumps([kept_fields(segment) for segment in segments]).encode()).hexdigest()
    found = []
    for row in range(len(vectors)):
        vector = [
            definitions,
            [float(values[row]) for values in vectors.measures.values()],
            str(vectors.parts_of_day[row]),
            str(vectors.workflows[row]),
            vectors.action_counts[row].tolist(),
        ]
        found.append(hashlib.sha256(json.dumps(vector).encode()).hexdigest()[:16])
    return found


def assign_offline(vectors: BehaviourVectors, segments: Sequence[Segment]) -> list[Assignment]:
    """Place everyone by the rules, or by the nearest centroid where a model made the definitions."""
    rows = range(len(vectors))
    return _rows(vectors, segments, _placed(vectors, segments, rows), bases(vectors, segments))


def assign_by_model(
    vectors: BehaviourVectors,
    order: Indexes,
    segments: Sequence[Segment],
    model: ModelProvider,
    stored: Mapping[str, Assignment],
) -> list[Assignment]:
    """Ask for those who have no answer yet, as far as today allows. `stored`: what earlier runs wrote, by user.

    Answers that rest on other definitions or another vector are asked for anew; users who were asked about in vain
    come last, so that one the model cannot place never keeps others waiting.
    """
    current = bases(vectors, segments)
    kept, never, in_vain = {}, list[int](), list[int]()
    for row in (int(row) for row in order):
        known = stored.get(vectors.user_ids[row])
        is_current = known is not None and known.basis == current[row]
        if known is not None and is_current and known.status != PENDING:
            kept[row] = known
        elif known is not None and is_current and known.reasoning.startswith("the model "):
            in_vain.append(row)
        else:
            never.append(row)
    found = model.assign(vectors, [*never, *in_vain], segments) if never or in_vain else []
    over_budget = [a.row for a in found if a.segment is None and a.reason.split(":")[0] in FALLS_TO_RULES]
    instead = {assigned.row: assigned for assigned in _placed(vectors, segments, over_budget)}
    fresh = {
        row.user_id: row
        for row in _rows(vectors, segments, [instead.get(assigned.row, assigned) for assigned in found], current)
    }
    for row in in_vain:
        user_id = vectors.user_ids[row]
        if fresh[user_id].reasoning.startswith(DAILY_LIMIT):  # not asked again today: the reason stays
            fresh[user_id] = stored[user_id]
    return [kept.get(row) or fresh[user_id] for row, user_id in enumerate(vectors.user_ids)]


def _placed(vectors: BehaviourVectors, segments: Sequence[Segment], rows: Sequence[int]) -> list[Assigned]:
    if not len(rows):
        return []
    placed = place(segments, vectors)
    model = TREE if any(segment.rules for segment in segments) else CENTROIDS
    return [
        Assigned(
            row,
            int(placed.labels[row]),
            round(float(placed.confidences[row]), 4),
            placed.reasons[row],
            RULES,
            model,
        )
        for row in rows
    ]


def _rows(
    vectors: BehaviourVectors, segments: Sequence[Segment], found: Sequence[Assigned], current: Sequence[str]
) -> list[Assignment]:
    def row_of(assigned: Assigned) -> Assignment:
        status, segment_id, label = PENDING, None, None
        if assigned.segment is not None and assigned.segment >= 0:
            segment = segments[assigned.segment]
            status, segment_id, label = ASSIGNED, segment.segment_id, segment.label
        elif assigned.segment is not None:
            status, segment_id, label = UNCLASSIFIED, UNCLASSIFIED, UNCLASSIFIED
        return Assignment(
            vectors.user_ids[assigned.row],
            status,
            segment_id,
            label,
            assigned.confidence,
            assigned.reason,
            assigned.provider,
            assigned.model,
            current[assigned.row],
        )

    return [row_of(assigned) for assigned in found]
