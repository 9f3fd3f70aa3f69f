"""Every record that is no event is kept with its number and reason; a file that cannot be read harms no other."""

from __future__ import annotations

import gzip
import json
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmentation_pipeline.events.records import REASONS as WORDS
from segmentation_pipeline.events.tables import MAX_RECORD_CHARS, REASONS
from segmentation_pipeline_tests.events.landing import NOW, csv, landing_folder

GOOD = "u1,2024-01-01,a"


@pytest.mark.parametrize(
    ("row", "reason", "column"),
    [
        (",2024-01-01,a", "blank_user", "user_id"),
        ('"",2024-01-01,a', "blank_user", "user_id"),
        ('" \t",2024-01-01,a', "blank_user", "user_id"),
        ("u,,a", "missing_time", "timestamp"),
        ("u,  ,a", "missing_time", "timestamp"),
        ("u,soon,a", "unparseable_time", "timestamp"),
        ("u,2026-06-01 00:00:00.000001,a", "future_time", "timestamp"),
        ("u,2024-01-01,", "missing_action", "action"),
        ("u,2024-01-01", "wrong_column_count", None),
        ("u,2024-01-01,a,b", "wrong_column_count", None),
        ('u,2024-01-01,"a"b', "wrong_column_count", None),
        (f"u,2024-01-01,{'x' * 300}", "overlong_field", None),
    ],
)
def test_each_reason_is_told_with_file_record_column_and_next_step(landing, row, reason, column):
    found = landing.load(csv(GOOD, row, GOOD), max_field_chars=256)
    assert (found["read_count"], found["accepted_count"], found["rejected_count"], found["duplicate_count"]) == (
        3,
        1,
        1,
        1,
    )
    (rejected,) = landing.db.rows("SELECT * FROM rejected_events")
    assert (rejected["record_number"], rejected["reason"], rejected["column_name"]) == (3, reason, column)
    assert rejected["message"].startswith("events.csv, record 3")
    assert "Next: " in rejected["message"]
    assert rejected["record"].replace('"', "").strip() == row.replace('"', "").strip()


def test_a_time_at_the_landing_moment_is_not_in_the_future(landing):
    landing.load(csv("u,2026-06-01 00:00:00,a"))
    assert landing.times() == [NOW]


def test_a_record_with_several_faults_is_rejected_once(landing):
    landing.load(csv(",soon,", "a,b,c,d"))
    assert landing.rejections() == [("events.csv", 2, "blank_user"), ("events.csv", 3, "wrong_column_count")]


def test_records_are_numbered_through_quoted_newlines_blank_lines_and_broken_records(landing):
    text = (
        "\n\nuser_id,timestamp,action\n"  # record 1
        'u1,2024-01-01,"two\n\nlines"\n'  # 2
        "\n\r\n"
        "u2,2024-01-01\n"  # 3: too few
        "\n"
        ",2024-01-01,a\n"  # 4: blank user
        "u3,2024-01-01,a,b\n"  # 5: too many
        "u4,2024-01-01\n"  # 6: too few
        "u5,soon,a\n"  # 7: no time
    )
    row = landing.load(text)
    assert [(number, reason) for _, number, reason in landing.rejections()] == [
        (3, "wrong_column_count"),
        (4, "blank_user"),
        (5, "wrong_column_count"),
        (6, "wrong_column_count"),
        (7, "unparseable_time"),
    ]
    assert (row["read_count"], row["accepted_count"]) == (6, 1)


def test_a_quoted_newline_is_part_of_its_field(landing):
    landing.load(csv('u1,2024-01-01,"a\nb"', 'u2,2024-01-02,"say ""hi"", ok"'))
    assert [action for *_, action in landing.events()] == ["a\nb", 'say "hi", ok']


def test_lines_of_ndjson_are_numbered_with_the_blank_ones(landing):
    good = json.dumps({"uid": "u", "ts": 1704067200, "event": "a"})
    text = "\n".join([good, "", "{broken", "[1]", '"text"', "   ", json.dumps({"uid": "", "ts": 1, "event": "a"}), ""])
    row = landing.load(text, "log.ndjson")
    assert [(number, reason) for _, number, reason in landing.rejections()] == [
        (3, "invalid_json"),
        (4, "invalid_json"),
        (5, "invalid_json"),
        (7, "blank_user"),
    ]
    assert row["read_count"] == 5
    assert landing.db.one("SELECT record FROM rejected_events WHERE record_number = 3") == ("{broken",)


def test_elements_of_a_json_array_are_numbered(landing):
    good = {"uid": "u", "ts": 1704067200, "event": "a"}
    landing.load(json.dumps([good, 5, good | {"uid": None}, good | {"event": "b"}]), "log.json")
    assert landing.rejections() == [("log.json", 2, "invalid_json"), ("log.json", 3, "blank_user")]


def test_rows_of_parquet_are_numbered(landing):
    landing.db.execute(
        "COPY (SELECT CASE WHEN i % 1000 = 7 THEN '' ELSE 'u' || i END AS user_id, i AS ts, 'a' AS event"
        f" FROM range(1, 3000) AS r (i)) TO '{landing.folder / 'log.parquet'}'"
    )
    landing.ingest()
    assert [number for _, number, _ in landing.rejections()] == [7, 1007, 2007]


def test_numbers_hold_in_a_file_that_several_threads_read(landing):
    rows = [f"u{i},2024-01-01,a{i}" if i % 50_000 else f"u{i},2024-01-01" for i in range(1, 700_001)]
    rows[123_455] = ",2024-01-01,a"
    landing.load(csv(*rows))
    numbers = [number for _, number, _ in landing.rejections()]
    assert numbers == sorted([*range(50_001, 700_002, 50_000), 123_457])


