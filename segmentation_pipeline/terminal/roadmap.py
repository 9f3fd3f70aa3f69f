"""`segpipe roadmap`: see what experiments would take, plan them, write the plans out.

Add here: another thing a person may do to the roadmap from the terminal. Keep out: what is allowed (client/, state/).
"""

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from segmentation_pipeline.errors import EditRefused, HomeError, NotFound
from segmentation_pipeline.terminal.commands import HomeOption, author, month_given, told_plainly

if TYPE_CHECKING:
    from segmentation_pipeline.client import Client, ExperimentPower, Plan, Recommendation, RoadmapEntry

app = typer.Typer(help="Choose experiments, see what they would take, plan them.", no_args_is_help=True)
console = Console()

MonthOption = Annotated[str | None, typer.Option("--month", help="Refresh, YYYY-MM; else the newest.")]
EntryNumber = Annotated[int, typer.Argument(metavar="ENTRY", help="Number of the entry, as `list` shows it.")]
StatusOption = Annotated[str | None, typer.Option("--status", help="planned, running, decided or dropped.")]
PriorityOption = Annotated[int | None, typer.Option("--priority", help="1 (first) to 5 (last); else 3.")]
OwnerOption = Annotated[str | None, typer.Option("--owner", help="Who sees to it; empty for nobody.")]
StartOption = Annotated[str | None, typer.Option("--start", help="First day, YYYY-MM-DD; empty for none.")]
EndOption = Annotated[str | None, typer.Option("--end", help="Last day, YYYY-MM-DD; empty for none.")]
NoteOption = Annotated[str | None, typer.Option("--note", help="A note beside the change, up to 4,000 characters.")]


@app.command()
def ideas(
    segment_id: Annotated[str | None, typer.Argument(metavar="[SEGMENT]", help="Of this segment; else of all.")] = None,
    home: HomeOption = None,
    month: MonthOption = None,
) -> None:
    """Show the experiments a refresh recommends, what each would take, and whether it should be run."""
    from segmentation_pipeline import client

    with told_plainly():
        asked = month_given(month)
        with client.open(home).snapshot() as published:
            shown = published.month(asked)
            found = published.recommendations(segment_id, asked, kind="experiment")
            power = {row.recommendation_id: row for row in published.experiment_power(segment_id, asked)}
        if segment_id is not None and not found:
            raise NotFound(
                f"{shown:%Y-%m} recommends no experiment for {segment_id}. Next: `segpipe roadmap ideas` shows all."
            )
    if not found:
        console.print(f"The refresh {shown:%Y-%m} recommends no experiment.")
        return
    console.print(f"[bold]{shown:%Y-%m}[/]")
    for idea in found:
        _tell(_told_idea(idea, power.get(idea.recommendation_id)))


@app.command("list")
def list_entries(home: HomeOption = None) -> None:
    """Show the planned experiments: running ones first, then planned, decided and dropped."""
    from segmentation_pipeline import client

    with told_plainly():
        found = client.open(home).roadmap()
    if not found:
        console.print("Nothing is on the roadmap. Next: `segpipe roadmap ideas`, then `segpipe roadmap add`.")
        return
    for entry in found:
        _tell(_told_entry(entry))


@app.command()
def add(
    recommended: Annotated[
        str, typer.Argument(metavar="ID", help="Id of the recommendation, or of its segment (then --rank tells which).")
    ],
    home: HomeOption = None,
    month: MonthOption = None,
    rank: Annotated[int | None, typer.Option("--rank", help="Place among the experiments of the segment.")] = None,
    status: StatusOption = None,
    priority: PriorityOption = None,
    owner: OwnerOption = None,
    start: StartOption = None,
    end: EndOption = None,
    note: NoteOption = None,
) -> None:
    """Put a recommended experiment on the roadmap, with a copy of its figures as they are now."""
    from segmentation_pipeline import client

    with told_plainly():
        changes = _changes(status, priority, owner, start, end, note)
        asked, opened = month_given(month), client.open(home)
        chosen = recommended if rank is None else _ranked(opened, recommended, rank, asked)
        entry = opened.add_to_roadmap(chosen, by=author(), month=asked, **changes)
    _tell(f"Entry {entry.entry_id} is on the roadmap: {entry.recommendation.title}")
    if entry.power is not None:
        _tell(f"{entry.power.verdict}: {entry.power.reason}")


