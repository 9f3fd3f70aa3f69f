"""The `segpipe` command: making, running and looking at homes; serving them to programs and agents.

Add here: a command, as a few calls; every error a user can cause is printed, not raised.
Keep out: what the commands do (terminal/).
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from segmentation_pipeline.config import Home, find_home
from segmentation_pipeline.errors import SettingsError
from segmentation_pipeline.homes import bring_events, bring_files, bring_leads, create_home, prepare_home, use_home
from segmentation_pipeline.terminal.api import app as api_app
from segmentation_pipeline.terminal.commands import HomeOption, month_given, told_plainly
from segmentation_pipeline.terminal.personas import app as personas_app
from segmentation_pipeline.terminal.report import report
from segmentation_pipeline.terminal.roadmap import app as roadmap_app
from segmentation_pipeline.terminal.segments import app as segments_app

app = typer.Typer(
    help="Raw product events in; stable, honest user segments, retention curves and advice out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()
app.add_typer(api_app, name="api")
app.command()(report)
app.add_typer(segments_app, name="segments")
app.add_typer(personas_app, name="personas")
app.add_typer(roadmap_app, name="roadmap")


def _home(given: Path | None) -> Home:
    home = find_home(given)
    home.settings()
    prepare_home(home)
    use_home(home)
    return home


@app.command()
def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="New folder for the home.")]) -> None:
    """Make a new home: an explained pipeline.toml and an empty landing folder."""
    with told_plainly():
        home = create_home(folder)
        console.print(f"Made the home {home.root}")
        console.print(
            f"[bold]Next[/]  1. name your churn and conversion actions under \\[roles] in {home.settings_file}\n"
            f"      2. segpipe run --home {folder} --events YOUR_FILES"
        )


@app.command()
def simulate(
    out: Annotated[Path, typer.Option("--out", help="Folder that gets landing/ and the truth beside it.")],
    scenario: Annotated[
        str, typer.Option("--scenario", help="personas, null, continuum, lifecycle or evolve (personas over months).")
    ] = "personas",
    users: Annotated[int | None, typer.Option(min=1, help="How many users; 1000, evolve 1500.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="How many days; 7, evolve 150.")] = None,
    customers: Annotated[
        int, typer.Option(min=0, help="How many customers of a shop beside the log; 0: no shop.")
    ] = 240,
    leads: Annotated[int, typer.Option(min=0, help="How many CRM leads; 0 for none.")] = 2_000,
    seed: Annotated[int, typer.Option(min=0, help="Same arguments, same bytes.")] = 7,
    null: Annotated[bool, typer.Option("--null", help="Short for --scenario null.")] = False,
) -> None:
    """Write a deal-flow log, a shop's purchases and leads whose truth is known, with the truth in files of its own."""
    from datetime import timedelta

    from segmentation_pipeline.simulation.leads import simulate_leads, write_home_leads
    from segmentation_pipeline.simulation.scenarios import SCENARIOS
    from segmentation_pipeline.simulation.shop import simulate_shop, write_home_shop
    from segmentation_pipeline.simulation.simulate import LOG_START
    from segmentation_pipeline.simulation.simulate import simulate as simulate_log
    from segmentation_pipeline.simulation.writing import write_home_log

    with told_plainly(), console.status("simulating"):
        if null and scenario not in {"personas", "null"}:
            raise SettingsError(f"--null and --scenario {scenario} exclude each other. Next: give one of them.")
        name = "null" if null else scenario
        usual = SCENARIOS.get(name, SCENARIOS["personas"])  # an unknown name is refused, with the known ones, below
        log = simulate_log(users=users or usual.users, days=days or usual.days, seed=seed, scenario=name)
        events, *truth = write_home_log(log, out)
        written = [events]
        if customers:
            shop = simulate_shop(customers=customers, end=LOG_START + timedelta(days=log.days), seed=seed)
            *landed, known = write_home_shop(shop, out)
            written, truth = [*written, *landed], [*truth, known]
        if leads:
            landed_leads, known = write_home_leads(simulate_leads(leads=leads, seed=seed), out)
            written, truth = [*written, landed_leads], [*truth, known]
    inputs, told = (" and ".join(str(path) for path in paths) for paths in (written, truth))
    console.print(f"Wrote {inputs}, and {told} (which the pipeline never reads).")


