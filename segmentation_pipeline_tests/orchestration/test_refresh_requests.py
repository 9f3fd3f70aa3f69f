"""Refresh requests: the month just ended, once, never before the first month."""

from datetime import UTC, date, datetime

import dagster as dg
import pytest

from segmentation_pipeline.homes import create_home
from segmentation_pipeline.orchestration.partitions import month_before, months_between
from segmentation_pipeline.orchestration.policies import monthly_schedule
from segmentation_pipeline.orchestration.refresh_requests import (
    MONTHLY_REFRESH,
    NEWEST_MONTH,
    REQUEST_TAG,
    THEN_TAG,
    newest_month_sensor,
    request_refresh,
)

FIRST = date(2026, 1, 1)


@pytest.fixture
def instance():
    with dg.instance_for_test() as made:
        yield made


@dg.asset(partitions_def=dg.MonthlyPartitionsDefinition("2026-01-01", end_offset=1))
def numbers() -> None:
    pass


@dg.asset
def unparted() -> None:
    pass


def schedule(first_month):
    return monthly_schedule(first_month)


def test_on_the_first_the_month_just_ended_is_asked_for(instance):
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=datetime(2026, 3, 1, 3, tzinfo=UTC))
    request = schedule(FIRST)(context)
    assert request.partition_key == "2026-02-01"
    assert request.run_key == "scheduled:2026-02"


def test_a_month_before_the_first_is_skipped_with_the_line_to_change(instance):
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=datetime(2026, 1, 1, 3, tzinfo=UTC))
    assert "first_month = 2026-01" in schedule(FIRST)(context).skip_message


def test_without_a_first_month_the_way_to_set_it_is_told(instance):
    assert "segpipe configure" in request_refresh(instance, FIRST, "test", first_month=None).skip_message


def test_a_month_that_is_running_is_not_asked_for_again(instance):
    job = dg.Definitions(
        assets=[numbers], jobs=[dg.define_asset_job(MONTHLY_REFRESH, selection=[numbers])]
    ).resolve_job_def(MONTHLY_REFRESH)
    run = instance.create_run_for_job(job, tags={"dagster/partition": "2026-01-01"}, status=dg.DagsterRunStatus.STARTED)
    told = request_refresh(instance, FIRST, "test", first_month=FIRST)
    assert run.run_id in told.skip_message
    other = request_refresh(instance, date(2026, 2, 1), "test", first_month=FIRST)
    assert other.partition_key == "2026-02-01"
    assert other.tags["segpipe/reason"] == "test"


def test_months_are_counted_across_a_year():
    assert months_between(date(2025, 11, 1), date(2026, 2, 1)) == [
        date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1),
    ]  # fmt: skip
    assert month_before(date(2026, 1, 31)) == date(2025, 12, 1)
    assert month_before(date(2026, 3, 1)) == date(2026, 2, 1)


def ingested(instance, **tags):
    job = dg.Definitions(assets=[unparted], jobs=[dg.define_asset_job("ingest", selection=[unparted])])
    return instance.create_run_for_job(
        job.resolve_job_def("ingest"), tags=tags, status=dg.DagsterRunStatus.SUCCESS
    ).run_id


def test_an_ingestion_that_asks_for_it_is_followed_by_the_newest_month_once(instance, tmp_path, monkeypatch):
    home = create_home(tmp_path / "home")
    home.settings_file.write_text('first_month = "2026-01"\n', encoding="utf-8")
    monkeypatch.setenv("SEGPIPE_HOME", str(home.root))
    sensor = newest_month_sensor((lambda _: (FIRST, FIRST), lambda _: None, lambda _: (FIRST, date(2026, 2, 1))))
    ingested(instance)
    context = dg.build_sensor_context(instance=instance)
    assert "no ingestion waits" in sensor(context).skip_message
    run_id = ingested(instance, **{THEN_TAG: NEWEST_MONTH, REQUEST_TAG: "mine"})
    request = sensor(context)
    assert (request.job_name, request.partition_key, request.tags[REQUEST_TAG]) == (
        MONTHLY_REFRESH,
        "2026-02-01",
        "mine",
    )
    assert context.cursor == run_id
    assert "no ingestion waits" in sensor(context).skip_message
