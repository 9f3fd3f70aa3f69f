"""What sensors must know of a home, read from its published copy: they never open the live warehouse.

Add here: another fact a sensor decides by. Keep out: deciding (the sensors), and what people look at (client/).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from segmentation_pipeline.config import Home

COPY_PREFIX = "warehouse-"
"""Published copies are called by the run that made them: warehouse-RUN.duckdb."""

FILE_LISTS = {
    "landed_files": "file_name",
    "purchase_files": "file_name",
    "lead_files": "'leads/' || import_id",
}
"""Tables of files that were read, with the name each goes by in landing."""


@dataclass(frozen=True)
class KnownFile:
    """A file as it was read: size, and when this content was first seen (naive UTC)."""

    byte_count: int
    first_seen_at: datetime


@dataclass(frozen=True)
class PublishedFacts:
    """One published copy; `run_id` is the run that made it. Moments are naive UTC, None where there is nothing yet.

    `refreshed_at`: when each month was refreshed, in a home of purchases alone its customers.
    """

    run_id: str
    last_event_at: datetime | None = None
    last_purchase_at: datetime | None = None
    newest_file_at: datetime | None = None
    refreshed_at: Mapping[date, datetime] = field(default_factory=dict)
    live_user_count: int = 0
    unclassified_count: int = 0

    @property
    def last_record_at(self) -> datetime | None:
        """Moment of the last event or purchase."""
        return max((at for at in (self.last_event_at, self.last_purchase_at) if at is not None), default=None)

    @property
    def unclassified_share(self) -> float:
        """Share of today's live users who are in no segment."""
        return self.unclassified_count / self.live_user_count if self.live_user_count else 0.0


def published_run(home: Home) -> str | None:
    """Return the run that made the published copy, None where nothing is published."""
    if not home.published_file.exists():
        return None
    return home.published_file.resolve().stem.removeprefix(COPY_PREFIX)


def read_facts(home: Home) -> PublishedFacts | None:
    """Return the facts of the published copy, None where nothing is published."""
    run_id = published_run(home)
    if run_id is None:
        return None
    with _opened(home) as connection:
        tables = _tables(connection)
        facts: dict[str, Any] = {}
        if "raw_events" in tables:
            facts["last_event_at"] = _one(connection, "SELECT max(event_at) FROM raw_events")[0]
        if "purchases" in tables:
            facts["last_purchase_at"] = _one(connection, "SELECT max(purchased_at) FROM purchases")[0]
        if "landed_files" in tables:
            facts["newest_file_at"] = _one(
                connection, "SELECT max(landed_recorded_at) FROM landed_files WHERE accepted_count > 0"
            )[0]
        if "table_writes" in tables:
            facts["refreshed_at"] = dict(
                connection.execute(
                    "SELECT refresh_month, written_recorded_at FROM table_writes"
                    " WHERE table_name = $table AND refresh_month IS NOT NULL",
                    {"table": "refreshes" if facts.get("last_event_at") else "customer_segments"},
                ).fetchall()
            )
        if "current_segments" in tables:
            facts["live_user_count"], facts["unclassified_count"] = _one(
                connection,
                "SELECT count(*), count(*) FILTER (WHERE cluster_id = 'unclassified') FROM current_segments"
                " WHERE status = 'live' AND membership IS NOT NULL",
            )
    return PublishedFacts(run_id, **facts)


def read_known_files(home: Home) -> dict[str, KnownFile]:
    """Return the files of landing that were read when the copy was published, by their name there."""
    if published_run(home) is None:
        return {}
    known = {}
    with _opened(home) as connection:
        tables = _tables(connection)
        for table, name in FILE_LISTS.items():
            if table in tables:
                rows = connection.execute(f"SELECT {name}, byte_count, landed_recorded_at FROM {table}").fetchall()
                known.update({file: KnownFile(size, seen) for file, size, seen in rows})
    return known


def _opened(home: Home) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(home.published_file.resolve()), read_only=True, config={"threads": 1})


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    return connection.execute(sql).fetchall()[0]
