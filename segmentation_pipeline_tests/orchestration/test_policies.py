"""Refreshes nobody asked for: missed months in order, and the open month when segments no longer hold the users."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from segmentation_pipeline.definitions import build_defs
from segmentation_pipeline.orchestration.activation_requests import activation_sensor
from segmentation_pipeline.orchestration.dead_runs import fail_dead_runs
from segmentation_pipeline.orchestration.policies import (
    CATCH_UP,
    MOST_DEATHS,
    catch_up_sensor,
    drift_sensor,
    monthly_schedule,
)
from segmentation_pipeline.orchestration.refresh_requests import (
    ACTIVATION_SYNC,
    MONTHLY_REFRESH,
    daily_schedule,
)
from segmentation_pipeline_tests.orchestration.ticks import a_home, publish, run_of, tick

DECEMBER, JANUARY, FEBRUARY, MARCH, APRIL = (date(2025, 12, 1), *(date(2026, number, 1) for number in range(1, 5)))
APRIL_MORNING = datetime(2026, 4, 1, 9, 1)


@pytest.fixture
def instance():
    with dg.instance_for_test() as made:
        yield made


@pytest.fixture
def home(tmp_path):
    return a_home(tmp_path)


def caught_up(home, instance, now):
    return tick(catch_up_sensor(home.root, lambda: now), instance)


def requested(result):
    return [(request.partition_key, request.run_key) for request in result.run_requests]


# Months the schedule missed.


def test_missed_months_are_asked_for_one_at_a_time_from_the_oldest(home, instance):
    publish(home, refreshed={JANUARY: datetime(2026, 2, 1, 4)}, last_event=datetime(2026, 3, 31, 20))
    first = caught_up(home, instance, APRIL_MORNING)
    assert requested(first) == [("2026-02-01", "catch-up:2026-02:1")]
    assert first.run_requests[0].tags["segpipe/reason"] == CATCH_UP
    running = run_of(instance, MONTHLY_REFRESH, dg.DagsterRunStatus.STARTED, **{"dagster/partition": "2026-02-01"})
    assert running.run_id in caught_up(home, instance, APRIL_MORNING).skip_reason.skip_message
    publish(
        home,
        refreshed={JANUARY: datetime(2026, 2, 1, 4), FEBRUARY: APRIL_MORNING},
        last_event=datetime(2026, 3, 31, 20),
    )
    assert requested(caught_up(home, instance, APRIL_MORNING)) == [("2026-03-01", "catch-up:2026-03:1")]


def test_what_a_sensor_asks_for_is_a_run_the_daemon_can_launch(home, instance):
    publish(home, refreshed={JANUARY: datetime(2026, 2, 1, 4)}, last_event=datetime(2026, 3, 31, 20))
    definitions = build_defs(home_root=home.root)
    context = dg.build_sensor_context(instance=instance, definitions=definitions)
    (request,) = definitions.resolve_sensor_def("catch_up_sensor").evaluate_tick(context).run_requests
    assert request.tags["dagster/partition"] == "2026-02-01"


@pytest.mark.parametrize(("hour", "is_due"), [(3, False), (8, False), (9, True)])
def test_the_schedule_has_six_hours_of_its_own_first(home, instance, hour, is_due):
    publish(home, refreshed={JANUARY: datetime(2026, 2, 1, 4)}, last_event=datetime(2026, 2, 28))
    told = caught_up(home, instance, datetime(2026, 3, 1, hour))
    assert bool(told.run_requests) is is_due
    assert is_due or told.skip_reason.skip_message == "no month was missed"


def test_a_month_refreshed_before_it_ended_counts_as_missed(home, instance):
    publish(home, refreshed={JANUARY: datetime(2026, 1, 20)}, last_event=datetime(2026, 1, 31))
    assert requested(caught_up(home, instance, datetime(2026, 2, 2))) == [("2026-01-01", "catch-up:2026-01:1")]


def test_months_without_events_are_not_missed(home, instance):
    publish(home, refreshed={JANUARY: datetime(2026, 2, 1, 4)}, last_event=datetime(2026, 1, 11))
    assert caught_up(home, instance, datetime(2026, 11, 20)).skip_reason.skip_message == "no month was missed"


def test_months_before_the_newest_refresh_were_left_out_by_choice(home, instance):
    publish(home, refreshed={MARCH: APRIL_MORNING}, last_event=datetime(2026, 3, 31))
    assert caught_up(home, instance, APRIL_MORNING).skip_reason.skip_message == "no month was missed"


def test_a_home_that_was_never_refreshed_begins_with_its_newest_month(home, instance):
    publish(home, last_event=datetime(2026, 3, 31))
    assert requested(caught_up(home, instance, APRIL_MORNING)) == [("2026-03-01", "catch-up:2026-03:1")]


def test_a_month_whose_catch_up_failed_does_not_hold_up_the_next(home, instance):
    publish(home, refreshed={JANUARY: datetime(2026, 1, 20)}, last_event=datetime(2026, 3, 31))
    for month in ("2026-01-01", "2026-02-01"):
        run_of(
            instance, MONTHLY_REFRESH, dg.DagsterRunStatus.FAILURE,
            **{"dagster/partition": month, "segpipe/reason": CATCH_UP},
        )  # fmt: skip
    assert requested(caught_up(home, instance, APRIL_MORNING)) == [("2026-03-01", "catch-up:2026-03:1")]
    run_of(
        instance, MONTHLY_REFRESH, dg.DagsterRunStatus.FAILURE,
        **{"dagster/partition": "2026-03-01", "segpipe/reason": CATCH_UP},
    )  # fmt: skip
    assert "refresh by hand" in caught_up(home, instance, APRIL_MORNING).skip_reason.skip_message


def test_before_anything_is_published_the_way_to_it_is_told(home, instance):
    assert "land files" in caught_up(home, instance, APRIL_MORNING).skip_reason.skip_message


def scheduled(home, instance, at):
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=at.replace(tzinfo=UTC))
    return monthly_schedule(DECEMBER, home.root)(context)


def test_after_months_of_downtime_schedule_and_catch_up_make_them_in_order(tmp_path, instance):
    home = a_home(tmp_path, 'first_month = "2025-12"\nclock = "calendar"\n')
    refreshed = {DECEMBER: datetime(2026, 1, 1, 4)}
    tick_at, last_event = datetime(2026, 4, 1, 3), datetime(2026, 3, 31, 20)
    for month in (JANUARY, FEBRUARY, MARCH):
        publish(home, refreshed=refreshed, last_event=last_event)
        if month < MARCH:
            told = scheduled(home, instance, tick_at)
            assert f"earlier months to make first, from {month:%Y-%m} on" in told.skip_message
        assert requested(caught_up(home, instance, tick_at + timedelta(minutes=10))) == [
            (month.isoformat(), f"catch-up:{month:%Y-%m}:1")
        ]
        refreshed[month] = tick_at + timedelta(minutes=month.month)
    publish(home, refreshed=refreshed, last_event=last_event)
    assert caught_up(home, instance, APRIL_MORNING).skip_reason.skip_message == "no month was missed"


def test_the_schedule_does_not_wait_for_a_month_that_was_given_up(home, instance):
    publish(home, refreshed={JANUARY: datetime(2026, 2, 1, 4)}, last_event=datetime(2026, 3, 31))
    assert "earlier months" in scheduled(home, instance, datetime(2026, 4, 1, 3)).skip_message
    run_of(
        instance, MONTHLY_REFRESH, dg.DagsterRunStatus.FAILURE,
        **{"dagster/partition": "2026-02-01", "segpipe/reason": CATCH_UP},
    )  # fmt: skip
    assert scheduled(home, instance, datetime(2026, 4, 1, 3)).partition_key == "2026-03-01"


def test_a_refresh_of_the_open_month_hides_no_failed_one_before_it(home, instance):
    publish(
        home,
        refreshed={FEBRUARY: datetime(2026, 3, 1, 4), APRIL: datetime(2026, 4, 20)},
        last_event=datetime(2026, 4, 20),
    )
    assert requested(caught_up(home, instance, datetime(2026, 4, 20, 1))) == [("2026-03-01", "catch-up:2026-03:1")]


@pytest.mark.parametrize("april_made", [datetime(2026, 4, 5), datetime(2026, 5, 1, 4)], ids=["open", "ended"])
def test_a_month_last_refreshed_while_it_was_open_is_missed_whatever_came_later(home, instance, april_made):
    refreshed = {FEBRUARY: datetime(2026, 3, 1, 4), MARCH: datetime(2026, 3, 20), APRIL: april_made}
    publish(home, refreshed=refreshed, last_event=datetime(2026, 4, 30))
    assert requested(caught_up(home, instance, april_made + timedelta(hours=9))) == [
        ("2026-03-01", "catch-up:2026-03:1")
    ]


def test_a_home_that_began_with_its_open_month_has_nothing_to_catch_up_with(home, instance):
    publish(home, refreshed={APRIL: datetime(2026, 4, 10)}, last_event=datetime(2026, 4, 10))
    assert caught_up(home, instance, datetime(2026, 4, 11)).skip_reason.skip_message == "no month was missed"


def test_a_home_of_purchases_alone_is_caught_up_too(home, instance):
    publish(
        home, customers_refreshed={JANUARY: datetime(2026, 2, 1, 4)}, last_purchase=datetime(2026, 2, 27, 9)
    )  # fmt: skip
    assert requested(caught_up(home, instance, datetime(2026, 3, 2))) == [("2026-02-01", "catch-up:2026-02:1")]


def test_a_catch_up_whose_process_died_is_made_again_but_not_for_ever(home, instance):
    publish(home, refreshed={JANUARY: datetime(2026, 2, 1, 4)}, last_event=datetime(2026, 2, 28))
    keys = []
    for _ in range(MOST_DEATHS):
        (request,) = caught_up(home, instance, APRIL_MORNING).run_requests
        keys.append(request.run_key)
        run = run_of(
            instance, MONTHLY_REFRESH, dg.DagsterRunStatus.STARTED,
            **{"dagster/partition": request.partition_key, **request.tags},
        )  # fmt: skip
        home.run_lock.write_text(f'{{"run_id": "{run.run_id}"}}')
        assert fail_dead_runs(instance, home.run_lock) == [run.run_id]
    assert keys == [f"catch-up:2026-02:{number}" for number in range(1, MOST_DEATHS + 1)]
    told = caught_up(home, instance, APRIL_MORNING).skip_reason.skip_message
    assert f"its process died {MOST_DEATHS} times" in told


def test_a_catch_up_that_succeeded_and_was_not_published_is_told(home, instance):
    publish(home, refreshed={JANUARY: datetime(2026, 2, 1, 4)}, last_event=datetime(2026, 2, 28))
    run = run_of(
        instance, MONTHLY_REFRESH, dg.DagsterRunStatus.SUCCESS,
        **{"dagster/partition": "2026-02-01", "segpipe/reason": CATCH_UP},
    )  # fmt: skip
    told = caught_up(home, instance, APRIL_MORNING).skip_reason.skip_message
    assert f"run {run.run_id} succeeded and was not published" in told


# Users in no segment.


def drifted(home, instance, now=datetime(2026, 3, 20), cursor=None):
    return tick(drift_sensor(home.root, lambda: now), instance, cursor)


FRESH = {
    "refreshed": {FEBRUARY: datetime(2026, 3, 1, 4)},
    "last_event": datetime(2026, 3, 19),
    "files": {"march.csv": (10, datetime(2026, 3, 19, 5))},
    "live": 100,
}


def test_more_than_fifteen_in_a_hundred_unclassified_ask_for_the_open_month_at_most_weekly(home, instance):
    publish(home, **FRESH, unclassified=16)
    first = drifted(home, instance)
    assert requested(first) == [("2026-03-01", "drift:2026-03-20")]
    soon = drifted(home, instance, datetime(2026, 3, 26), first.cursor)
    assert "less than 7 days ago" in soon.skip_reason.skip_message
    later = drifted(home, instance, datetime(2026, 3, 27), soon.cursor)
    assert requested(later) == [("2026-03-01", "drift:2026-03-27")]


def test_fifteen_in_a_hundred_are_fine(home, instance):
    publish(home, **FRESH, unclassified=15)
    assert "up to 15% is fine" in drifted(home, instance).skip_reason.skip_message


def test_without_new_events_nothing_is_asked_for(home, instance):
    publish(home, **FRESH | {"files": {"old.csv": (10, datetime(2026, 2, 27))}}, unclassified=50)
    assert "no event arrived since the last refresh" in drifted(home, instance).skip_reason.skip_message


def test_a_file_that_brought_no_event_is_no_new_event(home, instance):
    publish(home, **FRESH, accepted=0, unclassified=50)
    assert "no event arrived since the last refresh" in drifted(home, instance).skip_reason.skip_message


def test_an_open_month_without_events_is_not_asked_for(home, instance):
    publish(home, **FRESH, unclassified=50)
    assert "2026-04 has no event yet" in drifted(home, instance, APRIL_MORNING).skip_reason.skip_message


# Activation and the day.


@pytest.fixture
def posthog_home(tmp_path):
    return a_home(tmp_path, '[activation.posthog]\nhost = "https://eu.i.posthog.com"\n')


def test_each_publish_is_synced_once_and_a_sync_does_not_follow_itself(posthog_home, instance):
    sensor = activation_sensor(posthog_home.root)
    assert "land files" in tick(sensor, instance).skip_reason.skip_message
    publish(posthog_home, run_id="daily-1")
    first = tick(sensor, instance)
    assert [request.run_key for request in first.run_requests] == ["sync:daily-1"]
    assert "already" in tick(sensor, instance, first.cursor).skip_reason.skip_message
    sync = run_of(instance, ACTIVATION_SYNC, dg.DagsterRunStatus.SUCCESS)
    publish(posthog_home, run_id=sync.run_id)
    assert tick(sensor, instance, first.cursor).skip_reason.skip_message == "everything published was synced"


def synced(instance, **endings):
    """Run a sync whose destinations said this of themselves; None fails."""

    def asset(name, told):
        @dg.asset(name=name)
        def destination():
            if told is None:
                raise dg.Failure(f"{name} refused the key")
            return dg.MaterializeResult(metadata=told)

        return destination

    assets = [asset(name, told) for name, told in endings.items()]
    definitions = dg.Definitions(assets=assets, jobs=[dg.define_asset_job(ACTIVATION_SYNC, selection="*")])
    job = definitions.resolve_job_def(ACTIVATION_SYNC)
    return job.execute_in_process(instance=instance, raise_on_error=False).run_id


def test_a_sync_that_ran_out_of_time_is_followed_by_another(posthog_home, instance):
    run_id = synced(instance, posthog_person_properties={"ended": "time"})
    publish(posthog_home, run_id=run_id)
    result = tick(activation_sensor(posthog_home.root), instance)
    assert [request.tags["segpipe/reason"] for request in result.run_requests] == [f"goes on where {run_id} stopped"]


def test_a_destination_that_fails_does_not_keep_another_from_going_on(posthog_home, instance):
    sensor = activation_sensor(posthog_home.root)
    publish(posthog_home, run_id="daily-1")
    cursor = tick(sensor, instance).cursor
    first = synced(instance, posthog_person_properties=None, attio_attributes={"ended": "time"})
    result = tick(sensor, instance, cursor)
    assert [request.run_key for request in result.run_requests] == [f"sync:{first}"]
    last = synced(instance, posthog_person_properties=None, attio_attributes={"ended": "done"})
    result = tick(sensor, instance, result.cursor)
    assert f"run {last} did not succeed" in result.skip_reason.skip_message
    publish(posthog_home, run_id="daily-2")
    assert [request.run_key for request in tick(sensor, instance, result.cursor).run_requests] == ["sync:daily-2"]


def test_a_destination_that_asked_to_wait_is_synced_again_after_that(posthog_home, instance):
    waiting = {"ended": "asked_to_wait", "asked_until": "2026-04-01T10:00:00"}
    run_id = synced(instance, posthog_person_properties=waiting, attio_attributes={"ended": "done"})
    publish(posthog_home, run_id=run_id)
    early = tick(activation_sensor(posthog_home.root, lambda: datetime(2026, 4, 1, 9, 59)), instance)
    assert "asked to wait until 2026-04-01T10:00:00 UTC" in early.skip_reason.skip_message
    late = tick(activation_sensor(posthog_home.root, lambda: datetime(2026, 4, 1, 10)), instance)
    assert [request.run_key for request in late.run_requests] == [f"sync:{run_id}"]


def test_without_a_destination_nothing_is_synced(home, instance):
    publish(home)
    assert "no destination" in tick(activation_sensor(home.root), instance).skip_reason.skip_message


def test_the_daily_update_is_asked_for_once_a_day_and_not_beside_another(instance):
    at = datetime(2026, 3, 2, 4, tzinfo=UTC)
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=at)
    assert daily_schedule()(context).run_key == "daily:2026-03-02"
    run = run_of(instance, "daily_update", dg.DagsterRunStatus.STARTED)
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=at + timedelta(days=1))
    assert run.run_id in daily_schedule()(context).skip_message
