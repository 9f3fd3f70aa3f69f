"""How a file of leads would be read, before it is landed: its columns, what its outcome says, its first leads.

Add here: something else people should see before they hand a file over. Keep out: landing it (intake/lead_uploads.py).
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.landing.sources import identify
from segmentation_pipeline.landing.staging import open_stage
from segmentation_pipeline.leads.ingest import columns_found, why_featureless
from segmentation_pipeline.leads.known_columns import FEATURES
from segmentation_pipeline.leads.records import lead_records
from segmentation_pipeline.warehouse.database import memory_database

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segmentation_pipeline.config import InputSettings
    from segmentation_pipeline.landing.staging import Stage, StagedFile
    from segmentation_pipeline.lead_settings import LeadSettings

SHOWN_LEADS = 5


@dataclass(frozen=True)
class LeadPreview:
    """How a file would be read; `problem` says why it could not be, with the next step, and then nothing else is known.

    `roles`: role -> its column in the file, the outcome first; `ignored`: columns no role takes. Counts are records.
    """

    name: str
    problem: str | None
    format: str
    encoding: str
    roles: Mapping[str, str]
    ignored: tuple[str, ...]
    read_count: int
    rejected_count: int
    converted_count: int
    not_converted_count: int
    unknown_count: int
    first_leads: tuple[Mapping[str, Any], ...]


def preview_leads(path: Path, settings: LeadSettings, reading: InputSettings) -> LeadPreview:
    """Read a file as the next run would, into memory alone."""
    kind = lead_records(settings)
    with tempfile.TemporaryDirectory() as folder, memory_database() as db:
        scratch = Path(folder)
        with open_stage(
            db.connection, kind, scratch, timezone=reading.default_timezone, max_field_chars=reading.max_field_chars
        ) as stage:
            staged = stage.read(identify(path.name, path), datetime.now(UTC).replace(tzinfo=None))
            problem = staged.error or why_featureless(staged, settings, scratch)
            if problem:
                return _unreadable(staged, problem)
            return _read(stage, staged, columns_found(staged.file, settings, scratch))


def _read(stage: Stage, staged: StagedFile, header: tuple[str, ...]) -> LeadPreview:
    told = json.loads(staged.mapping)
    roles = {role: column for role, column in told.items() if role != "found_by" and column}
    taken = set(roles.values())
    accepted = f"FROM {stage.name}.staged WHERE reason IS NULL"
    (converted, not_converted, unknown) = stage.connection.execute(
        "SELECT count(*) FILTER (is_converted), count(*) FILTER (NOT is_converted),"
        f" count(*) FILTER (is_converted IS NULL) {accepted}"
    ).fetchall()[0]
    shown = [role for role in ("lead_id", *FEATURES) if role in roles]
    rows = stage.connection.execute(
        f"SELECT {', '.join((*shown, 'is_converted'))} {accepted} ORDER BY rowid LIMIT {SHOWN_LEADS}"
    ).fetchall()
    return LeadPreview(
        staged.file.name,
        None,
        staged.format,
        staged.encoding,
        roles,
        tuple(column for column in header if column not in taken),
        staged.read_count,
        staged.rejected_count,
        int(converted),
        int(not_converted),
        int(unknown),
        tuple(dict(zip((*shown, "outcome"), row, strict=True)) for row in rows),
    )


def _unreadable(staged: StagedFile, problem: str) -> LeadPreview:
    return LeadPreview(staged.file.name, problem, staged.format, staged.encoding, {}, (), 0, 0, 0, 0, 0, ())
