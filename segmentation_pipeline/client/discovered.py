"""Segments a model (or the rules in its place) discovered, beside the clusters, and how far the two agree.

Add here: another question about discovered segments. Keep out: clusters (segments.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.client.published import ask, ask_as

if TYPE_CHECKING:
    from datetime import date

    import duckdb


@dataclass(frozen=True)
class DiscoveredSegment:
    """One discovered segment of a refresh with its users so far; retention is null where it was not observed."""

    segment_id: str
    status: str
    label: str
    description: str
    defining_signals: tuple[str, ...]
    churn_risk: str
    personalization_strategy: str
    estimated_pct: float
    provider: str
    user_count: int | None
    share: float | None
    retained_day_14: float | None
    retained_low: float | None
    retained_high: float | None
    retention_reason: str | None


@dataclass(frozen=True)
class Discovery:
    """How a refresh's segments were discovered, by whom, and what it cost."""

    status: str
    reason: str | None
    fallback: str | None
    provider: str
    model: str
    discovered_month: date
    total_users_analyzed: int
    cluster_quality_notes: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


@dataclass(frozen=True)
class Overlap:
    """Users in a discovered segment and a cluster at once; the index of agreement is the whole refresh's."""

    segment_id: str
    cluster_id: str
    user_count: int
    expected_count: float
    share_of_segment: float
    share_of_cluster: float
    adjusted_mutual_information: float | None


def discovery(connection: duckdb.DuckDBPyConnection, month: date) -> Discovery | None:
    """Return how the segments of a refresh were discovered; None where that was not tried."""
    found = ask_as(connection, Discovery, "FROM llm_discoveries WHERE refresh_month = $month", {"month": month})
    return found[0] if found else None


def discovered_segments(connection: duckdb.DuckDBPyConnection, month: date) -> list[DiscoveredSegment]:
    """Return the discovered segments of a refresh, living ones first, largest first."""
    rows = ask(connection, _SEGMENTS, {"month": month})
    return [DiscoveredSegment(*[*row[:4], tuple(json.loads(row[4])), *row[5:]]) for row in rows]


def pending_count(connection: duckdb.DuckDBPyConnection, month: date) -> int:
    """Return how many users of a refresh wait for a discovered segment."""
    sql = "SELECT count(*) FROM llm_assignments WHERE refresh_month = $month AND status = 'pending'"
    return int(ask(connection, sql, {"month": month})[0][0])


def overlaps(connection: duckdb.DuckDBPyConnection, month: date) -> list[Overlap]:
    """Return every discovered segment and cluster with users in common."""
    source = "FROM llm_agreement WHERE refresh_month = $month ORDER BY segment_id, cluster_id"
    return ask_as(connection, Overlap, source, {"month": month})


_SEGMENTS = """
SELECT
    s.segment_id, s.status, s.label, s.description, s.defining_signals, s.churn_risk, s.personalization_strategy,
    s.estimated_pct, s.provider, f.user_count, f.share, f.retained_day_14, f.retained_low, f.retained_high,
    f.retention_reason
FROM llm_segments AS s
LEFT JOIN llm_segment_figures AS f ON s.refresh_month = f.refresh_month AND s.segment_id = f.segment_id
WHERE s.refresh_month = $month
ORDER BY s.status = 'retired', f.user_count DESC NULLS LAST, s.segment_id
"""
