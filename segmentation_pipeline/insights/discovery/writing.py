"""Discoveries as rows of their two tables.

Add here: another column's value. Keep out: the contracts (tables.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.insights.discovery.discovering import CARRIED_OVER

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from segmentation_pipeline.insights.discovery.definitions import Segment
    from segmentation_pipeline.insights.discovery.discovering import Discovery
    from segmentation_pipeline.llm.questions import Usage


@dataclass(frozen=True)
class DiscoveryRow:
    """One row of `llm_discoveries`, without its refresh."""

    status: str
    reason: str | None
    fallback: str | None
    provider: str
    model: str
    discovered_month: date
    at_risk_count: int
    total_users_analyzed: int
    detail: str | None
    proposal_count: int
    pilot_unclassified_share: float | None
    segment_count: int
    cluster_quality_notes: str
    call_count: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


@dataclass(frozen=True)
class SegmentRow:
    """One row of `llm_segments`, without its refresh."""

    segment_id: str
    status: str
    retired_reason: str | None
    label: str
    description: str
    defining_signals: str
    churn_risk: str
    personalization_strategy: str
    estimated_pct: float
    session_frequency: float
    session_depth: float
    feature_breadth: float
    collaboration: float
    rules: str
    provider: str


def discovery_row(discovery: Discovery, at_risk_count: int, usage: Usage) -> DiscoveryRow:
    """Return how a discovery went as a row."""
    return DiscoveryRow(
        status=discovery.status,
        reason=discovery.reason,
        fallback=discovery.fallback,
        provider=discovery.provider,
        model=discovery.model,
        discovered_month=discovery.discovered_month,
        at_risk_count=at_risk_count,
        total_users_analyzed=discovery.looked_at_count,
        detail=None if discovery.detail is None else discovery.detail.name.lower(),
        proposal_count=discovery.proposal_count,
        pilot_unclassified_share=discovery.pilot_unclassified,
        segment_count=len(discovery.segments),
        cluster_quality_notes=discovery.notes,
        call_count=usage.call_count,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_usd=usage.cost_usd,
    )


def segment_rows(discovery: Discovery, previous_ids: Collection[str]) -> list[SegmentRow]:
    """Return the definitions of a refresh, and the segments that ended in it."""
    rows = []
    for segment in discovery.segments:
        status = "kept" if segment.segment_id in previous_ids else "new"
        rows.append(_row(segment, CARRIED_OVER if discovery.status == CARRIED_OVER else status, None))
    rows += [_row(retired.segment, "retired", retired.reason) for retired in discovery.retired]
    return sorted(rows, key=lambda row: row.segment_id)


def _row(segment: Segment, status: str, reason: str | None) -> SegmentRow:
    return SegmentRow(
        segment_id=segment.segment_id,
        status=status,
        retired_reason=reason,
        label=segment.label,
        description=segment.description,
        defining_signals=json.dumps(segment.defining_signals, ensure_ascii=False),
        churn_risk=segment.churn_risk,
        personalization_strategy=segment.personalization_strategy,
        estimated_pct=segment.estimated_pct,
        session_frequency=segment.centroid.session_frequency,
        session_depth=segment.centroid.session_depth,
        feature_breadth=segment.centroid.feature_breadth,
        collaboration=segment.centroid.collaboration,
        rules=segment.rules_json,
        provider=segment.provider,
    )
