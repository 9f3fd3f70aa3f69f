"""The steps of `segpipe run`: ingest, measure the clock when it is not written, refresh the months, print.

Add here: another step of a run by hand. Keep out: what the steps compute, and Dagster (orchestration/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from segmentation_pipeline.errors import HomeError
from segmentation_pipeline.events.clock import log_months, log_span, measure_clock
from segmentation_pipeline.events.inactivity import measure_inactivity
from segmentation_pipeline.homes import write_measured
from segmentation_pipeline.orchestration.dead_runs import fail_dead_runs
from segmentation_pipeline.orchestration.job_runs import RunOutcome, home_instance, run_job
from segmentation_pipeline.orchestration.partitions import months_between
from segmentation_pipeline.orchestration.refresh_requests import MONTHLY_REFRESH, REASON_TAG
from segmentation_pipeline.terminal.leads import has_leads, print_leads, print_leads_next_steps
from segmentation_pipeline.terminal.runs import progress_display
from segmentation_pipeline.terminal.summary import print_next_steps, print_refresh
from segmentation_pipeline.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from datetime import date

    from rich.console import Console

    from segmentation_pipeline.config import Home


def refresh_home(home: Home, console: Console, *, month: date | None, all_months: bool) -> bool:
    """Run everything `segpipe run` does; return whether every run succeeded.

    Raises:
        PipelineError: a user can cause it; its text says what to do.
    """
    if not _ingest(home, console):
        return False
    if has_leads(home) and not _has_events(home):
        return _refresh_leads(home, console)
    configure_home(home, console, is_forced=False)
    months = _months(home, month=month, all_months=all_months)
    is_success = True
    for chosen in months:
        outcome = _run(home, console, MONTHLY_REFRESH, f"refresh {chosen:%Y-%m}", partition_key=chosen.isoformat())
        _tell(console, outcome)
        is_success = is_success and outcome.is_success
        if outcome.is_success:
            print_refresh(console, home, chosen)
    if has_leads(home):
        print_leads(console, home)
    print_next_steps(console, home)
    return is_success


def _refresh_leads(home: Home, console: Console) -> bool:
    """Run what a home of leads alone needs."""
    outcome = _run(home, console, "leads_update", "leads")
    _tell(console, outcome)
    if outcome.is_success:
        print_leads(console, home)
        print_leads_next_steps(console, home)
    return outcome.is_success


def _has_events(home: Home) -> bool:
    with Warehouse(home, home.settings()).read() as db:
        return log_months(db) is not None


def configure_home(home: Home, console: Console, *, is_forced: bool) -> None:
    """Measure first month, clock and silence and write them into pipeline.toml, what is absent or all when forced."""
    settings = home.settings()
    has_clock = settings.first_month is not None and settings.clock is not None
    if not is_forced and has_clock and settings.churn_definition != "none":
        return
    if is_forced and not _ingest(home, console):
        raise HomeError("The landed files could not be loaded, so nothing was measured.")
    with Warehouse(home, settings).read() as db:
        if has_clock and not is_forced:
            # Only the silence is missing: a clock that is written down is not measured behind anyone's back.
            log = log_span(db)
            silence = measure_inactivity(db, settings, log_start=log.start_at, as_of=log.last_event_at)
            keys: dict[str, object] = {} if silence.days is None else {"inactivity_days": silence.days}
            figures: tuple[str, ...] = (silence.reason,)
        else:
            measured = measure_clock(db, settings)
            keys, figures = measured.keys, measured.figures
    if keys:
        write_measured(home, keys, figures)
        console.print(
            f"measured and written into {home.settings_file.name}: " + ", ".join(f"{k} = {v}" for k, v in keys.items())
        )
    for line in figures:
        console.print(f"  {line}", style="dim")


def _ingest(home: Home, console: Console) -> bool:
    outcome = _run(home, console, "ingest", "ingest")
    _tell(console, outcome)
    return outcome.is_success


def _months(home: Home, *, month: date | None, all_months: bool) -> list[date]:
    """Return the months to refresh: all of the log, the one asked for, or the newest."""
    settings = home.settings()
    with Warehouse(home, settings).read() as db:
        span = log_months(db)
    if span is None:
        raise HomeError(
            f"{home.landing} holds no readable event yet. Next: put event files there, or give --events PATH."
        )
    first = settings.first_month or span[0]
    if all_months:
        return months_between(first, span[1])
    chosen = month or span[1]
    if chosen < first:
        raise HomeError(
            f"{chosen:%Y-%m} lies before the first month of this home. Next: write first_month = "
            f'"{chosen:%Y-%m}" in {home.settings_file} (now {first:%Y-%m}) and run again.'
        )
    if chosen > span[1]:
        raise HomeError(
            f"{chosen:%Y-%m} lies after the last event, which is in {span[1]:%Y-%m}. Next: ask for a month from "
            f"{first:%Y-%m} to {span[1]:%Y-%m}, or bring newer files."
        )
    return [chosen]


def _run(home: Home, console: Console, job_name: str, title: str, *, partition_key: str | None = None) -> RunOutcome:
    from segmentation_pipeline.definitions import build_defs

    with home_instance(home) as instance, progress_display(console, title) as show:
        for run_id in fail_dead_runs(instance, home.run_lock):
            console.print(f"run {run_id} had died and is reported failed; nothing was lost")
        return run_job(
            build_defs(home_root=home.root),
            instance,
            job_name,
            on_progress=show,
            partition_key=partition_key,
            tags={REASON_TAG: "command line"},
        )


def _tell(console: Console, outcome: RunOutcome) -> None:
    for warning in outcome.warnings:
        console.print(f"[yellow]check[/] {escape(warning)}", highlight=False, soft_wrap=True)
    if not outcome.is_success:
        console.print(f"[bold red]failed[/] {escape(outcome.problem or '')}", highlight=False, soft_wrap=True)
