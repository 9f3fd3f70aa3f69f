"""How discovered segments compare with clusters and with what users did later: contingency, AMI, retention.

Add here: another figure over assigned users. Keep out: assigning them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.insights.discovery.assigning import PENDING
from segmentation_pipeline.segments.tables import UNCLASSIFIED
from segmentation_pipeline.survival.drop_off import drop_off_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.insights.discovery.assigning import Assignment

RETENTION_DAY = 14.0


@dataclass(frozen=True)
class Overlap:
    """One row of `llm_agreement`, without its refresh."""

    segment_id: str
    cluster_id: str
    user_count: int
    expected_count: float
    share_of_segment: float
    share_of_cluster: float
    adjusted_mutual_information: float | None


@dataclass(frozen=True)
class SegmentFigures:
    """One row of `llm_segment_figures`, without its refresh."""

    segment_id: str
    segment_label: str
    user_count: int
    share: float | None
    mean_confidence: float | None
    retention_status: str
    retention_reason: str | None
    retained_day_14: float | None
    retained_low: float | None
    retained_high: float | None


@dataclass(frozen=True)
class Followed:
    """What became of the users at risk, and why 14 days cannot be told, where they cannot."""

    durations_days: Mapping[str, float]
    outcomes: Mapping[str, str]
    not_applicable: str | None


def overlaps(rows: Sequence[Assignment], clusters: Mapping[str, str]) -> list[Overlap]:
    """Return the contingency of segments and clusters over users that have both answers."""
    pairs = [
        (row.segment_id, clusters[row.user_id])
        for row in rows
        if row.segment_id is not None and row.user_id in clusters
    ]
    both, segments, others = Counter(pairs), Counter(s for s, _ in pairs), Counter(c for _, c in pairs)
    agreement = mutual_information(pairs)
    return [
        Overlap(
            segment_id=segment,
            cluster_id=cluster,
            user_count=count,
            expected_count=segments[segment] * others[cluster] / len(pairs),
            share_of_segment=count / segments[segment],
            share_of_cluster=count / others[cluster],
            adjusted_mutual_information=agreement,
        )
        for (segment, cluster), count in sorted(both.items())
    ]


def mutual_information(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Return the adjusted mutual information over users with a segment on both sides."""
    from sklearn.metrics import adjusted_mutual_info_score

    placed = [pair for pair in pairs if UNCLASSIFIED not in pair]
    if len(placed) < 2:
        return None
    found = adjusted_mutual_info_score([segment for segment, _ in placed], [cluster for _, cluster in placed])
    return float(np.clip(round(float(found), 9), -1.0, 1.0))


def segment_figures(rows: Sequence[Assignment], labels: Mapping[str, str], followed: Followed) -> list[SegmentFigures]:
    """Return sizes and retention of every living segment and of the unclassified. `labels`: living id -> label."""
    told = [row for row in rows if row.status != PENDING]
    found = []
    for segment_id, label in {**labels, UNCLASSIFIED: UNCLASSIFIED}.items():
        members = [row for row in told if row.segment_id == segment_id]
        confidences = [row.confidence for row in members if row.confidence is not None]
        found.append(
            SegmentFigures(
                segment_id,
                label,
                len(members),
                len(members) / len(told) if told else None,
                sum(confidences) / len(confidences) if confidences else None,
                *_retention([row.user_id for row in members], followed),
            )
        )
    return found


def pending_count(rows: Sequence[Assignment]) -> int:
    """Return how many users have no answer yet."""
    return sum(row.status == PENDING for row in rows)


def _retention(
    users: Sequence[str], followed: Followed
) -> tuple[str, str | None, float | None, float | None, float | None]:
    known = [user for user in users if user in followed.durations_days]
    reason = followed.not_applicable or (None if known else "no users")
    if reason is None:
        dropped = drop_off_at(
            [followed.durations_days[user] for user in known],
            [followed.outcomes[user] for user in known],
            RETENTION_DAY,
        )
        if dropped.rate is not None and dropped.low is not None and dropped.high is not None:
            return "observed", None, 1 - dropped.rate, 1 - dropped.high, 1 - dropped.low
        reason = f"too few users could be followed to day {RETENTION_DAY:g}"
    return "not_applicable", reason, None, None, None
