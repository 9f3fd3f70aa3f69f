"""Assets of retention: fits and curves of every segment, and hazard ratios between them.

Add here: a thin asset: read, judge, write, report.
Keep out: judging (judging.py, hazards.py) and drawing (pictures.py).
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import dagster as dg

from segmentation_pipeline.events.feature_tables import Refreshes, UserFeatures, UserOutcomes
from segmentation_pipeline.orchestration.pictures import png_metadata
from segmentation_pipeline.orchestration.table_assets import refresh_month, table_asset
from segmentation_pipeline.retention.hazards import CoxRow, hazard_rows
from segmentation_pipeline.retention.judged_users import read_judged_users
from segmentation_pipeline.retention.judging import CurvePoint, SurvivalFit, competing_endings, judge
from segmentation_pipeline.retention.pictures import draw_incidences, draw_retention
from segmentation_pipeline.retention.tables import (
    FITTED,
    OBSERVED,
    OVERALL,
    CoxCoefficients,
    RetentionCurves,
    SurvivalFits,
)
from segmentation_pipeline.segments.tables import Clusters, UserClusters
from segmentation_pipeline.warehouse.database import Database
from segmentation_pipeline.warehouse.frames import typed_frame
from segmentation_pipeline.warehouse.resource import Warehouse

SOURCES = [Refreshes, UserFeatures, UserOutcomes, UserClusters, Clusters]


@table_asset(SurvivalFits, RetentionCurves, reads=SOURCES, group="retention", kinds={"duckdb", "python"}, monthly=True)
def retention(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """Segments are learned before the landmark and judged here only on what came after it.

    Kaplan-Meier with log-log intervals, cut where too few are at risk and never extrapolated. Where a conversion
    or another ending competes, drop-off is the Aalen-Johansen incidence and 1 - Kaplan-Meier is cause-specific.
    """
    month, settings = refresh_month(context), warehouse.settings
    with warehouse.read() as db:
        users = read_judged_users(db, month, settings.roles)
        labels = _labels(db, month)
    judgement = judge(users, settings.retention, competing_endings(settings.roles))
    with warehouse.transaction() as db:
        db.replace(SurvivalFits, typed_frame(SurvivalFits, judgement.fits, month=month), month=month)
        db.replace(RetentionCurves, typed_frame(RetentionCurves, judgement.points, month=month), month=month)
    return {
        "survival_fits": _fit_metadata(judgement.fits, labels),
        "retention_curves": _curve_metadata(judgement.points, labels, settings.retention.curve_days),
    }


@table_asset(CoxCoefficients, reads=SOURCES, group="retention", kinds={"duckdb", "python"}, monthly=True)
def cox_coefficients(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """Hazard of dropping off against the segment with most drop-offs, adjusted for tenure and cohort.

    Terms that are constant, duplicate or collinear, or segments with too few drop-offs, are rows with their
    reason. If the plain model does not converge, the ridge step that did is recorded.
    """
    month, settings = refresh_month(context), warehouse.settings
    with warehouse.read() as db:
        users = read_judged_users(db, month, settings.roles)
    rows = hazard_rows(users, settings.retention.alpha)
    with warehouse.transaction() as db:
        db.replace(CoxCoefficients, typed_frame(CoxCoefficients, rows, month=month), month=month)
    return {
        "fitted_terms": sum(row.status == FITTED for row in rows),
        "hazard_ratios": dg.MetadataValue.md(_ratios(rows)),
    }


def _labels(db: Database, month: date) -> dict[str, str]:
    found = db.rows(
        "SELECT cluster_id, label FROM clusters WHERE refresh_month = $month ORDER BY cluster_id", {"month": month}
    )
    return {row["cluster_id"]: row["label"] for row in found}


def _fit_metadata(fits: Sequence[SurvivalFit], labels: dict[str, str]) -> dict[str, Any]:
    lines = ["| segment | users | dropped off | by day | median days | note |", "|---|--:|--:|--:|--:|---|"]
    for fit in fits:
        rate = (
            "-"
            if fit.drop_off_rate is None
            else f"{fit.drop_off_rate:.0%} ({fit.drop_off_low:.0%}-{fit.drop_off_high:.0%})"
        )
        day = "-" if fit.drop_off_days is None else f"{fit.drop_off_days:.3g}"
        median = "-" if fit.median_days is None else f"{fit.median_days:.3g}"
        name = labels.get(fit.cluster_id, "all users" if fit.cluster_id == OVERALL else fit.cluster_id)
        lines.append(f"| {name} | {fit.user_count:,} | {rate} | {day} | {median} | {fit.reason or ''} |")
    overall = fits[0]
    tested: dict[str, Any] = (
        {"logrank_not_made": overall.logrank_reason} if overall.logrank_p is None else {"logrank_p": overall.logrank_p}
    )
    return {"segments": dg.MetadataValue.md("\n".join(lines)), "followed_days": overall.followed_days, **tested}


def _curve_metadata(points: Sequence[CurvePoint], labels: dict[str, str], days: Sequence[float]) -> dict[str, Any]:
    if not any(point.status == OBSERVED for point in points):
        return {"why_no_curve": next((point.reason or "" for point in points), "nobody is at risk")}
    pictures = {"retention_picture": png_metadata(draw_retention(points, labels, days))}
    if any(point.curve.startswith("incidence") and point.status == OBSERVED for point in points):
        pictures["incidence_picture"] = png_metadata(draw_incidences(points, days))
    return pictures


def _ratios(rows: Sequence[CoxRow]) -> str:
    lines = ["| term | hazard ratio | interval | p | note |", "|---|--:|--:|--:|---|"]
    for row in rows:
        ratio = "-" if row.hazard_ratio is None else f"{row.hazard_ratio:.3g}"
        interval = "-" if row.low is None else f"{row.low:.3g} to {row.high:.3g}"
        p = "-" if row.p is None else f"{row.p:.2g}"
        lines.append(f"| {row.term} | {ratio} | {interval} | {p} | {row.reason or ''} |")
    return "\n".join(lines)
