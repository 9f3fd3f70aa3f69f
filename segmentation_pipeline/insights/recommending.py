"""Turns an advisor's advice into rows of `recommendations`, and holds such rows to the evidence they cite.

Add here: what every recommendation is held to, whoever advised it.
Keep out: giving advice (`rules.py`) and filling slots (`rendering.py`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.insights.advisor import RULES, Experiment
from segmentation_pipeline.insights.catalogue import definition_of
from segmentation_pipeline.insights.gate import (
    MIN_EXPERIMENTS,
    Checked,
    GatedAdvice,
    advise_grounded,
    recommendation_id,
)
from segmentation_pipeline.llm.claims import Claim, UngroundedClaim, bind
from segmentation_pipeline.llm.grounding import check_claim, check_prose
from segmentation_pipeline.llm.rendering import render_claim, render_expectation
from segmentation_pipeline.segments.tables import OVERALL
from segmentation_pipeline.state.segment_edits import is_same_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from segmentation_pipeline.config import ProductContext
    from segmentation_pipeline.insights.advisor import Advisor, PainPoint
    from segmentation_pipeline.llm.claims import Evidence, Locale, SegmentEvidence, Violation


@dataclass(frozen=True)
class Recommendation:
    """One row of `recommendations`, without its month."""

    cluster_id: str
    recommendation_id: str
    kind: str
    rank: int
    title: str
    text: str
    text_template: str
    hypothesis: str | None
    hypothesis_template: str | None
    primary_metric: str | None
    expected_direction: str | None
    effort: str | None
    evidence: str
    advisor: str


@dataclass(frozen=True)
class AdvisedSegment:
    """One row of `segment_advice`, without its month."""

    cluster_id: str
    persona_name: str
    persona_description: str
    persona_by: str
    advisor: str
    instead_because: str | None
    pain_point_count: int
    product_recommendation_count: int
    experiment_count: int
    claim_count: int
    refused_count: int


@dataclass(frozen=True)
class Recommended:
    """The rows of a refresh: its advice, who gave it, what the gate said of all that was written.

    without: who got no advice, and why.
    """

    rows: list[Recommendation]
    segments: list[AdvisedSegment]
    checks: list[Checked]
    without: dict[str, str]


def recommend(
    evidence: Evidence,
    advisor: Advisor,
    product: ProductContext,
    min_users: int,
    *,
    descriptions: Mapping[str, str],
    fallback: Advisor | None = None,
) -> Recommended:
    """Return the grounded advice for every segment of at least `min_users`, and for the others why they got none.

    `descriptions`: cluster_id -> what is known of a segment without an advisor. Where segments are cuts of ours, they
    keep our names for them: there are no personas to be found in a cut.
    """
    large = [segment for segment in evidence.segments.values() if segment.user_count >= min_users]
    found = Recommended([], [], [], {})
    for segment in evidence.segments.values():
        if segment not in large:
            found.without[segment.cluster_id] = f"{segment.user_count} users, advice needs {min_users}"
    for gated in advise_grounded(large, evidence, advisor, product, fallback):
        description = descriptions.get(gated.segment.cluster_id, "")
        found.rows.extend(rows_of(gated, evidence))
        found.segments.append(_advised(gated, description, has_personas=OVERALL not in evidence.segments))
        found.checks.extend(gated.checks)
    return found


def rows_of(gated: GatedAdvice, evidence: Evidence) -> Iterator[Recommendation]:
    """Return the rows of a segment's grounded advice."""
    advice = gated.advice
    for items in (advice.pain_points, advice.product_recommendations, advice.experiments):
        for rank, item in enumerate(items, 1):
            yield _row(item, rank, gated, evidence)


def _advised(gated: GatedAdvice, description: str, *, has_personas: bool) -> AdvisedSegment:
    persona = gated.persona if has_personas else None
    advice, checks = gated.advice, gated.checks
    return AdvisedSegment(
        cluster_id=gated.segment.cluster_id,
        persona_name=persona.name if persona else gated.segment.label,
        persona_description=persona.description if persona else description or gated.segment.label,
        persona_by=(gated.persona_by or RULES) if persona else RULES,
        advisor=gated.advisor,
        instead_because=gated.instead_because,
        pain_point_count=len(advice.pain_points),
        product_recommendation_count=len(advice.product_recommendations),
        experiment_count=len(advice.experiments),
        claim_count=sum(len(item.claims) for item in advice.items),
        refused_count=sum(check.verdict in ("sent_back", "dropped") for check in checks),
    )