def test_a_rejected_record_is_kept_bounded(landing):
    landing.load(csv(f",2024-01-01,{'x' * 5_000}"))
    (record,) = landing.db.one("SELECT record FROM rejected_events")
    assert len(record) == MAX_RECORD_CHARS


def test_single_broken_bytes_of_utf8_are_rejected_and_all_else_is_read_as_utf8(landing):
    text = csv(*(f"é{i},2024-01-01,a" for i in range(40_000))).encode() + b"\xe9,2024-01-01,a\nlast,2024-01-01,a\n"
    row = landing.load(text)
    assert (row["encoding"], row["read_count"], row["rejected_count"]) == ("utf-8", 40_002, 1)
    assert landing.rejections() == [("events.csv", 40_002, "unreadable_text")]


def test_a_one_byte_encoding_that_shows_late_is_recognised(landing):
    text = csv(*(f"u{i},2024-01-01,action" for i in range(40_000))).encode() + "é,2024-01-01,a\n".encode("cp1252")
    row = landing.load(text)
    assert (row["encoding"], row["read_count"], row["rejected_count"]) == ("cp1252", 40_001, 0)
    assert "é" in landing.users()


PLAIN = csv(*(f"u{i},2024-01-01,a{i}" for i in range(5_000))).encode()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (gzip.compress(PLAIN)[:-400], "cut off or damaged"),
        (b"PAR1" + b"junk" * 100, "cannot be read as a whole"),
        (bytes(range(1, 256)) * 50, "neither text nor Parquet"),
        (b"", "holds nothing"),
        (b'[{"uid": 1}, {"uid"', "cannot be read as a whole"),
        (b"[1, 2]", "none of its 2 records is a JSON object"),
        (b"user_id,userId,timestamp,action\n1,2,3,4\n", '"user_id", "userId"'),
        (b"a,b,c\n1,2,3\n", 'Columns found: "a", "b", "c"'),
    ],
)
def test_an_unreadable_file_is_a_row_that_says_why_and_the_others_are_loaded(landing, content, told):
    landing.land("a.csv", csv(GOOD))
    landing.land("b.bad", content)
    landing.land("c.csv", csv("u2,2024-01-01,a"))
    report = landing.ingest()
    bad = landing.file("b.bad")
    assert bad["status"] == "error"
    assert told in bad["error"]
    assert "Next: " in bad["error"]
    assert report.errors == (bad["error"],)
    assert landing.files() == {"a.csv": (1, 1, 0, 0), "b.bad": (0, 0, 0, 0), "c.csv": (1, 1, 0, 0)}


@pytest.mark.parametrize("content", ["user_id,timestamp,action\n", "[]"])
def test_a_file_without_records_is_loaded_with_none(landing, content):
    row = landing.load(content)
    assert (row["status"], row["read_count"], row["first_event_at"]) == ("loaded", 0, None)


def test_every_reason_has_its_words():
    assert set(WORDS) == set(REASONS)


FIELDS = st.sampled_from(
    ["", " ", "u1", "u2", "2024-01-01", "soon", "2030-01-01", "a", 'q"q', "x,y", "l\nl", "é", "ß" * 300]
)
ROWS = st.lists(
    st.tuples(st.lists(FIELDS, min_size=1, max_size=5), st.booleans(), st.sampled_from(["\n", "\n\n", "\r\n"]))
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.sampled_from(["utf-8", "utf-16", "cp1252"]))
def test_no_record_of_any_dirty_csv_is_lost(tmp_path_factory, rows, encoding):
    text = "user_id,timestamp,action\n"
    for fields, is_quoted, newline in rows:
        quoted = ['"' + field.replace('"', '""') + '"' for field in fields]
        text += ",".join(quoted if is_quoted else fields) + newline
    with landing_folder(tmp_path_factory.mktemp("dirty") / "landing") as landing:
        row = landing.load(text.encode(encoding), max_field_chars=256)
        if row["status"] == "error":
            assert row["read_count"] == 0
            return
        accepted, rejected = len(landing.events()), len(landing.rejections())
        assert row["read_count"] == accepted + rejected + row["duplicate_count"]
        assert (row["accepted_count"], row["rejected_count"]) == (accepted, rejected)
        if all(is_quoted for _, is_quoted, _ in rows):
            # Quoted records cannot run into each other, so their number is known.
            assert row["read_count"] == len(rows)
            good = {
                (fields[0], fields[2])
                for fields, *_ in rows
                if len(fields) == 3 and fields[0].strip() and fields[1] == "2024-01-01" and fields[2].strip()
                and all(len(field) <= 256 for field in fields)
            }  # fmt: skip
            assert {(user, action) for user, _, action in landing.events()} == good


def test_future_is_after_the_first_landing_of_the_content_however_often_it_is_read(landing):
    landing.load(csv("u,2026-06-02,a"))
    landing.ingest(now=datetime(2026, 7, 1), action_separator="/")
    assert landing.rejections() == [("events.csv", 2, "future_time")]
    landing.land("copy.csv", csv("u,2026-06-02,a"))
    landing.ingest(now=datetime(2026, 7, 1), action_separator="/")
    assert len(landing.rejections()) == 2
    landing.land("copy.csv", csv("u,2026-06-02,a", "u,2026-06-03,a"))
    landing.ingest(now=datetime(2026, 7, 1), action_separator="/")
    assert landing.events() == [("u", datetime(2026, 6, 2), "a"), ("u", datetime(2026, 6, 3), "a")]
