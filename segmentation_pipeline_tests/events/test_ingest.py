"""The tables are what the files say, whatever the order and the day the files arrive."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmentation_pipeline.events import ingest
from segmentation_pipeline.landing import sources
from segmentation_pipeline.warehouse.database import Database
from segmentation_pipeline_tests.events.landing import NOW, csv, landing_folder

if TYPE_CHECKING:
    import random

WITH_ID = "user_id,timestamp,action,event_id"


def day(number: int) -> datetime:
    return datetime(2024, 1, number)


def test_equal_events_are_kept_once_within_a_file_and_counted(landing):
    landing.load(csv("u,2024-01-01,a", "u,2024-01-01,a", "u,2024-01-01,b", "u,2024-01-01T00:00:00Z,a"))
    assert landing.events() == [("u", day(1), "a"), ("u", day(1), "b")]
    assert landing.files() == {"events.csv": (4, 2, 0, 2)}


def test_events_that_differ_in_metadata_alone_are_two(landing):
    landing.load(csv("u,2024-01-01,a,x", "u,2024-01-01,a,", "u,2024-01-01,a,x", header="user_id,timestamp,action,plan"))
    assert landing.files() == {"events.csv": (3, 2, 0, 1)}


def test_the_same_event_id_is_one_event_whatever_else_differs_and_other_ids_are_others(landing):
    landing.load(csv("u,2024-01-03,c,1", "u,2024-01-02,b,1", "u,2024-01-02,b,2", "u,2024-01-02,b,", header=WITH_ID))
    assert landing.events() == [("u", day(2), "b")] * 3
    assert landing.db.execute("SELECT event_id FROM raw_events ORDER BY ALL").fetchall() == [("1",), ("2",), (None,)]
    assert landing.files() == {"events.csv": (4, 3, 0, 1)}


def test_equal_keys_of_different_events_lose_nothing(landing, monkeypatch):
    real = ingest.load_sql
    constant = {"staged_records": ("hash(user_id, event_at, action, metadata)", "hash(1)")}

    def with_one_key(package, name):
        text = real(package, name)
        return text.replace(*constant[name]) if name in constant else text

    monkeypatch.setattr("segmentation_pipeline.events.records.load_sql", with_one_key)
    rows = [f"u{number % 7},2024-01-0{1 + number % 3},a" for number in range(42)]
    landing.land("a.csv", csv(*rows))
    landing.land("b.csv", csv(*rows[:5], "new,2024-01-01,a"))
    landing.ingest()
    assert landing.db.one("SELECT count(DISTINCT event_key) FROM raw_events") == (1,)
    assert landing.files() == {"a.csv": (42, 21, 0, 21), "b.csv": (6, 1, 0, 5)}


def test_the_same_files_again_change_nothing(landing):
    landing.land("a.csv", csv("u,2024-01-01,a"))
    landing.land("bad.csv", "")
    landing.ingest()
    landing.db.execute("DELETE FROM session_backlog")
    before = landing.db.rows("SELECT * FROM landed_files ORDER BY file_name")
    report = landing.ingest(now=datetime(2026, 7, 1))
    assert (report.read_files, report.unchanged_files) == ((), ("a.csv", "bad.csv"))
    assert landing.db.rows("SELECT * FROM landed_files ORDER BY file_name") == before
    assert landing.backlog() == {}


def test_the_same_content_under_another_name_is_all_duplicates(landing):
    landing.land("a.csv", csv("u,2024-01-01,a", ",2024-01-01,a"))
    landing.ingest()
    landing.land("b.csv", csv("u,2024-01-01,a", ",2024-01-01,a"))
    landing.ingest(now=datetime(2026, 7, 1))
    assert landing.files() == {"a.csv": (2, 1, 1, 0), "b.csv": (2, 0, 1, 1)}
    assert json.loads(landing.file("b.csv")["duplicate_of"]) == {"a.csv": 1}
    assert landing.file("b.csv")["landed_recorded_at"] == NOW


def test_a_changed_file_replaces_its_rows_and_the_others_keep_theirs(landing):
    landing.land("a.csv", csv("u,2024-01-01,a", ",2024-01-01,a"))
    landing.land("b.csv", csv("v,2024-01-01,a"))
    landing.ingest()
    landing.land("a.csv", csv("u,2024-01-02,a"))
    report = landing.ingest()
    assert report.read_files == ("a.csv",)
    assert landing.events() == [("u", day(2), "a"), ("v", day(1), "a")]
    assert landing.rejections() == []


def test_what_was_lost_to_a_replaced_file_comes_back(landing):
    landing.land("a.csv", csv("u,2024-01-01,a", "u,2024-01-02,a"))
    landing.land("b.csv", csv("u,2024-01-01,a", "u,2024-01-03,a"))
    landing.land("c.csv", csv("u,2024-01-03,a", "u,2024-01-04,a"))
    landing.land("d.csv", csv("u,2024-01-09,a"))
    landing.ingest()
    assert landing.files()["b.csv"] == (2, 1, 0, 1)
    landing.land("a.csv", csv("u,2024-01-02,a"))
    report = landing.ingest()
    assert report.read_files == ("a.csv", "b.csv", "c.csv")
    assert [at for _, at, _ in landing.events()] == [day(1), day(2), day(3), day(4), day(9)]
    assert landing.files()["b.csv"] == (2, 2, 0, 0)


def test_a_file_deleted_from_landing_keeps_its_rows(landing):
    landing.load(csv("u,2024-01-01,a"), "a.csv")
    (landing.folder / "a.csv").unlink()
    landing.load(csv("u,2024-01-01,a", "v,2024-01-01,a"), "b.csv")
    assert landing.files() == {"a.csv": (1, 1, 0, 0), "b.csv": (2, 1, 0, 1)}


def test_a_file_that_becomes_unreadable_loses_its_rows_until_it_is_mended(landing):
    landing.load(csv("u,2024-01-01,a"), "a.csv")
    landing.load("", "a.csv")
    assert landing.events() == []
    landing.load(csv("u,2024-01-01,a"), "a.csv")
    assert landing.events() == [("u", day(1), "a")]


def test_changed_settings_read_every_file_again_errors_included(landing):
    landing.land("a.csv", csv("u,2024-01-01,a,b", header="uid,timestamp,event,activity"))
    landing.land("b.csv", csv("u,2024-01-01,a,b", header="user_id,timestamp,action,x"))
    landing.ingest()
    assert [landing.file(name)["status"] for name in ("a.csv", "b.csv")] == ["error", "loaded"]
    report = landing.ingest(columns={"action": ["event", "activity"]})
    assert report.read_files == ("a.csv", "b.csv")
    assert landing.events() == [("u", day(1), "a+b")]
    assert [landing.file(name)["status"] for name in ("a.csv", "b.csv")] == ["loaded", "error"]


def test_the_backlog_holds_the_earliest_change_of_each_affected_user(landing):
    landing.land("a.csv", csv("u,2024-01-02,a", "u,2024-01-05,a", "v,2024-01-03,a"))
    landing.ingest()
    assert landing.backlog() == {"u": day(2), "v": day(3)}
    landing.db.execute("DELETE FROM session_backlog")
    landing.land("b.csv", csv("u,2024-01-04,a", "w,2024-01-01,a"))
    landing.ingest()
    assert landing.backlog() == {"u": day(4), "w": day(1)}
    landing.land("b.csv", csv("w,2024-01-07,a"))
    landing.ingest()
    assert landing.backlog() == {"u": day(4), "w": day(1)}


def test_a_failure_leaves_everything_as_it_was(landing, monkeypatch):
    landing.load(csv("u,2024-01-01,a"), "a.csv")
    before = landing.events_with_files()
    landing.land("a.csv", csv("v,2024-01-01,a"))

    def fail(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(ingest, "_write_backlog", fail)
    with pytest.raises(RuntimeError):
        landing.ingest()
    assert landing.events_with_files() == before
    monkeypatch.undo()
    landing.ingest()
    assert landing.users() == ["v"]


def test_tables_that_no_longer_fit_each_other_are_made_anew_from_the_files(landing):
    landing.load(csv("u,2024-01-01,a"), "a.csv")
    landing.db.execute("DROP TABLE raw_events")
    landing.ingest()
    assert landing.events() == [("u", day(1), "a")]
    assert landing.files() == {"a.csv": (1, 1, 0, 0)}


RECORDS = st.lists(
    st.tuples(st.sampled_from("uv"), st.integers(1, 3), st.sampled_from("ab"), st.sampled_from(["", "1", "2"])),
    max_size=6,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RECORDS, min_size=2, max_size=4), st.randoms(use_true_random=False), st.booleans())
def test_files_may_arrive_in_any_order_one_by_one_or_together(
    tmp_path_factory, files, shuffler: random.Random, is_batched
):
    contents = {
        f"{number}.csv": csv(
            *(f"{user},2024-01-0{at},{action},{key}" for user, at, action, key in rows), header=WITH_ID
        )
        for number, rows in enumerate(files)
    }
    with (
        pytest.MonkeyPatch.context() as patch,
        landing_folder(tmp_path_factory.mktemp("whole") / "landing") as whole,
        landing_folder(tmp_path_factory.mktemp("single") / "landing") as single,
    ):
        patch.setattr(sources, "BATCH_BYTES", 1 << 20 if is_batched else 1)
        patch.setattr(Database, "validate", lambda *_: None)  # half of the time, and proved elsewhere
        for name, content in contents.items():
            whole.land(name, content)
        whole.ingest()
        names = list(contents)
        shuffler.shuffle(names)
        for name in names:
            single.land(name, contents[name])
            single.ingest()
        assert single.events_with_files() == whole.events_with_files()
        assert single.files() == whole.files()
        changed = names[0]
        for each in (single, whole):
            each.land(changed, csv("u,2024-01-01,a,", header=WITH_ID))
            each.ingest()
        with landing_folder(tmp_path_factory.mktemp("fresh") / "landing") as fresh:
            for name, content in (contents | {changed: csv("u,2024-01-01,a,", header=WITH_ID)}).items():
                fresh.land(name, content)
            fresh.ingest()
            assert fresh.events_with_files() == whole.events_with_files() == single.events_with_files()
            assert fresh.files() == whole.files() == single.files()


@pytest.mark.parametrize(
    ("name", "columns", "counts", "distinct"),
    [
        ("loan_offers.csv.gz", {}, (262_200, 262_200, 0, 0), (13_087, 24)),
        ("music_streaming.ndjson.gz", {}, (8_056, 7_770, 286, 0), (97, 12)),
        (
            "it_incidents.parquet",
            {"action": ["concept:name", "lifecycle:transition"]},
            (65_533, 65_533, 0, 0),
            (7_554, 13),
        ),
    ],
)
def test_public_logs_are_read_to_the_last_event(landing, shared_data, name, columns, counts, distinct):
    (landing.folder / name).symlink_to(shared_data / "events" / name)
    landing.ingest(columns=columns)
    assert landing.files() == {name: counts}
    assert landing.db.one("SELECT count(DISTINCT user_id), count(DISTINCT action) FROM raw_events") == distinct
    assert {reason for *_, reason in landing.rejections()} <= {"blank_user"}