@app.command()
def run(
    home: HomeOption = None,
    events: Annotated[
        list[Path] | None, typer.Option("--events", help="Event files or folders to bring into the home first.")
    ] = None,
    purchases: Annotated[
        list[Path] | None, typer.Option("--purchases", help="Files or folders of purchase lines to bring in first.")
    ] = None,
    customers: Annotated[
        list[Path] | None, typer.Option("--customers", help="Files that say who the customers are, to bring in first.")
    ] = None,
    regions: Annotated[
        list[Path] | None, typer.Option("--regions", help="Files of cities and regions, to bring in first.")
    ] = None,
    leads: Annotated[
        list[Path] | None,
        typer.Option("--leads", help="Files of CRM leads to bring into the home first."),
    ] = None,
    month: Annotated[str | None, typer.Option("--month", help="Refresh this month, YYYY-MM.")] = None,
    all_months: Annotated[
        bool, typer.Option("--all-months", help="Refresh every month of the data, in order.")
    ] = False,
    stale: Annotated[
        bool, typer.Option("--stale", help="Refresh the months whose events changed since, in order.")
    ] = False,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="File that says in JSON where the run is, and how it ended.")
    ] = None,
) -> None:
    """Ingest what has landed, refresh the newest month (or those asked for), publish, and print what was found."""
    from segmentation_pipeline.terminal.reports import run_report

    with told_plainly(), run_report(report_file) as report:
        if (month is not None) + all_months + stale > 1:
            raise SettingsError("--month, --all-months and --stale exclude each other. Next: give one of them.")
        asked = month_given(month)
        used = _home(home)
        is_sample = used.settings().sample
        bring_events(used, events or [], is_sample=is_sample)
        for folder, paths in (("purchases", purchases), ("customers", customers), ("regions", regions)):
            bring_files(used, paths or [], is_sample=is_sample, option=f"--{folder}", folder=folder)
        bring_leads(used, leads or [], is_sample=is_sample)
        from segmentation_pipeline.terminal.refreshing import refresh_home

        is_success = refresh_home(used, console, report, month=asked, all_months=all_months, is_stale=stale)
    raise typer.Exit(0 if is_success else 1)


@app.command()
def sync(home: HomeOption = None) -> None:
    """Bring the tools set up under [activation] up to date with today's segments, or print the plan while it is off."""
    with told_plainly():
        used = _home(home)
        from segmentation_pipeline.terminal.syncing import sync_home

        is_success = sync_home(used, console)
    raise typer.Exit(0 if is_success else 1)


@app.command()
def configure(home: HomeOption = None) -> None:
    """Measure the first month and the clock on the home's data, and write both into pipeline.toml."""
    with told_plainly():
        used = _home(home)
        from segmentation_pipeline.terminal.refreshing import configure_home

        configure_home(used, console, is_forced=True)


@app.command()
def ui(home: HomeOption = None, port: Annotated[int, typer.Option(min=1, max=65535)] = 3000) -> None:
    """Open Dagster on 127.0.0.1: graph, runs, checks, pictures, schedules."""
    with told_plainly():
        used = _home(home)
        from segmentation_pipeline.intake.dagster_address import tell_address
        from segmentation_pipeline.orchestration.dead_runs import fail_dead_runs
        from segmentation_pipeline.orchestration.job_runs import home_instance

        with home_instance(used) as instance:
            for run_id in fail_dead_runs(instance, used.run_lock):
                console.print(f"run {run_id} had died and is reported failed")
        tell_address(used, f"http://127.0.0.1:{port}")
    console.print(f"Dagster on http://127.0.0.1:{port} for {used.root} (Ctrl-C ends it)")
    workspace = Path(__file__).resolve().parent.parent / "workspace.yaml"
    target = ["-w", str(workspace)] if workspace.exists() else ["-m", "segmentation_pipeline.definitions"]
    os.execv(sys.executable, [sys.executable, "-m", "dagster", "dev", *target, "-h", "127.0.0.1", "-p", str(port)])


@app.command()
def dashboard(home: HomeOption = None, port: Annotated[int, typer.Option(min=1, max=65535)] = 8501) -> None:
    """Open the dashboard on 127.0.0.1: map, segments, retention, moves, data quality."""
    with told_plainly():
        used = find_home(home)
        used.settings()
        from segmentation_pipeline.dashboard.launch import command, environment, refuse_taken_port

        refuse_taken_port(port)
    console.print(f"Dashboard on http://127.0.0.1:{port} for {escape(str(used.root))} (Ctrl-C ends it)", soft_wrap=True)
    sys.stdout.flush()
    os.execve(sys.executable, command(port), environment(used))


@app.command()
def mcp(
    home: HomeOption = None,
    allow_writes: Annotated[
        bool, typer.Option("--allow-writes", help="Let agents put experiments on the roadmap.")
    ] = False,
) -> None:
    """Serve segments, advice and analyses to an agent, over the Model Context Protocol on stdin and stdout."""
    with told_plainly():
        used = find_home(home)
        used.settings()
        from segmentation_pipeline.agent_server.serving import serve

        serve(used, may_write=allow_writes)


@app.command()
def prompts(
    home: HomeOption = None,
    month: Annotated[str | None, typer.Option("--month", help="Of this refresh, YYYY-MM; else the newest.")] = None,
) -> None:
    """Print what a language model would be told about a refresh, without asking one."""
    with told_plainly():
        asked = month_given(month)
        used = _home(home)
        from segmentation_pipeline.terminal.prompts import print_prompts

        print_prompts(used, console, month=asked)


@app.command()
def doctor(home: HomeOption = None) -> None:
    """Tell versions, paths, settings, lock state, dead runs, what is missing and how to get it."""
    from segmentation_pipeline.terminal.doctor import examine

    table = Table("", "found", "next", show_edge=False)
    marks = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "wrong": "[red]wrong[/]"}
    findings = list(examine(find_home(home)))
    for finding in findings:
        table.add_row(f"{marks[finding.state]} {finding.subject}", escape(finding.found), escape(finding.next_step))
    console.print(table)
    raise typer.Exit(1 if any(finding.state == "wrong" for finding in findings) else 0)


if __name__ == "__main__":
    app()
