"""Halves of users' visits: every visit in exactly one, the exposure and priors of the whole, and who is halved."""

from __future__ import annotations

import datetime as dt
from math import log, sqrt

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from segmentation_pipeline.config import Settings
from segmentation_pipeline.events import halves
from segmentation_pipeline.events.features import write_user_features
from segmentation_pipeline.events.halves import half_feature_frames, write_half_features
from segmentation_pipeline_tests.events.logs import at, log_database

MARCH = dt.date(2026, 3, 1)
LANDMARK = at("2026-03-18")
SETTINGS = Settings.model_validate({"clock": "calendar", "roles": {"churn": ["leave"]}})
FRAME = [("old", "2026-01-01 00:00", "login"), ("old", "2026-05-01 00:00", "login")]
"""Makes the log long enough for a whole window and horizon, by a user no March refresh sees."""
OTHER = [("other", "2026-03-01 09:00", "unique"), ("other", "2026-03-02 09:00", "unique")]
"""Has too few events to be halved, but an action nobody else has: its prior gives away the events of a half."""


def visit(user, day, actions, hour=9):
    """Return the events of one visit, a minute apart."""
    begin = at(f"2026-03-{day:02d}") + dt.timedelta(hours=hour)
    return [(user, begin + dt.timedelta(minutes=minute), action) for minute, action in enumerate(actions)]


def visits(user, count, actions=("search", "search", "comment")):
    """Return so many visits, one a day."""
    return [event for day in range(1, count + 1) for event in visit(user, day, actions)]


def halved(events, settings=SETTINGS, *, is_checked=False):
    """Return user -> half -> features, priors, whole users by id, and what was written."""
    with log_database(FRAME + OTHER + events, is_checked=is_checked) as db:
        write_user_features(db, MARCH, settings)
        written = write_half_features(db, MARCH, settings)
        found = {}
        for row in db.rows("SELECT * FROM half_features ORDER BY user_id, half"):
            found.setdefault(row["user_id"], {})[row["half"]] = row["model_features"]
        priors = {row["feature"]: row["prior"] for row in db.rows("SELECT * FROM feature_priors")}
        users = {row["user_id"]: row for row in db.rows("SELECT * FROM user_features")}
        assert not db.rows("SELECT * FROM duckdb_tables() WHERE temporary")
    return found, priors, users, written


def counts_of(features, priors):
    """Return how often each action was used in a half, from the shrunken shares: f^2 = (c + 20 p) / (n + 20)."""
    total = 20 * priors["mix:unique"] / features["mix:unique"] ** 2 - 20
    found = {
        name.removeprefix("mix:"): round(features[name] ** 2 * (total + 20) - 20 * priors[name], 6)
        for name in features
        if name.startswith("mix:")
    }
    return {action: count for action, count in found.items() if count}


some_visits = st.lists(
    st.lists(st.sampled_from(["search", "comment", "login"]), min_size=1, max_size=5), min_size=2, max_size=15
)


@given(visits_of_ada=some_visits)
@hypothesis_settings(max_examples=10, deadline=None)
def test_the_events_of_both_halves_are_those_of_the_whole_user(visits_of_ada):
    events = [event for day, actions in enumerate(visits_of_ada, start=1) for event in visit("ada", day, actions)]
    found, priors, users, _ = halved(events + visits("bob", 12))
    if "ada" not in found:
        return
    first, second = (counts_of(found["ada"][half], priors) for half in "ab")
    assert first
    assert second
    both = {action: first.get(action, 0) + second.get(action, 0) for action in first.keys() | second.keys()}
    assert both == users["ada"]["action_counts"]


def test_a_visit_lies_wholly_in_one_half():
    actions = [f"act-{day:02d}" for day in range(1, 17)]
    events = [event for day, action in enumerate(actions, start=1) for event in visit("ada", day, [action] * 3)]
    found, priors, _, _ = halved(events)
    first, second = (counts_of(found["ada"][half], priors) for half in "ab")
    assert sorted([*first, *second]) == actions
    assert set(first.values()) | set(second.values()) == {3.0}


def test_a_half_has_the_exposure_and_the_priors_of_the_whole():
    found, priors, users, _ = halved(visits("ada", 8) + visits("bob", 12))
    exposure, rate = users["ada"]["exposure_days"], priors["intensity:sessions_per_week"]
    for half in "ab":
        features = found["ada"][half]
        visit_count = sum(counts_of(features, priors).values()) / 3
        expected = log(1 + 7 * (visit_count + 2) / (exposure + 14 / rate))
        assert features["intensity:sessions_per_week"] == pytest.approx(expected)
        morning = sqrt((3 * visit_count + 20 * priors["daypart:morning"]) / (3 * visit_count + 20))
        assert features["daypart:morning"] == pytest.approx(morning)


