"""Leaving without a word: silences measured on a log, and refreshes that judge by them or say why they cannot."""

from __future__ import annotations

import datetime as dt

import pytest

from segmentation_pipeline.config import Settings
from segmentation_pipeline.events.clock import LogSpan, calendar_at_risk, calendar_dates, measure_clock, refresh_dates
from segmentation_pipeline.events.features import write_current_features, write_refresh, write_user_features
from segmentation_pipeline.events.inactivity import measure_inactivity, read_silences
from segmentation_pipeline.events.outcomes import write_outcomes
from segmentation_pipeline_tests.events.logs import at, log_database

MARCH = dt.date(2026, 3, 1)
FRAME = [("old", "2026-01-01 00:00", "login"), ("old", "2026-05-01 00:00", "login")]
"""Makes the log long enough for a whole window and horizon, by a user no March refresh sees."""
THREE_DAYS = Settings.model_validate(
    {"clock": "calendar", "inactivity_days": 3, "roles": {"conversion": ["buy"], "end": ["expire"]}}
)


def seen(user: str, *moments: str) -> list[tuple[str, str, str]]:
    return [(user, f"2026-{moment}", "login") for moment in moments]


def refreshed(events, settings=THREE_DAYS, month=MARCH, *, is_checked=False):
    """Return the refresh's row, statuses by user and outcomes by user."""
    with log_database(FRAME + events, is_checked=is_checked) as db:
        write_refresh(db, month, settings)
        write_user_features(db, month, settings)
        write_outcomes(db, month, settings)
        [row] = db.rows("SELECT * FROM refreshes")
        statuses = {user["user_id"]: user["status"] for user in db.rows("SELECT user_id, status FROM user_features")}
        outcomes = {user["user_id"]: user for user in db.rows("SELECT * FROM user_outcomes")}
    return row, statuses, outcomes


@pytest.mark.parametrize(
    ("moments", "status"),
    [
        (["03-10 12:00"], "ended_early"),
        (["03-15 00:00"], "ended_early"),  # silent for three days to the microsecond
        (["03-15 00:01"], "at_risk"),
        (["02-20 12:00", "03-17 12:00"], "at_risk"),  # came back: silent no longer
        (["03-10 12:00", "03-18 12:00"], "ended_early"),  # what comes after the landmark is not known at it
    ],
)
def test_at_risk_is_who_was_not_silent_for_so_long_at_the_landmark(moments, status):
    row, statuses, _ = refreshed(seen("ada", *moments))
    assert statuses == {"ada": status}
    assert (row["at_risk_count"], row["ended_early_count"]) == ((1, 0) if status == "at_risk" else (0, 1))


@pytest.mark.parametrize(
    ("events", "outcome", "days"),
    [
        (seen("ada", "03-15 00:01"), "churn", 1 / 1440),
        (seen("ada", "03-17 12:00"), "churn", 2.5),
        (seen("ada", "03-17 12:00", "03-19 00:00"), "churn", 4.0),
        (seen("ada", "03-17 12:00", "03-25 00:00"), "churn", 2.5),  # a later return does not undo it
        (seen("ada", "03-17", "03-19", "03-21", "03-23", "03-25", "03-27", "03-29", "03-31"), "censored", 14.0),
        (seen("ada", "03-17", "03-19", "03-21", "03-23", "03-25", "03-27", "03-29", "03-29 00:01"), "censored", 14.0),
        (seen("ada", "02-01", "03-17", "03-19 12:00"), "churn", 4.5),  # silences before the landmark are past
        ([*seen("ada", "03-17"), ("ada", "2026-03-19", "buy")], "conversion", 1.0),
        ([*seen("ada", "03-17"), ("ada", "2026-03-21", "buy")], "churn", 2.0),
    ],
)
def test_drop_off_is_dated_when_silence_reaches_the_days_and_censored_at_the_end(events, outcome, days):
    _, _, outcomes = refreshed(events)
    assert outcomes["ada"]["outcome"] == outcome
    assert outcomes["ada"]["duration_days"] == pytest.approx(days)


