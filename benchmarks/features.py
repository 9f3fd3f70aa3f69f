"""Ten million events of 200,000 users: sessions against a bare sort of the same events, and a month's features.

Add here: another figure about sessions or features. Keep out: correctness (tests) and reading files (ingest.py).
"""

from __future__ import annotations

import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.events.features import write_refresh, write_user_features
from segmentation_pipeline.events.outcomes import write_outcomes
from segmentation_pipeline.events.sessions import session_parameters, sessions_of, update_sessions
from segmentation_pipeline.events.tables import RawEvents, SessionBacklog
from segmentation_pipeline.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable

EVENTS = 10_000_000
USERS = 200_000
LATE_USERS = 2_000
MONTH = date(2024, 2, 1)
MAX_RATIO = 2.0
MAX_UPDATE_SHARE = 0.25
MAX_MONTH_S = 60.0
ROUNDS = 3
"""Sort and sessions take turns so often and the best of each counts: the machine is shared."""

ALL_EVENTS = "SELECT user_id, event_at, action FROM raw_events"
# Visits of about five events within 25 minutes, over 45 days from January 2024, in the order of time as logs are.
GENERATE = f"""
INSERT INTO raw_events BY NAME
SELECT
    'user-' || lpad((hash(i // 5) % {USERS})::VARCHAR, 6, '0') AS user_id,
    TIMESTAMP '2024-01-01' + to_microseconds(
        (hash(i // 5, 1) % 3888000000)::BIGINT * 1000 + (hash(i) % 1500000)::BIGINT * 1000
    ) AS event_at,
    'action-' || lpad((hash(i, 2) % 14)::VARCHAR, 2, '0') AS action,
    hash(i)::HUGEINT % 9223372036854775807 AS event_key,
    'generated' AS file_name
FROM range({EVENTS}) AS generated(i)
ORDER BY event_at
"""
SETTINGS = Settings.model_validate(
    {
        "clock": "calendar",
        "roles": {"churn": ["leave"], "revision": ["action-01"], "collaboration": ["action-02", "action-03"]},
    }
)


def run() -> list[dict[str, object]]:
    """Return the ratio of sessions to a bare sort, the cost of a small update, and the time of a month."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Home(Path(folder)), SETTINGS)
        with warehouse.transaction() as db:
            db.ensure(RawEvents, SessionBacklog)
            db.execute(GENERATE)
        return [_against_a_sort(warehouse), _small_update(warehouse), _month(warehouse)]


def _against_a_sort(warehouse: Warehouse) -> dict[str, object]:
    parameters = session_parameters(SETTINGS.sessions, SETTINGS.roles)
    sorts, cuts = [], []
    for _ in range(ROUNDS):
        with warehouse.read() as db:
            sql = f"CREATE TEMP TABLE sorted AS {ALL_EVENTS} ORDER BY user_id, event_at"
            sorts.append(_seconds(lambda db=db, sql=sql: db.execute(sql)))
        with warehouse.read() as db:
            sql = f"CREATE TEMP TABLE cut AS {sessions_of(ALL_EVENTS)}"
            cuts.append(_seconds(lambda db=db, sql=sql: db.execute(sql, parameters)))
    ratio = min(cuts) / min(sorts)
    return {
        "name": f"sessions of {EVENTS:,} events / a sort of them",
        "value": ratio,
        "unit": "x",
        "bound": f"<= {MAX_RATIO:g}",
        "peer": f"bare DuckDB CREATE TABLE AS ... ORDER BY user, time: {min(sorts):.1f} s; sessions {min(cuts):.1f} s",
        "passed": ratio <= MAX_RATIO,
    }


def _small_update(warehouse: Warehouse) -> dict[str, object]:
    rules = (SETTINGS.sessions, SETTINGS.roles)
    with warehouse.transaction() as db:
        full = _seconds(lambda: update_sessions(db, *rules))
        late = f"SELECT DISTINCT user_id FROM raw_events ORDER BY user_id LIMIT {LATE_USERS}"
        db.execute(f"INSERT INTO session_backlog SELECT user_id, TIMESTAMP '2024-02-10' FROM ({late})")
        update = _seconds(lambda: update_sessions(db, *rules))
    return {
        "name": f"sessions of {LATE_USERS:,} changed users / a full rebuild",
        "value": update / full,
        "unit": "x",
        "bound": f"<= {MAX_UPDATE_SHARE:g}",
        "peer": f"the rebuild of all {USERS:,} users, contract included: {full:.1f} s; the update {update:.1f} s",
        "passed": update / full <= MAX_UPDATE_SHARE,
    }


def _month(warehouse: Warehouse) -> dict[str, object]:
    def refresh() -> None:
        with warehouse.transaction() as db:
            write_refresh(db, MONTH, SETTINGS)
            write_user_features(db, MONTH, SETTINGS)
            write_outcomes(db, MONTH, SETTINGS)

    seconds = _seconds(refresh)
    return {
        "name": f"dates, features and outcomes of a month, {EVENTS:,} events",
        "value": seconds,
        "unit": "s",
        "bound": f"<= {MAX_MONTH_S:g}",
        "peer": f"{USERS:,} users, four contracts included",
        "passed": seconds <= MAX_MONTH_S,
    }


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
