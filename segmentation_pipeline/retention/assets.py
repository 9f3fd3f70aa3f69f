"""Assets of retention: fits and curves of every segment, and hazard ratios between them.

Add here: a thin asset: read, judge, write, report.
Keep out: judging (judging.py, hazards.py) and drawing (pictures.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg

from segmentation_pipeline.clustering.fitting import one_thread
from segmentation_pipeline.events.feature_tables import Refreshes, UserFeatures, UserOutcomes
from segmentation_pipeline.markdown import Markdown, table
from segmentation_pipeline.orchestration.pictures import png_metadata
from segmentation_pipeline.orchestration.table_assets import refresh_month, table_asset
from segmentation_pipeline.pictures import segment_colours
from segmentation_pipeline.retention.comparing import Comparison, compare_pairs
from segmentation_pipeline.retention.hazards import CoxRow, Hazards, judge_hazards
from segmentation_pipeline.retention.judged_users import read_judged_users
from segmentation_pipeline.retention.judging import CurvePoint, SurvivalFit, competing_endings, judge
from segmentation_pipeline.retention.pictures import (
    draw_incidences,
    draw_residuals,
    draw_retention,
    draw_segment_incidences,
)
from segmentation_pipeline.retention.tables import (
    FITTED,
    OBSERVED,
    CoxCoefficients,
    RetentionComparisons,
    RetentionCurves,
    SchoenfeldResiduals,
    SurvivalFits,
    SurvivalValidations,
)
from segmentation_pipeline.retention.trend_pictures import draw_trends
from segmentation_pipeline.retention.trend_tables import SegmentTrends
from segmentation_pipeline.retention.validating import validation_rows
from segmentation_pipeline.segments.reading import read_lives
from segmentation_pipeline.segments.tables import OVERALL, Clusters, UserClusters
from segmentation_pipeline.segments.verdict_tables import RefreshVerdicts
from segmentation_pipeline.warehouse.database import Database, load_sql
from segmentation_pipeline.warehouse.resource import Warehouse

SOURCES = [Refreshes, UserFeatures, UserOutcomes, UserClusters, Clusters]

MECHANICAL_NOTE = "drop-off is silence here, so differences between segments are mechanical: never cite them"


@table_asset(
    SurvivalFits,
    RetentionCurves,
    RetentionComparisons,
    reads=SOURCES,
    group="retention",
    kinds={"duckdb", "python"},
    monthly=True,
    code_version="2",
)
def retention(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """Segments are learned before the landmark and judged here only on what came after it.

    Kaplan-Meier with log-log intervals, cut where too few are at risk and never extrapolated. Where a conversion
    or another ending competes, drop-off is the Aalen-Johansen incidence and 1 - Kaplan-Meier is cause-specific.
    Restricted means are the days kept before dropping off; pairs are tested by log-rank, adjusted by Holm.
    """
    month, settings = refresh_month(context), warehouse.settings
    with warehouse.read() as db:
        users = read_judged_users(db, month)
        looks = _looks(db, month)
    with one_thread():
        judgement = judge(users, settings.retention, competing_endings(settings.roles))
        comparisons = compare_pairs(users, settings.retention)
    with warehouse.transaction() as db:
        db.replace(SurvivalFits, judgement.fits, month=month)
        db.replace(RetentionCurves, judgement.points, month=month)
        db.replace(RetentionComparisons, comparisons, month=month)
    return {
        "survival_fits": _fit_metadata(judgement.fits, looks.labels),
        "retention_curves": _curve_metadata(judgement.points, looks, settings.retention.curve_days),
        "retention_comparisons": _comparison_metadata(comparisons, looks.labels),
    }


@table_asset(
    CoxCoefficients,
    SchoenfeldResiduals,
    reads=SOURCES,
    group="retention",
    kinds={"duckdb", "python"},
    monthly=True,
    code_version="2",
)
def hazard_ratios(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """Hazard of dropping off against the segment with most drop-offs, adjusted for tenure and cohort.

    Terms that are constant, duplicate or collinear, or segments with too few drop-offs, are rows with their
    reason. If the plain model does not converge, the ridge step that did is recorded. Whether ratios stay the same
    over time is tested and shown; nothing is gated by it.
    """
    month, settings = refresh_month(context), warehouse.settings
    with warehouse.read() as db:
        users = read_judged_users(db, month)
        looks = _looks(db, month)
    with one_thread():
        hazards = judge_hazards(users, settings.retention.alpha)
    with warehouse.transaction() as db:
        db.replace(CoxCoefficients, hazards.rows, month=month)
        db.replace(SchoenfeldResiduals, hazards.residuals, month=month)
    return {
        "cox_coefficients": _hazard_metadata(hazards, looks),
        "schoenfeld_residuals": {"terms": len({row.term for row in hazards.residuals})},
    }


@table_asset(SurvivalValidations, reads=SOURCES, group="retention", kinds={"duckdb", "python"}, monthly=True)
def survival_validations(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """Hazards of segments are fitted on two thirds of the users and judged on the later third.

    Later by entry where every user has a landmark of its own, else by a hash. Concordance, and the integrated Brier
    score against one Kaplan-Meier curve for everybody: what segments add, on users the model has not seen.
    """
    month, settings = refresh_month(context), warehouse.settings
    with warehouse.read() as db:
        users = read_judged_users(db, month)
    with one_thread():
        rows = validation_rows(users, settings.retention)
    with warehouse.transaction() as db:
        db.replace(SurvivalValidations, rows, month=month)
    model = rows[-1]
    if model.status != FITTED:
        return {"why_not": model.reason or ""}
    return {
        "split": model.split,
        "test_users": model.test_user_count,
        "concordance": model.concordance,
        "integrated_brier": {row.model: row.integrated_brier for row in rows},
        "brier_difference": f"{model.brier_difference:+.4f} "
        f"({model.brier_difference_low:+.4f} to {model.brier_difference_high:+.4f}); below 0 segments help",
        **_note(is_mechanical=model.is_mechanical),
    }


@table_asset(
    SegmentTrends,
    reads=[Refreshes, RefreshVerdicts, Clusters, SurvivalFits, RetentionCurves],
    group="retention",
    kinds={"duckdb", "sql"},
)
def segment_trends(_context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """Every segment over all refreshes, written anew whenever one of them is."""
    with warehouse.transaction() as db:
        db.ensure(Refreshes, RefreshVerdicts, Clusters, SurvivalFits, RetentionCurves)
        db.replace(SegmentTrends, load_sql(__package__, "segment_trends"))
        rows = db.rows("FROM segment_trends ORDER BY refresh_month, cluster_id")
    if not rows:
        return {"why_empty": "no refresh has segments yet"}
    return {
        "refreshes": len({row["refresh_month"] for row in rows}),
        "trends_picture": png_metadata(draw_trends(rows)),
    }


@dataclass(frozen=True)
class _Looks:
    """What segments are called and coloured."""

    labels: dict[str, str]
    colours: dict[str, str]


def _looks(db: Database, month: date) -> _Looks:
    named = "SELECT cluster_id, label FROM clusters WHERE refresh_month = $month ORDER BY cluster_id"
    return _Looks(dict(db.execute(named, {"month": month}).fetchall()), segment_colours(read_lives(db)))


def _note(*, is_mechanical: bool) -> dict[str, str]:
    return {"mechanical": MECHANICAL_NOTE} if is_mechanical else {}


def _fit_metadata(fits: Sequence[SurvivalFit], labels: dict[str, str]) -> dict[str, Any]:
    header = ("segment", "users:", "dropped off:", "by day:", "days kept:", "against the rest:", "median days:", "note")
    rows = []
    for fit in fits:
        rate = "-" if fit.drop_off_rate is None else _interval(fit.drop_off_rate, fit.drop_off_low, fit.drop_off_high)
        day = "-" if fit.drop_off_days is None else f"{fit.drop_off_days:.3g}"
        kept = "-" if fit.rmst_days is None else f"{fit.rmst_days:.3g} ({fit.rmst_low:.3g} to {fit.rmst_high:.3g})"
        median = "-" if fit.median_days is None else f"{fit.median_days:.3g}"
        name = labels.get(fit.cluster_id, "all users" if fit.cluster_id == OVERALL else fit.cluster_id)
        apart = _apart(fit.rmst_difference_days, fit.rmst_difference_low, fit.rmst_difference_high)
        rows.append((name, f"{fit.user_count:,}", rate, day, kept, apart, median, fit.reason or ""))
    overall = fits[0]
    tested: dict[str, Any] = (
        {"logrank_not_made": overall.logrank_reason} if overall.logrank_p is None else {"logrank_p": overall.logrank_p}
    )
    return {
        "segments": table(header, rows),
        "followed_days": overall.followed_days,
        **tested,
        **_note(is_mechanical=overall.is_mechanical),
    }


def _curve_metadata(points: Sequence[CurvePoint], looks: _Looks, days: Sequence[float]) -> dict[str, Any]:
    if not any(point.status == OBSERVED for point in points):
        return {"why_no_curve": next((point.reason or "" for point in points), "nobody is at risk")}
    pictures = {"retention_picture": png_metadata(draw_retention(points, looks.labels, days, looks.colours))}
    if any(point.curve.startswith("incidence") and point.status == OBSERVED for point in points):
        pictures["incidence_picture"] = png_metadata(draw_incidences(points, days))
        pictures["incidence_by_segment"] = png_metadata(draw_segment_incidences(points, looks.labels, looks.colours))
    return pictures


def _comparison_metadata(rows: Sequence[Comparison], labels: dict[str, str]) -> dict[str, Any]:
    if not rows:
        return {"why_empty": "fewer than two segments: there is no pair to compare"}
    told = []
    for row in rows:
        names = [labels.get(name, name) for name in (row.cluster_id, row.other_cluster_id)]
        apart = _apart(row.rmst_difference_days, row.rmst_difference_low, row.rmst_difference_high)
        p, holm = ("-" if value is None else f"{value:.2g}" for value in (row.logrank_p, row.holm_p))
        told.append((*names, apart, p, holm, row.reason or ""))
    return {
        "pairs": table(("segment", "against", "days kept longer:", "p (log-rank):", "p (Holm):", "note"), told),
        **_note(is_mechanical=rows[0].is_mechanical),
    }


def _hazard_metadata(hazards: Hazards, looks: _Looks) -> dict[str, Any]:
    rows = hazards.rows
    pictures = {}
    if hazards.residuals:
        pictures["proportionality_picture"] = png_metadata(
            draw_residuals(hazards.residuals, rows, looks.labels, looks.colours)
        )
    return {
        "fitted_terms": sum(row.status == FITTED for row in rows),
        "hazard_ratios": _ratios(rows),
        **pictures,
        **_note(is_mechanical=rows[0].is_mechanical),
    }


def _interval(value: float, low: float | None, high: float | None) -> str:
    return f"{value:.0%} ({low:.0%}-{high:.0%})"


def _apart(days: float | None, low: float | None, high: float | None) -> str:
    return "-" if days is None else f"{days:+.2f} ({low:+.2f} to {high:+.2f})"


def _ratios(rows: Sequence[CoxRow]) -> Markdown:
    told = []
    for row in rows:
        ratio = "-" if row.hazard_ratio is None else f"{row.hazard_ratio:.3g}"
        interval = "-" if row.low is None else f"{row.low:.3g} to {row.high:.3g}"
        p, proportional = ("-" if value is None else f"{value:.2g}" for value in (row.p, row.proportional_p))
        told.append((row.term, ratio, interval, p, proportional, row.reason or ""))
    return table(("term", "hazard ratio:", "interval:", "p:", "p of staying the same:", "note"), told)
