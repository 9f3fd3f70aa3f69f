"""Which files for people are written anew: those of imports that changed, or whose personas people renamed.

Add here: a rule about that. Keep out: what is in the files (exports.py, pictures.py).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation_pipeline.errors import InputError
from segmentation_pipeline.landing.scratch import empty_folder
from segmentation_pipeline.landing.sources import identify
from segmentation_pipeline.leads.exports import (
    ShownNames,
    personas_document,
    picture_rows,
    write_clustered,
    write_personas,
)
from segmentation_pipeline.leads.ingest import FOLDER
from segmentation_pipeline.leads.pictures import draw_dashboard, draw_lead_map, save_png
from segmentation_pipeline.leads.records import lead_columns
from segmentation_pipeline.leads.tables import EXPORTS, LeadExports
from segmentation_pipeline.state import persona_edits
from segmentation_pipeline.state.database import open_state

if TYPE_CHECKING:
    from segmentation_pipeline.config import Home, Settings
    from segmentation_pipeline.warehouse.database import Database
    from segmentation_pipeline.warehouse.warehouse import Warehouse

EXPORT_RULES = 1
"""Raised when the same personas would be shown in other files than before."""

FILE_NAMES = {
    "personas": "personas.json",
    "clustered": "clustered.csv",
    "dashboard": "dashboard.png",
    "pca": "pca.png",
}


@dataclass(frozen=True)
class ExportReport:
    """What was written now, by import, and what could not be and why."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    problems: tuple[str, ...]


def export_folder(home: Home, import_id: str) -> Path:
    """Return where the files of an import are."""
    return home.exports / FOLDER / Path(import_id)


def write_exports(warehouse: Warehouse) -> ExportReport:
    """Write the files of every import whose personas or their names changed, or whose files are gone.

    A clustered CSV needs the landed file; where that was deleted or replaced meanwhile, the others are written and
    the problem is told.
    """
    home = warehouse.home
    edits = read_edits(home, warehouse.settings)
    with warehouse.read() as db:
        db.ensure(LeadExports)
        imports = db.rows(
            "SELECT i.import_id, i.fingerprint, f.sha256 FROM lead_imports AS i JOIN lead_files AS f USING (import_id)"
            " ORDER BY i.import_id"
        )
        ids = {str(row["import_id"]): _persona_ids(db, row["import_id"]) for row in imports}
        known = {
            (str(row["import_id"]), str(row["kind"])): row for row in db.rows("SELECT * FROM lead_exports ORDER BY ALL")
        }
    written, unchanged, problems = [], [], []
    rows: list[dict[str, Any]] = []
    for row in imports:
        import_id = str(row["import_id"])
        fingerprint = _fingerprint(row, ids[import_id], edits, is_safe=warehouse.settings.leads.is_spreadsheet_safe)
        before = [known[import_id, kind] for kind in EXPORTS if (import_id, kind) in known]
        if _is_current(home, before, fingerprint):
            unchanged.append(import_id)
            rows += before
            continue
        problem = _write(warehouse, import_id, str(row["sha256"]), edits)
        problems += [] if problem is None else [problem]
        written.append(import_id)
        rows += _described(home, import_id, fingerprint)
    with warehouse.transaction() as db:
        _replace(db, rows)
    return ExportReport(tuple(written), tuple(unchanged), tuple(problems))


def read_edits(home: Home, settings: Settings) -> ShownNames:
    """Return the names and notes people gave personas."""
    state = open_state(home, settings)
    if not state.is_made:
        return ShownNames({}, {})
    with state.read() as connection:
        names, notes = persona_edits.current_names(connection), persona_edits.notes(connection)
    by_persona: dict[str, list[str]] = {}
    for note in notes:
        by_persona.setdefault(note.persona_id, []).append(note.text)
    return ShownNames(names, by_persona)


def _persona_ids(db: Database, import_id: str) -> list[str]:
    rows = db.rows("SELECT persona_id FROM lead_personas WHERE import_id = $id ORDER BY rank", {"id": import_id})
    return [str(row["persona_id"]) for row in rows]


