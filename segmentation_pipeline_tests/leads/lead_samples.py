"""Leads for tests: simulated ones as columns or files, small homes of them, and how such a home is refreshed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.leads.assembling import Leads
from segmentation_pipeline.leads.columns import UNKNOWN, LeadColumn
from segmentation_pipeline.leads.exporting import write_exports
from segmentation_pipeline.leads.ingest import ingest_leads
from segmentation_pipeline.leads.refreshing import refresh_personas
from segmentation_pipeline.simulation.leads import HEADERS, simulate_leads
from segmentation_pipeline.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 6, 1)

ROLE_OF = {
    "State": "state",
    "Industry": "industry",
    "Job Title": "job_title",
    "Education Level": "education",
    "Age_range": "age",
    "Years of Experience": "experience",
    "Gender": "gender",
    "Lead Source": "source",
}


def column(name, values, header=None):
    """A column of texts; an empty one is unknown."""
    texts = [str(value) if value not in ("", None) else UNKNOWN for value in values]
    levels, codes = np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)
    return LeadColumn(name, header or name, tuple(levels.tolist()), codes.astype(np.int32))


def simulated(leads=800, seed=7, order=None):
    """Simulated leads as the stage sees them, and the planted persona of each."""
    drawn = simulate_leads(leads=leads, seed=seed)
    order = np.arange(leads) if order is None else order
    cells = np.array(drawn.rows, dtype=object)[order]
    columns = tuple(
        column(ROLE_OF[header], cells[:, place]) for place, header in enumerate(HEADERS) if header in ROLE_OF
    )
    converted = (cells[:, HEADERS.index("is_sale")] == "TRUE").astype(np.int8)
    return Leads("leads.csv", columns, converted), np.array(drawn.personas)[order]


def leads_csv(leads=200, seed=7, headers=HEADERS):
    """The text of a file of simulated leads."""
    rows = simulate_leads(leads=leads, seed=seed).rows
    return "\n".join(",".join(cells) for cells in [headers, *rows]) + "\n"


def land(root: Path, **files) -> Home:
    """Write files (texts or bytes) into landing/leads of a home; `_` in a keyword stands for a dot."""
    home = Home(root)
    folder = home.landing / "leads"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return home


def warehouse_of(home: Home, **settings) -> Warehouse:
    return Warehouse(home, Settings.model_validate({"leads": settings}))


def ingest(warehouse: Warehouse, now=NOW):
    with warehouse.transaction() as db:
        return ingest_leads(db, warehouse.home.landing, warehouse.settings.leads, warehouse.settings.input, now=now)


def refresh(warehouse: Warehouse):
    """Everything the assets do; returns what was found by import."""
    ingest(warehouse)
    found = refresh_personas(warehouse).found
    write_exports(warehouse)
    return found


def rows(warehouse: Warehouse, sql: str, **params):
    with warehouse.read() as db:
        return db.rows(sql, params or None)
