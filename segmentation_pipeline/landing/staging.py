"""Files read into a stage: an in-memory database beside the warehouse, so a file that cannot be read harms nothing.

(An error aborts the DuckDB transaction it happens in; the stage has its own connection, the writing one never sees it.)
Add here: what must be known of a file before its rows meet the warehouse. Keep out: the warehouse (with the stages).
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
from segmentation_pipeline.landing.mapping import ColumnsFound, map_columns
from segmentation_pipeline.landing.readers import (
    MAX_RECORD_CHARS,
    UNREADABLE,
    Records,
    csv_records,
    fields_sql,
    open_records,
    record_sql,
)
from segmentation_pipeline.landing.rejections import REJECTED, describe_rejections
from segmentation_pipeline.landing.sources import LandedFile, Source, compression_of, recognise
from segmentation_pipeline.landing.transcoding import (
    has_blank_lines,
    is_damaged_utf8,
    without_blank_lines,
)
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from segmentation_pipeline.landing.kinds import RecordKind

_stage_numbers = itertools.count(1)

_NOT_THE_FILE = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException, duckdb.OutOfMemoryException)
"""Errors of our own SQL or of the machine: no file is blamed for them."""

PLACES = "file_number INTEGER, from_row BIGINT, shift BIGINT"
"""From this row of staged on, a record's number is its row number there plus the shift."""


