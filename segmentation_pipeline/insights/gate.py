"""Passes advice through the gate: what is grounded stays, the rest is sent back once or dropped, all is reported.

Add here: another part of advice that can be wrong.
Keep out: what makes a text ungrounded (`llm/grounding.py`) and rows of advice (`recommending.py`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

from segmentation_pipeline.insights.advisor import Advice, AdviceRequest, Experiment, NoAdvice, PainPoint
from segmentation_pipeline.insights.catalogue import decides_experiments, good_direction
from segmentation_pipeline.llm.claims import Violation
from segmentation_pipeline.llm.grounding import check_claim, check_prose
from segmentation_pipeline.state.segment_edits import is_same_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from segmentation_pipeline.config import ProductContext
    from segmentation_pipeline.insights.advisor import Advisor, Persona
    from segmentation_pipeline.llm.claims import Evidence, Locale, SegmentEvidence

MIN_EXPERIMENTS = 3
"""Distinct experiments every advised segment gets; the setting may ask for more, never for fewer."""

ID_DIGITS = 12
"""Hexadecimal digits of a recommendation's hash: 48 bits, so that two of a million meet by chance in 1 of 600 cases."""

MAX_NAME_WORDS = 5
MAX_NAME_CHARS = 60
MAX_DESCRIPTION_CHARS = 300
PERSONA = "persona"

Item = TypeVar("Item", bound=PainPoint)
CheckVerdict = Literal["ok", "corrected", "sent_back", "dropped"]
Part = Literal["claim", "title", "body", "hypothesis", "name", "description"]


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
    """What may be published for a segment, who advised it, and what the gate said of everything it was shown.

    persona, persona_by: a grounded name and who gave it; None where the segment's own label stays.
    instead_because: why the fallback advises in place of the advisor asked first; None where it does not.
    """

    segment: SegmentEvidence
    advice: Advice
    advisor: str
    persona_by: str | None
    instead_because: str | None
    checks: tuple[Checked, ...]

    @property
    def persona(self) -> Persona | None:
        """The grounded name, if any."""
        return self.advice.persona


@dataclass
class _Answer:
    """What an advisor said of one segment so far, and what the gate said of that."""

    request: AdviceRequest
    advice: Advice
    checks: list[Checked]
    failure: str | None = None


def advise_grounded(
    segments: Sequence[SegmentEvidence],
    evidence: Evidence,
    advisor: Advisor,
    product: ProductContext,
    fallback: Advisor | None = None,
) -> list[GatedAdvice]:
    """Return the advice for each segment as far as it is grounded.

    An advisor that can be corrected gets the list of violations once. What is still wrong then is dropped; where too
    little is left, or nothing came, `fallback` advises in its place. A grounded persona stays all the same.
    """
    answers = _first_answers(segments, evidence, advisor, product)
    if advisor.can_correct:
        _correct(answers, evidence, advisor, product)
    instead = _instead(answers, evidence, product, fallback)
    return [_gated(answer, advisor, fallback, instead.get(answer.request.segment.cluster_id)) for answer in answers]


def _first_answers(
    segments: Sequence[SegmentEvidence], evidence: Evidence, advisor: Advisor, product: ProductContext
) -> list[_Answer]:
    requests = [
        AdviceRequest(segment, tuple(other for other in evidence.segments.values() if other is not segment))
        for segment in segments
    ]
    answers = [
        _answer(request, given) for request, given in zip(requests, advisor.advise_all(requests, product), strict=True)
    ]
    _check(answers, evidence, advisor.name, attempt=1)
    return answers


def _correct(answers: Sequence[_Answer], evidence: Evidence, advisor: Advisor, product: ProductContext) -> None:
    """Send back once what is wrong; where no second answer comes, the right parts of the first one stay."""
    wrong = [answer for answer in answers if _wrong(answer.checks)]
    if not wrong:
        return
    requests = [replace(answer.request, refused=correction_request(answer.checks)) for answer in wrong]
    second = [
        _answer(request, given) for request, given in zip(requests, advisor.advise_all(requests, product), strict=True)
    ]
    right = [answer for answer in answers if answer not in wrong]
    answered = [new for new in second if new.failure is None]
    _check(answered, evidence, advisor.name, attempt=2, beside=right)
    for old, new in zip(wrong, second, strict=True):
        if new.failure is not None:
            continue
        refused = {_place(check) for check in _wrong(old.checks)}
        old.checks = [replace(check, verdict="sent_back") if check.violation else check for check in old.checks]
        old.checks += [
            replace(check, verdict="corrected") if _place(check) in refused and not check.violation else check
            for check in new.checks
        ]
        old.advice = new.advice


def _instead(
    answers: Sequence[_Answer],
    evidence: Evidence,
    product: ProductContext,
    fallback: Advisor | None,
) -> dict[str, _Answer]:
    """Return the fallback's advice for the segments of which the advisor left too little, by cluster id."""
    lacking = [answer.request.segment for answer in answers if not _is_enough(_grounded_part(answer))]
    if fallback is None or not lacking:
        return {}
    found = _first_answers(lacking, evidence, fallback, product)
    return {answer.request.segment.cluster_id: answer for answer in found}


