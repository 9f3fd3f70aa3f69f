"""Which files lie in landing, and what each of them is: compression, encoding, format, found by content, not by name.

Add here: another format or compression to recognise. Keep out: which column is what (mapping.py), reading (readers.py).
"""

from __future__ import annotations

import codecs
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from segmentation_pipeline.errors import InputError
from segmentation_pipeline.landing.delimiters import Dialect, find_dialect, is_aligned
from segmentation_pipeline.landing.transcoding import (
    CHUNK_BYTES,
    compression_of_bytes,
    decompress,
    mixes_newlines,
    transcode,
    with_plain_newlines,
    with_single_blanks,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from segmentation_pipeline.landing.mapping import Wanted

FOLDERS = ("purchases", "customers", "regions", "leads")
"""Folders of landing that hold one kind of record each; every other file holds events."""

UNFINISHED_SUFFIXES = (".tmp", ".part")
"""Names that uploads in progress carry; they are left alone until renamed."""

BATCH_BYTES = 256 << 20
"""Bytes of files staged together: finding known records costs one pass over the warehouse per batch, not per file."""

SAMPLE_BYTES = 1 << 18
"""Bytes looked at to recognise a file; a header and a few hundred records."""

MAX_CONTROL_SHARE = 0.01
"""Share of control characters above which a file is not text; real text has none but tabs and newlines."""

Format = Literal["csv", "json", "ndjson", "parquet"]

_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook. Next: unpack it, or save the sheet as CSV, and land that"),
    (b"PK\x05\x06", "an empty zip archive. Next: land the files themselves"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook. Next: save the sheet as CSV and land that"),
    (b"BZh", "compressed with bzip2. Next: unpack it, or compress it with gzip or zstd"),
    (b"\xfd7zXZ", "compressed with xz. Next: unpack it, or compress it with gzip or zstd"),
    (b"7z\xbc\xaf", "a 7z archive. Next: unpack it and land the files themselves"),
    (b"Rar!", "a rar archive. Next: unpack it and land the files themselves"),
    (b"Obj\x01", "an Avro file. Next: convert it to Parquet or NDJSON"),
    (b"ORC", "an ORC file. Next: convert it to Parquet"),
    (b"ARROW1", "an Arrow file. Next: convert it to Parquet"),
    (b"SQLite format 3", "a SQLite database. Next: export the table as CSV"),
    (b"%PDF", "a PDF. Next: land the data behind it as CSV, JSON or Parquet"),
    (b"PARE", "an encrypted Parquet file. Next: write it without encryption"),
)


@dataclass(frozen=True)
class LandedFile:
    """A file of landing with what identifies its content."""

    name: str
    path: Path
    sha256: str
    byte_count: int
    has_carriage_returns: bool = True


@dataclass(frozen=True)
class Source:
    """A file made readable: `readable` holds the same records decompressed and in UTF-8."""

    file: LandedFile
    format: Format
    compression: str
    encoding: str
    readable: Path
    dialect: Dialect | None = None
    is_pretty_printed: bool = False


def find_files(landing: Path, folder: str | None = None) -> list[tuple[str, Path]]:
    """Return (name relative to landing, path) of every input file, in name order.

    `folder`: one of FOLDERS; without it, the files that are in none of them.
    """
    found = []
    for path in (landing / folder if folder else landing).rglob("*"):
        parts = path.relative_to(landing).parts
        ignored = (
            any(part.startswith(".") for part in parts)
            or (folder is None and len(parts) > 1 and parts[0] in FOLDERS)
            or path.suffix.lower() in UNFINISHED_SUFFIXES
        )
        if not ignored and path.is_file():
            found.append((_name("/".join(parts)), path))
    return sorted(found)


def _name(written: str) -> str:
    """Return a name that can be stored: bytes that are no UTF-8 are spelled out."""
    return written.encode(errors="surrogateescape").decode(errors="backslashreplace")


def identified(landing: Path, folder: str | None = None) -> list[LandedFile]:
    """Return what `find_files` finds with its hashes; a file that is taken away meanwhile is left out.

    One that is there and cannot be opened is identified by the reason why: reading it will tell, once.
    """
    found = []
    for name, path in find_files(landing, folder):
        try:
            found.append(identify(name, path))
        except FileNotFoundError:
            continue
        except PermissionError as error:
            reason = hashlib.sha256(f"{error.errno}".encode()).hexdigest()
            found.append(LandedFile(name, path, reason, 0))
    return found


def identify(name: str, path: Path) -> LandedFile:
    """Hash a file's content, and note on the way whether its newlines may need a look."""
    digest, byte_count, has_carriage_returns = hashlib.sha256(), 0, False
    with path.open("rb") as content:
        while chunk := content.read(CHUNK_BYTES):
            digest.update(chunk)
            byte_count += len(chunk)
            has_carriage_returns = has_carriage_returns or b"\r" in chunk
    return LandedFile(name, path, digest.hexdigest(), byte_count, has_carriage_returns)


def batches(files: Sequence[LandedFile]) -> Iterator[list[LandedFile]]:
    """Yield the files in groups of at most BATCH_BYTES, each at least one file."""
    batch: list[LandedFile] = []
    for file in files:
        if batch and sum(other.byte_count for other in batch) + file.byte_count > BATCH_BYTES:
            yield batch
            batch = []
        batch.append(file)
    yield batch


def compression_of(path: Path) -> str:
    """Return gzip, zstd or none, by the first bytes."""
    with path.open("rb") as content:
        return compression_of_bytes(content.read(4))


def recognise(file: LandedFile, wanted: Wanted, scratch: Path, *, encoding: str | None = None) -> Source:
    """Make a file readable and say what it is; copies go to the empty folder `scratch`.

    `encoding` overrules what the beginning of the text suggests.

    Raises:
        InputError: the file is empty, damaged, of no format we read, or its path is not UTF-8.
    """
    if not _is_utf_8(file.path):
        raise InputError(f"{file.name}: its name is not UTF-8. Next: rename it.")
    compression = compression_of(file.path)
    plain = file.path
    if compression != "none":
        plain = scratch / "plain"
        if not plain.exists():
            decompress(file.name, file.path, compression, plain)
    with plain.open("rb") as content:
        sample = content.read(SAMPLE_BYTES)
    if sample.startswith(b"PAR1"):
        if compression != "none":
            raise InputError(
                f"{file.name}: is a {compression}-compressed Parquet file. Next: land the Parquet file itself."
            )
        return Source(file, "parquet", "none", "binary", plain)
    _refuse_foreign(file.name, sample)
    encoding = encoding or _encoding_of(file.name, sample, is_whole=len(sample) < SAMPLE_BYTES)
    if encoding not in ("utf-8", "utf-8-sig"):
        readable = scratch / "text"
        encoding = transcode(file.name, plain, encoding, readable)
        plain = readable
        with plain.open("rb") as content:
            sample = content.read(SAMPLE_BYTES)
    text = _decoded(sample).removeprefix("\ufeff")
    if not text.strip():
        raise InputError(f"{file.name}: holds nothing. Next: export it again, or delete it.")
    found: Format = _text_format(text)
    if found != "json" and (plain != file.path or file.has_carriage_returns):
        plain = _without_mixed_newlines(plain, scratch)
    if found == "csv":
        plain, text = _without_alignment(plain, text, scratch)
    return Source(
        file,
        found,
        compression,
        encoding.removesuffix("-sig").removesuffix("-le").removesuffix("-be"),
        plain,
        dialect=find_dialect(text, wanted, is_whole=len(sample) < SAMPLE_BYTES) if found == "csv" else None,
        is_pretty_printed=found == "json" and text.lstrip().startswith("{"),
    )


def _is_utf_8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_foreign(name: str, sample: bytes) -> None:
    for magic, what in _FOREIGN:
        if sample.startswith(magic):
            raise InputError(f"{name}: is {what}.")


def _without_mixed_newlines(plain: Path, scratch: Path) -> Path:
    """Return the file with one kind of newline: DuckDB drops records of one that mixes them, some without a word."""
    if not mixes_newlines(plain):
        return plain
    with_plain_newlines(plain, scratch / "lines")
    return scratch / "lines"


def _without_alignment(plain: Path, text: str, scratch: Path) -> tuple[Path, str]:
    """Return file and sample with one blank between columns, where they are aligned with many."""
    if not is_aligned(text):
        return plain, text
    with_single_blanks(plain, scratch / "aligned")
    return scratch / "aligned", "\n".join(" ".join(line.split()) for line in text.split("\n"))


def _encoding_of(name: str, sample: bytes, *, is_whole: bool) -> str:
    """Recognise an encoding by its byte order mark, else by which one the sample decodes as."""
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if sample.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = sample[:4096]
    if head.count(0) > 0.2 * len(head):
        # Half of the bytes of Western UTF-16 text are zero, all at even or all at odd places.
        if head[0::2].count(0) == 0:
            return "utf-16-le"
        if head[1::2].count(0) == 0:
            return "utf-16-be"
    control = sum(sample.count(code) for code in (*range(9), *range(14, 27), *range(28, 32), 127))
    if control > MAX_CONTROL_SHARE * len(sample):
        raise InputError(
            f"{name}: is neither text nor Parquet. "
            "Next: land it as CSV, NDJSON, JSON or Parquet (.gz and .zst are fine)."
        )
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=is_whole)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _decoded(sample: bytes) -> str:
    return sample.decode("utf-8", errors="replace")


def _text_format(text: str) -> Format:
    beginning = text.lstrip()
    if beginning.startswith("["):
        return "json"
    if not beginning.startswith("{"):
        return "csv"
    lines = [line for line in beginning.splitlines()[:50] if line.strip()]
    # A first line longer than the sample cannot be judged; only NDJSON has such lines.
    if len(lines) == 1 or any(_is_object(line) for line in lines):
        return "ndjson"
    return "json"


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
