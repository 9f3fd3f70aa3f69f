"""OS locks on files of a home: gone with the process that held them, however it died.

Add here: another lock of a home. Keep out: what is done under a lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

POLL_S = 0.1
"""Seconds between two tries for a lock; short against any run, long against a system call."""

NOTICE_EVERY_S = 10.0
"""Seconds between two messages to somebody who waits for a lock."""


@contextlib.contextmanager
def file_lock(
    path: Path,
    *,
    holder: dict[str, object] | None = None,
    wait: bool = True,
    notify: Callable[[str], None] | None = None,
) -> Iterator[bool]:
    """Hold an exclusive lock on `path`; yields False when not waiting and somebody else has it.

    `holder` is written into the file while the lock is held and wiped on a clean release, so a file with a
    holder and no lock tells of a process that died. flock is used because the kernel drops it with the process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _acquire(descriptor, path, wait=wait, notify=notify):
            yield False
            return
        if holder is not None:
            _write(descriptor, json.dumps(holder))
        try:
            yield True
        finally:
            if holder is not None:
                _write(descriptor, "")
    finally:
        os.close(descriptor)


def lock_holder(path: Path) -> dict[str, object] | None:
    """Return what the last holder wrote and did not wipe, None when it released cleanly."""
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if text.strip() else None
    except (FileNotFoundError, ValueError):
        return None


def is_locked(path: Path) -> bool:
    """Tell whether some process holds the lock right now."""
    if not path.exists():
        return False
    with file_lock(path, wait=False) as acquired:
        return not acquired


def _acquire(descriptor: int, path: Path, *, wait: bool, notify: Callable[[str], None] | None) -> bool:
    next_notice_s = time.monotonic()
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                return False
            if notify is not None and time.monotonic() >= next_notice_s:
                notify(f"waiting for {path.name}, held by {lock_holder(path) or 'another process'}")
                next_notice_s = time.monotonic() + NOTICE_EVERY_S
            time.sleep(POLL_S)
        else:
            return True


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode("utf-8"), 0)
