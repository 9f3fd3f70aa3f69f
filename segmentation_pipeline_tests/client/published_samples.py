"""A published home of a few rows, made in a moment: two refreshes with segments and an open month without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.definitions import VIEWS
from segmentation_pipeline.events.feature_tables import EndedEarly, Refreshes, UserFeatures, UserOutcomes
from segmentation_pipeline.events.tables import LandedFiles, RejectedEvents
from segmentation_pipeline.insights.discovery.tables import (
    LlmAgreement,
    LlmAssignments,
    LlmDiscoveries,
    LlmSegmentFigures,
    LlmSegments,
)
from segmentation_pipeline.insights.tables import GroundingReport, Recommendations, SegmentAdvice
from segmentation_pipeline.retention.tables import CoxCoefficients, RetentionComparisons, RetentionCurves, SurvivalFits
from segmentation_pipeline.retention.trend_tables import SegmentTrends
from segmentation_pipeline.segments.identity_tables import ClusterLineage, UserMoves
from segmentation_pipeline.segments.tables import Clusters, CurrentSegments, Embeddings, UserClusters
from segmentation_pipeline.segments.verdict_tables import ClusterEvidence, RefreshVerdicts
from segmentation_pipeline.warehouse.contracts import table_name
from segmentation_pipeline.warehouse.publish import publish
from segmentation_pipeline.warehouse.tables import CheckResults
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
    GroundingReport,
    Embeddings,
    UserFeatures,
    UserOutcomes,
    UserMoves,
    RetentionComparisons,
    CoxCoefficients,
    SegmentTrends,
    LlmDiscoveries,
    LlmSegments,
    LlmSegmentFigures,
    LlmAssignments,
    LlmAgreement,
    LandedFiles,
    RejectedEvents,
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
    SELECT DATE '2026-02-01' AS refresh_month, user_id, id AS cluster_id, membership, other AS runner_up
    FROM (VALUES ('u0', 'unclassified', 0.4, '2026-01-a'), ('u1', '2026-01-a', 0.9, '2026-02-a'),
        ('u2', '2026-02-a', 0.8, NULL), ('u3', '2026-02-a', 0.7, NULL)) AS given(user_id, id, membership, other)""",
    """INSERT INTO embeddings BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, 'u' || n AS user_id, n::DOUBLE AS map_x, -n::DOUBLE AS map_y
    FROM range(4) AS numbers(n)""",
    """INSERT INTO user_features BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, 'u' || n AS user_id, 'at_risk' AS status, 4 AS event_count,
        n AS session_count, n / 2 AS session_frequency, 'mixed' AS time_of_day_pattern,
        IF(n = 0, MAP {'login': 4}, MAP {'login': 1, 'buy': 3}) AS action_counts FROM range(4) AS numbers(n)""",
    """INSERT INTO user_outcomes BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, 'u' || n AS user_id, IF(n = 1, 'churn', 'censored') AS outcome,
        2.5 AS duration_days FROM range(1, 4) AS numbers(n)""",
    """INSERT INTO user_moves BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, came AS from_cluster_id, went AS to_cluster_id, users AS user_count,
        share, 0.1 AS expected_share, DATE '2026-01-01' AS matched_against
    FROM (VALUES ('overall', 'moved', 3, 0.3), ('2026-01-b', '2026-02-a', 3, NULL), ('2026-01-a', '2026-01-a', 4, NULL),
        ('not_at_risk', '2026-02-a', 2, NULL)) AS given(came, went, users, share)""",
    """INSERT INTO survival_fits BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, id AS cluster_id, 'fitted' AS status, FALSE AS is_cause_specific,
        users AS user_count, 0.25 AS drop_off_rate, 7.0 AS drop_off_days
    FROM (VALUES ('2026-01-a', 4), ('overall', 10), ('2026-02-a', 5)) AS given(id, users)""",
    """INSERT INTO retention_comparisons BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, '2026-01-a' AS cluster_id, '2026-02-a' AS other_cluster_id,
        'fitted' AS status, 0.02 AS holm_p, 1.5 AS rmst_difference_days""",
    """INSERT INTO cox_coefficients BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, term, kind, status, ratio AS hazard_ratio
    FROM (VALUES ('tenure_days', 'adjustment', 'fitted', 0.9), ('2026-02-a', 'segment', 'fitted', 2.0),
        ('2026-01-a', 'segment', 'reference', 1.0)) AS given(term, kind, status, ratio)""",
    """INSERT INTO segment_trends BY NAME
    SELECT month::DATE AS refresh_month, id AS cluster_id, 'Owls' AS label, share
    FROM (VALUES ('2026-02-01', '2026-02-a', 0.5), ('2026-01-01', 'overall', 1), ('2026-01-01', '2026-01-a', 0.6)
    ) AS given(month, id, share)""",
    """INSERT INTO llm_discoveries BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, 'discovered' AS status, 'rules' AS provider, 'tree' AS model""",
    """INSERT INTO llm_segments BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, id AS segment_id, status, id AS label,
        '["one", "two"]' AS defining_signals
    FROM (VALUES ('gone', 'retired'), ('small', 'active'), ('large', 'active')) AS given(id, status)""",
    """INSERT INTO llm_segment_figures BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, id AS segment_id, users AS user_count
    FROM (VALUES ('small', 1), ('large', 3)) AS given(id, users)""",
    """INSERT INTO llm_assignments BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, 'u' || n AS user_id, IF(n = 0, 'pending', 'assigned') AS status
    FROM range(3) AS numbers(n)""",
    """INSERT INTO llm_agreement BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, 'large' AS segment_id, '2026-02-a' AS cluster_id, 2 AS user_count,
        0.5 AS share_of_segment, 0.75 AS adjusted_mutual_information""",
    """INSERT INTO grounding_report BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, 'rules' AS advisor, 1 AS attempt, verdict
    FROM (VALUES ('ok'), ('ok'), ('dropped')) AS given(verdict)""",
    """INSERT INTO segment_advice BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, '2026-02-a' AS cluster_id, 'Early birds' AS persona_name,
        'They rise.' AS persona_description, 'rules' AS advisor, 3 AS claim_count, 0 AS refused_count""",
    """INSERT INTO landed_files BY NAME
    SELECT name AS file_name, status, IF(status = 'error', 'not a table', NULL) AS error, 10 AS read_count,
        8 AS accepted_count, 2 AS rejected_count, 0 AS duplicate_count, 99 AS byte_count, 'csv' AS format,
        'utf-8' AS encoding, 'gzip' AS compression
    FROM (VALUES ('a.csv', 'loaded'), ('b.csv', 'error')) AS given(name, status)""",
    """INSERT INTO rejected_events BY NAME
    SELECT file AS file_name, number AS record_number, reason, 'record ' || number AS message
    FROM (VALUES ('a.csv', 9, 'blank_user'), ('a.csv', 4, 'missing_time'), ('a.csv', 2, 'blank_user'),
        ('b.csv', 1, 'blank_user')) AS given(file, number, reason)""",
    """INSERT INTO check_results BY NAME
    SELECT 'clusters' AS table_name, name AS check_name, month::DATE AS refresh_month, name = 'fine' AS is_passed,
        severity, 'As found.' AS description, '{}' AS values_found, TIMESTAMP '2026-03-01' AS checked_recorded_at
    FROM (VALUES ('fine', NULL, 'ERROR'), ('odd', '2026-01-01', 'WARN'), ('broken', '2026-02-01', 'ERROR')
    ) AS given(name, month, severity)""",
    """INSERT INTO current_segments BY NAME
    SELECT user_id, status, id AS cluster_id, label, IF(membership IS NULL, NULL, '2026-01-a') AS likeliest_cluster_id,
        membership, DATE '2026-02-01' AS model_month,
        TIMESTAMP '2026-03-31 12:00' AS scored_at
    FROM (VALUES ('owl', 'live', '2026-01-a', 'Night owls', 0.9), ('odd', 'live', 'unclassified', 'unclassified', 0.4),
        ('gone', 'ended', 'unclassified', 'unclassified', NULL)) AS given(user_id, status, id, label, membership)""",
    """INSERT INTO retention_curves BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, '2026-02-a' AS cluster_id, 'retention_km' AS curve, day::DOUBLE AS day,
        1 - day / 20 AS estimate, IF(day < 10, 'observed', 'not_observed') AS status
    FROM (VALUES (1), (7), (14)) AS given(day)""",
    """INSERT INTO recommendations BY NAME
    SELECT DATE '2026-02-01' AS refresh_month, '2026-02-a' AS cluster_id, kind, rank, title,
        '[{"rendered": "Drop-off is 25%.", "metric_id": "drop_off_rate", "value": 0.25, "unit": "pct",
        "window": "7 days", "comparator": "none", "comparator_value": null, "direction": "none"}]' AS evidence
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
        db.ensure(*TABLES, CheckResults)
        for table in (*TABLES, CheckResults):
            db.execute(f"DELETE FROM {table_name(table)}")
        for statement in ROWS:
            db.execute(statement)
    publish(warehouse, "sample", {}, views)
    return home
