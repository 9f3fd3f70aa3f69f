"""Checks of discovered segments: whole tables, who really answered, and the four figures product teams hold them to.

Add here: a law over several rows, or a warning with its threshold.
Keep out: constraints on single rows (`tables.py`).
"""

from datetime import date
from typing import Any

from segmentation_pipeline.insights.discovery.tables import (
    LlmAssignments,
    LlmDiscoveries,
    LlmSegmentFigures,
    LlmSegments,
)
from segmentation_pipeline.orchestration.table_checks import CheckOutcome, table_check
from segmentation_pipeline.segments.tables import UNCLASSIFIED
from segmentation_pipeline.warehouse.resource import Warehouse

FEWEST_GOOD_SEGMENTS = 5
LEAST_SPREAD = 0.15
"""Difference of 14-day retention between the best and the worst segment; under it they matter little (product rule)."""

MOST_UNCLASSIFIED = 0.15
LARGEST_GOOD_SHARE = 0.40
NEWEST = "refresh_month = (SELECT max(refresh_month) FROM llm_segment_figures)"


@table_check(LlmSegments, monthly=True)
def discovered_segments_are_whole(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Labels of living segments are unique, as many live as the discovery says, and no retired id lives again."""
    with warehouse.read() as db:
        living, labels, stated = db.one(
            "SELECT count(*), count(DISTINCT lower(label)),"
            " (SELECT segment_count FROM llm_discoveries WHERE refresh_month = $month)"
            " FROM llm_segments WHERE refresh_month = $month AND status <> 'retired'",
            {"month": month},
        )
        risen = db.rows(
            "SELECT l.segment_id FROM llm_segments AS l JOIN llm_segments AS r"
            " ON r.segment_id = l.segment_id AND r.status = 'retired' AND r.refresh_month < l.refresh_month"
            " WHERE l.refresh_month = $month ORDER BY 1",
            {"month": month},
        )
    is_fine = living == labels == stated and not risen
    return CheckOutcome(
        is_fine,
        f"{living} living segments with {labels} labels, {stated} stated, {len(risen)} retired ids used again",
        {"living": living, "labels": labels, "used_again": [row["segment_id"] for row in risen]},
    )


@table_check(LlmDiscoveries, monthly=True)
def the_model_discovered(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """WARN where settings name a model and the rules had to discover in its place, for any reason."""
    with warehouse.read() as db:
        found = db.rows("SELECT provider, fallback FROM llm_discoveries WHERE refresh_month = $month", {"month": month})
    fallback = found[0]["fallback"] if found else None
    told = f"the rules discovered in place of the model: {fallback}" if fallback else "discovered as settings wish"
    return CheckOutcome(fallback is None, told, {"fallback": fallback or "none"}, "WARN")


@table_check(LlmAssignments)
def everyone_at_risk_has_one_assignment(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """Every user at risk of a refresh with discovered segments has exactly one row, of a segment that lives in it."""
    with warehouse.read() as db:
        missing, surplus, unknown = db.one(
            "WITH wanted AS (SELECT refresh_month, user_id"
            "   FROM user_features JOIN llm_discoveries USING (refresh_month)"
            "   WHERE user_features.status = 'at_risk' AND segment_count > 0),"
            " found AS (SELECT refresh_month, user_id FROM llm_assignments)"
            " SELECT (SELECT count(*) FROM (FROM wanted EXCEPT ALL FROM found)),"
            " (SELECT count(*) FROM (FROM found EXCEPT ALL FROM wanted)),"
            " (SELECT count(*) FROM llm_assignments AS a ANTI JOIN llm_segments AS s"
            "   ON s.refresh_month = a.refresh_month AND s.segment_id = a.segment_id AND s.status <> 'retired'"
            "   WHERE a.status = 'assigned')"
        )
    return CheckOutcome(
        missing == surplus == unknown == 0,
        f"{missing:,} users without a row, {surplus:,} rows of nobody at risk, {unknown:,} in no living segment",
        {"missing": missing, "surplus": surplus, "unknown": unknown},
    )


@table_check(LlmAssignments)
def everyone_is_answered(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """WARN while users of the newest refresh wait, or where rules assigned users of segments a model defined."""
    with warehouse.read() as db:
        rows = db.rows(
            "SELECT a.status = 'pending' AS is_pending, any_value(a.reasoning) AS example, count(*) AS users"
            " FROM llm_assignments AS a JOIN llm_discoveries AS d USING (refresh_month)"
            f" WHERE {NEWEST} AND (a.status = 'pending' OR (a.provider = 'rules' AND d.provider <> 'rules'))"
            " GROUP BY ALL ORDER BY 1"
        )
    pending = sum(row["users"] for row in rows if row["is_pending"])
    instead = sum(row["users"] for row in rows if not row["is_pending"])
    told = "everyone has an answer" if not rows else f"{pending:,} users wait, {instead:,} were assigned by the rules"
    why = [row["example"] for row in rows if row["is_pending"]]
    return CheckOutcome(
        not rows,
        f"{told}: {why[0]}" if why else told,
        {"pending": pending, "assigned_by_rules_instead": instead},
        "WARN",
    )


@table_check(LlmSegmentFigures)
def enough_segments(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """WARN under five segments with users in the newest refresh."""
    rows = [row for row in _newest(warehouse) if row["segment_id"] != UNCLASSIFIED]
    if not any(row["user_count"] for row in rows):
        return _not_applicable("nobody is assigned")
    count = sum(row["user_count"] > 0 for row in rows)
    return _judged(count >= FEWEST_GOOD_SEGMENTS, f"{count} segments, {FEWEST_GOOD_SEGMENTS} are wanted", count)


@table_check(LlmSegmentFigures)
def retention_tells_segments_apart(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """WARN under 15 percentage points between best and worst 14-day retention of segments of twenty users and more."""
    rows = [row for row in _newest(warehouse) if row["segment_id"] != UNCLASSIFIED]
    observed = [
        row["retained_day_14"]
        for row in rows
        if row["retention_status"] == "observed" and row["user_count"] >= warehouse.settings.retention.min_at_risk
    ]
    if len(observed) < 2:
        reasons = [row["retention_reason"] for row in rows if row["retention_reason"]]
        return _not_applicable(reasons[0] if reasons else "fewer than two segments are large enough")
    spread = max(observed) - min(observed)
    return _judged(
        spread >= LEAST_SPREAD - 1e-9,
        f"{100 * spread:.1f} pp between best and worst 14-day retention, {100 * LEAST_SPREAD:.0f} are wanted",
        spread,
    )


@table_check(LlmSegmentFigures)
def few_are_unclassified(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """WARN from 15 % unclassified of the users answered in the newest refresh."""
    shares = [row["share"] for row in _newest(warehouse) if row["segment_id"] == UNCLASSIFIED]
    if not shares or shares[0] is None:
        return _not_applicable("nobody is assigned")
    told = f"{shares[0]:.1%} of the users answered are unclassified, under {MOST_UNCLASSIFIED:.0%} is wanted"
    return _judged(shares[0] < MOST_UNCLASSIFIED, told, shares[0])


@table_check(LlmSegmentFigures)
def no_segment_dominates(warehouse: Warehouse, _month: date | None) -> CheckOutcome:
    """WARN where a segment of the newest refresh holds more than 40 % of the users answered."""
    rows = [row for row in _newest(warehouse) if row["segment_id"] != UNCLASSIFIED and row["share"] is not None]
    if not rows:
        return _not_applicable("nobody is assigned")
    largest = max(rows, key=lambda row: row["share"])
    told = f"{largest['segment_label']} holds {largest['share']:.1%}, at most {LARGEST_GOOD_SHARE:.0%} is wanted"
    return _judged(largest["share"] <= LARGEST_GOOD_SHARE, told, largest["share"])


def _newest(warehouse: Warehouse) -> list[dict[str, Any]]:
    with warehouse.read() as db:
        return db.rows(f"SELECT * FROM llm_segment_figures WHERE {NEWEST} ORDER BY segment_id")


def _judged(passed: bool, told: str, value: float) -> CheckOutcome:  # noqa: FBT001
    return CheckOutcome(passed, told, {"status": "passed" if passed else "failed", "value": value}, "WARN")


def _not_applicable(reason: str) -> CheckOutcome:
    return CheckOutcome(True, f"not applicable: {reason}", {"status": "not_applicable", "reason": reason}, "WARN")  # noqa: FBT003
