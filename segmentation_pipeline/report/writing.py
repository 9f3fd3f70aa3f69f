"""The files of a report: every form, each replaced whole, under `exports/reports/MONTH` of the home.

Add here: another form. Keep out: content (building.py), and how a form is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import segmentation_pipeline.client as client
from segmentation_pipeline.errors import HomeError, SettingsError
from segmentation_pipeline.report.building import build_report
from segmentation_pipeline.report.slides import as_slides
from segmentation_pipeline.report.typesetting import typeset
from segmentation_pipeline.report.web import as_html
from segmentation_pipeline.wording import LANGUAGES

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from segmentation_pipeline.config import Home

FOLDER = "reports"
FORMS = {"pdf": typeset, "html": as_html, "pptx": as_slides}


@dataclass(frozen=True)
class WrittenReport:
    """A report that was written: of which month, in how many pages, and where each form is."""

    month: date
    locale: str
    page_count: int
    paths: dict[str, Path]


def write_report(
    home: Home, month: date | None = None, *, locale: str | None = None, folder: Path | None = None
) -> WrittenReport:
    """Write the report of a refresh (by default the newest published) in the forms of pipeline.toml, else in all.

    `locale`: else the one of pipeline.toml. `folder`: else that of the month in the home.

    Raises:
        HomeError: the folder is not a home, or cannot be written to.
        SettingsError: pipeline.toml is wrong, or there is no such language.
        NothingPublished: nothing is published yet.
        NotFound: there is no such refresh.
    """
    settings = home.settings().report
    told = locale or settings.language
    if told not in LANGUAGES:
        raise SettingsError(f"No report is written in {told!r}. Next: choose one of {', '.join(LANGUAGES)}.")
    with client.open(home) as opened, opened.snapshot() as snapshot:
        report = build_report(snapshot, month, told)
    where = folder or home.exports / FOLDER / f"{report.month:%Y-%m}"
    paths = {}
    try:
        where.mkdir(parents=True, exist_ok=True)
        for form in settings.formats or FORMS:
            paths[form] = where / f"report-{report.month:%Y-%m}-{told}.{form}"
            partial = paths[form].with_name(paths[form].name + ".part")
            partial.write_bytes(FORMS[form](report))
            partial.replace(paths[form])
    except OSError as problem:
        raise HomeError(
            f"The report cannot be written to {where}: {problem}. Next: make room or give --out."
        ) from problem
    return WrittenReport(report.month, told, len(report.pages), paths)
