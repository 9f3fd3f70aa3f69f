"""Files of landing/leads -> lead_files, leads, rejected_leads: all in the caller's one transaction.

One file is one import; imports do not know of each other, so a changed file is read again alone.
Add here: a rule about which files are read again, or which records are leads. Keep out: reading a file (landing/).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.errors import InputError
from segmentation_pipeline.landing.readers import MAX_RECORD_CHARS
from segmentation_pipeline.landing.scratch import empty_folder
from segmentation_pipeline.landing.settling import still_written
from segmentation_pipeline.landing.sources import identified, recognise
from segmentation_pipeline.landing.staging import open_stage
from segmentation_pipeline.leads.known_columns import FEATURES
from segmentation_pipeline.leads.records import SECTION, lead_records
from segmentation_pipeline.leads.tables import DUPLICATE, LeadFiles, Leads, RejectedLeads
from segmentation_pipeline.warehouse.contracts import quoted
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from segmentation_pipeline.config import InputSettings
    from segmentation_pipeline.landing.sources import LandedFile
    from segmentation_pipeline.landing.staging import Stage, StagedFile
    from segmentation_pipeline.lead_settings import LeadSettings
    from segmentation_pipeline.warehouse.database import Database

FOLDER = "leads"

READING_RULES = 2
"""Raised when files would be read differently than before, so that every home reads its files again."""

TABLES = (LeadFiles, Leads, RejectedLeads)


@dataclass(frozen=True)
class LeadsReport:
    """What one ingestion did."""

    read_files: tuple[str, ...]
    unchanged_files: tuple[str, ...]
    errors: tuple[str, ...]
    waiting_files: tuple[str, ...] = ()
    read_count: int = 0
    accepted_count: int = 0
    rejected_count: int = 0
    duplicate_count: int = 0


def ingest_leads(
    db: Database,
    landing: Path,
    settings: LeadSettings,
    reading: InputSettings,
    *,
    now: datetime,
    settle_s: float = 0.0,
    scratch: Path | None = None,
) -> LeadsReport:
    """Bring the tables up to date with the files in landing/leads; unchanged ones cost only their hash.

    A changed file replaces its leads, a deleted one keeps them; one that was not left alone for `settle_s` seconds may
    still be written and waits. `scratch` is emptied first; copies of files being read go there.

    Raises:
        ContractBroken: rows violate a contract; the caller's transaction must roll back.
    """
    _ensure_tables(db)
    found = identified(landing, FOLDER) if (landing / FOLDER).is_dir() else []
    files = [replace(file, name=file.name.removeprefix(f"{FOLDER}/")) for file in found]
    fingerprint = reading_fingerprint(settings, reading)
    known = {
        row["import_id"]: (row["sha256"], row["settings_fingerprint"])
        for row in db.rows("SELECT import_id, sha256, settings_fingerprint FROM lead_files")
    }
    changed = [file for file in files if known.get(file.name) != (file.sha256, fingerprint)]
    waiting = still_written(changed, settle_s)
    to_read = [file for file in changed if file.name not in waiting]
    names = tuple(file.name for file in to_read)
    left = tuple(sorted(waiting))
    unchanged = tuple(file.name for file in files if file not in changed)
    if not to_read:
        return LeadsReport((), unchanged, (), left)
    first_seen = {
        row["sha256"]: row["seen_at"]
        for row in db.rows("SELECT sha256, min(landed_recorded_at) AS seen_at FROM lead_files GROUP BY sha256")
    }
    with empty_folder(scratch) as folder:
        rows = [
            _read(db, file, settings, reading, fingerprint, first_seen.get(file.sha256, now), folder)
            for file in to_read
        ]
    for table in TABLES:
        db.validate(table)
        db.record_write(table)
    counts = ("read_count", "accepted_count", "rejected_count", "duplicate_count")
    return LeadsReport(
        names,
        unchanged,
        tuple(str(row["error"]) for row in rows if row["error"]),
        left,
        *(sum(int(row[count]) for row in rows) for count in counts),
    )


def reading_fingerprint(settings: LeadSettings, reading: InputSettings) -> str:
    """Hash everything that decides how a file is read."""
    own = {"columns", "extra_columns", "hidden_nulls", "converted_words", "not_converted_words"}
    told = [
        settings.model_dump(mode="json", include=own),
        reading.default_timezone,
        reading.max_field_chars,
        READING_RULES,
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def _ensure_tables(db: Database) -> None:
    """Create the tables; if one had to be made anew, all start anew: they only make sense together."""
    db.ensure(*TABLES)
    (told, kept) = db.one(
        "SELECT (SELECT coalesce(sum(accepted_count + rejected_count + duplicate_count), 0) FROM lead_files),"
        " (SELECT count(*) FROM leads) + (SELECT count(*) FROM rejected_leads)"
    )
    if told != kept:
        for name in ("leads", "rejected_leads", "lead_files"):
            db.execute(f"DELETE FROM {name}")


def _read(
    db: Database,
    file: LandedFile,
    settings: LeadSettings,
    reading: InputSettings,
    fingerprint: str,
    landed_at: datetime,
    scratch: Path,
) -> dict[str, Any]:
    """Read one file into the tables and return its row of lead_files."""
    for table in ("leads", "rejected_leads", "lead_files"):
        db.execute(f"DELETE FROM {table} WHERE import_id = $name", {"name": file.name})
    kind = lead_records(settings)
    with open_stage(
        db.connection, kind, scratch, timezone=reading.default_timezone, max_field_chars=reading.max_field_chars
    ) as stage:
        staged = stage.read(file, landed_at)
        error = staged.error or why_featureless(staged, settings, scratch)
        accepted, rejected, duplicates = (0, 0, 0) if error else _load(db, stage, staged)
    row = {
        "import_id": file.name,
        "sha256": file.sha256,
        "byte_count": file.byte_count,
        "format": staged.format,
        "compression": staged.compression,
        "encoding": staged.encoding,
        "delimiter": staged.delimiter,
        "status": "error" if error else "loaded",
        "error": error,
        "read_count": 0 if error else staged.read_count,
        "accepted_count": accepted,
        "rejected_count": rejected,
        "duplicate_count": duplicates,
        "mapping": staged.mapping,
        "settings_fingerprint": fingerprint,
        "landed_recorded_at": landed_at,
    }
    db.execute("INSERT INTO lead_files BY NAME SELECT " + ", ".join(f"${name} AS {name}" for name in row), row)
    return row


def _load(db: Database, stage: Stage, staged: StagedFile) -> tuple[int, int, int]:
    """Move the staged leads into the warehouse; return how many were accepted, rejected, and duplicates."""
    name = staged.file.name
    mapping = json.loads(staged.mapping)
    repeated = load_sql(__package__, "repeated_leads").replace("{numbered}", stage.numbered)
    stage.connection.execute(f"CREATE TABLE {stage.name}.repeated AS {repeated}")
    features = ", ".join(
        feature if mapping.get(feature) else f"CAST(NULL AS VARCHAR) AS {feature}" for feature in FEATURES
    )
    db.execute(
        f"INSERT INTO leads BY NAME SELECT $name AS import_id, record_number, lead_id, lead_at, {features}, extras,"
        f" is_converted FROM ({stage.numbered}) WHERE reason IS NULL AND record_number NOT IN"
        f" (SELECT record_number FROM {stage.name}.repeated) ORDER BY record_number",
        {"name": name},
    )
    db.execute(
        f"INSERT INTO rejected_leads BY NAME SELECT * EXCLUDE (file_name), file_name AS import_id"
        f" FROM {stage.name}.rejected ORDER BY record_number"
    )
    db.execute(
        f"""
        INSERT INTO rejected_leads BY NAME
        SELECT
            $name AS import_id,
            record_number,
            CASE WHEN is_duplicate THEN {quoted(DUPLICATE)} ELSE 'conflicting_id' END AS reason,
            $id_column AS column_name,
            format(
                CASE WHEN is_duplicate
                    THEN '{{}}, record {{}}: repeats record {{}}, the lead "{{}}". Nothing is lost.'
                    ELSE '{{}}, record {{}}: its id is that of record {{}} ("{{}}"), but it says other things. '
                        || 'Next: give each lead an id of its own, or land only the newest state of each.'
                END,
                $name, record_number, first_number, lead_id
            ) AS message,
            left('id ' || lead_id, {MAX_RECORD_CHARS}) AS record
        FROM {stage.name}.repeated
        ORDER BY record_number
        """,
        {"name": name, "id_column": mapping.get("lead_id")},
    )
    (accepted,) = db.one("SELECT count(*) FROM leads WHERE import_id = $name", {"name": name})
    (conflicts, duplicates) = db.one(
        "SELECT count(*) FILTER (reason <> $duplicate), count(*) FILTER (reason = $duplicate)"
        " FROM rejected_leads WHERE import_id = $name",
        {"name": name, "duplicate": DUPLICATE},
    )
    return int(accepted), int(conflicts), int(duplicates)


def why_featureless(staged: StagedFile, settings: LeadSettings, scratch: Path) -> str | None:
    """Say what is missing where no column can describe leads: the outcome alone makes no personas."""
    mapping = json.loads(staged.mapping)
    if any(mapping.get(feature) for feature in FEATURES) or settings.extra_columns:
        return None
    columns = columns_found(staged.file, settings, scratch)
    shown = ", ".join(f'"{column}"' for column in columns[:40])
    return (
        f"{staged.file.name}: no column is known to describe leads ({', '.join(FEATURES)}). Columns found: {shown}. "
        f'Next: name them under [{SECTION}] in pipeline.toml, e.g. industry = "COLUMN", or list them as '
        "extra_columns under [leads]."
    )


def columns_found(file: LandedFile, settings: LeadSettings, scratch: Path) -> tuple[str, ...]:
    """Return the header of a file, nothing where it has none."""
    with empty_folder(scratch / "looked_at") as folder:
        try:
            source = recognise(file, lead_records(settings).wanted, folder)
        except InputError:
            return ()
        return tuple(source.dialect.header) if source.dialect else ()
