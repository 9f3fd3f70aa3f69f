"""Behaviour, model features, outcomes and who is judged, on logs small enough to compute by hand."""

from __future__ import annotations

import datetime as dt
from math import isfinite, log, sqrt

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from segmentation_pipeline.config import Settings
from segmentation_pipeline.errors import ContractBroken, InputError
from segmentation_pipeline.events.feature_tables import UserFeatures
from segmentation_pipeline.events.features import (
    current_feature_frame,
    feature_frame,
    write_current_features,
    write_refresh,
    write_user_features,
)
from segmentation_pipeline.events.outcomes import write_outcomes
from segmentation_pipeline_tests.events.logs import add_events, at, log_database

MARCH = dt.date(2026, 3, 1)
LANDMARK = at("2026-03-18")
ROLES = {
    "churn": ["leave"],
    "conversion": ["buy"],
    "end": ["expire"],
    "revision": ["revise"],
    "collaboration": ["comment"],
}
CALENDAR = Settings.model_validate({"clock": "calendar", "roles": ROLES})
ENTRY = Settings.model_validate({"clock": "entry", "lead_in_hours": 24, "roles": {**ROLES, "start": ["open"]}})

FRAME = [("old", "2026-01-01 00:00", "login"), ("old", "2026-05-01 00:00", "login")]
"""Makes the log long enough for a whole window and horizon, by a user no March refresh sees."""
ADA = [
    ("ada", "2026-02-01 00:00", "login"),
    ("ada", "2026-02-20 08:00", "login"),
    ("ada", "2026-02-20 08:10", "revise"),
    ("ada", "2026-02-20 08:20", "comment"),
    ("ada", "2026-03-10 20:00", "login"),
    ("ada", "2026-03-10 20:10", "revise"),
]
BOB = [("bob", "2026-03-08 00:00", "login")]


def refresh(db, settings=CALENDAR, month=MARCH):
    write_refresh(db, month, settings)
    write_user_features(db, month, settings)
    write_outcomes(db, month, settings)


def refreshed(events, settings=CALENDAR, month=MARCH, *, is_checked=False):
    """Return the refresh's row, users by id and outcomes by id."""
    with log_database(FRAME + events, is_checked=is_checked) as db:
        refresh(db, settings, month)
        [row] = db.rows("SELECT * FROM refreshes")
        users = {user["user_id"]: user for user in db.rows("SELECT * FROM user_features ORDER BY user_id")}
        outcomes = {user["user_id"]: user for user in db.rows("SELECT * FROM user_outcomes ORDER BY user_id")}
    return row, users, outcomes


def test_every_behaviour_column_is_the_hand_computed_one():
    _, users, _ = refreshed(ADA + BOB)
    expected = {
        "refresh_month": MARCH,
        "user_id": "ada",
        "status": "at_risk",
        "entered_at": at("2026-02-01"),
        "window_start_at": at("2026-02-16"),
        "landmark_at": LANDMARK,
        "first_event_at": at("2026-02-20 08:00"),
        "last_feature_event_at": at("2026-03-10 20:10"),
        "exposure_days": 30.0,
        "event_count": 5,
        "session_count": 2,
        "recent_session_count": 1,
        "runaway_session_count": 0,
        "session_frequency": pytest.approx(14 / 30),
        "session_depth": 2.5,
        "feature_breadth": 3,
        "active_day_share": pytest.approx(2 / 30),
        "mean_session_s": 900.0,
        "mean_gap_s": 600.0,
        "revision_count": 2,
        "collaboration_score": 50.0,
        "account_age_days": 45.0,
        "time_of_day_pattern": "morning",
        "primary_workflow": "login > revise",
        "action_counts": {"comment": 1, "login": 2, "revise": 2},
    }
    assert {name: value for name, value in users["ada"].items() if name != "model_features"} == expected
    newcomer = users["bob"]
    assert (newcomer["exposure_days"], newcomer["account_age_days"]) == (10.0, 10.0)
    assert newcomer["session_frequency"] == pytest.approx(0.7)
    assert newcomer["active_day_share"] == pytest.approx(0.1)
    assert (newcomer["mean_gap_s"], newcomer["time_of_day_pattern"]) == (None, "night")


