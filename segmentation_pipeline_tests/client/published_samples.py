"""A published home of a few rows, made in a moment: two refreshes with segments and an open month without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.definitions import VIEWS
from segmentation_pipeline.events.feature_tables import EndedEarly, Refreshes
from segmentation_pipeline.insights.tables import Recommendations, SegmentAdvice
from segmentation_pipeline.retention.tables import RetentionCurves, SurvivalFits
from segmentation_pipeline.segments.identity_tables import ClusterLineage
from segmentation_pipeline.segments.tables import Clusters, CurrentSegments, UserClusters
from segmentation_pipeline.segments.verdict_tables import ClusterEvidence, RefreshVerdicts
from segmentation_pipeline.warehouse.publish import publish
from segmentation_pipeline.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

    from segmentation_pipeline.warehouse.views import View

TABLES = (
    Refreshes,
    EndedEarly,
    Clusters,
    UserClusters,
    RefreshVerdicts,
    ClusterEvidence,
    ClusterLineage,
    CurrentSegments,
    SurvivalFits,
    RetentionCurves,
    Recommendations,
    SegmentAdvice,
)

ROWS = (
    """INSERT INTO refreshes BY NAME
    SELECT month::DATE AS refresh_month, status, reason AS status_reason, 'calendar' AS clock,
        TIMESTAMP '2026-03-31' AS as_of, 10 AS at_risk_count, 2 AS ended_early_count, FALSE AS is_provisional
    FROM (VALUES ('2026-01-01', 'ready', NULL), ('2026-02-01', 'ready', NULL),
        ('2026-03-01', 'insufficient_data', '3 users; 30 are needed')) AS given(month, status, reason)""",
    """INSERT INTO clusters BY NAME
    SELECT month::DATE AS refresh_month, id AS cluster_id, label, lower(label) AS slug, 'What they do.' AS description,
        'clustered' AS origin, users AS user_count, users / 10 AS share, 'unknown' AS churn_risk,
        '[{"feature": "session_depth", "unit": "events", "mean": 9.5, "overall": 4, "difference_sd": 1.5,
        "direction": "higher"}]' AS contrasts, MAP {'session_depth': 9.5} AS profile
    FROM (VALUES ('2026-01-01', '2026-01-a', 'Night owls', 6), ('2026-01-01', '2026-01-b', 'Founders', 3),
        ('2026-02-01', '2026-01-a', 'Night owls', 4), ('2026-02-01', '2026-02-a', 'Early birds', 5)
    ) AS given(month, id, label, users)""",
    """INSERT INTO user_clusters BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, 'u' || n AS user_id, 'unclassified' AS cluster_id
    FROM range(1) AS numbers(n)""",
    """INSERT INTO current_segments BY NAME
    SELECT user_id, status, id AS cluster_id, label, membership, DATE '2026-02-01' AS model_month,
        TIMESTAMP '2026-03-31 12:00' AS scored_at
    FROM (VALUES ('owl', 'live', '2026-01-a', 'Night owls', 0.9), ('odd', 'live', 'unclassified', 'unclassified', 0.4),
        ('gone', 'ended', 'unclassified', 'unclassified', NULL)) AS given(user_id, status, id, label, membership)""",
    """INSERT INTO retention_curves BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, '2026-02-a' AS cluster_id, 'retention_km' AS curve, day::DOUBLE AS day,
        1 - day / 20 AS estimate, IF(day < 10, 'observed', 'not_observed') AS status
    FROM (VALUES (1), (7), (14)) AS given(day)""",
    """INSERT INTO recommendations BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, '2026-02-a' AS cluster_id, kind, rank, title
    FROM (VALUES ('experiment', 2, 'Later'), ('experiment', 1, 'Greet them'), ('pain_point', 1, 'Ouch')
    ) AS given(kind, rank, title)""",
    """INSERT INTO ended_early BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, outcome, users AS user_count, users / 12 AS share, 0.0 AS share_low,
        0.5 AS share_high FROM (VALUES ('churn', 1), ('any', 2), ('conversion', 1)) AS given(outcome, users)""",
)


def make_published_home(root: Path, views: tuple[View, ...] = VIEWS) -> Home:
    """Make a home with settings and a published copy of ROWS; what is there already is written anew."""
    home = Home(root)
    root.mkdir(parents=True, exist_ok=True)
    home.settings_file.touch()
    warehouse = Warehouse(home, Settings())
    with warehouse.transaction() as db:
        db.ensure(*TABLES)
        for table in ("refreshes", "clusters", "user_clusters", "current_segments"):
            db.execute(f"DELETE FROM {table}")
        for statement in ROWS:
            db.execute(statement)
    publish(warehouse, "sample", {}, views)
    return home