def test_nothing_after_the_end_of_the_refresh_changes_an_outcome():
    before = refreshed(seen("ada", "03-17 12:00", "03-30 00:00"))[2]
    after = refreshed(seen("ada", "03-17 12:00", "03-30 00:00", "04-01 00:00:01", "04-20 00:00"))[2]
    assert before == after


def test_with_the_entry_clock_silence_is_judged_at_each_users_own_landmark():
    settings = THREE_DAYS.model_copy(update={"clock": "entry", "lead_in_hours": 120.0})
    events = [
        *seen("gone", "03-05 00:00", "03-06 00:00"),  # landmark 10 March, silent for four days then
        *seen("back", "03-05 00:00", "03-08 00:00"),
        *seen("kept", "03-05 00:00", *[f"03-{day:02d} 00:00" for day in range(7, 25, 2)]),
    ]
    row, statuses, outcomes = refreshed(events, settings)
    assert statuses == {"gone": "ended_early", "back": "at_risk", "kept": "at_risk"}
    assert outcomes["back"]["outcome_at"] == at("2026-03-11")
    assert (outcomes["kept"]["outcome"], outcomes["kept"]["followed_days"]) == ("censored", 14.0)
    assert row["churn_definition"] == "inactivity"


def test_who_was_counted_as_gone_and_seen_in_the_last_week_is_published():
    events = [
        *seen("late", "03-17 12:00", "03-28 00:00"),
        *seen("twice", "03-17 12:00", "03-27 00:00", "03-28 00:00"),
        *seen("early", "03-17 12:00", "03-22 00:00"),  # back, but not in the last seven days
        *seen("gone", "03-17 12:00"),
        *seen("after", "03-17 12:00", "04-02 00:00"),  # not known at the end of March
    ]
    row = refreshed(events, is_checked=True)[0]
    assert (row["drop_off_count"], row["seen_again_count"], row["inactivity_days"]) == (5, 2, 3)
    assert (row["churn_definition"], row["unjudged_reason"]) == ("inactivity", None)


def test_the_horizon_is_twice_the_silence_at_least():
    ten = THREE_DAYS.model_copy(update={"inactivity_days": 10})
    log = LogSpan(at("2026-01-01"), at("2026-05-01"))
    assert refresh_dates(MARCH, log, ten).horizon_days == 20.0
    assert refresh_dates(MARCH, log, THREE_DAYS).horizon_days == 14.0
    entry = ten.model_copy(update={"clock": "entry", "lead_in_hours": 24.0})
    assert refresh_dates(MARCH, log, entry).horizon_days == 20.0


@pytest.mark.parametrize(
    ("log_days", "silence", "horizon"),
    [
        (30, 8, 16.0),  # the window of 14 days is long enough for silences of 8
        (30, 3, 30 * 14 / 44),
        (23, 8, 23 * 16 / 46),  # 16 of 23 would leave too little of a window: cut in proportion, and not judged
    ],
)
def test_a_short_log_keeps_the_horizon_a_silence_needs_while_the_window_can_show_one(log_days, silence, horizon):
    log = LogSpan(at("2026-03-01"), at("2026-03-01") + dt.timedelta(days=log_days))
    dates = calendar_dates(MARCH, log, THREE_DAYS.time, least_horizon_days=2.0 * silence)
    assert dates.horizon_days == pytest.approx(horizon)
    assert dates.window_days == pytest.approx(log_days - horizon)


def test_a_log_too_short_for_the_silence_judges_nobody_and_says_so():
    nine = THREE_DAYS.model_copy(update={"inactivity_days": 9})
    events = seen("ada", "03-01", "03-11", "03-12") + seen("bob", "03-02", "03-20")
    with log_database(events, is_checked=True) as db:
        write_refresh(db, MARCH, nine)
        [row] = db.rows("SELECT * FROM refreshes")
    assert (row["churn_definition"], row["drop_off_count"], row["seen_again_count"]) == ("none", 0, None)
    assert "takes 18 days after the landmark" in row["unjudged_reason"]


