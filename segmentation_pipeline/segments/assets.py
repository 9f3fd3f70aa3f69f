"""Assets of segments: coordinates, segments with their model, and today's users scored.

Add here: a thin asset: read, call, write, report.
Keep out: computing (`embedding.py`, `segmenting.py`, `risk.py`) and the form of rows (`writing.py`).
"""

from datetime import date
from typing import Any

import dagster as dg

from segmentation_pipeline.config import Settings
from segmentation_pipeline.events.feature_tables import CurrentFeatures, Refreshes, UserFeatures, UserOutcomes
from segmentation_pipeline.orchestration.pictures import png_metadata
from segmentation_pipeline.orchestration.table_assets import refresh_month, table_asset
from segmentation_pipeline.segments import writing
from segmentation_pipeline.segments.embedding import embed, spaces_of
from segmentation_pipeline.segments.pictures import draw_map, draw_unlabelled
from segmentation_pipeline.segments.reading import (
    Outcomes,
    read_axes,
    read_current_features,
    read_features,
    read_latest_model,
    read_outcomes,
    read_places,
    read_status,
)
from segmentation_pipeline.segments.reporting import candidates_table, segments_table
from segmentation_pipeline.segments.risk import drop_offs, longest_followed_day
from segmentation_pipeline.segments.segmenting import RefreshSegments, segment_users
from segmentation_pipeline.segments.tables import (
    ClusterCandidates,
    Clusters,
    CurrentSegments,
    Embeddings,
    SegmentModels,
    UserClusters,
)
from segmentation_pipeline.warehouse.resource import Warehouse


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
    Clusters,
    UserClusters,
    ClusterCandidates,
    SegmentModels,
    reads=[Refreshes, UserFeatures, UserOutcomes, Embeddings],
    group="segments",
    kinds={"duckdb", "scikitlearn"},
    monthly=True,
)
def clusters(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """Candidates are judged in feature space, one is chosen, and membership assigns every user at risk.

    Segments are learned from before the landmark; their drop-off is of after it.
    """
    month, settings = refresh_month(context), warehouse.settings
    tables = (Clusters, UserClusters, ClusterCandidates, SegmentModels)
    with warehouse.read() as db:
        status, reason = read_status(db, month)
        if status == "ready":
            features, axes, places = read_features(db, month), read_axes(db, month), read_places(db, month)
            outcomes = read_outcomes(db, month)
    if status != "ready":
        return {"clusters": _insufficient(warehouse, month, reason, *tables)}
    found = segment_users(month, features.names, features.matrix, spaces_of(axes), settings.segments)
    followed = _drop_offs(found, outcomes, settings)
    with warehouse.transaction() as db:
        writing.write_clusters(db, month, found, followed)
        writing.write_user_clusters(db, month, features, found)
        writing.write_candidates(db, month, found)
        writing.write_model(db, month, found.model)
    figure = draw_map(
        places, found.scores.segments, found.model.cluster_ids, found.model.labels, method=settings.segments.map_method
    )
    return {
        "clusters": {
            "segments": dg.MetadataValue.md(segments_table(found, followed)),
            "map": png_metadata(figure),
            "weakness": found.segmentation.weakness or "none",
        },
        "user_clusters": {
            "share_unclassified": float((found.scores.segments < 0).mean()),
            "agreement_of_model_and_method": found.segmentation.agreement,
        },
        "cluster_candidates": {"candidates": dg.MetadataValue.md(candidates_table(found.segmentation.choice.table))},
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


def _drop_offs(found: RefreshSegments, outcomes: Outcomes, settings: Settings) -> writing.SegmentDropOffs | None:
    """Return drop-offs by the longest day followed; None where nothing says who dropped off, or nobody was followed."""
    segments, least = found.scores.segments, settings.retention.min_at_risk
    day = longest_followed_day(outcomes.durations_days, outcomes.followed_days, segments, least)
    if not settings.roles.churn or day is None:
        return None
    each, everyone = drop_offs(
        outcomes.durations_days, outcomes.outcomes, segments, len(found.user_counts), day, settings.retention.alpha
    )
    return writing.SegmentDropOffs(each, everyone)


def _insufficient(warehouse: Warehouse, month: date, reason: str | None, *tables: Any) -> dict[str, Any]:
    with warehouse.transaction() as db:
        writing.write_nothing(db, month, *tables)
    return {"why_empty": f"insufficient data for {month:%Y-%m}: {reason}"}
