"""What commands share: the --home option, the reading of a month, who writes, errors told without a traceback.

Add here: an option or a way of telling that a second module of commands needs. Keep out: commands.
"""

import contextlib
import getpass
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from segmentation_pipeline.errors import PipelineError, SettingsError

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Folder of the installation; else SEGPIPE_HOME, else the sample.")
]


@contextlib.contextmanager
def told_plainly() -> Iterator[None]:
    """Print what a user can cause as one message, without a traceback."""
    try:
        yield
    except PipelineError as error:
        Console(stderr=True).print(f"[bold red]error[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None


def month_given(text: str | None) -> date | None:
    """Read `2026-01` as the first of January 2026.

    Raises:
        SettingsError: not a month.
    """
    if text is None:
        return None
    try:
        year, month = text.split("-")
        return date(int(year), int(month), 1)
    except ValueError:
        raise SettingsError(f"--month {text} is not a month. Next: write it as YYYY-MM, such as 2026-01.") from None


def author() -> str:
    """Return who sits at the terminal; a container without a user database still may write."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "terminal"
