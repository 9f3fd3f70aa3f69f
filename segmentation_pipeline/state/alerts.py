"""Which troubles somebody was told of: so that the same one is told once a while, with how often it came back.

Add here: another question about past alerts. Keep out: sending them (orchestration/alerting.py).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from segmentation_pipeline.state.schema import sent_alerts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True)
class Trouble:
    """Something that went wrong: what, why, what to do next. Equal subjects are the same trouble come back."""

    subject: str
    title: str
    why: str
    next_step: str
    run_id: str
    job_name: str

    @classmethod
    def of(cls, key: Sequence[str], *, title: str, why: str, next_step: str, run_id: str, job_name: str) -> Trouble:
        """Return a trouble whose subject is the hash of what makes it the same."""
        subject = hashlib.sha256("\x1f".join(key).encode()).hexdigest()
        return cls(subject, title, why, next_step, run_id, job_name)


def to_tell(connection: sa.Connection, troubles: Sequence[Trouble], told_before: datetime) -> list[tuple[Trouble, int]]:
    """Return the first of each trouble nobody was told of since a moment, with how often it came untold."""
    found: dict[str, tuple[Trouble, int]] = {}
    counts = Counter(trouble.subject for trouble in troubles)
    for trouble in troubles:
        if trouble.subject in found:
            continue
        row = connection.execute(sa.select(sent_alerts).where(sent_alerts.c.subject == trouble.subject)).first()
        if row is None or row.told_at <= told_before:
            found[trouble.subject] = (trouble, (row.untold_count if row else 0) + counts[trouble.subject] - 1)
    return list(found.values())


def note_told(connection: sa.Connection, trouble: Trouble, now: datetime) -> None:
    """Note that somebody was told now; what came untold before is told with it."""
    known = connection.execute(sa.select(sent_alerts).where(sent_alerts.c.subject == trouble.subject)).first()
    connection.execute(sent_alerts.delete().where(sent_alerts.c.subject == trouble.subject))
    connection.execute(
        sent_alerts.insert().values(
            subject=trouble.subject,
            title=trouble.title,
            first_at=known.first_at if known else now,
            told_at=now,
            last_at=now,
            untold_count=0,
        )
    )


def note_untold(connection: sa.Connection, troubles: Sequence[Trouble], now: datetime) -> None:
    """Count troubles that came back while they need not be told again."""
    for trouble in troubles:
        connection.execute(
            sent_alerts.update()
            .where(sent_alerts.c.subject == trouble.subject)
            .values(untold_count=sent_alerts.c.untold_count + 1, last_at=now)
        )
