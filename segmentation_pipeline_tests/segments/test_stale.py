"""Refreshes go stale when events of their window come late or are taken back, and are made again in order."""

from __future__ import annotations

from datetime import date

import pytest
from rich.console import Console

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.events.features import write_refresh
from segmentation_pipeline.events.tables import RawEvents, SessionBacklog
from segmentation_pipeline.segments.checks import no_refresh_is_stale
from segmentation_pipeline.segments.stale import write_stale_refreshes
from segmentation_pipeline.terminal.refreshing import _stale_months
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.events.logs import add_events

JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


@pytest.fixture
def home(tmp_path):
    (tmp_path / "pipeline.toml").write_text('clock = "calendar"\nfirst_month = "2026-01"\n')
    return Home(tmp_path)


@pytest.fixture
def warehouse(home):
    """January, February and March refreshed, each with its window of 30 days up to two weeks before its end."""
    made = Warehouse(home, Settings.model_validate({"clock": "calendar"}))
    days = [f"2026-{month:02}-{day:02} 09:00" for month in (1, 2, 3) for day in range(1, 29)]
    with made.transaction() as db:
        db.ensure(RawEvents, SessionBacklog)
        add_events(db, [("ada", day, "login") for day in days])
        for month in (JANUARY, FEBRUARY, MARCH):
            write_refresh(db, month, made.settings)
            write_clusters(db, month)
    return made


def write_clusters(db, month):
    """Note a refresh's segments as written now, going back to the month before."""
    db.execute("CREATE TABLE IF NOT EXISTS refresh_verdicts (refresh_month DATE, matched_against DATE)")
    db.execute("DELETE FROM refresh_verdicts WHERE refresh_month = $month", {"month": month})
    db.execute(
        "INSERT INTO refresh_verdicts SELECT $month,"
        " CASE WHEN $month > DATE '2026-01-01' THEN ($month - INTERVAL 1 MONTH)::DATE END",
        {"month": month},
    )
    db.execute("DELETE FROM table_writes WHERE table_name = 'clusters' AND refresh_month = $month", {"month": month})
    db.execute(
        "INSERT INTO table_writes SELECT 'clusters', $month,"
        " coalesce(max(written_recorded_at), TIMESTAMP '2026-06-01') + INTERVAL 1 SECOND"
        " FROM table_writes WHERE table_name = 'clusters'",
        {"month": month},
    )


def stale(warehouse):
    with warehouse.transaction() as db:
        return [
            (row["refresh_month"], row["reason"], row["late_event_count"], row["withdrawn_event_count"])
            for row in write_stale_refreshes(db)
        ]


def test_unchanged_events_leave_every_refresh_as_it_is(warehouse):
    assert stale(warehouse) == []
    assert no_refresh_is_stale.function(warehouse, None).passed


def test_late_events_make_those_refreshes_stale_that_look_at_them(warehouse):
    with warehouse.transaction() as db:
        add_events(db, [("late", "2026-02-20 10:00", "login"), ("late", "2026-02-21 10:00", "login")])
    # March looks back 30 days from two weeks before its end, which is the middle of February.
    assert stale(warehouse) == [(FEBRUARY, "events_changed", 2, 0), (MARCH, "events_changed", 2, 0)]
    outcome = no_refresh_is_stale.function(warehouse, None)
    assert (outcome.passed, outcome.severity) == (False, "WARN")
    assert "2026-02 (2 events more than it saw), 2026-03 (2 events more than it saw)" in outcome.description
    assert "segpipe run --stale" in outcome.description


def test_withdrawn_and_replaced_events_show_too(warehouse):
    with warehouse.transaction() as db:
        db.execute("DELETE FROM raw_events WHERE event_at < TIMESTAMP '2026-01-03'")
    assert stale(warehouse) == [(JANUARY, "events_changed", 0, 2)]
    with warehouse.transaction() as db:
        add_events(db, [("bob", "2026-01-01 09:00", "login"), ("bob", "2026-01-02 09:00", "login")])
        db.execute("UPDATE raw_events SET event_key = 100 + 100 * day(event_at) WHERE user_id = 'bob'")
    assert stale(warehouse) == [(JANUARY, "events_changed", 0, 0)]
    assert "2026-01 (as many events as it saw, but others)" in no_refresh_is_stale.function(warehouse, None).description


