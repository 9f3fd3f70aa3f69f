"""The words of segments found offline: labels, descriptions, strategies, from what sets a segment apart.

Add here: another trait a segment may be named by. Keep out: finding segments (offline.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.insights.discovery.definitions import feature_in_words, rule_in_words
from segmentation_pipeline.insights.discovery.vectors import ACTION_SHARE, TIME_OF_DAY, WORKFLOW, Detail
from segmentation_pipeline.llm.untrusted import cleaned
from segmentation_pipeline.segments.wording import action_agent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Labels
    from segmentation_pipeline.insights.discovery.definitions import Segment
    from segmentation_pipeline.insights.discovery.vectors import BehaviourVectors

ADJECTIVES: dict[str, tuple[str, str]] = {
    "session_frequency": ("Frequent", "Occasional"),
    "session_depth": ("Deep", "Brief"),
    "feature_breadth": ("Exploring", "Focused"),
    "collaboration_score": ("Collaborative", "Solo"),
    "account_age_days": ("Established", "Recent"),
}
PHRASES: dict[str, tuple[str, str]] = {
    "session_frequency": ("more visits a week", "fewer visits a week"),
    "session_depth": ("more events a visit", "fewer events a visit"),
    "feature_breadth": ("more different actions", "fewer different actions"),
    "collaboration_score": ("more collaboration", "less collaboration"),
    "account_age_days": ("older accounts", "younger accounts"),
}
PARTS = {"morning": "Morning", "afternoon": "Afternoon", "evening": "Evening", "night": "Night"}

STRATEGIES: dict[str, tuple[str, str]] = {
    "session_frequency": (
        "Offer shortcuts and digests to people who come often",
        "Give a reason to come back: reminders about what changed",
    ),
    "session_depth": ("Help long visits along: save state, batch actions", "Put the next step first: visits are short"),
    "feature_breadth": ("Introduce advanced features", "Show one neighbouring feature at a time"),
    "collaboration_score": ("Put teammates and shared work first", "Make inviting a first teammate easy"),
    "account_age_days": ("Skip introductions", "Guide the first steps"),
}
SAME_VISITS = "Put what these users do most within reach: their visits are like everyone's"
"""Where all users visit alike and only what they do differs."""

MOST_SIGNALS = 5
SPELLED = ("again", "besides", "likewise", "elsewhere", "otherwise", "also", "too")
"""Last words of labels that would otherwise be the same."""


@dataclass(frozen=True)
class Trait:
    """How far a segment's mean of a feature lies from everyone's, in standard deviations of users."""

    feature: str
    distance_sd: float


def worded(segments: Sequence[Segment], vectors: BehaviourVectors, labels: Labels) -> list[Segment]:
    """Return the segments with label, description, signals, strategy and risk."""
    columns = vectors.columns(Detail.FULL)
    traits = [_traits(columns, labels == number) for number in range(len(segments))]
    names = _labels(traits)
    risks = _risks(segments)
    return [
        replace(
            segment,
            label=name,
            description=_description(found),
            defining_signals=_signals(segment),
            personalization_strategy=_strategy(found),
            churn_risk=risk,
        )
        for segment, name, found, risk in zip(segments, names, traits, risks, strict=True)
    ]


def _traits(columns: dict[str, NDArray[np.float64]], is_member: NDArray[np.bool_]) -> list[Trait]:
    """Return the features that set the members apart, strongest first."""
    found = []
    for feature, values in columns.items():
        told = values if feature not in ADJECTIVES else np.log1p(values)
        spread = float(told.std())
        if spread > 1e-9 and is_member.any():
            distance = round((float(told[is_member].mean()) - float(told.mean())) / spread, 9)
            found.append(Trait(feature, distance))
    return sorted(found, key=lambda trait: (-abs(trait.distance_sd), trait.feature))


def _labels(traits: list[list[Trait]]) -> list[str]:
    """Name each by an adjective and a noun; where two would be called the same, the later takes its next trait."""
    taken: set[str] = set()
    names = []
    for found in traits:
        adjectives = list(dict.fromkeys(word for trait in found if (word := _adjective(trait)))) or ["Typical"]
        nouns = list(dict.fromkeys(word for trait in found if (word := _noun(trait)))) or ["users"]
        tries = [f"{adjective} {noun}" for noun in nouns for adjective in adjectives]
        tries += [f"{tries[0]} {word}" for word in SPELLED]
        name = next(label for label in tries if label.casefold() not in taken)
        taken.add(name.casefold())
        names.append(name)
    return names


def _adjective(trait: Trait) -> str | None:
    if trait.feature in ADJECTIVES:
        return ADJECTIVES[trait.feature][trait.distance_sd < 0]
    if trait.feature.startswith(TIME_OF_DAY) and trait.distance_sd > 0:
        return PARTS.get(trait.feature.removeprefix(TIME_OF_DAY))
    return None


def _noun(trait: Trait) -> str | None:
    """Return who does an action more than usual, such as `searchers`; without figures, which a name may not state."""
    if not trait.feature.startswith(ACTION_SHARE) or trait.distance_sd <= 0:
        return None
    agent = action_agent(cleaned(trait.feature.removeprefix(ACTION_SHARE), 60))
    return None if agent is None or any(character.isdigit() for character in agent) else agent


def _description(traits: list[Trait]) -> str:
    told = [_phrase(trait) for trait in traits if not trait.feature.startswith((TIME_OF_DAY, WORKFLOW))][:2]
    parts = [trait.feature for trait in traits[:4] if trait.feature.startswith(TIME_OF_DAY) and trait.distance_sd > 0]
    when = f", {feature_in_words(parts[0])}" if parts else ""
    return f"Users with {' and '.join(told)} than the average{when}." if told else f"Users like the average{when}."


def _phrase(trait: Trait) -> str:
    if trait.feature in PHRASES:
        return PHRASES[trait.feature][trait.distance_sd < 0]
    return f"a {'larger' if trait.distance_sd > 0 else 'smaller'} {feature_in_words(trait.feature)}"


def _strategy(traits: list[Trait]) -> str:
    strongest = [trait for trait in traits if trait.feature in STRATEGIES][:2]
    told = [STRATEGIES[trait.feature][trait.distance_sd < 0] for trait in strongest]
    return f"{'; '.join(told or [SAME_VISITS])}."


def _signals(segment: Segment) -> tuple[str, ...]:
    """Return the segment's rules, surest first: they are its definition."""
    rules = sorted(segment.rules, key=lambda rule: (-rule.confidence, len(rule.conditions)))
    return tuple(dict.fromkeys(rule_in_words(rule) for rule in rules))[:MOST_SIGNALS]


def _risks(segments: Sequence[Segment]) -> list[str]:
    """Guess the risk from how often users come, a third of the segments each: outcomes are not looked at."""
    frequencies = [segment.centroid.session_frequency for segment in segments]
    order = sorted(range(len(segments)), key=lambda number: (-frequencies[number], number))
    risks = ["medium"] * len(segments)
    third = len(segments) // 3
    for rank, number in enumerate(order):
        if rank < third:
            risks[number] = "low"
        elif rank >= len(order) - third:
            risks[number] = "high"
    return risks
