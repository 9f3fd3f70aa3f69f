"""Checks of events turn red where something was lost, and only warn where the clock may no longer suit."""

from __future__ import annotations

import datetime as dt

import pytest

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.events.checks import (
    clock_still_suits,
    everyone_at_risk_has_an_outcome,
    features_cover_the_refresh,
    sessions_hold_every_event,
    silence_still_means_leaving,
)
from segmentation_pipeline.events.features import write_refresh, write_user_features
from segmentation_pipeline.events.outcomes import write_outcomes
from segmentation_pipeline.events.sessions import update_sessions
from segmentation_pipeline.events.tables import RawEvents, SessionBacklog
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests.events.logs import add_events

MARCH = dt.date(2026, 3, 1)
ROLES = {"churn": ["leave"]}
EVENTS = [
    ("old", "2026-01-01 09:00", "login"),
    ("ada", "2026-03-01 09:00", "login"),
    ("bob", "2026-03-01 09:00", "login"),
    ("bob", "2026-03-20 09:00", "leave"),
    ("cyd", "2026-03-01 09:00", "leave"),
    ("old", "2026-05-01 09:00", "login"),
]


@pytest.fixture
def refreshed(tmp_path):
    """A warehouse with a refresh of March: ada and bob at risk, cyd ended early."""
    warehouse = Warehouse(Home(tmp_path), Settings.model_validate({"clock": "calendar", "roles": ROLES}))
    settings = warehouse.settings
    with warehouse.transaction() as db:
        db.ensure(RawEvents, SessionBacklog)
        add_events(db, EVENTS)
        update_sessions(db, settings.sessions, settings.roles)
        write_refresh(db, MARCH, settings)
        write_user_features(db, MARCH, settings)
        write_outcomes(db, MARCH, settings)
    return warehouse


def change(warehouse, sql):
    with warehouse.transaction() as db:
        db.execute(sql)


@pytest.mark.parametrize(
    "loss", ["DELETE FROM sessions WHERE user_id = 'cyd'", "DELETE FROM raw_events WHERE user_id = 'cyd'"]
)
def test_a_session_without_its_events_or_events_without_a_session_are_told(refreshed, loss):
    assert sessions_hold_every_event.function(refreshed, None).passed
    change(refreshed, loss)
    outcome = sessions_hold_every_event.function(refreshed, None)
    assert not outcome.passed
    assert "cyd" not in outcome.description
    assert outcome.values == {"users_that_differ": 1, "example": "cyd"}


def test_a_lost_user_of_the_refresh_is_told(refreshed):
    assert features_cover_the_refresh.function(refreshed, MARCH).passed
    change(refreshed, "DELETE FROM user_features WHERE user_id = 'cyd'")
    outcome = features_cover_the_refresh.function(refreshed, MARCH)
    assert not outcome.passed
    assert outcome.severity == "ERROR"


def test_a_lost_outcome_is_told(refreshed):
    assert everyone_at_risk_has_an_outcome.function(refreshed, MARCH).passed
    change(refreshed, "UPDATE user_outcomes SET outcome = 'end' WHERE user_id = 'bob'")
    assert not everyone_at_risk_has_an_outcome.function(refreshed, MARCH).passed


def test_a_month_with_too_few_users_says_nothing_about_the_clock(refreshed):
    change(refreshed, "UPDATE refreshes SET calendar_at_risk_share = 0.4, status = 'insufficient_data'")
    outcome = clock_still_suits.function(refreshed, MARCH)
    assert outcome.passed
    assert "Too few users" in outcome.description


def test_a_month_that_would_choose_the_other_clock_warns_and_flips_nothing(refreshed):
    change(refreshed, "UPDATE refreshes SET status = 'ready', status_reason = NULL")
    outcome = clock_still_suits.function(refreshed, MARCH)
    assert outcome.passed
    assert "67%" in outcome.description
    change(refreshed, "UPDATE refreshes SET calendar_at_risk_share = 0.4")
    outcome = clock_still_suits.function(refreshed, MARCH)
    assert (outcome.passed, outcome.severity) == (False, "WARN")
    assert "segpipe configure" in outcome.description


@pytest.mark.parametrize(("share", "is_passed"), [(0.04, True), (0.12, False), (None, True)])
def test_a_silence_after_which_many_come_back_is_a_warning_that_says_how_to_measure_anew(refreshed, share, is_passed):
    share = "NULL" if share is None else share
    change(
        refreshed,
        f"UPDATE refreshes SET churn_definition = 'inactivity', inactivity_days = 9, return_share = {share}",
    )
    outcome = silence_still_means_leaving.function(refreshed, MARCH)
    assert (outcome.passed, outcome.severity) == (is_passed, "WARN")
    assert ("segpipe configure" in outcome.description) is not is_passed