def test_late_and_withdrawn_events_are_told_as_the_difference_they_make(warehouse):
    with warehouse.transaction() as db:
        db.execute("DELETE FROM raw_events WHERE event_at < TIMESTAMP '2026-01-04'")
        add_events(db, [("late", f"2026-01-{day:02} 10:00", "login") for day in range(10, 15)])
    assert stale(warehouse) == [(JANUARY, "events_changed", 2, 0)]
    assert "2 events more than it saw" in no_refresh_is_stale.function(warehouse, None).description


def test_the_whole_month_counts_however_short_the_window_is(home):
    made = Warehouse(
        home, Settings.model_validate({"clock": "calendar", "time": {"window_days": 7, "horizon_days": 7}})
    )
    with made.transaction() as db:
        db.ensure(RawEvents, SessionBacklog)
        add_events(db, [("ada", f"2026-01-{day:02} 09:00", "login") for day in range(1, 32)])
        write_refresh(db, JANUARY, made.settings)
        add_events(db, [("late", "2026-01-03 10:00", "login")])
    assert stale(made) == [(JANUARY, "events_changed", 1, 0)]


def test_what_closed_a_case_counts_however_long_ago(home):
    roles = {"churn": ["cancelled"], "conversion": ["bought"]}
    made = Warehouse(home, Settings.model_validate({"clock": "calendar", "roles": roles}))
    with made.transaction() as db:
        db.ensure(RawEvents, SessionBacklog)
        add_events(
            db, [("ada", f"2026-{month:02}-{day:02} 09:00", "login") for month in range(1, 7) for day in (1, 28)]
        )
        write_refresh(db, date(2026, 6, 1), made.settings)
        add_events(db, [("ada", "2026-01-03 10:00", "login")])
    assert stale(made) == []
    with made.transaction() as db:
        add_events(db, [("ada", "2026-01-04 10:00", "cancelled")])
    assert stale(made) == [(date(2026, 6, 1), "events_changed", 1, 0)]


def test_under_the_entry_clock_anything_a_user_ever_did_counts(home):
    made = Warehouse(home, Settings.model_validate({"clock": "entry", "lead_in_hours": 24}))
    with made.transaction() as db:
        db.ensure(RawEvents, SessionBacklog)
        add_events(
            db, [("ada", f"2026-{month:02}-{day:02} 09:00", "login") for month in range(1, 7) for day in (1, 28)]
        )
        write_refresh(db, date(2026, 6, 1), made.settings)
        add_events(db, [("bob", "2026-01-03 10:00", "login")])
    assert stale(made) == [(date(2026, 6, 1), "events_changed", 1, 0)]


def test_a_refresh_of_a_month_that_had_not_ended_is_left_to_the_schedule(warehouse):
    with warehouse.transaction() as db:
        db.execute(
            "UPDATE refresh_inputs SET refreshed_recorded_at = TIMESTAMP '2026-03-20' WHERE month(refresh_month) = 3"
        )
        add_events(db, [("new", "2026-03-25 10:00", "login")])
    assert stale(warehouse) == []


def test_a_refresh_made_again_makes_those_stale_whose_segments_go_back_to_it(warehouse):
    with warehouse.transaction() as db:
        write_clusters(db, JANUARY)
    assert stale(warehouse) == [(FEBRUARY, "earlier_rewritten", 0, 0), (MARCH, "earlier_rewritten", 0, 0)]
    assert "an earlier refresh was made again" in no_refresh_is_stale.function(warehouse, None).description


def test_stale_refreshes_are_made_again_in_order_with_those_they_make_stale(home, warehouse):
    with warehouse.transaction() as db:
        add_events(db, [("late", "2026-01-10 10:00", "login")])
        write_stale_refreshes(db)
    made = []
    for month in _stale_months(home, Console(record=True)):
        made.append(month)
        with warehouse.transaction() as db:
            write_refresh(db, month, warehouse.settings)
            write_clusters(db, month)
            write_stale_refreshes(db)
    assert made == [JANUARY, FEBRUARY, MARCH]
    assert stale(warehouse) == []


def test_without_a_stale_refresh_that_is_said(home, warehouse):
    assert stale(warehouse) == []
    console = Console(record=True)
    assert list(_stale_months(home, console)) == []
    assert "no refresh is stale" in console.export_text()
