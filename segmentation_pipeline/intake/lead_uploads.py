"""A file of leads on its way into a home: shown first as it would be read, then landed whole or not at all.

Add here: another thing that must hold of a file of leads before it lands. Keep out: reading it (leads/), starting runs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from segmentation_pipeline.errors import InputError
from segmentation_pipeline.homes import bring_leads
from segmentation_pipeline.intake.uploads import safe_name
from segmentation_pipeline.leads.preview import LeadPreview, preview_leads

if TYPE_CHECKING:
    from segmentation_pipeline.config import Home

FOLDER = "leads"

__all__ = ["FOLDER", "LeadPreview", "land_leads", "preview_upload"]


def preview_upload(home: Home, name: str, content: bytes) -> LeadPreview:
    """Return how the next run would read a file of this name; nothing is landed."""
    settings = home.settings()
    with tempfile.TemporaryDirectory(prefix="segpipe-preview-") as folder:
        path = Path(folder) / safe_name(name)
        path.write_bytes(content)
        return preview_leads(path, settings.leads, settings.input)


def land_leads(home: Home, name: str, content: bytes) -> LeadPreview:
    """Put a file of leads into landing, where the next run makes it an import; return how it will be read.

    Raises:
        InputError: it could not be read, or an import of its name has other content.
        HomeError: the home is the sample.
    """
    preview = preview_upload(home, name, content)
    if preview.problem:
        raise InputError(preview.problem)
    landed = home.landing / FOLDER / preview.name
    if landed.is_file() and landed.read_bytes() != content:
        raise InputError(
            f"{preview.name}: an import of this name is here already, with other content. Nothing was changed. "
            "Next: give the file another name; imports are ordered by name, as 2026-01.csv and 2026-02.csv are."
        )
    with tempfile.TemporaryDirectory(prefix="segpipe-landing-") as folder:
        path = Path(folder) / preview.name
        path.write_bytes(content)
        bring_leads(home, [path], is_sample=home.settings().sample)
    return preview
