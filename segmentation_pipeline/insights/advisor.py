"""What an advisor is: from the evidence of a segment to pain points and experiments made of claims.

Add here: the shape of advice and of claims, shared by every advisor.
Keep out: any advisor itself (`rules.py` holds the offline one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.config import ProductContext
    from segmentation_pipeline.insights.catalogue import Unit
    from segmentation_pipeline.insights.evidence import SegmentEvidence

ClaimKind = Literal["level", "contrast", "trend", "count"]
Comparator = Literal["none", "overall", "segment", "previous"]
ClaimDirection = Literal["higher", "lower", "none"]
Effort = Literal["S", "M", "L"]


@dataclass(frozen=True)
class Claim:
    """One statement about one metric of one segment.

    `text` holds facts only as the slots {value}, {direction} and {comparator}; outside them it has no digit,
    number word or comparative, backticked names excepted. `value`, where given, must be the metric's own.
    """

    kind: ClaimKind
    subject: str
    metric: str
    comparator: Comparator
    direction: ClaimDirection
    value: float | None
    unit: Unit
    window: str
    text: str


@dataclass(frozen=True)
class PainPoint:
    """What hurts a segment: claims that show it, and a body that explains it without any figure."""

    rule_id: str
    title: str
    claims: tuple[Claim, ...]
    body: str

    @property
    def text_template(self) -> str:
        """The claims' sentences, slots unfilled, then the body."""
        return " ".join([*(claim.text for claim in self.claims), self.body])


@dataclass(frozen=True)
class Experiment:
    """What to try for a segment; its expected effect is a direction only, never a magnitude.

    `hypothesis` holds the expected direction as the slot {direction}.
    """

    rule_id: str
    title: str
    claims: tuple[Claim, ...]
    body: str
    hypothesis: str
    primary_metric: str
    expected_direction: Literal["higher", "lower"]
    effort: Effort

    @property
    def text_template(self) -> str:
        """The claims' sentences, slots unfilled, then the body."""
        return " ".join([*(claim.text for claim in self.claims), self.body])


@dataclass(frozen=True)
class Advice:
    """Pain points and experiments of one segment, strongest first."""

    pain_points: tuple[PainPoint, ...]
    experiments: tuple[Experiment, ...]


class Advisor(Protocol):
    """Anything that turns evidence into advice, offline or not."""

    @property
    def name(self) -> str:
        """Name stored beside every recommendation."""
        ...

    def advise(self, segment: SegmentEvidence, siblings: Sequence[SegmentEvidence], product: ProductContext) -> Advice:
        """Return the advice for a segment, contrastive to its siblings (the other segments of the refresh)."""
        ...
