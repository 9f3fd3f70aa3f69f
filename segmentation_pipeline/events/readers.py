"""How DuckDB reads the records of a source, as SQL: one text per role, the rest as JSON, nothing interpreted.

Add here: a format. Keep out: what makes a record an event (sql/judged_records.sql) and loading (ingest.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.events.tables import MAX_RECORD_CHARS
from segmentation_pipeline.warehouse.contracts import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from segmentation_pipeline.events.delimiters import Dialect
    from segmentation_pipeline.events.mapping import Field, Mapping
    from segmentation_pipeline.events.sources import Source

MAX_RECORD_BYTES = 2_000_000
"""Longest record DuckDB's CSV reader takes without larger buffers; longer ones are rejected as overlong."""

KEYS_SAMPLED = 10_000
"""JSON records whose keys are looked at to know the columns of a file."""

UNREADABLE = "unreadable"
"""Temporary table in which DuckDB's CSV reader notes the records it cannot split."""

_LINES = "delim='\x01', quote='', escape='', strict_mode=false, header=false, columns={'line': 'VARCHAR'}"
"""Reads lines as they are: the delimiter is a character that valid JSON cannot contain."""


@dataclass(frozen=True)
class Records:
    """The records of one source: a relation for FROM, its columns, and how to address them."""

    format: str
    relation: str
    columns: tuple[str, ...]
    nested: frozenset[str]
    types: dict[str, str]
    dialect: Dialect | None = None

    @property
    def header_count(self) -> int:
        """Records before the first event."""
        return 1 if self.format == "csv" else 0

    @property
    def has_unreadable(self) -> bool:
        """Whether the reader notes records it cannot split in UNREADABLE."""
        return self.format in ("csv", "ndjson")


def open_records(connection: duckdb.DuckDBPyConnection, source: Source) -> Records:
    """Say how a source is read; looks at the beginning of JSON and at the footer of Parquet.

    Raises:
        duckdb.Error: the file cannot be read.
    """
    if source.format == "csv" and source.dialect is not None:
        return csv_records(source.readable, source.dialect)
    if source.format == "parquet":
        relation = f"read_parquet({quoted(str(source.readable))})"
        described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        types = {str(name): str(kind) for name, kind, *_ in described}
        nested = frozenset(name for name, kind in types.items() if kind.endswith(("[]", ")")) and "DECIMAL" not in kind)
        return Records("parquet", relation, tuple(types), nested, types)
    return _json_records(connection, source)


def csv_records(path: Path, dialect: Dialect) -> Records:
    """Say how a CSV is read: every field as text, columns by position, an empty field as null."""
    columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(dialect.columns)))
    relation = (
        f"read_csv({quoted(str(path))}, auto_detect=false, header=true, skip={dialect.blank_lines}, nullstr='', "
        f"delim={quoted(dialect.delimiter)}, quote={quoted(dialect.quote)}, escape={quoted(dialect.escape)}, "
        f"columns={{{columns}}}, {_noting_unreadable()})"
    )
    return Records("csv", relation, dialect.columns, frozenset(), {}, dialect)


def fields_sql(records: Records, mapping: Mapping, action_separator: str, max_field_chars: int) -> str:
    """Return a SELECT of user_id, time_text, event_at, action, event_id, metadata and what is wrong with the form."""
    if records.format == "csv":
        return _csv_fields(records, mapping, action_separator, max_field_chars)
    if records.format == "parquet":
        return _parquet_fields(records, mapping, action_separator, max_field_chars)
    return _json_fields(records, mapping, action_separator, max_field_chars)


def record_sql(records: Records) -> str:
    """Return the expression of a record as text, bounded; costly, so only for records that need it."""
    if records.format == "csv" and records.dialect is not None:
        quote, delimiter = records.dialect.quote, records.dialect.delimiter
        special = "[" + "".join(f"\\{mark}" for mark in dict.fromkeys(delimiter + quote)) + "\\n\\r]"
        parts = [
            f"CASE WHEN regexp_matches(c{position}, {quoted(special)}) THEN {quoted(quote)} || "
            f"replace(c{position}, {quoted(quote)}, {quoted(quote * 2)}) || {quoted(quote)} "
            f"ELSE coalesce(c{position}, '') END"
            for position in range(len(records.columns))
        ]
        text = f"concat_ws({quoted(delimiter)}, {', '.join(parts)})"
    elif records.format == "parquet":
        text = "CAST(to_json(source_record) AS VARCHAR)"
    else:
        text = "line"
    return f"left({text}, {MAX_RECORD_CHARS})"


def _noting_unreadable() -> str:
    return (
        f"max_line_size={MAX_RECORD_BYTES}, store_rejects=true, rejects_table='{UNREADABLE}', "
        f"rejects_scan='{UNREADABLE}_scans', rejects_limit=0"
    )