@dataclass(frozen=True)
class StagedFile:
    """What became of one file: how it was read, and how many of its records were rejected."""

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
    """A batch of files of one kind being read. Tables: staged (records), rejected, places (for `numbered`)."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        name: str,
        kind: RecordKind,
        scratch: Path,
        *,
        timezone: str,
        max_field_chars: int,
    ) -> None:
        self.name = name
        self.connection = connection
        self.files: list[StagedFile] = []
        self._kind = kind
        self._scratch = scratch
        self._max_field_chars = max_field_chars
        connection.execute(f"ATTACH ':memory:' AS {name}")
        for table, columns in (("staged", kind.columns), ("rejected", REJECTED), ("places", PLACES)):
            connection.execute(f"CREATE TABLE {name}.{table} ({columns})")
        connection.execute("SET TimeZone = '{}'".format(timezone.replace("'", "")))
        for macros in (*(load_sql(__package__, name) for name in ("without_blanks", "utc_time")), *kind.macros):
            connection.execute(macros)

    @property
    def numbered(self) -> str:
        """A SELECT of staged with record_number: the header of a CSV is 1, as for rejected records."""
        return (
            "SELECT s.*, s.rowid AS row_number_in_stage, s.rowid + p.shift AS record_number"
            f" FROM {self.name}.staged AS s"
            f" ASOF JOIN {self.name}.places AS p ON s.file_number = p.file_number AND s.rowid >= p.from_row"
        )

    def read(self, file: LandedFile, landed_at: datetime) -> StagedFile:
        """Read one file; one that cannot be read as a whole leaves no row and says why in `error`."""
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            outcome = self._read(file, landed_at, Path(folder))
        if outcome.error:
            self._forget(file.name)
            outcome = replace(outcome, read_count=0, rejected_count=0)
        self.files.append(outcome)
        return outcome

    def _read(self, file: LandedFile, landed_at: datetime, scratch: Path) -> StagedFile:
        outcome = StagedFile(file, landed_at)
        try:
            outcome = replace(outcome, compression=compression_of(file.path))
            source = recognise(file, self._kind.wanted, scratch)
            outcome = _described(outcome, source)
            outcome = self._stage(outcome, source, scratch)
        except InputError as error:
            return replace(outcome, error=str(error))
        except PermissionError as error:
            told = f"{file.name}: cannot be opened ({error.strerror}). Next: let this account read it, and change it."
            return replace(outcome, error=told)
        except _NOT_THE_FILE:
            raise
        except duckdb.Error as error:
            return replace(outcome, error=_unreadable_file(file.name, error))
        return outcome

    def _stage(self, outcome: StagedFile, source: Source, scratch: Path) -> StagedFile:
        staged = self._stage_records(outcome, source, scratch)
        if staged.rejected_count and source.encoding == "utf-8" and self._has_broken_text(source):
            self._forget(outcome.file.name)
            source = recognise(source.file, self._kind.wanted, scratch, encoding="cp1252")
            return self._stage_records(_described(outcome, source), source, scratch)
        return staged

    def _stage_records(self, outcome: StagedFile, source: Source, scratch: Path) -> StagedFile:
        records = open_records(self.connection, source)
        if not records.columns and source.format in ("json", "ndjson"):
            return self._without_objects(outcome, records)
        header = source.dialect.header if source.dialect else records.columns
        columns = map_columns(outcome.file.name, header, self._kind.wanted, nested=records.nested)
        outcome = replace(outcome, mapping=columns.as_json())
        read_count, rejected_count = self._insert_staged(records, columns, outcome)
        if source.dialect is not None and self._has_unreadable() and has_blank_lines(source.readable):
            # DuckDB counts blank lines when it numbers records it cannot split, and skips them otherwise.
            self._forget(outcome.file.name)
            without_blank_lines(source.readable, scratch / "counted")
            records = csv_records(scratch / "counted", replace(source.dialect, blank_lines=0))
            read_count, rejected_count = self._insert_staged(records, columns, outcome)
        if rejected_count:
            self._insert_rejected(records, columns, outcome)
        self._note_places(records)
        return replace(outcome, read_count=read_count, rejected_count=rejected_count)

    def _insert_staged(self, records: Records, columns: ColumnsFound, outcome: StagedFile) -> tuple[int, int]:
        """Read every record; return how many there are, and how many of them are rejected."""
        self._forget_unreadable()
        fields = fields_sql(records, columns, self._kind.wanted, self._max_field_chars)
        looked_up = self._kind.looked_up(self.connection, fields)
        self._forget_unreadable()  # those noted while looking into the beginning
        if not records.has_unreadable:
            self.connection.execute(
                f"CREATE TEMP TABLE {UNREADABLE} (line UBIGINT, error_type VARCHAR, csv_line VARCHAR)"
            )
        select = self._kind.staged
        for name, text in {**looked_up, "record": record_sql(records), "fields": fields}.items():
            select = select.replace(f"{{{name}}}", text)
        (staged,) = self._one(
            f"INSERT INTO {self.name}.staged {select}", file_number=len(self.files), landed_at=outcome.landed_at
        )
        (split_errors,) = self._one(f"SELECT count(DISTINCT line) FROM {UNREADABLE}")
        (rejected, blank) = self._one(
            "SELECT count(*) FILTER (reason <> 'blank_line'), count(*) FILTER (reason = 'blank_line') "
            f"FROM ({self._rejected()})",
            file_number=len(self.files),
        )
        return staged - blank + split_errors, rejected + split_errors

    def _forget_unreadable(self) -> None:
        for table in (UNREADABLE, f"{UNREADABLE}_scans"):
            self.connection.execute(f"DROP TABLE IF EXISTS {table}")

    def _rejected(self) -> str:
        return self._kind.rejected.replace("{stage}", self.name)

    def _has_unreadable(self) -> bool:
        return bool(self._one(f"SELECT count(*) FROM {UNREADABLE}")[0])

    def _insert_rejected(self, records: Records, columns: ColumnsFound, outcome: StagedFile) -> None:
        numbered = load_sql(__package__, "numbered_rejections")
        numbered = numbered.replace("{rejected}", self._rejected()).replace("{stage}", self.name)
        self.connection.execute(
            f"INSERT INTO {self.name}.rejected {describe_rejections(numbered, self._kind.reasons, columns)}",
            {
                "file_name": outcome.file.name,
                "file_number": len(self.files),
                "header_count": records.header_count,
                "split_reason": "wrong_column_count" if records.format == "csv" else "invalid_json",
                "max_record_chars": MAX_RECORD_CHARS,
                "max_field_chars": self._max_field_chars,
            },
        )

    def _note_places(self, records: Records) -> None:
        self._one(
            f"INSERT INTO {self.name}.places {load_sql(__package__, 'places').replace('{stage}', self.name)}",
            file_number=len(self.files),
            header_count=records.header_count,
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
        for table in ("staged", "places"):
            self.connection.execute(f"DELETE FROM {self.name}.{table} WHERE file_number = $n", {"n": len(self.files)})
        self.connection.execute(f"DELETE FROM {self.name}.rejected WHERE file_name = $name", {"name": file_name})

    def _one(self, sql: str, **params: Any) -> tuple[Any, ...]:
        used = {name: value for name, value in params.items() if f"${name}" in sql}
        return self.connection.execute(sql, used or None).fetchone() or (0,)


@contextlib.contextmanager
def open_stage(
    connection: duckdb.DuckDBPyConnection, kind: RecordKind, scratch: Path, *, timezone: str, max_field_chars: int
) -> Iterator[Stage]:
    """Yield an empty stage beside the connection's database; gone when the context ends.

    `timezone`: of times without one. `scratch`: a folder for copies of files being read.
    Each stage has a name of its own: a transaction that has looked into one sees it as it was then.
    """
    cursor = connection.cursor()
    name = f"stage_{next(_stage_numbers)}"
    try:
        yield Stage(cursor, name, kind, scratch, timezone=timezone, max_field_chars=max_field_chars)
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