def ungrounded_texts(recommendations: Sequence[Mapping[str, Any]], evidence: Evidence) -> list[str]:
    """Return every figure, comparison or name in published texts that the evidence does not hold.

    Read from the texts as they are published, not from their templates: each sentence of a claim like free text bound
    to its metric, and all around claims as prose that may state nothing.
    """
    problems: list[str] = []
    for row in recommendations:
        problems.extend(f"{row['recommendation_id']}: {violation}" for violation in _ungrounded(row, evidence))
    return problems


def citation_problems(recommendations: Sequence[Mapping[str, Any]], evidence: Evidence) -> list[str]:
    """Return what is wrong with stored advice; empty when all is grounded.

    Wrong is a cited metric, value or direction that the evidence does not hold, and a text that is not what its
    template renders to.
    """
    problems: list[str] = []
    for row in recommendations:
        segment = evidence.segments.get(row["cluster_id"])
        if segment is None:
            problems.append(f"{row['recommendation_id']}: no evidence for segment {row['cluster_id']}")
            continue
        problems.extend(f"{row['recommendation_id']}: {problem}" for problem in _problems_of(row, segment, evidence))
    return problems


def persona_problems(advised: Sequence[Mapping[str, Any]], evidence: Evidence) -> list[str]:
    """Return which personas of a refresh are called alike, and what a model's words for one state though they may not.

    The words of the rules are a segment's own label and contrasts, which the segments stage answers for.
    """
    problems: list[str] = []
    for place, row in enumerate(advised):
        problems += [
            f"{row['cluster_id']} is called {row['persona_name']!r} like {other['cluster_id']}"
            for other in advised[:place]
            if is_same_name(row["persona_name"], other["persona_name"])
        ]
        if row["persona_by"] != RULES:
            for text in (row["persona_name"], row["persona_description"]):
                found = check_prose(str(text), evidence)
                problems.extend(f"persona of {row['cluster_id']}: {violation}" for violation in found)
    return problems


def coverage_problems(
    recommendations: Sequence[Mapping[str, Any]], user_counts: Mapping[str, int], min_users: int
) -> list[str]:
    """Return which segments break the promise: a pain point, a product recommendation and enough distinct experiments.

    Those too small get none of them.
    """
    titles: dict[str, set[str]] = defaultdict(set)
    others: dict[tuple[str, str], int] = defaultdict(int)
    ranks: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in recommendations:
        ranks[row["cluster_id"], row["kind"]].append(row["rank"])
        if row["kind"] == "experiment":
            titles[row["cluster_id"]].add(row["title"])
        else:
            others[row["cluster_id"], row["kind"]] += 1
    problems = [
        f"{cluster_id}: ranks of {kind} are {sorted(given)}"
        for (cluster_id, kind), given in sorted(ranks.items())
        if sorted(given) != list(range(1, len(given) + 1))
    ]
    for cluster_id, count in sorted(user_counts.items()):
        found = len(titles[cluster_id])
        told = {kind: others[cluster_id, kind] for kind in ("pain_point", "product_recommendation")}
        if count < min_users and (found or any(told.values())):
            problems.append(f"{cluster_id}: advice for {count} users, fewer than {min_users}")
        if count >= min_users and found < MIN_EXPERIMENTS:
            problems.append(f"{cluster_id}: {found} distinct experiments, fewer than {MIN_EXPERIMENTS}")
        if count >= min_users:
            problems += [f"{cluster_id}: no {kind.replace('_', ' ')}" for kind, given in told.items() if not given]
    return problems


def _row(item: PainPoint, rank: int, gated: GatedAdvice, evidence: Evidence) -> Recommendation:
    rendered = [render_claim(claim, evidence) for claim in item.claims]
    cited = [_citation(claim, text, evidence) for claim, text in zip(item.claims, rendered, strict=True)]
    cluster_id = gated.segment.cluster_id
    row = Recommendation(
        cluster_id=cluster_id,
        recommendation_id=recommendation_id(cluster_id, item),
        kind=item.kind,
        rank=rank,
        title=item.title,
        text=" ".join([*rendered, item.body]),
        text_template=item.text_template,
        hypothesis=None,
        hypothesis_template=None,
        primary_metric=None,
        expected_direction=None,
        effort=None,
        evidence=json.dumps(cited, ensure_ascii=False),
        advisor=gated.advisor,
    )
    if not isinstance(item, Experiment):
        return row
    unit = definition_of(item.primary_metric).unit
    return replace(
        row,
        hypothesis=render_expectation(item.hypothesis, item.expected_direction, unit, item.claims[0].locale),
        hypothesis_template=item.hypothesis,
        primary_metric=item.primary_metric,
        expected_direction=item.expected_direction,
        effort=item.effort,
    )