def test_every_model_feature_is_shrunk_to_the_population_as_computed_by_hand():
    # Population of ada and bob: 6 events and 3 visits in 40 days; 1,800 s in visits over 3 gaps; one pause of
    # 18 d 12 h 10 min less 1,800 s = 1,597,200 s; events: 3 morning, 2 evening, 1 night; 2 in the second half.
    _, users, _ = refreshed(ADA + BOB)
    rate = 7 * 3 / 40
    assert users["ada"]["model_features"] == pytest.approx(
        {
            "daypart:afternoon": 0.0,
            "daypart:evening": sqrt((2 + 20 * 2 / 6) / 25),
            "daypart:morning": sqrt((3 + 20 * 3 / 6) / 25),
            "daypart:night": sqrt((0 + 20 * 1 / 6) / 25),
            "depth:events_per_session": log((5 + 2 * 2) / (2 + 2)),
            "intensity:sessions_per_week": log(1 + 7 * (2 + 2) / (30 + 7 * 2 / rate)),
            "mix:comment": sqrt((1 + 20 * 1 / 6) / 25),
            "mix:login": sqrt((2 + 20 * 3 / 6) / 25),
            "mix:revise": sqrt((2 + 20 * 2 / 6) / 25),
            "rhythm:gap_between_visits": log(1 + 1_597_200),
            "rhythm:gap_within_visits": log(1 + (1800 + 2 * 1 * 600) / (3 + 2 * 1)),
            "rhythm:single_visit": 0.0,
            "trend:second_half_share": sqrt((2 + 20 * 2 / 6) / 25),
        }
    )
    lone = users["bob"]["model_features"]
    assert lone["depth:events_per_session"] == pytest.approx(log((1 + 2 * 2) / (1 + 2)))
    assert lone["rhythm:single_visit"] == 1.0
    # (864,000 + 2 * 1,597,200) / 3 would exceed the ten days bob could be seen: capped there.
    assert lone["rhythm:gap_between_visits"] == pytest.approx(log(1 + 864_000))
    assert lone["trend:second_half_share"] == pytest.approx(sqrt((0 + 20 * 2 / 6) / 21))


def test_model_features_come_in_alphabetical_order_the_same_for_every_user():
    _, users, _ = refreshed(ADA + BOB)
    keys = [list(user["model_features"]) for user in users.values()]
    assert keys[0] == sorted(keys[0]) == keys[1]


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([("eve", "2026-03-01", "login"), ("eve", "2026-03-17", "leave")], "ended_early"),
        ([("eve", "2026-03-01", "login"), ("eve", "2026-03-17", "buy")], "ended_early"),
        ([("eve", "2026-03-01", "expire")], "ended_early"),
        ([("eve", "2026-01-10", "leave"), ("eve", "2026-03-01", "login")], "ended_early"),
        ([("eve", "2026-03-01", "login"), ("eve", "2026-03-18 00:00:00", "leave")], "at_risk"),
        ([("eve", "2026-02-16 00:00:00", "login")], "at_risk"),
        ([("eve", "2026-02-15 23:59:59", "login")], None),
        ([("eve", "2026-03-18 00:00:00", "login")], None),
    ],
    ids=["churned", "converted", "ended", "came back", "at the landmark", "window opens", "too early", "too late"],
)
def test_at_risk_is_who_was_seen_before_the_landmark_and_had_never_ended_by_it(events, status):
    row, users, _ = refreshed(ADA + events)
    assert users.get("eve", {}).get("status") == status
    assert row["at_risk_count"] == 1 + (status == "at_risk")
    assert row["ended_early_count"] == (status == "ended_early")


