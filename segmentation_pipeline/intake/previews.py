"""What a file somebody brings would be read as: its form, its columns, its first events, what would be rejected.

Add here: another fact of the preview. Keep out: how files are read (landing/), what an event is (events/records.py).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import duckdb

from segmentation_pipeline.errors import InputError
from segmentation_pipeline.events.records import event_records
from segmentation_pipeline.landing.mapping import map_columns
from segmentation_pipeline.landing.readers import open_records
from segmentation_pipeline.landing.sources import identify, recognise
from segmentation_pipeline.landing.staging import open_stage
from segmentation_pipeline.landing.transcoding import CHUNK_BYTES, beginning, compression_of_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from segmentation_pipeline.config import ColumnMapping, InputSettings
    from segmentation_pipeline.landing.kinds import RecordKind
    from segmentation_pipeline.landing.mapping import ColumnsFound, Wanted
    from segmentation_pipeline.landing.readers import Records
    from segmentation_pipeline.landing.sources import Source
    from segmentation_pipeline.landing.staging import Stage

PREVIEW_RECORDS = 1_000
"""Records judged for a preview: enough to see what is systematic, quick enough to answer at every change."""

HEAD_BYTES = 4 << 20
"""Bytes read for them: records of up to 4,000 bytes."""

DOCUMENT_BYTES = 256 << 20
"""Most bytes of a JSON document, which cannot be cut, that are unpacked into memory: more than an upload has."""

FIRST_ROWS = 5
"""Rows shown as they stand in the file, and as they would be read."""

MOST_CELL_CHARS = 200
"""Characters of a field that are shown."""

Columns = dict[str, tuple[str, ...]]
"""Role -> columns that play it; none where an optional role is taken away."""


@dataclass(frozen=True)
class RoleFound:
    """Which columns play a role, and why none does; `is_chosen`: named by somebody, not found by its name."""

    role: str
    meaning: str
    columns: tuple[str, ...]
    is_required: bool
    may_join: bool
    is_chosen: bool
    problem: str | None


@dataclass(frozen=True)
class RejectedRecord:
    """A record that would not become an event; numbered as in the file, the header of a CSV being 1."""

    record_number: int
    reason: str
    message: str
    record: str


@dataclass(frozen=True)
class PreviewedEvent:
    """A record as it would be read; the time is UTC."""

    user_id: str
    event_at: datetime
    action: str


@dataclass(frozen=True)
class Preview:
    """What a file would be read as; `problem`: why it cannot be read (yet). Counts are of its first records."""

    file_name: str
    byte_count: int
    format: str = "unknown"
    compression: str = "none"
    encoding: str = "unknown"
    delimiter: str | None = None
    columns: tuple[str, ...] = ()
    rows: tuple[Mapping[str, str], ...] = ()
    roles: tuple[RoleFound, ...] = ()
    problem: str | None = None
    read_count: int = 0
    rejected_count: int = 0
    rejected: tuple[RejectedRecord, ...] = ()
    events: tuple[PreviewedEvent, ...] = ()
    actions: tuple[str, ...] = ()
    is_whole: bool = True

    @property
    def is_readable(self) -> bool:
        """Whether landing it would bring events."""
        return self.problem is None and self.read_count > self.rejected_count


def preview(
    name: str,
    content: BinaryIO,
    settings: InputSettings,
    chosen: Columns | None = None,
    *,
    place: Path | None = None,
) -> Preview:
    """Return what a file would be read as by these settings; `chosen` columns win over those of the settings.

    `place`: where the content lies as a file, None where it is an upload.
    Whatever the file holds, the answer is a preview; what cannot be read says why in `problem`.
    """
    byte_count = content.seek(0, os.SEEK_END)
    facts: dict[str, Any] = {"file_name": name, "byte_count": byte_count}
    used = settings.model_copy(update={"columns": with_chosen(settings.columns, chosen or {})})
    with tempfile.TemporaryDirectory(prefix="segpipe-preview-") as folder:
        try:
            _look(facts, content, used, Path(folder), place)
        except InputError as error:
            facts["problem"] = str(error)
        except (duckdb.Error, OSError, ValueError) as error:
            said = (str(error).strip() or type(error).__name__).splitlines()[0]
            facts["problem"] = f"{name}: cannot be read ({said}). Next: export it again, as CSV if you can."
    return Preview(**facts)


def with_chosen(columns: ColumnMapping, chosen: Columns) -> ColumnMapping:
    """Return a mapping in which the chosen columns win."""
    named = {role: names if role == "action" else "".join(names[:1]) for role, names in chosen.items()}
    return columns.model_copy(update=named)


def _look(facts: dict[str, Any], content: BinaryIO, settings: InputSettings, folder: Path, place: Path | None) -> None:
    name = facts["file_name"]
    kind = event_records(settings)
    head, is_whole = _head(name, content, folder, place)
    facts |= {"compression": head.compression, "is_whole": is_whole}
    connection = duckdb.connect(config={"threads": 1, "memory_limit": "1GB", "autoload_known_extensions": False})
    with contextlib.closing(connection):
        file = identify(name, head.path)
        (scratch := folder / "recognised").mkdir()
        source = recognise(file, kind.wanted, scratch)
        delimiter = source.dialect.delimiter if source.dialect else None
        facts |= {"format": source.format, "encoding": source.encoding, "delimiter": delimiter}
        records = open_records(connection, source)
        facts |= {"columns": records.columns, "rows": _first_rows(connection, records)}
        header = source.dialect.header if source.dialect else records.columns
        facts["roles"] = _roles(name, header, records, kind.wanted)
        _judge(facts, connection, kind, source, settings, folder)


@dataclass(frozen=True)
class _Head:
    path: Path
    compression: str


def _head(name: str, content: BinaryIO, folder: Path, place: Path | None) -> tuple[_Head, bool]:
    """Write the beginning of a file, unpacked, cut behind a whole line; formats that cannot be cut are whole."""
    content.seek(0)
    magic = content.read(4)
    compression = compression_of_bytes(magic)
    path = folder / "head"
    content.seek(0)
    if magic == b"PAR1":
        if place is None:
            place = folder / "whole"
            _copy(content, place)
        return _Head(_cut_parquet(place, path), "none"), False
    start = beginning(name, content, compression, HEAD_BYTES + 1)
    is_whole = len(start) <= HEAD_BYTES
    if not is_whole and start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"[", b"{")) and _is_json(start):
        content.seek(0)
        document = beginning(name, content, compression, DOCUMENT_BYTES + 1)
        if len(document) > DOCUMENT_BYTES:
            raise InputError(
                f"{name}: one JSON document of more than {DOCUMENT_BYTES >> 20} MB cannot be looked into before it "
                "lands. Next: write one object a line, or put the file into landing by hand."
            )
        path.write_bytes(document)
        return _Head(path, compression), True
    if not is_whole:
        start = start[: HEAD_BYTES // 4 * 4]
        end = start.rfind(b"\n") + 1
        if end and b"\0" not in start[:4096]:
            start = start[:end]
    path.write_bytes(start)
    return _Head(path, compression), is_whole


def _is_json(start: bytes) -> bool:
    """Tell one JSON document (an array, or pretty-printed objects) from an object per line."""
    line = start.lstrip(b"\xef\xbb\xbf \r\n\t").split(b"\n", 1)[0].rstrip()
    return line.startswith(b"[") or not line.endswith(b"}")


def _cut_parquet(whole: Path, path: Path) -> Path:
    """Write the first records as a file of its own; the whole one where that cannot be."""
    with contextlib.closing(duckdb.connect()) as connection:
        connection.execute(
            f"COPY (SELECT * FROM read_parquet($whole) LIMIT {PREVIEW_RECORDS}) TO '{path}' (FORMAT parquet)",
            {"whole": str(whole)},
        )
    return path


def _first_rows(connection: duckdb.DuckDBPyConnection, records: Records) -> tuple[dict[str, str], ...]:
    """Return the first rows as they stand in the file."""
    if records.format in ("csv", "parquet"):
        found = connection.execute(f"SELECT * FROM {records.relation} LIMIT {FIRST_ROWS}").fetchall()
        return tuple({name: _cell(value) for name, value in zip(records.columns, row, strict=True)} for row in found)
    values = ", ".join(
        "json_extract_string(line, '$.\"{}\"')".format(name.replace('"', '\\"').replace("'", "''"))
        for name in records.columns
    )
    if not values:
        return ()
    sql = f"SELECT {values} FROM {records.relation} WHERE json_valid(line) LIMIT {FIRST_ROWS}"
    found = connection.execute(sql).fetchall()
    return tuple({name: _cell(value) for name, value in zip(records.columns, row, strict=True)} for row in found)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= MOST_CELL_CHARS else text[: MOST_CELL_CHARS - 1] + "…"


def _roles(name: str, header: Sequence[str], records: Records, wanted: Wanted) -> tuple[RoleFound, ...]:
    """Look for each role alone, so that the problem of one does not hide another."""
    found = []
    for role in wanted.roles:
        alone = replace(wanted, roles=(role,), one_of=())
        columns: ColumnsFound | None = None
        problem = None
        try:
            columns = map_columns(name, header, alone, nested=records.nested)
        except InputError as error:
            problem = str(error)
        fields = columns.of[role.name] if columns else ()
        found.append(
            RoleFound(
                role.name,
                role.meaning,
                tuple(one.name for one in fields),
                role.is_required,
                role.may_join,
                bool(wanted.named.get(role.name)),
                problem,
            )
        )
    return tuple(found)


def _judge(
    facts: dict[str, Any],
    connection: duckdb.DuckDBPyConnection,
    kind: RecordKind,
    source: Source,
    settings: InputSettings,
    folder: Path,
) -> None:
    """Read the records as an ingestion would, and note what would be kept and what rejected."""
    (scratch := folder / "staged").mkdir()
    now = datetime.now(tz=UTC).replace(tzinfo=None)
    with open_stage(
        connection, kind, scratch, timezone=settings.default_timezone, max_field_chars=settings.max_field_chars
    ) as stage:
        outcome = stage.read(source.file, now)
        facts |= {"problem": outcome.error, "encoding": outcome.encoding, "delimiter": outcome.delimiter}
        if outcome.error:
            return
        header_count = 1 if source.format == "csv" else 0
        # The last record of a beginning may be cut: it is left out.
        cut = 0 if facts["is_whole"] or source.format == "parquet" else 1
        count = min(outcome.read_count - cut, PREVIEW_RECORDS)
        rejected = _rejected(stage, count + header_count)
        facts |= {
            "read_count": count,
            "rejected_count": len(rejected),
            "rejected": tuple(rejected),
            "is_whole": facts["is_whole"] and count == outcome.read_count,
            **_events(stage),
        }
    if not count:
        facts["problem"] = (
            f"{facts['file_name']}: has no records below its header. Next: export it again, with its rows."
        )


def _rejected(stage: Stage, last: int) -> list[RejectedRecord]:
    rows = stage.connection.execute(
        f"SELECT record_number, reason, message, record FROM {stage.name}.rejected"
        " WHERE record_number <= $last ORDER BY record_number",
        {"last": last},
    ).fetchall()
    return [RejectedRecord(int(number), reason, message, _cell(record)) for number, reason, message, record in rows]


def _events(stage: Stage) -> dict[str, Any]:
    events = stage.connection.execute(
        f"SELECT user_id, event_at, action FROM {stage.name}.staged WHERE user_id IS NOT NULL"
        f" ORDER BY rowid LIMIT {FIRST_ROWS}"
    ).fetchall()
    actions = stage.connection.execute(
        f"SELECT action FROM {stage.name}.staged WHERE user_id IS NOT NULL GROUP BY action"
        " ORDER BY count(*) DESC, action LIMIT 30"
    ).fetchall()
    return {
        "events": tuple(PreviewedEvent(_cell(user), at, _cell(action)) for user, at, action in events),
        "actions": tuple(_cell(action) for (action,) in actions),
    }


def _copy(content: BinaryIO, target: Path) -> None:
    content.seek(0)
    with target.open("wb") as out:
        while chunk := content.read(CHUNK_BYTES):
            out.write(chunk)
