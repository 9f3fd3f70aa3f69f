"""What an advisor is: from the evidence of segments to pain points, recommendations and experiments made of claims.

Add here: the shape of advice, shared by every advisor.
Keep out: any advisor itself (`rules.py` holds the offline one) and what a claim is (`llm/claims.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.config import ProductContext
    from segmentation_pipeline.llm.claims import Claim, Locale, SegmentEvidence

RULES = "rules"
"""Who advises, names and describes where no model does."""

Effort = Literal["S", "M", "L"]
Kind = Literal["pain_point", "product_recommendation", "experiment"]


@dataclass(frozen=True)
class PainPoint:
    """What hurts a segment: claims that show it, and a body that explains it without any figure."""

    rule_id: str
    title: str
    claims: tuple[Claim, ...]
    body: str

    @property
    def kind(self) -> Kind:
        """What tables call it."""
        return "pain_point"

    @property
    def text_template(self) -> str:
        """The claims' sentences, slots unfilled, then the body."""
        return " ".join([*(claim.text for claim in self.claims), self.body])


@dataclass(frozen=True)
class ProductRecommendation(PainPoint):
    """What the product should do for a segment, for good: claims that say why, and a body that says what."""

    @property
    def kind(self) -> Kind:
        """What tables call it."""
        return "product_recommendation"


@dataclass(frozen=True)
class Experiment(PainPoint):
    """What to try for a segment; its expected effect is a direction only, never a magnitude.

    `hypothesis` holds the expected direction as the slot {direction}.
    """

    hypothesis: str
    primary_metric: str
    expected_direction: Literal["higher", "lower"]
    effort: Effort

    @property
    def kind(self) -> Kind:
        """What tables call it."""
        return "experiment"


@dataclass(frozen=True)
class Persona:
    """What a segment may be called and, in one sentence, who its users are; neither states a figure."""

    name: str
    description: str
    locale: Locale = "en"


@dataclass(frozen=True)
class Advice:
    """What is said of one segment, strongest first; without a persona its own label stays."""

    pain_points: tuple[PainPoint, ...]
    product_recommendations: tuple[ProductRecommendation, ...]
    experiments: tuple[Experiment, ...]
    persona: Persona | None = None

    @property
    def items(self) -> tuple[PainPoint, ...]:
        """All pieces of advice."""
        return (*self.pain_points, *self.product_recommendations, *self.experiments)


@dataclass(frozen=True)
class NoAdvice:
    """Why an advisor has nothing to say of a segment: kind of failure, then words."""

    reason: str


@dataclass(frozen=True)
class AdviceRequest:
    """A segment to advise on, contrastive to its siblings (the other segments of the refresh).

    refused: what the gate refused in the advisor's first answer, a line each; empty when asked first.
    """

    segment: SegmentEvidence
    siblings: tuple[SegmentEvidence, ...]
    refused: str = ""


class Advisor(Protocol):
    """Anything that turns evidence into advice, offline or not."""

    @property
    def name(self) -> str:
        """Name stored beside every recommendation."""
        ...

    @property
    def can_correct(self) -> bool:
        """Whether it can be told once what is wrong with its advice."""
        ...

    def advise_all(self, requests: Sequence[AdviceRequest], product: ProductContext) -> Sequence[Advice | NoAdvice]:
        """Return the advice for each segment, in their order."""
        ...
