"""From rows of `cluster_metrics` to the evidence that claims are bound to.

Add here: what an advisor may cite.
Keep out: how metrics are computed (`metrics.py`), what a claim is (`llm/claims.py`), and which advice follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segmentation_pipeline.insights.catalogue import definition_of
from segmentation_pipeline.llm.claims import Metric, SegmentEvidence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def collect_evidence(rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> list[SegmentEvidence]:
    """Return the evidence of each labelled segment from rows of `cluster_metrics`, ordered by cluster id."""
    by_cluster: dict[str, dict[str, Metric]] = {cluster_id: {} for cluster_id in sorted(labels)}
    for row in rows:
        if row["cluster_id"] in by_cluster:
            definition = definition_of(row["metric_id"])
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
                counted=definition.counted,
                topics=definition.topics,
            )
            by_cluster[row["cluster_id"]][metric.metric_id] = metric
    return [SegmentEvidence(cluster_id, labels[cluster_id], metrics) for cluster_id, metrics in by_cluster.items()]
