"""What `segpipe run` prints of leads: the personas of the newest import, and where their files are.

Add here: another figure people look for first. Keep out: where the figures come from (client/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from segmentation_pipeline import client
from segmentation_pipeline.config import SAMPLE_HOME
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.leads.exporting import export_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from segmentation_pipeline.client.personas import LeadImport, Persona
    from segmentation_pipeline.config import Home

NOT_KNOWN = "–"


def has_leads(home: Home) -> bool:
    """Tell whether files of leads have landed."""
    folder = home.landing / "leads"
    return folder.is_dir() and any(path.is_file() and not path.name.startswith(".") for path in folder.rglob("*"))


def print_leads(console: Console, home: Home) -> None:
    """Print the personas of the newest import; a line instead where none could be read."""
    reader = client.open(home)
    try:
        imports = reader.lead_imports()
    except PipelineError as error:
        console.print(f"No leads are published: {error}", markup=False)
        return
    if not imports:
        console.print("\n[bold]Leads[/]  none could be used: the checks above say why.")
        return
    newest = imports[-1]
    console.print(_headline(newest, len(imports)))
    if newest.status_reason:
        console.print(f"  one persona: {newest.status_reason}", markup=False)
    if newest.verdict_reason:
        console.print(f"  {newest.verdict}: {newest.verdict_reason}", markup=False)
    console.print(personas_table(reader.personas(newest.import_id)))
    console.print(
        f"Personas, clustered CSV, dashboard and map: {export_folder(home, newest.import_id)}",
        markup=False,
        soft_wrap=True,
    )


def print_leads_next_steps(console: Console, home: Home) -> None:
    """Print where to look after a run of leads alone."""
    which = "" if home.root == SAMPLE_HOME else f" --home {home.root}"
    console.print(
        f"\n[bold]Next[/]  `segpipe personas rename ID NAME{which}` gives a persona your name for it;\n"
        f"      any DuckDB client opens {home.published_file}\n"
        "      (start with: FROM data_dictionary; FROM lead_personas; FROM lead_trends).",
    )


def personas_table(personas: Sequence[Persona]) -> Table:
    """Return personas as a table, highest rate first."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("persona", no_wrap=True)
    table.add_column("name", overflow="fold", min_width=24)
    for figure in ("leads", "raw rate", "rate (95 %)", "best"):
        table.add_column(figure, justify="right")
    for one in personas:
        table.add_row(
            one.persona_id,
            escape(one.display_name) + (" ?" if one.is_tier_uncertain and one.display_name == one.name else ""),
            f"{one.size:,} ({one.share:.0%})",
            NOT_KNOWN if one.raw_rate is None else f"{one.raw_rate:.1%}",
            _rate(one),
            NOT_KNOWN if one.best_probability is None else f"{one.best_probability:.0%}",
        )
    return table


def _headline(newest: LeadImport, count: int) -> str:
    rate = "" if newest.overall_rate is None else f", {newest.overall_rate:.1%} of {newest.counted_count:,} converted"
    unknown = f"; {newest.unknown_outcome_count:,} with an unknown outcome" if newest.unknown_outcome_count else ""
    young = f"; {newest.immature_count:,} too young for rates" if newest.immature_count else ""
    others = f" (newest of {count} imports)" if count > 1 else ""
    return f"\n[bold]Leads {escape(newest.import_id)}[/]{others}  {newest.lead_count:,} leads{rate}{unknown}{young}"


def _rate(one: Persona) -> str:
    if one.shrunken_rate is None or one.rate_low is None or one.rate_high is None:
        return NOT_KNOWN
    return f"{one.shrunken_rate:.1%} ({one.rate_low:.1%}–{one.rate_high:.1%})"
