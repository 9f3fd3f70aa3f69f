"""A file of leads on its way into a home: shown first as it would be read, then landed whole or not at all.

Add here: another thing that must hold of a file of leads before it lands. Keep out: reading it (leads/), starting runs.
"""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from segmentation_pipeline.errors import InputError
from segmentation_pipeline.intake.uploads import refuse_sample, safe_name, unwritable, written
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
        HomeError: the home is the sample, or the file cannot be written.
    """
    refuse_sample(home)
    preview = preview_upload(home, name, content)
    if preview.problem:
        raise InputError(preview.problem)
    folder = home.landing / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with written(folder, io.BytesIO(content)) as partial:
            _link(partial, folder / preview.name, content)
    except OSError as error:
        raise unwritable(preview.name, folder, error) from error
    return preview


def _link(partial: Path, target: Path, content: bytes) -> None:
    """Give a written file its name, which nobody else can have taken meanwhile."""
    try:
        os.link(partial, target)
    except FileExistsError:
        if target.is_file() and target.read_bytes() == content:
            return
        raise InputError(
            f"{target.name}: an import of this name is here already, with other content. Nothing was changed. "
            "Next: give the file another name; imports are ordered by name, as 2026-01.csv and 2026-02.csv are."
        ) from None