def _citation(claim: Claim, rendered: str, evidence: Evidence) -> dict[str, Any]:
    bound = bind(claim, evidence)
    cited = asdict(claim)
    return {
        "metric_id": cited.pop("metric"),
        "cluster_id": cited.pop("subject"),
        "written_value": cited.pop("value"),
        **cited,
        "value": bound.value,
        "comparator_value": bound.compared,
        "rendered": rendered,
    }


def _problems_of(row: Mapping[str, Any], segment: SegmentEvidence, evidence: Evidence) -> Iterator[str]:
    citations = json.loads(row["evidence"])
    for citation in citations:
        if citation["cluster_id"] != segment.cluster_id:
            yield f"cites {citation['cluster_id']} in advice for {segment.cluster_id}"
        try:
            claim = _claim_of(citation)
            bound, rendered = bind(claim, evidence), render_claim(claim, evidence)
        except UngroundedClaim as ungrounded:
            yield str(ungrounded)
            continue
        if citation["value"] != bound.value:
            yield f"cites {claim.metric} = {citation['value']} {claim.unit}, it is {bound.value}"
        if citation["comparator_value"] != bound.compared:
            yield f"compares {claim.metric} with {citation['comparator_value']}, that is {bound.compared}"
        if rendered != citation["rendered"]:
            yield f"reads {citation['rendered']!r}, its template renders to {rendered!r}"
    yield from _text_problems(row, citations)
    primary = row["primary_metric"]
    if primary is not None and primary not in segment.metrics:
        yield f"is to be decided on {primary}, which is not measured"


def _text_problems(row: Mapping[str, Any], citations: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    template, text = row["text_template"], row["text"]
    for citation in citations:
        if not template.startswith(citation["text"]) or not text.startswith(citation["rendered"]):
            yield "its text does not begin with the claims it cites"
            return
        template, text = template[len(citation["text"]) :].lstrip(), text[len(citation["rendered"]) :].lstrip()
    if template != text:
        yield "its text holds something its template does not"


def _ungrounded(row: Mapping[str, Any], evidence: Evidence) -> Iterator[Violation | str]:
    segment = evidence.segments.get(row["cluster_id"])
    if segment is None:
        yield f"no evidence for segment {row['cluster_id']}"
        return
    claims = [(_claim_of(citation), str(citation["rendered"])) for citation in json.loads(row["evidence"])]
    cited = [segment.metrics[claim.metric] for claim, _ in claims if claim.metric in segment.metrics]
    locale: Locale = claims[0][0].locale if claims else "en"
    text = str(row["text"])
    for claim, rendered in claims:
        if claim.subject != segment.cluster_id or not text.startswith(rendered):
            yield f"{rendered!r} is not a claim its text begins with"
            return
        text = text[len(rendered) :].lstrip()
        yield from check_claim(claim, evidence).violations
        yield from check_claim(replace(claim, text=rendered), evidence).violations
    yield from check_prose(text, evidence, locale=locale, metrics=cited)
    yield from check_prose(str(row["title"]), evidence, locale=locale, metrics=cited)
    if row["hypothesis"] is not None:
        yield from _ungrounded_hypothesis(row, segment, evidence, locale)


def _ungrounded_hypothesis(
    row: Mapping[str, Any], segment: SegmentEvidence, evidence: Evidence, locale: Locale
) -> Iterator[Violation | str]:
    template, metric = str(row["hypothesis_template"]), segment.metrics.get(row["primary_metric"])
    if metric is None:
        yield f"its hypothesis is on {row['primary_metric']}, which is not measured"
        return
    yield from check_prose(template, evidence, locale=locale, metrics=[metric], has_direction=True)
    if render_expectation(template, row["expected_direction"], metric.unit, locale) != row["hypothesis"]:
        yield f"its hypothesis {row['hypothesis']!r} is not what its template says"


def _claim_of(citation: Mapping[str, Any]) -> Claim:
    return Claim(
        kind=citation["kind"],
        subject=citation["cluster_id"],
        metric=citation["metric_id"],
        comparator=citation["comparator"],
        direction=citation["direction"],
        value=citation["written_value"],
        unit=citation["unit"],
        window=citation["window"],
        text=citation["text"],
        compared_segment=citation["compared_segment"],
        locale=citation["locale"],
    )
