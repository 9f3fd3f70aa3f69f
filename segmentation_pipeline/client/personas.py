"""Lead personas as readers see them: figures of an import, under the names people gave them.

Add here: a question about personas. Keep out: segments of users, and what an edit may hold (state/).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from segmentation_pipeline.client.published import ask, ask_as, has_table
from segmentation_pipeline.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import duckdb

    from segmentation_pipeline.state.persona_edits import PersonaNote


@dataclass(frozen=True)
class LeadImport:
    """One import of leads: how many, what is known of their outcome, and how they were grouped.

    `maturity`: judged, not_asked, or no_date_column; `prior_weight` leads of the overall rate count in each persona.
    """

    import_id: str
    status: str
    status_reason: str | None
    lead_count: int
    unknown_outcome_count: int
    immature_count: int
    counted_count: int
    conversion_count: int
    overall_rate: float | None
    persona_count: int
    verdict: str | None
    verdict_reason: str | None
    weakness: str | None
    maturity: str
    as_of: datetime | None
    prior_weight: float | None
    is_prior_learned: bool | None
    axis_1_share: float
    axis_2_share: float


@dataclass(frozen=True)
class Persona:
    """One persona of an import, by the name to show; `name` is its own, tier included."""

    persona_id: str
    import_id: str
    display_name: str
    name: str
    label: str
    rank: int
    size: int
    share: float
    counted_count: int
    conversion_count: int
    raw_rate: float | None
    shrunken_rate: float | None
    rate_low: float | None
    rate_high: float | None
    best_probability: float | None
    value_tier: str
    is_tier_uncertain: bool
    stability: float | None
    seniority: str
    notes: tuple[PersonaNote, ...]


@dataclass(frozen=True)
class PersonaTrend:
    """One persona in one import, beside the import before in which it lived; changes are null at its first."""

    persona_id: str
    import_id: str
    name: str
    size: int
    share: float
    shrunken_rate: float | None
    rate_low: float | None
    rate_high: float | None
    value_tier: str
    previous_import_id: str | None
    rate_change: float | None
    is_rate_change_clear: bool | None


@dataclass(frozen=True)
class LeadScoring:
    """What a new lead is scored by: the import, its columns, its personas, and where each of them lies.

    `mapping`: role -> header of the import's file. `model`: JSON, as the stage of leads stores it.
    """

    found: LeadImport
    mapping: Mapping[str, str]
    personas: tuple[Persona, ...]
    model: str


_STORED = tuple(field.name for field in fields(Persona) if field.name not in ("display_name", "notes"))


def lead_imports(connection: duckdb.DuckDBPyConnection) -> list[LeadImport]:
    """Return every import of leads in the published copy, in name order; the last one counts as the newest."""
    if not has_table(connection, "lead_imports"):
        return []
    return ask_as(connection, LeadImport, "FROM lead_imports ORDER BY import_id")


def newest_import(connection: duckdb.DuckDBPyConnection, asked: str | None = None) -> str:
    """Return the import asked for, else the newest.

    Raises:
        NotFound: there is no such import, or none at all.
    """
    known = [found.import_id for found in lead_imports(connection)]
    if not known:
        raise NotFound("No leads are published yet. Next: `segpipe run --leads YOUR_FILE`.")
    if asked is not None and asked not in known:
        raise NotFound(f"There is no import {asked}. Next: choose one of {', '.join(known[-30:])}.")
    return asked or known[-1]


def personas(
    connection: duckdb.DuckDBPyConnection,
    import_id: str,
    names: Mapping[str, str],
    notes: Sequence[PersonaNote],
) -> list[Persona]:
    """Return the personas of an import, highest rate first."""
    rows = ask(
        connection,
        f"SELECT {', '.join(_STORED)} FROM lead_personas WHERE import_id = $id ORDER BY rank",
        {"id": import_id},
    )
    told: dict[str, list[PersonaNote]] = {}
    for note in notes:
        told.setdefault(note.persona_id, []).append(note)
    found = [dict(zip(_STORED, row, strict=True)) for row in rows]
    return [
        Persona(
            **one,
            display_name=names.get(one["persona_id"], one["name"]),
            notes=tuple(told.get(one["persona_id"], ())),
        )
        for one in found
    ]


def lead_scoring(
    connection: duckdb.DuckDBPyConnection, import_id: str, names: Mapping[str, str], notes: Sequence[PersonaNote]
) -> LeadScoring:
    """Return what a new lead is scored by, of an import that is there."""
    (found,) = (one for one in lead_imports(connection) if one.import_id == import_id)
    ((mapping,),) = ask(connection, "SELECT mapping FROM lead_files WHERE import_id = $id", {"id": import_id})
    headers = {role: header for role, header in json.loads(mapping).items() if isinstance(header, str)}
    return LeadScoring(
        found, headers, tuple(personas(connection, import_id, names, notes)), stored_model(connection, import_id)
    )


def stored_model(connection: duckdb.DuckDBPyConnection, import_id: str) -> str:
    """Return encoding, centres and ids of the personas of an import that is there, JSON."""
    ((model,),) = ask(connection, "SELECT model FROM lead_models WHERE import_id = $id", {"id": import_id})
    return str(model)


def known_persona(connection: duckdb.DuckDBPyConnection, persona_id: str) -> str:
    """Return the newest import a persona lives in.

    Raises:
        NotFound: no published import has such a persona; the text names those of the newest.
    """
    rows = ask(connection, "SELECT max(import_id) FROM lead_personas WHERE persona_id = $id", {"id": persona_id})
    if rows[0][0] is None:
        newest = newest_import(connection)
        known = [
            row[0]
            for row in ask(
                connection,
                "SELECT persona_id FROM lead_personas WHERE import_id = $id ORDER BY rank",
                {"id": newest},
            )
        ]
        raise NotFound(f"There is no persona {persona_id}. Next: choose one of {', '.join(known)}.")
    return str(rows[0][0])


def labels(connection: duckdb.DuckDBPyConnection, import_id: str) -> dict[str, str]:
    """Return persona_id -> its own label, of an import."""
    rows = ask(connection, "SELECT persona_id, label FROM lead_personas WHERE import_id = $id", {"id": import_id})
    return {str(persona_id): str(label) for persona_id, label in rows}


def persona_trends(connection: duckdb.DuckDBPyConnection) -> list[PersonaTrend]:
    """Return every persona in every import it lives in, by import and rate, what changed since before beside it."""
    if not has_table(connection, "lead_imports"):
        return []
    return ask_as(connection, PersonaTrend, "FROM lead_trends ORDER BY import_id, shrunken_rate DESC, persona_id")
