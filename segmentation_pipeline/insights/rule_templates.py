"""What a rule of the offline advisor consists of: signals, a pain point and an experiment as templates.

Add here: a property that rules need.
Keep out: the rules (`outcome_rules.py`, `behaviour_rules.py`) and how they are matched and ranked (`rules.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from segmentation_pipeline.insights.advisor import Effort

RoleName = Literal["churn", "conversion", "revision", "collaboration"]
ActionPool = Literal["wanted", "trouble", "core_features", "retention_drivers"]
"""Which actions a rule runs over: those worth doing, those of users who are stuck, those settings name."""


@dataclass(frozen=True)
class Signal:
    """A contrast that must hold; `<action>` in the metric is each action in turn. `any` asks only for its level.

    floor, ceiling: levels between which the rule's words are true. Users who come lower than the rest at 20 visits
    a week do not come rarely; a contrast alone does not say so. `overall_floor` is the same for all users.
    """

    metric: str
    direction: Literal["higher", "lower", "any"]
    floor: float = -math.inf
    ceiling: float = math.inf
    overall_floor: float = -math.inf


@dataclass(frozen=True)
class PainTemplate:
    """Title and explanation of a pain point."""

    title: str
    body: str


@dataclass(frozen=True)
class RemedyTemplate:
    """Title and body of what the product should do about a pain point, for good."""

    title: str
    body: str


@dataclass(frozen=True)
class ExperimentTemplate:
    """What to try: `If <change>, <metric> will be {direction}, because <reason>`.

    metrics: the metrics that could decide it, the first one measured here is taken; `retention` stands for the
    longest observed day.
    """

    title: str
    body: str
    change: str
    reason: str
    metrics: tuple[str, ...]
    effort: Effort


@dataclass(frozen=True)
class Rule:
    """All signals must hold. `weight` prefers rules that tie behaviour to an outcome over plain differences."""

    rule_id: str
    group: str
    signals: tuple[Signal, ...]
    experiment: ExperimentTemplate
    pain: PainTemplate | None = None
    roles: tuple[RoleName, ...] = ()
    actions: ActionPool = "wanted"
    weight: float = 1.0


def higher(metric: str, *, floor: float = -math.inf) -> Signal:
    """Return the signal that a metric is higher than in the rest, and not below a floor."""
    return Signal(metric, "higher", floor=floor)


def lower(metric: str, *, ceiling: float = math.inf, overall_floor: float = -math.inf) -> Signal:
    """Return the signal that a metric is lower than in the rest, not above a ceiling, and of some size overall."""
    return Signal(metric, "lower", ceiling=ceiling, overall_floor=overall_floor)


STAY = ("drop_off_rate", "retention", "session_frequency")
CLOSE = ("conversion_rate", "drop_off_rate", "retention", "session_frequency")
