"""The evidence of one segment as advisors see it: metric id -> value, interval, contrast.

Add here: what an advisor may cite.
Keep out: how metrics are computed (`metrics.py`) and which advice follows (`rules.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.insights.catalogue import Unit
    from segmentation_pipeline.insights.contrasts import ContrastDirection

OVERALL = "overall"
"""`cluster_id` of the rows that describe all users at risk."""


@dataclass(frozen=True)
class Metric:
    """One metric of one segment; `pct` values are fractions between 0 and 1.

    The contrast is the segment against everyone else at risk. As the segment is part of the overall figure,
    (segment - overall) = (1 - share) x (segment - rest): both point the same way.
    """

    metric_id: str
    value: float
    unit: Unit
    low: float | None = None
    high: float | None = None
    overall_value: float | None = None
    contrast_low: float | None = None
    contrast_high: float | None = None
    contrast_direction: ContrastDirection = "none"
    difference_sd: float | None = None
    window: str = ""


@dataclass(frozen=True)
class SegmentEvidence:
    """Everything known about one segment: its id, its name and its metrics by id."""

    cluster_id: str
    label: str
    metrics: Mapping[str, Metric]

    @property
    def user_count(self) -> int:
        """Users of the segment."""
        size = self.metrics.get("size")
        return 0 if size is None else round(size.value)


def collect_evidence(rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> list[SegmentEvidence]:
    """Return the evidence of each labelled segment from rows of `cluster_metrics`, ordered by cluster id."""
    by_cluster: dict[str, dict[str, Metric]] = {cluster_id: {} for cluster_id in sorted(labels)}
    for row in rows:
        if row["cluster_id"] in by_cluster:
            metric = Metric(
                metric_id=row["metric_id"],
                value=row["value"],
                unit=row["unit"],
                low=row["low"],
                high=row["high"],
                overall_value=row["overall_value"],
                contrast_low=row["contrast_low"],
                contrast_high=row["contrast_high"],
                contrast_direction=row["contrast_direction"],
                difference_sd=row["difference_sd"],
                window=row["metric_window"],
            )
            by_cluster[row["cluster_id"]][metric.metric_id] = metric
    return [SegmentEvidence(cluster_id, labels[cluster_id], metrics) for cluster_id, metrics in by_cluster.items()]