def _json_records(connection: duckdb.DuckDBPyConnection, source: Source) -> Records:
    path = quoted(str(source.readable))
    if source.format == "ndjson":
        lines = f"read_csv({path}, auto_detect=false, nullstr='', {_LINES}, {_noting_unreadable()})"
        # Blank lines stay in, as nulls, so that a record's number is its line.
        relation = f"(SELECT line FROM {lines})"
    else:
        layout = "unstructured" if source.is_pretty_printed else "array"
        relation = f"(SELECT CAST(json AS VARCHAR) AS line FROM read_json_objects({path}, format='{layout}'))"
    sampled = f"SELECT line FROM {relation} WHERE json_valid(line) AND json_type(line) = 'OBJECT' LIMIT {KEYS_SAMPLED}"
    rows = connection.execute(
        "SELECT key, list_sort(list(DISTINCT kind)) FROM ("
        "  SELECT unnest(json_keys(line)) AS key, unnest(list_transform(json_keys(line),"
        "    lambda k: json_type(line, '$.\"' || replace(k, '\"', '\\\"') || '\"'))) AS kind"
        f"  FROM ({sampled})"
        ") GROUP BY key ORDER BY key"
    ).fetchall()
    nested = frozenset(key for key, kinds in rows if {"OBJECT", "ARRAY"} & set(kinds or ()))
    return Records(source.format, relation, tuple(key for key, _ in rows), nested, {})


def _joined(parts: Sequence[str], separator: str) -> str:
    """One part as it is; several without the blanks around them, those that are blank left out."""
    if len(parts) == 1:
        return parts[0]
    return f"concat_ws({quoted(separator)}, {', '.join(f'without_blanks({part})' for part in parts)})"


def _json_path(path: Sequence[str]) -> str:
    """Return the JSON path of nested keys, each quoted, as an SQL literal."""
    escaped = (key.replace("\\", "\\\\").replace('"', '\\"') for key in path)
    return quoted("$" + "".join(f'."{key}"' for key in escaped))


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _struct(columns: Sequence[str], expressions: Sequence[str] | None = None) -> str:
    values = expressions or [_identifier(column) for column in columns]
    return "struct_pack(" + ", ".join(f"{_identifier(c)} := {v}" for c, v in zip(columns, values, strict=True)) + ")"


def _kept_object(text: str, name: str = "metadata") -> str:
    """A text that is a JSON object stays as it is; any other becomes the value of `name`."""
    return (
        f"CASE WHEN {text} IS NULL OR (starts_with({text}, '{{') AND json_valid({text})) THEN {text} "
        f"ELSE CAST(json_object({quoted(name)}, {text}) AS VARCHAR) END"
    )


def _is_overlong(expressions: Sequence[str], max_field_chars: int) -> str:
    """Bytes first: counting characters costs, and a field short in bytes is short in characters."""
    longest_bytes = ", ".join(f"strlen({expression})" for expression in expressions)
    longest_chars = ", ".join(f"length({expression})" for expression in expressions)
    is_long = f"greatest({longest_bytes}) > {max_field_chars} AND greatest({longest_chars}) > {max_field_chars}"
    return f"coalesce({is_long}, false)"


def _select(
    *,
    kept: str,
    user: str,
    time: str,
    action: str,
    event_id: str | None,
    metadata: str,
    long: str,
    at: str = "CAST(NULL AS TIMESTAMP)",
    malformed: str = "false",
    blank: str = "false",
) -> str:
    return (
        f"SELECT {kept}, {user} AS user_id, {time} AS time_text, {at} AS typed_at, {action} AS action, "
        f"{event_id or 'CAST(NULL AS VARCHAR)'} AS event_id, {metadata} AS metadata, "
        f"{malformed} AS is_malformed, {long} AS is_overlong, {blank} AS is_blank"
    )


def _csv_fields(records: Records, mapping: Mapping, separator: str, max_field_chars: int) -> str:
    names = {column: f"c{position}" for position, column in enumerate(records.columns)}

    def value(field: Field) -> str:
        column = names[field.column]
        if not field.path:
            return column
        return f"json_extract_string(CASE WHEN json_valid({column}) THEN {column} END, {_json_path(field.path)})"

    unmapped = mapping.unmapped(records.columns)
    if not unmapped:
        metadata = "CAST(NULL AS VARCHAR)"
    elif [name.lower() for name in unmapped] == ["metadata"]:
        metadata = _kept_object(names[unmapped[0]])
    else:
        packed = _struct(unmapped, [names[column] for column in unmapped])
        # Merging into nothing drops the nulls: an empty cell is not a field.
        metadata = f"nullif(CAST(json_merge_patch('{{}}', to_json({packed})) AS VARCHAR), '{{}}')"
    selected = _select(
        kept=", ".join(names.values()),
        user=value(mapping.user_id),
        time=value(mapping.timestamp),
        action=_joined([value(field) for field in mapping.action], separator),
        event_id=value(mapping.event_id) if mapping.event_id else None,
        metadata=metadata,
        long=_is_overlong(list(names.values()), max_field_chars),
    )
    return f"{selected} FROM {records.relation}"


