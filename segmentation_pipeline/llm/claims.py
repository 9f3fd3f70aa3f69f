"""What a claim is, what it may cite, and the metric and contrast it is bound to.

Add here: another kind of claim or comparator.
Keep out: writing claims out (`rendering.py`) and judging their texts (`grounding.py`).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ClaimKind = Literal["level", "contrast", "trend", "count"]
Comparator = Literal["none", "overall", "segment", "previous"]
Direction = Literal["higher", "lower", "none"]
Unit = Literal["pct", "pp", "x", "days", "minutes", "count"]
Locale = Literal["en", "tr"]
ViolationKind = Literal[
    "ambiguous_comparison",
    "comparative",
    "duplicate_name",
    "fact_outside_claim",
    "figure_outside_slot",
    "foreign_character",
    "foreign_language",
    "fraction",
    "inconsistent_claim",
    "link",
    "multiple",
    "negation",
    "no_comparison",
    "no_contrast",
    "number_word",
    "range",
    "relative_difference",
    "too_long",
    "unknown_metric",
    "unknown_name",
    "unknown_segment",
    "unknown_slot",
    "unfit_metric",
    "unreadable_figure",
    "wrong_comparator",
    "wrong_day",
    "wrong_direction",
    "wrong_figure",
    "wrong_metric",
    "wrong_segment",
    "wrong_unit",
    "wrong_window",
]
Where = Literal["claim", "value", "direction", "text"]

_DAYS_IN_ID = re.compile(r"_day_(\d+(?:\.\d+)?)$")
_DAYS_IN_WINDOW = re.compile(r"\bday (\d+(?:\.\d+)?)|(\d+(?:\.\d+)?) days?\b")


@dataclass(frozen=True)
class Claim:
    """One statement about one metric of one segment.

    `text` holds facts only as the slots {value}, {direction} and {comparator}, or, in free text, as figures and
    comparatives that the gate reads. `value`, where given, is the figure as written in the answer's locale. `unit` is
    the metric's own, or pp or x, which are recomputed against the comparator. `compared_segment` names the sibling
    of the comparator `segment`.
    """

    kind: ClaimKind
    subject: str
    metric: str
    comparator: Comparator
    direction: Direction
    value: str | None
    unit: Unit
    window: str
    text: str
    compared_segment: str | None = None
    locale: Locale = "en"


@dataclass(frozen=True)
class Violation:
    """One thing a claim or text says that it may not: where, what was found, and what the evidence holds."""

    kind: ViolationKind
    where: Where
    found: str
    expected: str

    def __str__(self) -> str:
        """Say it in a line that can be sent back to whoever wrote the text."""
        return f"{self.kind} in {self.where}: found {self.found!r}; {self.expected}"


class UngroundedClaim(ValueError):
    """A claim cites a metric, value or direction that the evidence does not hold."""

    def __init__(self, violation: Violation) -> None:
        """Keep the violation beside its text."""
        super().__init__(str(violation))
        self.violation = violation


@dataclass(frozen=True)
class Metric:
    """One metric of one segment; `pct` values are fractions between 0 and 1.

    The contrast is the segment against everyone else at risk. As the segment is part of the overall figure,
    (segment - overall) = (1 - share) x (segment - rest): both point the same way.

    counted: what a `count` counts (users, visits, events, actions, points), so that visits are not told as users.
    topics: beginnings of words that name what the metric is about; a text that names only another metric's is wrong.
    """

    metric_id: str
    value: float
    unit: Unit
    low: float | None = None
    high: float | None = None
    overall_value: float | None = None
    contrast_low: float | None = None
    contrast_high: float | None = None
    contrast_direction: Direction = "none"
    difference_sd: float | None = None
    window: str = ""
    counted: str = ""
    topics: tuple[str, ...] = ()

    @cached_property
    def day_counts(self) -> tuple[float, ...]:
        """Numbers of days in the metric's name and window: they may be written, they are no figures."""
        found = [*_DAYS_IN_ID.findall(self.metric_id)]
        found += [day or days for day, days in _DAYS_IN_WINDOW.findall(self.window)]
        return tuple(dict.fromkeys(float(number) for number in found))

    @property
    def name(self) -> str:
        """What follows the colon of the metric id (an action, a pattern), or nothing."""
        return self.metric_id.partition(":")[2]


@dataclass(frozen=True)
class SegmentEvidence:
    """Everything known about one segment: its id, its name and its metrics by id."""

    cluster_id: str
    label: str
    metrics: Mapping[str, Metric]

    @property
    def user_count(self) -> int:
        """Users of the segment."""
        size = self.metrics.get("size")
        return 0 if size is None else round(size.value)


@dataclass(frozen=True)
class Evidence:
    """What the claims of a refresh may cite: every segment, the same ones in the refresh before, and known names.

    names: further names that may stand in backticks (actions of roles, features the team named).
    """

    segments: Mapping[str, SegmentEvidence]
    previous: Mapping[str, SegmentEvidence] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        segments: Iterable[SegmentEvidence],
        previous: Iterable[SegmentEvidence] = (),
        names: Iterable[str] = (),
    ) -> Evidence:
        """Return the evidence made of these segments."""
        return cls(
            {segment.cluster_id: segment for segment in segments},
            {segment.cluster_id: segment for segment in previous},
            frozenset(names),
        )

    @cached_property
    def known_names(self) -> frozenset[str]:
        """Every name that may stand in backticks: metric ids, the actions in them, segments, and `names`."""
        ids = {metric_id for segment in self.segments.values() for metric_id in segment.metrics}
        actions = {metric_id.partition(":")[2] for metric_id in ids}
        labels = {segment.label for segment in self.segments.values()}
        return frozenset({*ids, *actions, *labels, *self.segments, *self.names} - {""})

    @cached_property
    def metric_names(self) -> frozenset[str]:
        """The names metrics are about: actions, patterns."""
        metrics = (metric for segment in self.segments.values() for metric in segment.metrics.values())
        return frozenset(metric.name for metric in metrics) - {""}

    @cached_property
    def topics(self) -> frozenset[str]:
        """The topics of all metrics."""
        metrics = (metric for segment in self.segments.values() for metric in segment.metrics.values())
        return frozenset(topic for metric in metrics for topic in metric.topics)


