"""When activation syncs: after each publish, and again where the last sync ran out of time or was asked to wait.

Add here: another reason to sync. Keep out: syncing (activation/).
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg

from segmentation_pipeline.config import find_home
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.orchestration.policies import utc_now
from segmentation_pipeline.orchestration.published_facts import published_run
from segmentation_pipeline.orchestration.refresh_requests import ACTIVATION_SYNC, REASON_TAG, WAITING_OR_RUNNING

ACTIVATION_INTERVAL_S = 30
"""Seconds between two looks at the published copy and the last sync."""

ENDED, ASKED_UNTIL = "ended", "asked_until"
"""Metadata of a destination's asset: how its sync ended, and before which moment it wants no request."""


def activation_sensor(home_root: Path | None, now: Callable[[], datetime] = utc_now) -> dg.SensorDefinition:
    """Return the sensor that asks for a sync when something new is published, or the last one did not reach its end."""

    @dg.sensor(
        name="activation_sensor",
        job_name=ACTIVATION_SYNC,
        minimum_interval_seconds=ACTIVATION_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks for activation_sync after each publish, and again while a sync ran out of time.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            home = find_home(home_root)
            is_used = bool(home.settings().activation.used)
        except PipelineError as error:
            return dg.SkipReason(str(error))
        if not is_used:
            return dg.SkipReason("no destination is set up under [activation] in pipeline.toml")
        published = published_run(home)
        if published is None:
            return dg.SkipReason("nothing is published yet: land files, or run `segpipe run`")
        syncs = context.instance.get_runs(dg.RunsFilter(job_name=ACTIVATION_SYNC), limit=1)
        newest = syncs[0] if syncs else None
        if newest is not None and newest.status in WAITING_OR_RUNNING:
            return dg.SkipReason(f"run {newest.run_id} is queued or running")
        maker = context.instance.get_run_by_id(published)
        is_new = maker is None or maker.job_name != ACTIVATION_SYNC
        if is_new and context.cursor != published:
            return _asked(published, f"published by {published}", cursor=published)
        return _continued(context, newest, now())

    return sensor


def _asked(run_id: str, reason: str, *, cursor: str | None) -> dg.SensorResult:
    request = dg.RunRequest(run_key=f"sync:{run_id}", job_name=ACTIVATION_SYNC, tags={REASON_TAG: reason})
    return dg.SensorResult(run_requests=[request], cursor=cursor)


def _continued(
    context: dg.SensorEvaluationContext, newest: dg.DagsterRun | None, now: datetime
) -> dg.SensorResult | dg.SkipReason:
    """Ask for another sync where a destination of the newest one is to be gone on with, whatever became of others."""
    if newest is None:
        return dg.SkipReason(f"a sync was asked for after {context.cursor} already")
    told = _destinations(context.instance, newest.run_id)
    if any(one.get(ENDED) == "time" for one in told.values()):
        return _asked(newest.run_id, f"goes on where {newest.run_id} stopped", cursor=context.cursor)
    asked_until = {name: one[ASKED_UNTIL] for name, one in told.items() if one.get(ENDED) == "asked_to_wait"}
    if not asked_until:
        is_success = newest.status == dg.DagsterRunStatus.SUCCESS
        failed = f"run {newest.run_id} did not succeed; the next publish is synced again"
        return dg.SkipReason("everything published was synced" if is_success else failed)
    first = min(asked_until, key=lambda name: asked_until[name])
    if now < datetime.fromisoformat(asked_until[first]):
        return dg.SkipReason(f"the destination of {first} asked to wait until {asked_until[first]} UTC")
    return _asked(newest.run_id, f"the wait {first} was asked for is over", cursor=context.cursor)


def _destinations(instance: dg.DagsterInstance, run_id: str) -> dict[str, dict[str, Any]]:
    """Return what the assets of a sync said of their destinations; one that failed said nothing."""
    told = {}
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
        made = entry.asset_materialization
        if made is not None and ENDED in made.metadata:
            told[made.asset_key.to_user_string()] = {
                name: made.metadata[name].value for name in (ENDED, ASKED_UNTIL) if name in made.metadata
            }
    return told