def _json_fields(records: Records, mapping: Mapping, separator: str, max_field_chars: int) -> str:
    def value(field: Field) -> str:
        path = _json_path((field.column, *field.path))
        text = f"json_extract_string(doc, {path})"
        # A whole number that a writer with floats made 39.0 is the id 39; the string "39.0" stays.
        return f"CASE WHEN json_type(doc, {path}) = 'DOUBLE' THEN regexp_replace({text}, '\\.0$', '') ELSE {text} END"

    removal: dict[str, object] = {}
    for field in mapping.fields:
        branch = removal
        for key in (field.column, *field.path[:-1]) if field.path else ():
            step = branch.setdefault(key, {})
            branch = step if isinstance(step, dict) else {}
        branch[field.path[-1] if field.path else field.column] = None
    rest = f"CAST(json_merge_patch(doc, {quoted(json.dumps(removal, ensure_ascii=False))}) AS VARCHAR)"
    own = "json_extract_string(rest, '$.metadata')"
    metadata = (
        f"CASE WHEN rest = '{{}}' THEN NULL WHEN json_keys(rest) = ['metadata'] AND {own} IS NOT NULL "
        f"THEN {_kept_object(own)} ELSE rest END"
    )
    user, time = value(mapping.user_id), value(mapping.timestamp)
    action = _joined([value(field) for field in mapping.action], separator)
    selected = _select(
        kept="line",
        user=user,
        time=time,
        action=action,
        event_id=value(mapping.event_id) if mapping.event_id else None,
        metadata=metadata,
        long=_is_overlong([user, time, action, "rest"], max_field_chars),
        malformed="doc IS NULL",
        blank="without_blanks(line) IS NULL",
    )
    parsed = (
        "SELECT line, CASE WHEN json_valid(line) AND json_type(line) = 'OBJECT' THEN line END AS doc "
        f"FROM {records.relation}"
    )
    return f"{selected} FROM (SELECT *, {rest} AS rest FROM ({parsed}))"


def _parquet_fields(records: Records, mapping: Mapping, separator: str, max_field_chars: int) -> str:
    def value(field: Field) -> str:
        column = _identifier(field.column)
        if field.path and records.types[field.column].startswith("STRUCT"):
            return column + "".join(f"[{quoted(key)}]" for key in field.path)
        if field.path:
            return f"json_extract_string(CASE WHEN json_valid({column}) THEN {column} END, {_json_path(field.path)})"
        return column

    def text(field: Field) -> str:
        kind = records.types[field.column]
        plain = f"CAST({value(field)} AS VARCHAR)"
        return f"regexp_replace({plain}, '\\.0$', '')" if kind in ("DOUBLE", "FLOAT") else plain

    unmapped = mapping.unmapped(records.columns)
    metadata = "CAST(NULL AS VARCHAR)"
    if list(unmapped) == ["metadata"]:
        is_text = records.types["metadata"] in ("VARCHAR", "JSON")
        metadata = _kept_object(f"CAST({'metadata' if is_text else 'to_json(metadata)'} AS VARCHAR)")
    elif unmapped:
        metadata = f"nullif(CAST(json_merge_patch('{{}}', to_json({_struct(unmapped)})) AS VARCHAR), '{{}}')"
    user, time = text(mapping.user_id), text(mapping.timestamp)
    action = _joined([text(field) for field in mapping.action], separator)
    selected = _select(
        kept="source_record",
        user=user,
        time=time,
        at=_typed_time(value(mapping.timestamp), records.types[mapping.timestamp.column]),
        action=action,
        event_id=text(mapping.event_id) if mapping.event_id else None,
        metadata=metadata,
        long=_is_overlong([user, time, action, metadata], max_field_chars),
    )
    return f"{selected} FROM {records.relation} AS source_record"


def _typed_time(column: str, kind: str) -> str:
    """A stored moment in UTC, finer parts than microseconds cut off; zone-less ones are read in the session's zone."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"make_timestamp(epoch_us({column}))"
    if kind == "TIMESTAMPTZ_NS":
        return f"make_timestamp(epoch_ns({column}) // 1000)"
    if kind == "TIMESTAMP_NS":
        return f"make_timestamp(epoch_us(CAST(make_timestamp(epoch_ns({column}) // 1000) AS TIMESTAMPTZ)))"
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return f"make_timestamp(epoch_us(CAST(CAST({column} AS TIMESTAMP) AS TIMESTAMPTZ)))"
    return "CAST(NULL AS TIMESTAMP)"
