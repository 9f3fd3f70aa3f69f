"""What a discovered segment is: its definition, the rules that assign users to it, and how its id lives on.

Add here: another part of a definition. Keep out: how definitions are found (offline.py, asking.py).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation_pipeline.insights.discovery.vectors import (
    ACTION_SHARE,
    CENTROID_MEASURES,
    TIME_OF_DAY,
    WORKFLOW,
    centroid_coordinates,
)
from segmentation_pipeline.llm.untrusted import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from segmentation_pipeline.clustering.rows import Labels, Matrix
    from segmentation_pipeline.insights.discovery.vectors import BehaviourVectors

NO_SEGMENT = -1
SURE_ENOUGH = 0.5
"""Confidence under which a user is unclassified."""

SMALLEST_SHARE = 0.05
"""Share of users under which a segment is retired."""


@dataclass(frozen=True)
class Condition:
    """`feature` above, or else at most, the threshold; in the feature's natural unit."""

    feature: str
    is_above: bool
    threshold: float


@dataclass(frozen=True)
class Rule:
    """A leaf of a tree: all its conditions hold. `confidence`: how many such users are of the segment."""

    conditions: tuple[Condition, ...]
    confidence: float


@dataclass(frozen=True)
class Centroid:
    """Typical values: visits a week, events a visit, different actions, collaboration 0-100."""

    session_frequency: float
    session_depth: float
    feature_breadth: float
    collaboration: float

    def values(self) -> list[float]:
        """Return the four in the order of `CENTROID_MEASURES`."""
        return [self.session_frequency, self.session_depth, self.feature_breadth, self.collaboration]


@dataclass(frozen=True)
class Segment:
    """A definition. `rules` are empty where a model made it; then the nearest centroid decides offline."""

    segment_id: str
    label: str
    description: str
    defining_signals: tuple[str, ...]
    churn_risk: str
    personalization_strategy: str
    estimated_pct: float
    centroid: Centroid
    rules: tuple[Rule, ...] = ()
    provider: str = "rules"

    @property
    def rules_json(self) -> str:
        """The rules as the table stores them."""
        return json.dumps([asdict(rule) for rule in self.rules])


@dataclass(frozen=True)
class Retired:
    """A segment that ended, and why; its id is never used again."""

    segment: Segment
    reason: str


def read_rules(stored: str) -> tuple[Rule, ...]:
    """Return rules as `rules_json` wrote them."""
    return tuple(
        Rule(tuple(Condition(**condition) for condition in rule["conditions"]), rule["confidence"])
        for rule in json.loads(stored)
    )


def new_ids(month: date, count: int, taken: Iterable[str]) -> list[str]:
    """Return ids of segments born in a month: `2026-01-d-a`. Ids given before, living or retired, are left out."""
    gone = set(taken)
    letters = (f"{month:%Y-%m}-d-{chr(ord('a') + number)}" for number in range(26))
    return [segment_id for segment_id in letters if segment_id not in gone][:count]


@dataclass(frozen=True)
class Placed:
    """Users placed offline: number of the segment or NO_SEGMENT, how surely, and the rule's or centroid's words."""

    labels: Labels
    confidences: Matrix
    reasons: tuple[str, ...]


def place(segments: Sequence[Segment], vectors: BehaviourVectors) -> Placed:
    """Place every user by the segments' rules, or by the nearest centroid where a model made the definitions."""
    if any(segment.rules for segment in segments):
        return _by_rules(segments, vectors)
    return _by_centroid(segments, vectors)


def _by_rules(segments: Sequence[Segment], vectors: BehaviourVectors) -> Placed:
    labels = np.full(len(vectors), NO_SEGMENT, dtype=np.int64)
    confidences = np.zeros(len(vectors))
    reasons = np.full(len(vectors), "no rule fits", dtype=object)
    for number, segment in enumerate(segments):
        for rule in segment.rules:
            fits = np.ones(len(vectors), dtype=np.bool_)
            for condition in rule.conditions:
                above = vectors.column(condition.feature) > condition.threshold
                fits &= above if condition.is_above else ~above
            labels[fits] = number if rule.confidence >= SURE_ENOUGH else NO_SEGMENT
            confidences[fits] = rule.confidence
            reasons[fits] = rule_in_words(rule)
    return Placed(labels, confidences, tuple(reasons.tolist()))