def test_without_action_and_silence_nobody_drops_off_and_the_reason_tells_what_the_log_lacks():
    row = refreshed(seen("ada", "03-17"), Settings(clock="calendar"), is_checked=True)[0]
    assert (row["churn_definition"], row["drop_off_count"], row["inactivity_days"]) == ("none", 0, None)
    assert "no churn action is configured, and the log is too short" in row["unjudged_reason"]


def test_a_configured_churn_action_goes_before_silence():
    settings = Settings.model_validate({"clock": "calendar", "inactivity_days": 3, "roles": {"churn": ["leave"]}})
    row, statuses, outcomes = refreshed(seen("ada", "03-10", "03-11"), settings, is_checked=True)
    assert statuses == {"ada": "at_risk"}
    assert outcomes["ada"]["outcome"] == "censored"
    assert (row["churn_definition"], row["inactivity_days"]) == ("action", None)


def test_who_is_silent_today_is_not_scored():
    events = [*seen("quiet", "04-27 12:00"), *seen("live", "04-28 12:00")]
    for settings in (THREE_DAYS, THREE_DAYS.model_copy(update={"clock": "entry", "lead_in_hours": 24.0})):
        with log_database(FRAME + events) as db:
            write_current_features(db, settings)
            found = dict(db.execute("SELECT user_id, status FROM current_features").fetchall())
        assert (found["quiet"], found["live"]) == ("ended", "live")


def test_silences_are_counted_by_whole_hours_and_end_at_the_end_of_a_case():
    events = [
        *seen("ada", "03-01 00:00", "03-03 05:30", "03-04 05:00"),  # 53 h, under a day, then silent to the end
        *seen("eve", "03-01 00:00"),
        ("eve", "2026-03-05 00:00", "buy"),  # 96 h; what follows an ending is no silence
        *seen("end", "03-10 00:00"),
    ]
    with log_database(events) as db:
        silences = read_silences(db, THREE_DAYS.roles, log_start=at("2026-03-01"), as_of=at("2026-03-10"))
    assert (silences.days * 24).tolist() == [53.0, 96.0, 139.0]
    assert silences.returned.tolist() == [1, 1, 0]
    assert silences.still_silent.tolist() == [0, 0, 1]


def _visitors():
    """Fifty users: all come every other day for three weeks, then 40 stay away and 10 go on for two months."""
    start = at("2026-01-01")
    for user in range(50):
        for day in range(0, 60 if user < 10 else 21, 2):
            yield (f"u{user:02d}", start + dt.timedelta(days=day, minutes=user), "login")


def test_the_silence_that_means_leaving_is_measured_with_the_clock_and_told_with_its_figures():
    with log_database(_visitors()) as db:
        measured = measure_clock(db, Settings())
    assert measured.keys["inactivity_days"] == 3
    assert "3 silent days count as drop-off. Of 40 silences that long, 0.0% end in a return" in measured.figures[-1]


def test_who_fell_silent_does_not_speak_for_the_calendar_clock():
    with log_database(_visitors()) as db:
        dates = calendar_dates(dt.date(2026, 2, 1), LogSpan(at("2026-01-01"), at("2026-02-28")), THREE_DAYS.time)
        assert calendar_at_risk(db, dates, THREE_DAYS.roles, silence_days=3) == (50, 10)
        assert calendar_at_risk(db, dates, THREE_DAYS.roles, silence_days=None) == (50, 50)


def test_where_churn_is_an_action_no_silence_is_measured():
    with log_database(_visitors()) as db:
        measured = measure_clock(db, Settings.model_validate({"roles": {"churn": ["leave"]}}))
    assert measured.inactivity is None
    assert "inactivity_days" not in measured.keys


def test_a_log_too_short_to_tell_says_how_far_silences_could_be_followed():
    with log_database(list(_visitors())[:300]) as db:
        as_of = at("2026-01-22")
        measured = measure_inactivity(db, Settings(), log_start=at("2026-01-01"), as_of=as_of)
    assert measured.days is None
    assert "the log is too short to tell which silence means leaving: 20 silences could be followed" in measured.reason
