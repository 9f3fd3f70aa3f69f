"""`segpipe personas`: list the personas of leads, give them names, write notes on them.

Add here: another thing a person may do to a persona from the terminal. Keep out: what is allowed (client/, state/).
"""

from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from segmentation_pipeline.errors import EditRefused
from segmentation_pipeline.terminal.commands import HomeOption, author, told_plainly

if TYPE_CHECKING:
    from segmentation_pipeline.client import Client

app = typer.Typer(help="Look at the personas of leads, name them, write notes on them.", no_args_is_help=True)
console = Console()

PersonaId = Annotated[str, typer.Argument(metavar="ID", help="Id of the persona, as `segpipe personas list` shows it.")]


@app.command("list")
def list_personas(
    home: HomeOption = None,
    import_id: Annotated[str | None, typer.Option("--import", help="Import (file name); else the newest.")] = None,
) -> None:
    """Show the personas of an import, highest rate first, by the names people gave them."""
    from segmentation_pipeline.terminal.leads import personas_table

    with told_plainly():
        found = _client(home).personas(import_id)
    console.print(f"[bold]{escape(found[0].import_id)}[/]")
    console.print(personas_table(found))


@app.command()
def rename(
    persona_id: PersonaId,
    name: Annotated[str | None, typer.Argument(help="New name, 1 to 80 characters.")] = None,
    home: HomeOption = None,
    is_clearing: Annotated[bool, typer.Option("--clear", help="Show its own name again.")] = False,
) -> None:
    """Give a persona a name; lists show it at once, files for people from the next run on."""
    with told_plainly():
        if (name is None) != is_clearing:
            raise EditRefused("rename takes a NAME or --clear. Next: give one of them.")
        opened = _client(home)
        if name is not None:
            told = f"is now called {opened.rename_persona(persona_id, name, by=author())}"
        elif opened.clear_persona_name(persona_id, by=author()):
            told = "is called by its own name again"
        else:
            told = "was not renamed; it is called by its own name"
    _tell(f"{persona_id} {told}")


@app.command()
def note(
    persona_id: PersonaId,
    text: Annotated[str, typer.Argument(help="What to remember, up to 4,000 characters.")],
    home: HomeOption = None,
) -> None:
    """Write a note on a persona."""
    with told_plainly():
        written = _client(home).add_persona_note(persona_id, text, by=author())
    _tell(f"Note {written.note_id} is on {persona_id}")


@app.command()
def notes(
    persona_id: PersonaId,
    home: HomeOption = None,
    deleted: Annotated[int | None, typer.Option("--delete", metavar="NUMBER", help="Delete this note first.")] = None,
) -> None:
    """Show the notes on a persona."""
    with told_plainly():
        opened = _client(home)
        if deleted is not None:
            opened.delete_persona_note(persona_id, deleted)
        found = opened.persona_notes(persona_id)
    if not found:
        console.print(f"No notes on {persona_id}.")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in ("note", "written (UTC)", "by"):
        table.add_column(column, no_wrap=True)
    table.add_column("text", overflow="fold")
    for one in found:
        table.add_row(str(one.note_id), f"{one.created_at:%Y-%m-%d %H:%M}", escape(one.created_by), escape(one.text))
    console.print(table)


def _client(home: HomeOption) -> "Client":
    from segmentation_pipeline import client

    return client.open(home)


def _tell(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
