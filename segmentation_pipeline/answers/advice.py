"""Answers about advice, what its experiments would take, and the roadmap of those people plan.

Add here: another figure of a recommendation or an entry. Keep out: how answers are found (reading.py).
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from segmentation_pipeline.answers.shape import MONTH_PATTERN, Answer, Moment, Month, Stamp


class Citation(Answer):
    """A sentence of advice with the metric it states."""

    metric_id: str
    value: float | None
    unit: str | None
    rendered: str


class Power(Answer):
    """What an experiment would take in its own segment; `reason` says it in words."""

    verdict: str = Field(description="run, run_in_union, do_not_run or not_computed.")
    reason: str
    primary_metric: str
    smallest_effect: float
    users_per_arm: int | None
    eligible_per_week: float | None
    weeks_to_decide: float | None
    baseline: float | None
    target: float | None


class Recommendation(Answer):
    """One piece of advice; `rank` 1 is the strongest of its kind. Hypothesis to effort are an experiment's."""

    recommendation_id: str
    month: Month
    segment_id: str = Field(description="Segment it is for; overall is everyone.")
    kind: str = Field(description="pain_point, product_recommendation or experiment.")
    rank: int
    title: str
    text: str
    hypothesis: str | None
    primary_metric: str | None
    expected_direction: str | None
    effort: str | None
    evidence: list[Citation]
    power: Power | None


class Recommendations(Answer):
    """The advice of a refresh, by segment, kind and rank."""

    refresh: Stamp
    segment_id: str | None
    recommendations: list[Recommendation]


Status = Literal["planned", "running", "decided", "dropped"]


class PlanNote(Answer):
    """What somebody wrote beside a change of a plan."""

    note: str
    edited_at: Moment
    edited_by: str


class RoadmapEntry(Answer):
    """One planned experiment: what was recommended when it was put here, and the plan of the moment."""

    entry_id: int
    segment_name: str
    status: Status
    priority: int
    owner: str | None
    starts_on: date | None
    ends_on: date | None
    recommendation: Recommendation
    notes: list[PlanNote]
    created_at: Moment
    created_by: str
    edited_at: Moment
    edited_by: str


class Roadmap(Answer):
    """Every planned experiment: running ones first, then planned, decided, dropped, each by priority."""

    refresh: Stamp
    entries: list[RoadmapEntry]


class RoadmapAnswer(Answer):
    """One planned experiment."""

    refresh: Stamp
    entry: RoadmapEntry


def _written(day: object) -> object:
    if isinstance(day, int | float):
        raise ValueError("a day is written as 2026-01-31")  # noqa: TRY004 - pydantic tells of ValueErrors
    return day


Day = Annotated[date, BeforeValidator(_written)]
"""A day as text; seconds since 1970 are a mistake here."""


class PlanChange(BaseModel):
    """What of a plan is to be: only the fields given are changed; a date or owner of null is taken away."""

    model_config = ConfigDict(extra="forbid")

    status: Status = "planned"
    priority: int = Field(default=3, ge=1, le=5, strict=True)
    owner: str | None = Field(default=None, max_length=200)
    starts_on: Day | None = None
    ends_on: Day | None = None
    note: str | None = Field(default=None, min_length=1, max_length=4_000, pattern=r"\S")


class NewEntry(PlanChange):
    """A recommended experiment to put on the roadmap; month: of this refresh, else of the newest that advises it."""

    recommendation_id: str = Field(min_length=1, max_length=200)
    month: str | None = Field(default=None, pattern=MONTH_PATTERN)
