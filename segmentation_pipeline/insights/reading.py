"""Reads from the warehouse what the evidence table is computed from, and the evidence back from it.

Add here: an input of the evidence.
Keep out: computing with it (`metrics.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.insights.contrasts import Interval
from segmentation_pipeline.insights.evidence import collect_evidence
from segmentation_pipeline.insights.metrics import Judged, Users, action_measures
from segmentation_pipeline.insights.tables import SegmentAdvice
from segmentation_pipeline.llm.claims import Evidence, SegmentEvidence
from segmentation_pipeline.llm.rendering import clean_name
from segmentation_pipeline.retention.tables import OBSERVED, RETENTION_KM
from segmentation_pipeline.segments.tables import OVERALL, UNCLASSIFIED
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from segmentation_pipeline.config import Settings
    from segmentation_pipeline.warehouse.database import Database

MAX_ACTIONS = 40
"""Actions with metrics of their own; a vocabulary of 10,000 would drown the table, and rare ones have no contrast."""

NO_SEGMENTS = "no_segments"
EVERYONE = "All users"

_MEASURES = (
    "event_count",
    "session_frequency",
    "session_depth",
    "feature_breadth",
    "active_day_share",
    "visit_minutes",
    "pause_minutes",
    "account_age_days",
    "silent_days",
    "recent_visit_share",
)


@dataclass(frozen=True)
class RoleUse:
    """Which role measures mean anything here: without such actions a column of zeros says nothing."""

    has_revision: bool
    has_collaboration: bool


def read_users(db: Database, month: date, named_actions: Sequence[str], roles: RoleUse) -> Users:
    """Return the users at risk of a refresh with every measure; `named_actions` get metrics however rare."""
    frame = db.frame(load_sql(__package__, "cluster_metrics_users"), {"month": month})
    actions = db.frame(
        load_sql(__package__, "cluster_metrics_actions"),
        {"month": month, "max_actions": MAX_ACTIONS, "named_actions": list(named_actions)},
    )
    wanted = [
        *_MEASURES,
        *(["revision_share"] if roles.has_revision else []),
        *(["collaboration_score"] if roles.has_collaboration else []),
    ]
    measures = {name: frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in wanted}
    shares, reaches = action_measures(
        actions["user_index"].to_numpy(dtype=np.int64),
        actions["action"].tolist(),
        actions["action_count"].to_numpy(dtype=np.float64),
        measures["event_count"],
    )
    patterns = frame["time_of_day_pattern"].to_numpy(dtype=np.str_)
    flags = {
        "single_visit_share": frame["single_visit_share"].to_numpy(dtype=np.float64, na_value=np.nan),
        **{f"time_of_day:{pattern}": (patterns == pattern).astype(np.float64) for pattern in np.unique(patterns)},
        **reaches,
    }
    return Users(
        cluster_ids=frame["cluster_id"].to_numpy(dtype=np.str_),
        measures={**measures, **shares},
        flags=flags,
        durations_days=frame["duration_days"].to_numpy(dtype=np.float64),
        outcomes=frame["outcome"].to_numpy(dtype=np.str_),
    )


def read_judged(db: Database, month: date, curve_days: Sequence[float]) -> dict[str, Judged]:
    """Return what is already known of each segment's outcomes, by cluster id, `overall` included."""
    clusters = db.rows(
        "SELECT cluster_id, drop_off_rate, drop_off_low, drop_off_high, drop_off_days FROM clusters"
        " WHERE refresh_month = $month AND cluster_id <> $unclassified ORDER BY cluster_id",
        {"month": month, "unclassified": UNCLASSIFIED},
    )
    retention: dict[str, dict[float, Interval]] = {}
    for row in db.rows(
        "SELECT cluster_id, day, estimate, low, high FROM retention_curves WHERE refresh_month = $month"
        " AND curve = $curve AND status = $observed AND day > 0 AND list_contains($days, day)"
        " ORDER BY cluster_id, day",
        {
            "month": month,
            "days": [float(day) for day in curve_days],
            "curve": RETENTION_KM,
            "observed": OBSERVED,
        },
    ):
        retention.setdefault(row["cluster_id"], {})[row["day"]] = Interval(row["estimate"], row["low"], row["high"])
    judged = {OVERALL: Judged(retention=retention.get(OVERALL, {}))}
    for row in clusters:
        rate = row["drop_off_rate"]
        judged[row["cluster_id"]] = Judged(
            None if rate is None else Interval(rate, row["drop_off_low"], row["drop_off_high"]),
            row["drop_off_days"],
            retention.get(row["cluster_id"], {}),
        )
    return judged


def quotable_names(settings: Settings) -> tuple[str, ...]:
    """Return the names that settings give and texts may quote: actions of roles, features of the product."""
    roles, product = settings.roles, settings.product
    named = (*roles.start, *roles.closing, *roles.revision, *roles.collaboration)
    return tuple(dict.fromkeys((*named, *product.core_features, *product.retention_drivers)))


def read_evidence(db: Database, month: date, named_actions: Sequence[str] = ()) -> Evidence:
    """Return all that claims of a refresh may cite: its segments, the same ones one refresh earlier, known names.

    `named_actions`: actions that settings name; texts may quote them though nobody took them.
    """
    earlier = db.one("SELECT max(refresh_month) FROM cluster_metrics WHERE refresh_month < $month", {"month": month})[0]
    return Evidence.of(
        _segments(db, month),
        [] if earlier is None else _segments(db, earlier),
        {clean_name(name) for name in named_actions},
    )


def read_descriptions(db: Database, month: date) -> dict[str, str]:
    """Return cluster_id -> what is known of each segment of a refresh without anybody's advice."""
    found = db.rows("SELECT cluster_id, description FROM clusters WHERE refresh_month = $month", {"month": month})
    return {row["cluster_id"]: row["description"] for row in found}


def read_previous_names(db: Database, month: date) -> dict[str, str]:
    """Return cluster_id -> the persona's name in the latest earlier refresh that has any."""
    db.ensure(SegmentAdvice)
    found = db.rows(
        "SELECT cluster_id, persona_name FROM segment_advice WHERE refresh_month ="
        " (SELECT max(refresh_month) FROM segment_advice WHERE refresh_month < $month)",
        {"month": month},
    )
    return {row["cluster_id"]: row["persona_name"] for row in found}


def _segments(db: Database, month: date) -> list[SegmentEvidence]:
    """Return the evidence of everything advice is for: the segments of a refresh, by cluster id.

    Where users do not differ repeatably, everyone together (`overall`) is advised too: the segments are cuts of ours.
    """
    found = db.rows(
        "SELECT cluster_id, label FROM clusters WHERE refresh_month = $month AND cluster_id <> $unclassified",
        {"month": month, "unclassified": UNCLASSIFIED},
    )
    labels = {row["cluster_id"]: row["label"] for row in found}
    if db.one("SELECT verdict FROM refresh_verdicts WHERE refresh_month = $month", {"month": month}) == (NO_SEGMENTS,):
        labels[OVERALL] = EVERYONE
    rows = db.rows(
        "SELECT * FROM cluster_metrics WHERE refresh_month = $month ORDER BY cluster_id, metric_id", {"month": month}
    )
    return collect_evidence(rows, labels)
