"""Logs written out in a test: `raw_events` and `session_backlog` of a database in memory."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd

from segmentation_pipeline.events.tables import RawEvents, SessionBacklog
from segmentation_pipeline.warehouse.database import Database, memory_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Event = tuple[str, str | dt.datetime, str]


def at(text: str) -> dt.datetime:
    """Return a moment written in ISO format, without a zone as everything in the warehouse is."""
    return dt.datetime.fromisoformat(text)


class UncheckedDatabase(Database):
    """A database that skips contracts: a second a refresh, which tests of figures by the dozen cannot spend."""

    def validate(self, *_: object) -> None:
        """Accept every row."""


@contextlib.contextmanager
def log_database(events: Iterable[Event] = (), *, is_checked: bool = False) -> Iterator[Database]:
    """Yield a database that holds the events (user, time, action) and an empty backlog."""
    with memory_database() as checked:
        db = checked if is_checked else UncheckedDatabase(checked.connection)
        db.ensure(RawEvents, SessionBacklog)
        add_events(db, events)
        yield db


def add_events(db: Database, events: Iterable[Event]) -> None:
    """Append events to `raw_events`, in the order given."""
    frame = pd.DataFrame(list(events), columns=["user_id", "event_at", "action"], dtype="object")
    with db.relation("given", frame):
        db.execute(
            "INSERT INTO raw_events BY NAME SELECT user_id::VARCHAR AS user_id, event_at::TIMESTAMP AS event_at,"
            " action::VARCHAR AS action, 1 AS event_key, 'log.csv' AS file_name FROM given"
        )


def add_backlog(db: Database, users: dict[str, dt.datetime]) -> None:
    """Note users whose sessions are out of date, and from when."""
    for user_id, from_at in users.items():
        db.execute("INSERT INTO session_backlog VALUES ($user, $at)", {"user": user_id, "at": from_at})
