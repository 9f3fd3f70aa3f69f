"""The segments of a refresh as plain objects, under the names people gave them and with their notes.

Add here: another figure about one segment. Keep out: how it is shown, and what a name may be (state/).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.client.published import ask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import duckdb

    from segmentation_pipeline.state.segment_edits import Note


@dataclass(frozen=True)
class SegmentSummary:
    """One segment of a refresh; rates are shares of 1, retention is Kaplan-Meier's at the last day followed.

    `display_name` is what to show: a person's name for it, else its persona's, else `label`, words found in the data.
    """

    refresh_month: date
    cluster_id: str
    label: str
    origin: str
    stability: str | None
    user_count: int
    share: float
    drop_off_rate: float | None
    drop_off_low: float | None
    drop_off_high: float | None
    drop_off_days: float | None
    churn_risk: str
    retention: float | None
    retention_day: float | None
    is_cause_specific: bool
    """Whether other endings compete with drop-off, so that the two need not add up to 1."""
    top_advice: str | None
    display_name: str
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Contrast:
    """How a segment differs from all users in one feature, in the feature's unit and in standard deviations."""

    feature: str
    unit: str | None
    mean: float | None
    overall: float | None
    difference_sd: float
    direction: str


@dataclass(frozen=True)
class SegmentDetail:
    """One segment with what sets it apart: strongest contrast first, typical value of each feature."""

    summary: SegmentSummary
    slug: str
    description: str
    jaccard: float | None
    contrasts: tuple[Contrast, ...]
    profile: Mapping[str, float]

    @property
    def cluster_id(self) -> str:
        """Stable id."""
        return self.summary.cluster_id

    @property
    def display_name(self) -> str:
        """What to show."""
        return self.summary.display_name


def labels(connection: duckdb.DuckDBPyConnection, month: date) -> dict[str, str]:
    """Return cluster_id -> label of the segments of a refresh."""
    sql = "SELECT cluster_id, label FROM clusters WHERE refresh_month = $month ORDER BY cluster_id"
    return dict(ask(connection, sql, {"month": month}))


def persona_names(connection: duckdb.DuckDBPyConnection, month: date) -> dict[str, str]:
    """Return cluster_id -> what the segment's persona is called, for the segments that were advised on."""
    sql = "SELECT cluster_id, persona_name FROM segment_advice WHERE refresh_month = $month ORDER BY cluster_id"
    return dict(ask(connection, sql, {"month": month}))


def last_months(connection: duckdb.DuckDBPyConnection) -> dict[str, date]:
    """Return cluster_id -> newest refresh it lived in, for every segment ever published."""
    sql = "SELECT cluster_id, max(refresh_month) AS m FROM clusters GROUP BY cluster_id ORDER BY m DESC, cluster_id"
    return dict(ask(connection, sql))


def segments(
    connection: duckdb.DuckDBPyConnection, month: date, names: Mapping[str, str], notes: Sequence[Note]
) -> list[SegmentSummary]:
    """Return the segments of a refresh, largest first; `names` are those to show, by id."""
    found = []
    for row in ask(connection, _SEGMENTS, {"month": month}):
        _, cluster_id, label, *_ = row
        own = tuple(note for note in notes if note.cluster_id == cluster_id)
        found.append(SegmentSummary(*(*row, names.get(cluster_id, label), own)))
    return found


def segment_detail(connection: duckdb.DuckDBPyConnection, summary: SegmentSummary) -> SegmentDetail:
    """Return a segment with what sets it apart."""
    sql = (
        "SELECT c.slug, coalesce(a.persona_description, c.description), c.jaccard, c.contrasts, c.profile"
        " FROM clusters AS c LEFT JOIN segment_advice AS a USING (refresh_month, cluster_id)"
        " WHERE refresh_month = $month AND cluster_id = $cluster_id"
    )
    key = {"month": summary.refresh_month, "cluster_id": summary.cluster_id}
    slug, description, jaccard, contrasts, profile = ask(connection, sql, key)[0]
    return SegmentDetail(
        summary, slug, description, jaccard, tuple(map(_contrast, json.loads(contrasts))), profile or {}
    )


def _contrast(found: Mapping[str, Any]) -> Contrast:
    values: list[Any] = [found.get(name) for name in Contrast.__dataclass_fields__]
    return Contrast(*values)


_SEGMENTS = """
WITH longest AS (
    SELECT cluster_id, arg_max(estimate, day) AS retention, max(day) AS retention_day
    FROM retention_curves
    WHERE refresh_month = $month AND curve = 'retention_km' AND status = 'observed'
    GROUP BY cluster_id
),
advice AS (
    SELECT cluster_id, arg_min(title, rank) AS top_advice
    FROM recommendations
    WHERE refresh_month = $month AND kind = 'experiment'
    GROUP BY cluster_id
)
SELECT
    c.refresh_month, c.cluster_id, c.label, c.origin, c.stability, c.user_count, c.share,
    c.drop_off_rate, c.drop_off_low, c.drop_off_high, c.drop_off_days, c.churn_risk,
    l.retention, l.retention_day, coalesce(s.is_cause_specific, false), a.top_advice
FROM clusters AS c
LEFT JOIN survival_fits AS s ON c.refresh_month = s.refresh_month AND c.cluster_id = s.cluster_id
LEFT JOIN longest AS l ON c.cluster_id = l.cluster_id
LEFT JOIN advice AS a ON c.cluster_id = a.cluster_id
WHERE c.refresh_month = $month
ORDER BY c.user_count DESC, c.cluster_id
"""
