"""The note beside the published copy that says why a run published nothing; the next publish takes it away.

Add here: another fact of a run that failed. Keep out: reading the note (client/unpublished.py), and results of checks.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    from segmentation_pipeline.config import Home


def tell_unpublished(
    home: Home, run_id: str, *, table: str, message: str, month: date | None = None, check: str | None = None
) -> None:
    """Note what stopped a run, beside what stopped it already; the note of an earlier run is replaced."""
    problem = {
        "table": table,
        "check": check,
        "month": None if month is None else month.isoformat(),
        "message": message,
    }
    note = {
        "run_id": run_id,
        "ended_at": datetime.now(tz=UTC).replace(tzinfo=None).isoformat(),
        "problems": [*_problems_of(home, run_id), problem],
    }
    home.published.mkdir(parents=True, exist_ok=True)
    partial = home.unpublished_file.with_suffix(".tmp")
    partial.write_text(json.dumps(note, ensure_ascii=False), encoding="utf-8")
    partial.replace(home.unpublished_file)


def forget_unpublished(home: Home) -> None:
    """Take the note away: what is published is the newest there is."""
    home.unpublished_file.unlink(missing_ok=True)


def _problems_of(home: Home, run_id: str) -> list[Any]:
    try:
        note = json.loads(home.unpublished_file.read_text(encoding="utf-8"))
        return list(note["problems"]) if note["run_id"] == run_id else []
    except (OSError, ValueError, KeyError, TypeError):
        return []  # there is none, or another version of the program wrote it
