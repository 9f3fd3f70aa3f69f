"""The landing sensor: whole files once, changed ones again, and none of them holds up another."""

import os
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import dagster as dg
import pytest

from segmentation_pipeline.definitions import build_defs
from segmentation_pipeline.landing.settling import is_settled
from segmentation_pipeline.orchestration.dead_runs import fail_dead_runs
from segmentation_pipeline.orchestration.job_runs import QUIET_LOGS
from segmentation_pipeline.orchestration.landing import MOST_DEATHS, landing_sensor, look, read_cursor
from segmentation_pipeline.orchestration.refresh_requests import DAILY_UPDATE, UNATTENDED
from segmentation_pipeline.warehouse.warehouse import Warehouse
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


def ticks(home, instance, count, cursor=None, poll_s=0):
    """Return what each of so many looks asked for or why not, and the last cursor."""
    told = []
    for _ in range(count):
        result = tick(landing_sensor(home.root, poll_s), instance, cursor)
        cursor = result.cursor
        told.append(result.run_requests[0] if result.run_requests else result.skip_reason.skip_message)
    return told, cursor


def test_a_file_is_asked_for_at_its_second_look_and_never_again(home, instance):
    land(home, "a.csv")
    (first, second, third), _ = ticks(home, instance, 3)
    assert first == "a.csv may still be written"
    assert second.job_name == DAILY_UPDATE
    assert second.tags == {"segpipe/reason": "landed: a.csv", **UNATTENDED}
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


def test_looks_that_follow_each_other_too_soon_prove_nothing(home, instance):
    land(home, "a.csv")
    told, _ = ticks(home, instance, 3, poll_s=30)
    assert told == ["a.csv may still be written"] * 3


@pytest.mark.parametrize(
    ("age_s", "settle_s", "expected"),
    [(31, 30, True), (29, 30, False), (-5, 30, False), (-900, 30, True), (0, 0, True)],
)
def test_a_file_is_settled_once_it_was_left_alone(age_s, settle_s, expected):
    assert is_settled(SimpleNamespace(st_ctime=time.time() - age_s), settle_s) is expected


LINES = {
    "events-%s.csv": "user_id,timestamp,action\nu-%s,2026-03-15T10:00:00Z,login\n",
    "purchases/%s.csv": "customer_id,purchased_at,quantity,unit_price\nc-%s,2026-03-15T10:00:00Z,1,9.5\n",
    "leads/%s.csv": "lead_id,company,converted\nl-%s,Acme,yes\n",
}
READ = {
    "events": "SELECT file_name FROM landed_files ORDER BY ALL",
    "purchases": "SELECT file_name FROM purchase_files ORDER BY ALL",
    "leads": "SELECT 'leads/' || import_id FROM lead_files ORDER BY ALL",
}


@contextmanager
def being_written(paths):
    """Let files grow, line by line, as long as the block lasts."""
    is_over = threading.Event()

    def grow():
        while not is_over.wait(0.5):
            for path in paths:
                with path.open("a") as file:
                    file.write(path.read_text().splitlines()[-1] + "\n")

    writer = threading.Thread(target=grow, daemon=True)
    writer.start()
    try:
        yield
    finally:
        is_over.set()
        writer.join()


def ingested(home, instance, tags):
    """Run the three ingestions and return the files they have read by now."""
    job = dg.define_asset_job(
        "three", selection=dg.AssetSelection.assets("raw_events", "purchases", "leads").required_multi_asset_neighbors()
    )
    definitions = dg.Definitions.merge(build_defs(home_root=home.root), dg.Definitions(jobs=[job]))
    result = definitions.resolve_job_def("three").execute_in_process(
        instance=instance, tags=tags, run_config=QUIET_LOGS, raise_on_error=False
    )
    assert result.success
    with Warehouse(home, home.settings()).read() as db:
        return result, [name for sql in READ.values() for (name,) in db.connection.execute(sql).fetchall()]