def test_halves_hang_on_each_visit_alone():
    # One more visit leaves every other one where it was; halves balanced within the user would move them.
    actions = [f"act-{day:02d}" for day in range(1, 16)]
    events = [event for day, action in enumerate(actions, start=1) for event in visit("ada", day, [action] * 3)]
    found, priors, _, _ = halved(events)
    more, more_priors, _, _ = halved(visit("ada", 1, ["early"] * 3, hour=1) + events)
    for half in "ab":
        without_it = {action for action in counts_of(more["ada"][half], more_priors) if action != "early"}
        assert without_it == set(counts_of(found["ada"][half], priors))


def test_only_users_with_two_visits_ten_events_and_both_halves_are_halved():
    many = ("search",) * 12
    events = (
        visit("lone", 3, many)
        + visits("few", 3)
        + visits("ended", 8)
        + visit("ended", 10, ["leave"])
        + [event for number in range(12) for event in visits(f"two-{number:02d}", 2, many)]
        + visits("many", 16)
    )
    found, _, users, written = halved(events)
    assert {"lone", "few", "ended", "other"} <= set(users)
    assert not {"lone", "few", "ended", "other"} & set(found)
    assert "many" in found
    # Of twelve users with two visits about half have both in one half; those are left out, not made up.
    assert 2 <= sum(user.startswith("two") for user in found) <= 10
    assert all(set(of_user) == {"a", "b"} for of_user in found.values())
    assert written.user_count == len(found)


def test_so_many_are_chosen_by_their_ids_alone(monkeypatch):
    everyone = [f"user-{number:02d}" for number in range(20)]
    events = [event for user in everyone for event in visits(user, 10)]
    whole, _, _, _ = halved(events)
    monkeypatch.setattr(halves, "MOST_USERS", 5)
    some, _, _, written = halved(events)
    again, _, _, _ = halved(events[::-1])
    assert written.user_count == len(some) == 5
    assert again == some
    assert set(some) < set(whole)
    assert all(set(features) == {"a", "b"} for features in some.values())


def test_where_most_come_once_nobody_is_halved():
    once = [event for number in range(6) for event in visit(f"once-{number}", 3, ["search"] * 12)]
    found, _, _, written = halved(once + visits("ada", 8) + visits("bob", 12))
    assert found == {}
    assert written.is_one_shot
    assert written.single_visit_share == pytest.approx(6 / 9)
    found, _, _, written = halved(once[:12] + visits("ada", 8) + visits("bob", 12))
    assert set(found) == {"ada", "bob"}
    assert not written.is_one_shot


def test_runaway_visits_are_in_neither_half():
    bot = [("ada", at("2026-03-14 10:00") + dt.timedelta(milliseconds=100 * n), "ping") for n in range(200)]
    found, priors, _, _ = halved(visits("ada", 10) + bot)
    assert "ping" not in counts_of(found["ada"]["a"], priors) | counts_of(found["ada"]["b"], priors)


def test_nothing_after_the_landmark_is_seen_by_a_half():
    events = visits("ada", 10) + visits("bob", 12)
    after = [event for day in (18, 19, 20) for event in visit("ada", day, ["search", "revise", "leave"])]
    assert halved(events + after)[0] == halved(events)[0]


def test_frames_hold_the_same_users_and_columns_in_the_same_order_and_none_when_nobody_is_halved():
    with log_database(FRAME + OTHER + visits("bob", 12) + visits("ada", 8), is_checked=True) as db:
        write_user_features(db, MARCH, SETTINGS)
        assert half_feature_frames(db, MARCH) is None
        write_half_features(db, MARCH, SETTINGS)
        first, second = half_feature_frames(db, MARCH)
        assert half_feature_frames(db, dt.date(2026, 4, 1)) is None
        row = db.one("SELECT model_features FROM half_features WHERE user_id = 'ada' AND half = 'b'")[0]
    assert first["user_id"].tolist() == second["user_id"].tolist() == ["ada", "bob"]
    assert list(first.columns) == list(second.columns) == ["user_id", *sorted(row)]
    assert second.iloc[0].to_dict() == {"user_id": "ada", **row}


def test_a_month_outside_the_log_has_no_halves():
    with log_database(FRAME + visits("ada", 10)) as db:
        write_user_features(db, dt.date(2027, 1, 1), SETTINGS)
        assert write_half_features(db, dt.date(2027, 1, 1), SETTINGS).user_count == 0


def test_writing_again_gives_the_same_rows_and_leaves_other_months_alone():
    april = dt.date(2026, 4, 1)
    with log_database(FRAME + OTHER + visits("ada", 31) + visits("bob", 30)) as db:
        for month in (MARCH, april):
            write_user_features(db, month, SETTINGS)
            write_half_features(db, month, SETTINGS)
        before = db.rows("SELECT * FROM half_features ORDER BY ALL")
        write_half_features(db, MARCH, SETTINGS)
        assert db.rows("SELECT * FROM half_features ORDER BY ALL") == before
    assert {row["refresh_month"] for row in before} == {MARCH, april}
