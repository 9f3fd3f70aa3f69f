"""Refreshes nobody asked for by hand: the month that ended, months that were missed, segments that no longer hold.

Add here: another reason to refresh, as a function that decides and a schedule or sensor that asks.
Keep out: what a refresh computes, and how one is asked for (refresh_requests.py).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg

from segmentation_pipeline.config import Settings, find_home
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.orchestration.partitions import month_before, months_between
from segmentation_pipeline.orchestration.published_facts import PublishedFacts, read_facts
from segmentation_pipeline.orchestration.refresh_requests import (
    DIED_TAG,
    MONTHLY_REFRESH,
    REASON_TAG,
    request_refresh,
)

SCHEDULE_HOUR = 3
SCHEDULE_CRON = f"0 {SCHEDULE_HOUR} 1 * *"
"""03:00 UTC on the first: the month has ended in every time zone's working day, and nobody is at work yet."""

CATCH_UP = "catch-up"
DRIFT = "unclassified users"

POLICY_INTERVAL_S = 300
"""Seconds between two looks: months and shares change slowly."""

MOST_DEATHS = 3
"""Times a month is caught up again after its run's process died; a refresh that kills its machine must end."""

Now = Callable[[], datetime]
Decision = dg.RunRequest | dg.SkipReason


def utc_now() -> datetime:
    """Return the present moment, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def missed_months(facts: PublishedFacts, first_month: date, now: datetime, wait: timedelta) -> list[date]:
    """Return the months that ended, have records, and were not refreshed since they ended, oldest first.

    Counted from the newest month that had ended when it was refreshed: earlier ones were left out by choice, and making
    them would change what later ones go back to. A refresh of an open month says nothing of the months before it; it is
    itself to be made again once its month has ended. Without any refresh it is the newest month alone, as on the
    command line. The schedule has `wait` to ask first, except where the month before was still missing at its time.
    """
    if facts.last_record_at is None:
        return []
    newest = min(month_before(now.date()), facts.last_record_at.date().replace(day=1))
    ended = [month for month, at in facts.refreshed_at.items() if at >= _after(month)]
    oldest = max(ended) if ended else min(facts.refreshed_at, default=newest)
    candidates = {month for month in facts.refreshed_at if first_month <= month <= newest}
    if max(oldest, first_month) <= newest:
        candidates.update(months_between(max(oldest, first_month), newest))
    missed: list[date] = []
    for month in sorted(candidates):
        refreshed_at = facts.refreshed_at.get(month)
        if refreshed_at is not None and refreshed_at >= _after(month):
            continue
        asked_at = _after(month) + timedelta(hours=SCHEDULE_HOUR)
        before_at = facts.refreshed_at.get(month_before(month))
        is_left_to_us = before_at is not None and before_at >= asked_at
        if now >= asked_at + (timedelta(0) if is_left_to_us else wait):
            missed.append(month)
    return missed


def decide_catch_up(instance: dg.DagsterInstance, facts: PublishedFacts, settings: Settings, now: datetime) -> Decision:
    """Ask for the oldest missed month, one at a time; a month whose catch-up failed is left to people."""
    if settings.first_month is None:
        return dg.SkipReason("first_month is not set: run `segpipe configure` and reload the definitions.")
    wait = timedelta(hours=settings.refresh.catch_up_after_hours)
    missed = missed_months(facts, settings.first_month, now, wait)
    if not missed:
        return dg.SkipReason("no month was missed")
    given_up = []
    for month in missed:
        runs = _catch_ups(instance, month)
        why = _why_given_up(runs)
        if why:
            given_up.append(f"{month:%Y-%m} ({why})")
            continue
        run_key = f"catch-up:{month:%Y-%m}:{len(runs) + 1}"
        return request_refresh(instance, month, CATCH_UP, first_month=settings.first_month, run_key=run_key)
    return dg.SkipReason(f"caught up with nothing more: {', '.join(given_up)}. Next: refresh by hand.")


def _catch_ups(instance: dg.DagsterInstance, month: date) -> Sequence[dg.DagsterRun]:
    """Return the runs that were to catch up with a month, the newest first."""
    tags = {"dagster/partition": month.isoformat(), REASON_TAG: CATCH_UP}
    return instance.get_runs(dg.RunsFilter(job_name=MONTHLY_REFRESH, tags=tags))


def _why_given_up(runs: Sequence[dg.DagsterRun]) -> str | None:
    """Say why a month is left to people; None where it is not: a run whose process died is made again."""
    died = [run for run in runs if DIED_TAG in run.tags]
    ended = [run for run in runs if run.is_finished and run not in died]
    if ended:
        told = {dg.DagsterRunStatus.SUCCESS: "succeeded and was not published"}.get(ended[0].status, "failed")
        return f"run {ended[0].run_id} {told}"
    return f"its process died {len(died)} times" if len(died) >= MOST_DEATHS else None


def monthly_schedule(first_month: date | None, home_root: Path | None = None) -> dg.ScheduleDefinition:
    """Return the schedule that asks for the month just ended, unless the catch-up has earlier ones to make first.

    Hand-written: the builder from a partitioned job with an open last partition would ask for the new, empty one.
    """

    @dg.schedule(
        name="monthly_refresh_schedule",
        job_name=MONTHLY_REFRESH,
        cron_schedule=SCHEDULE_CRON,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Refresh the month just ended, at 03:00 UTC on the first.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Decision:
        at = context.scheduled_execution_time.astimezone(UTC).replace(tzinfo=None)
        month = month_before(at.date())
        read = _read(home_root)
        # Where the facts cannot be read, the run says what is wrong.
        if not isinstance(read, dg.SkipReason) and first_month is not None:
            missed = missed_months(read[1], first_month, at, timedelta(0))
            earlier = [one for one in missed if one < month and not _why_given_up(_catch_ups(context.instance, one))]
            if earlier:
                return dg.SkipReason(
                    f"catch_up_sensor has earlier months to make first, from {earlier[0]:%Y-%m} on; "
                    f"it asks for {month:%Y-%m} then"
                )
        return request_refresh(
            context.instance, month, "schedule", first_month=first_month, run_key=f"scheduled:{month:%Y-%m}"
        )

    return schedule


def decide_drift(
    instance: dg.DagsterInstance, facts: PublishedFacts, settings: Settings, now: datetime, asked_at: datetime | None
) -> Decision:
    """Ask for the open month where too many of today's users are in no segment, and events arrived since."""
    most = settings.refresh.max_unclassified_share
    if facts.unclassified_share <= most:
        return dg.SkipReason(
            f"{facts.unclassified_share:.1%} of today's users are unclassified, up to {most:.0%} is fine"
        )
    share = f"{facts.unclassified_share:.1%} of today's users are unclassified"
    open_month = now.date().replace(day=1)
    if facts.last_event_at is None or facts.last_event_at.date() < open_month:
        return dg.SkipReason(f"{share}, but the open month {open_month:%Y-%m} has no event yet")
    refreshed_at = max(facts.refreshed_at.values(), default=None)
    if refreshed_at is not None and (facts.newest_file_at is None or facts.newest_file_at <= refreshed_at):
        return dg.SkipReason(f"{share}, but no event arrived since the last refresh")
    again = timedelta(days=settings.refresh.drift_every_days)
    if asked_at is not None and now < asked_at + again:
        return dg.SkipReason(
            f"{share}, but a refresh was asked for on {asked_at:%Y-%m-%d}, less than {again.days} days ago"
        )
    return request_refresh(
        instance,
        open_month,
        DRIFT,
        first_month=settings.first_month,
        run_key=f"drift:{now:%Y-%m-%d}",
    )


