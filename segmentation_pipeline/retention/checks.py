"""What must hold between rows of the retention tables, beyond each row's contract.

Add here: a law over a curve, or one between the retention tables and what they judge.
Keep out: constraints on single rows (tables.py).
"""

from datetime import date

from segmentation_pipeline.orchestration.table_checks import CheckOutcome, table_check
from segmentation_pipeline.retention.tables import RetentionComparisons, RetentionCurves, SurvivalFits
from segmentation_pipeline.segments.tables import OVERALL, UNCLASSIFIED
from segmentation_pipeline.warehouse.resource import Warehouse

ROUNDING = 1e-9
"""Sums of a few thousand shares differ from their exact value by far less."""

NEVER_BACK = """
SELECT cluster_id, curve, day FROM (
    SELECT *, estimate - lag(estimate) OVER (PARTITION BY cluster_id, curve ORDER BY day) AS step
    FROM retention_curves WHERE refresh_month = $month AND status = 'observed'
) WHERE CASE WHEN starts_with(curve, 'incidence') THEN step < -$rounding ELSE step > $rounding END
ORDER BY cluster_id, curve, day
"""

ADD_UP = """
SELECT cluster_id, day, sum(estimate) AS total
FROM retention_curves
WHERE refresh_month = $month AND status = 'observed' AND curve <> 'retention_km'
GROUP BY cluster_id, day HAVING abs(sum(estimate) - 1) > $rounding
ORDER BY cluster_id, day
"""

LOST = """
WITH counted AS (
    SELECT
        sum(user_count) FILTER (cluster_id = $overall) AS overall_count,
        sum(user_count) FILTER (cluster_id <> $overall) AS segment_count
    FROM survival_fits WHERE refresh_month = $month
)
SELECT r.at_risk_count, c.overall_count, c.segment_count
FROM refreshes AS r CROSS JOIN counted AS c
WHERE r.refresh_month = $month AND r.status = 'ready'
  AND (c.overall_count IS DISTINCT FROM r.at_risk_count OR c.segment_count <> c.overall_count)
"""

TOLD_TWICE = """
SELECT s.cluster_id, s.drop_off_rate, c.drop_off_rate AS in_clusters
FROM survival_fits AS s JOIN clusters AS c ON c.refresh_month = s.refresh_month AND c.cluster_id = s.cluster_id
WHERE s.refresh_month = $month AND s.drop_off_rate IS NOT NULL AND c.drop_off_rate IS NOT NULL
  AND abs(s.drop_off_rate - c.drop_off_rate) > $rounding
ORDER BY s.cluster_id
"""


UNPAIRED = """
SELECT a.cluster_id, b.cluster_id AS other_cluster_id
FROM survival_fits AS a
JOIN survival_fits AS b ON b.refresh_month = a.refresh_month AND b.cluster_id > a.cluster_id
ANTI JOIN retention_comparisons AS c
ON c.refresh_month = a.refresh_month AND c.cluster_id = a.cluster_id AND c.other_cluster_id = b.cluster_id
WHERE a.refresh_month = $month AND NOT list_contains($no_segment, a.cluster_id)
  AND NOT list_contains($no_segment, b.cluster_id)
ORDER BY a.cluster_id, b.cluster_id
"""


@table_check(RetentionCurves, monthly=True)
def curves_never_turn_back(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Nobody comes back: the share retained never rises, the share that ended never falls."""
    return _nothing_found(
        warehouse, NEVER_BACK, {"month": month, "rounding": ROUNDING}, "days on which a curve turns back"
    )


@table_check(RetentionCurves, monthly=True)
def endings_add_up(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """On every day the incidences of all endings and the share still open add up to one."""
    return _nothing_found(warehouse, ADD_UP, {"month": month, "rounding": ROUNDING}, "days on which shares miss one")


@table_check(SurvivalFits, monthly=True)
def everyone_at_risk_is_judged(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """The overall row counts everyone at risk, and the segments together (`unclassified` among them) the same."""
    return _nothing_found(warehouse, LOST, {"month": month, "overall": OVERALL}, "counts that differ")


@table_check(SurvivalFits, monthly=True)
def drop_off_is_told_once(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """A segment's drop-off here is its drop-off in clusters."""
    return _nothing_found(warehouse, TOLD_TWICE, {"month": month, "rounding": ROUNDING}, "segments with two drop-offs")


@table_check(RetentionComparisons, monthly=True)
def every_pair_is_compared(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Two segments that are judged are compared, if only by a row that says why not."""
    params: dict[str, object] = {"month": month, "no_segment": [OVERALL, UNCLASSIFIED]}
    return _nothing_found(warehouse, UNPAIRED, params, "pairs of segments without a comparison")


def _nothing_found(warehouse: Warehouse, sql: str, params: dict[str, object], what: str) -> CheckOutcome:
    with warehouse.read() as db:
        found = db.rows(sql, params)
    examples = [{name: str(value) for name, value in row.items()} for row in found[:5]]
    return CheckOutcome(not found, f"{len(found)} {what}.", {"found": len(found), "examples": examples})
