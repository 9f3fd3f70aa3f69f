"""`segpipe segments`: list the segments, give them names, write notes on them.

Add here: another thing a person may do to a segment from the terminal. Keep out: what is allowed (client/, state/).
"""

from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from segmentation_pipeline.errors import EditRefused, NotFound
from segmentation_pipeline.terminal.commands import HomeOption, author, month_given, told_plainly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.client import Note, SegmentSummary

app = typer.Typer(help="Look at the segments, name them, write notes on them.", no_args_is_help=True)
console = Console()

SegmentId = Annotated[str, typer.Argument(metavar="ID", help="Id of the segment, such as 2026-01-a.")]


@app.command("list")
def list_segments(
    home: HomeOption = None,
    month: Annotated[str | None, typer.Option("--month", help="Refresh, YYYY-MM; else the newest.")] = None,
) -> None:
    """Show the segments of a refresh, largest first, by the names people gave them."""
    from segmentation_pipeline import client

    with told_plainly():
        asked = month_given(month)
        with client.open(home).snapshot() as published:
            shown, found = published.month(asked), published.segments(asked)
    if not found:
        console.print(f"The refresh {shown:%Y-%m} has no segments.")
        return
    console.print(f"[bold]{shown:%Y-%m}[/]")
    console.print(_table(found))


@app.command()
def rename(
    segment_id: SegmentId,
    name: Annotated[str | None, typer.Argument(help="New name, 1 to 80 characters.")] = None,
    home: HomeOption = None,
    is_clearing: Annotated[bool, typer.Option("--clear", help="Show its own label again.")] = False,
) -> None:
    """Give a segment a name that every refresh, table and page shows from now on."""
    from segmentation_pipeline import client

    with told_plainly():
        if (name is None) != is_clearing:
            raise EditRefused("rename takes a NAME or --clear. Next: give one of them.")
        opened = client.open(home)
        if name is not None:
            told = f"is now called {opened.rename_segment(segment_id, name, by=author())}"
        elif opened.clear_name(segment_id, by=author()):
            told = f"is called {opened.segment(segment_id).display_name} again"
        else:
            told = f"was not renamed; it is called {opened.segment(segment_id).display_name}"
    _tell(f"{segment_id} {told}")


@app.command()
def note(
    segment_id: SegmentId,
    text: Annotated[str, typer.Argument(help="What to remember, up to 4,000 characters.")],
    home: HomeOption = None,
) -> None:
    """Write a note on a segment."""
    from segmentation_pipeline import client

    with told_plainly():
        written = client.open(home).add_note(segment_id, text, by=author())
    _tell(f"Note {written.note_id} is on {segment_id}")


@app.command()
def notes(
    segment_id: SegmentId,
    home: HomeOption = None,
    deleted: Annotated[int | None, typer.Option("--delete", metavar="NUMBER", help="Delete this note first.")] = None,
) -> None:
    """Show the notes on a segment."""
    from segmentation_pipeline import client

    with told_plainly():
        opened = client.open(home)
        if deleted is not None:
            _of_segment(opened.notes(segment_id), deleted, segment_id)
            opened.delete_note(deleted)
        found = opened.notes(segment_id)
    if not found:
        console.print(f"No notes on {segment_id}.")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in ("note", "written (UTC)", "by"):
        table.add_column(column, no_wrap=True)
    table.add_column("text", overflow="fold")
    for one in found:
        table.add_row(str(one.note_id), f"{one.created_at:%Y-%m-%d %H:%M}", escape(one.created_by), escape(one.text))
    console.print(table)


def _table(segments: "Sequence[SegmentSummary]") -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("segment", no_wrap=True)
    table.add_column("name", overflow="fold")
    table.add_column("own label", overflow="fold")
    for figure in ("users", "share", "notes"):
        table.add_column(figure, justify="right", no_wrap=True)
    for segment in segments:
        table.add_row(
            segment.cluster_id,
            escape(segment.display_name),
            "" if segment.display_name == segment.label else escape(segment.label),
            f"{segment.user_count:,}",
            f"{segment.share:.0%}",
            str(len(segment.notes) or ""),
        )
    return table


def _of_segment(found: "Sequence[Note]", number: int, segment_id: str) -> None:
    if number not in {one.note_id for one in found}:
        raise NotFound(f"{segment_id} has no note {number}. Next: `segpipe segments notes {segment_id}`.")


def _tell(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
