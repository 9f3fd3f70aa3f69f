"""Whether a file of landing may still be written: it was changed too short a time ago.

Add here: another sign that a file is not finished. Keep out: who waits how long (orchestration/landing.py).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from segmentation_pipeline.landing.sources import LandedFile


def is_settled(state: os.stat_result, settle_s: float) -> bool:
    """Tell whether a file was left alone for so many seconds.

    By when it was changed here (ctime): tools that keep the time a file was changed elsewhere cannot set that back. A
    moment ahead, of a server whose clock is, counts as far away as it is.
    """
    return abs(time.time() - state.st_ctime) >= settle_s


def still_written(files: Iterable[LandedFile], settle_s: float) -> frozenset[str]:
    """Return the names of files that were not left alone for so many seconds; with 0, of none."""
    names = set()
    for file in files:
        try:
            if not is_settled(file.path.stat(), settle_s):
                names.add(file.name)
        except OSError:
            continue  # reading it tells
    return frozenset(names)
