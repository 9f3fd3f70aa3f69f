"""How DuckDB reads the records of a source, as SQL: one text per role, the rest as JSON, nothing interpreted.

Add here: a format. Keep out: how a record is judged (kinds.py) and loading (with the stages).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.warehouse.contracts import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from segmentation_pipeline.landing.delimiters import Dialect
    from segmentation_pipeline.landing.mapping import ColumnsFound, Field, Wanted
    from segmentation_pipeline.landing.sources import Source

MAX_RECORD_BYTES = 2_000_000
"""Longest record DuckDB's CSV reader takes without larger buffers; longer ones are rejected as overlong."""

MAX_RECORD_CHARS = 1_000
"""Characters kept of a rejected record: enough to recognise it, too few to copy a broken file into the warehouse."""

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
        """Records before the first one that says something."""
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


def fields_sql(records: Records, columns: ColumnsFound, wanted: Wanted, max_field_chars: int) -> str:
    """Return a SELECT of one text per role (null where the file has no such column) and what is wrong with the form.

    Beside the roles: for each moment its stored time in UTC (`typed_name`), metadata where the rest is kept,
    is_malformed, is_overlong and is_blank.
    """
    return _FIELDS[records.format](records, columns, wanted, max_field_chars)


def typed_name(role: str) -> str:
    """Name of the column that holds a moment's stored time, where a format stores times as such."""
    return f"{role}_typed"


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
    if not expressions:
        return "false"
    longest_bytes = ", ".join(f"strlen({expression})" for expression in expressions)
    longest_chars = ", ".join(f"length({expression})" for expression in expressions)
    is_long = f"greatest({longest_bytes}) > {max_field_chars} AND greatest({longest_chars}) > {max_field_chars}"
    return f"coalesce({is_long}, false)"


def _select(
    *,
    kept: str,
    texts: Mapping[str, str],
    columns: ColumnsFound,
    long: str,
    metadata: str | None,
    typed: Mapping[str, str] | None = None,
    malformed: str = "false",
    blank: str = "false",
) -> str:
    selected = [kept, *(f"{text} AS {_identifier(role)}" for role, text in texts.items())]
    selected += [
        f"{(typed or {}).get(role.name, 'CAST(NULL AS TIMESTAMP)')} AS {_identifier(typed_name(role.name))}"
        for role in columns.roles
        if role.is_moment
    ]
    if metadata is not None:
        selected.append(f"{metadata} AS metadata")
    selected += [f"{malformed} AS is_malformed", f"{long} AS is_overlong", f"{blank} AS is_blank"]
    return "SELECT " + ", ".join(selected)


def _texts(columns: ColumnsFound, wanted: Wanted, text: Callable[[Field], str]) -> dict[str, str]:
    """Role -> expression of its text."""
    return {
        role.name: _joined([text(field) for field in columns.of[role.name]], wanted.separator)
        if columns.of[role.name]
        else "CAST(NULL AS VARCHAR)"
        for role in columns.roles
    }


def _csv_fields(records: Records, columns: ColumnsFound, wanted: Wanted, max_field_chars: int) -> str:
    names = {column: f"c{position}" for position, column in enumerate(records.columns)}

    def value(field: Field) -> str:
        column = names[field.column]
        if not field.path:
            return column
        return f"json_extract_string(CASE WHEN json_valid({column}) THEN {column} END, {_json_path(field.path)})"

    selected = _select(
        kept=", ".join(names.values()),
        texts=_texts(columns, wanted, value),
        columns=columns,
        metadata=_csv_metadata(names, columns.unmapped(records.columns)) if wanted.keeps_rest else None,
        long=_is_overlong(list(names.values()), max_field_chars),
    )
    return f"{selected} FROM {records.relation}"


def _csv_metadata(names: Mapping[str, str], unmapped: Sequence[str]) -> str:
    if not unmapped:
        return "CAST(NULL AS VARCHAR)"
    if [name.lower() for name in unmapped] == ["metadata"]:
        return _kept_object(names[unmapped[0]])
    packed = _struct(unmapped, [names[column] for column in unmapped])
    # Merging into nothing drops the nulls: an empty cell is not a field.
    return f"nullif(CAST(json_merge_patch('{{}}', to_json({packed})) AS VARCHAR), '{{}}')"


