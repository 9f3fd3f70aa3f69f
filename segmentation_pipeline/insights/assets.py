"""Assets of insights: the evidence table of every segment, and the advice that cites it.

Add here: a thin asset: read, call, write, report.
Keep out: computing (`metrics.py`) and advising (`rules.py`).
"""

from collections import Counter
from dataclasses import replace
from typing import Any

import dagster as dg

from segmentation_pipeline.config import Settings
from segmentation_pipeline.events.feature_tables import Refreshes, UserFeatures, UserOutcomes
from segmentation_pipeline.insights.advisor import RULES, Advisor
from segmentation_pipeline.insights.discovery.tables import LlmAssignments, LlmSegments
from segmentation_pipeline.insights.gate import Checked
from segmentation_pipeline.insights.metrics import MetricRow, evidence_rows
from segmentation_pipeline.insights.model_advisor import ModelAdvisor
from segmentation_pipeline.insights.model_use import model_of_run, spent
from segmentation_pipeline.insights.reading import (
    RoleUse,
    quotable_names,
    read_descriptions,
    read_evidence,
    read_judged,
    read_previous_names,
    read_users,
)
from segmentation_pipeline.insights.recommending import Recommended, recommend
from segmentation_pipeline.insights.rules import RulesAdvisor
from segmentation_pipeline.insights.tables import ClusterMetrics, GroundingReport, Recommendations, SegmentAdvice
from segmentation_pipeline.llm.audit import llm_calls_frame
from segmentation_pipeline.llm.failures import FailureKind
from segmentation_pipeline.llm.tables import LlmCalls
from segmentation_pipeline.markdown import Markdown, table
from segmentation_pipeline.orchestration.table_assets import MONTHLY_FRESHNESS, refresh_month, table_asset
from segmentation_pipeline.retention.tables import RetentionCurves
from segmentation_pipeline.segments.tables import Clusters, UserClusters
from segmentation_pipeline.segments.verdict_tables import RefreshVerdicts
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.state.llm_calls import call_counts
from segmentation_pipeline.warehouse.database import load_sql
from segmentation_pipeline.warehouse.resource import Warehouse

NOBODY_ASKED = "no model was ever asked"


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
    SegmentAdvice,
    GroundingReport,
    reads=[ClusterMetrics, Clusters, RefreshVerdicts],
    group="insights",
    kinds={"duckdb", "python", "llm"},
    monthly=True,
    freshness=MONTHLY_FRESHNESS,
)
def recommendations(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """One row per refresh, segment and piece of advice: a pain point, a product recommendation or an experiment.

    Every figure in a text is filled in from the metric it cites; expected effects carry a direction only. Whoever
    advises, texts pass the gate first; what it says of each is the grounding report. The rules stand in for a model
    that does not answer, or of whose answer too little is grounded.
    """
    month, settings = refresh_month(context), warehouse.settings
    with warehouse.transaction() as db:
        evidence = read_evidence(db, month, quotable_names(settings))
        descriptions, previous_names = read_descriptions(db, month), read_previous_names(db, month)
    rules = RulesAdvisor(settings.roles, settings.advice.experiments_per_segment)
    model = model_of_run(warehouse, month, context.run_id)
    advisor: Advisor = rules
    if model.unavailable is None:
        wanted = settings.advice.experiments_per_segment
        advisor = ModelAdvisor(model, wanted, evidence.previous, previous_names)
    found = recommend(
        evidence,
        advisor,
        settings.product,
        settings.advice.min_users,
        descriptions=descriptions,
        fallback=None if advisor is rules else rules,
    )
    if model.is_misconfigured:
        because = f"{FailureKind.NOT_ASKED}: {model.unavailable}"
        found = replace(found, segments=[replace(row, instead_because=because) for row in found.segments])
    with warehouse.transaction() as db:
        db.replace(Recommendations, found.rows, month=month)
        db.replace(SegmentAdvice, found.segments, month=month)
        db.replace(GroundingReport, found.checks, month=month)
    if not evidence.segments:
        return {"why_empty": f"no segments in {month:%Y-%m}: the refresh has too little data"}
    return {
        "recommendations": {
            "advisor": advisor.name,
            "segments_advised": len(found.segments),
            "segments_without_advice": found.without,
            "top_advice": _as_markdown(found),
        },
        "segment_advice": {
            "provider": model.provider.label,
            "model": model.provider.model or RULES,
            "personas": {row.cluster_id: row.persona_name for row in found.segments},
            "why_the_rules_stand_in": {
                row.cluster_id: row.instead_because for row in found.segments if row.instead_because
            },
            **spent([model.usage()]),
        },
        "grounding_report": _grounding_figures(found.checks),
    }


@table_asset(
    LlmCalls,
    reads=[Recommendations, LlmSegments, LlmAssignments],
    group="insights",
    kinds={"duckdb", "llm"},
)
def llm_calls(_context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """What left this machine for a model and what came back, as noted in state.db when it happened."""
    state = open_state(warehouse.home, warehouse.settings)
    with state.read() as connection:
        counts = call_counts(connection)
    with warehouse.transaction() as db:
        db.ensure(LlmCalls)
        stored = dict(db.execute("SELECT refresh_month, count(*) FROM llm_calls GROUP BY ALL").fetchall())
    # Calls are noted once and never changed, so a refresh with as many as before has the same.
    for month in sorted(month for month in {*counts, *stored} if counts.get(month) != stored.get(month)):
        calls = llm_calls_frame(state, month)
        with warehouse.transaction() as db:
            db.replace(LlmCalls, calls, month=month)
    with warehouse.read() as db:
        outcomes = db.execute("SELECT outcome, count(*) FROM llm_calls GROUP BY ALL ORDER BY ALL").fetchall()
        newest = db.rows(load_sql(__package__, "newest_llm_calls"))
    return {
        "outcomes": dict(outcomes),
        **(
            {"newest_calls": table(list(newest[0]), [row.values() for row in newest])}
            if newest
            else {"why_empty": NOBODY_ASKED}
        ),
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


def _as_markdown(found: Recommended) -> Markdown:
    names = {row.cluster_id: row.persona_name for row in found.segments}
    return table(
        ("segment", "experiment", "why", "expected", "effort"),
        [
            (names[row.cluster_id], row.title, row.text, f"{row.primary_metric} {row.expected_direction}", row.effort)
            for row in found.rows
            if row.kind == "experiment"
        ],
    )
