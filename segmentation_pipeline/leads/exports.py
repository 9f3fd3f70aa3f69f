"""Files of an import for people: personas as JSON, the file with a Cluster column, dashboard and map as pictures.

Add here: another file people download. Keep out: drawing (pictures.py) and when files are written (exporting.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.errors import InputError
from segmentation_pipeline.landing.kinds import FORM_REASONS, RecordKind
from segmentation_pipeline.landing.sources import identify, recognise
from segmentation_pipeline.landing.staging import open_stage
from segmentation_pipeline.leads.known_columns import FEATURES
from segmentation_pipeline.leads.pictures import PictureRow
from segmentation_pipeline.warehouse.contracts import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from segmentation_pipeline.config import InputSettings
    from segmentation_pipeline.landing.mapping import Wanted
    from segmentation_pipeline.warehouse.database import Database

CLUSTER_HEADER = "Cluster"

_JSON_COLUMNS = ("demographics", "geography", "professional", "acquisition", "extras", "contrasts")


@dataclass(frozen=True, slots=True)
class ShownNames:
    """What people call personas, and what they noted on them, by persona id."""

    names: Mapping[str, str]
    notes: Mapping[str, Sequence[str]]


def personas_document(db: Database, import_id: str, edits: ShownNames) -> dict[str, Any]:
    """Return everything told of an import's personas, highest rate first, as nested plain values."""
    imported = db.rows("SELECT * EXCLUDE (fingerprint) FROM lead_imports WHERE import_id = $id", {"id": import_id})[0]
    columns = db.rows(
        "SELECT * EXCLUDE (import_id) FROM lead_columns WHERE import_id = $id ORDER BY rowid", {"id": import_id}
    )
    personas = []
    for row in db.rows(
        "SELECT * EXCLUDE (import_id) FROM lead_personas WHERE import_id = $id ORDER BY rank", {"id": import_id}
    ):
        told = {name: json.loads(value) if name in _JSON_COLUMNS else value for name, value in row.items()}
        persona_id = row["persona_id"]
        personas.append(
            {
                **told,
                "name": shown_name(row["persona_id"], row["name"], edits),
                "own_name": row["name"],
                "notes": list(edits.notes.get(persona_id, ())),
            }
        )
    as_of = imported["as_of"]
    return {**imported, "as_of": None if as_of is None else as_of.isoformat(), "columns": columns, "personas": personas}


def shown_name(persona_id: str, own: str, edits: ShownNames) -> str:
    """Return what a persona is called: by a person, else by its own name."""
    return edits.names.get(persona_id, own)


def picture_rows(db: Database, import_id: str, edits: ShownNames) -> list[PictureRow]:
    """Return what pictures need of each persona, highest rate first; the tier stands apart, not in the name."""
    return [
        PictureRow(
            name=shown_name(row["persona_id"], row["label"], edits),
            cluster=int(row["cluster"]),
            size=int(row["size"]),
            share=float(row["share"]),
            conversion_count=int(row["conversion_count"]),
            raw_rate=row["raw_rate"],
            shrunken_rate=row["shrunken_rate"],
            rate_low=row["rate_low"],
            rate_high=row["rate_high"],
            value_tier=row["value_tier"],
            is_tier_uncertain=bool(row["is_tier_uncertain"]),
        )
        for row in db.rows("SELECT * FROM lead_personas WHERE import_id = $id ORDER BY rank", {"id": import_id})
    ]


def write_personas(document: Mapping[str, Any], path: Path) -> None:
    """Write the personas of an import as JSON, in UTF-8."""
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write_clustered(
    db: Database,
    import_id: str,
    landed: Path,
    path: Path,
    *,
    wanted: Wanted,
    reading: InputSettings,
    scratch: Path,
    is_spreadsheet_safe: bool,
) -> None:
    """Write every record of a landed CSV in its order, all of its columns, and the lead's group as `Cluster`.

    A record that is no lead has an empty Cluster; one that cannot be split into columns is left out (it is in
    rejected_leads). Of JSON and Parquet the leads' own columns are written. `is_spreadsheet_safe`: a text that a
    spreadsheet would take for a formula gets an apostrophe in front; numbers stay.

    Raises:
        InputError: the landed file cannot be read any more.
    """
    source = recognise(identify(import_id, landed), wanted, scratch)
    if source.dialect is None:
        columns = {name: name for name in ("lead_id", *FEATURES, "extras", "is_converted")}
        select = ", ".join(f"{_safe(f'l.{name}::VARCHAR', is_spreadsheet_safe)} AS {name}" for name in columns)
        _copy(
            db,
            f"SELECT {select}, c.cluster AS {CLUSTER_HEADER} FROM leads AS l JOIN lead_clusters AS c"
            f" USING (import_id, record_number) WHERE l.import_id = {quoted(import_id)} ORDER BY l.record_number",
            path,
        )
        return
    header = list(source.dialect.header)
    fields = [f"c{place}" for place in range(len(header))]
    kind = RecordKind(
        wanted,
        "file_number INTEGER, " + "".join(f"{field} VARCHAR, " for field in fields) + "reason VARCHAR, "
        "found VARCHAR, record VARCHAR",
        f"SELECT $file_number::INTEGER AS file_number, {', '.join(fields)}, CAST(NULL AS VARCHAR) AS reason,"
        " CAST(NULL AS VARCHAR) AS found, CAST(NULL AS VARCHAR) AS record FROM ({fields}) AS fields",
        FORM_REASONS,
    )
    told = [
        f"{_safe(field, is_spreadsheet_safe)} AS {_identifier(_safe_text(name, is_spreadsheet_safe))}"
        for field, name in zip(fields, header, strict=True)
    ]
    with open_stage(
        db.connection, kind, scratch, timezone=reading.default_timezone, max_field_chars=reading.max_field_chars
    ) as stage:
        staged = stage.read(identify(import_id, landed), db.one("SELECT TIMESTAMP '9999-01-01'")[0])
        if staged.error:
            raise InputError(staged.error)
        _copy(
            db,
            f"SELECT {', '.join(told)}, c.cluster AS {_identifier(_free(CLUSTER_HEADER, header))}"
            f" FROM ({stage.numbered}) AS r LEFT JOIN (SELECT record_number, cluster FROM lead_clusters"
            f" WHERE import_id = {quoted(import_id)}) AS c ON c.record_number = r.record_number"
            " ORDER BY r.record_number",
            path,
        )


def _copy(db: Database, select: str, path: Path) -> None:
    db.execute(f"COPY ({select}) TO {quoted(str(path))} (FORMAT csv, HEADER, DELIMITER ',')")


def _safe(expression: str, is_wanted: bool) -> str:  # noqa: FBT001 - passed on from a keyword
    """Return the expression of a cell a spreadsheet reads as text (OWASP: cells that begin with = + - @ tab CR)."""
    if not is_wanted:
        return expression
    return (
        f"CASE WHEN regexp_matches({expression}, '^[=+\\-@\\t\\r]') AND try_cast({expression} AS DOUBLE) IS NULL"
        f" THEN '''' || {expression} ELSE {expression} END"
    )


def _safe_text(text: str, is_wanted: bool) -> str:  # noqa: FBT001 - passed on from a keyword
    return f"'{text}" if is_wanted and text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _free(name: str, taken: Sequence[str]) -> str:
    """Return a header the file does not have yet."""
    used = {header.lower() for header in taken}
    return next(
        free
        for place in range(len(taken) + 2)
        if (free := name if not place else f"{name} {place + 1}").lower() not in used
    )


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
