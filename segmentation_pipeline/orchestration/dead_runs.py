"""Runs whose process died: found by the run lock they no longer hold, and reported failed.

Add here: another sign of death. Keep out: taking the lock (the warehouse resource does, for every run).
"""

import time
from pathlib import Path

import dagster as dg

from segmentation_pipeline.config import find_home
from segmentation_pipeline.orchestration.refresh_requests import DIED_TAG
from segmentation_pipeline.warehouse.locks import file_lock, lock_holder

GRACE_S = 120.0
"""A run that never took the lock may still be loading; after this many seconds it counts as dead."""

SENSOR_INTERVAL_S = 10
"""Seconds between two looks: a killed run blocks the queue at most this long."""


def fail_dead_runs(instance: dg.DagsterInstance, run_lock: Path) -> list[str]:
    """Report every run failed, and tagged so, that is STARTED while nobody holds the run lock; return their ids.

    Dagster's own monitoring does not notice: the default launcher has no health check, and a run that stays
    STARTED would hold the queue of one for ever.
    """
    with file_lock(run_lock, wait=False) as acquired:
        if not acquired:
            return []
        left_behind = (lock_holder(run_lock) or {}).get("run_id")
        failed = []
        for record in instance.get_run_records(
            dg.RunsFilter(
                statuses=[
                    dg.DagsterRunStatus.STARTING,
                    dg.DagsterRunStatus.STARTED,
                    dg.DagsterRunStatus.CANCELING,
                ]
            )
        ):
            run = record.dagster_run
            # Not since it was asked for: a run may wait long in the queue and has its grace from when it is launched.
            since = record.start_time or record.update_timestamp.timestamp()
            if run.run_id != left_behind and time.time() - since < GRACE_S:
                continue
            instance.add_run_tags(run.run_id, {DIED_TAG: "true"})
            instance.report_run_failed(
                run,
                "The process of this run is gone (the home's run lock is free). Nothing was lost: every table is "
                "written in one transaction. Launch it again.",
            )
            failed.append(run.run_id)
    return failed


def dead_runs_sensor() -> dg.SensorDefinition:
    """Return the sensor that frees the queue of runs whose process died."""

    @dg.sensor(
        name="dead_runs",
        minimum_interval_seconds=SENSOR_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Reports runs failed whose process died, so that the next queued run starts.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        failed = fail_dead_runs(context.instance, find_home().run_lock)
        return dg.SkipReason(f"reported failed: {', '.join(failed)}" if failed else "no dead run")

    return sensor
