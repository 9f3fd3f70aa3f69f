"""`segpipe report`: write the report of a refresh as PDF, HTML and slides.

Add here: another choice people have. Keep out: what is in a report, and how it looks (report/).
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from segmentation_pipeline.config import find_home
from segmentation_pipeline.terminal.commands import HomeOption, month_given, told_plainly

console = Console()


def report(
    home: HomeOption = None,
    month: Annotated[str | None, typer.Option("--month", help="Refresh, YYYY-MM; else the newest.")] = None,
    language: Annotated[str | None, typer.Option("--language", help="en or tr; else that of pipeline.toml.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the files; else exports/reports.")] = None,
) -> None:
    """Write the report of a refresh as PDF, as one HTML file and as slides."""
    with told_plainly():
        wanted = month_given(month)
        from segmentation_pipeline.report.writing import write_report

        written = write_report(find_home(home), wanted, locale=language, folder=out)
    for path in written.paths.values():
        console.print(escape(str(path)), highlight=False, soft_wrap=True)