def _gated(answer: _Answer, advisor: Advisor, fallback: Advisor | None, instead: _Answer | None) -> GatedAdvice:
    segment, kept, name, why = answer.request.segment, _grounded_part(answer), advisor.name, None
    persona, persona_by = kept.persona, advisor.name if kept.persona else None
    checks = list(answer.checks)
    if instead is not None and fallback is not None:
        refused = sum(check.attempt == _last(answer.checks) for check in _wrong(answer.checks))
        why = answer.failure or f"ungrounded: the gate refused {refused} parts, too little was left"
        kept, name = replace(_grounded_part(instead), persona=persona), fallback.name
        checks += instead.checks
    return GatedAdvice(segment, kept, name, persona_by, why, tuple(_with_published(checks, kept, segment, name)))


def correction_request(checks: Sequence[Checked]) -> str:
    """Return the list of what the gate refused, as it is sent back to whoever wrote it; empty when all is right."""
    return "\n".join(
        f"- {check.item}, {check.part}{'' if check.claim_index is None else f' {check.claim_index}'}: "
        f"{check.text[:200]!r}: {check.violation}: found {check.found!r}; {check.expected}"
        for check in _wrong(checks)
    )


def recommendation_id(cluster_id: str, item: PainPoint) -> str:
    """Return the id of a recommendation: segment, kind and a hash of what it says, slots unfilled.

    The same advice has the same id in every refresh, whatever its figures are then and whichever rule or model gives
    it; other words, another goal or another segment make it another recommendation.
    """
    experiment = item if isinstance(item, Experiment) else None
    content = {
        "cluster_id": cluster_id,
        "kind": item.kind,
        "title": item.title,
        "text_template": item.text_template,
        "hypothesis_template": experiment and experiment.hypothesis,
        "primary_metric": experiment and experiment.primary_metric,
        "expected_direction": experiment and experiment.expected_direction,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"{cluster_id}:{item.kind}:{hashlib.sha256(canonical.encode()).hexdigest()[:ID_DIGITS]}"


def item_name(item: PainPoint) -> str:
    """Return what names a piece of advice within its segment: kind and rule."""
    return f"{item.kind}:{item.rule_id}"


def _answer(request: AdviceRequest, given: Advice | NoAdvice) -> _Answer:
    if isinstance(given, NoAdvice):
        return _Answer(request, Advice((), (), ()), [], given.reason)
    return _Answer(request, _distinct(given), [])


def _check(
    answers: Sequence[_Answer], evidence: Evidence, advisor: str, *, attempt: int, beside: Sequence[_Answer] = ()
) -> None:
    """Let the gate look at each answer; `beside` are answers whose names are taken already."""
    taken = {
        answer.request.segment.cluster_id: answer.advice.persona.name for answer in beside if answer.advice.persona
    }
    for answer in answers:
        segment = answer.request.segment
        reporter = _Reporter(segment, evidence, advisor, attempt)
        answer.checks = [*reporter.items(answer.advice.items), *reporter.persona(answer.advice.persona, taken)]
        persona = _grounded_part(answer).persona
        if persona is not None:
            taken[segment.cluster_id] = persona.name


@dataclass(frozen=True)
class _Reporter:
    """Makes the rows of the report for one segment and attempt."""

    segment: SegmentEvidence
    evidence: Evidence
    advisor: str
    attempt: int

    def items(self, items: Sequence[PainPoint]) -> Iterator[Checked]:
        for item in items:
            for index, claim in enumerate(item.claims):
                found = self._of_segment(check_claim(claim, self.evidence).violations, claim.subject)
                yield self._row(item_name(item), "claim", claim.text, found, index, claim.metric)
            for part, text, violations in self._prose(item):
                yield self._row(item_name(item), part, text, violations)

    def persona(self, persona: Persona | None, taken: Mapping[str, str]) -> Iterator[Checked]:
        if persona is None:
            return
        # A name is read whole, backticks or not: what is quoted in texts is not judged.
        name = persona.name.replace("`", "'")
        found = [
            *_too_long(persona.name, MAX_NAME_CHARS),
            *self._name_violations(persona.name, taken),
            *check_prose(name, self.evidence, locale=persona.locale),
        ]
        yield self._row(PERSONA, "name", persona.name, found)
        described = check_prose(persona.description, self.evidence, locale=persona.locale)
        too_long = _too_long(persona.description, MAX_DESCRIPTION_CHARS)
        yield self._row(PERSONA, "description", persona.description, (*too_long, *described))

    def _name_violations(self, name: str, taken: Mapping[str, str]) -> Iterator[Violation]:
        if not 1 <= len(name.split()) <= MAX_NAME_WORDS:
            yield Violation("too_long", "text", name[:50], f"a name has one to {MAX_NAME_WORDS} words")
        labels = {other.cluster_id: other.label for other in self.evidence.segments.values()}
        for cluster_id, other in [*labels.items(), *taken.items()]:
            if cluster_id != self.segment.cluster_id and is_same_name(name, other):
                yield Violation("duplicate_name", "text", name, f"{cluster_id} is called so; names are unique")

    def _of_segment(self, violations: tuple[Violation, ...], subject: str) -> tuple[Violation, ...]:
        """Add that a claim in a segment's advice must be on that segment."""
        if subject == self.segment.cluster_id:
            return violations
        return (
            Violation("wrong_segment", "claim", subject, f"this advice is for {self.segment.cluster_id}"),
            *violations,
        )

    def _prose(self, item: PainPoint) -> Iterator[tuple[Part, str, tuple[Violation, ...]]]:
        locale: Locale = item.claims[0].locale if item.claims else "en"
        measured = self.segment.metrics
        cited = [measured[claim.metric] for claim in item.claims if claim.metric in measured]
        yield "title", item.title, check_prose(item.title, self.evidence, locale=locale, metrics=cited)
        yield "body", item.body, check_prose(item.body, self.evidence, locale=locale, metrics=cited)
        if isinstance(item, Experiment):
            primary = measured.get(item.primary_metric)
            metrics = [*cited, *([primary] if primary else [])]
            found = check_prose(item.hypothesis, self.evidence, locale=locale, metrics=metrics, has_direction=True)
            yield "hypothesis", item.hypothesis, (*self._goal_violations(item), *found)

    def _goal_violations(self, item: Experiment) -> Iterator[Violation]:
        metric = item.primary_metric
        if metric not in self.segment.metrics:
            yield Violation("unknown_metric", "claim", metric[:50], "the primary metric must be one of the evidence")
        elif not decides_experiments(metric):
            yield Violation("unfit_metric", "claim", metric, "no experiment is decided on it")
        elif item.expected_direction != good_direction(metric):
            wanted = f"an experiment wants {metric} to be {good_direction(metric)}"
            yield Violation("wrong_direction", "direction", item.expected_direction, wanted)

    def _row(
        self,
        item: str,
        part: Part,
        text: str,
        violations: Sequence[Violation],
        index: int | None = None,
        metric_id: str | None = None,
    ) -> Checked:
        first = violations[0] if violations else None
        return Checked(
            cluster_id=self.segment.cluster_id,
            advisor=self.advisor,
            attempt=self.attempt,
            item=item,
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


def _too_long(text: str, limit: int) -> tuple[Violation, ...]:
    if len(text) <= limit:
        return ()
    return (Violation("too_long", "text", f"{len(text)} characters", f"at most {limit} characters"),)


def _grounded_part(answer: _Answer) -> Advice:
    """Return the advice without its refused claims; without a piece that lost its text or all of its claims.

    Of two pieces that say the same under two names the first is kept: a recommendation is what it says.
    """
    last = _last(answer.checks)
    wrong = [check for check in _wrong(answer.checks) if check.attempt == last]
    claims = {(check.item, check.claim_index) for check in wrong if check.part == "claim"}
    texts = {check.item for check in wrong if check.part != "claim"}

    def kept(items: tuple[Item, ...]) -> tuple[Item, ...]:
        found: dict[str, Item] = {}
        for item in items:
            left = tuple(c for i, c in enumerate(item.claims) if (item_name(item), i) not in claims)
            if left and item_name(item) not in texts:
                said = replace(item, claims=left)
                found.setdefault(recommendation_id(answer.request.segment.cluster_id, said), said)
        return tuple(found.values())

    advice = answer.advice
    return Advice(
        kept(advice.pain_points),
        kept(advice.product_recommendations),
        kept(advice.experiments),
        None if PERSONA in texts else advice.persona,
    )


def _last(checks: Sequence[Checked]) -> int:
    return max((check.attempt for check in checks), default=1)


def _place(check: Checked) -> tuple[str, Part, int | None]:
    return check.item, check.part, check.claim_index


def _distinct(advice: Advice) -> Advice:
    """Return the advice without pieces of a name already given: a model may repeat itself, a row may not."""

    def first(items: tuple[Item, ...]) -> tuple[Item, ...]:
        by_name: dict[str, Item] = {}
        for item in items:
            by_name.setdefault(item.rule_id, item)
        return tuple(by_name.values())

    return replace(
        advice,
        pain_points=first(advice.pain_points),
        product_recommendations=first(advice.product_recommendations),
        experiments=first(advice.experiments),
    )


def _wrong(checks: Sequence[Checked]) -> list[Checked]:
    return [check for check in checks if check.violation]


def _is_enough(advice: Advice) -> bool:
    has_both = bool(advice.pain_points) and bool(advice.product_recommendations)
    return has_both and len({item.title for item in advice.experiments}) >= MIN_EXPERIMENTS


def _with_published(
    checks: Sequence[Checked], advice: Advice, segment: SegmentEvidence, advisor: str
) -> Iterator[Checked]:
    """Name the recommendation of each check whose text is published."""
    published = {item_name(item): recommendation_id(segment.cluster_id, item) for item in advice.items}
    last = _last([check for check in checks if check.advisor == advisor])
    for check in checks:
        is_published = check.advisor == advisor and check.attempt == last and not check.violation
        yield replace(check, recommendation_id=published.get(check.item) if is_published else None)
