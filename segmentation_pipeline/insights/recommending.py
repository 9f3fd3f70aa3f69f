"""Turns an advisor's advice into rows of `recommendations`, and holds such rows to the evidence they cite.

Add here: what every recommendation is held to, whoever advised it.
Keep out: giving advice (`rules.py`) and filling slots (`rendering.py`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.insights.advisor import Claim, Experiment, PainPoint
from segmentation_pipeline.insights.catalogue import definition_of
from segmentation_pipeline.insights.rendering import UngroundedClaim, render_claim, render_expectation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from segmentation_pipeline.config import ProductContext
    from segmentation_pipeline.insights.advisor import Advisor
    from segmentation_pipeline.insights.evidence import SegmentEvidence

MIN_EXPERIMENTS = 3
"""Distinct experiments every advised segment gets; the setting may ask for more, never for fewer."""


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


def recommend(
    segments: Sequence[SegmentEvidence], advisor: Advisor, product: ProductContext, min_users: int
) -> tuple[list[Recommendation], dict[str, str]]:
    """Return the rows for every segment of at least `min_users`, and for the others why they got none."""
    rows: list[Recommendation] = []
    without: dict[str, str] = {}
    for segment in segments:
        if segment.user_count < min_users:
            without[segment.cluster_id] = f"{segment.user_count} users, advice needs {min_users}"
            continue
        advice = advisor.advise(segment, [other for other in segments if other is not segment], product)
        rows.extend(_pain_point_row(item, rank, segment, advisor) for rank, item in enumerate(advice.pain_points, 1))
        rows.extend(_experiment_row(item, rank, segment, advisor) for rank, item in enumerate(advice.experiments, 1))
    return rows, without


def citation_problems(
    recommendations: Sequence[Mapping[str, Any]], segments: Mapping[str, SegmentEvidence]
) -> list[str]:
    """Return what is wrong with stored advice; empty when all is grounded.

    Wrong is a cited metric, value or direction that the evidence does not hold, and a text that is not what its
    template renders to.
    """
    problems: list[str] = []
    for row in recommendations:
        segment = segments.get(row["cluster_id"])
        if segment is None:
            problems.append(f"{row['recommendation_id']}: no evidence for segment {row['cluster_id']}")
            continue
        problems.extend(f"{row['recommendation_id']}: {problem}" for problem in _problems_of(row, segment))
    return problems


def coverage_problems(
    recommendations: Sequence[Mapping[str, Any]], user_counts: Mapping[str, int], min_users: int
) -> list[str]:
    """Return which segments break the promise: enough distinct experiments and a pain point, or none when too small."""
    titles: dict[str, set[str]] = defaultdict(set)
    pain_points: dict[str, int] = defaultdict(int)
    ranks: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in recommendations:
        ranks[row["cluster_id"], row["kind"]].append(row["rank"])
        if row["kind"] == "experiment":
            titles[row["cluster_id"]].add(row["title"])
        else:
            pain_points[row["cluster_id"]] += 1
    problems = [
        f"{cluster_id}: ranks of {kind} are {sorted(given)}"
        for (cluster_id, kind), given in sorted(ranks.items())
        if sorted(given) != list(range(1, len(given) + 1))
    ]
    for cluster_id, count in sorted(user_counts.items()):
        found = len(titles[cluster_id])
        if count < min_users and (found or pain_points[cluster_id]):
            problems.append(f"{cluster_id}: advice for {count} users, fewer than {min_users}")
        if count >= min_users and found < MIN_EXPERIMENTS:
            problems.append(f"{cluster_id}: {found} distinct experiments, fewer than {MIN_EXPERIMENTS}")
        if count >= min_users and not pain_points[cluster_id]:
            problems.append(f"{cluster_id}: no pain point")
    return problems


def _pain_point_row(item: PainPoint, rank: int, segment: SegmentEvidence, advisor: Advisor) -> Recommendation:
    return Recommendation(
        **_common(item, "pain_point", rank, segment, advisor),
        hypothesis=None,
        hypothesis_template=None,
        primary_metric=None,
        expected_direction=None,
        effort=None,
    )


def _experiment_row(item: Experiment, rank: int, segment: SegmentEvidence, advisor: Advisor) -> Recommendation:
    unit = definition_of(item.primary_metric).unit
    return Recommendation(
        **_common(item, "experiment", rank, segment, advisor),
        hypothesis=render_expectation(item.hypothesis, item.expected_direction, unit),
        hypothesis_template=item.hypothesis,
        primary_metric=item.primary_metric,
        expected_direction=item.expected_direction,
        effort=item.effort,
    )


def _common(
    item: PainPoint | Experiment, kind: str, rank: int, segment: SegmentEvidence, advisor: Advisor
) -> dict[str, Any]:
    rendered = [render_claim(claim, segment) for claim in item.claims]
    return {
        "cluster_id": segment.cluster_id,
        "recommendation_id": f"{segment.cluster_id}:{kind}:{item.rule_id}",
        "kind": kind,
        "rank": rank,
        "title": item.title,
        "text": " ".join([*rendered, item.body]),
        "text_template": item.text_template,
        "evidence": json.dumps(
            [_citation(claim, text, segment) for claim, text in zip(item.claims, rendered, strict=True)],
            ensure_ascii=False,
        ),
        "advisor": advisor.name,
    }


def _citation(claim: Claim, rendered: str, segment: SegmentEvidence) -> dict[str, Any]:
    metric = segment.metrics[claim.metric]
    cited = asdict(claim)
    return {
        "metric_id": cited.pop("metric"),
        "cluster_id": cited.pop("subject"),
        **cited,
        "value": metric.value if claim.unit == metric.unit else claim.value,
        "comparator_value": metric.overall_value if claim.comparator == "overall" else None,
        "rendered": rendered,
    }


def _problems_of(row: Mapping[str, Any], segment: SegmentEvidence) -> Iterator[str]:
    citations = json.loads(row["evidence"])
    for citation in citations:
        metric = segment.metrics.get(citation["metric_id"])
        if metric is None:
            yield f"cites {citation['metric_id']}, which is not measured"
            continue
        cited, compared = citation["value"], citation["comparator_value"]
        if cited != metric.value or citation["unit"] != metric.unit:
            yield f"cites {metric.metric_id} = {cited} {citation['unit']}, it is {metric.value} {metric.unit}"
        if citation["comparator"] == "overall" and compared != metric.overall_value:
            yield f"compares {metric.metric_id} with {compared}, overall is {metric.overall_value}"
        try:
            rendered = render_claim(_claim_of(citation), segment)
        except UngroundedClaim as ungrounded:
            yield str(ungrounded)
            continue
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


def _claim_of(citation: Mapping[str, Any]) -> Claim:
    return Claim(
        kind=citation["kind"],
        subject=citation["cluster_id"],
        metric=citation["metric_id"],
        comparator=citation["comparator"],
        direction=citation["direction"],
        value=citation["value"],
        unit=citation["unit"],
        window=citation["window"],
        text=citation["text"],
    )
