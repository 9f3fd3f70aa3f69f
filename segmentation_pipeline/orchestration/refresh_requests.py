"""`request_refresh`: the one way to ask for a month, whoever asks; the daily update; and what follows an ingestion.

Add here: another way to ask for runs. Keep out: why a month is to be refreshed (policies.py), what a refresh computes.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import dagster as dg

from segmentation_pipeline.config import find_home
from segmentation_pipeline.warehouse.database import Database
from segmentation_pipeline.warehouse.warehouse import Warehouse

MONTHLY_REFRESH = "monthly_refresh"
DAILY_UPDATE = "daily_update"
ACTIVATION_SYNC = "activation_sync"
REASON_TAG = "segpipe/reason"
REQUEST_TAG = "segpipe/request"
"""Ties the runs of one request together."""

UNATTENDED_TAG = "segpipe/unattended"
"""A run that carries this was asked for by nobody in person: files that may still be written are left for the next."""

UNATTENDED = {UNATTENDED_TAG: "true"}

DIED_TAG = "segpipe/died"
"""A run that carries this failed because its process was gone, whatever it did."""

THEN_TAG, NEWEST_MONTH = "segpipe/then", "newest_month"
"""A run that carries this is followed by the refresh of the newest month there is then."""

FOLLOW_INTERVAL_S = 5
"""Seconds between two looks for a run to be followed: people wait for it."""

DAILY_CRON = "0 4 * * *"
"""An hour after the monthly refresh begins: on the first of a month it waits in the queue behind it."""

WAITING_OR_RUNNING = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def request_refresh(
    instance: dg.DagsterInstance,
    month: date,
    reason: str,
    *,
    first_month: date | None,
    run_key: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> dg.RunRequest | dg.SkipReason:
    """Ask for the refresh of a month; a reason to skip when it is queued or running, or before `first_month`."""
    if first_month is None:
        return dg.SkipReason("first_month is not set: run `segpipe configure` and reload the definitions.")
    if month < first_month:
        return dg.SkipReason(f"{month:%Y-%m} lies before first_month = {first_month:%Y-%m} in pipeline.toml.")
    key = month.isoformat()
    pending = instance.get_runs(
        dg.RunsFilter(job_name=MONTHLY_REFRESH, statuses=WAITING_OR_RUNNING, tags={"dagster/partition": key}), limit=1
    )
    if pending:
        return dg.SkipReason(f"{month:%Y-%m} is already queued or running as run {pending[0].run_id}.")
    return dg.RunRequest(
        run_key=run_key,
        job_name=MONTHLY_REFRESH,
        partition_key=key,
        tags={**(tags or {}), **UNATTENDED, REASON_TAG: reason},
    )


def daily_schedule() -> dg.ScheduleDefinition:
    """Return the schedule of the daily update: what waits for a day to pass, such as users not assigned yet."""

    @dg.schedule(
        name="daily_update_schedule",
        job_name=DAILY_UPDATE,
        cron_schedule=DAILY_CRON,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Daily update at 04:00 UTC; files that land are ingested as they come, by the landing sensor.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        waiting = context.instance.get_runs(dg.RunsFilter(job_name=DAILY_UPDATE, statuses=WAITING_OR_RUNNING), limit=1)
        if waiting:
            return dg.SkipReason(f"run {waiting[0].run_id} is queued or running")
        day = context.scheduled_execution_time.date()
        return dg.RunRequest(run_key=f"daily:{day:%Y-%m-%d}", tags={**UNATTENDED, REASON_TAG: "schedule"})

    return schedule


def newest_month_sensor(
    spans: Sequence[Callable[[Database], tuple[date, date] | None]],
) -> dg.SensorDefinition:
    """Return the sensor that follows a run with THEN_TAG by the refresh of the newest month of the data.

    `spans`: each returns the first and the last month of a kind of record, None where there is none.
    """

    @dg.sensor(
        name=NEWEST_MONTH,
        job_name=MONTHLY_REFRESH,
        minimum_interval_seconds=FOLLOW_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Refreshes the newest month after an ingestion that was launched to be followed by it.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        followed = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], tags={THEN_TAG: NEWEST_MONTH})
        runs = context.instance.get_runs(followed, limit=1)
        if not runs or runs[0].run_id == context.cursor:
            return dg.SkipReason("no ingestion waits to be followed")
        run, home = runs[0], find_home()
        settings = home.settings()
        with Warehouse(home, settings).read() as db:
            months = [span[1] for span in (found(db) for found in spans) if span is not None]
        if not months:
            return dg.SkipReason("nothing has been read yet")
        asked = request_refresh(
            context.instance,
            max(months),
            reason=run.tags.get(REASON_TAG, NEWEST_MONTH),
            first_month=settings.first_month,
            run_key=f"after:{run.run_id}",
            tags={key: run.tags[key] for key in (REQUEST_TAG,) if key in run.tags},
        )
        if isinstance(asked, dg.RunRequest):
            context.update_cursor(run.run_id)
        return asked

    return sensor