@pytest.mark.parametrize(
    ("events", "outcome", "days"),
    [
        ([("ada", "2026-03-20 12:00", "buy")], "conversion", 2.5),
        ([("ada", "2026-03-18 00:00", "leave")], "churn", 0.0),
        ([("ada", "2026-03-20", "expire"), ("ada", "2026-03-21", "leave")], "end", 2.0),
        ([("ada", "2026-03-20", "buy"), ("ada", "2026-03-20", "leave")], "churn", 2.0),
        ([("ada", "2026-03-31 23:59:59.999999", "leave")], "churn", pytest.approx(14.0)),
        ([("ada", "2026-04-01 00:00", "leave")], "censored", 14.0),
        ([], "censored", 14.0),
    ],
    ids=["converted", "at the landmark", "first closes", "tie is churn", "last moment", "next month", "nothing"],
)
def test_the_first_ending_from_the_landmark_to_the_end_of_the_month_is_the_outcome(events, outcome, days):
    row, _, outcomes = refreshed(ADA + events)
    assert (outcomes["ada"]["outcome"], outcomes["ada"]["duration_days"]) == (outcome, days)
    assert outcomes["ada"]["followed_days"] == 14.0
    counted = {"churn": "drop_off_count", "conversion": "conversion_count", "end": "end_count"}
    for kind, name in counted.items():
        assert row[name] == (kind == outcome)


def test_those_who_ended_early_are_shown_by_ending_with_wilson_intervals():
    early = [(f"e{n}", "2026-03-01", "leave" if n < 3 else "buy") for n in range(4)]
    stayed = [(f"s{n}", "2026-03-01", "login") for n in range(6)]
    with log_database(FRAME + early + stayed) as db:
        write_refresh(db, MARCH, CALENDAR)
        rows = {row["outcome"]: row for row in db.rows("SELECT * FROM ended_early")}
    assert {name: row["user_count"] for name, row in rows.items()} == {"any": 4, "churn": 3, "conversion": 1, "end": 0}
    # Wilson (1927) for 4 of 10 at 95 %: .1682 to .6873; for 0 of 10: 0 to .2775.
    assert (rows["any"]["share"], rows["any"]["share_low"]) == (0.4, pytest.approx(0.16818, abs=1e-5))
    assert rows["any"]["share_high"] == pytest.approx(0.68733, abs=1e-5)
    assert (rows["end"]["share_low"], rows["end"]["share_high"]) == (0.0, pytest.approx(0.27753, abs=1e-5))


def test_runaway_visits_are_left_out_of_behaviour_and_counted():
    bot = [("ada", LANDMARK - dt.timedelta(days=1, milliseconds=-100 * n), "ping") for n in range(200)]
    _, users, _ = refreshed(ADA + BOB + bot)
    assert (users["ada"]["event_count"], users["ada"]["session_count"]) == (5, 2)
    assert users["ada"]["runaway_session_count"] == 1
    assert "ping" not in users["ada"]["action_counts"]
    assert users["ada"]["last_feature_event_at"] > at("2026-03-17")


def test_a_user_of_runaway_visits_alone_gets_finite_features():
    bot = [("bot", LANDMARK - dt.timedelta(days=1, milliseconds=-100 * n), "ping") for n in range(200)]
    for population in (bot, ADA + bot):
        _, users, _ = refreshed(population, is_checked=True)
        assert (users["bot"]["event_count"], users["bot"]["session_depth"]) == (0, None)
        assert all(isfinite(value) for value in users["bot"]["model_features"].values())


@pytest.mark.parametrize(
    ("timezone", "pattern"), [("UTC", "night"), ("Asia/Kolkata", "morning"), ("America/New_York", "evening")]
)
def test_time_of_day_is_that_of_the_settings_time_zone(timezone, pattern):
    # 00:30 UTC is 06:00 in Kolkata (a half-hour zone) and 19:30 in New York.
    settings = CALENDAR.model_copy(update={"time": CALENDAR.time.model_copy(update={"timezone": timezone})})
    _, users, _ = refreshed([("ada", "2026-03-02 00:30", "login")], settings)
    assert users["ada"]["time_of_day_pattern"] == pattern
    features = users["ada"]["model_features"]
    assert features[f"daypart:{pattern}"] == pytest.approx(1.0)


def test_actions_beyond_the_forty_most_used_are_pooled_with_any_really_called_other():
    events = [
        (user, f"2026-03-02 {n // 60:02d}:{n % 60:02d}", f"act-{n:02d}") for user in ("ada", "bob") for n in range(38)
    ]
    events += [("ada", "2026-03-03 09:00", name) for name in ("rare-1", "rare-2", "rare-3", "other")]
    _, users, _ = refreshed(events)
    mix = {key: value for key, value in users["ada"]["model_features"].items() if key.startswith("mix:")}
    assert len(mix) == 41
    assert {"mix:act-00", "mix:rare-1", "mix:rare-2", "mix:other"} <= set(mix)
    assert "mix:rare-3" not in mix
    assert mix["mix:other"] == pytest.approx(sqrt((2 + 20 * 2 / 80) / 62))


