"""Which imports are looked at again, in which order, and against whom their personas are matched.

Add here: a rule about that. Keep out: looking at one import (assembling.py).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.leads.assembling import find_personas
from segmentation_pipeline.leads.continuity import PersonaModel
from segmentation_pipeline.leads.reading import ImportState, read_import, read_imports, read_model
from segmentation_pipeline.leads.tables import LeadFiles, Leads
from segmentation_pipeline.leads.writing import RESULT_TABLES, Matched, forget_imports, write_import
from segmentation_pipeline.state import persona_edits
from segmentation_pipeline.state.database import open_state

if TYPE_CHECKING:
    from segmentation_pipeline.config import Settings
    from segmentation_pipeline.lead_settings import LeadSettings
    from segmentation_pipeline.leads.assembling import ImportResult
    from segmentation_pipeline.warehouse.database import Database
    from segmentation_pipeline.warehouse.warehouse import Warehouse

GROUPING_RULES = 2
"""Raised when the same leads would be grouped, named or rated otherwise than before."""

READING_ONLY = {"columns", "extra_columns", "hidden_nulls", "converted_words", "not_converted_words"}
"""Settings that count through the fingerprint of the file's reading."""

FOR_EXPORTS_ONLY = {"is_spreadsheet_safe"}


@dataclass(frozen=True)
class RefreshedLeads:
    """What one refresh of the personas did: imports looked at, with what was found, and those left as they are."""

    found: dict[str, ImportResult]
    unchanged: tuple[str, ...]


def refresh_personas(warehouse: Warehouse) -> RefreshedLeads:
    """Look at every import whose leads or settings changed, oldest name first; the others cost nothing.

    The warehouse is closed while groups are fitted. Each import is written in a transaction of its own.

    Raises:
        ContractBroken: rows of an import violate a contract; it is left as it was.
    """
    settings = warehouse.settings.leads
    with warehouse.transaction() as db:
        db.ensure(LeadFiles, Leads, *RESULT_TABLES)
        states = read_imports(db)
        known = {str(row["import_id"]) for row in db.rows("SELECT import_id FROM lead_imports")}
        gone = sorted(known - {state.import_id for state in states})
        if gone:
            forget_imports(db, gone)
    due = [state for state in states if state.grouped_with != grouping_fingerprint(state, warehouse.settings)]
    found: dict[str, ImportResult] = {}
    for state in due:
        with warehouse.read() as db:
            read = read_import(db, state.import_id, settings)
            against, before = _before(db, state.import_id, [other.import_id for other in states])
        before = before or _kept(warehouse)
        result = find_personas(read.leads, settings, before)
        with warehouse.transaction() as db:
            matched = Matched(grouping_fingerprint(state, warehouse.settings), against)
            write_import(db, read, result, settings, matched)
            for table in RESULT_TABLES:
                db.validate(table)
                db.record_write(table)
        found[state.import_id] = result
    return RefreshedLeads(found, tuple(state.import_id for state in states if state not in due))


def grouping_fingerprint(state: ImportState, settings: Settings) -> str:
    """Hash everything that an import's groups hang on, but for the personas before."""
    own: LeadSettings = settings.leads
    told = [
        state.sha256,
        state.read_with,
        own.model_dump(mode="json", exclude=READING_ONLY | FOR_EXPORTS_ONLY),
        GROUPING_RULES,
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def _before(db: Database, import_id: str, names: list[str]) -> tuple[str | None, PersonaModel | None]:
    """Return the import whose personas pass on their ids: its own earlier state, else the one before it by name,
    else the one after it (where an older file lands late), so that what people know by an id stays that.
    """  # noqa: D205 - the first sentence is longer than a line
    place = names.index(import_id)
    for candidate in [import_id, *reversed(names[:place]), *names[place + 1 :]]:
        model = read_model(db, candidate)
        if model is not None and (candidate == import_id or len(model.persona_ids) > 1):
            return candidate, model
    return None, None


def _kept(warehouse: Warehouse) -> PersonaModel | None:
    """Return the personas people edited last, for a warehouse that was made anew: their edits name these ids."""
    state = open_state(warehouse.home, warehouse.settings)
    if not state.is_made:
        return None
    with state.read() as connection:
        model = persona_edits.kept_model(connection)
    return None if model is None else PersonaModel.from_json(json.loads(model))
