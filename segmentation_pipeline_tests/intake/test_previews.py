"""The preview of a file says what landing it would do, and says so of the worst of files too."""

import gzip
import io
import json
import random
import tracemalloc
from datetime import datetime

import duckdb
import pytest
import zstandard

from segmentation_pipeline.config import InputSettings
from segmentation_pipeline.events.ingest import ingest_landing
from segmentation_pipeline.intake import previews
from segmentation_pipeline.intake.previews import preview
from segmentation_pipeline.warehouse.database import memory_database

LOG = "user_id,timestamp,action\nada,2026-01-05T10:00:00Z,login\nbob,yesterday,login\n,2026-01-05T10:01:00Z,search\n"


def seen(text, name="events.csv", chosen=None, **settings):
    content = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    return preview(name, content, InputSettings(**settings), chosen)


def columns_of(found):
    return {role.role: role.columns for role in found.roles}


def test_a_log_is_told_with_its_form_its_columns_and_what_would_be_rejected():
    found = seen(LOG)
    assert (found.format, found.encoding, found.delimiter, found.compression) == ("csv", "utf-8", ",", "none")
    assert columns_of(found) == {
        "user_id": ("user_id",), "timestamp": ("timestamp",), "action": ("action",), "event_id": (),
    }  # fmt: skip
    assert found.rows[0] == {"user_id": "ada", "timestamp": "2026-01-05T10:00:00Z", "action": "login"}
    assert (found.read_count, found.rejected_count, found.is_whole, found.is_readable) == (3, 2, True, True)
    assert [(one.record_number, one.reason) for one in found.rejected] == [(3, "unparseable_time"), (4, "blank_user")]
    assert "yesterday" in found.rejected[0].message
    assert [(event.user_id, event.event_at, event.action) for event in found.events] == [
        ("ada", datetime(2026, 1, 5, 10), "login")
    ]


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (gzip.compress(LOG.encode(), mtime=0), ("csv", "gzip", "utf-8")),
        (LOG.replace("ada", "Ödön").encode("cp1252"), ("csv", "none", "cp1252")),
        (LOG.encode("utf-16"), ("csv", "none", "utf-16")),
        ('{"user_id": "ada", "timestamp": "2026-01-05", "action": "login"}\n' * 3, ("ndjson", "none", "utf-8")),
        (json.dumps([{"user_id": "ada", "timestamp": "2026-01-05", "action": "a"}] * 3), ("json", "none", "utf-8")),
    ],
)
def test_packed_foreign_and_json_files_are_read_too(content, form):
    found = seen(content, "log")
    assert (found.format, found.compression, found.encoding) == form
    assert found.problem is None
    assert found.read_count == 3
    assert found.events[0].action in ("login", "a")