users_and_times = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob", "cyd", "dan"]),
        st.integers(min_value=0, max_value=30 * 24 * 60 - 1).map(
            lambda minute: at("2026-02-16") + dt.timedelta(minutes=minute)
        ),
        st.sampled_from(["login", "revise", "comment", "leave"]),
    ),
    min_size=1,
    max_size=30,
)


@given(events=users_and_times)
@hypothesis_settings(max_examples=20, deadline=None)
def test_shrunken_shares_are_finite_and_add_up_for_any_log(events):
    _, users, _ = refreshed(events)
    for user in users.values():
        features = user["model_features"]
        assert all(isfinite(value) for value in features.values())
        if user["status"] == "at_risk":
            for group in ("mix:", "daypart:"):
                shares = [value**2 for key, value in features.items() if key.startswith(group)]
                assert sum(shares) == pytest.approx(1.0)


def after(landmark):
    return st.lists(
        st.tuples(
            st.sampled_from(["ada", "bob", "cyd", "new"]),
            st.integers(min_value=0, max_value=40 * 24).map(lambda hour: landmark + dt.timedelta(hours=hour)),
            st.sampled_from(["login", "leave", "buy", "open"]),
        ),
        max_size=25,
    )


def features_of(events, settings):
    with log_database(FRAME + events) as db:
        write_user_features(db, MARCH, settings)
        return db.rows("SELECT * FROM user_features ORDER BY user_id")


@given(future=after(LANDMARK))
@hypothesis_settings(max_examples=20, deadline=None)
def test_nothing_at_or_after_the_calendar_landmark_changes_features(future):
    known = ADA + BOB + [("cyd", "2026-03-17 23:50", "login")]
    assert features_of(known + future, CALENDAR) == features_of(known, CALENDAR)


@given(future=after(at("2026-03-02 09:00")))
@hypothesis_settings(max_examples=20, deadline=None)
def test_nothing_at_or_after_a_users_own_landmark_changes_features(future):
    opened = [(user, "2026-03-01 09:00", "open") for user in ("ada", "bob", "cyd")]
    known = [*opened, ("ada", "2026-03-02 08:59:59", "login")]
    future = [event for event in future if event[0] != "new"]
    assert features_of(known + future, ENTRY) == features_of(known, ENTRY)


def test_a_visit_that_runs_across_the_landmark_is_seen_up_to_it():
    _, users, _ = refreshed([("ada", f"2026-03-{moment}", "login") for moment in ("17 23:50", "17 23:55", "18 00:05")])
    assert (users["ada"]["event_count"], users["ada"]["mean_session_s"]) == (2, 300.0)


def test_the_contract_refuses_features_that_reach_the_landmark():
    with log_database(FRAME + ADA, is_checked=True) as db:
        refresh(db)
        overlapping = "SELECT * REPLACE (landmark_at AS last_feature_event_at) FROM kept"
        db.execute("CREATE TEMP TABLE kept AS FROM user_features")
        with pytest.raises(ContractBroken, match="features_end_before_the_landmark"):
            db.replace(UserFeatures, overlapping, month=MARCH)


def opened(user, *events, start="2026-03-01 09:00"):
    return [(user, start, "open"), *((user, moment, action) for moment, action in events)]


@pytest.mark.parametrize(
    ("events", "status"),
    [
        (opened("eve"), "at_risk"),
        (opened("eve", ("2026-03-02 08:59", "leave")), "ended_early"),
        (opened("eve", ("2026-03-02 09:00", "leave")), "at_risk"),
        ([("eve", "2026-03-01 09:00", "login")], "running_at_start"),
        (opened("eve", ("2026-02-20 09:00", "buy")), "running_at_start"),
        (opened("eve", ("2026-02-20 09:00", "login")), "at_risk"),
        (opened("eve", start="2026-02-15 00:00"), "at_risk"),
        (opened("eve", start="2026-02-14 23:59"), None),
        (opened("eve", start="2026-03-17 00:00"), None),
    ],
    ids=[
        "open",
        "ended in the lead-in",
        "ended at the landmark",
        "no start",
        "ended before its start",
        "seen before its start",
        "cohort opens",
        "before the cohort",
        "after the cohort",
    ],
)
def test_the_entry_clock_judges_who_entered_in_the_cohort_and_outlived_the_lead_in(events, status):
    row, users, _ = refreshed(events, ENTRY)
    assert users.get("eve", {}).get("status") == status
    assert row["running_at_start_count"] == (status == "running_at_start")
    assert row["user_count"] == (status in ("at_risk", "ended_early"))


