"""A home's client: the newest copy at each call, edits shown at once, nothing lost when the warehouse is made anew."""

import shutil
import subprocess
from datetime import date

import pytest

from segmentation_pipeline import client
from segmentation_pipeline.config import Settings
from segmentation_pipeline.definitions import VIEWS
from segmentation_pipeline.errors import EditRefused, HomeError, NotFound
from segmentation_pipeline.homes import create_home
from segmentation_pipeline.warehouse.publish import publish
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.client.published_samples import make_published_home
from segmentation_pipeline_tests.conftest import REPOSITORY

JANUARY, FEBRUARY, MARCH = (date(2026, month, 1) for month in (1, 2, 3))


@pytest.fixture
def home(tmp_path):
    return make_published_home(tmp_path / "home")


@pytest.fixture
def opened(home):
    return client.open(home.root)


def shown(opened, month=None):
    return {segment.cluster_id: segment.display_name for segment in opened.segments(month)}


def test_segments_come_from_the_newest_refresh_that_has_any_largest_first(opened):
    found = opened.segments()
    assert [(segment.refresh_month, segment.cluster_id) for segment in found] == [
        (FEBRUARY, "2026-02-a"),
        (FEBRUARY, "2026-01-a"),
    ]
    assert (found[0].retention, found[0].retention_day, found[0].top_advice) == (0.65, 7, "Greet them")
    assert opened.segments(MARCH) == []


def test_a_name_is_shown_at_once_in_every_month_and_place(opened):
    assert opened.rename_segment("2026-01-a", " Bats ", by="ada") == "Bats"
    assert shown(opened)["2026-01-a"] == shown(opened, JANUARY)["2026-01-a"] == "Bats"
    assert opened.segment("2026-01-a").display_name == "Bats"
    assert opened.segment("2026-01-a").summary.label == "Night owls"
    assert opened.user_segment("owl").display_name == "Bats"
    assert dict(opened.segments_frame()[["cluster_id", "display_name"]].itertuples(index=False))["2026-01-a"] == "Bats"
    assert opened.clear_name("2026-01-a", by="bob")
    assert not opened.clear_name("2026-01-a", by="bob")
    assert shown(opened)["2026-01-a"] == "Night owls"
    assert [(edit.name, edit.edited_by) for edit in opened.name_history("2026-01-a")] == [
        ("Bats", "ada"),
        (None, "bob"),
    ]


def test_notes_stand_beside_their_segment(opened):
    kept = opened.add_note("2026-02-a", "Called three of them.", by="ada")
    gone = opened.add_note("2026-02-a", "Oops", by="ada")
    opened.delete_note(gone.note_id)
    assert {segment.cluster_id: segment.notes for segment in opened.segments()} == {
        "2026-02-a": (kept,),
        "2026-01-a": (),
    }
    assert opened.segments_frame().notes.tolist() == [["Called three of them."], []]
    assert opened.notes("2026-01-a") == []


def test_names_must_differ_among_the_living_only(opened):
    with pytest.raises(EditRefused, match="2026-02-a is called already"):
        opened.rename_segment("2026-01-a", "early birds", by="ada")
    with pytest.raises(EditRefused, match="called already"):
        opened.rename_segment("2026-01-a", "Unclassified", by="ada")
    assert opened.rename_segment("2026-01-a", "Founders", by="ada") == "Founders", "2026-01-b has retired"
    assert shown(opened, JANUARY) == {"2026-01-a": "Founders", "2026-01-b": "Founders (2026-01-b)"}


@pytest.mark.parametrize(
    "edit",
    [
        lambda opened: opened.rename_segment("2026-09-z", "Bats", by="ada"),
        lambda opened: opened.clear_name("2026-09-z", by="ada"),
        lambda opened: opened.add_note("2026-09-z", "Hm.", by="ada"),
        lambda opened: opened.notes("2026-09-z"),
        lambda opened: opened.segment("2026-09-z"),
    ],
)
def test_an_unknown_segment_is_refused_with_the_known_ones_and_nothing_is_stored(opened, home, edit):
    with pytest.raises(NotFound, match=r"no segment 2026-09-z.*2026-01-a, 2026-02-a, 2026-01-b"):
        edit(opened)
    assert not home.state_file.exists()


def test_names_and_notes_survive_a_warehouse_made_anew(opened, home):
    opened.rename_segment("2026-01-a", "Bats", by="ada")
    opened.add_note("2026-01-a", "Mind the light.", by="ada")
    for folder in (home.warehouse_file.parent, home.published):
        shutil.rmtree(folder)
    make_published_home(home.root)
    found = opened.segment("2026-01-a")
    assert (found.display_name, [note.text for note in found.summary.notes]) == ("Bats", ["Mind the light."])