def _fingerprint(row: dict[str, Any], ids: list[str], edits: ShownNames, *, is_safe: bool) -> str:
    told = [
        row["fingerprint"],
        row["sha256"],
        [(edits.names.get(one), list(edits.notes.get(one, ()))) for one in ids],
        is_safe,
        EXPORT_RULES,
        ids,
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def _is_current(home: Home, before: list[dict[str, Any]], fingerprint: str) -> bool:
    return len(before) == len(EXPORTS) and all(
        row["fingerprint"] == fingerprint and (home.root / row["path"]).is_file() for row in before
    )


def _write(warehouse: Warehouse, import_id: str, sha256: str, edits: ShownNames) -> str | None:
    """Write all files of an import; return why the clustered CSV could not be written."""
    folder = export_folder(warehouse.home, import_id)
    folder.mkdir(parents=True, exist_ok=True)
    with warehouse.read() as db:
        document = personas_document(db, import_id, edits)
        rows = picture_rows(db, import_id, edits)
        drawn = db.execute(
            "SELECT cluster, map_x, map_y FROM lead_clusters WHERE import_id = $id ORDER BY record_number",
            {"id": import_id},
        ).fetchnumpy()
        problem = _write_clustered(warehouse, db, import_id, sha256, folder)
    write_personas(document, _partial(folder, "personas"))
    rate = document["overall_rate"]
    told = f"{document['lead_count']:,} leads" + ("" if rate is None else f", {rate:.1%} converted")
    dashboard = draw_dashboard(rows, title=f"Personas of {import_id}: {told}", overall_rate=rate)
    save_png(dashboard, _partial(folder, "dashboard"))
    places = np.column_stack([drawn["map_x"], drawn["map_y"]])
    figure = draw_lead_map(
        places,
        np.asarray(drawn["cluster"], dtype=np.int64),
        rows,
        title=f"Leads of {import_id}",
        variance_shares=(document["axis_1_share"], document["axis_2_share"]),
    )
    save_png(figure, _partial(folder, "pca"))
    for kind in EXPORTS:
        if kind != "clustered" or problem is None:
            _partial(folder, kind).replace(folder / FILE_NAMES[kind])
    if problem is not None:
        (folder / FILE_NAMES["clustered"]).unlink(missing_ok=True)
    return problem


def _write_clustered(warehouse: Warehouse, db: Database, import_id: str, sha256: str, folder: Path) -> str | None:
    landed = warehouse.home.landing / FOLDER / import_id
    if not landed.is_file() or identify(import_id, landed).sha256 != sha256:
        return (
            f"{import_id}: the landed file is gone or another one, so {FILE_NAMES['clustered']} was not written. "
            "Next: land it again."
        )
    settings = warehouse.settings
    with empty_folder(warehouse.home.warehouse_file.parent / "exporting") as scratch:
        try:
            write_clustered(
                db,
                import_id,
                landed,
                _partial(folder, "clustered"),
                wanted=lead_columns(settings.leads),
                reading=settings.input,
                scratch=scratch,
                is_spreadsheet_safe=settings.leads.is_spreadsheet_safe,
            )
        except InputError as error:
            return str(error)
    return None


def _partial(folder: Path, kind: str) -> Path:
    """Return where a file is written before it takes its place: readers never see half of one."""
    return folder / f".{FILE_NAMES[kind]}.part"


def _described(home: Home, import_id: str, fingerprint: str) -> list[dict[str, Any]]:
    found = []
    for kind in EXPORTS:
        path = export_folder(home, import_id) / FILE_NAMES[kind]
        if path.is_file():
            content = path.read_bytes()
            found.append(
                {
                    "import_id": import_id,
                    "kind": kind,
                    "path": path.relative_to(home.root).as_posix(),
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "byte_count": len(content),
                    "fingerprint": fingerprint,
                }
            )
    return found


def _replace(db: Database, rows: list[dict[str, Any]]) -> None:
    import pandas as pd

    columns = ["import_id", "kind", "path", "sha256", "byte_count", "fingerprint"]
    frame = pd.DataFrame.from_records(rows, columns=columns)
    frame = frame.astype({name: "Int64" if name == "byte_count" else "string" for name in columns})
    db.replace(LeadExports, frame)
