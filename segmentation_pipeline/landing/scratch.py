"""The folder in which decompressed and transcoded copies lie while files are read."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def empty_folder(scratch: Path | None) -> Iterator[Path]:
    """Yield an empty folder that is gone afterwards; what a killed ingestion left in `scratch` goes first."""
    if scratch is not None:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="segpipe-") as folder:
        yield Path(folder)
