"""The asset of experiments: what each recommended one would take in its segment.

Add here: a thin asset: read, weigh, write, report.
Keep out: weighing (`planning.py`) and drawing (`pictures.py`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from segmentation_pipeline.clustering.fitting import one_thread
from segmentation_pipeline.events.feature_tables import Refreshes, UserFeatures
from segmentation_pipeline.experiments.pictures import draw_detectable
from segmentation_pipeline.experiments.planning import PowerRow, power_rows
from segmentation_pipeline.experiments.reading import read_refresh
from segmentation_pipeline.experiments.tables import ExperimentPower
from segmentation_pipeline.insights.tables import ClusterMetrics, Recommendations, SegmentAdvice
from segmentation_pipeline.markdown import Markdown, table
from segmentation_pipeline.orchestration.pictures import png_metadata
from segmentation_pipeline.orchestration.table_assets import refresh_month, table_asset
from segmentation_pipeline.segments.tables import Clusters, UserClusters
from segmentation_pipeline.warehouse.database import Database
from segmentation_pipeline.warehouse.resource import Warehouse


@table_asset(
    ExperimentPower,
    reads=[Refreshes, UserFeatures, Clusters, UserClusters, ClusterMetrics, Recommendations, SegmentAdvice],
    group="experiments",
    kinds={"duckdb", "python"},
    monthly=True,
)
def experiment_power(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dict[str, Any]:
    """One row per refresh and recommended experiment: its power in its own segment, and whether it should be run.

    Users are those who newly reach the landmark in the segment; a part of them is held out, the rest is halved. Alpha
    is shared by the experiments of a segment (Holm). Where a segment alone takes too long, the fewest segments are
    sought that decide in time together; where none do, the experiment should not be run.
    """
    month, settings = refresh_month(context), warehouse.settings.experiments
    with warehouse.read() as db:
        refresh = read_refresh(db, month)
        labels, titles = _names(db, month)
    rows: list[PowerRow] = []
    if refresh is not None:
        with one_thread():
            rows = power_rows(refresh, settings)
    with warehouse.transaction() as db:
        db.replace(ExperimentPower, rows, month=month)
    if not rows:
        return {"why_empty": f"no experiment is recommended in {month:%Y-%m}"}
    reported: dict[str, Any] = {
        "verdicts": dict(Counter(row.verdict for row in rows)),
        "experiments": _as_markdown(rows, labels, titles),
    }
    if any(row.mde_by_week is not None for row in rows):
        reported["detectable_picture"] = png_metadata(draw_detectable(rows, labels, titles))
    return reported


def _names(db: Database, month: Any) -> tuple[dict[str, str], dict[str, str]]:
    asked = "SELECT cluster_id, persona_name FROM segment_advice WHERE refresh_month = $month"
    titled = "SELECT recommendation_id, title FROM recommendations WHERE refresh_month = $month"
    return tuple(dict(db.execute(sql, {"month": month}).fetchall()) for sql in (asked, titled))  # type: ignore[return-value]


def _as_markdown(rows: Sequence[PowerRow], labels: Mapping[str, str], titles: Mapping[str, str]) -> Markdown:
    header = ("segment", "experiment", "metric", "today:", "wanted:", "new users a week:", "weeks:", "verdict", "why")
    return table(
        header,
        [
            (
                labels.get(row.cluster_id, row.cluster_id),
                titles.get(row.recommendation_id, row.recommendation_id),
                row.primary_metric,
                _figure(row.baseline, row.unit),
                _figure(row.target, row.unit),
                "-" if row.eligible_per_week is None else f"{row.eligible_per_week:.1f}",
                "-" if row.weeks_to_decide is None else f"{row.weeks_to_decide:.1f}",
                row.verdict,
                row.reason,
            )
            for row in rows
        ],
    )


def _figure(value: float | None, unit: str | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1%}" if unit == "pct" else f"{value:.3g}"
