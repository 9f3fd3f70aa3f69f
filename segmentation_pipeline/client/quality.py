"""How good the data is: files, what was rejected and why, and every check with its last result.

Add here: another question about data quality. Keep out: judging it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.client.published import ask, ask_as, has_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    import duckdb

LEADS = "leads/"
"""Folder of landing that the names of imports are relative to."""

NO_SPAN = "NULL::TIMESTAMP AS first_event_at, NULL::TIMESTAMP AS last_event_at"
"""Files of purchases and leads do not keep when theirs begin and end."""

NO_CANCELLED = "0 AS cancelled_count"
"""Only lines of purchases can be taken back by other lines."""


@dataclass(frozen=True)
class LandedFile:
    """One file ever seen in landing, and what became of its records."""

    file_name: str
    byte_count: int
    format: str
    compression: str
    encoding: str
    status: str
    error: str | None
    read_count: int
    accepted_count: int
    rejected_count: int
    duplicate_count: int
    cancelled_count: int
    first_event_at: datetime | None
    last_event_at: datetime | None


@dataclass(frozen=True)
class Rejection:
    """Records rejected for one reason, with the first of them as an example."""

    reason: str
    record_count: int
    file_count: int
    example_file: str
    example_record_number: int
    example_message: str


@dataclass(frozen=True)
class CheckResult:
    """The last result of a check; a null month is that of an unpartitioned table."""

    table_name: str
    check_name: str
    refresh_month: date | None
    is_passed: bool
    severity: str
    description: str
    checked_recorded_at: datetime


def landed_files(connection: duckdb.DuckDBPyConnection) -> list[LandedFile]:
    """Return every file of events, purchases and leads, those that could not be read first."""
    parts = {
        "landed_files": f"SELECT *, {NO_CANCELLED} FROM landed_files",
        "purchase_files": f"SELECT *, {NO_SPAN} FROM purchase_files",
        "lead_files": f"SELECT '{LEADS}' || import_id AS file_name, *, {NO_SPAN}, {NO_CANCELLED} FROM lead_files",
    }
    return ask_as(
        connection, LandedFile, f"FROM ({_together(connection, parts)}) ORDER BY status <> 'error', file_name"
    )


def rejections(connection: duckdb.DuckDBPyConnection) -> list[Rejection]:
    """Return what was rejected, most frequent reason first; the same lead again is a duplicate, and no fault."""
    parts = {
        "rejected_events": "SELECT * FROM rejected_events",
        "rejected_purchases": "SELECT * FROM rejected_purchases",
        "rejected_leads": f"SELECT '{LEADS}' || import_id AS file_name, * FROM rejected_leads"
        " WHERE reason <> 'duplicate_lead'",
    }
    rows = ask(
        connection,
        "SELECT reason, count(*), count(DISTINCT file_name), arg_min(file_name, (file_name, record_number)),"
        " arg_min(record_number, (file_name, record_number)), arg_min(message, (file_name, record_number))"
        f" FROM ({_together(connection, parts)}) GROUP BY reason ORDER BY count(*) DESC, reason",
    )
    return [Rejection(*row) for row in rows]


def check_results(connection: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """Return every check with its last result, failed ones first, newest refresh first."""
    source = (
        "FROM check_results"
        " ORDER BY is_passed, severity <> 'ERROR', refresh_month DESC NULLS FIRST, table_name, check_name"
    )
    return ask_as(connection, CheckResult, source)


def _together(connection: duckdb.DuckDBPyConnection, parts: Mapping[str, str]) -> str:
    """Return the rows of all these tables that the copy has; the first of them every copy has."""
    first, *others = parts
    return " UNION ALL BY NAME ".join([parts[first], *(parts[name] for name in others if has_table(connection, name))])
