"""Assets of discovered segments: the definitions of a refresh, and the users assigned to them day by day.

Add here: a thin asset: read, call, write, report.
Keep out: discovering (`discovering.py`), assigning (`assigning.py`) and comparing (`agreement.py`).
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import dagster as dg

from segmentation_pipeline.events.feature_tables import Refreshes, UserFeatures, UserOutcomes
from segmentation_pipeline.insights.discovery import reading
from segmentation_pipeline.insights.discovery.agreement import (
    Overlap,
    SegmentFigures,
    overlaps,
    pending_count,
    segment_figures,
)
from segmentation_pipeline.insights.discovery.asking import ModelProvider
from segmentation_pipeline.insights.discovery.assigning import (
    Assignment,
    asking_order,
    assign_by_model,
    assign_offline,
)
from segmentation_pipeline.insights.discovery.definitions import Segment
from segmentation_pipeline.insights.discovery.discovering import Discovery, discover
from segmentation_pipeline.insights.discovery.offline import TreeProvider
from segmentation_pipeline.insights.discovery.pictures import draw_agreement
from segmentation_pipeline.insights.discovery.protocol import Population
from segmentation_pipeline.insights.discovery.sampling import spread_order
from segmentation_pipeline.insights.discovery.tables import (
    LlmAgreement,
    LlmAssignments,
    LlmDiscoveries,
    LlmSegmentFigures,
    LlmSegments,
)
from segmentation_pipeline.insights.discovery.vectors import read_vectors
from segmentation_pipeline.insights.discovery.writing import discovery_row, segment_rows
from segmentation_pipeline.insights.model_use import model_of_run, spent
from segmentation_pipeline.llm.client import LanguageModel
from segmentation_pipeline.llm.failures import FailureKind
from segmentation_pipeline.llm.limits import Limits
from segmentation_pipeline.llm.questions import Usage
from segmentation_pipeline.markdown import Markdown, table
from segmentation_pipeline.orchestration.pictures import png_metadata
from segmentation_pipeline.orchestration.table_assets import refresh_month, table_asset
from segmentation_pipeline.segments.tables import Clusters, UserClusters
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.warehouse.resource import Warehouse


@table_asset(
    LlmSegments,
    LlmDiscoveries,
    reads=[Refreshes, UserFeatures],
    group="insights",
    kinds={"duckdb", "scikitlearn", "llm"},
    monthly=True,
)
def llm_segments(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """Definitions come from representative users alone: a model's where one is set, else a tree's.

    Nothing here has seen an outcome. Over the week's limit the definitions of before are carried over.
    """
    month, settings = refresh_month(context), warehouse.settings
    asked, model = _model(warehouse, month, context.run_id)
    with warehouse.read() as db:
        vectors = read_vectors(db, month)
        previous = reading.read_earlier(db, month)
        own = None if model is None else reading.read_own(db, month, model.provider)
        confidences = {} if model is None else reading.read_confidences(db, month)
    spread = spread_order(vectors)
    found = discover(
        Population(month, vectors, spread, asking_order(vectors, spread, confidences)),
        TreeProvider(settings.segments.seed),
        model,
        model_sample=settings.llm.discovery_users,
        previous=previous,
        own=own,
    )
    if asked.is_misconfigured and found.segments:
        found = replace(found, fallback=f"{FailureKind.NOT_ASKED}: {asked.unavailable}")
    usage = asked.usage()
    rows = segment_rows(found, {segment.segment_id for segment in previous.segments} if previous else ())
    with warehouse.transaction() as db:
        db.replace(LlmSegments, rows, month=month)
        row = discovery_row(found, len(vectors), usage)
        db.replace(LlmDiscoveries, [row], month=month)
    return {
        "llm_segments": {
            "status": found.status,
            "segments": _segments_table(found),
            "retired": {retired.segment.segment_id: retired.reason for retired in found.retired},
            **({"why_empty": found.reason} if found.reason and not found.segments else {}),
        },
        "llm_discoveries": {
            "provider": found.provider,
            "model": found.model,
            "users_looked_at": found.looked_at_count,
            "why_not_the_model": found.fallback or asked.unavailable or "none",
            **spent([usage]),
        },
    }


@dataclass(frozen=True)
class _Written:
    month: date
    rows: list[Assignment]
    figures: list[SegmentFigures]
    overlaps: list[Overlap]
    cluster_labels: dict[str, str]
    usage: Usage


@table_asset(
    LlmAssignments,
    LlmAgreement,
    LlmSegmentFigures,
    reads=[LlmSegments, LlmDiscoveries, UserFeatures, UserOutcomes, Clusters, UserClusters],
    group="insights",
    kinds={"duckdb", "python", "llm"},
)
def llm_assignments(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """Filled day by day: refreshes that are out of date or have users without an answer, newest first.

    Where a model made the definitions it assigns, as many users as the day allows; the others stay pending.
    """
    with warehouse.transaction() as db:
        db.ensure(Refreshes, UserFeatures, UserOutcomes, Clusters, UserClusters)  # a daily update may come first
        db.ensure(LlmDiscoveries, LlmSegments, LlmAssignments, LlmAgreement, LlmSegmentFigures)
        waiting = reading.waiting_months(db)
    written = [
        found
        for month in waiting
        if (found := _assigned(context, warehouse, month.month, is_outdated=month.is_outdated)) is not None
    ]
    if not written:
        return {"refreshes_written": 0}
    newest = written[0]
    shown: dict[str, Any] = {}
    if newest.overlaps:
        labels = {figures.segment_id: figures.segment_label for figures in newest.figures}
        shown = {"agreement": png_metadata(draw_agreement(newest.overlaps, labels, newest.cluster_labels))}
    agreement = newest.overlaps[0].adjusted_mutual_information if newest.overlaps else None
    return {
        "llm_assignments": {
            "refreshes_written": len(written),
            "newest_refresh": newest.month.isoformat(),
            "pending": sum(pending_count(found.rows) for found in written),
            "providers": sorted({row.provider for found in written for row in found.rows}),
            "models": sorted({row.model for found in written for row in found.rows}),
            **spent([found.usage for found in written]),
        },
        "llm_agreement": {
            **({} if agreement is None else {"adjusted_mutual_information": agreement}),
            **shown,
        },
        "llm_segment_figures": {"figures": _figures_table(newest.figures)},
    }


def _assigned(
    context: dg.AssetExecutionContext, warehouse: Warehouse, month: date, *, is_outdated: bool
) -> _Written | None:
    """Assign the users of one refresh and write what follows from it; None where nothing can change today."""
    asked, model = _model(warehouse, month, context.run_id)
    if model is None and not is_outdated:
        return None
    with warehouse.read() as db:
        segments = reading.read_segments(db, month)
        vectors = read_vectors(db, month)
        stored = reading.read_assignments(db, month)
        confidences = reading.read_confidences(db, month)
        clusters, labels = reading.read_clusters(db, month), reading.read_labels(db, month)
        followed = reading.read_followed(db, month)
    rows: list[Assignment] = []
    if segments and (model is None or any(segment.rules for segment in segments)):
        rows = assign_offline(vectors, segments)
    elif segments and model is not None:
        order = asking_order(vectors, spread_order(vectors), confidences)
        rows = assign_by_model(vectors, order, segments, model, stored)
    figures = segment_figures(rows, _labels(segments), followed) if segments else []
    found = overlaps(rows, clusters)
    with warehouse.transaction() as db:
        db.replace(LlmAssignments, rows, month=month)
        db.replace(LlmAgreement, found, month=month)
        db.replace(LlmSegmentFigures, figures, month=month)
    return _Written(month, rows, figures, found, labels, asked.usage())


def _model(warehouse: Warehouse, month: date, run_id: str) -> tuple[LanguageModel, ModelProvider | None]:
    """Return the model of the settings, and the provider it makes where it can be asked."""
    settings = warehouse.settings
    asked = model_of_run(warehouse, month, run_id)
    if asked.unavailable is not None:
        return asked, None
    state = open_state(warehouse.home, settings)
    return asked, ModelProvider(asked, state, Limits(settings.llm, state), settings.product)


def _labels(segments: tuple[Segment, ...]) -> dict[str, str]:
    return {segment.segment_id: segment.label for segment in segments}


def _segments_table(found: Discovery) -> Markdown:
    return table(
        ("segment", "label", "estimated:", "risk", "signals"),
        [
            (
                segment.segment_id,
                segment.label,
                f"{segment.estimated_pct:g} %",
                segment.churn_risk,
                "; ".join(segment.defining_signals),
            )
            for segment in found.segments
        ],
    )


def _figures_table(figures: list[SegmentFigures]) -> Markdown:
    return table(
        ("segment", "users:", "share:", "14-day retention"),
        [
            (
                row.segment_label,
                f"{row.user_count:,}",
                "" if row.share is None else f"{row.share:.1%}",
                row.retention_reason or f"{row.retained_day_14:.1%}",
            )
            for row in figures
        ],
    )