def test_a_parquet_file_is_read_without_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(previews, "PREVIEW_RECORDS", 10)
    duckdb.execute(
        "COPY (SELECT 'u' || i AS user_id, TIMESTAMP '2026-01-05' AS timestamp, 'login' AS action FROM range(50) r(i))"
        f" TO '{tmp_path / 'log.parquet'}' (FORMAT parquet)"
    )
    found = seen((tmp_path / "log.parquet").read_bytes(), "log.parquet")
    assert (found.format, found.read_count, found.rejected_count, found.is_whole) == ("parquet", 10, 0, False)
    assert found.events[0].event_at == datetime(2026, 1, 5)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "holds nothing"),
        (b"\n\n", "holds nothing"),
        (bytes(range(256)) * 50, "neither text nor Parquet"),
        (b"PK\x03\x04" + b"x" * 100, "zip archive or an Excel workbook"),
        (gzip.compress(LOG.encode(), mtime=0)[:40], "cut off or damaged"),
        (b"\x1f\x8b", "cut off or damaged"),
        (b"PAR1 but no Parquet", "cannot be read"),
        (b"user_id,timestamp,action\n", "no records below its header"),
        (b"ada,2026-01-05T10:00:00Z,login\nbob,2026-01-05T10:00:00Z,login\n", "no column is known to be the user"),
        (b"name,price\npear,3\n", "no column is known to be the user"),
        (b"[1, 2, 3]", "none of its 3 records is a JSON object"),
        (b'{"user_id": ', "JSON"),
        (b"user_id,user_id,timestamp,action\na,b,2026-01-05,x\n", "could be the user"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_what_to_do(content, told):
    found = seen(content)
    assert told in (found.problem or found.rejected[0].message)
    assert "Next:" in (found.problem or found.rejected[0].message) or "zip" in found.problem
    assert not found.is_readable


def test_a_packed_document_is_not_unpacked_without_end(monkeypatch):
    event = {"user_id": "ada", "timestamp": "2026-01-05T10:00:00Z", "action": "login"}
    packed = gzip.compress(json.dumps([event] * 1_000).encode())
    monkeypatch.setattr(previews, "HEAD_BYTES", 4_096)
    assert seen(packed, "a.json.gz").read_count == 1_000
    monkeypatch.setattr(previews, "DOCUMENT_BYTES", 1 << 16)
    found = seen(packed, "a.json.gz")
    assert "one JSON document of more than" in found.problem
    assert not found.is_readable


def test_a_packed_beginning_is_unpacked_in_pieces_that_fit_into_memory():
    packed = zstandard.ZstdCompressor().compress(bytes(1 << 30))
    tracemalloc.start()
    try:
        seen(packed, "zeros.csv.zst")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 300 << 20


def test_noise_never_raises():
    dice = random.Random(7)
    for _ in range(30):
        parts = [b"user_id,timestamp,action\n", b'"', b"\0", b"{", b"[", b"\xff\xfe", b"\n", b"2026-01-01", b",", b"a"]
        content = b"".join(dice.choice(parts) for _ in range(dice.randrange(60)))
        assert seen(content).file_name == "events.csv"


def test_every_missing_or_ambiguous_role_is_told_not_the_first_alone():
    found = seen("uid,customer id,when,what\na,b,2026-01-05,x\n")
    problems = {role.role: role.problem for role in found.roles}
    assert "2 columns could be the user" in problems["user_id"]
    assert "no column is known to be the time" in problems["timestamp"]
    assert "no column is known to be the action" in problems["action"]
    assert problems["event_id"] is None
    assert found.rows[0]["when"] == "2026-01-05"


def test_chosen_columns_win_over_names_and_settings():
    text = "uid,customer id,when,what,kind\na,b,2026-01-05,x,y\n"
    chosen = {"user_id": ("customer id",), "timestamp": ("when",), "action": ("what", "kind")}
    found = seen(text, chosen=chosen)
    assert found.problem is None
    assert [(event.user_id, event.action) for event in found.events] == [("b", "x+y")]
    assert seen(text, columns={"user_id": "uid"}, chosen=chosen).events[0].user_id == "b"
    assert "no such column" in seen(text, chosen={**chosen, "timestamp": ("then",)}).problem


def test_of_a_long_file_the_first_records_are_judged_and_none_is_cut(monkeypatch):
    monkeypatch.setattr(previews, "HEAD_BYTES", 1 << 12)
    lines = [f"u{number},2026-01-05T10:00:00Z,login" for number in range(1_000)]
    found = seen("user_id,timestamp,action\n" + "\n".join(lines) + "\n")
    assert not found.is_whole
    assert 50 < found.read_count < 200
    assert found.rejected_count == 0
    monkeypatch.setattr(previews, "PREVIEW_RECORDS", 20)
    lines[10], lines[40] = ",,", ",,"
    found = seen("user_id,timestamp,action\n" + "\n".join(lines) + "\n")
    assert (found.read_count, found.rejected_count, found.rejected[0].record_number) == (20, 1, 12)


def test_what_is_foretold_is_what_the_ingestion_does(tmp_path):
    text = LOG + 'cem,2026-01-05T10:00:00Z\n"dora,2026-01-05T10:00:00Z,login\n'
    (tmp_path / "events.csv").write_text(text, encoding="utf-8")
    found = seen(text)
    with memory_database() as db:
        ingest_landing(db, tmp_path, InputSettings(), now=datetime(2026, 11, 1))
        rejected = db.rows("SELECT record_number, reason, message FROM rejected_events ORDER BY record_number")
        [landed] = db.rows("SELECT read_count, accepted_count FROM landed_files")
    assert [(one.record_number, one.reason, one.message) for one in found.rejected] == [
        (row["record_number"], row["reason"], row["message"]) for row in rejected
    ]
    assert (found.read_count, found.read_count - found.rejected_count) == tuple(landed.values())
