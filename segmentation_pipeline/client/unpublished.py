"""The last run that published nothing, as long as nothing has been published since: when, and what stopped it.

Add here: another fact of such a run. Keep out: what is published.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segmentation_pipeline.config import Home


@dataclass(frozen=True)
class RunProblem:
    """What stopped a run: the table that could not be written, or one of its checks; `message` is for people."""

    table: str
    check: str | None
    refresh_month: date | None
    message: str


@dataclass(frozen=True)
class UnpublishedRun:
    """A run that failed (UTC) and left the published copy as it was."""

    run_id: str
    ended_at: datetime
    problems: tuple[RunProblem, ...]


def unpublished_run(home: Home) -> UnpublishedRun | None:
    """Return the last run that published nothing, None where the copy is of the last one."""
    try:
        note = json.loads(home.unpublished_file.read_text(encoding="utf-8"))
        return UnpublishedRun(
            str(note["run_id"]),
            datetime.fromisoformat(note["ended_at"]),
            tuple(
                RunProblem(
                    str(one["table"]),
                    one["check"],
                    None if one["month"] is None else date.fromisoformat(one["month"]),
                    str(one["message"]),
                )
                for one in note["problems"]
            ),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None  # there is none, or another version of the program wrote it