def test_a_run_nobody_asked_for_in_person_leaves_growing_files_alone(tmp_path, instance):
    home = a_home(tmp_path, 'first_month = "2026-01"\nclock = "calendar"\n[refresh]\nlanding_poll_s = 5\n')
    for name, text in LINES.items():
        land(home, name % "whole", text % "whole")
    time.sleep(5)
    with being_written([land(home, name % "growing", text % "growing") for name, text in LINES.items()]):
        result, read = ingested(home, instance, UNATTENDED)
    whole = [name % "whole" for name in LINES]
    assert read == whole
    told = {
        event.asset_key.to_user_string(): event.materialization.metadata["may_still_be_written"].value
        for event in result.get_asset_materialization_events()
        if "may_still_be_written" in event.materialization.metadata
    }
    assert told == {
        "landed_files": "events-growing.csv",
        "purchase_files": "purchases/growing.csv",
        "lead_files": "growing.csv",
    }
    _, read = ingested(home, instance, {})
    assert sorted(read) == sorted([*whole, *(name % "growing" for name in LINES)]), (
        "what a person asks for is read as it is"
    )


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
    now = datetime.now(UTC).replace(tzinfo=None)
    read = {"read.csv": (len(text), now), "changed.csv": (3, now)}
    publish(home, files={**read, "touched.csv": (len(text), now - timedelta(seconds=300))})
    (_, request), _ = ticks(home, instance, 2)
    assert request.tags["segpipe/reason"] == "landed: changed.csv, touched.csv"


def test_a_correction_of_the_same_size_that_keeps_an_old_time_is_asked_for(home, instance):
    path = land(home, "a.csv", "user_id,timestamp,action\nu,2026-01-01,x\n")
    publish(home, files={"a.csv": (path.stat().st_size, datetime.now(UTC).replace(tzinfo=None))})
    (nothing,), cursor = ticks(home, instance, 1)
    assert nothing == "nothing new in landing"
    time.sleep(0.05)
    land(home, "a.csv", "user_id,timestamp,action\nu,2026-01-01,y\n", age_s=86_400)
    (_, request), _ = ticks(home, instance, 2, cursor)
    assert request.tags["segpipe/reason"] == "landed: a.csv"


def test_a_name_that_is_not_utf_8_holds_up_nobody(home, instance):
    (home.landing / os.fsdecode(b"na\xefve.csv")).write_text("user_id,timestamp,action\nu,2026-01-01,x\n")
    land(home, "whole.csv", "user_id,timestamp,action\nu,2026-01-01T00:00:00Z,x\n")
    (_, request), _ = ticks(home, instance, 2)
    assert request.tags["segpipe/reason"] == "landed: na\\xefve.csv, whole.csv"
    ingested(home, instance, {})
    with Warehouse(home, home.settings()).read() as db:
        rows = db.connection.execute("SELECT file_name, status, error FROM landed_files ORDER BY ALL").fetchall()
    assert rows == [
        ("na\\xefve.csv", "error", "na\\xefve.csv: its name is not UTF-8. Next: rename it."),
        ("whole.csv", "loaded", None),
    ]


def test_unfinished_and_hidden_files_are_not_looked_at(home, instance):
    for name in ("a.csv.tmp", "b.csv.part", ".c.csv"):
        land(home, name)
    assert ticks(home, instance, 2)[0] == ["nothing new in landing"] * 2


def test_a_file_that_is_taken_away_is_forgotten(home):
    path = land(home, "a.csv")
    looks = look(home, {}, 0).looks
    path.unlink()
    assert look(home, looks, 0).looks == {}


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


def test_a_daily_update_whose_process_died_is_asked_for_again_but_not_for_ever(home, instance):
    land(home, "a.csv")
    (_, request), cursor = ticks(home, instance, 2)
    reasons = []
    for _ in range(MOST_DEATHS):
        run = run_of(instance, DAILY_UPDATE, dg.DagsterRunStatus.STARTED, **request.tags)
        home.run_lock.write_text(f'{{"run_id": "{run.run_id}"}}')
        assert fail_dead_runs(instance, home.run_lock) == [run.run_id]
        (request,), cursor = ticks(home, instance, 1, cursor)
        reasons.append((run.run_id, request))
    assert reasons.pop()[1] == "nothing new in landing"
    for run_id, asked in reasons:
        assert asked.run_key == f"again:{run_id}"
        assert asked.tags["segpipe/reason"].endswith("landed: a.csv")


def test_a_daily_update_that_failed_by_itself_is_not_asked_for_again(home, instance):
    land(home, "a.csv")
    _, cursor = ticks(home, instance, 2)
    run_of(instance, DAILY_UPDATE, dg.DagsterRunStatus.FAILURE)
    assert ticks(home, instance, 1, cursor)[0] == ["nothing new in landing"]


@pytest.mark.parametrize("cursor", [None, "", "{", "[1]", '{"a.csv": 3}'])
def test_a_cursor_that_cannot_be_read_counts_as_none(cursor):
    assert read_cursor(cursor) == {}


def test_a_home_whose_settings_are_wrong_is_told(home, instance):
    home.settings_file.write_text("nonsense = 1")
    assert "no such key" in ticks(home, instance, 1)[0][0]