def test_who_is_seen_before_a_start_in_the_first_lead_in_of_the_log_was_already_running():
    log_of_march = [("eve", "2026-03-01 06:00", "login"), *opened("eve"), ("zoe", "2026-04-20", "login")]
    with log_database(log_of_march) as db:
        refresh(db, ENTRY)
        assert db.one("SELECT status FROM user_features WHERE user_id = 'eve'") == ("running_at_start",)


def test_with_the_entry_clock_everybody_is_observed_for_the_lead_in_and_followed_for_the_horizon():
    _, users, outcomes = refreshed(
        opened("eve", ("2026-03-02 08:00", "login"), ("2026-03-02 10:00", "login"), ("2026-03-16 08:00", "leave"))
        + opened("fay", ("2026-03-16 10:00", "leave")),
        ENTRY,
    )
    assert (users["eve"]["exposure_days"], users["eve"]["event_count"]) == (1.0, 2)
    assert users["eve"]["landmark_at"] == at("2026-03-02 09:00")
    assert outcomes["eve"]["outcome"] == "churn"
    assert outcomes["eve"]["duration_days"] == pytest.approx(14 - 1 / 24)
    # fay left an hour after the 14 days were over.
    assert (outcomes["fay"]["outcome"], outcomes["fay"]["duration_days"]) == ("censored", 14.0)


def test_one_cohort_of_all_is_followed_to_the_end_of_the_month():
    time = ENTRY.time.model_copy(update={"entry_cohort_days": "all"})
    _, _, outcomes = refreshed(opened("fay", ("2026-03-16 10:00", "leave")), ENTRY.model_copy(update={"time": time}))
    assert outcomes["fay"]["outcome"] == "churn"
    assert outcomes["fay"]["followed_days"] == pytest.approx(29 + 15 / 24)


@pytest.mark.parametrize("settings", [CALENDAR, ENTRY], ids=["calendar", "entry"])
def test_too_few_users_are_one_row_that_says_how_many_are_missing(settings):
    row, users, _ = refreshed(opened("eve"), settings)
    assert row["status"] == "insufficient_data"
    assert row["status_reason"] == "1 user is at risk at the landmark; 30 are needed to form segments."
    assert list(users) == ["eve"]


def test_a_month_outside_the_log_is_one_row_without_users():
    row, users, outcomes = refreshed(ADA, month=dt.date(2026, 6, 1), is_checked=True)
    assert row["status_reason"] == "Nobody to group: the log ends on 2026-05-01, before 2026-06."
    assert (row["user_count"], users, outcomes) == (0, {}, {})


def many(count):
    return [(f"u{n:02d}", f"2026-03-{1 + n % 15:02d} 09:00", ("login", "revise")[n % 2]) for n in range(count)]


def test_today_is_scored_by_the_priors_of_the_latest_ready_refresh():
    with log_database(FRAME + many(30), is_checked=True) as db:
        refresh(db)
        add_events(
            db,
            [
                ("old", "2026-05-01 00:00", "brand_new"),
                ("gone", "2026-04-20 09:00", "login"),
                ("gone", "2026-04-21 09:00", "leave"),
                ("silent", "2026-03-20 09:00", "login"),
            ],
        )
        assert write_current_features(db, CALENDAR) == MARCH
        users = {row["user_id"]: row for row in db.rows("SELECT * FROM current_features ORDER BY user_id")}
        frame = current_feature_frame(db)
        names = list(feature_frame(db, MARCH).columns)
    assert {user: row["status"] for user, row in users.items()} == {"old": "live", "gone": "ended"}
    assert users["old"]["scored_at"] == at("2026-05-01")
    assert users["old"]["model_month"] == MARCH
    # The latest event itself is seen: two events, one by an action that had no prior and so no feature.
    assert users["old"]["action_counts"] == {"brand_new": 1, "login": 1}
    assert users["old"]["model_features"]["mix:login"] == pytest.approx(sqrt((1 + 20 * 0.5) / 21))
    assert list(frame.columns) == names
    assert users["gone"]["model_features"] == {}


