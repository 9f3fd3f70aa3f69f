"""Streams lose nothing, and damage is noticed."""

from __future__ import annotations

import gzip

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from segmentation_pipeline.errors import InputError
from segmentation_pipeline.landing import transcoding
from segmentation_pipeline.landing.transcoding import (
    decompress,
    has_blank_lines,
    is_damaged_utf8,
    mixes_newlines,
    transcode,
    with_plain_newlines,
    without_blank_lines,
)

TEXT = b"".join(b"user_%d,2024-01-01,act\n" % number for number in range(60_000))
COMPRESS = {"gzip": gzip.compress, "zstd": zstandard.ZstdCompressor().compress}


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
@pytest.mark.parametrize("parts", [1, 3])
def test_members_one_after_another_are_all_read(tmp_path, compression, parts):
    (tmp_path / "in").write_bytes(COMPRESS[compression](TEXT) * parts)
    decompress("f", tmp_path / "in", compression, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == TEXT * parts


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
@pytest.mark.parametrize("damage", ["half", "last byte", "flipped"])
def test_a_cut_off_or_damaged_file_is_an_error(tmp_path, compression, damage):
    compressor = zstandard.ZstdCompressor(write_checksum=True)
    whole = gzip.compress(TEXT) if compression == "gzip" else compressor.compress(TEXT)
    middle = len(whole) // 2
    broken = {
        "half": whole[:middle],
        "last byte": whole[:-1],
        "flipped": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
    }[damage]
    (tmp_path / "in").write_bytes(broken)
    with pytest.raises(InputError, match=r"log\.gz: the .* file is cut off or damaged"):
        decompress("log.gz", tmp_path / "in", compression, tmp_path / "out")


def test_bytes_that_cp1252_leaves_undefined_fall_back_to_latin_1(tmp_path):
    (tmp_path / "in").write_bytes(b"caf\xe9 \x81")
    assert transcode("f", tmp_path / "in", "cp1252", tmp_path / "out") == "latin-1"
    assert (tmp_path / "out").read_text("utf-8") == "café \x81"


@given(st.lists(st.sampled_from(["a", "é", "\r", "\n", "\r\n", "\n\n", "\r\r\n"]), max_size=30), st.integers(1, 7))
def test_chunk_borders_change_nothing(tmp_path_factory, pieces, chunk_bytes):
    folder = tmp_path_factory.mktemp("chunks")
    text = "".join(pieces)
    (folder / "in").write_text(text, encoding="utf-8", newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transcoding, "CHUNK_BYTES", chunk_bytes)
        assert mixes_newlines(folder / "in") is (
            sum(("\r\n" in text, "\r" in text.replace("\r\n", ""), "\n" in text.replace("\r\n", ""))) > 1
        )
        with_plain_newlines(folder / "in", folder / "plain")
        plain = (folder / "plain").read_text("utf-8")
        assert plain == text.replace("\r\n", "\n").replace("\r", "\n")
        without_blank_lines(folder / "plain", folder / "dense")
        lines = [line for line in plain.split("\n") if line]
        assert [line for line in (folder / "dense").read_text("utf-8").split("\n") if line] == lines
        assert not has_blank_lines(folder / "dense")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("déjà vu\n".encode() * 10 + b"\xe9\n", True),
        (b"d\xe9j\xe0 vu\n" * 10, False),
        (b"d\xe9j\xe0 vu\n" * 10 + "é\n".encode(), False),
    ],
)
def test_damaged_utf8_is_told_from_a_one_byte_encoding(tmp_path, content, expected):
    (tmp_path / "in").write_bytes(content)
    assert is_damaged_utf8(tmp_path / "in") is expected
