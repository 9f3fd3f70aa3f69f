"""What is advised for a segment, which metrics each sentence cites, and what the gate said of all that was written.

Add here: another question about advice. Keep out: the roadmap of experiments, and anything the gate decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.client.copies import day, from_stored, list_of
from segmentation_pipeline.client.published import ask, ask_as

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import duckdb

EXPERIMENT = "experiment"


@dataclass(frozen=True)
class Citation:
    """A sentence of advice with the metric it states, and what the metric is compared with, if anything."""

    metric_id: str
    value: float | None
    unit: str | None
    window: str | None
    comparator: str | None
    comparator_value: float | None
    direction: str | None
    rendered: str


@dataclass(frozen=True)
class Recommendation:
    """One piece of advice: pain_point, product_recommendation or experiment; `rank` 1 is the strongest of its kind.

    Hypothesis, metric, direction and effort (S, M, L) are an experiment's. `evidence` are the sentences `text` begins
    with.
    """

    refresh_month: date
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
    evidence: tuple[Citation, ...]
    advisor: str


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
    connection: duckdb.DuckDBPyConnection, month: date, cluster_id: str | None = None, kind: str | None = None
) -> list[Recommendation]:
    """Return the advice of a refresh, by segment, kind and rank; of one segment or kind if given."""
    columns = ", ".join(Recommendation.__dataclass_fields__)
    sql = (
        f"SELECT {columns} FROM recommendations WHERE refresh_month = $month"
        " AND ($cluster_id IS NULL OR cluster_id = $cluster_id) AND ($kind IS NULL OR kind = $kind)"
        " ORDER BY cluster_id, kind, rank"
    )
    found = ask(connection, sql, {"month": month, "cluster_id": cluster_id, "kind": kind})
    return [recommendation_from(dict(zip(Recommendation.__dataclass_fields__, row, strict=True))) for row in found]


def months_of(connection: duckdb.DuckDBPyConnection, recommendation_id: str) -> list[date]:
    """Return the refreshes that make a recommendation, oldest first."""
    sql = "SELECT refresh_month FROM recommendations WHERE recommendation_id = $id ORDER BY ALL"
    return [row[0] for row in ask(connection, sql, {"id": recommendation_id})]


def recommendation_from(stored: Mapping[str, Any]) -> Recommendation:
    """Return a recommendation from its columns or its copy; what another version did not keep is None."""
    return from_stored(Recommendation, stored, _READERS)


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


def _citation(stored: Mapping[str, Any]) -> Citation:
    return from_stored(Citation, stored)


_READERS = {"refresh_month": day, "evidence": list_of(_citation)}
