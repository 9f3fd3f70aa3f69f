"""What is advised for a segment, which metrics each sentence cites, and what the gate said of all that was written.

Add here: another question about advice. Keep out: the roadmap of experiments, and anything the gate decides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.client.published import ask, ask_as

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import duckdb


@dataclass(frozen=True)
class Citation:
    """One claim of a text: the sentence as published, and the metric it is bound to."""

    rendered: str
    metric_id: str
    value: float
    unit: str
    window: str
    comparator: str
    comparator_value: float | None
    direction: str


@dataclass(frozen=True)
class Recommendation:
    """One piece of advice: a pain_point, a product_recommendation, or an experiment with its hypothesis."""

    refresh_month: date
    cluster_id: str
    recommendation_id: str
    kind: str
    rank: int
    title: str
    text: str
    hypothesis: str | None
    primary_metric: str | None
    expected_direction: str | None
    effort: str | None
    advisor: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True)
class SegmentAdvice:
    """Who advised a segment and what its persona is; `instead_because` says why the rules stand in for a model."""

    cluster_id: str
    persona_name: str
    persona_description: str
    persona_by: str
    advisor: str
    instead_because: str | None
    claim_count: int
    refused_count: int


@dataclass(frozen=True)
class GateCount:
    """How many claims and texts of an advisor got a verdict at an attempt."""

    advisor: str
    attempt: int
    verdict: str
    text_count: int


def recommendations(
    connection: duckdb.DuckDBPyConnection, month: date, cluster_id: str | None = None
) -> list[Recommendation]:
    """Return the advice of a refresh, of one segment if given, strongest first within each kind."""
    of_segment = "" if cluster_id is None else " AND cluster_id = $cluster_id"
    rows = ask(
        connection,
        "SELECT refresh_month, cluster_id, recommendation_id, kind, rank, title, text, hypothesis, primary_metric,"
        f" expected_direction, effort, advisor, evidence FROM recommendations WHERE refresh_month = $month{of_segment}"
        " ORDER BY cluster_id, kind, rank",
        {"month": month} | ({} if cluster_id is None else {"cluster_id": cluster_id}),
    )
    return [Recommendation(*[*row[:-1], tuple(map(_citation, json.loads(row[-1])))]) for row in rows]


def segment_advice(connection: duckdb.DuckDBPyConnection, month: date) -> dict[str, SegmentAdvice]:
    """Return cluster_id -> who advised it, for the segments large enough to be advised."""
    found = ask_as(
        connection,
        SegmentAdvice,
        "FROM segment_advice WHERE refresh_month = $month ORDER BY cluster_id",
        {"month": month},
    )
    return {advice.cluster_id: advice for advice in found}


def gate_counts(connection: duckdb.DuckDBPyConnection, month: date) -> list[GateCount]:
    """Return how many claims and texts passed the gate or were refused."""
    rows = ask(
        connection,
        "SELECT advisor, attempt, verdict, count(*) FROM grounding_report WHERE refresh_month = $month"
        " GROUP BY ALL ORDER BY ALL",
        {"month": month},
    )
    return [GateCount(*row) for row in rows]


def _citation(found: Mapping[str, Any]) -> Citation:
    return Citation(**{name: found[name] for name in Citation.__dataclass_fields__})
