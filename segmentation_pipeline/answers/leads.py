"""Answers about leads: which persona each is nearest to, and what that persona's rate says.

Add here: another figure of a scored lead. Keep out: how leads are placed (leads/scoring.py).
"""

from pydantic import Field

from segmentation_pipeline.answers.shape import Answer, Share, Stamp


class ScoredLead(Answer):
    """A lead beside its nearest persona; rate, interval and tier are the persona's, drawn to everyone's where few."""

    persona_id: str
    persona: str = Field(description="What the persona is called.")
    tier: str = Field(description="PREMIUM, HIGH, MEDIUM, LOW, MINIMAL; UNKNOWN where no outcome is known.")
    is_tier_uncertain: bool = Field(description="Whether the interval reaches into another tier.")
    rate: Share | None = Field(description="Conversion rate of the persona.")
    rate_low: Share | None
    rate_high: Share | None
    runner_up: str | None = Field(description="Second nearest persona.")
    margin: Share | None = Field(description="How much farther that one is: 0 as near, 1 the lead is a typical one.")
    unknown: list[str] = Field(description="Columns the lead says nothing of.")
    unseen: list[str] = Field(description="Columns whose value no lead of the import had.")
    ignored: list[str] = Field(description="Fields that play no part.")


class ScoredLeads(Answer):
    """Leads in the order given, scored by one import."""

    refresh: Stamp
    import_id: str
    overall_rate: Share | None
    leads: list[ScoredLead]
