"""A file of leads on its way into a home: shown first as it would be read, then put into landing whole or not at all.

Add here: another thing that must hold of a file before it lands. Keep out: reading it (leads/), starting runs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from segmentation_pipeline.config import SAMPLE_HOME
from segmentation_pipeline.errors import InputError
from segmentation_pipeline.homes import bring_leads
from segmentation_pipeline.landing.sources import UNFINISHED_SUFFIXES
from segmentation_pipeline.leads.preview import LeadPreview, preview_leads
from segmentation_pipeline.state.segment_edits import one_line

if TYPE_CHECKING:
    from segmentation_pipeline.config import Home

FOLDER = "leads"

LONGEST_NAME = 120
"""Characters of a file name; folders and databases take twice as many bytes."""

__all__ = ["LeadPreview", "is_sample", "land_leads", "preview_upload"]


def is_sample(home: Home) -> bool:
    """Tell whether a home is the data that ships with the source, into which nothing of one's own goes."""
    return home.root == SAMPLE_HOME


def preview_upload(home: Home, name: str, content: bytes) -> LeadPreview:
    """Return how the next run would read a file of this name; nothing is landed.

    Raises:
        InputError: no file can have that name.
    """
    settings = home.settings()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / clean_file_name(name)
        path.write_bytes(content)
        return preview_leads(path, settings.leads, settings.input)


def land_leads(home: Home, name: str, content: bytes) -> LeadPreview:
    """Put a file of leads into landing, where the next run makes it an import; return how it will be read.

    Raises:
        InputError: it could not be read, or another file has its name.
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
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / preview.name
        path.write_bytes(content)
        bring_leads(home, [path], is_sample=is_sample(home))
    return preview


def clean_file_name(name: str) -> str:
    """Return a file name without folders and invisible characters.

    Raises:
        InputError: nothing is left, it is too long, or files of that name are never read.
    """
    cleaned = one_line(name.replace("\\", "/").rsplit("/", 1)[-1])
    if not cleaned or cleaned.startswith(".") or cleaned.lower().endswith(UNFINISHED_SUFFIXES):
        raise InputError(f"{cleaned or 'The file'}: files of this name are not read. Next: call it YYYY-MM.csv.")
    if len(cleaned) > LONGEST_NAME:
        raise InputError(f"{cleaned[:40]}...: the name has {len(cleaned)} characters. Next: at most {LONGEST_NAME}.")
    return cleaned