def catch_up_sensor(home_root: Path | None, now: Now = utc_now) -> dg.SensorDefinition:
    """Return the sensor that asks for months the schedule missed, while the daemon was down."""

    @dg.sensor(
        name="catch_up_sensor",
        job_name=MONTHLY_REFRESH,
        minimum_interval_seconds=POLICY_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Refreshes months the schedule missed, oldest first, hours after its time for them.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> Decision:
        read = _read(home_root)
        if isinstance(read, dg.SkipReason):
            return read
        settings, facts = read
        return decide_catch_up(context.instance, facts, settings, now())

    return sensor


def drift_sensor(home_root: Path | None, now: Now = utc_now) -> dg.SensorDefinition:
    """Return the sensor that asks for the open month when segments no longer hold the users."""

    @dg.sensor(
        name="unclassified_sensor",
        job_name=MONTHLY_REFRESH,
        minimum_interval_seconds=POLICY_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Refreshes the open month when too many of today's users are unclassified, at most weekly.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        read = _read(home_root)
        if isinstance(read, dg.SkipReason):
            return read
        settings, facts = read
        moment = now()
        asked_at = datetime.fromisoformat(context.cursor) if context.cursor else None
        decided = decide_drift(context.instance, facts, settings, moment, asked_at)
        if isinstance(decided, dg.SkipReason):
            return dg.SensorResult(skip_reason=decided, cursor=context.cursor)
        return dg.SensorResult(run_requests=[decided], cursor=moment.isoformat())

    return sensor


def _read(home_root: Path | None) -> tuple[Settings, PublishedFacts] | dg.SkipReason:
    try:
        home = find_home(home_root)
        settings = home.settings()
    except PipelineError as error:
        return dg.SkipReason(str(error))
    facts = read_facts(home)
    if facts is None:
        return dg.SkipReason("nothing is published yet: land files, or run `segpipe run`")
    return settings, facts


def _after(month: date) -> datetime:
    """Return the first moment after a month."""
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC).replace(tzinfo=None)
