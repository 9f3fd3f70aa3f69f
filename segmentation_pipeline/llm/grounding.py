"""The gate: holds every claim and every sentence around claims to the evidence, and says what it finds.

Add here: another thing a text may not say.
Keep out: how figures and words are found (`grounding_figures.py`, `grounding_words.py`), and storing verdicts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from segmentation_pipeline.llm.claims import UngroundedClaim, Violation, bind
from segmentation_pipeline.llm.grounding_figures import COUNTED, Figure, mask_figures, read_figures
from segmentation_pipeline.llm.grounding_roles import Roles, roles_of
from segmentation_pipeline.llm.grounding_text import (
    COMPARED_NAME,
    NAME,
    OTHER_SEGMENT,
    SUBJECT_NAME,
    PreparedText,
    clean_names,
    prepare,
)
from segmentation_pipeline.llm.grounding_words import languages_of, roman_numerals, word_hits
from segmentation_pipeline.llm.number_words import patterns
from segmentation_pipeline.llm.rendering import BACKTICKED, figure, fill, require_direction, scale, slots_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from segmentation_pipeline.llm.claims import Bound, Claim, Evidence, Locale, Metric, ViolationKind
    from segmentation_pipeline.llm.grounding_words import WordHit

MAX_CLAIM_CHARS = 600
"""Longest text of one claim; a claim is a sentence or two, and work per claim stays bounded."""

MAX_PROSE_CHARS = 4000
"""Longest text around claims."""


@dataclass(frozen=True)
class Verdict:
    """What the gate says of one claim: its sentence as it may be published, or why it may not."""

    claim: Claim
    violations: tuple[Violation, ...]
    rendered: str

    @property
    def is_grounded(self) -> bool:
        """Whether the claim may be published."""
        return not self.violations


def check_claim(claim: Claim, evidence: Evidence) -> Verdict:
    """Return the verdict on one claim: fields against the evidence, then its text, slots or free."""
    if len(claim.text) > MAX_CLAIM_CHARS:
        expected = f"at most {MAX_CLAIM_CHARS} characters"
        return Verdict(claim, (Violation("too_long", "text", f"{len(claim.text)} characters", expected),), "")
    try:
        bound = bind(claim, evidence)
    except UngroundedClaim as ungrounded:
        return Verdict(claim, (ungrounded.violation,), "")
    violations = [*_field_violations(claim, bound), *_text_violations(claim, bound, evidence)]
    if violations:
        return Verdict(claim, tuple(violations), "")
    try:
        rendered = fill(claim.text, slots_of(claim, bound))
    except UngroundedClaim as ungrounded:
        return Verdict(claim, (ungrounded.violation,), "")
    if rendered != claim.text:
        # What is published is read once more as anyone reads it: "{value} users" of a metric that counts visits.
        violations = _text_violations(replace(claim, text=rendered), bound, evidence)
    return Verdict(claim, tuple(violations), "" if violations else rendered)


def check_claims(claims: Iterable[Claim], evidence: Evidence) -> list[Verdict]:
    """Return the verdict on each claim, in their order."""
    return [check_claim(claim, evidence) for claim in claims]


def check_prose(
    text: str, evidence: Evidence, *, locale: Locale = "en", metrics: Sequence[Metric] = (), has_direction: bool = False
) -> tuple[Violation, ...]:
    """Return what is wrong with text that is no claim (titles, bodies, names, hypotheses): it states no fact at all.

    Day counts of `metrics` may stand in it. `has_direction`: the slot {direction} is filled in later, as in a
    hypothesis.
    """
    if len(text) > MAX_PROSE_CHARS:
        expected = f"at most {MAX_PROSE_CHARS} characters"
        return (Violation("too_long", "text", f"{len(text)} characters", expected),)
    labels = {segment.label: NAME for segment in evidence.segments.values()}
    prepared = prepare(text, clean_names(evidence.known_names), labels)
    allowed = frozenset({"direction"}) if has_direction else frozenset()
    found = [*prepared.violations]
    found += [
        Violation("unknown_slot", "text", f"{{{slot}}}", "only claims have slots") for slot in prepared.slots - allowed
    ]
    figures = read_figures(prepared.text, locale)
    found += [
        Violation("fact_outside_claim", "text", item.text, "figures are stated by claims alone")
        for item in figures
        if not any(_is_right_day(item, metric) for metric in metrics)
    ]
    found += _stated_by_words(text, prepared, figures, locale)
    return tuple(found)


def correction_request(verdicts: Iterable[Verdict]) -> str:
    """Return the list of what is wrong, to be sent back once to the model that wrote it; empty when all is right."""
    lines = []
    for number, verdict in enumerate(verdicts, 1):
        if not verdict.is_grounded:
            lines.append(f"claim {number} ({verdict.claim.metric}): {verdict.claim.text[:200]!r}")
            lines += [f"  - {violation}" for violation in verdict.violations]
    return "\n".join(lines)


def _field_violations(claim: Claim, bound: Bound) -> Iterator[Violation]:
    if claim.value is not None:
        yield from _value_violations(claim, bound)
    if claim.direction != "none":
        try:
            require_direction(claim, bound)
        except UngroundedClaim as ungrounded:
            yield ungrounded.violation


def _value_violations(claim: Claim, bound: Bound) -> Iterator[Violation]:
    actual = figure(bound.value, claim.unit, locale=claim.locale)
    written = (claim.value or "").strip().lower()
    figures = read_figures(written, claim.locale)
    if len(figures) != 1 or figures[0].problem or written.replace(figures[0].text, "").strip():
        yield Violation("unreadable_figure", "value", written[:50], f"it is {actual}")
        return
    given = figures[0]
    if given.unit not in ("bare", _figure_unit(claim.unit)):
        yield Violation("wrong_unit", "value", written, f"it is {actual}")
    elif not given.equals(scale(bound.value, claim.unit)):
        yield Violation("wrong_figure", "value", written, f"{claim.metric} of {claim.subject} is {actual}")


def _text_violations(claim: Claim, bound: Bound, evidence: Evidence) -> list[Violation]:
    prepared = prepare(claim.text, clean_names(evidence.known_names), _segment_masks(claim, evidence))
    violations = list(prepared.violations)
    if OTHER_SEGMENT in prepared.text:
        violations.append(Violation("wrong_segment", "text", claim.text[:80], "it names a segment the claim is not on"))
    violations += _topic_violations(prepared, bound.metric, evidence)
    figures = read_figures(prepared.text, claim.locale)
    if prepared.slots:
        violations += [
            Violation("figure_outside_slot", "text", item.text, "with slots, figures stand in slots alone")
            for item in figures
            if not _is_right_day(item, bound.metric)
        ]
        return violations + _stated_by_words(claim.text, prepared, figures, claim.locale)
    return violations + _free_text_violations(claim, bound, prepared, figures)


def _free_text_violations(claim: Claim, bound: Bound, prepared: PreparedText, figures: list[Figure]) -> list[Violation]:
    languages = languages_of(prepared.text, claim.locale)
    masked = mask_figures(prepared.text, figures)
    hits = word_hits(masked, languages)
    violations = [_unreadable(item) for item in figures if item.problem]
    read = [item for item in figures if not item.problem]
    days = [item for item in read if _is_day(item) and (item.is_day or bound.metric.unit != "days")]
    violations += [
        Violation("wrong_day", "text", item.text, f"the metric's days are {_days(bound.metric)}")
        for item in days
        if not _is_right_day(item, bound.metric)
    ]
    others = [item for item in read if item not in days]
    violations += [v for item in others if (v := _change_violation(item, masked, hits, bound)) is not None]
    levels = [item for item in others if not _is_recomputed(item, bound)]
    roles = roles_of(masked, levels, hits, claim.comparator, languages)
    for item, who in zip(levels, roles.figures, strict=True):
        violations += _level_violations(item, who, claim, bound)
    violations += _direction_violations(claim, bound, hits, roles)
    violations += [
        Violation(hit.kind, "text", hit.text, "write figures as digits, or leave it to a slot")
        for hit in hits
        if hit.kind != "comparative"
    ]
    violations += _roman(claim.text)
    return violations


def _level_violations(item: Figure, who: str, claim: Claim, bound: Bound) -> Iterator[Violation]:
    metric = bound.metric
    if not _has_unit_of(item, metric):
        wanted = figure(metric.value, metric.unit, locale=claim.locale)
        yield Violation("wrong_unit", "text", _shown(item), f"{metric.metric_id} is {wanted}")
        return
    if item.is_signed and item.text.lstrip().startswith("+"):
        yield Violation("relative_difference", "text", item.text, "changes are stated in pp or x")
        return
    if who == "ambiguous":
        yield Violation("ambiguous_comparison", "text", item.text, "say beside each figure whose it is")
    elif who == "subject":
        yield from _figure_violation(item, metric.value, metric, claim, claim.subject)
    elif bound.compared is None:
        yield Violation("no_comparison", "text", item.text, "the claim has no comparator")
    elif who in ("unknown_comparator", claim.comparator):
        yield from _figure_violation(item, bound.compared, metric, claim, bound.compared_label)
    else:
        wanted = f"the figure is that of {bound.compared_label}"
        yield Violation("wrong_comparator", "text", f"{item.text} of {who}", wanted)


def _figure_violation(item: Figure, actual: float, metric: Metric, claim: Claim, whose: str) -> Iterator[Violation]:
    if not item.equals(scale(actual, metric.unit)):
        wanted = figure(actual, metric.unit, locale=claim.locale)
        yield Violation("wrong_figure", "text", item.text, f"{metric.metric_id} of {whose} is {wanted}")


def _change_violation(item: Figure, masked: str, hits: Sequence[WordHit], bound: Bound) -> Violation | None:
    """Judge points, multiples, and figures that a comparative follows directly (54% higher)."""
    following = next((hit for hit in hits if hit.kind == "comparative" and hit.start >= item.end), None)
    is_change = (
        following is not None
        and not masked[item.end : following.start].strip(" -")
        and following.direction != "none"
        and not item.is_ablative
        and not following.text.startswith(("above", "below", "over", "under", "behind", "ahead", "beyond", "beneath"))
        and not following.text.startswith(("exceed", "surpass", "outpac", "top", "up ", "down ", "trail", "lag"))
    )
    if not _is_recomputed(item, bound):
        if is_change:
            assert following is not None, "is_change says so"
            return Violation(
                "relative_difference", "text", f"{item.text} {following.text}", "differences are stated in pp or x"
            )
        return None
    if item.unit == "x" and is_change:
        return Violation(
            "ambiguous_comparison", "text", item.text, "1.5x the other, not 1.5x higher: it is read as both"
        )
    if bound.compared is None or (item.unit == "x" and bound.ratio is None):
        return Violation("no_comparison", "text", item.text, "the claim has no comparator")
    actual = (bound.ratio or 0.0) if item.unit == "x" else (bound.difference or 0.0) * 100
    if item.equals(actual):
        return None
    wanted = figure(actual if item.unit == "x" else actual / 100, "x" if item.unit == "x" else "pp")
    return Violation("wrong_figure", "text", item.text, f"recomputed it is {wanted}")


def _direction_violations(claim: Claim, bound: Bound, hits: Sequence[WordHit], roles: Roles) -> Iterator[Violation]:
    compares = False
    for hit, is_reversed in zip(hits, roles.reversed_hits, strict=True):
        if hit.kind == "comparative":
            compares = True
            found = _comparative_violation(hit, claim, bound, is_reversed=is_reversed)
            if found is not None:
                yield Violation(found[0], "text", hit.text, found[1])
    if compares:
        allowed = {claim.comparator, "rest"} if claim.comparator == "overall" else {claim.comparator}
        for who in sorted(roles.compared_with - allowed):
            wanted = f"the claim compares with {bound.compared_label or 'nothing'}"
            yield Violation("wrong_comparator", "text", str(who), wanted)


def _comparative_violation(
    hit: WordHit, claim: Claim, bound: Bound, *, is_reversed: bool
) -> tuple[ViolationKind, str] | None:
    """Return what is wrong with a comparative in free text, or None."""
    wrong: tuple[tuple[bool, ViolationKind, str], ...] = (
        (hit.direction == "none", "comparative", "nothing stored confirms it"),
        (hit.is_negated, "negation", "a comparison is not negated"),
        (is_reversed, "ambiguous_comparison", "say it of the segment, not of the other side"),
        (
            "none" in (claim.direction, bound.direction),
            "no_contrast",
            "no stored contrast confirms the claim's direction",
        ),
        (hit.is_change and claim.comparator != "previous", "wrong_comparator", "change needs the comparator previous"),
        (hit.direction != bound.direction, "wrong_direction", f"the contrast of {claim.metric} is {bound.direction}"),
    )
    return next(((kind, expected) for is_wrong, kind, expected in wrong if is_wrong), None)


def _stated_by_words(text: str, prepared: PreparedText, figures: list[Figure], locale: Locale) -> list[Violation]:
    """Return number words, fractions, multiples and comparatives where none may stand."""
    masked = mask_figures(prepared.text, figures)
    hits = word_hits(masked, languages_of(prepared.text, locale))
    found = [Violation(hit.kind, "text", hit.text, "facts stand in slots alone") for hit in hits]
    return [*found, *_roman(text)]


def _roman(text: str) -> list[Violation]:
    numerals = roman_numerals(BACKTICKED.sub(" ", text))
    return [Violation("number_word", "text", numeral, "digits are 0 to 9") for numeral in numerals]


def _topic_violations(prepared: PreparedText, metric: Metric, evidence: Evidence) -> Iterator[Violation]:
    """Find texts about another metric than the bound one, and its negation."""
    own = [topic for topic in metric.topics if topic in prepared.text]
    if not own and not (metric.name and metric.name in prepared.names):
        foreign = sorted(topic for topic in evidence.topics - set(metric.topics) if topic in prepared.text)
        foreign += sorted(evidence.metric_names & prepared.names)
        if foreign:
            yield Violation("wrong_metric", "text", foreign[0], f"the claim is on {metric.metric_id}")
    for topic in own:
        if _negated(prepared.text, topic):
            yield Violation("negation", "text", topic, f"the claim is on {metric.metric_id}, not on its opposite")


def _negated(text: str, topic: str) -> bool:
    negations = "|".join(patterns("en", "comparisons", "negations"))
    return re.search(rf"(?<![^\W_])(?:{negations})\s(?:\w+\s)?{re.escape(topic)}", text) is not None


def _segment_masks(claim: Claim, evidence: Evidence) -> dict[str, str]:
    """Return each segment's id and label with the mask that tells what the segment is to the claim."""
    masks: dict[str, str] = {}
    for cluster_id, segment in evidence.segments.items():
        mask = OTHER_SEGMENT
        if cluster_id == claim.subject:
            mask = SUBJECT_NAME
        elif claim.comparator == "segment" and cluster_id == claim.compared_segment:
            mask = COMPARED_NAME
        masks |= dict.fromkeys(clean_names(frozenset({cluster_id, segment.label})) - {""}, mask)
    return masks


