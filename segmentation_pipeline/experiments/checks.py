"""What must hold between the power table and what it weighs, beyond each row's contract.

Add here: a law over rows, or one between this table and others.
Keep out: constraints on single rows (`tables.py`).
"""

import json
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from segmentation_pipeline.experiments.tables import ExperimentPower
from segmentation_pipeline.orchestration.table_checks import CheckOutcome, table_check
from segmentation_pipeline.warehouse.resource import Warehouse

SHOWN_PROBLEMS = 10
"""Problems listed in a check's result; the count is complete."""

ROUNDING = 1e-9
"""Effects are stored to so many places."""

UNMATCHED = """
SELECT coalesce(r.recommendation_id, p.recommendation_id) AS recommendation_id
FROM (
    SELECT *, count(*) OVER (PARTITION BY cluster_id) AS sibling_count
    FROM recommendations WHERE refresh_month = $month AND kind = 'experiment'
) AS r
FULL JOIN (FROM experiment_power WHERE refresh_month = $month) AS p
ON r.recommendation_id = p.recommendation_id
WHERE r.recommendation_id IS NULL OR p.recommendation_id IS NULL
    OR r.cluster_id <> p.cluster_id OR r.primary_metric <> p.primary_metric
    OR r.expected_direction <> p.expected_direction OR r.sibling_count <> p.comparison_count
ORDER BY ALL
"""

DIFFERENT = """
SELECT p.recommendation_id
FROM experiment_power AS p
LEFT JOIN cluster_metrics AS m
ON m.refresh_month = p.refresh_month AND m.cluster_id = p.cluster_id AND m.metric_id = p.primary_metric
WHERE p.refresh_month = $month AND p.baseline IS NOT NULL
    AND (m.value IS DISTINCT FROM p.baseline OR m.user_count IS DISTINCT FROM p.baseline_user_count)
ORDER BY ALL
"""

TOLD = """
SELECT recommendation_id, cluster_id, mde_by_week, union_cluster_ids FROM experiment_power
WHERE refresh_month = $month ORDER BY recommendation_id
"""


@table_check(ExperimentPower, monthly=True)
def every_experiment_is_weighed(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Each recommended experiment has one row, of its own segment and metric; alpha is shared by its siblings."""
    with warehouse.read() as db:
        found = db.execute(UNMATCHED, {"month": month}).fetchall()
    return _outcome([str(name) for (name,) in found], "every recommended experiment is weighed once")


@table_check(ExperimentPower, monthly=True)
def baselines_are_the_evidence(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Where a metric stands is what cluster_metrics says of it."""
    with warehouse.read() as db:
        found = db.execute(DIFFERENT, {"month": month}).fetchall()
    return _outcome([str(name) for (name,) in found], "every baseline is the one that advice cites")


@table_check(ExperimentPower, monthly=True)
def more_weeks_show_smaller_effects(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Users and weeks only ever help: no later week shows less than an earlier one."""
    with warehouse.read() as db:
        rows = db.rows(TOLD, {"month": month})
    wrong = [row["recommendation_id"] for row in rows if not _never_worse(json.loads(row["mde_by_week"] or "[]"))]
    return _outcome(wrong, "the smallest detectable effect never grows with the weeks")


@table_check(ExperimentPower, monthly=True)
def unions_are_of_living_segments(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """A union holds the segment the experiment is for, and others of the same refresh."""
    with warehouse.read() as db:
        rows = db.rows(TOLD, {"month": month})
        living = {name for (name,) in db.execute(_LIVING, {"month": month}).fetchall()}
    wrong = []
    for row in rows:
        union = json.loads(row["union_cluster_ids"] or "null")
        if union is not None and not (row["cluster_id"] in union and len(set(union)) > 1 and living.issuperset(union)):
            wrong.append(row["recommendation_id"])
    return _outcome(wrong, "every union is of segments of this refresh")


_LIVING = "SELECT cluster_id FROM clusters WHERE refresh_month = $month"


def _never_worse(weeks: Sequence[dict[str, Any]]) -> bool:
    return all(
        later["users_per_arm"] >= earlier["users_per_arm"]
        and (earlier["mde"] is None or (later["mde"] is not None and later["mde"] <= earlier["mde"] + ROUNDING))
        for earlier, later in pairwise(weeks)
    )


def _outcome(wrong: list[str], fine: str) -> CheckOutcome:
    told = ", ".join(wrong[:SHOWN_PROBLEMS])
    return CheckOutcome(not wrong, f"wrong: {told}" if wrong else fine, {"wrong": len(wrong)})
