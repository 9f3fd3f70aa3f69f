"""When activation syncs: after each publish, and again where the last sync ran out of time.

Add here: another reason to sync. Keep out: syncing (activation/).
"""

from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from segmentation_pipeline.config import find_home
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.orchestration.published_facts import published_run
from segmentation_pipeline.orchestration.refresh_requests import ACTIVATION_SYNC, REASON_TAG, WAITING_OR_RUNNING

ACTIVATION_INTERVAL_S = 30
"""Seconds between two looks at the published copy."""


def activation_sensor(home_root: Path | None, assets: Sequence[str]) -> dg.SensorDefinition:
    """Return the sensor that asks for a sync of `assets` when something new is published."""

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
        waiting = context.instance.get_runs(
            dg.RunsFilter(job_name=ACTIVATION_SYNC, statuses=WAITING_OR_RUNNING), limit=1
        )
        if waiting:
            return dg.SkipReason(f"run {waiting[0].run_id} is queued or running")
        maker = context.instance.get_run_by_id(published)
        if maker is None or maker.job_name != ACTIVATION_SYNC:
            return _asked(context, published, f"published by {published}")
        if _ran_out_of_time(context.instance, assets, published):
            return _asked(context, published, f"goes on where {published} stopped")
        return dg.SkipReason("everything published was synced")

    return sensor


def _asked(context: dg.SensorEvaluationContext, published: str, reason: str) -> dg.SensorResult | dg.SkipReason:
    if context.cursor == published:
        return dg.SkipReason(f"a sync was asked for after {published} already")
    request = dg.RunRequest(run_key=f"sync:{published}", job_name=ACTIVATION_SYNC, tags={REASON_TAG: reason})
    return dg.SensorResult(run_requests=[request], cursor=published)


def _ran_out_of_time(instance: dg.DagsterInstance, assets: Sequence[str], run_id: str) -> bool:
    for asset in assets:
        event = instance.get_latest_materialization_event(dg.AssetKey(asset))
        if event is None or event.run_id != run_id or event.asset_materialization is None:
            continue
        ended = event.asset_materialization.metadata.get("ended")
        if ended is not None and ended.value == "time":
            return True
    return False
