"""What earlier stages would have written for a refresh of a few hundred users, for tests of this stage alone."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from segmentation_pipeline.events.feature_tables import UserFeatures, UserOutcomes
from segmentation_pipeline.retention.tables import RetentionCurves
from segmentation_pipeline.segments.tables import Clusters, UserClusters
from segmentation_pipeline.segments.verdict_tables import RefreshVerdicts

if TYPE_CHECKING:
    from segmentation_pipeline.warehouse.database import Database

MONTH = date(2026, 3, 1)
NEGOTIATORS, READERS, FEW = "2026-03-a", "2026-03-b", "2026-03-c"
SIZES = {NEGOTIATORS: 80, READERS: 80, FEW: 12, "unclassified": 8}

_USERS = """
CREATE TEMP TABLE sample_users AS
SELECT
    printf('%s-%03d', cluster_id, i) AS user_id,
    cluster_id,
    i,
    cluster_id = '2026-03-a' AS is_negotiator,
    DATE '2026-03-01' AS refresh_month
FROM (SELECT unnest($cluster_ids) AS cluster_id, unnest($user_counts) AS user_count), range(user_count) AS r(i)
"""

_FEATURES = """
SELECT
    refresh_month, user_id, 'at_risk' AS status,
    TIMESTAMP '2026-03-01' AS entered_at, TIMESTAMP '2026-03-01' AS window_start_at,
    TIMESTAMP '2026-03-11' AS landmark_at, TIMESTAMP '2026-03-02' AS first_event_at,
    TIMESTAMP '2026-03-09' + INTERVAL (i % 24) HOUR AS last_feature_event_at, 9.0 AS exposure_days,
    20 AS event_count, 1 + i % 4 AS session_count, i % 2 AS recent_session_count, 0 AS runaway_session_count,
    (1 + i % 4) * 7 / 9.0 AS session_frequency, 20.0 / (1 + i % 4) AS session_depth, 3 AS feature_breadth,
    0.3 AS active_day_share, 600.0 + i AS mean_session_s,
    CASE WHEN i % 5 > 0 THEN 60.0 END AS mean_gap_s,
    CASE WHEN is_negotiator THEN 10 + i % 3 ELSE i % 2 END AS revision_count,
    CASE WHEN is_negotiator THEN 0.0 ELSE 40.0 + i % 7 END AS collaboration_score,
    9.0 + i % 2 AS account_age_days,
    CASE WHEN i % 3 = 0 THEN 'evening' ELSE 'mixed' END AS time_of_day_pattern, 'login > view' AS primary_workflow,
    MAP {'login': 5, 'revise_offer': CASE WHEN is_negotiator THEN 10 + i % 3 ELSE i % 2 END}::MAP(VARCHAR, BIGINT)
        AS action_counts,
    MAP {'depth': 1.0} AS model_features
FROM sample_users
"""

_OUTCOMES = """
SELECT
    refresh_month, user_id, TIMESTAMP '2026-03-11' AS landmark_at,
    CASE WHEN is_lost THEN TIMESTAMP '2026-03-13' WHEN is_won THEN TIMESTAMP '2026-03-14' END AS outcome_at,
    CASE WHEN is_lost THEN 'churn' WHEN is_won THEN 'conversion' ELSE 'censored' END AS outcome,
    CASE WHEN is_lost THEN 2.0 WHEN is_won THEN 3.0 ELSE 10.0 END AS duration_days, 10.0 AS followed_days
FROM (
    SELECT *, i % 10 < CASE WHEN is_negotiator THEN 6 ELSE 2 END AS is_lost, i % 10 = 9 AS is_won FROM sample_users
)
"""

_CLUSTERS = """
SELECT
    refresh_month, cluster_id, 'Label ' || right(cluster_id, 1) AS label, 'label-' || right(cluster_id, 1) AS slug,
    'A segment.' AS description, 'clustered' AS origin, count(*) AS user_count,
    count(*) / sum(count(*)) OVER () AS share, 0.9 AS jaccard, 'valid' AS stability,
    refresh_month AS born_month,
    count(*) FILTER (WHERE outcome = 'churn') AS drop_off_count,
    count(*) FILTER (WHERE outcome = 'churn') / count(*) AS drop_off_rate,
    drop_off_rate * 0.8 AS drop_off_low, drop_off_rate * 1.2 AS drop_off_high,
    10.0 AS drop_off_days, 'medium' AS churn_risk, '[]' AS contrasts, MAP {'depth': 1.0} AS profile
FROM sample_users JOIN user_outcomes USING (refresh_month, user_id)
GROUP BY refresh_month, cluster_id
QUALIFY cluster_id <> 'unclassified'
"""

_VERDICT = """
SELECT
    $month::DATE AS refresh_month, $verdict AS verdict, 'As the sample has it.' AS reason,
    'session_halves' AS evidence_basis, 100 AS evidence_user_count, 3 AS segment_count
"""

_CURVES = """
SELECT $month AS refresh_month, curves.*,
    50 AS at_risk_count, CASE WHEN status = 'not_observed' THEN 'too few' END AS reason,
    curve = 'retention_km' AS is_cause_specific
FROM (VALUES
    ('2026-03-a', 'retention_km', 3.0::DOUBLE, 0.4::DOUBLE, 0.3::DOUBLE, 0.5::DOUBLE, 'observed'),
    ('2026-03-a', 'retention_km', 2.5, 0.4, 0.3, 0.5, 'observed'),
    ('2026-03-a', 'retention_km', 0.0, 1.0, 1.0, 1.0, 'observed'),
    ('2026-03-a', 'incidence_churn', 3.0, 0.6, 0.5, 0.7, 'observed'),
    ('2026-03-b', 'retention_km', 3.0, NULL, NULL, NULL, 'not_observed'),
    ('overall', 'retention_km', 3.0, 0.6, 0.5, 0.7, 'observed')
) AS curves(cluster_id, curve, day, estimate, low, high, status)
"""


def write_upstream(db: Database, *, verdict: str = "distinct") -> None:
    """Write users, outcomes and segments of MONTH: negotiators revise, work alone and leave; readers do not."""
    db.execute(_USERS, {"cluster_ids": list(SIZES), "user_counts": list(SIZES.values())})
    db.replace(UserFeatures, _FEATURES, month=MONTH)
    db.replace(UserOutcomes, _OUTCOMES, month=MONTH)
    db.replace(
        UserClusters,
        "SELECT refresh_month, user_id, cluster_id, 0 AS raw_label, false AS is_noise, 0.9 AS membership,"
        " NULL AS runner_up FROM sample_users",
        month=MONTH,
    )
    db.replace(Clusters, _CLUSTERS, month=MONTH)
    db.replace(RefreshVerdicts, _VERDICT, {"month": MONTH, "verdict": verdict}, month=MONTH)
    db.replace(RetentionCurves, _CURVES, {"month": MONTH}, month=MONTH)
    db.execute("DROP TABLE sample_users")


def write_empty_upstream(db: Database) -> None:
    """Write what a refresh with too little data leaves: tables without rows."""
    db.ensure(UserFeatures, UserOutcomes, UserClusters, Clusters, RefreshVerdicts, RetentionCurves)