def test_before_any_ready_refresh_nobody_has_model_features_today():
    with log_database(FRAME + ADA) as db:
        refresh(db)
        assert write_current_features(db, CALENDAR) is None
        assert db.one("SELECT count(*), max(len(map_keys(model_features))) FROM current_features") == (1, 0)
        with pytest.raises(InputError, match="today"):
            current_feature_frame(db)


def test_entry_clock_today_tells_live_from_ended_from_too_early():
    events = [
        *opened("live", start="2026-04-20 09:00"),
        *opened("over", ("2026-04-21 09:00", "buy"), start="2026-04-20 09:00"),
        *opened("fresh", start="2026-04-30 09:00"),
        ("unopened", "2026-04-20 09:00", "login"),
        *opened("silent", start="2026-03-20 09:00"),
    ]
    with log_database(FRAME + events, is_checked=True) as db:
        write_current_features(db, ENTRY)
        found = dict(db.execute("SELECT user_id, status FROM current_features").fetchall())
    assert found == {
        "live": "live",
        "over": "ended",
        "fresh": "too_early",
        "unopened": "running_at_start",
        "old": "running_at_start",
    }


def test_the_feature_frame_has_sorted_users_and_columns_and_only_those_at_risk():
    with log_database(FRAME + many(30)[::-1] + [("eve", "2026-03-01", "leave")]) as db:
        refresh(db)
        frame = feature_frame(db, MARCH)
        with pytest.raises(InputError, match="2026-02"):
            feature_frame(db, dt.date(2026, 2, 1))
    assert list(frame["user_id"]) == [f"u{n:02d}" for n in range(30)]
    assert list(frame.columns[1:]) == sorted(frame.columns[1:])
    assert frame.notna().all().all()


LOANS = {"start": ["a_submitted"], "churn": ["a_declined", "a_cancelled"], "conversion": ["a_approved"]}


def test_real_loan_offers_as_one_cohort_give_the_published_counts(loan_offers):
    settings = Settings.model_validate(
        {"clock": "entry", "lead_in_hours": 24, "roles": LOANS, "time": {"entry_cohort_days": "all"}}
    )
    month = dt.date(2012, 3, 1)
    refresh(loan_offers, settings, month)
    assert loan_offers.one(
        "SELECT user_count, ended_early_count, at_risk_count, drop_off_count, conversion_count, running_at_start_count"
        " FROM refreshes WHERE refresh_month = $m",
        {"m": month},
    ) == (13_087, 6_787, 6_300, 3_683, 2_218, 0)
    outcomes = "SELECT outcome, count(*) FROM user_outcomes WHERE refresh_month = $m GROUP BY ALL ORDER BY ALL"
    assert loan_offers.execute(outcomes, {"m": month}).fetchall() == [
        ("censored", 399),
        ("churn", 3_683),
        ("conversion", 2_218),
    ]
    frame = feature_frame(loan_offers, month)
    assert frame.shape[0] == 6_300
    assert frame.notna().all().all()


def test_every_month_of_the_real_loans_is_refreshed_and_the_first_says_why_it_cannot(loan_offers):
    settings = Settings.model_validate({"clock": "entry", "lead_in_hours": 24, "roles": LOANS})
    months = [dt.date(2011, 9, 1), dt.date(2011, 10, 1), dt.date(2011, 11, 1)]
    for month in months:
        refresh(loan_offers, settings, month)
    rows = loan_offers.rows("SELECT * FROM refreshes WHERE refresh_month < DATE '2011-12-01' ORDER BY refresh_month")
    assert [row["status"] for row in rows] == ["insufficient_data", "ready", "ready"]
    assert rows[0]["status_reason"] == "0 users are at risk at the landmark; 30 are needed to form segments."
    assert [row["is_fully_followed"] for row in rows] == [False, False, True]
    assert [row["at_risk_count"] for row in rows] == [0, 1159, 1271]
