"""What one kind of record is to the stage that wants it: its columns, how it is judged, what is kept and told.

Add here: what every kind of record must say. Keep out: reading (staging.py) and the kinds themselves (with the stages).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from segmentation_pipeline.landing.readers import typed_name
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import duckdb

    from segmentation_pipeline.landing.mapping import Wanted


@dataclass(frozen=True)
class Reason:
    """Why a record is rejected: the role whose column is at fault, what happened, what to do next.

    `is_shown`: the message quotes what was found.
    """

    role: str | None
    problem: str
    advice: str
    is_shown: bool = False


FORM_REASONS: dict[str, Reason] = {
    "wrong_column_count": Reason(
        None,
        "it has not as many fields as the header, or a quote is not closed",
        "quote fields that hold the delimiter, double quotes inside quotes",
    ),
    "overlong_field": Reason(
        None,
        "a field is too long",
        "shorten it, or raise max_field_chars under [input] in pipeline.toml",
    ),
    "invalid_json": Reason(None, "it is not a JSON object", "write one complete object per line"),
    "unreadable_text": Reason(None, "it holds bytes that are not UTF-8", "save the file as UTF-8"),
}
"""What can be wrong with the form of a record, whatever it says."""

REJECTED_ROWS = (
    "SELECT rowid AS row_number_in_stage, reason, found, record FROM {stage}.staged"
    " WHERE file_number = $file_number AND reason IS NOT NULL"
)


def _nothing(_connection: duckdb.DuckDBPyConnection, _fields: str) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class RecordKind:
    """A kind of record.

    `staged`: SELECT of one row per record, in the order of the file, from `{fields}` (what readers.fields_sql gives);
    `{record}` is the record as text, costly, so only for records that are rejected. It may use $file_number and
    $landed_at, and what `looked_up` finds in the beginning of a file. `columns`: the DDL of its result.
    `rejected`: SELECT of row_number_in_stage, reason, found and record of the rejected rows of `{stage}.staged`;
    the reason `blank_line` is none: such a row is counted for the numbers of the others only.
    """

    wanted: Wanted
    columns: str
    staged: str
    reasons: Mapping[str, Reason]
    rejected: str = REJECTED_ROWS
    macros: Sequence[str] = ()
    looked_up: Callable[[duckdb.DuckDBPyConnection, str], Mapping[str, str]] = field(default=_nothing)


def text_rows(wanted: Wanted) -> RecordKind:
    """Return the kind that judges the form alone: one text per role, blanks around it removed.

    Columns: file_number, the roles (VARCHAR), for each moment also ROLE_at (TIMESTAMP in UTC, null when it means
    none), metadata where the rest is kept, and reason, found, record (null: accepted).
    """
    names = [role.name for role in wanted.roles]
    moments = [role.name for role in wanted.roles if role.is_moment]
    rest = ["metadata"] if wanted.keeps_rest else []
    columns = [f"{name} VARCHAR" for name in names]
    columns += [f"{name}_at TIMESTAMP" for name in moments]
    columns += [f"{name} VARCHAR" for name in (*rest, "reason", "found", "record")]
    texts = ", ".join(f"without_blanks({name}) AS {name}" for name in names)
    times = "".join(
        f", CASE WHEN {typed_name(name)} IS NOT NULL THEN {typed_name(name)}"
        f" ELSE utc_time(try_cast({name} AS TIMESTAMPTZ), {name}) END AS {name}_at"
        for name in moments
    )
    staged = load_sql(__package__, "text_rows").replace("{texts}", texts).replace("{times}", times)
    return RecordKind(
        wanted,
        "file_number INTEGER, " + ", ".join(columns),
        staged.replace("{rest}", "".join(f", {name}" for name in rest)),
        FORM_REASONS,
    )