def _figure_unit(unit: str) -> str:
    return {"pp": "points", "count": "bare"}.get(unit, unit)


def _has_unit_of(item: Figure, metric: Metric) -> bool:
    if metric.unit != "count":
        return item.unit == metric.unit
    if metric.counted == "points" and item.unit == "points":
        return True
    if item.unit != "bare":
        return False
    named = {kind for kind, nouns in COUNTED.items() if item.noun and nouns.fullmatch(item.noun)}
    return not metric.counted or not named or metric.counted in named


def _is_recomputed(item: Figure, bound: Bound) -> bool:
    return item.unit == "x" or (item.unit == "points" and bound.metric.unit == "pct")


def _is_day(item: Figure) -> bool:
    return item.is_day or item.unit == "days"


def _is_right_day(item: Figure, metric: Metric) -> bool:
    return any(_names_day(item, day) for day in metric.day_counts)


def _names_day(item: Figure, day: float) -> bool:
    """Tell whether a figure is this number of days; whole days have no decimals, which would be another figure's."""
    is_written_so = not day.is_integer() or item.step == 1
    return _is_day(item) and item.problem is None and is_written_so and item.equals(day)


def _days(metric: Metric) -> str:
    return ", ".join(f"{day:g}" for day in metric.day_counts) or "none"


def _shown(item: Figure) -> str:
    return f"{item.text} {item.noun}".strip()


def _unreadable(item: Figure) -> Violation:
    assert item.problem is not None, "asked only of figures with a problem"
    return Violation(item.problem, "text", _shown(item), "write one plain figure in the answer's locale")