def test_make_clean_leaves_what_cannot_be_made_again(tmp_path):
    sample = tmp_path / "data" / "sample"
    make_published_home(sample)
    client.open(sample).rename_segment("2026-01-a", "Bats", by="ada")
    subprocess.run(["make", "-s", "-f", str(REPOSITORY / "Makefile"), "clean"], cwd=tmp_path, check=True)
    assert not (sample / "warehouse").exists()
    make_published_home(sample)
    assert shown(client.open(sample))["2026-01-a"] == "Bats"


def test_a_snapshot_keeps_its_copy_while_a_newer_one_is_published(opened, home):
    with opened.snapshot() as snapshot:
        assert len(snapshot.segments()) == 2
        warehouse = Warehouse(home, Settings())
        with warehouse.transaction() as db:
            db.execute("DELETE FROM clusters WHERE refresh_month = DATE '2026-02-01'")
        publish(warehouse, "newer", {})
        assert [segment.refresh_month for segment in snapshot.segments()] == [FEBRUARY, FEBRUARY]
        assert [segment.refresh_month for segment in opened.segments()] == [JANUARY, JANUARY]


def test_a_segment_tells_what_sets_it_apart(opened):
    found = opened.segment("2026-01-b")
    assert (found.summary.refresh_month, found.profile) == (JANUARY, {"session_depth": 9.5})
    assert found.contrasts == (client.Contrast("session_depth", "events", 9.5, 4, 1.5, "higher"),)
    with pytest.raises(NotFound, match="2026-01-b did not live in 2026-02"):
        opened.segment("2026-01-b", FEBRUARY)


@pytest.mark.parametrize(
    ("user_id", "told"),
    [
        ("owl", ("live", "2026-01-a", "Night owls", 0.9)),
        ("odd", ("live", "unclassified", "unclassified", 0.4)),
        ("gone", ("ended", "unclassified", "unclassified", None)),
    ],
)
def test_a_user_is_found_with_the_segment_or_why_there_is_none(opened, user_id, told):
    found = opened.user_segment(user_id)
    assert (found.status, found.cluster_id, found.display_name, found.membership) == told
    with pytest.raises(NotFound, match="User nobody"):
        opened.user_segment("nobody")


def test_frames_hold_a_table_or_one_month_of_it(opened):
    assert len(opened.frame("clusters")) == 4
    assert set(opened.frame("clusters", JANUARY).cluster_id) == {"2026-01-a", "2026-01-b"}
    assert "clusters" in set(opened.frame("data_dictionary").table_name)
    for table, month, told in (
        ("clusters; DROP TABLE clusters", None, "There is no table"),
        ("current_segments", JANUARY, "not kept by month"),
        ("clusters", date(2020, 1, 1), "no refresh 2020-01.*2026-03, 2026-02, 2026-01"),
    ):
        with pytest.raises(NotFound, match=told):
            opened.frame(table, month)


def test_a_month_without_segments_is_an_empty_frame_with_its_columns(opened):
    frame = opened.segments_frame(MARCH)
    assert len(frame) == 0
    assert {"cluster_id", "display_name", "notes"} <= set(frame.columns)


def test_who_ended_early_is_told_in_all_first(opened):
    assert [row.outcome for row in opened.ended_early()] == ["any", "churn", "conversion"]
    with opened.snapshot() as snapshot:
        assert snapshot.unclassified_count() == 1
        assert snapshot.refresh(MARCH).status_reason == "3 users; 30 are needed"


def test_refreshes_carry_their_verdict_once_there_is_one(home, opened):
    assert [(refresh.refresh_month, refresh.verdict) for refresh in opened.refreshes()] == [
        (JANUARY, None),
        (FEBRUARY, None),
        (MARCH, None),
    ]
    warehouse = Warehouse(home, Settings())
    with warehouse.transaction() as db:
        db.execute(
            "INSERT INTO refresh_verdicts (refresh_month, verdict, reason, matched_against)"
            " VALUES (DATE '2026-02-01', 'continuum', 'no gap', DATE '2026-01-01')"
        )
    publish(warehouse, "judged", {}, VIEWS)
    told = [(refresh.verdict, refresh.verdict_reason, refresh.is_stale) for refresh in opened.refreshes()]
    assert told == [(None, None, False), ("continuum", "no gap", False), (None, None, False)]


def test_a_copy_of_another_version_says_what_to_do_instead_of_failing_in_sql(home, opened):
    warehouse = Warehouse(home, Settings())
    with warehouse.transaction() as db:
        db.execute("ALTER TABLE clusters DROP COLUMN churn_risk")
    publish(warehouse, "older", {})
    with pytest.raises(HomeError, match=r"another version.*segpipe run"):
        opened.segments()


def test_a_home_without_a_copy_or_without_settings_is_told(tmp_path):
    with pytest.raises(HomeError, match="is not a home"):
        client.open(tmp_path / "nowhere")
    home = create_home(tmp_path / "new")
    with pytest.raises(HomeError, match="Nothing is published"):
        client.open(home).segments()
