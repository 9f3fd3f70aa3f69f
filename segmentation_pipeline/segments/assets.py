"""Assets of segments: coordinates, segments with their model, and today's users scored.

Add here: a thin asset: read, call, write, report.
Keep out: computing (`embedding.py`, `segmenting.py`, `risk.py`) and the form of rows (`writing.py`).
"""

from datetime import date
from typing import Any

import dagster as dg

from segmentation_pipeline.config import Settings
from segmentation_pipeline.events.feature_tables import (
    CurrentFeatures,
    FeaturePriors,
    HalfFeatures,
    Refreshes,
    RefreshInputs,
    UserFeatures,
    UserOutcomes,
)
from segmentation_pipeline.events.tables import RawEvents
from segmentation_pipeline.markdown import table
from segmentation_pipeline.orchestration.pictures import png_metadata
from segmentation_pipeline.orchestration.table_assets import refresh_month, table_asset
from segmentation_pipeline.pictures import segment_colours
from segmentation_pipeline.segments import writing
from segmentation_pipeline.segments.embedding import embed
from segmentation_pipeline.segments.evidence_rows import evidence_rows, verdict_row
from segmentation_pipeline.segments.identity_tables import ClusterLineage, UserMoves
from segmentation_pipeline.segments.pictures import draw_map, draw_unlabelled
from segmentation_pipeline.segments.reading import (
    Outcomes,
    read_churn_definition,
    read_current_features,
    read_features,
    read_inputs,
    read_latest_model,
    read_lives,
    read_outcomes,
    read_places,
    read_status,
)
from segmentation_pipeline.segments.refreshing import SegmentedRefresh, segment_refresh
from segmentation_pipeline.segments.reporting import refresh_metadata, segments_table
from segmentation_pipeline.segments.risk import drop_offs, longest_followed_day
from segmentation_pipeline.segments.stale import write_stale_refreshes
from segmentation_pipeline.segments.tables import (
    ClusterCandidates,
    Clusters,
    CurrentSegments,
    Embeddings,
    SegmentModels,
    StaleRefreshes,
    UserClusters,
)
from segmentation_pipeline.segments.verdict_tables import ClusterEvidence, FeatureDrift, RefreshVerdicts
from segmentation_pipeline.warehouse.resource import Warehouse

SEGMENT_TABLES = (
    Clusters,
    UserClusters,
    ClusterCandidates,
    SegmentModels,
    RefreshVerdicts,
    ClusterEvidence,
    ClusterLineage,
    UserMoves,
    FeatureDrift,
)


