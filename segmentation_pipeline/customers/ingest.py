"""Landed files -> purchases, cancelled_purchases, rejected_purchases, purchase_files, customers, regions.

All in the caller's one transaction. The tables depend on the files' names and contents, never on the order they came
in: a line that stands in two files is one purchase, of the file first in name order. Files that are new and last in
name order are added; any other change reads all files of the folder again, which gives the same tables.
Add here: a rule about which files are read again. Keep out: how a record is judged (records.py, sql/staged_*.sql).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from segmentation_pipeline.customers.records import Kind, customer_records
from segmentation_pipeline.customers.tables import (
    CancelledPurchases,
    Customers,
    PurchaseFiles,
    Purchases,
    Regions,
    RejectedPurchases,
)
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
    from segmentation_pipeline.customer_settings import CustomerSettings
    from segmentation_pipeline.warehouse.database import Database

READING_RULES = 2
"""Raised when files would be read differently than before, so that every home reads its files again."""

KINDS: tuple[Kind, ...] = get_args(Kind)

TABLES = (Purchases, CancelledPurchases, RejectedPurchases, PurchaseFiles, Customers, Regions)

_HELD = {"purchases": ("purchases", "cancelled_purchases"), "customers": (), "regions": ()}


@dataclass(frozen=True)
class PurchaseReport:
    """What one ingestion did."""

    read_files: tuple[str, ...]
    unchanged_files: tuple[str, ...]
    errors: tuple[str, ...]
    waiting_files: tuple[str, ...] = ()


def ingest_purchases(
    db: Database,
    landing: Path,
    settings: CustomerSettings,
    reading: InputSettings,
    *,
    now: datetime,
    settle_s: float = 0.0,
    scratch: Path | None = None,
) -> PurchaseReport:
    """Bring the tables up to date with landing/purchases, landing/customers and landing/regions.

    Files that are as before cost only their hash. A deleted file of purchases keeps its lines, one of customers or
    regions does not: what is known of them is what the folder says today. A file that was not left alone for
    `settle_s` seconds may still be written and waits; where it replaces one of customers or regions, all wait for it.

    Raises:
        ContractBroken: rows violate a contract; the caller's transaction must roll back.
    """
    db.ensure(*TABLES)
    fingerprint = _fingerprint(db, settings, reading)
    found = {kind: _files(landing, kind) for kind in KINDS}
    known = {row["file_name"]: row for row in db.rows("SELECT * FROM purchase_files")}
    waiting = still_written(_changed_files(found, known, fingerprint), settle_s)
    left = tuple(sorted(waiting))
    if any(name in known and known[name]["kind"] != "purchases" for name in waiting):
        return PurchaseReport((), tuple(name for name in known if name not in waiting), (), left)
    found = {kind: [file for file in files if file.name not in waiting] for kind, files in found.items()}
    to_read = {kind: _files_to_read(files, known, fingerprint, kind) for kind, files in found.items()}
    gone = [name for name, row in known.items() if row["kind"] != "purchases" and not _is_there(name, found)]
    read_names = tuple(file.name for files in to_read.values() for file in files)
    unchanged = tuple(f.name for files in found.values() for f in files if f.name not in set(read_names))
    if not read_names and not gone:
        return PurchaseReport((), unchanged, (), left)
    # What is known of customers and regions is made anew of all their files.
    to_read |= {kind: found[kind] for kind in KINDS if kind != "purchases"}
    seen = {row["sha256"]: row["landed_recorded_at"] for row in known.values()}
    _make_temporary(db)
    with empty_folder(scratch) as folder:
        for kind in KINDS:
            _forget(db, [file.name for file in to_read[kind]] + (gone if kind != "purchases" else []))
            for batch in batches(to_read[kind]):
                if not batch:
                    continue
                with open_stage(
                    db.connection,
                    customer_records(kind, settings),
                    folder,
                    timezone=reading.default_timezone,
                    max_field_chars=reading.max_field_chars,
                ) as stage:
                    for file in batch:
                        stage.read(file, seen.setdefault(file.sha256, now))
                    _LOAD[kind](db, stage)
                    _note_files(db, kind, stage.files, fingerprint)
    _finish(db)
    errors = [row["error"] for row in db.rows("SELECT error FROM purchase_files WHERE status = 'error' ORDER BY ALL")]
    return PurchaseReport(read_names, unchanged, tuple(errors), left)


def _files(landing: Path, kind: Kind) -> list[LandedFile]:
    return identified(landing, kind) if (landing / kind).is_dir() else []


def _changed_files(
    found: dict[Kind, list[LandedFile]], known: dict[str, dict[str, Any]], fingerprint: str
) -> list[LandedFile]:
    """Return the new and changed files of every kind."""
    return [file for files in found.values() for file in files if not _is_known(file, known, fingerprint)]


def _is_known(file: LandedFile, known: dict[str, dict[str, Any]], fingerprint: str) -> bool:
    row = known.get(file.name)
    return row is not None and (row["sha256"], row["settings_fingerprint"]) == (file.sha256, fingerprint)


def _is_there(name: str, found: dict[Kind, list[LandedFile]]) -> bool:
    return any(file.name == name for files in found.values() for file in files)


def _fingerprint(db: Database, settings: CustomerSettings, reading: InputSettings) -> str:
    """Hash everything that decides how a file is read: settings, our rules, and DuckDB's hash function."""
    (probe,) = db.one("SELECT hash('probe', TIMESTAMP '2026-01-01', 1::DECIMAL(18, 4))")
    told = [
        settings.columns.model_dump(),
        settings.decimal,
        settings.cancellation_prefix,
        reading.default_timezone,
        reading.max_field_chars,
        READING_RULES,
        str(probe),
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def _files_to_read(
    files: Sequence[LandedFile], known: dict[str, dict[str, Any]], fingerprint: str, kind: Kind
) -> list[LandedFile]:
    """Return the files to read: those that are new and come last, else all of the folder if anything changed."""
    is_known = [_is_known(file, known, fingerprint) for file in files]
    if all(is_known):
        return []
    first_unknown = is_known.index(False)
    later = files[first_unknown:]
    names_before = [name for name, row in known.items() if row["kind"] == kind and name >= later[0].name]
    is_appended = not any(is_known[first_unknown:]) and not names_before and not any(f.name in known for f in later)
    return list(later) if is_appended else list(files)


def _make_temporary(db: Database) -> None:
    person = "city VARCHAR, region VARCHAR, gender VARCHAR, age DOUBLE, birth_date DATE, registered_at TIMESTAMP"
    db.execute(
        "CREATE OR REPLACE TEMP TABLE told_customers"
        f" (file_name VARCHAR, record_number BIGINT, customer_id VARCHAR, {person})"
    )
    db.execute(
        "CREATE OR REPLACE TEMP TABLE told_regions"
        " (file_name VARCHAR, record_number BIGINT, city VARCHAR, region VARCHAR,"
        " climate VARCHAR, median_basket DECIMAL(18, 4), trend VARCHAR)"
    )
    db.execute("CREATE OR REPLACE TEMP TABLE lost_lines (file_name VARCHAR)")


def _forget(db: Database, names: Sequence[str]) -> None:
    for table in ("purchases", "cancelled_purchases", "rejected_purchases", "purchase_files"):
        db.execute(f"DELETE FROM {table} WHERE list_contains($names::VARCHAR[], file_name)", {"names": list(names)})


def _load_purchases(db: Database, stage: Stage) -> None:
    names = {"names": [staged.file.name for staged in stage.files]}
    db.execute(load_sql(__package__, "repeated_lines").replace("{stage}", stage.name), names)
    db.execute(load_sql(__package__, "lines_already_there").replace("{stage}", stage.name), names)
    for table in ("purchases", "cancelled_purchases"):
        sql = load_sql(__package__, f"loaded_{table}").replace("{stage}", stage.name)
        db.execute(f"INSERT INTO {table} BY NAME {sql}", names)
    db.execute(f"INSERT INTO rejected_purchases BY NAME SELECT * FROM {stage.name}.rejected")
    db.execute("INSERT INTO lost_lines SELECT file_name FROM line_places WHERE is_lost")


def _load_told(db: Database, stage: Stage, table: str, columns: str, *, key: str, shown: str, reason: str) -> None:
    """Load records of which each key may stand once in a file: the first stays, the others are rejected."""
    names = {"names": [staged.file.name for staged in stage.files]}
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE told AS SELECT ($names::VARCHAR[])[file_number + 1] AS file_name, *,"
        f" row_number() OVER (PARTITION BY file_number, {key} ORDER BY record_number) AS place"
        f" FROM ({stage.numbered}) WHERE reason IS NULL",
        names,
    )
    db.execute(f"INSERT INTO {table} SELECT file_name, record_number, {columns} FROM told WHERE place = 1")
    db.execute(
        "INSERT INTO rejected_purchases BY NAME SELECT file_name, record_number, $reason AS reason,"
        ' NULL AS column_name, format(\'{}, record {}: "{}" stands in an earlier record of the file already. Next: keep'
        " one record of each, and land the file again.', file_name, record_number, shown) AS message,"
        f" shown AS record FROM (SELECT *, left({shown}, 200) AS shown FROM told WHERE place > 1)",
        {"reason": reason},
    )
    db.execute(f"INSERT INTO rejected_purchases BY NAME SELECT * FROM {stage.name}.rejected")


