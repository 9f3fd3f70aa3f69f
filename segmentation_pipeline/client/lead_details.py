"""What lies behind the personas of an import: who they are, how columns were used, the files, and what was left out.

Add here: another detail of an import. Keep out: the personas themselves (personas.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.client.published import ask, ask_as, has_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

SECTIONS = ("demographics", "geography", "professional", "acquisition", "extras")
"""Columns of `lead_personas` that hold frequencies, JSON."""


@dataclass(frozen=True)
class Frequency:
    """How many leads of a persona have a value of a column."""

    value: str
    count: int
    share: float


@dataclass(frozen=True)
class PersonaContrast:
    """A value more frequent in a persona than among all leads; `header` is what the file calls its column."""

    column: str
    header: str
    value: str
    share: float
    overall_share: float


@dataclass(frozen=True)
class PersonaProfile:
    """Who a persona is: most frequent values by column, and what sets it apart, largest effect first."""

    frequencies: dict[str, tuple[Frequency, ...]]
    contrasts: tuple[PersonaContrast, ...]


@dataclass(frozen=True)
class LeadColumn:
    """One column of an import: used, unused or leaking, and how well it alone tells the outcome (`auc`)."""

    column_name: str
    header: str
    status: str
    reason: str | None
    kind: str
    level_count: int
    unknown_share: float
    auc: float | None


@dataclass(frozen=True)
class LeadFile:
    """One landed file of leads, and what became of its records."""

    import_id: str
    status: str
    error: str | None
    read_count: int
    accepted_count: int
    rejected_count: int
    duplicate_count: int


@dataclass(frozen=True)
class LeadExport:
    """One file written for people: personas, clustered, dashboard or pca; `path` is relative to the home."""

    kind: str
    path: str
    byte_count: int


def persona_profiles(connection: duckdb.DuckDBPyConnection, import_id: str) -> dict[str, PersonaProfile]:
    """Return persona_id -> who they are, of an import."""
    rows = ask(
        connection,
        f"SELECT persona_id, contrasts, {', '.join(SECTIONS)} FROM lead_personas WHERE import_id = $id ORDER BY rank",
        {"id": import_id},
    )
    return {
        persona_id: PersonaProfile(
            dict(found for section in sections for found in _frequencies(json.loads(section))),
            tuple(_contrast(one) for one in json.loads(contrasts)),
        )
        for persona_id, contrasts, *sections in rows
    }


def lead_columns(connection: duckdb.DuckDBPyConnection, import_id: str) -> list[LeadColumn]:
    """Return the columns of an import: leaking ones first, then used, then unused ones."""
    source = (
        "FROM lead_columns WHERE import_id = $id"
        " ORDER BY status <> 'leaking', status <> 'used', auc DESC NULLS LAST, column_name"
    )
    return ask_as(connection, LeadColumn, source, {"id": import_id})


def lead_files(connection: duckdb.DuckDBPyConnection) -> list[LeadFile]:
    """Return every landed file of leads, those that could not be read first."""
    if not has_table(connection, "lead_files"):
        return []
    return ask_as(connection, LeadFile, "FROM lead_files ORDER BY status <> 'error', import_id")


def lead_exports(connection: duckdb.DuckDBPyConnection, import_id: str) -> dict[str, LeadExport]:
    """Return kind -> file written for people, of an import."""
    if not has_table(connection, "lead_exports"):
        return {}
    found = ask_as(connection, LeadExport, "FROM lead_exports WHERE import_id = $id ORDER BY kind", {"id": import_id})
    return {one.kind: one for one in found}


def _frequencies(section: dict[str, Any]) -> Iterator[tuple[str, tuple[Frequency, ...]]]:
    """Yield the columns of a section; single figures beside them are no frequencies."""
    for name, counted in section.items():
        if isinstance(counted, list):
            yield name, tuple(Frequency(str(one["value"]), int(one["count"]), float(one["share"])) for one in counted)


def _contrast(stored: dict[str, Any]) -> PersonaContrast:
    return PersonaContrast(
        str(stored["column"]),
        str(stored["header"]),
        str(stored["value"]),
        float(stored["share"]),
        float(stored["overall_share"]),
    )
