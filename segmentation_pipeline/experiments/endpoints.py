"""What an experiment is decided on: a share of users, a mean, or the time until users are lost.

Add here: another kind of endpoint, or a metric family that is of another kind than the rest.
Keep out: the formulas (`sample_size.py`) and the experiment around the endpoint (`planning.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, Self

from segmentation_pipeline.experiments.sample_size import (
    LEAST_USERS_PER_ARM,
    detectable_difference,
    detectable_loss,
    detectable_share,
    users_for_hazards,
    users_for_means,
    users_for_shares,
)
from segmentation_pipeline.insights.catalogue import definition_of, family_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.experiments.sample_size import ErrorRates

EndpointKind = Literal["share", "mean", "survival"]
Direction = Literal["higher", "lower"]

LOST_BY_A_DAY = ("drop_off_rate", "retention_day")
"""Families whose users are followed until they are lost: judged by hazards."""

COUNTED_USERS = ("conversion_rate", "single_visit_share", "action_reach", "time_of_day")
"""Families that are a share of users; any other is a mean over users, a mean of shares among them."""

MOSTLY = 0.5
"""A share above it can hardly rise by a part of itself: what it lacks to the whole is what can shrink."""


class Endpoint(Protocol):
    """One metric in one group of users, and which way an experiment wants to move it."""

    kind: ClassVar[EndpointKind]

    @property
    def value(self) -> float:
        """The metric today."""
        ...

    @property
    def base(self) -> float:
        """What relative effects are a part of: the metric, or what it lacks to the whole."""
        ...

    @property
    def sign(self) -> int:
        """1 where the metric should rise, -1 where it should fall."""
        ...

    @property
    def problem(self) -> str | None:
        """Why nothing can be planned on it; None where it can."""
        ...

    def users_per_arm(self, target: float, rates: ErrorRates) -> int:
        """Return how many users each arm needs to tell the metric from a target."""
        ...

    def detectable(self, users: int, rates: ErrorRates) -> float | None:
        """Return the nearest value that so many users an arm can tell from today's; None where there is none."""
        ...

    def mixed(self, others: Sequence[Self], weights: Sequence[float]) -> Self:
        """Return the endpoint of this group and others together, weighted in this order (this one first)."""
        ...


def target_of(endpoint: Endpoint, relative_effect: float) -> float:
    """Return what the metric becomes by a relative effect in the wanted direction."""
    return endpoint.value + endpoint.sign * endpoint.base * relative_effect


@dataclass(frozen=True)
class Share:
    """A share of users of whom each either does it or does not."""

    value: float
    direction: Direction
    kind: ClassVar[EndpointKind] = "share"

    @property
    def sign(self) -> int:
        """1 for higher, -1 for lower."""
        return 1 if self.direction == "higher" else -1

    @property
    def base(self) -> float:
        """The share, or what it lacks where it should rise from above a half."""
        return _base_of_share(self.value, self.direction)

    @property
    def problem(self) -> str | None:
        """A share of nobody or of everybody has no part that could change."""
        return None if 0 < self.value < 1 else f"{self.value:.0%} of users leave nothing to change by a part of it"

    def users_per_arm(self, target: float, rates: ErrorRates) -> int:
        """Return the users of an arm by the score test."""
        return _whole(users_for_shares(self.value, target, rates))

    def detectable(self, users: int, rates: ErrorRates) -> float | None:
        """Return the nearest share that can be told."""
        return None if users < LEAST_USERS_PER_ARM else detectable_share(self.value, self.sign, users, rates)

    def mixed(self, others: Sequence[Share], weights: Sequence[float]) -> Share:
        """Return the share of all users together."""
        return Share(_mean([self.value, *(other.value for other in others)], weights), self.direction)


