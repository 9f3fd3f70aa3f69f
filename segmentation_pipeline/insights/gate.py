"""Passes advice through the gate: what is grounded stays, the rest is sent back once or dropped, all is reported.

Add here: another part of advice that can be wrong.
Keep out: what makes a text ungrounded (`llm/grounding.py`) and rows of advice (`recommending.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

from segmentation_pipeline.insights.advisor import Advice, CorrectableAdvisor, Experiment, PainPoint
from segmentation_pipeline.llm.claims import Violation
from segmentation_pipeline.llm.grounding import check_claim, check_prose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from segmentation_pipeline.config import ProductContext
    from segmentation_pipeline.insights.advisor import Advisor
    from segmentation_pipeline.llm.claims import Evidence, Locale, SegmentEvidence

MIN_EXPERIMENTS = 3
"""Distinct experiments every advised segment gets; the setting may ask for more, never for fewer."""

Item = TypeVar("Item", PainPoint, Experiment)
CheckVerdict = Literal["ok", "corrected", "sent_back", "dropped"]
Part = Literal["claim", "title", "body", "hypothesis"]


@dataclass(frozen=True)
class Checked:
    """One row of `grounding_report`, without its month: one claim, or one text around claims, that passed the gate.

    The violation told is the first one; `violation_count` says how many there were.
    """

    cluster_id: str
    advisor: str
    attempt: int
    item: str
    part: Part
    claim_index: int | None
    recommendation_id: str | None
    metric_id: str | None
    verdict: CheckVerdict
    violation: str | None
    violation_count: int
    text: str
    expected: str | None
    found: str | None


@dataclass(frozen=True)
class GatedAdvice:
    """What may be published for a segment, who advised it, and what the gate said of everything it was shown."""

    advice: Advice
    advisor: str
    checks: tuple[Checked, ...]


def advise_grounded(
    segment: SegmentEvidence,
    evidence: Evidence,
    advisor: Advisor,
    product: ProductContext,
    fallback: Advisor | None = None,
) -> GatedAdvice:
    """Return the advice for a segment as far as it is grounded.

    An advisor that can be corrected gets the list of violations once. What is still wrong then is dropped; where too
    little is left, `fallback` advises in its place.
    """
    siblings = [other for other in evidence.segments.values() if other is not segment]
    advice = _distinct(advisor.advise(segment, siblings, product))
    checks = _checks(advice, segment, evidence, advisor.name, attempt=1)
    kept = _grounded_part(advice, checks)
    if isinstance(advisor, CorrectableAdvisor) and _wrong(checks):
        second = _distinct(advisor.correct(segment, siblings, product, correction_request(checks)))
        again = _checks(second, segment, evidence, advisor.name, attempt=2)
        corrected = {_place(check) for check in _wrong(checks)}
        checks = [replace(check, verdict="sent_back") if check.violation else check for check in checks]
        checks += [
            replace(check, verdict="corrected") if _place(check) in corrected and not check.violation else check
            for check in again
        ]
        kept = _grounded_part(second, again)
    name = advisor.name
    if fallback is not None and not _is_enough(kept):
        kept, name = fallback.advise(segment, siblings, product), fallback.name
        own = _checks(kept, segment, evidence, fallback.name, attempt=1)
        kept = _grounded_part(kept, own)
        checks += own
    return GatedAdvice(kept, name, tuple(_with_published(checks, kept, segment, name)))


def correction_request(checks: Sequence[Checked]) -> str:
    """Return the list of what the gate refused, as it is sent back to whoever wrote it; empty when all is right."""
    return "\n".join(
        f"- {check.item}, {check.part}{'' if check.claim_index is None else f' {check.claim_index}'}: "
        f"{check.text[:200]!r}: {check.violation}: found {check.found!r}; {check.expected}"
        for check in _wrong(checks)
    )


def recommendation_id(cluster_id: str, item: str) -> str:
    """Return the id of a recommendation: segment, kind and rule."""
    return f"{cluster_id}:{item}"


def item_name(item: PainPoint | Experiment) -> str:
    """Return what names a piece of advice within its segment: kind and rule."""
    return f"{'experiment' if isinstance(item, Experiment) else 'pain_point'}:{item.rule_id}"


def _checks(
    advice: Advice, segment: SegmentEvidence, evidence: Evidence, advisor: str, *, attempt: int
) -> list[Checked]:
    def row(
        item: PainPoint | Experiment,
        part: Part,
        text: str,
        violations: Sequence[Violation],
        index: int | None = None,
        metric_id: str | None = None,
    ) -> Checked:
        first = violations[0] if violations else None
        return Checked(
            cluster_id=segment.cluster_id,
            advisor=advisor,
            attempt=attempt,
            item=item_name(item),
            part=part,
            claim_index=index,
            recommendation_id=None,
            metric_id=metric_id,
            verdict="dropped" if first else "ok",
            violation=first.kind if first else None,
            violation_count=len(violations),
            text=text,
            expected=first.expected if first else None,
            found=first.found if first else None,
        )

    checks: list[Checked] = []
    items: list[PainPoint | Experiment] = [*advice.pain_points, *advice.experiments]
    for item in items:
        for index, claim in enumerate(item.claims):
            claim_violations = _of_segment(check_claim(claim, evidence).violations, claim.subject, segment)
            checks.append(row(item, "claim", claim.text, claim_violations, index, claim.metric))
        for part, text, violations in _prose(item, segment, evidence):
            checks.append(row(item, part, text, violations))
    return checks


def _of_segment(violations: tuple[Violation, ...], subject: str, segment: SegmentEvidence) -> tuple[Violation, ...]:
    """Add that a claim in a segment's advice must be on that segment."""
    if subject == segment.cluster_id:
        return violations
    return (Violation("wrong_segment", "claim", subject, f"this advice is for {segment.cluster_id}"), *violations)