@dataclass(frozen=True)
class Bound:
    """The metric a claim is about, what it is compared with, and which way the interval of the difference points.

    value: in the claim's unit; compared: in the metric's unit, None without a comparator.
    """

    metric: Metric
    value: float
    compared: float | None
    compared_label: str
    direction: Direction

    @property
    def difference(self) -> float | None:
        """Metric minus comparator, in the metric's unit."""
        return None if self.compared is None else self.metric.value - self.compared

    @property
    def ratio(self) -> float | None:
        """Metric by comparator; None where that is not defined."""
        return self.metric.value / self.compared if self.compared else None


def bind(claim: Claim, evidence: Evidence) -> Bound:
    """Return what the claim's metric and comparator really are.

    Raises:
        UngroundedClaim: segment, metric or comparator do not exist, or kind, comparator and unit do not fit together.
    """
    segment = evidence.segments.get(claim.subject)
    if segment is None:
        raise _refused("unknown_segment", claim.subject, f"segments are {', '.join(sorted(evidence.segments))}")
    metric = segment.metrics.get(claim.metric)
    if metric is None:
        raise _refused("unknown_metric", claim.metric, f"it is not in the evidence of {claim.subject}")
    if claim.window and claim.window != metric.window:
        raise _refused("wrong_window", claim.window, f"{metric.metric_id} is measured {metric.window}")
    _require_consistent(claim)
    compared, label, direction = _comparison(claim, metric, evidence)
    return Bound(metric, _in_unit(claim, metric, compared), compared, label, direction)


def contrast_direction(metric: Metric, other: Metric) -> Direction:
    """Return which way the interval of metric minus other points, or none when it includes no difference.

    The interval follows from both stored ones (method of variance estimates recovery, Zou and Donner 2008). It takes
    the two for independent; the same users a refresh apart are alike, which makes it too wide, never too narrow.
    A metric that is never offered with a direction (no stored contrast) gets none here either.
    """
    if metric.contrast_low is None or other.contrast_low is None or metric.window != other.window:
        return "none"
    if metric.low is None or metric.high is None or other.low is None or other.high is None:
        return "none"
    difference = metric.value - other.value
    low = difference - math.hypot(metric.value - metric.low, other.high - other.value)
    high = difference + math.hypot(metric.high - metric.value, other.value - other.low)
    return "higher" if low > 0 else "lower" if high < 0 else "none"


def _require_consistent(claim: Claim) -> None:
    comparators: dict[ClaimKind, tuple[Comparator, ...]] = {
        "level": ("none",),
        "count": ("none",),
        "contrast": ("overall", "segment"),
        "trend": ("previous",),
    }
    if claim.comparator not in comparators[claim.kind]:
        allowed = " or ".join(comparators[claim.kind])
        raise _refused("inconsistent_claim", f"{claim.kind} with {claim.comparator}", f"it is compared with {allowed}")
    if claim.comparator == "none" and claim.direction != "none":
        raise _refused("inconsistent_claim", claim.direction, "a direction needs a comparator")
    if claim.kind == "count" and claim.unit != "count":
        raise _refused("inconsistent_claim", f"count in {claim.unit}", "a count has the unit count")


def _comparison(claim: Claim, metric: Metric, evidence: Evidence) -> tuple[float | None, str, Direction]:
    if claim.comparator == "none":
        return None, "", "none"
    if claim.comparator == "overall":
        if metric.overall_value is None:
            raise _refused("no_comparison", claim.metric, "it has no value for all users to compare with")
        return metric.overall_value, "overall", metric.contrast_direction
    if claim.comparator == "segment":
        other = evidence.segments.get(claim.compared_segment or "")
        if other is None or other.cluster_id == claim.subject:
            raise _refused("unknown_segment", str(claim.compared_segment), "it is no sibling of the segment")
    else:
        other = evidence.previous.get(claim.subject)
        if other is None:
            raise _refused("no_comparison", claim.subject, "the segment has no earlier refresh")
    compared = other.metrics.get(claim.metric)
    if compared is None:
        raise _refused("no_comparison", claim.metric, f"it is not measured for {other.cluster_id} ({claim.comparator})")
    if compared.window != metric.window or compared.unit != metric.unit:
        raise _refused("no_comparison", claim.metric, f"it is measured {metric.window} here, {compared.window} there")
    return compared.value, other.label, contrast_direction(metric, compared)


def _in_unit(claim: Claim, metric: Metric, compared: float | None) -> float:
    if claim.unit == metric.unit:
        return metric.value
    if claim.unit in ("pp", "x") and compared is None:
        raise _refused("wrong_unit", claim.unit, "points and multiples need a comparator")
    if claim.unit == "pp" and metric.unit == "pct" and compared is not None:
        return metric.value - compared
    if claim.unit == "x" and compared:
        return metric.value / compared
    raise _refused("wrong_unit", claim.unit, f"{metric.metric_id} is in {metric.unit}")


def _refused(kind: ViolationKind, found: str, expected: str) -> UngroundedClaim:
    return UngroundedClaim(Violation(kind, "claim", found, expected))
