"""The steps of `segpipe run`: ingest, measure the clock when it is not written, refresh the months, print.

Add here: another step of a run by hand. Keep out: what the steps compute, and Dagster (orchestration/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from segmentation_pipeline.config import SAMPLE_HOME
from segmentation_pipeline.customers.months import customer_months
from segmentation_pipeline.customers.tables import CustomerSegments
from segmentation_pipeline.errors import HomeError
from segmentation_pipeline.events.clock import log_months, log_span, measure_clock
from segmentation_pipeline.events.inactivity import measure_inactivity
from segmentation_pipeline.homes import write_measured
from segmentation_pipeline.orchestration.dead_runs import fail_dead_runs
from segmentation_pipeline.orchestration.job_runs import home_instance, run_job
from segmentation_pipeline.orchestration.partitions import months_between
from segmentation_pipeline.orchestration.refresh_requests import MONTHLY_REFRESH, REASON_TAG
from segmentation_pipeline.terminal.leads import has_leads, print_leads, print_leads_next_steps
from segmentation_pipeline.terminal.reports import RunReport
from segmentation_pipeline.terminal.runs import progress_display
from segmentation_pipeline.terminal.summary import print_found, print_next_steps
from segmentation_pipeline.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from rich.console import Console

    from segmentation_pipeline.config import Home
    from segmentation_pipeline.orchestration.job_runs import RunOutcome, RunProgress
    from segmentation_pipeline.warehouse.database import Database


def refresh_home(
    home: Home, console: Console, report: RunReport, *, month: date | None, all_months: bool, is_stale: bool = False
) -> bool:
    """Run everything `segpipe run` does; return whether every run succeeded.

    Raises:
        PipelineError: a user can cause it; its text says what to do.
    """
    from segmentation_pipeline.definitions import CUSTOMERS_REFRESH

    if not _ingest(home, console, report):
        return False
    say_early_customers(home, console)
    has_events = _has_events(home)
    if not has_events and has_leads(home) and not _has_customers(home):
        return _refresh_leads(home, console, report)
    configure_home(home, console, is_forced=False)
    is_success = True
    months = _stale_months(home, console) if is_stale else _months(home, month=month, all_months=all_months)
    for chosen in months:
        job_name = MONTHLY_REFRESH if has_events else CUSTOMERS_REFRESH
        outcome = run_here(home, console, report, job_name, f"refresh {chosen:%Y-%m}", month=chosen)
        is_success = is_success and outcome.is_success
        if outcome.is_success:
            print_found(console, home, chosen)
    if has_leads(home) and not has_events:
        return _refresh_leads(home, console, report) and is_success
    if has_leads(home):
        print_leads(console, home)
    print_next_steps(console, home)
    return is_success


def _refresh_leads(home: Home, console: Console, report: RunReport) -> bool:
    """Run what a home of leads alone needs."""
    outcome = run_here(home, console, report, "leads_update", "leads")
    if outcome.is_success:
        print_leads(console, home)
        print_leads_next_steps(console, home)
    return outcome.is_success


def _has_events(home: Home) -> bool:
    with Warehouse(home, home.settings()).read() as db:
        return log_months(db) is not None


def _has_customers(home: Home) -> bool:
    with Warehouse(home, home.settings()).read() as db:
        return customer_months(db) is not None


def configure_home(home: Home, console: Console, *, is_forced: bool) -> None:
    """Measure first month, clock and silence and write them into pipeline.toml, what is absent or all when forced."""
    settings = home.settings()
    has_clock = settings.first_month is not None and settings.clock is not None
    if not is_forced and has_clock and settings.churn_definition != "none":
        return
    if is_forced and not _ingest(home, console, RunReport(None)):
        raise HomeError("The landed files could not be loaded, so nothing was measured.")
    with Warehouse(home, settings).read() as db:
        if log_months(db) is None:
            _write_first_month(home, console, input_months(db))
            return
        if has_clock and not is_forced:
            # Only the silence is missing: a clock that is written down is not measured behind anyone's back.
            log = log_span(db)
            silence = measure_inactivity(db, settings, log_start=log.start_at, as_of=log.last_event_at)
            keys: dict[str, object] = {} if silence.days is None else {"inactivity_days": silence.days}
            figures: tuple[str, ...] = (silence.reason,)
        else:
            measured = measure_clock(db, settings)
            keys, figures = {**measured.keys, **_first_month(input_months(db))}, measured.figures
    if keys:
        write_measured(home, keys, figures)
        console.print(
            f"measured and written into {home.settings_file.name}: " + ", ".join(f"{k} = {v}" for k, v in keys.items())
        )
    for line in figures:
        console.print(f"  {line}", style="dim")


def say_early_customers(home: Home, console: Console) -> None:
    """Tell once, before the first segments of customers, that purchases are older than the months of the home."""
    first_month = home.settings().first_month
    if first_month is None or home.root == SAMPLE_HOME:
        return
    with Warehouse(home, home.settings()).read() as db:
        months = customer_months(db)
        if months is None or months[0] >= first_month or db.exists(CustomerSegments):
            return
    console.print(
        f"Customers begin in {months[0]:%Y-%m}, before first_month = {first_month:%Y-%m}: what is older counts as "
        f'history. Next: for months of their own, write first_month = "{months[0]:%Y-%m}" in '
        f"{home.settings_file.name} and run `segpipe run --all-months`."
    )


def input_months(db: Database) -> tuple[date, date] | None:
    """Return the first and the last month of anything that has landed; None where nothing has."""
    spans = [span for span in (log_months(db), customer_months(db)) if span is not None]
    return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None


def _first_month(span: tuple[date, date] | None) -> dict[str, object]:
    return {"first_month": f"{span[0]:%Y-%m}"} if span else {}


def _write_first_month(home: Home, console: Console, span: tuple[date, date] | None) -> None:
    """Write the first month of a home without events, once: there is no clock to measure."""
    if span is None or home.settings().first_month is not None:
        return
    write_measured(home, _first_month(span), [f"first purchase in {span[0]:%Y-%m}"])
    console.print(f"measured and written into {home.settings_file.name}: first_month = {span[0]:%Y-%m}")


def _ingest(home: Home, console: Console, report: RunReport) -> bool:
    return run_here(home, console, report, "ingest", "ingest").is_success


def _months(home: Home, *, month: date | None, all_months: bool) -> list[date]:
    """Return the months to refresh: all there are, the one asked for, or the newest."""
    settings = home.settings()
    with Warehouse(home, settings).read() as db:
        span = input_months(db)
    if span is None:
        raise HomeError(
            f"There are no events, purchases or customers: {home.landing} holds nothing readable yet. "
            "Next: put files there, or give --events PATH, --purchases PATH or --customers PATH."
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
            f"{chosen:%Y-%m} lies after the last event or purchase, which is in {span[1]:%Y-%m}. "
            f"Next: ask for a month from {first:%Y-%m} to {span[1]:%Y-%m}, or bring newer files."
        )
    return [chosen]


def _stale_months(home: Home, console: Console) -> Iterator[date]:
    """Yield the stale refreshes, oldest first; making one again may make those after it stale, never one before."""
    done: date | None = None
    while True:
        with Warehouse(home, home.settings()).read() as db:
            stale = [row["refresh_month"] for row in db.rows("SELECT refresh_month FROM stale_refreshes ORDER BY ALL")]
        later = [month for month in stale if done is None or month > done]
        if not later:
            if done is None:
                console.print("no refresh is stale")
            return
        done = later[0]
        yield done


def run_here(
    home: Home, console: Console, report: RunReport, job_name: str, title: str, *, month: date | None = None
) -> RunOutcome:
    """Run a job of the home to its end in this process, with one line of progress; tell of its checks and its end."""
    from segmentation_pipeline.definitions import build_defs

    report.begin(job_name, month)
    with home_instance(home) as instance, progress_display(console, title) as show:
        for run_id in fail_dead_runs(instance, home.run_lock):
            console.print(f"run {run_id} had died and is reported failed; nothing was lost")

        def progressed(progress: RunProgress) -> None:
            show(progress)
            report.at(progress)

        outcome = run_job(
            build_defs(home_root=home.root),
            instance,
            job_name,
            on_progress=progressed,
            partition_key=None if month is None else month.isoformat(),
            tags={REASON_TAG: "command line"},
        )
    for warning in outcome.warnings:
        console.print(f"[yellow]check[/] {escape(warning)}", highlight=False, soft_wrap=True)
    if not outcome.is_success:
        report.fail(outcome.problem or f"{title} failed.")
        console.print(f"[bold red]failed[/] {escape(outcome.problem or '')}", highlight=False, soft_wrap=True)
    return outcome
