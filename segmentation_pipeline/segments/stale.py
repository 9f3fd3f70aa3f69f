"""Which refreshes are out of date: their events changed since, or the refresh their segments go back to did.

A month that was refreshed before it ended is none of them: the schedule, or the catch-up, refreshes it anyway.
Add here: another way a refresh can go out of date. Keep out: asking for refreshes (orchestration/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segmentation_pipeline.events.feature_tables import RefreshInputs
from segmentation_pipeline.events.features import count_seen
from segmentation_pipeline.segments.tables import StaleRefreshes
from segmentation_pipeline.segments.verdict_tables import RefreshVerdicts
from segmentation_pipeline.warehouse.database import load_sql
from segmentation_pipeline.warehouse.tables import TableWrites

if TYPE_CHECKING:
    from datetime import date
    from typing import Any

    from segmentation_pipeline.warehouse.database import Database


def write_stale_refreshes(db: Database) -> list[dict[str, Any]]:
    """Replace the rows of `stale_refreshes`; return them, in the order in which to refresh."""
    stale = _with_changed_events(db)
    for month in _with_rewritten_ancestor(db):
        stale.setdefault(month, {"refresh_month": month, "reason": "earlier_rewritten", **_counts(db, month)})
    db.ensure(StaleRefreshes)
    db.execute("DELETE FROM stale_refreshes")
    for row in stale.values():
        selected = ", ".join(f"${name} AS {name}" for name in row)
        db.execute(f"INSERT INTO stale_refreshes BY NAME SELECT {selected}", row)
    db.validate(StaleRefreshes)
    db.record_write(StaleRefreshes)
    return db.rows("SELECT * FROM stale_refreshes ORDER BY refresh_month")


def _with_changed_events(db: Database) -> dict[date, dict[str, Any]]:
    if not db.exists(RefreshInputs):
        return {}
    stale = {}
    # One scan of a time column per refresh: a join of all refreshes with all events sorts both.
    for known in db.rows("SELECT * FROM refresh_inputs WHERE until_at <= refreshed_recorded_at ORDER BY refresh_month"):
        now, event_hash = _events_now(db, known)
        if (now, event_hash) != (known["event_count"], known["event_hash"]):
            month = known["refresh_month"]
            stale[month] = {
                "refresh_month": month,
                "reason": "events_changed",
                **_difference(known["event_count"], now),
            }
    return stale


def _with_rewritten_ancestor(db: Database) -> list[date]:
    if not (db.exists(RefreshVerdicts) and db.exists(TableWrites)):
        return []
    return [row["refresh_month"] for row in db.rows(load_sql(__package__, "rewritten_ancestors"))]


def _counts(db: Database, month: date) -> dict[str, int]:
    known = db.rows("SELECT * FROM refresh_inputs WHERE refresh_month = $month", {"month": month})
    if not known:
        return _difference(0, 0)
    return _difference(known[0]["event_count"], _events_now(db, known[0])[0])


def _events_now(db: Database, known: dict[str, Any]) -> tuple[int, int]:
    return count_seen(db, known["from_at"], known["until_at"], known["earlier_actions"])


def _difference(known: int, now: int) -> dict[str, int]:
    return {
        "known_event_count": known,
        "event_count": now,
        "late_event_count": max(now - known, 0),
        "withdrawn_event_count": max(known - now, 0),
    }