def _by_centroid(segments: Sequence[Segment], vectors: BehaviourVectors) -> Placed:
    users, centres = vectors.centroid_space(), centroid_space(segments)
    spread = np.maximum(users.std(axis=0), 1e-9)
    apart = np.sqrt((((users[:, None, :] - centres[None, :, :]) / spread) ** 2).sum(axis=2))
    order = np.argsort(apart, axis=1, kind="stable")
    nearest = order[:, 0]
    rows = np.arange(len(users))
    first = apart[rows, nearest]
    second = apart[rows, order[:, 1]] if len(segments) > 1 else np.full(len(users), np.inf)
    with np.errstate(invalid="ignore"):
        confidences = np.where(np.isfinite(second), second / np.maximum(first + second, 1e-12), 1.0)
    reasons = tuple(f"nearest typical values of {len(segments)} segments" for _ in rows)
    return Placed(nearest.astype(np.int64), np.clip(confidences, SURE_ENOUGH, 1.0), reasons)


def centroid_space(segments: Sequence[Segment]) -> Matrix:
    """Return segments x the four measures, where distances mean something."""
    return centroid_coordinates(np.array([segment.centroid.values() for segment in segments], dtype=np.float64))


def centroid_of(vectors: BehaviourVectors, is_member: Labels | Matrix) -> Centroid:
    """Return the medians of some users."""
    return Centroid(*(round(float(np.median(vectors.measures[name][is_member])), 3) for name in CENTROID_MEASURES))


def with_id(segment: Segment, segment_id: str) -> Segment:
    """Return the segment under another id."""
    return replace(segment, segment_id=segment_id)


FEATURE_WORDS: dict[str, str] = {
    "session_frequency": "visits a week",
    "session_depth": "events a visit",
    "feature_breadth": "different actions",
    "collaboration_score": "collaboration score",
    "account_age_days": "days since the first event",
}

PART_WORDS = {
    "morning": "mostly active in the morning",
    "afternoon": "mostly active in the afternoon",
    "evening": "mostly active in the evening",
    "night": "mostly active at night",
    "mixed": "active at any time of the day",
}


def feature_in_words(feature: str) -> str:
    """Return a feature as people read it; names that came with the data are quoted and bounded."""
    if feature in FEATURE_WORDS:
        return FEATURE_WORDS[feature]
    if feature.startswith(TIME_OF_DAY):
        return PART_WORDS[feature.removeprefix(TIME_OF_DAY)]
    if feature.startswith(WORKFLOW):
        return f"usual workflow `{cleaned(feature.removeprefix(WORKFLOW), 80)}`"
    return f"share of `{cleaned(feature.removeprefix(ACTION_SHARE), 40)}`"


def condition_in_words(condition: Condition) -> str:
    """Return a condition as people read it, such as `visits a week above 12.3`."""
    words = feature_in_words(condition.feature)
    if condition.feature.startswith((TIME_OF_DAY, WORKFLOW)):
        return words if condition.is_above else f"not {words}"
    shown = f"{condition.threshold:.1%}" if condition.feature.startswith(ACTION_SHARE) else f"{condition.threshold:.3g}"
    return f"{words} {'above' if condition.is_above else 'at most'} {shown}"


def rule_in_words(rule: Rule) -> str:
    """Return all conditions of a rule."""
    return " and ".join(condition_in_words(condition) for condition in rule.conditions) or "everyone"


def kept_fields(segment: Segment) -> dict[str, Any]:
    """Return what identifies a definition for those who were assigned by it."""
    return {"id": segment.segment_id, "label": segment.label, "rules": segment.rules_json, "of": segment.provider}
