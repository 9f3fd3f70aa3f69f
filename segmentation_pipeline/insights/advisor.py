"""What an advisor is: from the evidence of a segment to pain points and experiments made of claims.

Add here: the shape of advice, shared by every advisor.
Keep out: any advisor itself (`rules.py` holds the offline one) and what a claim is (`llm/claims.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.config import ProductContext
    from segmentation_pipeline.llm.claims import Claim, SegmentEvidence

Effort = Literal["S", "M", "L"]


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


@runtime_checkable
class CorrectableAdvisor(Advisor, Protocol):
    """An advisor that can be told once what is wrong with its advice."""

    def correct(
        self, segment: SegmentEvidence, siblings: Sequence[SegmentEvidence], product: ProductContext, problems: str
    ) -> Advice:
        """Return whole new advice, given the list of what the gate refused in the first."""
        ...
