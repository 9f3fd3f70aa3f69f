"""The report as PDF, set by typst: content goes in as data, the look is in report.typ.

Add here: what another kind of block passes on. Keep out: the look (report.typ), and words.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from datetime import UTC
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.report.content import runs
from segmentation_pipeline.report.pictures import font_files

if TYPE_CHECKING:
    from segmentation_pipeline.report.content import Block, Report

TEMPLATE = "report.typ"

WIDE_CHARS = 24
"""A column of words that long takes what room the others leave."""


def typeset(report: Report) -> bytes:
    """Return the report as PDF; the same report gives the same bytes."""
    import typst

    with tempfile.TemporaryDirectory(prefix="segpipe-report-") as made:
        folder = Path(made)
        with as_file(files(__package__).joinpath(TEMPLATE)) as template:
            shutil.copy(template, folder / TEMPLATE)
        (folder / "report.json").write_text(json.dumps(as_data(report)), encoding="utf-8")
        (folder / "fonts").mkdir()
        for file in font_files():
            shutil.copy(file, folder / "fonts")
        (folder / "pictures").mkdir()
        for name, picture in report.pictures().items():
            (folder / "pictures" / f"{name}.svg").write_bytes(picture.svg)
        pdf = typst.compile(
            folder / TEMPLATE,
            root=folder,
            font_paths=[folder / "fonts"],
            ignore_system_fonts=True,  # all machines set alike
            timestamp=report.made_at.replace(tzinfo=UTC),
            package_path=folder,
            package_cache_path=folder,
        )
    return bytes(pdf)


def as_data(report: Report) -> dict[str, Any]:
    """Return the report as the template reads it."""
    return {
        "title": report.title,
        "subtitle": report.subtitle,
        "footer": report.footer,
        "locale": report.locale,
        "pages": [
            {
                "title": runs(page.title),
                "lead": runs(page.lead),
                "colour": page.colour,
                "follows": page.follows,
                "blocks": [_block(block) for block in page.blocks],
            }
            for page in report.pages
        ],
    }


_SPLIT = {"heading": ("text",), "text": ("text",), "callout": ("title", "text"), "idea": ("title", "text")}
"""Fields that may hold names of the data."""


def _block(block: Block) -> dict[str, Any]:
    kind = type(block).__name__.lower()
    if kind == "pictures":
        names = ("name", "title", "caption", "alt")
        return {"kind": kind, "pictures": [{name: getattr(one, name) for name in names} for one in block.pictures]}  # type: ignore[union-attr]
    told: dict[str, Any] = dataclasses.asdict(block) | {"kind": kind}
    told |= {name: runs(told[name]) for name in _SPLIT.get(kind, ())}
    if kind == "bullets":
        told["items"] = [runs(item) for item in told["items"]]
    if kind == "idea":
        told["details"] = [[runs(label), runs(value)] for label, value in told["details"]]
    if kind == "table":
        told["wide"] = [0, *(place for place in told["left"][1:] if _is_wide(told["rows"], place))]
        told["rows"] = [[runs(cell) for cell in row] for row in told["rows"]]
    return told


def _is_wide(rows: tuple[tuple[str, ...], ...], place: int) -> bool:
    return any(len(row[place]) > WIDE_CHARS for row in rows)
