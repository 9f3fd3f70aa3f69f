"""Cut the stored events into visits: all of them, or only those that newly landed events touch.

Add here: how sessions are kept up to date. What a session is stands in sql/sessions.sql alone.
Keep out: features of users (features.py) and Dagster (assets.py).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.events.feature_tables import SessionRules, Sessions
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from segmentation_pipeline.config import Roles, SessionSettings
    from segmentation_pipeline.warehouse.database import Database

RUNAWAY_MIN_EVENTS = 120
"""Fewer events than this say nothing about a pace: people click two or three times in a second."""

COMPARED_GAPS_S = (900.0, 1800.0, 3600.0)
"""Gaps sessions per user are reported at (15, 30, 60 min): how much the choice of the gap matters."""

COMPARED_USERS = 5_000
"""Users in the sample of that report; enough for two digits, so a run still costs what is new."""

SCHEMA_VERSION = 1
"""Raise when sql/sessions.sql changes its meaning: stored sessions are then cut anew."""


@dataclass(frozen=True)
class SessionsWritten:
    """What an update of the table `sessions` did."""

    is_full: bool
    backlog_user_count: int
    session_count: int
    runaway_count: int


def session_parameters(sessions: SessionSettings, roles: Roles) -> dict[str, Any]:
    """Return the parameters sql/sessions.sql is run with."""
    return {
        "gap_us": round(sessions.gap_s * 1_000_000),
        "runaway_s": sessions.runaway_hours * 3600,
        "runaway_per_minute": sessions.runaway_actions_per_minute,
        "runaway_events": RUNAWAY_MIN_EVENTS,
        "churn": list(roles.churn),
        "conversion": list(roles.conversion),
        "revision": list(roles.revision),
        "collaboration": list(roles.collaboration),
    }


def sessions_of(events_in_scope: str) -> str:
    """Return the SQL of the sessions of the events a SELECT of (user_id, event_at, action) gives."""
    return f"WITH events_in_scope AS ({events_in_scope}) SELECT * FROM ({load_sql(__package__, 'sessions')})"


def update_sessions(db: Database, sessions: SessionSettings, roles: Roles) -> SessionsWritten:
    """Bring `sessions` up to date with `raw_events` and empty `session_backlog`; equal to a full rebuild.

    Only users of the backlog are cut anew, from the first session that the new, changed or removed events can
    touch. Where the settings are not those the stored sessions were cut with, everything is cut anew.
    """
    parameters = session_parameters(sessions, roles)
    rules = json.dumps({"version": SCHEMA_VERSION, **parameters}, sort_keys=True)
    fingerprint = hashlib.sha256(rules.encode()).hexdigest()[:16]
    db.ensure(Sessions, SessionRules)
    backlog = int(db.one("SELECT count(DISTINCT user_id) FROM session_backlog")[0])
    is_full = db.one("SELECT fingerprint FROM session_rules") != (fingerprint,)
    if is_full:
        events = "SELECT user_id, event_at, action FROM raw_events"
        db.replace(Sessions, sessions_of(events) + " ORDER BY user_id, started_at", parameters)
        db.replace(
            SessionRules,
            "SELECT $fingerprint AS fingerprint, $rules AS rules",
            {"fingerprint": fingerprint, "rules": rules},
        )
    elif backlog:
        _cut_backlog(db, parameters)
    db.execute("DELETE FROM session_backlog")
    total, runaway = db.one("SELECT count(*), count(*) FILTER (WHERE is_runaway) FROM sessions")
    return SessionsWritten(is_full, backlog, int(total), int(runaway))


def _cut_backlog(db: Database, parameters: dict[str, Any]) -> None:
    # A session that ended up to one gap before the first touched event may be prolonged by it; whatever begins
    # later may shrink, split or vanish. Sessions before those are out of reach.
    db.execute(
        "CREATE OR REPLACE TEMP TABLE touched_sessions AS"
        " SELECT s.session_id, s.user_id, s.started_at FROM sessions AS s"
        " INNER JOIN (SELECT user_id, min(from_at) AS from_at FROM session_backlog GROUP BY user_id) AS b"
        " ON s.user_id = b.user_id WHERE epoch_us(s.ended_at) >= epoch_us(b.from_at) - $gap_us",
        {"gap_us": parameters["gap_us"]},
    )
    db.execute(
        "CREATE OR REPLACE TEMP TABLE cut_scope AS SELECT user_id, min(cut_from) AS cut_from FROM ("
        "SELECT user_id, from_at AS cut_from FROM session_backlog"
        " UNION ALL SELECT user_id, started_at FROM touched_sessions) GROUP BY user_id"
    )
    db.execute("DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM touched_sessions)")
    events = (
        "SELECT e.user_id, e.event_at, e.action FROM raw_events AS e"
        " INNER JOIN cut_scope AS c ON e.user_id = c.user_id WHERE e.event_at >= c.cut_from"
    )
    db.append(Sessions, sessions_of(events) + " ORDER BY user_id, started_at", parameters)
    db.validate(Sessions)
    db.record_write(Sessions)
    db.execute("DROP TABLE touched_sessions")
    db.execute("DROP TABLE cut_scope")


def sessions_by_gap(db: Database) -> dict[str, float]:
    """Return visits per user at gaps of 15, 30 and 60 minutes, over a fixed sample of users."""
    users = int(db.one("SELECT approx_count_distinct(user_id) FROM raw_events")[0])
    rows = db.rows(
        load_sql(__package__, "sessions_by_gap"),
        {"one_in": max(1, users // COMPARED_USERS), "gaps_s": list(COMPARED_GAPS_S)},
    )
    return {f"{row['gap_s'] / 60:.0f} min": round(float(row["sessions_per_user"] or 0), 3) for row in rows}
