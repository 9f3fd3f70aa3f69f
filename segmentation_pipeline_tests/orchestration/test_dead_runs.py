"""Dead runs: reported failed when the lock they held is free, never while somebody holds it."""

import json
import time

import dagster as dg
import pytest

from segmentation_pipeline.orchestration.dead_runs import fail_dead_runs
from segmentation_pipeline.warehouse.locks import file_lock


@dg.job
def nothing():
    pass


@pytest.fixture
def instance():
    with dg.instance_for_test() as made:
        yield made


def started_run(instance):
    run = instance.create_run_for_job(nothing)
    instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "nothing", message="started"), run_id=run.run_id
    )
    return run


def status(instance, run):
    return instance.get_run_by_id(run.run_id).status


def test_a_run_that_left_its_name_in_a_free_lock_is_failed_at_once(instance, tmp_path):
    run = started_run(instance)
    lock = tmp_path / "run.lock"
    lock.write_text(json.dumps({"run_id": run.run_id}))
    assert fail_dead_runs(instance, lock) == [run.run_id]
    assert status(instance, run) == dg.DagsterRunStatus.FAILURE


def test_a_run_is_left_alone_while_the_lock_is_held(instance, tmp_path):
    run = started_run(instance)
    lock = tmp_path / "run.lock"
    with file_lock(lock, holder={"run_id": run.run_id}):
        assert fail_dead_runs(instance, lock) == []
    assert status(instance, run) == dg.DagsterRunStatus.STARTED


def test_a_run_that_is_still_loading_gets_its_grace(instance, tmp_path):
    run = started_run(instance)
    assert fail_dead_runs(instance, tmp_path / "run.lock") == []
    assert status(instance, run) == dg.DagsterRunStatus.STARTED


def test_a_run_that_never_took_the_lock_is_dead_after_the_grace(instance, tmp_path, monkeypatch):
    run = started_run(instance)
    monkeypatch.setattr("segmentation_pipeline.orchestration.dead_runs.GRACE_S", 0.0)
    assert fail_dead_runs(instance, tmp_path / "run.lock") == [run.run_id]


def test_a_run_that_waited_long_in_the_queue_gets_its_grace_once_it_is_launched(instance, tmp_path, monkeypatch):
    monkeypatch.setattr("segmentation_pipeline.orchestration.dead_runs.GRACE_S", 1.0)
    run = instance.create_run_for_job(nothing)
    time.sleep(1.2)
    launching = dg.DagsterEvent(dg.DagsterEventType.PIPELINE_STARTING.value, "nothing", message="launched")
    instance.report_dagster_event(launching, run_id=run.run_id)
    assert status(instance, run) == dg.DagsterRunStatus.STARTING
    assert fail_dead_runs(instance, tmp_path / "run.lock") == []