def _prose(
    item: PainPoint | Experiment, segment: SegmentEvidence, evidence: Evidence
) -> Iterator[tuple[Part, str, tuple[Violation, ...]]]:
    locale: Locale = item.claims[0].locale if item.claims else "en"
    cited = [segment.metrics[claim.metric] for claim in item.claims if claim.metric in segment.metrics]
    yield "title", item.title, check_prose(item.title, evidence, locale=locale, metrics=cited)
    yield "body", item.body, check_prose(item.body, evidence, locale=locale, metrics=cited)
    if isinstance(item, Experiment):
        primary = segment.metrics.get(item.primary_metric)
        metrics = [*cited, *([primary] if primary else [])]
        found = check_prose(item.hypothesis, evidence, locale=locale, metrics=metrics, has_direction=True)
        yield "hypothesis", item.hypothesis, found


def _grounded_part(advice: Advice, checks: Sequence[Checked]) -> Advice:
    """Return the advice without its refused claims; without a piece that lost its text or all of its claims."""
    wrong = _wrong(checks)
    claims = {(check.item, check.claim_index) for check in wrong if check.part == "claim"}
    texts = {check.item for check in wrong if check.part != "claim"}

    def kept(items: tuple[Item, ...]) -> tuple[Item, ...]:
        found: list[Item] = []
        for item in items:
            left = tuple(c for i, c in enumerate(item.claims) if (item_name(item), i) not in claims)
            if left and item_name(item) not in texts:
                found.append(replace(item, claims=left))
        return tuple(found)

    return Advice(kept(advice.pain_points), kept(advice.experiments))


def _place(check: Checked) -> tuple[str, Part, int | None]:
    return check.item, check.part, check.claim_index


def _distinct(advice: Advice) -> Advice:
    """Return the advice without pieces of a name already given: a model may repeat itself, a row may not."""
    pain_points = {item.rule_id: item for item in reversed(advice.pain_points)}
    experiments = {item.rule_id: item for item in reversed(advice.experiments)}
    return Advice(
        tuple(item for item in advice.pain_points if pain_points[item.rule_id] is item),
        tuple(item for item in advice.experiments if experiments[item.rule_id] is item),
    )


def _wrong(checks: Sequence[Checked]) -> list[Checked]:
    return [check for check in checks if check.violation]


def _is_enough(advice: Advice) -> bool:
    return bool(advice.pain_points) and len({item.title for item in advice.experiments}) >= MIN_EXPERIMENTS


def _with_published(
    checks: Sequence[Checked], advice: Advice, segment: SegmentEvidence, advisor: str
) -> Iterator[Checked]:
    """Name the recommendation of each check whose text is published."""
    published = {item_name(item) for item in advice.pain_points} | {item_name(item) for item in advice.experiments}
    last = max((check.attempt for check in checks if check.advisor == advisor), default=1)
    for check in checks:
        is_published = check.advisor == advisor and check.attempt == last and check.item in published
        yield replace(
            check,
            recommendation_id=recommendation_id(segment.cluster_id, check.item)
            if is_published and not check.violation
            else None,
        )