def _json_fields(records: Records, columns: ColumnsFound, wanted: Wanted, max_field_chars: int) -> str:
    def value(field: Field) -> str:
        path = _json_path((field.column, *field.path))
        text = f"json_extract_string(doc, {path})"
        # A whole number that a writer with floats made 39.0 is the id 39; the string "39.0" stays.
        return f"CASE WHEN json_type(doc, {path}) = 'DOUBLE' THEN regexp_replace({text}, '\\.0$', '') ELSE {text} END"

    texts = _texts(columns, wanted, value)
    source = (
        "SELECT line, CASE WHEN json_valid(line) AND json_type(line) = 'OBJECT' THEN line END AS doc "
        f"FROM {records.relation}"
    )
    metadata = None
    if wanted.keeps_rest:
        rest = f"CAST(json_merge_patch(doc, {quoted(_removal(columns))}) AS VARCHAR)"
        source = f"SELECT *, {rest} AS rest FROM ({source})"
        own = "json_extract_string(rest, '$.metadata')"
        metadata = (
            f"CASE WHEN rest = '{{}}' THEN NULL WHEN json_keys(rest) = ['metadata'] AND {own} IS NOT NULL "
            f"THEN {_kept_object(own)} ELSE rest END"
        )
    selected = _select(
        kept="line",
        texts=texts,
        columns=columns,
        metadata=metadata,
        long=_is_overlong([*_mapped(texts, columns), *(["rest"] if metadata else [])], max_field_chars),
        malformed="doc IS NULL",
        blank="without_blanks(line) IS NULL",
    )
    return f"{selected} FROM ({source})"


def _removal(columns: ColumnsFound) -> str:
    """Return the JSON merge patch that takes the mapped fields out of a record."""
    removal: dict[str, object] = {}
    for field in columns.fields:
        branch = removal
        for key in (field.column, *field.path[:-1]) if field.path else ():
            step = branch.setdefault(key, {})
            branch = step if isinstance(step, dict) else {}
        branch[field.path[-1] if field.path else field.column] = None
    return json.dumps(removal, ensure_ascii=False)


def _parquet_fields(records: Records, columns: ColumnsFound, wanted: Wanted, max_field_chars: int) -> str:
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

    texts = _texts(columns, wanted, text)
    metadata = _parquet_metadata(records, columns) if wanted.keeps_rest else None
    typed = {
        role.name: _typed_time(value(columns.of[role.name][0]), records.types[columns.of[role.name][0].column])
        for role in columns.roles
        if role.is_moment and columns.of[role.name]
    }
    selected = _select(
        kept="source_record",
        texts=texts,
        columns=columns,
        typed=typed,
        metadata=metadata,
        long=_is_overlong([*_mapped(texts, columns), *([metadata] if metadata else [])], max_field_chars),
    )
    return f"{selected} FROM {records.relation} AS source_record"


def _parquet_metadata(records: Records, columns: ColumnsFound) -> str:
    unmapped = columns.unmapped(records.columns)
    if list(unmapped) == ["metadata"]:
        is_text = records.types["metadata"] in ("VARCHAR", "JSON")
        return _kept_object(f"CAST({'metadata' if is_text else 'to_json(metadata)'} AS VARCHAR)")
    if unmapped:
        return f"nullif(CAST(json_merge_patch('{{}}', to_json({_struct(unmapped)})) AS VARCHAR), '{{}}')"
    return "CAST(NULL AS VARCHAR)"


def _mapped(texts: Mapping[str, str], columns: ColumnsFound) -> list[str]:
    return [text for role, text in texts.items() if columns.of[role]]


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


_FIELDS = {"csv": _csv_fields, "parquet": _parquet_fields, "json": _json_fields, "ndjson": _json_fields}
