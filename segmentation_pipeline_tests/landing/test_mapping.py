"""Columns find their roles by settings or by well-known names, and nothing is guessed between two."""

from __future__ import annotations

import json

import pytest

from segmentation_pipeline.errors import InputError
from segmentation_pipeline.landing.mapping import Field, map_columns
from segmentation_pipeline_tests.landing.roles import wanted

NOTHING_NAMED = wanted()


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["user_id", "timestamp", "action"], ("user_id", "timestamp", "action", None)),
        (["userId", "ts", "page", "song"], ("userId", "ts", "page", None)),
        (["User ID", "Event Time", "Event Name"], ("User ID", "Event Time", "Event Name", None)),
        (["distinct_id", "time", "event", "$insert_id"], ("distinct_id", "time", "event", "$insert_id")),
        (
            ["case:concept:name", "time:timestamp", "concept:name"],
            ("case:concept:name", "time:timestamp", "concept:name", None),
        ),
        (["uuid", "uid", "created_at", "activity"], ("uid", "created_at", "activity", "uuid")),
    ],
)  # fmt: skip
def test_well_known_names_are_found(columns, expected):
    mapping = map_columns("f", columns, NOTHING_NAMED)
    assert tuple(mapping.name(role) for role in ("user_id", "timestamp", "action", "event_id")) == expected
    assert set(dict(mapping.found_by).values()) == {"name"}


@pytest.mark.parametrize(
    ("columns", "winner"),
    [
        (["user_id", "customer_id", "timestamp", "action"], "user_id"),
        (["customer", "customer_id", "timestamp", "action"], "customer_id"),
    ],
)
def test_a_surer_name_wins_over_a_weaker_one(columns, winner):
    assert map_columns("f", columns, NOTHING_NAMED).name("user_id") == winner


@pytest.mark.parametrize(
    ("columns", "role", "told"),
    [
        (["user_id", "userId", "timestamp", "action"], "user_id", '"user_id", "userId"'),
        (["customer_id", "distinct_id", "timestamp", "action"], "user_id", '"customer_id", "distinct_id"'),
        (["user_id", "time", "ts", "action"], "timestamp", '"time", "ts"'),
        (["user_id", "timestamp", "event", "activity"], "action", '"event", "activity"'),
        (["user_id", "timestamp", "action", "uuid", "insert_id"], "event_id", '"uuid", "insert_id"'),
        (["user_id", "user_id", "timestamp", "action"], "user_id", '"user_id", "user_id"'),
    ],
)
def test_two_equally_good_names_are_an_error_that_lists_them_and_the_setting(columns, role, told):
    with pytest.raises(InputError) as error:
        map_columns("log.csv", columns, NOTHING_NAMED)
    assert told in str(error.value)
    assert f"{role} = " in str(error.value)
    assert "[input.columns]" in str(error.value)


def test_a_setting_ends_the_ambiguity():
    mapping = map_columns("f", ["user_id", "userId", "timestamp", "action"], wanted(user_id="userId"))
    assert mapping.of["user_id"] == (Field("userId"),)
    assert dict(mapping.found_by) == {"user_id": "settings", "timestamp": "name", "action": "name"}


def test_a_column_taken_by_a_setting_is_no_candidate_for_another_role():
    mapping = map_columns("f", ["uuid", "timestamp", "action"], wanted(user_id="uuid"))
    assert mapping.of["user_id"] == (Field("uuid"),)
    assert mapping.name("event_id") is None


def test_a_missing_role_lists_the_columns_found():
    with pytest.raises(
        InputError, match=r'no column is known to be the action. Columns found: "user_id", "ts", "what"'
    ):
        map_columns("f", ["user_id", "ts", "what"], NOTHING_NAMED)


def test_a_named_column_that_is_not_there_lists_the_columns_found():
    with pytest.raises(InputError, match=r'"who", but the file has no such column. Columns found: "user_id"'):
        map_columns("f", ["user_id", "ts", "event"], wanted(user_id="who"))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["event", "ts"], Field("event", ("user", "id"))),
        (["event", "event.user.id", "ts"], Field("event.user.id")),
        (["event", "event.user", "ts"], Field("event.user", ("id",))),
    ],
)
def test_a_literal_column_wins_over_a_dotted_path(columns, expected):
    named = wanted(user_id="event.user.id", action=("ts",), timestamp="ts")
    assert map_columns("f", columns, named).of["user_id"] == (expected,)


def test_a_nested_column_is_never_taken_by_its_name_alone():
    mapping = map_columns("f", ["user", "uid", "ts", "event"], NOTHING_NAMED, nested={"user"})
    assert mapping.of["user_id"] == (Field("uid"),)


def test_unmapped_columns_keep_the_order_of_the_file_and_nested_ones_stay_whole():
    mapping = map_columns("f", ["z", "who", "ts", "event", "a"], wanted(user_id="who.id"))
    assert mapping.unmapped(["z", "who", "ts", "event", "a"]) == ("z", "who", "a")


def test_several_columns_of_a_role_are_told_as_a_list_and_one_by_its_name():
    mapping = map_columns("f", ["uid", "ts", "event", "kind"], wanted(action=("event", "kind")))
    assert json.loads(mapping.as_json()) == {
        "user_id": "uid",
        "timestamp": "ts",
        "action": ["event", "kind"],
        "event_id": None,
        "found_by": {"user_id": "name", "timestamp": "name", "action": "settings"},
    }
