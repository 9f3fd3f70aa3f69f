"""Sessions are a partition of the events that no order, batch or amount of history can change."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation_pipeline.config import Roles, SessionSettings
from segmentation_pipeline.events.sessions import session_parameters, sessions_by_gap, sessions_of, update_sessions
from segmentation_pipeline_tests.events.logs import add_backlog, add_events, at, log_database

RULES = SessionSettings(gap_minutes=30, runaway_hours=24, runaway_actions_per_minute=120)
ROLES = Roles(churn=("leave",), conversion=("buy",), revision=("revise",), collaboration=("comment", "share"))
DAY = at("2026-03-02")
ALL_EVENTS = "SELECT user_id, event_at, action FROM raw_events"


def cut(events, rules=RULES, roles=ROLES):
    """Return the sessions of the events as the SQL defines them, without the table and its upkeep."""
    with log_database(events) as db:
        return db.rows(
            f"SELECT * FROM ({sessions_of(ALL_EVENTS)}) ORDER BY user_id, started_at", session_parameters(rules, roles)
        )


def test_every_column_of_a_session_is_the_hand_computed_one():
    [first, second] = cut(
        [
            ("ada", "2026-03-02 09:00:00", "login"),
            ("ada", "2026-03-02 09:00:30", "revise"),
            ("ada", "2026-03-02 09:01:00", "revise"),
            ("ada", "2026-03-02 09:02:00", "comment"),
            ("ada", "2026-03-02 09:32:00", "buy"),
            ("ada", "2026-03-02 12:00:00", "leave"),
        ]
    )
    assert first["started_at"] == at("2026-03-02 09:00")
    assert first["ended_at"] == at("2026-03-02 09:32")
    assert first["duration_s"] == 1920.0
    assert (first["event_count"], first["action_count"]) == (5, 4)
    assert (first["revision_count"], first["collaboration_count"]) == (2, 1)
    assert (first["is_converted"], first["is_dropped_off"]) == (True, False)
    assert first["mean_gap_s"] == 480.0
    assert first["workflow"] == "login > revise > comment > buy"
    assert second["mean_gap_s"] is None
    assert (second["is_converted"], second["is_dropped_off"]) == (False, True)
    assert (second["event_count"], second["workflow"]) == (1, "leave")


@pytest.mark.parametrize(("silence_us", "count"), [(1_800_000_000, 1), (1_800_000_001, 2)])
def test_a_silence_of_exactly_the_gap_stays_one_session_and_a_microsecond_more_makes_two(silence_us, count):
    later = DAY + dt.timedelta(microseconds=silence_us)
    assert len(cut([("ada", DAY, "login"), ("ada", later, "login")])) == count


def test_users_never_share_a_session():
    assert [row["user_id"] for row in cut([("ada", DAY, "login"), ("bob", DAY, "login")])] == ["ada", "bob"]


def test_a_workflow_keeps_the_first_five_steps_only():
    actions = "abcdefg"
    events = [("ada", DAY + dt.timedelta(minutes=place), action) for place, action in enumerate(actions)]
    [row] = cut(events)
    assert row["workflow"] == "a > b > c > d > e"
    assert row["action_count"] == 7


def test_events_of_the_same_moment_are_ordered_by_action():
    [row] = cut([("ada", DAY, "view"), ("ada", DAY, "buy"), ("ada", DAY, "login")])
    assert row["workflow"] == "buy > login > view"


def test_sessions_longer_than_a_day_are_runaway_and_kept():
    events = [("bot", DAY + dt.timedelta(minutes=20 * place), "ping") for place in range(74)]
    [row] = cut(events)
    assert (row["duration_s"], row["is_runaway"]) == (73 * 1200.0, True)
    [shorter] = cut(events[:73])
    assert (shorter["duration_s"], shorter["is_runaway"]) == (86_400.0, False)


@pytest.mark.parametrize(("count", "gap_ms", "is_runaway"), [(120, 400, True), (119, 400, False), (120, 600, False)])
def test_a_pace_no_human_keeps_up_is_runaway(count, gap_ms, is_runaway):
    events = [("bot", DAY + dt.timedelta(milliseconds=gap_ms * place), "ping") for place in range(count)]
    [row] = cut(events)
    assert row["is_runaway"] is is_runaway


def test_the_id_of_a_session_is_the_hash_of_user_and_start_and_does_not_depend_on_earlier_history():
    recent = [("ada", "2026-03-02 09:00:00", "login"), ("ada", "2026-03-02 09:05:00", "view")]
    earlier = [("ada", "2026-02-01 09:00:00", "login"), ("ada", "2026-02-02 09:00:00", "view")]
    assert cut(recent)[0]["session_id"] == cut(earlier + recent)[-1]["session_id"]
    assert len({row["session_id"] for row in cut(earlier + recent)}) == 3


moments = st.integers(min_value=0, max_value=6 * 60).map(lambda minute: DAY + dt.timedelta(minutes=minute))
logs = st.lists(
    st.tuples(st.sampled_from(["ada", "bob", "cyd"]), moments, st.sampled_from(["login", "revise", "buy"])), max_size=40
)


@given(events=logs)
@settings(max_examples=25, deadline=None)
def test_sessions_partition_the_events(events):
    rows = cut(events)
    assert sum(row["event_count"] for row in rows) == len(events)
    gap = dt.timedelta(minutes=30)
    for row, following in pairwise(rows):
        if row["user_id"] == following["user_id"]:
            assert following["started_at"] - row["ended_at"] > gap
    for user, moment, _ in events:
        holding = [r for r in rows if r["user_id"] == user and r["started_at"] <= moment <= r["ended_at"]]
        assert len(holding) == 1


@given(events=logs, random=st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_order_events_arrive_in_never_matters(events, random):
    shuffled = list(events)
    random.shuffle(shuffled)
    assert cut(shuffled) == cut(events)


changes = st.lists(st.tuples(st.booleans(), logs), min_size=1, max_size=3)


@given(first=logs, batches=changes)
@settings(max_examples=30, deadline=None)
def test_updating_batch_by_batch_gives_what_a_full_rebuild_gives(first, batches):
    with log_database(first) as db:
        update_sessions(db, RULES, ROLES)
        for is_removal, batch in batches:
            touched: dict[str, dt.datetime] = {}
            for user, moment, _ in batch:
                touched[user] = min(moment, touched.get(user, moment))
            if is_removal:
                for user, moment, action in batch:
                    db.execute(
                        "DELETE FROM raw_events WHERE user_id = $u AND event_at = $t AND action = $a",
                        {"u": user, "t": moment, "a": action},
                    )
            else:
                add_events(db, batch)
            add_backlog(db, touched)
            written = update_sessions(db, RULES, ROLES)
            assert not written.is_full
        stepwise = db.rows("SELECT * FROM sessions ORDER BY user_id, started_at")
        events = db.execute("SELECT user_id, event_at, action FROM raw_events").fetchall()
        assert db.one("SELECT count(*) FROM session_backlog") == (0,)
    assert stepwise == cut(events)


def test_an_update_leaves_sessions_of_other_users_and_earlier_sessions_untouched():
    with log_database([("ada", "2026-03-01 09:00:00", "login"), ("bob", "2026-03-01 09:00:00", "login")]) as db:
        update_sessions(db, RULES, ROLES)
        # A mark no recomputation would make: it survives exactly where nothing is recomputed.
        db.execute("UPDATE sessions SET workflow = 'untouched'")
        add_events(db, [("ada", DAY, "login")])
        add_backlog(db, {"ada": DAY})
        update_sessions(db, RULES, ROLES)
        rows = db.execute("SELECT user_id, workflow FROM sessions ORDER BY user_id, started_at").fetchall()
    assert rows == [("ada", "untouched"), ("ada", "login"), ("bob", "untouched")]


@pytest.mark.parametrize(
    ("rules", "roles"),
    [(RULES.model_copy(update={"gap_minutes": 15}), ROLES), (RULES, ROLES.model_copy(update={"churn": ("login",)}))],
)
def test_other_rules_cut_everything_anew_without_any_backlog(rules, roles):
    events = [("ada", DAY, "login"), ("ada", DAY + dt.timedelta(minutes=20), "view")]
    with log_database(events) as db:
        update_sessions(db, RULES, ROLES)
        written = update_sessions(db, rules, roles)
        rows = db.rows("SELECT * FROM sessions ORDER BY user_id, started_at")
    assert written.is_full
    assert rows == cut(events, rules, roles) != cut(events)


def test_an_update_without_news_writes_nothing():
    with log_database([("ada", DAY, "login")]) as db:
        update_sessions(db, RULES, ROLES)
        db.execute("UPDATE sessions SET workflow = 'untouched'")
        written = update_sessions(db, RULES, ROLES)
        assert db.one("SELECT workflow FROM sessions") == ("untouched",)
    assert (written.is_full, written.session_count) == (False, 1)


def test_the_choice_of_the_gap_is_reported_in_sessions_per_user():
    minutes = [0, 10, 30, 75, 180]
    with log_database([("ada", DAY + dt.timedelta(minutes=m), "login") for m in minutes]) as db:
        assert sessions_by_gap(db) == {"15 min": 4.0, "30 min": 3.0, "60 min": 2.0}
