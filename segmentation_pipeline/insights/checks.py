"""Checks of insights beyond the contracts: advice cites what is stored, and every segment gets its share.

Add here: a check over rows or tables.
Keep out: constraints on single rows (`tables.py`).
"""

from datetime import date

from segmentation_pipeline.insights.reading import quotable_names, read_evidence
from segmentation_pipeline.insights.recommending import (
    citation_problems,
    coverage_problems,
    persona_problems,
    ungrounded_texts,
)
from segmentation_pipeline.insights.tables import ClusterMetrics, Recommendations, SegmentAdvice
from segmentation_pipeline.orchestration.table_checks import CheckOutcome, table_check
from segmentation_pipeline.segments.tables import UNCLASSIFIED
from segmentation_pipeline.warehouse.resource import Warehouse

SHOWN_PROBLEMS = 10
"""Problems listed in a check's result; the count is complete."""

_RECOMMENDATIONS = "SELECT * FROM recommendations WHERE refresh_month = $month ORDER BY cluster_id, kind, rank"


@table_check(ClusterMetrics, monthly=True)
def evidence_agrees_with_clusters(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Every segment's size and drop-off in the evidence are those of the segment itself, and sizes stay within all."""
    with warehouse.read() as db:
        different = db.rows(
            "SELECT c.cluster_id, c.user_count, s.value AS size, c.drop_off_rate, d.value AS drop_off"
            " FROM clusters AS c"
            " LEFT JOIN cluster_metrics AS s ON s.refresh_month = c.refresh_month AND s.cluster_id = c.cluster_id"
            " AND s.metric_id = 'size'"
            " LEFT JOIN cluster_metrics AS d ON d.refresh_month = c.refresh_month AND d.cluster_id = c.cluster_id"
            " AND d.metric_id = 'drop_off_rate'"
            " WHERE c.refresh_month = $month AND c.cluster_id <> $unclassified"
            " AND (s.value IS DISTINCT FROM c.user_count OR d.value IS DISTINCT FROM c.drop_off_rate)"
            " ORDER BY c.cluster_id",
            {"month": month, "unclassified": UNCLASSIFIED},
        )
    names = [str(row["cluster_id"]) for row in different]
    return CheckOutcome(
        not names,
        f"size or drop-off differs from clusters: {', '.join(names)}" if names else "size and drop-off agree",
        {"different": len(names)},
    )


@table_check(Recommendations, monthly=True)
def cited_metrics_exist(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Every cited metric is in cluster_metrics with the same value and direction, and texts render from it."""
    assert month is not None, "a monthly check always has its month"
    with warehouse.read() as db:
        evidence = read_evidence(db, month)
        rows = db.rows(_RECOMMENDATIONS, {"month": month})
    return _outcome(citation_problems(rows, evidence), f"{len(rows)} recommendations cite what is stored")


@table_check(Recommendations, monthly=True)
def nothing_ungrounded_is_published(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """No title, text or hypothesis holds a figure, comparison or quoted name that cluster_metrics does not.

    The texts are read as they are published, whoever wrote them: this check shares the gate with the writing of
    advice, but neither its templates nor its report.
    """
    assert month is not None, "a monthly check always has its month"
    with warehouse.read() as db:
        evidence = read_evidence(db, month, quotable_names(warehouse.settings))
        rows = db.rows(_RECOMMENDATIONS, {"month": month})
    return _outcome(ungrounded_texts(rows, evidence), f"{len(rows)} recommendations say only what is stored")


@table_check(SegmentAdvice, monthly=True)
def personas_are_unique_and_state_nothing(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """No two personas of a refresh are called alike, and what a model says of them states no figure or comparison."""
    assert month is not None, "a monthly check always has its month"
    with warehouse.read() as db:
        evidence = read_evidence(db, month, quotable_names(warehouse.settings))
        rows = db.rows(
            "SELECT * FROM segment_advice WHERE refresh_month = $month ORDER BY cluster_id", {"month": month}
        )
    return _outcome(persona_problems(rows, evidence), f"{len(rows)} personas have names of their own")


@table_check(SegmentAdvice, monthly=True)
def the_model_advised(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """WARN where settings name a model and the rules had to advise a segment in its place, for any reason."""
    with warehouse.read() as db:
        rows = db.rows(
            "SELECT cluster_id, instead_because FROM segment_advice"
            " WHERE refresh_month = $month AND instead_because IS NOT NULL ORDER BY cluster_id",
            {"month": month},
        )
    reasons = list(dict.fromkeys(row["instead_because"] for row in rows))
    told = f"the rules advise {len(rows)} segments in place of the model: {'; '.join(reasons[:SHOWN_PROBLEMS])}"
    return CheckOutcome(
        not rows,
        told if rows else "advised as settings wish",
        {"instead": {row["cluster_id"]: row["instead_because"] for row in rows}},
        "WARN",
    )


@table_check(Recommendations, monthly=True)
def every_segment_is_advised(warehouse: Warehouse, month: date | None) -> CheckOutcome:
    """Every segment of the minimum size has pain points, product recommendations and three distinct experiments.

    Smaller ones have none.
    """
    assert month is not None, "a monthly check always has its month"
    with warehouse.read() as db:
        counts = {segment.cluster_id: segment.user_count for segment in read_evidence(db, month).segments.values()}
        rows = db.rows(_RECOMMENDATIONS, {"month": month})
    problems = coverage_problems(rows, counts, warehouse.settings.advice.min_users)
    return _outcome(problems, f"{len(counts)} segments have the advice they should have")


def _outcome(problems: list[str], fine: str) -> CheckOutcome:
    told = "; ".join(problems[:SHOWN_PROBLEMS])
    return CheckOutcome(not problems, told or fine, {"problems": len(problems)})
