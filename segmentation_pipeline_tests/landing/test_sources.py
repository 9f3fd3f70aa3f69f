"""Files are found and recognised by their content."""

from __future__ import annotations

import bz2
import io
import zipfile

import pytest

from segmentation_pipeline.errors import InputError
from segmentation_pipeline.landing import sources
from segmentation_pipeline.landing.sources import find_files, identify, recognise
from segmentation_pipeline_tests.landing.roles import wanted


def test_reserved_hidden_and_unfinished_files_are_left_alone(tmp_path):
    for name in (
        "b.csv", "a/z.csv", "a/purchases/x.csv", "purchases.csv", "purchases/p.csv", "leads/l.csv",
        "regions/r.csv", "customers/c/c.csv", ".hidden",
        ".git/c.csv", "up.csv.tmp", "up.csv.part",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [name for name, _ in find_files(tmp_path)] == ["a/purchases/x.csv", "a/z.csv", "b.csv", "purchases.csv"]
    assert [name for name, _ in find_files(tmp_path, "customers")] == ["customers/c/c.csv"]


def recognised(tmp_path, content: bytes):
    path = tmp_path / "file"
    path.write_bytes(content)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return recognise(identify("file", path), wanted(), scratch)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"user_id,ts,event\n", ("csv", "utf-8")),
        (b"\xef\xbb\xbfuser_id,ts,event\n", ("csv", "utf-8")),
        ("user_id,ts,event\né,1,x\n".encode("utf-16"), ("csv", "utf-16")),
        ("user_id,ts,event\nx,1,x\n".encode("utf-16-le"), ("csv", "utf-16")),
        ("user_id,ts,event\nx,1,x\n".encode("utf-16-be"), ("csv", "utf-16")),
        ("user_id,ts,event\né€,1,x\n".encode("cp1252"), ("csv", "cp1252")),
        (b' [{"a": 1}]', ("json", "utf-8")),
        (b'{"a": 1}\n{"a": 2}\n', ("ndjson", "utf-8")),
        (b'{"a": 1}', ("ndjson", "utf-8")),
        (b'{broken\n{"a": 2}\n', ("ndjson", "utf-8")),
        (b'{\n "a": 1\n}\n', ("json", "utf-8")),
    ],
)
def test_format_and_encoding_are_recognised(tmp_path, content, expected):
    source = recognised(tmp_path, content)
    assert (source.format, source.encoding) == expected


def zipped() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.csv", "x")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "holds nothing"),
        (b"\xef\xbb\xbf \n", "holds nothing"),
        (zipped(), "zip archive or an Excel workbook. Next: unpack it"),
        (bz2.compress(b"x"), "bzip2"),
        (bytes(range(256)) * 40, "neither text nor Parquet"),
        (b"\xff\xfe" + b"a\x00b\x00c", "begins like utf-16 but is not"),
    ],
    ids=["empty", "blank", "zip", "bzip2", "binary", "cut utf-16"],
)
def test_what_cannot_be_read_says_what_to_do(tmp_path, content, told):
    with pytest.raises(InputError) as error:
        recognised(tmp_path, content)
    assert told in str(error.value)
    assert "Next: " in str(error.value)


def test_a_file_that_is_taken_away_or_locked_meanwhile_holds_up_no_other(tmp_path, monkeypatch):
    for name in ("gone.csv", "locked.csv", "whole.csv"):
        (tmp_path / name).write_text("user_id,timestamp,action\n")
    hashed = sources.identify

    def as_it_happens(name, path):
        if name == "gone.csv":
            raise FileNotFoundError(2, "No such file")
        if name == "locked.csv":
            raise PermissionError(13, "Permission denied")
        return hashed(name, path)

    monkeypatch.setattr(sources, "identify", as_it_happens)
    found = {file.name: file.byte_count for file in sources.identified(tmp_path)}
    assert found == {"locked.csv": 0, "whole.csv": len("user_id,timestamp,action\n")}
