"""What speaks for a refresh's segments, and what became of them since the refresh before.

Add here: another question about evidence or lineage. Keep out: how it is shown.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.client.published import ask

if TYPE_CHECKING:
    from datetime import date

    import duckdb


@dataclass(frozen=True)
class EvidenceTest:
    """One test of a refresh; `cluster_id` is `overall` or the segment it is about."""

    test: str
    cluster_id: str
    statistic: float
    p: float | None
    threshold: float
    is_passed: bool
    stability: str | None
    description: str
    draws: tuple[float, ...]


@dataclass(frozen=True)
class LineageEvent:
    """What became of one segment: born, continued, retired, split (from other) or merged (into other)."""

    cluster_id: str
    kind: str
    other_cluster_id: str | None
    user_count: int
    share: float
    matched_by: str
    matched_against: date | None
    reason: str


def evidence(connection: duckdb.DuckDBPyConnection, month: date) -> list[EvidenceTest]:
    """Return every test of a refresh, those of the verdict first."""
    sql = (
        "SELECT test, cluster_id, statistic, p, threshold, is_passed, stability, description, draws"
        " FROM cluster_evidence WHERE refresh_month = $month ORDER BY test = 'jaccard', test, cluster_id"
    )
    rows = ask(connection, sql, {"month": month})
    return [EvidenceTest(*[*row[:8], tuple(json.loads(row[8]))]) for row in rows]


def lineage(connection: duckdb.DuckDBPyConnection, month: date) -> list[LineageEvent]:
    """Return what became of the segments at a refresh, living ones first."""
    columns = ", ".join(LineageEvent.__dataclass_fields__)
    sql = (
        f"SELECT {columns} FROM cluster_lineage WHERE refresh_month = $month"
        " ORDER BY kind IN ('retired', 'merged'), cluster_id"
    )
    return [LineageEvent(*row) for row in ask(connection, sql, {"month": month})]
