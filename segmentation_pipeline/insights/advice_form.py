"""What a model may answer about a segment: the typed form of its advice, and the advice a filled form holds.

Add here: a field of the form. Keep out: the question (advice_prompt.py), asking (model_advisor.py), judging (gate.py).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from segmentation_pipeline.insights.advisor import Advice, Experiment, PainPoint, Persona, ProductRecommendation
from segmentation_pipeline.llm.claims import Claim
from segmentation_pipeline.llm.untrusted import CLOSING, OPENING, publishable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.llm.claims import ClaimKind, Comparator, Locale, SegmentEvidence, Unit

TITLE_CHARS = 120
TEXT_CHARS = 600
SLUG_CHARS = 48


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClaimForm(_Form):
    """One sentence that states one metric, with its figures as slots."""

    metric: str = Field(max_length=80, description="Code of the metric, such as m3.")
    comparator: Literal["none", "overall", "segment", "previous"] = Field(
        description="What it is compared with: nothing, all users, a sibling segment, or the refresh before."
    )
    compared_segment: str | None = Field(max_length=80, description="Code of the sibling, such as s2, else null.")
    direction: Literal["higher", "lower", "none"] = Field(
        description="Only as listed beside the metric for that comparator; else none."
    )
    unit: Literal["own", "pp", "x"] = Field(description="own, or the difference in points (pp) or as a multiple (x).")
    text: str = Field(max_length=TEXT_CHARS, description="The sentence with {value}, {direction}, {comparator}.")


class PieceForm(_Form):
    """A pain point or a product recommendation."""

    title: str = Field(max_length=TITLE_CHARS, description="Headline without figures.")
    claims: list[ClaimForm] = Field(min_length=1, max_length=3)
    body: str = Field(max_length=2 * TEXT_CHARS, description="One to three sentences without figures or comparisons.")


class ExperimentForm(PieceForm):
    """An experiment idea."""

    hypothesis: str = Field(max_length=TEXT_CHARS, description="If ..., METRIC will be {direction}, because ...")
    primary_metric: str = Field(max_length=80, description="Code of the metric that decides it.")
    expected_direction: Literal["higher", "lower"]
    effort: Literal["S", "M", "L"]


class AdviceForm(_Form):
    """What is said of one segment, most important first."""

    persona_name: str = Field(max_length=TITLE_CHARS, description="Two to four words, unlike every sibling's name.")
    persona_description: str = Field(max_length=TEXT_CHARS, description="One sentence: who these users are.")
    pain_points: list[PieceForm] = Field(min_length=1, max_length=4)
    product_recommendations: list[PieceForm] = Field(min_length=1, max_length=4)
    experiments: list[ExperimentForm] = Field(min_length=1, max_length=8)


@dataclass(frozen=True)
class Codes:
    """What the codes of a prompt stand for, and the names in it that a text may quote.

    metrics, segments: code -> id. names: name as the prompt shows it -> name as the evidence knows it.
    """

    metrics: Mapping[str, str]
    segments: Mapping[str, str]
    names: Mapping[str, str]


def advice_in(form: AdviceForm, segment: SegmentEvidence, codes: Codes, locale: Locale) -> Advice:
    """Return the advice a form holds. Codes that do not exist stay as they are written: the gate refuses them."""
    reader = _Reader(segment, codes, locale)
    return Advice(
        tuple(PainPoint(*reader.piece(piece)) for piece in form.pain_points),
        tuple(ProductRecommendation(*reader.piece(piece)) for piece in form.product_recommendations),
        tuple(
            Experiment(
                *reader.piece(piece),
                hypothesis=reader.text(piece.hypothesis),
                primary_metric=codes.metrics.get(piece.primary_metric, piece.primary_metric),
                expected_direction=piece.expected_direction,
                effort=piece.effort,
            )
            for piece in form.experiments
        ),
        Persona(reader.text(form.persona_name), reader.text(form.persona_description), locale),
    )


@dataclass(frozen=True)
class _Reader:
    segment: SegmentEvidence
    codes: Codes
    locale: Locale

    def piece(self, form: PieceForm) -> tuple[str, str, tuple[Claim, ...], str]:
        title = self.text(form.title)
        return slug(title), title, tuple(self.claim(claim) for claim in form.claims), self.text(form.body)

    def claim(self, form: ClaimForm) -> Claim:
        metric_id = self.codes.metrics.get(form.metric, form.metric)
        metric = self.segment.metrics.get(metric_id)
        own: Unit = metric.unit if metric else "count"
        unit: Unit = own if form.unit == "own" else form.unit
        compared = form.compared_segment
        return Claim(
            kind=_kind(form.comparator, unit),
            subject=self.segment.cluster_id,
            metric=metric_id,
            comparator=form.comparator,
            direction=form.direction,
            value=None,
            unit=unit,
            window=metric.window if metric else "",
            text=self.text(form.text),
            compared_segment=None if compared is None else self.codes.segments.get(compared, compared),
            locale=self.locale,
        )

    def text(self, written: str) -> str:
        """Return a text on one line, without anything invisible or acting, quoting names as the evidence knows them."""
        return _QUOTED.sub(self._known_name, publishable(written).translate(_DELIMITERS))

    def _known_name(self, quoted: re.Match[str]) -> str:
        return f"`{self.codes.names.get(quoted[1], quoted[1])}`"


_QUOTED = re.compile(r"`([^`]*)`")
_DELIMITERS = str.maketrans(dict.fromkeys(OPENING + CLOSING, "`"))
"""Models quote names as they saw them quoted."""


def slug(title: str) -> str:
    """Return what names a piece of advice within its segment, made of its title."""
    plain = unicodedata.normalize("NFKD", title.lower().replace("\u0131", "i")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_CHARS].rstrip("-") or "untitled"


def _kind(comparator: Comparator, unit: Unit) -> ClaimKind:
    kinds: dict[Comparator, ClaimKind] = {"overall": "contrast", "segment": "contrast", "previous": "trend"}
    return kinds.get(comparator, "count" if unit == "count" else "level")


def codes_of(names: Sequence[str], letter: str) -> dict[str, str]:
    """Return code -> name: m1, m2 and so on."""
    return {f"{letter}{number}": name for number, name in enumerate(names, start=1)}