@dataclass(frozen=True)
class Mean:
    """A mean over users with their standard deviation; `ceiling` is the most it can be, None without limit."""

    value: float
    deviation: float
    direction: Direction
    ceiling: float | None = None
    kind: ClassVar[EndpointKind] = "mean"

    @property
    def sign(self) -> int:
        """1 for higher, -1 for lower."""
        return 1 if self.direction == "higher" else -1

    @property
    def base(self) -> float:
        """The mean, or what a mean of shares lacks where it should rise from above a half."""
        return self.value if self.ceiling is None else _base_of_share(self.value, self.direction)

    @property
    def problem(self) -> str | None:
        """A mean of nothing has no part, and one without spread says that users are not told apart."""
        if not self.value > 0:
            return f"a mean of {self.value:g} leaves nothing to change by a part of it"
        if not self.base > 0:
            return f"a mean of {self.value:g} cannot rise"
        return None if self.deviation > 0 else "all users have the same value, so its spread is not known"

    def users_per_arm(self, target: float, rates: ErrorRates) -> int:
        """Return the users of an arm by the t-test."""
        return _whole(users_for_means(target - self.value, self.deviation, rates))

    def detectable(self, users: int, rates: ErrorRates) -> float | None:
        """Return the nearest mean that can be told; none below nothing or above the ceiling."""
        difference = None if users < LEAST_USERS_PER_ARM else detectable_difference(self.deviation, users, rates)
        if difference is None:
            return None
        found = self.value + self.sign * difference
        return found if 0 <= found <= (math.inf if self.ceiling is None else self.ceiling) else None

    def mixed(self, others: Sequence[Mean], weights: Sequence[float]) -> Mean:
        """Return the mean of all users together; their spread is that within groups and that between them."""
        groups = [self, *others]
        mean = _mean([group.value for group in groups], weights)
        variance = _mean([group.deviation**2 + (group.value - mean) ** 2 for group in groups], weights)
        return Mean(mean, math.sqrt(variance), self.direction, self.ceiling)


@dataclass(frozen=True)
class Survival:
    """A share lost, or kept (`is_kept`), by the day users are followed to; experiments change the hazard."""

    value: float
    direction: Direction
    is_kept: bool = False
    kind: ClassVar[EndpointKind] = "survival"

    @property
    def sign(self) -> int:
        """1 for higher, -1 for lower."""
        return 1 if self.direction == "higher" else -1

    @property
    def base(self) -> float:
        """The share lost: half as many lost is a plain thing to say of a drop-off and of a retention."""
        return self._lost(self.value)

    @property
    def problem(self) -> str | None:
        """Where nobody or everybody is lost there is no hazard to change."""
        return None if 0 < self.value < 1 else f"{self.base:.0%} of users lost leave no hazard to plan with"

    def lost_target(self, target: float) -> tuple[float, float]:
        """Return the share lost today and at a target of the metric."""
        return self._lost(self.value), self._lost(target)

    def users_per_arm(self, target: float, rates: ErrorRates) -> int:
        """Return the users of an arm until enough events are expected."""
        return _whole(users_for_hazards(*self.lost_target(target), rates))

    def detectable(self, users: int, rates: ErrorRates) -> float | None:
        """Return the nearest value whose hazard can be told."""
        if users < LEAST_USERS_PER_ARM:
            return None
        found = detectable_loss(self.base, -self.sign if self.is_kept else self.sign, users, rates)
        return None if found is None else self._lost(found)

    def mixed(self, others: Sequence[Survival], weights: Sequence[float]) -> Survival:
        """Return the share of all users together."""
        value = _mean([self.value, *(other.value for other in others)], weights)
        return Survival(value, self.direction, self.is_kept)

    def _lost(self, value: float) -> float:
        return 1 - value if self.is_kept else value


def endpoint_of(metric_id: str, value: float, deviation: float | None, direction: Direction) -> Share | Mean | Survival:
    """Return the endpoint a metric is; `deviation` is that of users, and only means need it."""
    family = family_of(metric_id)
    if family in LOST_BY_A_DAY:
        return Survival(value, direction, is_kept=family == "retention_day")
    if family in COUNTED_USERS:
        return Share(value, direction)
    ceiling = 1.0 if definition_of(metric_id).unit == "pct" else None
    return Mean(value, deviation or 0.0, direction, ceiling)


def _base_of_share(value: float, direction: Direction) -> float:
    return 1 - value if direction == "higher" and value > MOSTLY else value


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return math.fsum(v * w for v, w in zip(values, weights, strict=True)) / math.fsum(weights)


def _whole(users: float) -> int:
    return max(LEAST_USERS_PER_ARM, math.ceil(users))
