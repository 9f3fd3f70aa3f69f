"""Landed files -> raw_events, rejected_events, landed_files, session_backlog: all in the caller's one transaction.

The tables depend on the contents of the files and their names, never on the order or the day they arrived:
of two equal events the one of the file earlier in name order is kept, whenever that file comes.
Add here: a rule about which files are read again. Keep out: how a single file is read (landing/).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.events.records import event_records
from segmentation_pipeline.events.tables import LandedFiles, RawEvents, RejectedEvents, SessionBacklog
from segmentation_pipeline.landing.scratch import empty_folder
from segmentation_pipeline.landing.settling import still_written
from segmentation_pipeline.landing.sources import LandedFile, batches, identified
from segmentation_pipeline.landing.staging import Stage, StagedFile, open_stage
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from segmentation_pipeline.config import InputSettings
    from segmentation_pipeline.warehouse.database import Database

READING_RULES = 1
"""Raised when files would be read differently than before, so that every home reads its files again."""

DUPLICATES = "row_number_in_stage BIGINT, file_number INTEGER, kept_in INTEGER"

TABLES = (RawEvents, RejectedEvents, LandedFiles, SessionBacklog)


@dataclass(frozen=True)
class IngestReport:
    """What one ingestion did."""

    read_files: tuple[str, ...]
    unchanged_files: tuple[str, ...]
    errors: tuple[str, ...]
    waiting_files: tuple[str, ...] = ()
    read_count: int = 0
    accepted_count: int = 0
    rejected_count: int = 0
    duplicate_count: int = 0


def ingest_landing(
    db: Database,
    landing: Path,
    settings: InputSettings,
    *,
    now: datetime,
    settle_s: float = 0.0,
    scratch: Path | None = None,
) -> IngestReport:
    """Bring the tables up to date with the files in landing; files that are as before cost only their hash.

    A changed file replaces its rows, a deleted one keeps them. One that was not left alone for `settle_s` seconds may
    still be written and waits. `scratch` is where decompressed and transcoded copies go while they are read; it is
    emptied first (default: the system's temporary folder).

    Raises:
        ContractBroken: rows violate a contract; the caller's transaction must roll back.
    """
    _ensure_tables(db)
    files = identified(landing) if landing.is_dir() else []
    fingerprint = settings_fingerprint(db, settings)
    changed = _changed_files(db, files, fingerprint)
    waiting = still_written((file for file in files if file.name in changed), settle_s)
    to_read = _files_to_read(db, files, changed - waiting)
    names = tuple(file.name for file in to_read)
    left = tuple(sorted(waiting))
    unchanged = tuple(file.name for file in files if file.name not in waiting | set(names))
    if not to_read:
        return IngestReport((), unchanged, (), left)
    seen = _first_seen(db)
    _forget(db, names)
    with empty_folder(scratch) as folder:
        for batch in batches(to_read):
            with open_stage(
                db.connection,
                event_records(settings),
                folder,
                timezone=settings.default_timezone,
                max_field_chars=settings.max_field_chars,
            ) as stage:
                for file in batch:
                    stage.read(file, seen.setdefault(file.sha256, now))
                _find_duplicates(stage)
                _load(db, stage, fingerprint)
    _write_backlog(db)
    for table in TABLES:
        db.validate(table)
        db.record_write(table)
    return _report(db, names, unchanged, left)


def settings_fingerprint(db: Database, settings: InputSettings) -> str:
    """Hash everything that decides how a file is read: settings, our rules, and DuckDB's hash function."""
    (probe,) = db.one("SELECT hash('probe', TIMESTAMP '2026-01-01', 1)")
    told = json.dumps([settings.model_dump(mode="json"), READING_RULES, str(probe)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _ensure_tables(db: Database) -> None:
    """Create the tables; if one had to be made anew, all start anew: they only make sense together."""
    db.ensure(*TABLES)
    (kept, told) = db.one(
        "SELECT (SELECT count(*) FROM raw_events), (SELECT coalesce(sum(accepted_count), 0) FROM landed_files)"
    )
    (rejected, noted) = db.one(
        "SELECT (SELECT count(*) FROM rejected_events), (SELECT coalesce(sum(rejected_count), 0) FROM landed_files)"
    )
    if kept != told or rejected != noted:
        for name in ("raw_events", "rejected_events", "landed_files"):
            db.execute(f"DELETE FROM {name}")


def _changed_files(db: Database, files: Sequence[LandedFile], fingerprint: str) -> set[str]:
    """Return the names of new and changed files."""
    known = {
        row["file_name"]: (row["sha256"], row["settings_fingerprint"])
        for row in db.rows("SELECT file_name, sha256, settings_fingerprint FROM landed_files")
    }
    return {file.name for file in files if known.get(file.name) != (file.sha256, fingerprint)}


def _files_to_read(db: Database, files: Sequence[LandedFile], changed: set[str]) -> list[LandedFile]:
    """Return, in name order, the new and changed files and those whose duplicates must be looked at again."""
    known = {row["file_name"] for row in db.rows("SELECT file_name FROM landed_files")}
    replaced = sorted(changed & known)
    stale = {row["loser"] for row in db.rows(load_sql(__package__, "stale_files"), {"changed": replaced})}
    return [file for file in files if file.name in changed | stale]


def _first_seen(db: Database) -> dict[str, datetime]:
    rows = db.rows("SELECT sha256, min(landed_recorded_at) AS first_seen_at FROM landed_files GROUP BY sha256")
    return {row["sha256"]: row["first_seen_at"] for row in rows}


def _forget(db: Database, names: Sequence[str]) -> None:
    """Remove what the files contributed before, and note whose sessions that changes."""
    bound = {"names": list(names)}
    db.execute("CREATE OR REPLACE TEMP TABLE affected_users (user_id VARCHAR, from_at TIMESTAMP)")
    db.execute(
        "INSERT INTO affected_users SELECT user_id, min(event_at) FROM raw_events "
        "WHERE list_contains($names::VARCHAR[], file_name) GROUP BY user_id",
        bound,
    )
    for table in ("raw_events", "rejected_events", "landed_files"):
        db.execute(f"DELETE FROM {table} WHERE list_contains($names::VARCHAR[], file_name)", bound)


def _find_duplicates(stage: Stage) -> None:
    """Note in the stage's table `duplicates` which staged records repeat an event of the batch."""
    stage.connection.execute(f"CREATE TABLE {stage.name}.duplicates ({DUPLICATES})")
    stage.connection.execute(
        f"CREATE TABLE {stage.name}.repeated AS SELECT event_key FROM {stage.name}.staged "
        "WHERE user_id IS NOT NULL GROUP BY event_key HAVING count(*) > 1"
    )
    (repeated,) = stage.connection.execute(f"SELECT count(*) FROM {stage.name}.repeated").fetchone() or (0,)
    if repeated:
        sql = load_sql(__package__, "batch_duplicates").format(stage=stage.name)
        stage.connection.execute(f"INSERT INTO {stage.name}.duplicates {sql}")


def _load(db: Database, stage: Stage, fingerprint: str) -> None:
    """Move a stage's events into the warehouse, each distinct one once."""
    names = [staged.file.name for staged in stage.files]
    known = load_sql(__package__, "known_events").format(stage=stage.name)
    db.execute(f"CREATE OR REPLACE TEMP TABLE known_events AS {known}")
    db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE lost_records AS
        SELECT row_number_in_stage, $names[file_number + 1] AS file_name, $names[kept_in + 1] AS kept_in
        FROM {stage.name}.duplicates
        UNION ALL
        SELECT row_number_in_stage, $names[file_number + 1], held_by
        FROM known_events
        WHERE held_by < $names[file_number + 1]
        """.replace("$names", "($names::VARCHAR[])"),
        {"names": names},
    )
    displaced = _displace(db, names)
    (lost,) = db.one("SELECT count(*) FROM lost_records")
    keeping = "AND s.rowid NOT IN (SELECT row_number_in_stage FROM lost_records)" if lost else ""
    file_name = "$names[1]" if len(names) == 1 else "$names[file_number + 1]"
    db.execute(
        f"""
        INSERT INTO raw_events BY NAME
        SELECT user_id, event_at, action, metadata, event_id, event_key, {file_name} AS file_name
        FROM {stage.name}.staged AS s
        WHERE user_id IS NOT NULL {keeping}
        """.replace("$names", "($names::VARCHAR[])"),
        {"names": names},
    )
    db.execute(
        f"INSERT INTO affected_users SELECT user_id, min(event_at) FROM {stage.name}.staged "
        "WHERE user_id IS NOT NULL GROUP BY user_id"
    )
    db.execute(f"INSERT INTO rejected_events BY NAME SELECT * FROM {stage.name}.rejected")
    _note_files(db, stage.files, fingerprint)
    _note_displaced(db, displaced)


def _displace(db: Database, names: Sequence[str]) -> dict[str, Counter[str]]:
    """Take events from files later in name order than the staged ones that hold them too; return who lost to whom."""
    later = "FROM known_events WHERE held_by > ($names::VARCHAR[])[file_number + 1]"
    rows = db.rows(
        "SELECT held_by, ($names::VARCHAR[])[file_number + 1] AS kept_in, count(*) AS events "
        f"{later} GROUP BY ALL ORDER BY ALL",
        {"names": list(names)},
    )
    losses: dict[str, Counter[str]] = {}
    for row in rows:
        losses.setdefault(row["held_by"], Counter())[row["kept_in"]] += row["events"]
    if rows:
        bound = {"names": list(names)}
        db.execute(f"INSERT INTO affected_users SELECT user_id, event_at {later}", bound)
        db.execute(f"DELETE FROM raw_events WHERE rowid IN (SELECT row_number_in_events {later})", bound)
    return losses


def _note_files(db: Database, files: Sequence[StagedFile], fingerprint: str) -> None:
    spans = {
        row["file_name"]: row
        for row in db.rows(load_sql(__package__, "file_spans"), {"names": [staged.file.name for staged in files]})
    }
    lost: dict[str, Counter[str]] = {}
    for row in db.rows("SELECT file_name, kept_in, count(*) AS events FROM lost_records GROUP BY ALL ORDER BY ALL"):
        lost.setdefault(row["file_name"], Counter())[row["kept_in"]] = row["events"]
    for staged in files:
        name = staged.file.name
        span, losses = spans.get(name, {}), lost.get(name, Counter())
        row = {
            "file_name": name,
            "sha256": staged.file.sha256,
            "byte_count": staged.file.byte_count,
            "format": staged.format,
            "compression": staged.compression,
            "encoding": staged.encoding,
            "delimiter": staged.delimiter,
            "status": "error" if staged.error else "loaded",
            "error": staged.error,
            "read_count": staged.read_count,
            "accepted_count": span.get("accepted_count", 0),
            "rejected_count": staged.rejected_count,
            "duplicate_count": losses.total(),
            "first_event_at": span.get("first_event_at"),
            "last_event_at": span.get("last_event_at"),
            "mapping": staged.mapping,
            "duplicate_of": _counts_json({other: n for other, n in losses.items() if other != name}),
            "settings_fingerprint": fingerprint,
            "landed_recorded_at": staged.landed_at,
        }
        db.execute(
            "INSERT INTO landed_files BY NAME SELECT " + ", ".join(f"${column} AS {column}" for column in row), row
        )


def _note_displaced(db: Database, displaced: dict[str, Counter[str]]) -> None:
    """Count in the rows of other files what they lost to the files just loaded."""
    if not displaced:
        return
    spans = {row["file_name"]: row for row in db.rows(load_sql(__package__, "file_spans"), {"names": list(displaced)})}
    for name, losses in displaced.items():
        (told,) = db.one("SELECT duplicate_of FROM landed_files WHERE file_name = $name", {"name": name})
        span = spans.get(name, {})
        db.execute(
            "UPDATE landed_files SET accepted_count = $accepted, duplicate_count = duplicate_count + $lost, "
            "first_event_at = $first, last_event_at = $last, duplicate_of = $duplicate_of WHERE file_name = $name",
            {
                "name": name,
                "accepted": span.get("accepted_count", 0),
                "lost": losses.total(),
                "first": span.get("first_event_at"),
                "last": span.get("last_event_at"),
                "duplicate_of": _counts_json(Counter(json.loads(told)) + losses),
            },
        )


def _counts_json(counts: dict[str, int]) -> str:
    return json.dumps(counts, sort_keys=True, ensure_ascii=False)


def _write_backlog(db: Database) -> None:
    """Add the affected users to those whose sessions were already out of date."""
    db.execute("INSERT INTO affected_users SELECT user_id, from_at FROM session_backlog")
    db.execute("DELETE FROM session_backlog")
    db.execute(
        "INSERT INTO session_backlog BY NAME "
        "SELECT user_id, min(from_at) AS from_at FROM affected_users GROUP BY user_id ORDER BY user_id"
    )


def _report(db: Database, names: Sequence[str], unchanged: tuple[str, ...], waiting: tuple[str, ...]) -> IngestReport:
    read = {
        row["file_name"]: row
        for row in db.rows(
            "SELECT * FROM landed_files WHERE list_contains($names::VARCHAR[], file_name) ORDER BY file_name",
            {"names": list(names)},
        )
    }
    counts = ("read_count", "accepted_count", "rejected_count", "duplicate_count")
    return IngestReport(
        tuple(names),
        unchanged,
        tuple(str(row["error"]) for row in read.values() if row["status"] == "error"),
        waiting,
        *(sum(int(row[count]) for row in read.values()) for count in counts),
    )
