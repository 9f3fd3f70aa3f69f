"""Where the Dagster UI of a home is while it runs: told by `segpipe ui`, forgotten with its process, however it ends.

Add here: nothing but the telling. Keep out: what is asked of Dagster (dagster_runs.py).
"""

from __future__ import annotations

import fcntl
import json
import os
from typing import TYPE_CHECKING

from segmentation_pipeline.warehouse.locks import is_locked, lock_holder

if TYPE_CHECKING:
    from pathlib import Path

    from segmentation_pipeline.config import Home


def tell_address(home: Home, address: str) -> None:
    """Note the address for as long as this process lives, also after it has become another program (exec).

    Where a UI of this home runs already, its address stays.
    """
    descriptor = os.open(_file(home), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"address": address}).encode(), 0)
    os.set_inheritable(descriptor, True)  # noqa: FBT003 - its only argument


def told_address(home: Home) -> str | None:
    """Return the address of the UI that runs, None where none does."""
    if not is_locked(_file(home)):
        return None
    address = (lock_holder(_file(home)) or {}).get("address")
    return str(address) if address else None


def _file(home: Home) -> Path:
    return home.dagster / "ui.lock"
