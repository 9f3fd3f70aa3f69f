"""The landing sensor: whole files once, changed ones again, and none of them holds up another."""

import os
import time
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from segmentation_pipeline.orchestration.landing import landing_sensor, look, read_cursor
from segmentation_pipeline.orchestration.refresh_requests import DAILY_UPDATE
from segmentation_pipeline_tests.orchestration.ticks import a_home, publish, run_of, tick


@pytest.fixture
def instance():
    with dg.instance_for_test() as made:
        yield made


@pytest.fixture
def home(tmp_path):
    return a_home(tmp_path)


def land(home, name, text="user_id,timestamp,action\n", age_s=0.0):
    path = home.landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if age_s:
        moment = time.time() - age_s
        os.utime(path, (moment, moment))
    return path


def ticks(home, instance, count, cursor=None):
    """Return what each of so many looks asked for or why not, and the last cursor."""
    told = []
    for _ in range(count):
        result = tick(landing_sensor(home.root, 30), instance, cursor)
        cursor = result.cursor
        told.append(result.run_requests[0] if result.run_requests else result.skip_reason.skip_message)
    return told, cursor


def test_a_file_is_asked_for_at_its_second_look_and_never_again(home, instance):
    land(home, "a.csv")
    (first, second, third), _ = ticks(home, instance, 3)
    assert first == "a.csv may still be written"
    assert second.job_name == DAILY_UPDATE
    assert second.tags == {"segpipe/reason": "landed: a.csv"}
    assert third == "nothing new in landing"


def test_a_file_that_grows_waits_without_holding_up_the_others(home, instance):
    land(home, "whole.csv")
    grown = land(home, "growing.csv", "a")
    _, cursor = ticks(home, instance, 1)
    grown.write_text("ab")
    (request,), cursor = ticks(home, instance, 1, cursor)
    assert request.tags["segpipe/reason"] == "landed: whole.csv"
    (request, nothing), _ = ticks(home, instance, 2, cursor)
    assert request.tags["segpipe/reason"] == "landed: growing.csv"
    assert nothing == "nothing new in landing"


def test_a_changed_file_is_asked_for_again_under_another_key(home, instance):
    land(home, "poison.csv", "x")
    (_, first), cursor = ticks(home, instance, 2)
    (nothing,), cursor = ticks(home, instance, 1, cursor)
    assert nothing == "nothing new in landing"
    land(home, "poison.csv", "mended")
    (_, again), _ = ticks(home, instance, 2, cursor)
    assert again.run_key != first.run_key


def test_several_files_are_one_run(home, instance):
    for name in ("a.csv", "b.csv", "purchases/c.csv", "leads/d.csv", "e.csv"):
        land(home, name)
    (_, request), _ = ticks(home, instance, 2)
    assert request.tags["segpipe/reason"] == "landed: a.csv, b.csv, e.csv and 2 more"


def test_files_the_command_line_has_read_are_not_asked_for(home, instance):
    text = "user_id,timestamp,action\n"
    land(home, "read.csv", text, age_s=600)
    land(home, "changed.csv", text, age_s=600)
    land(home, "touched.csv", text)
    seen = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=300)
    publish(home, files={name: (len(text), seen) for name in ("read.csv", "touched.csv")} | {"changed.csv": (3, seen)})
    (_, request), _ = ticks(home, instance, 2)
    assert request.tags["segpipe/reason"] == "landed: changed.csv, touched.csv"


def test_unfinished_and_hidden_files_are_not_looked_at(home, instance):
    for name in ("a.csv.tmp", "b.csv.part", ".c.csv"):
        land(home, name)
    assert ticks(home, instance, 2)[0] == ["nothing new in landing"] * 2


def test_a_file_that_is_taken_away_is_forgotten(home):
    path = land(home, "a.csv")
    looks = look(home, {}).looks
    path.unlink()
    assert look(home, looks).looks == {}


def test_a_queued_daily_update_reads_the_file_too(home, instance):
    land(home, "a.csv")
    run = run_of(instance, DAILY_UPDATE, dg.DagsterRunStatus.NOT_STARTED)
    (_, told, after), _ = ticks(home, instance, 3)
    assert told == f"run {run.run_id} is queued and will read a.csv"
    assert after == "nothing new in landing"


def test_a_daily_update_that_has_begun_may_have_missed_the_file(home, instance):
    land(home, "a.csv")
    run_of(instance, DAILY_UPDATE, dg.DagsterRunStatus.STARTED)
    (_, request), _ = ticks(home, instance, 2)
    assert isinstance(request, dg.RunRequest)


@pytest.mark.parametrize("cursor", [None, "", "{", "[1]", '{"a.csv": 3}'])
def test_a_cursor_that_cannot_be_read_counts_as_none(cursor):
    assert read_cursor(cursor) == {}


def test_a_home_whose_settings_are_wrong_is_told(home, instance):
    home.settings_file.write_text("nonsense = 1")
    assert "no such key" in ticks(home, instance, 1)[0][0]
