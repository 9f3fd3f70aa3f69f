"""Every format gives the same events, and texts survive as they were written."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import duckdb
import pytest
import zstandard

from segmentation_pipeline_tests.events.landing import csv

ROWS = [
    ("007", "2024-01-01 10:00:00", "login"),
    ("NA", "2024-01-01 11:00:00", "null"),
    ("1e5", "2024-01-02", "çay, “ok”"),
]
EXPECTED = [
    ("007", datetime(2024, 1, 1, 10), "login"),
    ("1e5", datetime(2024, 1, 2), "çay, “ok”"),
    ("NA", datetime(2024, 1, 1, 11), "null"),
]
OBJECTS = [dict(zip(("user_id", "timestamp", "action"), row, strict=True)) for row in ROWS]


def delimited(delimiter: str) -> str:
    return "\n".join(
        delimiter.join(f'"{field}"' for field in row) for row in [("user_id", "timestamp", "action"), *ROWS]
    )


CONTENTS = {
    "comma": delimited(",").encode(),
    "tab": delimited("\t").encode(),
    "semicolon crlf": delimited(";").replace("\n", "\r\n").encode(),
    "mixed newlines": delimited(",").replace("\n", "\r\n", 2).encode(),
    "old mac newlines": delimited(",").replace("\n", "\r").encode(),
    "double pipe": delimited("||").encode(),
    "bom": b"\xef\xbb\xbf" + delimited(",").encode(),
    "utf-16": delimited(",").encode("utf-16"),
    "cp1252": delimited(",").encode("cp1252"),
    "gzip": gzip.compress(delimited(",").encode()),
    "zstd": zstandard.ZstdCompressor().compress(delimited(",").encode()),
    "gzip of utf-16": gzip.compress(delimited(",").encode("utf-16")),
    "array": json.dumps(OBJECTS).encode(),
    "array in lines": json.dumps(OBJECTS, indent=1, ensure_ascii=False).encode(),
    "array cp1252": json.dumps(OBJECTS, ensure_ascii=False).encode("cp1252"),
    "ndjson": "\n".join(json.dumps(each) for each in OBJECTS).encode(),
    "ndjson crlf bom": b"\xef\xbb\xbf" + "\r\n".join(json.dumps(each) for each in OBJECTS).encode(),
    "ndjson gzip": gzip.compress("\n".join(json.dumps(each) for each in OBJECTS).encode()),
    "pretty printed": "\n".join(json.dumps(each, indent=1) for each in OBJECTS).encode(),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_every_format_gives_the_same_events(landing, kind):
    row = landing.load(CONTENTS[kind], "log")
    assert row["error"] is None
    assert landing.events() == EXPECTED


def test_parquet_keeps_texts_and_whole_numbers_and_cuts_nanoseconds(landing):
    path = landing.folder / "log.parquet"
    duckdb.execute(
        "COPY (SELECT 39.0::DOUBLE AS user_id, TIMESTAMP_NS '2024-01-01 00:00:00.123456789' AS ts, 7 AS event,"
        " {'a': 1, 'b': NULL} AS extra, NULL AS nothing) TO '" + str(path) + "'"
    )
    landing.ingest()
    assert landing.events() == [("39", datetime(2024, 1, 1, 0, 0, 0, 123456), "7")]
    assert landing.metadata() == [{"extra": {"a": 1}}]


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("TIMESTAMPTZ '2024-01-01 00:00:00.123456+02'", datetime(2023, 12, 31, 22, 0, 0, 123456)),
        ("TIMESTAMP '2024-01-01 00:00:00'", datetime(2023, 12, 31, 21)),
        ("DATE '2024-01-01'", datetime(2023, 12, 31, 21)),
        ("1704067200123::BIGINT", datetime(2024, 1, 1, 0, 0, 0, 123000)),
        ("1704067200.5::DOUBLE", datetime(2024, 1, 1, 0, 0, 0, 500000)),
        ("'2024-01-01'", datetime(2023, 12, 31, 21)),
    ],
)
def test_parquet_times_of_any_type_are_utc_and_zone_less_ones_are_in_the_default_zone(landing, literal, expected):
    path = landing.folder / "log.parquet"
    duckdb.execute(f"COPY (SELECT 'u' AS user_id, {literal} AS ts, 'a' AS event) TO '{path}'")
    landing.ingest(default_timezone="Europe/Istanbul")
    assert landing.times() == [expected]


def test_nested_parquet_is_addressed_by_dotted_path(landing):
    path = landing.folder / "log.parquet"
    duckdb.execute(f"COPY (SELECT {{'user': {{'id': 5}}}} AS event, 1704067200 AS ts, 'a' AS page) TO '{path}'")
    landing.ingest(columns={"user_id": "event.user.id", "action": ["page"]})
    assert landing.users() == ["5"]


NESTED = {"event": {"user": {"id": 39}, "kind": "open"}, "ts": 1704067200, "page": "a"}


def test_nested_json_is_addressed_by_dotted_path_and_leaves_the_rest(landing):
    landing.load(json.dumps(NESTED), "a.ndjson", columns={"user_id": "event.user.id", "action": ["page", "event.kind"]})
    assert landing.events() == [("39", datetime(2024, 1, 1), "a+open")]
    assert landing.metadata() == [{"event": {"user": {}}}]


def test_a_literal_key_wins_over_the_path(landing):
    text = json.dumps(NESTED | {"event.user.id": "literal"})
    landing.load(text, "a.ndjson", columns={"user_id": "event.user.id", "action": ["page"]})
    assert landing.users() == ["literal"]


def test_json_inside_a_csv_column_is_addressed_by_dotted_path(landing):
    text = 'props,ts,event\n"{""id"": 39}",1704067200,a\nbroken,1704067200,a\n'
    landing.load(text, columns={"user_id": "props.id"})
    assert landing.users() == ["39"]
    assert landing.rejections() == [("events.csv", 3, "blank_user")]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("39", "39"),
        ("39.0", "39"),
        ('"39.0"', "39.0"),
        ('"007"', "007"),
        ("12345678901234567890123", "12345678901234567890123"),
    ],
)
def test_numeric_json_ids_keep_their_text(landing, written, kept):
    landing.load(f'{{"uid": {written}, "ts": 1704067200, "event": "a"}}', "a.ndjson")
    assert landing.users() == [kept]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (csv("u,1704067200,a"), [None]),
        (csv('u,1704067200,a,"{""x"": 1}"', header="user_id,timestamp,action,metadata"), [{"x": 1}]),
        (csv("u,1704067200,a,plain", header="user_id,timestamp,action,metadata"), [{"metadata": "plain"}]),
        (csv("u,1704067200,a,", header="user_id,timestamp,action,metadata"), [None]),
        (csv("u,1704067200,a,NA,", header="user_id,timestamp,action,plan,city"), [{"plan": "NA"}]),
        (csv("u,1704067200,a,,", header="user_id,timestamp,action,plan,city"), [None]),
        (csv("u,1704067200,a,1,2", header="user_id,timestamp,action,plan,plan"), [{"plan": "1", "plan_2": "2"}]),
        ('{"uid": "u", "ts": 1704067200, "event": "a", "metadata": {"x": 1.5}}', [{"x": 1.5}]),
        ('{"uid": "u", "ts": 1704067200, "event": "a", "metadata": "text"}', [{"metadata": "text"}]),
        (
            '{"uid": "u", "ts": 1704067200, "event": "a", "metadata": {"x": 1}, "y": 2}',
            [{"metadata": {"x": 1}, "y": 2}],
        ),
        ('{"uid": "u", "ts": 1704067200, "event": "a"}', [None]),
    ],
)
def test_unmapped_fields_become_metadata(landing, text, expected):
    landing.load(text)
    assert landing.metadata() == expected


TIMES = [
    ("2024-01-01T10:00:00Z", datetime(2024, 1, 1, 10)),
    ("2024-01-01 10:00:00.123456+02:00", datetime(2024, 1, 1, 8, 0, 0, 123456)),
    ("2024-01-01T10:00:00+0530", datetime(2024, 1, 1, 4, 30)),
    ("2024-01-01T10:00:00.1239999Z", datetime(2024, 1, 1, 10, 0, 0, 123999)),
    ("2024-01-01T10:00", datetime(2024, 1, 1, 10)),
    ("2024-01-01", datetime(2024, 1, 1)),
    ("20240101", datetime(2024, 1, 1)),
    ("20240101T101112Z", datetime(2024, 1, 1, 10, 11, 12)),
    ("20240101101112", datetime(2024, 1, 1, 10, 11, 12)),
    ('"2024-01-01 10:00:00,5"', datetime(2024, 1, 1, 10, 0, 0, 500000)),
    ("2024-01-01 10:00:00 +0200 CEST", datetime(2024, 1, 1, 8)),
    ("2024-01-01T10:00:00+02:00[Europe/Berlin]", datetime(2024, 1, 1, 8)),
    ("2024-01-01 10:00:00 Europe/Istanbul", datetime(2024, 1, 1, 7)),
    ("  2024-01-01 10:00:00 ", datetime(2024, 1, 1, 10)),
    ("1704067200", datetime(2024, 1, 1)),
    ("1704067200.000001", datetime(2024, 1, 1, 0, 0, 0, 1)),
    ("1704067200123", datetime(2024, 1, 1, 0, 0, 0, 123000)),
    ("1704067200123456", datetime(2024, 1, 1, 0, 0, 0, 123456)),
    ("1704067200123456789", datetime(2024, 1, 1, 0, 0, 0, 123456)),
    ("1.7040672e9", datetime(2024, 1, 1)),
]


@pytest.mark.parametrize(("text", "expected"), TIMES)
def test_times_are_read_exactly(landing, text, expected):
    landing.load(csv(f"u,{text},a"))
    assert landing.times() == [expected]


@pytest.mark.parametrize(
    "text", ["soon", "31/12/2023 10:00", "2024-02-30", "infinity", "10-11-12", "12:30", "1e30", "True"]
)
def test_what_is_no_time_is_rejected_with_the_text_in_the_message(landing, text):
    landing.load(csv(f"u,{text},a"))
    assert landing.rejections() == [("events.csv", 2, "unparseable_time")]
    (message,) = landing.db.one("SELECT message FROM rejected_events")
    assert f'"{text}"' in message
    assert message.startswith('events.csv, record 2, column "timestamp"')


@pytest.mark.parametrize("epoch", [0.000001, 1.5, 1704067200.123456, 1704067200.999999])
def test_epoch_floats_in_json_are_exact_to_the_microsecond(landing, epoch):
    landing.load(json.dumps({"uid": "u", "ts": epoch, "event": "a"}), "a.ndjson")
    assert landing.times()[0].replace(tzinfo=UTC).timestamp() == pytest.approx(epoch, abs=1e-9)


def test_zone_less_times_are_in_the_default_zone_across_a_clock_change(landing):
    landing.load(
        csv("u1,2024-03-30 12:00:00,a", "u2,2024-03-31 12:00:00,a", "u3,2024-03-31 12:00:00Z,a"),
        default_timezone="Europe/Berlin",
    )
    assert landing.times() == [datetime(2024, 3, 30, 11), datetime(2024, 3, 31, 10), datetime(2024, 3, 31, 12)]


def test_blanks_around_ids_and_actions_go_and_those_inside_stay(landing):
    landing.load(csv("\u00a0fau cett0 ,1704067200,\ta b\u00a0"))
    assert landing.events() == [("fau cett0", datetime(2024, 1, 1), "a b")]
