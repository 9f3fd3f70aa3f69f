"""Streams from one file to another: decompressed, as UTF-8, with one kind of newline; never a whole file in memory.

Add here: another compression or encoding. Keep out: deciding which one a file has (sources.py).
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from typing import TYPE_CHECKING, BinaryIO

from segmentation_pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ZSTD_BYTES = 4 << 10
"""Compressed bytes unpacked at once: four of them can hold 128 KiB, so these hold 128 MiB at most."""

CHUNK_BYTES = 1 << 20
"""Bytes held in memory at a time."""


def decompress(file_name: str, path: Path, compression: str, target: Path) -> None:
    """Write the decompressed bytes, checksums verified (DuckDB itself reads a damaged gzip without a word).

    Raises:
        InputError: the file is cut off or damaged.
    """
    with path.open("rb") as compressed, target.open("wb") as plain:
        for chunk in _chunks(file_name, compressed, compression):
            plain.write(chunk)


def beginning(file_name: str, content: BinaryIO, compression: str, most: int) -> bytes:
    """Return the first bytes, decompressed.

    Raises:
        InputError: the file is cut off or damaged before that.
    """
    found = bytearray()
    for chunk in _chunks(file_name, content, compression):
        found += chunk
        if len(found) >= most:
            return bytes(found[:most])
    return bytes(found)


def compression_of_bytes(magic: bytes) -> str:
    """Return gzip, zstd or none, by the first bytes."""
    if magic[:2] == b"\x1f\x8b":
        return "gzip"
    return "zstd" if magic[:4] == b"\x28\xb5\x2f\xfd" else "none"


def _chunks(file_name: str, content: BinaryIO, compression: str) -> Iterator[bytes]:
    try:
        if compression == "none":
            while chunk := content.read(CHUNK_BYTES):
                yield chunk
        else:
            yield from _gunzipped(content) if compression == "gzip" else _unzstandard(content)
    except (EOFError, zlib.error, gzip.BadGzipFile, _DamagedError) as error:
        raise InputError(
            f"{file_name}: the {compression} file is cut off or damaged ({error}). "
            "Next: copy it again from where it comes; the other files are loaded without it."
        ) from error


def transcode(file_name: str, path: Path, encoding: str, target: Path) -> str:
    """Write the text as UTF-8; return the encoding that worked (Latin-1 where CP1252 leaves a byte undefined).

    Raises:
        InputError: the bytes are not of this encoding.
    """
    try:
        with (
            path.open("r", encoding=encoding, newline="") as text,
            target.open("w", encoding="utf-8", newline="") as out,
        ):
            while chunk := text.read(CHUNK_BYTES):
                out.write(chunk)
    except UnicodeError as error:
        if encoding == "cp1252":
            return transcode(file_name, path, "latin-1", target)
        raise InputError(
            f"{file_name}: the text begins like {encoding} but is not ({error}). "
            "Next: save it as UTF-8 and land it again."
        ) from error
    return encoding


def mixes_newlines(path: Path) -> bool:
    r"""Tell whether lines end in more than one of `\n`, `\r\n` and `\r`."""
    line_feeds = returns = pairs = 0
    ends_in_return = False
    with path.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            line_feeds += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            pairs += chunk.count(b"\r\n") + (ends_in_return and chunk.startswith(b"\n"))
            ends_in_return = chunk.endswith(b"\r")
    return sum(count > 0 for count in (pairs, line_feeds - pairs, returns - pairs)) > 1


def with_plain_newlines(path: Path, target: Path) -> None:
    r"""Write the same bytes with every `\r\n` and lone `\r` as `\n`."""
    with path.open("rb") as source, target.open("wb") as out:
        held = b""
        while chunk := source.read(CHUNK_BYTES):
            text = held + chunk
            held = b"\r" if text.endswith(b"\r") else b""
            out.write(text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
        out.write(b"\n" if held else b"")


def with_single_blanks(path: Path, target: Path) -> None:
    """Write the same lines without blanks at their ends and with one blank for each run of them."""
    with path.open("rb") as source, target.open("wb") as out:
        for line in source:
            out.write(b" ".join(line.split()) + b"\n")


def has_blank_lines(path: Path) -> bool:
    """Tell whether the text has an empty line before its end, or might have one in a quoted field."""
    held = b"\n"
    with path.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            text = held + chunk
            if b"\r" in text:
                text = text.replace(b"\r\n", b"\n")
            if b"\n\n" in text or b"\r\r" in text:
                return True
            held = text[-1:]
    return False


def without_blank_lines(path: Path, target: Path) -> None:
    """Write the same bytes without empty lines, so that records can be counted."""
    with path.open("rb") as source, target.open("wb") as out:
        held, is_beginning = b"", True
        while chunk := source.read(CHUNK_BYTES):
            text = held + chunk
            text = text.lstrip(b"\r\n") if is_beginning else text
            end = len(text.rstrip(b"\r\n"))
            is_beginning, held = is_beginning and not end, text[end:]
            out.write(_NEWLINES.sub(_first_newline, text[:end]))
        out.write(_NEWLINES.sub(_first_newline, held))


def is_damaged_utf8(path: Path) -> bool:
    """Tell UTF-8 with a few broken bytes (true) from text of a one-byte encoding (false).

    Accented characters that decode outnumber bytes that do not only when the text was written as UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    characters = broken = 0
    with path.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            if chunk.isascii():
                continue
            text = decoder.decode(chunk)
            broken += len(re.findall("[\udc80-\udcff]", text))
            characters += len(re.findall("[^\x00-\x7f\udc80-\udcff]", text))
    return characters > broken


_NEWLINES = re.compile(rb"(?:\r\n|\n|\r)+")


class _DamagedError(Exception):
    """A compressed stream ends early or holds what it should not."""


def _first_newline(match: re.Match[bytes]) -> bytes:
    newlines = match.group(0)
    return b"\r\n" if newlines.startswith(b"\r\n") else newlines[:1]


def _gunzipped(compressed: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=compressed, mode="rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


def _unzstandard(compressed: BinaryIO) -> Iterator[bytes]:
    import zstandard

    frame = zstandard.ZstdDecompressor().decompressobj()
    ended = False
    try:
        while chunk := compressed.read(ZSTD_BYTES):
            yield frame.decompress(chunk)
            while frame.eof and frame.unused_data:
                rest, frame = frame.unused_data, zstandard.ZstdDecompressor().decompressobj()
                yield frame.decompress(rest)
            ended = frame.eof
            if ended:  # the next bytes, if any, begin a new frame
                frame = zstandard.ZstdDecompressor().decompressobj()
    except zstandard.ZstdError as error:
        raise _DamagedError(str(error)) from error
    if not ended:
        raise _DamagedError("the last frame has no end")
