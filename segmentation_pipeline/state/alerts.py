"""Which troubles somebody was told of, and which ways of telling fail: the same is told once a while, and tried seldom.

Add here: another question about past alerts. Keep out: sending them (orchestration/alerting.py).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from segmentation_pipeline.state.schema import failed_alert_ways, sent_alerts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=1)
"""How long a way of telling is left alone once it failed: doubled each time, up to this."""


@dataclass(frozen=True)
class Trouble:
    """Something that went wrong: what, why, what to do next, when. Equal subjects are the same trouble come back."""

    subject: str
    title: str
    why: str
    next_step: str
    run_id: str
    job_name: str
    at: datetime

    @classmethod
    def of(
        cls, key: Sequence[str], *, title: str, why: str, next_step: str, run_id: str, job_name: str, at: datetime
    ) -> Trouble:
        """Return a trouble whose subject is the hash of what makes it the same; `at` is naive UTC."""
        subject = hashlib.sha256("\x1f".join(key).encode()).hexdigest()
        return cls(subject, title, why, next_step, run_id, job_name, at)


@dataclass(frozen=True)
class FailedWay:
    """A way of telling that failed the last time it was tried, and until when it is left alone."""

    way: str
    problem: str
    rests_until: datetime


def not_counted_yet(connection: sa.Connection, troubles: Sequence[Trouble]) -> list[Trouble]:
    """Return the troubles that came after the last one noted of their subject: others were looked at before."""
    last = {row.subject: row.last_at for row in connection.execute(sa.select(sent_alerts))}
    return [trouble for trouble in troubles if trouble.subject not in last or trouble.at > last[trouble.subject]]


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


def note_told(connection: sa.Connection, trouble: Trouble, now: datetime, *, last_at: datetime) -> None:
    """Note that somebody was told now, of all up to the last time it came."""
    known = connection.execute(sa.select(sent_alerts).where(sent_alerts.c.subject == trouble.subject)).first()
    connection.execute(sent_alerts.delete().where(sent_alerts.c.subject == trouble.subject))
    connection.execute(
        sent_alerts.insert().values(
            subject=trouble.subject,
            title=trouble.title,
            first_at=known.first_at if known else trouble.at,
            told_at=now,
            last_at=last_at,
            untold_count=0,
        )
    )


def note_untold(connection: sa.Connection, troubles: Sequence[Trouble]) -> None:
    """Count troubles that came back while they need not be told again."""
    for trouble in troubles:
        connection.execute(
            sent_alerts.update()
            .where(sent_alerts.c.subject == trouble.subject)
            .values(untold_count=sent_alerts.c.untold_count + 1, last_at=trouble.at)
        )


def failed_ways(connection: sa.Connection) -> dict[str, FailedWay]:
    """Return the ways that failed the last time they were tried, by name."""
    found = {}
    for row in connection.execute(sa.select(failed_alert_ways).order_by(failed_alert_ways.c.way)):
        doublings = min(row.attempt_count - 1, 10)
        rest = min(FIRST_REST * 2**doublings, LONGEST_REST)
        found[row.way] = FailedWay(row.way, row.problem, row.failed_at + rest)
    return found


def note_way(connection: sa.Connection, way: str, problem: str | None, now: datetime) -> None:
    """Note how a way was found just now; None: it works."""
    known = connection.execute(sa.select(failed_alert_ways).where(failed_alert_ways.c.way == way)).first()
    connection.execute(failed_alert_ways.delete().where(failed_alert_ways.c.way == way))
    if problem is not None:
        count = (known.attempt_count if known else 0) + 1
        row = {"way": way, "problem": problem, "attempt_count": count, "failed_at": now}
        connection.execute(failed_alert_ways.insert().values(row))