@table_asset(
    Embeddings,
    reads=[Refreshes, UserFeatures],
    group="segments",
    kinds={"duckdb", "scikitlearn"},
    monthly=True,
)
def embeddings(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """One row per refresh and user at risk: coordinates to cluster in, and a place on the map to look at.

    Robust scaling, principal components, UMAP (McInnes, Healy, Melville 2018) where a setting asks for it.
    """
    month, settings = refresh_month(context), warehouse.settings.segments
    with warehouse.read() as db:
        status, reason = read_status(db, month)
        features = read_features(db, month) if status == "ready" else None
    if features is None:
        return _insufficient(warehouse, month, reason, Embeddings)
    embedding = embed(features.names, features.matrix, settings)
    with warehouse.transaction() as db:
        writing.write_embeddings(db, month, features, embedding)
    return {
        "features_used": len(embedding.scaling.columns),
        "features_dropped": dict(embedding.scaling.dropped),
        "variance_kept_by_components": embedding.kept_variance,
        "axes": ", ".join(embedding.axes()),
        "map": png_metadata(draw_unlabelled(embedding.places, embedding.is_fitted, method=settings.map_method)),
    }


@table_asset(
    *SEGMENT_TABLES,
    reads=[RawEvents, Refreshes, FeaturePriors, UserFeatures, UserOutcomes, HalfFeatures, Embeddings],
    group="segments",
    kinds={"duckdb", "scikitlearn"},
    monthly=True,
)
def clusters(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """A verdict first; then candidates judged in feature space, one chosen, and membership assigns every user at risk.

    Segments are learned from before the landmark and keep the ids of the refresh before where they are the same;
    their drop-off is of after it.
    """
    month, settings = refresh_month(context), warehouse.settings
    with warehouse.read() as db:
        status, reason = read_status(db, month)
        inputs = read_inputs(db, month, settings) if status == "ready" else None
        if inputs is not None:
            places, outcomes, churn = read_places(db, month), read_outcomes(db, month), read_churn_definition(db, month)
    if inputs is None:
        with warehouse.transaction() as db:
            writing.write_insufficient(db, month, reason, *SEGMENT_TABLES)
        return {"clusters": {"why_empty": f"insufficient data for {month:%Y-%m}: {reason}"}}
    found = segment_refresh(inputs, settings.segments)
    verdict, evidence = verdict_row(found), evidence_rows(found)
    followed = _drop_offs(found, outcomes, settings, churn) if churn != "none" else None
    with warehouse.transaction() as db:
        writing.write_clusters(db, found, followed)
        writing.write_user_clusters(db, inputs.features, found)
        writing.write_candidates(db, found)
        writing.write_model(db, month, found.segments.model)
        writing.write_evidence(db, found, verdict, evidence)
        colours = segment_colours(read_lives(db))
    model = found.segments.model
    figure = draw_map(
        places,
        found.segments.scores.segments,
        model.cluster_ids,
        model.labels,
        colours=colours,
        method=settings.segments.map_method,
    )
    return {
        "clusters": {"segments": segments_table(found, followed), "map": png_metadata(figure)},
        **refresh_metadata(found, verdict, evidence),
    }


@table_asset(
    CurrentSegments,
    reads=[CurrentFeatures, SegmentModels],
    group="segments",
    kinds={"duckdb", "python"},
)
def current_segments(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:  # noqa: ARG001
    """One row per user seen lately: the segment now, by the latest stored model.

    Nothing is fitted: features up to the latest event are scored by the newest refresh's model.
    """
    with warehouse.transaction() as db:
        stored = read_latest_model(db)
        features = read_current_features(db)
    month, model = stored or (None, None)
    scores = model.score(features.names, features.matrix) if model is not None and features is not None else None
    with warehouse.transaction() as db:
        writing.write_current_segments(db, month, features, scores, model)
    if scores is None:
        return {"why_unclassified": "nobody is live" if model is not None else "no refresh has a model yet"}
    return {
        "model_month": f"{month:%Y-%m}",
        "live_users": len(scores.segments),
        "share_unclassified": float((scores.segments < 0).mean()),
    }


@table_asset(
    StaleRefreshes, reads=[RawEvents, RefreshInputs, RefreshVerdicts], group="segments", kinds={"duckdb", "sql"}
)
def stale_refreshes(_context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """Each refresh is compared with the events of its window as they are now: by number, and by a hash of all."""
    with warehouse.transaction() as db:
        stale = write_stale_refreshes(db)
    return {
        "refreshes": table(
            ("month", "why", "events more:", "fewer:"),
            [
                (
                    f"{row['refresh_month']:%Y-%m}",
                    row["reason"],
                    f"{row['late_event_count']:,}",
                    f"{row['withdrawn_event_count']:,}",
                )
                for row in stale
            ],
        )
    }


def _drop_offs(
    found: SegmentedRefresh, outcomes: Outcomes, settings: Settings, churn: str
) -> writing.SegmentDropOffs | None:
    """Return drop-offs by the longest day followed; None where nobody was followed."""
    segments, least = found.segments.scores.segments, settings.retention.min_at_risk
    day = longest_followed_day(outcomes.durations_days, outcomes.followed_days, segments, least)
    if day is None:
        return None
    count = len(found.segments.user_counts)
    each, everyone = drop_offs(
        outcomes.durations_days, outcomes.outcomes, segments, count, day, settings.retention.alpha
    )
    return writing.SegmentDropOffs(each, everyone, is_mechanical=churn == "inactivity")


def _insufficient(warehouse: Warehouse, month: date, reason: str | None, *tables: Any) -> dict[str, Any]:
    with warehouse.transaction() as db:
        writing.write_nothing(db, month, *tables)
    return {"why_empty": f"insufficient data for {month:%Y-%m}: {reason}"}