@app.command("set")
def set_plan(
    entry_id: EntryNumber,
    home: HomeOption = None,
    status: StatusOption = None,
    priority: PriorityOption = None,
    owner: OwnerOption = None,
    start: StartOption = None,
    end: EndOption = None,
    note: NoteOption = None,
) -> None:
    """Change the plan of an entry: only what is given."""
    from segmentation_pipeline import client

    with told_plainly():
        changes = _changes(status, priority, owner, start, end, note)
        entry = client.open(home).change_roadmap(entry_id, by=author(), **changes)
    plan = entry.plan
    _tell(f"Entry {entry_id} is {plan.status}, priority {plan.priority}, {plan.owner or 'no owner'}, {_days(plan)}")


@app.command()
def export(
    entry_id: Annotated[
        int | None, typer.Argument(metavar="[ENTRY]", help="A brief of this entry (Markdown); else all as CSV.")
    ] = None,
    home: HomeOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; else the terminal.")] = None,
) -> None:
    """Write the roadmap as CSV, or the brief of one experiment as Markdown."""
    from segmentation_pipeline import client

    with told_plainly():
        opened = client.open(home)
        text = opened.roadmap_csv() if entry_id is None else opened.experiment_brief(entry_id)
        if out is not None:
            _write(out, text)
            _tell(f"Wrote {out}")
            return
    sys.stdout.write(text.replace("\r\n", "\n"))


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise HomeError(f"{out} cannot be written: {error.strerror}. Next: name another file with --out.") from error


def _ranked(opened: "Client", segment_id: str, rank: int, month: date | None) -> str:
    found = opened.recommendations(segment_id, month, kind="experiment")
    for idea in found:
        if idea.rank == rank:
            return idea.recommendation_id
    known = ", ".join(str(idea.rank) for idea in found) or "none"
    raise NotFound(
        f"There is no experiment {rank} of segment {segment_id}; there are: {known}. Next: `segpipe roadmap ideas`."
    )


def _changes(
    status: str | None,
    priority: int | None,
    owner: str | None,
    start: str | None,
    end: str | None,
    note: str | None,
) -> dict[str, Any]:
    given: dict[str, Any] = {
        "status": status,
        "priority": priority,
        "owner": owner,
        "starts_on": _day("--start", start),
        "ends_on": _day("--end", end),
        "note": note,
    }
    emptied = {"starts_on": start, "ends_on": end}
    return {name: value for name, value in given.items() if value is not None or emptied.get(name) == ""}


def _day(option: str, text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise EditRefused(f"{option} {text} is not a day. Next: write it as YYYY-MM-DD, such as 2026-03-02.") from None


def _told_idea(idea: "Recommendation", power: "ExperimentPower | None") -> str:
    """Return an idea in two lines, which any width of a terminal shows whole."""
    told = [idea.recommendation_id]
    if power is not None:
        told.append(power.verdict)
        told += [] if power.eligible_per_week is None else [f"{power.eligible_per_week:,.1f} new a week"]
        told += [] if power.weeks_to_decide is None else [f"{power.weeks_to_decide:,.1f} weeks to decide"]
    return f"{' · '.join(told)}\n    {idea.title} ({idea.primary_metric} {idea.expected_direction})"


def _told_entry(entry: "RoadmapEntry") -> str:
    """Return a planned experiment in two lines."""
    plan = entry.plan
    told = [f"priority {plan.priority}", plan.owner or "no owner", _days(plan)]
    told += [] if entry.power is None else [entry.power.verdict]
    told += [f"{len(entry.notes)} note{'s' if len(entry.notes) > 1 else ''}"] if entry.notes else []
    first = f"{entry.entry_id:>3} {plan.status}: {entry.recommendation.title} ({entry.segment_name})"
    return f"{first}\n    {' · '.join(told)}"


def _days(plan: "Plan") -> str:
    return f"{plan.starts_on or '?'} to {plan.ends_on or '?'}" if plan.starts_on or plan.ends_on else "no dates"


def _tell(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
