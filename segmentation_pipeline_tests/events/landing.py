"""A landing folder with its own in-memory warehouse, for tests of ingestion."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.config import ColumnMapping, InputSettings
from segmentation_pipeline.events.ingest import IngestReport, ingest_landing
from segmentation_pipeline.warehouse.database import Database, memory_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 6, 1)


class Landing:
    """A landing folder and the tables made of it."""

    def __init__(self, folder: Path, db: Database) -> None:
        self.folder = folder
        self.db = db

    def land(self, name: str, content: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def ingest(self, now: datetime = NOW, **settings: Any) -> IngestReport:
        """Run one ingestion in one transaction; `columns` is given as a dict."""
        columns = ColumnMapping(**settings.pop("columns", {}))
        self.db.execute("BEGIN TRANSACTION")
        try:
            report = ingest_landing(self.db, self.folder, InputSettings(columns=columns, **settings), now=now)
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")
        return report

    def load(self, content: str | bytes, name: str = "events.csv", **settings: Any) -> dict[str, Any]:
        """Land one file, ingest, return its row of landed_files."""
        self.land(name, content)
        self.ingest(**settings)
        return self.file(name)

    def file(self, name: str) -> dict[str, Any]:
        return self.db.rows("SELECT * FROM landed_files WHERE file_name = $name", {"name": name})[0]

    def files(self) -> dict[str, tuple[int, int, int, int]]:
        """File name -> read, accepted, rejected, duplicate."""
        rows = self.db.rows("SELECT * FROM landed_files ORDER BY file_name")
        return {
            row["file_name"]: tuple(row[f"{what}_count"] for what in ("read", "accepted", "rejected", "duplicate"))
            for row in rows
        }

    def events(self) -> list[tuple[Any, ...]]:
        """User, time and action of every event, in order."""
        return self.db.execute("SELECT user_id, event_at, action FROM raw_events ORDER BY ALL").fetchall()

    def events_with_files(self) -> list[tuple[Any, ...]]:
        return self.db.execute(
            "SELECT user_id, event_at, action, metadata, event_id, event_key, file_name FROM raw_events ORDER BY ALL"
        ).fetchall()

    def users(self) -> list[str]:
        return [row[0] for row in self.db.execute("SELECT user_id FROM raw_events ORDER BY event_at").fetchall()]

    def times(self) -> list[datetime]:
        return [row[0] for row in self.db.execute("SELECT event_at FROM raw_events ORDER BY user_id").fetchall()]

    def metadata(self) -> list[Any]:
        rows = self.db.execute("SELECT metadata FROM raw_events ORDER BY event_at").fetchall()
        return [None if text is None else json.loads(text) for (text,) in rows]

    def rejections(self) -> list[tuple[str, int, str]]:
        """File, record number and reason of every rejected record."""
        return self.db.execute("SELECT file_name, record_number, reason FROM rejected_events ORDER BY ALL").fetchall()

    def backlog(self) -> dict[str, datetime]:
        return dict(self.db.execute("SELECT user_id, from_at FROM session_backlog").fetchall())


@contextlib.contextmanager
def landing_folder(folder: Path) -> Iterator[Landing]:
    folder.mkdir(parents=True, exist_ok=True)
    with memory_database() as db:
        yield Landing(folder, db)


def csv(*rows: str, header: str = "user_id,timestamp,action") -> str:
    return "\n".join((header, *rows)) + "\n"
