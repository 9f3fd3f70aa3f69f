"""Reads what discovery and assignment start from: vectors, definitions and assignments of before, outcomes, clusters.

Add here: another input. Keep out: computing with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.events.feature_tables import UserOutcomes
from segmentation_pipeline.insights.discovery.agreement import RETENTION_DAY, Followed
from segmentation_pipeline.insights.discovery.assigning import Assignment
from segmentation_pipeline.insights.discovery.definitions import Centroid, Segment, read_rules
from segmentation_pipeline.insights.discovery.discovering import Earlier
from segmentation_pipeline.insights.discovery.tables import LlmAssignments, LlmDiscoveries
from segmentation_pipeline.survival.follow_up import DAY_TOLERANCE
from segmentation_pipeline.warehouse.tables import TableWrites

if TYPE_CHECKING:
    from datetime import date

    from segmentation_pipeline.warehouse.database import Database

COMPUTED_FROM = ("llm_discoveries", "llm_segments", "user_clusters", "user_outcomes")
"""Tables whose rewriting makes the assignments of a refresh, or what is told of them, out of date."""


def read_earlier(db: Database, month: date) -> Earlier | None:
    """Return the definitions of the latest refresh before that has any."""
    return _earlier(db, "refresh_month < $month", month)


def read_own(db: Database, month: date, provider: str) -> Earlier | None:
    """Return what an earlier run of this refresh had from a provider."""
    found = _earlier(db, "refresh_month = $month", month)
    return found if found is not None and found.provider == provider else None


def read_segments(db: Database, month: date) -> tuple[Segment, ...]:
    """Return the living segments of a refresh, in the order of their discovery."""
    rows = db.rows(
        "SELECT * FROM llm_segments WHERE refresh_month = $month AND status <> 'retired'"
        " ORDER BY estimated_pct DESC, segment_id",
        {"month": month},
    )
    return tuple(
        Segment(
            segment_id=row["segment_id"],
            label=row["label"],
            description=row["description"],
            defining_signals=tuple(json.loads(row["defining_signals"])),
            churn_risk=row["churn_risk"],
            personalization_strategy=row["personalization_strategy"],
            estimated_pct=row["estimated_pct"],
            centroid=Centroid(
                row["session_frequency"], row["session_depth"], row["feature_breadth"], row["collaboration"]
            ),
            rules=read_rules(row["rules"]),
            provider=row["provider"],
        )
        for row in rows
    )


def _earlier(db: Database, which: str, month: date) -> Earlier | None:
    if not db.exists(LlmDiscoveries):
        return None
    rows = db.rows(
        f"SELECT * FROM llm_discoveries WHERE {which} AND segment_count > 0 ORDER BY refresh_month DESC LIMIT 1",
        {"month": month},
    )
    if not rows:
        return None
    row = rows[0]
    return Earlier(
        read_segments(db, row["refresh_month"]),
        row["discovered_month"],
        row["provider"],
        row["model"],
        row["cluster_quality_notes"],
    )


def read_confidences(db: Database, month: date) -> dict[str, float]:
    """Return user -> confidence in the latest refresh before that has assignments."""
    if not db.exists(LlmAssignments):
        return {}
    rows = db.execute(
        "SELECT user_id, confidence FROM llm_assignments WHERE confidence IS NOT NULL AND refresh_month ="
        " (SELECT max(refresh_month) FROM llm_assignments WHERE refresh_month < $month) ORDER BY user_id",
        {"month": month},
    ).fetchall()
    return dict(rows)


def read_assignments(db: Database, month: date) -> dict[str, Assignment]:
    """Return the stored assignments of a refresh by user."""
    rows = db.rows(
        "SELECT * EXCLUDE (refresh_month) FROM llm_assignments WHERE refresh_month = $month ORDER BY user_id",
        {"month": month},
    )
    return {row["user_id"]: Assignment(**row) for row in rows}


@dataclass(frozen=True)
class Waiting:
    """A refresh whose assignments are to be written: out of date, or with users who have no answer yet."""

    month: date
    is_outdated: bool


def waiting_months(db: Database) -> list[Waiting]:
    """Return the refreshes that need writing, newest first: today's users matter more than history."""
    db.ensure(TableWrites)
    rows = db.rows(
        "WITH sources AS (SELECT refresh_month, max(written_recorded_at) AS written FROM table_writes"
        "   WHERE list_contains($sources, table_name) GROUP BY refresh_month),"
        " own AS (SELECT refresh_month, max(written_recorded_at) AS written FROM table_writes"
        "   WHERE table_name = 'llm_assignments' AND refresh_month IS NOT NULL GROUP BY refresh_month),"
        " pending AS (SELECT DISTINCT refresh_month FROM llm_assignments WHERE status = 'pending')"
        " SELECT d.refresh_month AS month, own.written IS NULL OR own.written < s.written AS is_outdated"
        " FROM llm_discoveries AS d JOIN sources AS s USING (refresh_month)"
        " LEFT JOIN own USING (refresh_month) LEFT JOIN pending AS p USING (refresh_month)"
        " WHERE own.written IS NULL OR own.written < s.written OR p.refresh_month IS NOT NULL"
        " ORDER BY d.refresh_month DESC",
        {"sources": list(COMPUTED_FROM)},
    )
    return [Waiting(row["month"], row["is_outdated"]) for row in rows]


def read_clusters(db: Database, month: date) -> dict[str, str]:
    """Return user -> cluster."""
    return dict(
        db.execute(
            "SELECT user_id, cluster_id FROM user_clusters WHERE refresh_month = $month ORDER BY user_id",
            {"month": month},
        ).fetchall()
    )


def read_labels(db: Database, month: date) -> dict[str, str]:
    """Return cluster -> label."""
    return dict(
        db.execute(
            "SELECT cluster_id, label FROM clusters WHERE refresh_month = $month ORDER BY cluster_id", {"month": month}
        ).fetchall()
    )


def read_followed(db: Database, month: date) -> Followed:
    """Return what became of the users at risk, and whether 14 days after the landmark can be told at all."""
    db.ensure(UserOutcomes)
    horizon, definition = db.one(
        "SELECT horizon_days, churn_definition FROM refreshes WHERE refresh_month = $month", {"month": month}
    ) or (0.0, "none")
    rows = db.rows(
        "SELECT user_id, duration_days, outcome FROM user_outcomes WHERE refresh_month = $month ORDER BY user_id",
        {"month": month},
    )
    reason = None
    if horizon < RETENTION_DAY - DAY_TOLERANCE:
        reason = f"followed for {horizon:.1f} days, {RETENTION_DAY:g} are needed"
    elif definition == "none":
        reason = "nothing tells who dropped off"
    return Followed(
        {row["user_id"]: row["duration_days"] for row in rows},
        {row["user_id"]: row["outcome"] for row in rows},
        reason,
    )
