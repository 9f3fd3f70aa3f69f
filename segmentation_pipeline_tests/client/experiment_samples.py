"""A published home of a few rows with advice and its power: two refreshes that recommend the same experiment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from segmentation_pipeline.config import Settings
from segmentation_pipeline.definitions import VIEWS
from segmentation_pipeline.experiments.tables import ExperimentPower
from segmentation_pipeline.warehouse.publish import publish
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.client.published_samples import make_published_home

if TYPE_CHECKING:
    from pathlib import Path

    from segmentation_pipeline.config import Home

GREET = "2026-01-a:experiment:aaaaaaaaaaaa"
CALL = "2026-01-a:experiment:bbbbbbbbbbbb"
NEW = "2026-02-a:experiment:cccccccccccc"

EVIDENCE = json.dumps(
    [
        {
            "metric_id": "drop_off_rate",
            "value": 0.3,
            "unit": "pct",
            "window": "14 days after the landmark",
            "comparator": "overall",
            "comparator_value": 0.2,
            "direction": "higher",
            "rendered": "Drop-off is 30%, higher than the 20% overall.",
            "locale": "en",
        }
    ]
)

RECOMMENDATIONS = """INSERT INTO recommendations BY NAME
SELECT month::DATE AS refresh_month, left(id, 9) AS cluster_id, id AS recommendation_id, kind, rank, title,
    'Drop-off is ' || figure || ', higher than the 20% overall. Say hello.' AS text, 'Say hello.' AS text_template,
    CASE kind WHEN 'experiment' THEN 'If greeted, drop-off will be lower.' END AS hypothesis,
    CASE kind WHEN 'experiment' THEN 'If greeted, drop-off will be {direction}.' END AS hypothesis_template,
    CASE kind WHEN 'experiment' THEN 'drop_off_rate' END AS primary_metric,
    CASE kind WHEN 'experiment' THEN 'lower' END AS expected_direction,
    CASE kind WHEN 'experiment' THEN 'S' END AS effort, $evidence AS evidence, 'rules' AS advisor
FROM (VALUES
    ('2026-01-01', '2026-01-a:experiment:aaaaaaaaaaaa', 'experiment', 1, '=Greet [them](http://x)', '29%'),
    ('2026-02-01', '2026-01-a:experiment:aaaaaaaaaaaa', 'experiment', 2, '=Greet [them](http://x)', '30%'),
    ('2026-02-01', '2026-01-a:experiment:bbbbbbbbbbbb', 'experiment', 1, 'Call them', '30%'),
    ('2026-02-01', '2026-01-a:pain_point:dddddddddddd', 'pain_point', 1, 'Ouch', '30%'),
    ('2026-02-01', '2026-02-a:experiment:cccccccccccc', 'experiment', 1, 'New idea', '30%')
) AS given(month, id, kind, rank, title, figure)"""

WEEKS = json.dumps(
    [
        {"week": 1, "users_per_arm": 0, "mde": None, "mde_relative": None},
        {"week": 12, "users_per_arm": 450, "mde": 0.05, "mde_relative": 1 / 6},
    ]
)

POWER = """INSERT INTO experiment_power BY NAME
SELECT month::DATE AS refresh_month, id AS recommendation_id, left(id, 9) AS cluster_id,
    'drop_off_rate' AS primary_metric, 'lower' AS expected_direction, verdict, 'As computed: ' || verdict AS reason,
    2 AS comparison_count, 0.025 AS alpha, 0.8 AS power, 0.1 AS holdout_share, 0.45 AS treatment_share,
    0.45 AS control_share, 0.2 AS smallest_effect, 12 AS max_weeks,
    IF(known, 'survival', NULL) AS endpoint, IF(known, 'pct', NULL) AS unit, IF(known, 0.3, NULL) AS baseline,
    IF(known, 200, NULL) AS baseline_user_count, IF(known, 0.5, NULL) AS measured_share,
    IF(known, 0.24, NULL) AS target,
    IF(known, 847, NULL) AS users_per_arm, IF(known, 1883, NULL) AS enrolled_count,
    IF(known, 14.0, NULL) AS follow_days, IF(known, TIMESTAMP '2026-01-05', NULL) AS eligible_from,
    IF(known, 100.0, NULL) AS eligible_per_week, IF(known, weeks, NULL) AS weeks_to_decide,
    IF(known, $weeks, NULL) AS mde_by_week,
    IF(verdict = 'run_in_union', '["2026-01-a", "2026-02-a"]', NULL) AS union_cluster_ids,
    IF(verdict = 'run_in_union', 9.5, NULL) AS union_weeks_to_decide
FROM (VALUES
    ('2026-01-01', '2026-01-a:experiment:aaaaaaaaaaaa', 'run', true, 6.5),
    ('2026-02-01', '2026-01-a:experiment:aaaaaaaaaaaa', 'run_in_union', true, 20.8),
    ('2026-02-01', '2026-01-a:experiment:bbbbbbbbbbbb', 'not_computed', false, NULL)
) AS given(month, id, verdict, known, weeks)"""


def make_advised_home(root: Path) -> Home:
    """Make a published home whose segments are advised; the newest of two refreshes has one idea without power."""
    home = make_published_home(root)
    warehouse = Warehouse(home, Settings())
    with warehouse.transaction() as db:
        db.ensure(ExperimentPower)
        db.execute("DELETE FROM recommendations")
        db.execute(RECOMMENDATIONS, {"evidence": EVIDENCE})
        db.execute(POWER, {"weeks": WEEKS})
    publish(warehouse, "advised", {}, VIEWS)
    return home
