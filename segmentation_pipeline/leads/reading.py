"""What the stage reads from the warehouse: one import's leads as codes, stored models, what was exported.

Add here: another thing read. Keep out: computing with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation_pipeline.landing.missing import MISSING
from segmentation_pipeline.leads.assembling import Leads
from segmentation_pipeline.leads.columns import UNKNOWN, LeadColumn
from segmentation_pipeline.leads.continuity import PersonaModel
from segmentation_pipeline.leads.known_columns import FEATURES, is_personal
from segmentation_pipeline.warehouse.contracts import quoted

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from segmentation_pipeline.lead_settings import LeadSettings
    from segmentation_pipeline.warehouse.database import Database

DAY_US = 86_400 * 1_000_000

KEYS_LOOKED_AT = 10_000
"""Leads whose extra columns are looked at to know them all, where the settings take every column."""

MOST_EXTRAS = 200
"""Extra columns taken; a table of more is no export of leads."""


@dataclass(frozen=True, slots=True)
class ReadImport:
    """One import as it is in the warehouse: its leads, which record each of them is, and the newest lead's time."""

    leads: Leads
    record_numbers: NDArray[np.int64]
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class ImportState:
    """What is known of an import before it is looked at: its content, and whether it has been grouped."""

    import_id: str
    sha256: str
    read_with: str
    grouped_with: str | None


def read_imports(db: Database) -> list[ImportState]:
    """Return every import that has leads, in name order."""
    rows = db.rows(
        "SELECT f.import_id, f.sha256, f.settings_fingerprint, i.fingerprint"
        " FROM lead_files AS f LEFT JOIN lead_imports AS i USING (import_id)"
        " WHERE f.accepted_count > 0 ORDER BY f.import_id"
    )
    return [
        ImportState(row["import_id"], row["sha256"], row["settings_fingerprint"], row["fingerprint"]) for row in rows
    ]


def read_import(db: Database, import_id: str, settings: LeadSettings) -> ReadImport:
    """Return the leads of one import in the order of the file, each column as codes."""
    mapping = read_mapping(db, import_id)
    expressions = {feature: (mapping[feature], feature) for feature in FEATURES if mapping.get(feature)}
    expressions |= {header: (header, _extra(header)) for header in _extra_headers(db, import_id, settings)}
    columns = tuple(
        _coded(db, import_id, name, header, expression, settings) for name, (header, expression) in expressions.items()
    )
    plain = db.execute(
        "SELECT record_number, CASE WHEN is_converted THEN 1 WHEN NOT is_converted THEN 0 ELSE -1 END AS converted,"
        " coalesce(epoch_us(lead_at), -9223372036854775807) AS at_us FROM leads WHERE import_id = $id"
        " ORDER BY record_number",
        {"id": import_id},
    ).fetchnumpy()
    at_us = np.asarray(plain["at_us"], dtype=np.int64)
    is_dated = at_us > np.iinfo(np.int64).min + 1
    (as_of,) = db.one("SELECT max(lead_at) FROM leads WHERE import_id = $id", {"id": import_id})
    ages = None
    if as_of is not None:
        ages = np.where(is_dated, (at_us.max() - np.where(is_dated, at_us, 0)) / DAY_US, np.nan)
    leads = Leads(import_id, columns, np.asarray(plain["converted"], dtype=np.int8), ages)
    return ReadImport(leads, np.asarray(plain["record_number"], dtype=np.int64), as_of)


def read_mapping(db: Database, import_id: str) -> dict[str, Any]:
    """Return role -> column of an import's file."""
    (mapping,) = db.one("SELECT mapping FROM lead_files WHERE import_id = $id", {"id": import_id})
    return dict(json.loads(mapping))


def read_model(db: Database, import_id: str) -> PersonaModel | None:
    """Return the stored personas of an import, None where there are none."""
    found = db.one("SELECT model FROM lead_models WHERE import_id = $id", {"id": import_id})
    return PersonaModel.from_json(json.loads(found[0])) if found else None


def _extra_headers(db: Database, import_id: str, settings: LeadSettings) -> list[str]:
    if settings.extra_columns != "all":
        return [header for header in settings.extra_columns if not is_personal(header)]
    rows = db.rows(
        "SELECT key, min(place) AS place FROM (SELECT unnest(json_keys(extras)) AS key,"
        " generate_subscripts(json_keys(extras), 1) AS place FROM"
        " (SELECT extras FROM leads WHERE import_id = $id AND extras IS NOT NULL ORDER BY record_number LIMIT $limit))"
        " GROUP BY key ORDER BY place, key",
        {"id": import_id, "limit": KEYS_LOOKED_AT},
    )
    return [str(row["key"]) for row in rows if not is_personal(str(row["key"]))][:MOST_EXTRAS]


def _extra(header: str) -> str:
    escaped = header.replace("\\", "\\\\").replace('"', '\\"')
    path = f'$."{escaped}"'
    return f"json_extract_string(extras, {quoted(path)})"


def _coded(db: Database, import_id: str, name: str, header: str, expression: str, settings: LeadSettings) -> LeadColumn:
    """Read a column as codes: the texts cross over once each, not once a lead."""
    table = db.connection.sql(
        f"SELECT coalesce({expression}, {quoted(UNKNOWN)}) AS value FROM leads WHERE import_id = $id"
        " ORDER BY record_number",
        params={"id": import_id},
    ).to_arrow_table()
    encoded = table.column("value").combine_chunks().dictionary_encode()
    texts = [str(text) for text in encoded.dictionary.to_pylist()]
    hidden = {word.lower() for word in settings.hidden_nulls} | {""}
    shown = [UNKNOWN if text in MISSING or text.strip().lower() in hidden else text for text in texts]
    levels = tuple(sorted(set(shown)))
    place = {level: number for number, level in enumerate(levels)}
    codes = np.array([place[text] for text in shown], dtype=np.int32)
    return LeadColumn(name, header, levels, codes[np.asarray(encoded.indices)])
