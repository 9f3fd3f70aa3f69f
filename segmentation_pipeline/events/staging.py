"""Files read into a stage: an in-memory database beside the warehouse, so a file that cannot be read harms nothing.

(An error aborts the DuckDB transaction it happens in; the stage has its own connection, the writing one never sees it.)
Add here: what must be known of a file before its rows meet the warehouse. Keep out: the warehouse (ingest.py).
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from segmentation_pipeline.errors import InputError
from segmentation_pipeline.events.mapping import Mapping, map_columns
from segmentation_pipeline.events.readers import UNREADABLE, Records, csv_records, fields_sql, open_records, record_sql
from segmentation_pipeline.events.rejections import describe_rejections
from segmentation_pipeline.events.sources import LandedFile, Source, compression_of, recognise
from segmentation_pipeline.events.tables import EARLIEST_EVENT, MAX_RECORD_CHARS
from segmentation_pipeline.events.transcoding import (
    has_blank_lines,
    is_damaged_utf8,
    without_blank_lines,
)
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from segmentation_pipeline.config import InputSettings

_stage_numbers = itertools.count(1)

_NOT_THE_FILE = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException, duckdb.OutOfMemoryException)
"""Errors of our own SQL or of the machine: no file is blamed for them."""

STAGED = (
    "file_number INTEGER, user_id VARCHAR, event_at TIMESTAMP, action VARCHAR, metadata VARCHAR, event_id VARCHAR, "
    "event_key BIGINT"
)
DUPLICATES = "row_number_in_stage BIGINT, file_number INTEGER, kept_in INTEGER"
REJECTED = (
    "file_name VARCHAR, record_number BIGINT, reason VARCHAR, column_name VARCHAR, message VARCHAR, record VARCHAR"
)


@dataclass(frozen=True)
class StagedFile:
    """What became of one file: how it was read, and how many of its records are events."""

    file: LandedFile
    landed_at: datetime
    format: str = "unknown"
    compression: str = "unknown"
    encoding: str = "unknown"
    delimiter: str | None = None
    mapping: str = "{}"
    error: str | None = None
    read_count: int = 0
    rejected_count: int = 0


class Stage:
    """A batch of files being read. Tables: staged (records), duplicates (within the batch), rejected."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, name: str, settings: InputSettings, scratch: Path
    ) -> None:
        self.name = name
        self.files: list[StagedFile] = []
        self._connection = connection
        self._settings = settings
        self._scratch = scratch
        connection.execute(f"ATTACH ':memory:' AS {name}")
        connection.execute(f"CREATE TABLE {name}.staged ({STAGED})")
        connection.execute(f"CREATE TABLE {name}.rejected ({REJECTED})")
        connection.execute("SET TimeZone = '{}'".format(settings.default_timezone.replace("'", "")))
        for macros in ("without_blanks", "utc_time"):
            connection.execute(load_sql(__package__, macros))

    def read(self, file: LandedFile, landed_at: datetime) -> StagedFile:
        """Read one file; one that cannot be read as a whole leaves no row and says why in `error`."""
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            outcome = self._read(file, landed_at, Path(folder))
        if outcome.error:
            self._forget(file.name)
            outcome = replace(outcome, read_count=0, rejected_count=0)
        self.files.append(outcome)
        return outcome

    def find_duplicates(self) -> None:
        """Note which staged records repeat an event of the batch."""
        self._connection.execute(f"CREATE TABLE {self.name}.duplicates ({DUPLICATES})")
        self._connection.execute(
            f"CREATE TABLE {self.name}.repeated AS SELECT event_key FROM {self.name}.staged "
            "WHERE user_id IS NOT NULL GROUP BY event_key HAVING count(*) > 1"
        )
        if not self._one(f"SELECT count(*) FROM {self.name}.repeated")[0]:
            return
        sql = load_sql(__package__, "batch_duplicates").format(stage=self.name)
        self._connection.execute(f"INSERT INTO {self.name}.duplicates {sql}")

    def _read(self, file: LandedFile, landed_at: datetime, scratch: Path) -> StagedFile:
        outcome = StagedFile(file, landed_at)
        try:
            outcome = replace(outcome, compression=compression_of(file.path))
            source = recognise(file, self._settings.columns, scratch)
            outcome = _described(outcome, source)
            outcome = self._stage(outcome, source, scratch)
        except InputError as error:
            return replace(outcome, error=str(error))
        except _NOT_THE_FILE:
            raise
        except duckdb.Error as error:
            return replace(outcome, error=_unreadable_file(file.name, error))
        return outcome

    def _stage(self, outcome: StagedFile, source: Source, scratch: Path) -> StagedFile:
        staged = self._stage_records(outcome, source, scratch)
        if staged.rejected_count and source.encoding == "utf-8" and self._has_broken_text(source):
            self._forget(outcome.file.name)
            source = recognise(source.file, self._settings.columns, scratch, encoding="cp1252")
            return self._stage_records(_described(outcome, source), source, scratch)
        return staged

    def _stage_records(self, outcome: StagedFile, source: Source, scratch: Path) -> StagedFile:
        records = open_records(self._connection, source)
        if not records.columns and source.format in ("json", "ndjson"):
            return self._without_objects(outcome, records)
        header = source.dialect.header if source.dialect else records.columns
        mapping = map_columns(outcome.file.name, header, self._settings.columns, nested=records.nested)
        outcome = replace(outcome, mapping=mapping.as_json())
        read_count, rejected_count = self._insert_staged(records, mapping, outcome)
        if source.dialect is not None and self._has_unreadable() and has_blank_lines(source.readable):
            # DuckDB counts blank lines when it numbers records it cannot split, and skips them otherwise.
            self._forget(outcome.file.name)
            without_blank_lines(source.readable, scratch / "counted")
            records = csv_records(scratch / "counted", replace(source.dialect, blank_lines=0))
            read_count, rejected_count = self._insert_staged(records, mapping, outcome)
        if rejected_count:
            self._insert_rejected(records, mapping, outcome)
        return replace(outcome, read_count=read_count, rejected_count=rejected_count)

    def _judged(self, records: Records, mapping: Mapping) -> str:
        fields = fields_sql(records, mapping, self._settings.action_separator, self._settings.max_field_chars)
        judged = load_sql(__package__, "judged_records")
        return judged.replace("{earliest_event}", str(EARLIEST_EVENT)).replace("{fields}", fields)

    def _insert_staged(self, records: Records, mapping: Mapping, outcome: StagedFile) -> tuple[int, int]:
        """Read every record; return how many there are, and how many of them are no events."""
        self._connection.execute(f"DROP TABLE IF EXISTS {UNREADABLE}")
        self._connection.execute(f"DROP TABLE IF EXISTS {UNREADABLE}_scans")
        if not records.has_unreadable:
            self._connection.execute(
                f"CREATE TEMP TABLE {UNREADABLE} (line UBIGINT, error_type VARCHAR, csv_line VARCHAR)"
            )
        number = len(self.files)
        select = load_sql(__package__, "staged_records").replace("{record}", record_sql(records))
        select = select.replace("{judged}", self._judged(records, mapping))
        (staged,) = self._one(
            f"INSERT INTO {self.name}.staged {select}", file_number=number, landed_at=outcome.landed_at
        )
        (split_errors,) = self._one(f"SELECT count(DISTINCT line) FROM {UNREADABLE}")
        (rejected, blank) = self._one(
            "SELECT count(*) FILTER (event_id <> 'blank_line'), count(*) FILTER (event_id = 'blank_line') "
            f"FROM {self.name}.staged WHERE file_number = $number AND user_id IS NULL",
            number=number,
        )
        return staged - blank + split_errors, rejected + split_errors

    def _has_unreadable(self) -> bool:
        return bool(self._one(f"SELECT count(*) FROM {UNREADABLE}")[0])

    def _insert_rejected(self, records: Records, mapping: Mapping, outcome: StagedFile) -> None:
        numbered = load_sql(__package__, "numbered_rejections").replace("{stage}", self.name)
        self._connection.execute(
            f"INSERT INTO {self.name}.rejected {describe_rejections(numbered)}",
            {
                "file_name": outcome.file.name,
                "file_number": len(self.files),
                "header_count": records.header_count,
                "split_reason": "wrong_column_count" if records.format == "csv" else "invalid_json",
                "max_record_chars": MAX_RECORD_CHARS,
                "user_column": mapping.user_id.name,
                "time_column": mapping.timestamp.name,
                "action_column": "+".join(field.name for field in mapping.action),
                "max_field_chars": self._settings.max_field_chars,
            },
        )

    def _without_objects(self, outcome: StagedFile, records: Records) -> StagedFile:
        (count,) = self._one(f"SELECT count(*) FROM {records.relation} WHERE trim(line) <> ''")
        if count:
            raise InputError(
                f"{outcome.file.name}: none of its {count:,} records is a JSON object. "
                "Next: write one object per line (NDJSON), or a JSON array of objects."
            )
        return outcome

    def _has_broken_text(self, source: Source) -> bool:
        """Whether bytes that are no UTF-8 are the rule of this file rather than damage in a few places."""
        (broken,) = self._one(
            f"SELECT count(*) FROM {self.name}.rejected WHERE file_name = $name AND reason = 'unreadable_text'",
            name=source.file.name,
        )
        return bool(broken) and not is_damaged_utf8(source.readable)

    def _forget(self, file_name: str) -> None:
        self._connection.execute(f"DELETE FROM {self.name}.staged WHERE file_number = $n", {"n": len(self.files)})
        self._connection.execute(f"DELETE FROM {self.name}.rejected WHERE file_name = $name", {"name": file_name})

    def _one(self, sql: str, **params: Any) -> tuple[Any, ...]:
        return self._connection.execute(sql, params or None).fetchone() or (0,)


@contextlib.contextmanager
def open_stage(connection: duckdb.DuckDBPyConnection, settings: InputSettings, scratch: Path) -> Iterator[Stage]:
    """Yield an empty stage beside the connection's database; gone when the context ends.

    Each stage has a name of its own: a transaction that has looked into one sees it as it was then.
    """
    cursor = connection.cursor()
    name = f"stage_{next(_stage_numbers)}"
    try:
        yield Stage(cursor, name, settings, scratch)
    finally:
        with contextlib.suppress(duckdb.Error):
            cursor.execute(f"DETACH {name}")
        cursor.close()


def _described(outcome: StagedFile, source: Source) -> StagedFile:
    return replace(
        outcome,
        format=source.format,
        compression=source.compression,
        encoding=source.encoding,
        delimiter=source.dialect.delimiter if source.dialect else None,
    )


def _unreadable_file(name: str, error: duckdb.Error) -> str:
    """The first line of DuckDB's message: what follows are its own settings."""
    said = str(error).strip().splitlines()[0]
    return (
        f"{name}: cannot be read as a whole ({said}). "
        "Next: mend or export the file again; the other files are loaded without it."
    )