def _load_customers(db: Database, stage: Stage) -> None:
    columns = "customer_id, city, region, gender, age, birth_date, registered_at"
    _load_told(
        db, stage, "told_customers", columns, key="customer_id", shown="customer_id", reason="duplicate_customer"
    )


def _load_regions(db: Database, stage: Stage) -> None:
    columns = "city, region, climate, median_basket, trend"
    _load_told(
        db,
        stage,
        "told_regions",
        columns,
        # A city lies in one region; without a city the record tells of the region.
        key="lower(coalesce(city, region)), city IS NULL",
        shown="coalesce(city, region)",
        reason="duplicate_city",
    )


_LOAD = {"purchases": _load_purchases, "customers": _load_customers, "regions": _load_regions}


def _note_files(db: Database, kind: Kind, files: Sequence[StagedFile], fingerprint: str) -> None:
    for staged in files:
        row = {
            "file_name": staged.file.name,
            "kind": kind,
            "sha256": staged.file.sha256,
            "byte_count": staged.file.byte_count,
            "format": staged.format,
            "compression": staged.compression,
            "encoding": staged.encoding,
            "delimiter": staged.delimiter,
            "status": "error" if staged.error else "loaded",
            "error": staged.error,
            "read_count": staged.read_count,
            "mapping": staged.mapping,
            "settings_fingerprint": fingerprint,
            "landed_recorded_at": staged.landed_at,
        }
        chosen = ", ".join(f"${column} AS {column}" for column in row)
        db.execute(
            f"INSERT INTO purchase_files BY NAME SELECT {chosen}, 0 AS accepted_count, 0 AS rejected_count,"
            " 0 AS duplicate_count, 0 AS cancelled_count",
            row,
        )


def _finish(db: Database) -> None:
    """Match cancellations, say who the customers and regions are, count per file, and validate everything."""
    db.execute(load_sql(__package__, "matched_cancellations"))
    db.execute("DELETE FROM regions")
    db.execute(f"INSERT INTO regions BY NAME {load_sql(__package__, 'regions')}")
    db.execute("DELETE FROM customers")
    db.execute(f"INSERT INTO customers BY NAME {load_sql(__package__, 'customers')}")
    db.execute(load_sql(__package__, "counted_files"))
    for table in TABLES:
        db.validate(table)
        db.record_write(table)
