"""Evidence to advise on: segments made of a few contrasts each."""

from __future__ import annotations

from segmentation_pipeline.insights.catalogue import definition_of
from segmentation_pipeline.llm.claims import Metric, SegmentEvidence

LEVELS = {
    "size": 120.0,
    "share": 0.2,
    "drop_off_rate": 0.4,
    "conversion_rate": 0.3,
    "retention_day_3": 0.7,
    "session_frequency": 4.0,
    "session_depth": 6.0,
    "feature_breadth": 5.0,
    "action_share:view_page": 0.4,
    "action_share:export": 0.2,
    "time_of_day:mixed": 0.6,
}
"""What every segment has; nothing here differs from overall."""

LEVELS_OF_CONTRASTS = {
    "recent_visit_share": 0.4,
    "collaboration_score": 20.0,
    "account_age_days": 9.0,
    "silent_days": 3.0,
    "revision_share": 0.5,
}
"""What a segment has only where a test gives it a contrast."""


def metric(metric_id: str, value: float, difference_sd: float = 0.0) -> Metric:
    """Return a metric that differs from overall by so many standard deviations, beyond chance unless 0."""
    direction = "higher" if difference_sd > 0 else "lower" if difference_sd < 0 else "none"
    overall = value - difference_sd * 0.1
    low, high = (difference_sd - 0.05) * 0.1, (difference_sd + 0.05) * 0.1
    return Metric(
        metric_id,
        value,
        definition_of(metric_id).unit,
        low=value,
        high=value,
        overall_value=overall,
        contrast_low=low,
        contrast_high=high,
        contrast_direction=direction,  # type: ignore[arg-type]
        difference_sd=difference_sd,
        window="before the landmark",
        counted=definition_of(metric_id).counted,
        topics=definition_of(metric_id).topics,
    )


def segment(cluster_id: str, size: float = 120.0, /, **differences: float) -> SegmentEvidence:
    """Return a segment with the usual levels and these contrasts; `__` in a keyword stands for a colon."""
    contrasts = {name.replace("__", ":"): amount for name, amount in differences.items()}
    levels = LEVELS | {"size": size}
    metrics = {name: metric(name, value, contrasts.pop(name, 0.0)) for name, value in levels.items()}
    metrics |= {name: metric(name, LEVELS_OF_CONTRASTS.get(name, 0.5), amount) for name, amount in contrasts.items()}
    return SegmentEvidence(cluster_id, f"label of {cluster_id}", metrics)
