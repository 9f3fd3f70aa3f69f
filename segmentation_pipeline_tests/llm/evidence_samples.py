"""A refresh with two segments and the one before it, small enough to know every figure by heart."""

from __future__ import annotations

from segmentation_pipeline.insights.catalogue import definition_of
from segmentation_pipeline.llm.claims import Claim, Direction, Evidence, Metric, SegmentEvidence

AFTER = "4 days after the landmark"
BEFORE = "before the landmark"


def metric(
    metric_id: str,
    value: float,
    overall: float | None = None,
    direction: Direction = "none",
    width: float = 0.02,
    window: str = BEFORE,
) -> Metric:
    """Return a metric with intervals of this half-width; a direction gets the contrast that confirms it."""
    definition = definition_of(metric_id)
    contrast = {"higher": (0.1, 0.3), "lower": (-0.3, -0.1), "none": (-0.1, 0.1)}[direction]
    return Metric(
        metric_id,
        value,
        definition.unit,
        low=value - width,
        high=value + width,
        overall_value=overall,
        contrast_low=contrast[0],
        contrast_high=contrast[1],
        contrast_direction=direction,
        window=window,
        counted=definition.counted,
        topics=definition.topics,
    )


def segment(cluster_id: str, label: str, *metrics: Metric) -> SegmentEvidence:
    """Return a segment with these metrics."""
    return SegmentEvidence(cluster_id, label, {item.metric_id: item for item in metrics})


DROP_OFF = metric("drop_off_rate", 0.632, 0.41, "higher", window=AFTER)
OWLS = segment(
    "s-a",
    "Night owls",
    DROP_OFF,
    metric("conversion_rate", 0.2, 0.3, "lower", window=AFTER),
    metric("retention_day_7", 0.37, 0.59, "lower", window="day 7 after the landmark"),
    metric("pause_minutes", 2.0, 3.5, "lower", width=0.1),
    metric("silent_days", 9.0, 4.0, "higher", width=0.5),
    metric("feature_breadth", 5.0, 5.2, width=0.3),
    metric("session_frequency", 4.2, 3.1, "higher", width=0.1),
    metric("size", 1234.0, 5000.0),
    metric("action_share:export", 0.25, 0.1, "higher"),
)
PLANNERS = segment(
    "s-b",
    "Weekly planners",
    metric("drop_off_rate", 0.52, 0.41, "higher", window=AFTER),
    metric("session_frequency", 4.15, 3.1, "higher", width=0.1),
)
EARLIER_OWLS = segment(
    "s-a",
    "Night owls",
    metric("drop_off_rate", 0.5, 0.4, "higher", window=AFTER),
    metric("silent_days", 9.2, 4.0, "higher", width=0.5),
    metric("pause_minutes", 2.5, 3.5, "lower", width=0.1, window="elsewhere"),
)
EVIDENCE = Evidence.of([OWLS, PLANNERS], [EARLIER_OWLS], {"revise_offer"})

CONTRAST = Claim(
    kind="contrast",
    subject="s-a",
    metric="drop_off_rate",
    comparator="overall",
    direction="higher",
    value=None,
    unit="pct",
    window=AFTER,
    text="Drop-off is {value}, {direction} {comparator}.",
)
