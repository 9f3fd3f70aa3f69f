"""Assets of insights: the evidence table of every segment, and the advice that cites it.

Add here: a thin asset: read, call, write, report.
Keep out: computing (`metrics.py`) and advising (`rules.py`).
"""

from collections import Counter
from typing import Any

import dagster as dg

from segmentation_pipeline.config import Settings
from segmentation_pipeline.events.feature_tables import Refreshes, UserFeatures, UserOutcomes
from segmentation_pipeline.insights.gate import Checked
from segmentation_pipeline.insights.metrics import MetricRow, evidence_rows
from segmentation_pipeline.insights.reading import RoleUse, quotable_names, read_evidence, read_judged, read_users
from segmentation_pipeline.insights.recommending import Recommendation, recommend
from segmentation_pipeline.insights.rules import RulesAdvisor
from segmentation_pipeline.insights.tables import ClusterMetrics, GroundingReport, Recommendations
from segmentation_pipeline.markdown import Markdown, table
from segmentation_pipeline.orchestration.table_assets import refresh_month, table_asset
from segmentation_pipeline.retention.tables import RetentionCurves
from segmentation_pipeline.segments.tables import Clusters, UserClusters
from segmentation_pipeline.segments.verdict_tables import RefreshVerdicts
from segmentation_pipeline.warehouse.resource import Warehouse


@table_asset(
    ClusterMetrics,
    reads=[Refreshes, UserFeatures, UserOutcomes, Clusters, UserClusters, RetentionCurves],
    group="insights",
    kinds={"duckdb", "python"},
    monthly=True,
)
def cluster_metrics(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """One row per refresh, segment (or `overall`: all users at risk) and metric that could be measured.

    Advice may cite nothing else. A direction is stored only where the interval of segment minus everyone else
    excludes no difference: Welch (1947) for means, Newcombe (1998) for proportions, Zou and Donner (2008) for curves.
    """
    month, settings = refresh_month(context), warehouse.settings
    with warehouse.read() as db:
        users = read_users(db, month, named_actions(settings), role_use(settings))
        judged = read_judged(db, month, settings.retention.curve_days)
    rows: list[MetricRow] = []
    if len(judged) > 1:
        rows = evidence_rows(
            users,
            judged,
            has_conversion=bool(settings.roles.conversion),
            is_mechanical=not settings.roles.churn,
        )
    with warehouse.transaction() as db:
        db.replace(ClusterMetrics, rows, month=month)
    if not rows:
        return {"why_empty": f"no segments in {month:%Y-%m}: the refresh has too little data"}
    return {
        "segments": len(judged) - 1,
        "metrics_a_segment": len({row.metric_id for row in rows}),
        "contrasts_with_a_direction": sum(row.contrast_direction != "none" for row in rows),
    }


@table_asset(
    Recommendations,
    GroundingReport,
    reads=[ClusterMetrics, Clusters, RefreshVerdicts],
    group="insights",
    kinds={"duckdb", "python"},
    monthly=True,
)
def recommendations(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """One row per refresh, segment and piece of advice: a pain point or an experiment.

    Every figure in a text is filled in from the metric it cites; expected effects carry a direction only. Whoever
    advises, texts pass the gate first; what it says of each is the grounding report.
    """
    month, settings = refresh_month(context), warehouse.settings
    with warehouse.read() as db:
        evidence = read_evidence(db, month, quotable_names(settings))
    advisor = RulesAdvisor(settings.roles, settings.advice.experiments_per_segment)
    found = recommend(evidence, advisor, settings.product, settings.advice.min_users)
    with warehouse.transaction() as db:
        db.replace(Recommendations, found.rows, month=month)
        db.replace(GroundingReport, found.checks, month=month)
    if not evidence.segments:
        return {"why_empty": f"no segments in {month:%Y-%m}: the refresh has too little data"}
    labels = {segment.cluster_id: segment.label for segment in evidence.segments.values()}
    return {
        "recommendations": {
            "advisor": advisor.name,
            "segments_advised": len(labels) - len(found.without),
            "segments_without_advice": found.without,
            "top_advice": _as_markdown(found.rows, labels),
        },
        "grounding_report": _grounding_figures(found.checks),
    }


def _grounding_figures(checks: list[Checked]) -> dict[str, Any]:
    verdicts = Counter(check.verdict for check in checks)
    return {
        "claims_checked": sum(check.part == "claim" for check in checks),
        "texts_checked": sum(check.part != "claim" for check in checks),
        **{verdict: verdicts.get(verdict, 0) for verdict in ("ok", "corrected", "sent_back", "dropped")},
        "violations": dict(Counter(check.violation for check in checks if check.violation)),
    }


def named_actions(settings: Settings) -> tuple[str, ...]:
    """Return the actions that settings name, which get metrics however rare they are."""
    roles, product = settings.roles, settings.product
    named = (*roles.revision, *roles.collaboration, *roles.start, *product.core_features, *product.retention_drivers)
    return tuple(dict.fromkeys(named))


def role_use(settings: Settings) -> RoleUse:
    """Return which role measures mean anything with these settings."""
    return RoleUse(bool(settings.roles.revision), bool(settings.roles.collaboration))


def _as_markdown(rows: list[Recommendation], labels: dict[str, str]) -> Markdown:
    return table(
        ("segment", "experiment", "why", "expected", "effort"),
        [
            (labels[row.cluster_id], row.title, row.text, f"{row.primary_metric} {row.expected_direction}", row.effort)
            for row in rows
            if row.kind == "experiment"
        ],
    )
