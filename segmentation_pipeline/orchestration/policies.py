"""Refreshes nobody asked for by hand: months the schedule missed, and segments that no longer hold the users.

Add here: another reason to refresh, as a function that decides and a sensor that asks.
Keep out: what a refresh computes, and the schedule itself (refresh_requests.py).
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg

from segmentation_pipeline.config import Settings, find_home
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.orchestration.partitions import month_before, months_between
from segmentation_pipeline.orchestration.published_facts import PublishedFacts, read_facts
from segmentation_pipeline.orchestration.refresh_requests import (
    MONTHLY_REFRESH,
    REASON_TAG,
    SCHEDULE_HOUR,
    request_refresh,
)

CATCH_UP = "catch-up"
DRIFT = "unclassified users"

POLICY_INTERVAL_S = 300
"""Seconds between two looks: months and shares change slowly."""

Now = Callable[[], datetime]
Decision = dg.RunRequest | dg.SkipReason


def utc_now() -> datetime:
    """Return the present moment, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def missed_months(facts: PublishedFacts, first_month: date, now: datetime, wait: timedelta) -> list[date]:
    """Return the months that ended, have events, and were not refreshed since they ended, oldest first.

    A month counts as missed once the schedule's moment for it is `wait` ago. Only those from the newest refresh on do:
    earlier ones were left out by choice, and refreshing them would change what the later ones go back to. Without any
    refresh it is the newest month alone, as on the command line.
    """
    if facts.last_event_at is None:
        return []
    newest = min(month_before(now.date()), facts.last_event_at.date().replace(day=1))
    oldest = max(first_month, max(facts.refreshed_at, default=newest))
    if newest < oldest:
        return []
    missed = []
    for month in months_between(oldest, newest):
        ended_at = _after(month)
        is_due = now >= ended_at + timedelta(hours=SCHEDULE_HOUR) + wait
        refreshed_at = facts.refreshed_at.get(month)
        if is_due and (refreshed_at is None or refreshed_at < ended_at):
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
    tried = []
    for month in missed:
        runs = instance.get_runs(
            dg.RunsFilter(
                job_name=MONTHLY_REFRESH,
                statuses=[dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED],
                tags={"dagster/partition": month.isoformat(), REASON_TAG: CATCH_UP},
            ),
            limit=1,
        )
        if runs:
            tried.append(f"{month:%Y-%m} (run {runs[0].run_id} failed)")
            continue
        return request_refresh(
            instance, month, CATCH_UP, first_month=settings.first_month, run_key=f"catch-up:{month:%Y-%m}"
        )
    return dg.SkipReason(f"caught up with nothing more: {', '.join(tried)}. Next: refresh by hand.")


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
