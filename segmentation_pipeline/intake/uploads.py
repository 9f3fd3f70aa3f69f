"""Files people bring in, landed whole, beside what is there and never over it; and new homes for them.

Add here: another thing done with a file that is brought. Keep out: what it would be read as (previews.py).
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from segmentation_pipeline.errors import HomeError, InputError
from segmentation_pipeline.homes import create_home, write_input_columns
from segmentation_pipeline.intake.previews import preview, with_chosen
from segmentation_pipeline.landing.sources import FOLDERS, UNFINISHED_SUFFIXES, find_files, identify
from segmentation_pipeline.landing.transcoding import CHUNK_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segmentation_pipeline.config import Home, InputSettings
    from segmentation_pipeline.intake.previews import Columns

MOST_NAME_BYTES = 180
"""Longest name of a file; file systems take 255, and numbers and marks are added."""

MOST_KNOWN_FILES = 4_096
"""Landed files whose columns are remembered, for two mappings each: a few years of days."""

FIRST_HOME = "segmentation-home"


@dataclass(frozen=True)
class Landed:
    """Where an upload is now; `was_there`: the same content lay there under this name already."""

    name: str
    path: Path
    was_there: bool = False


def displaced_files(home: Home, chosen: Columns) -> list[str]:
    """Return the event files of a home that could be read until now and no longer could with the chosen columns."""
    settings = home.settings().input
    changed = settings.model_copy(update={"columns": with_chosen(settings.columns, chosen)})
    return [
        name
        for name, path in find_files(home.landing)
        if _is_mapped(name, path, settings) and not _is_mapped(name, path, changed)
    ]


def safe_name(name: str) -> str:
    """Return the name a file gets in landing: no folder, nothing hidden, no control characters, not too long."""
    plain = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    plain = "".join(mark for mark in plain if mark.isprintable()).strip().lstrip(".").strip()
    stem, dot, suffix = plain.rpartition(".")
    stem, suffix = (stem, dot + suffix) if dot else (plain, "")
    if suffix.lower() in UNFINISHED_SUFFIXES:
        stem, suffix = stem + suffix.replace(".", "_"), ""
    while len((stem + suffix).encode()) > MOST_NAME_BYTES and stem:
        stem = stem[:-1]
    return (stem or "upload") + suffix[:20]


def free_name(home: Home, name: str) -> str:
    """Return the name under which a file can be kept beside those that are there."""
    wanted = safe_name(name)
    stem, suffix = re.fullmatch(r"(.*?)((?:\.[^.]*){0,2})", wanted, re.DOTALL).groups()  # type: ignore[union-attr]
    number, found = 2, wanted
    while (home.landing / found).exists():
        found, number = f"{stem}-{number}{suffix}", number + 1
    return found


def is_taken(home: Home, name: str, content: BinaryIO) -> bool:
    """Tell whether a file of this name with other content lies in landing."""
    there = home.landing / safe_name(name)
    return there.exists() and not _is_same(there, content)


def land(home: Home, name: str, content: BinaryIO, *, replaces: bool = False) -> Landed:
    """Put a file into landing, whole or not at all.

    Under a name that is taken by other content it is kept beside it, numbered; `replaces`: in its place.

    Raises:
        HomeError: the home is the sample, or the file cannot be written.
        InputError: its name is that of a folder of landing with a meaning of its own.
    """
    refuse_sample(home)
    wanted = safe_name(name)
    if wanted in FOLDERS:
        raise InputError(
            f"{wanted} is the name of a folder of landing, so no file of events can have it. "
            f"Next: give the file another name, such as {wanted}.csv."
        )
    try:
        home.landing.mkdir(parents=True, exist_ok=True)
        if (home.landing / wanted).is_file() and _is_same(home.landing / wanted, content):
            return Landed(wanted, home.landing / wanted, was_there=True)
        with written(home.landing, content) as partial:
            if replaces and not (home.landing / wanted).is_dir():
                partial.replace(home.landing / wanted)
                return Landed(wanted, home.landing / wanted)
            while True:
                target = home.landing / free_name(home, name)
                with contextlib.suppress(FileExistsError):  # somebody else took the name just now
                    os.link(partial, target)
                    return Landed(target.name, target)
    except OSError as error:
        raise unwritable(wanted, home.landing, error) from error


def refuse_sample(home: Home) -> None:
    """Make sure that a home takes files.

    Raises:
        HomeError: it is the sample.
    """
    if home.settings().sample:
        raise HomeError(
            f"{home.root} is the sample home; your own data does not go into it. Next: make a home of your own."
        )


def unwritable(name: str, folder: Path, error: OSError) -> HomeError:
    """Return what is told of a file that could not be written into a folder."""
    return HomeError(f"{name} could not be written into {folder} ({error.strerror}). Next: make room or allow writing.")


def keep_columns(home: Home, chosen: Columns) -> None:
    """Write the chosen columns into `pipeline.toml`, for every event file of the home.

    Raises:
        SettingsError: they cannot be settings; the file is as it was.
    """
    if chosen:
        write_input_columns(home, chosen)


def proposed_home() -> Path:
    """Return a folder for a new home that is not there yet."""
    first = Path.home() / FIRST_HOME
    number, found = 2, first
    while found.exists():
        found, number = first.with_name(f"{first.name}-{number}"), number + 1
    return found


def new_home(folder: str) -> Home:
    """Make a home as `segpipe init` does.

    Raises:
        HomeError: no folder was named, it is not empty, or it cannot be made.
    """
    if not folder.strip():
        raise HomeError("No folder is named. Next: write where the new home shall be.")
    try:
        return create_home(Path(folder.strip()))
    except OSError as error:
        raise HomeError(f"{folder} cannot be made ({error.strerror}). Next: name a folder you may write to.") from error
    except (RuntimeError, ValueError) as error:  # an unknown ~user, a null character
        raise HomeError(f"{folder} is no path ({error}). Next: name another folder.") from error


def _is_mapped(name: str, path: Path, settings: InputSettings) -> bool:
    landed = path.stat()
    return _was_mapped(name, path, landed.st_size, landed.st_mtime_ns, settings)


@functools.lru_cache(maxsize=MOST_KNOWN_FILES)
def _was_mapped(name: str, path: Path, _byte_count: int, _modified_ns: int, settings: InputSettings) -> bool:
    """Tell whether a file as it was last changed can be read; remembered, for a page asks at each touch of a field."""
    with path.open("rb") as content:
        found = preview(name, content, settings, place=path)
    return bool(found.roles) and all(role.columns or not role.is_required for role in found.roles)


@contextlib.contextmanager
def written(folder: Path, content: BinaryIO) -> Iterator[Path]:
    """Yield the content as an unfinished file of the folder, which is gone afterwards."""
    descriptor, made = tempfile.mkstemp(dir=folder, prefix=".upload-", suffix=UNFINISHED_SUFFIXES[1])
    partial = Path(made)
    try:
        content.seek(0)
        with os.fdopen(descriptor, "wb") as target:
            while chunk := content.read(CHUNK_BYTES):
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        partial.chmod(0o644)
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _is_same(path: Path, content: BinaryIO) -> bool:
    if not path.is_file() or path.stat().st_size != content.seek(0, os.SEEK_END):
        return False
    digest = hashlib.sha256()
    content.seek(0)
    while chunk := content.read(CHUNK_BYTES):
        digest.update(chunk)
    return identify(path.name, path).sha256 == digest.hexdigest()
