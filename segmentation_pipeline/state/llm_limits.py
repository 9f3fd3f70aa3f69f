"""What may happen only so often within so many days, counted over restarts.

Add here: another window to count over. Keep out: which limits there are (callers name them).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from segmentation_pipeline.state.schema import llm_limits

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True)
class Grant:
    """What was granted of something limited; `amount` 0 means nothing, and then there is nothing to give back."""

    amount: int
    limit_id: int | None = None


def used(connection: sa.Connection, name: str, *, today: date, days: int) -> int:
    """Return how much was used on the last `days` UTC days, today included."""
    since = datetime.combine(today - timedelta(days=days - 1), time.min)
    total = sa.select(sa.func.coalesce(sa.func.sum(llm_limits.c.amount), 0))
    return int(
        connection.execute(total.where(llm_limits.c.limit_name == name, llm_limits.c.taken_at >= since)).scalar_one()
    )


def take(connection: sa.Connection, name: str, wanted: int, *, at_most: int, days: int, now: datetime) -> Grant:
    """Use up to `wanted`, as far as `at_most` in `days` UTC days allows. In a writing transaction, so no two overdraw.

    Whole days are counted, not hours: what runs daily at three o'clock is not refused for coming a second early.
    """
    left = at_most - used(connection, name, today=now.date(), days=days)
    amount = max(min(wanted, left), 0)
    if not amount:
        return Grant(0)
    stored = connection.execute(llm_limits.insert().values(limit_name=name, amount=amount, taken_at=now))
    assert stored.inserted_primary_key is not None
    return Grant(amount, int(stored.inserted_primary_key[0]))


def give_back(connection: sa.Connection, grant: Grant, unused: int) -> None:
    """Return what was granted and not used, because nobody answered."""
    if grant.limit_id is None or unused <= 0:
        return
    row = llm_limits.c.limit_id == grant.limit_id
    if unused >= grant.amount:
        connection.execute(llm_limits.delete().where(row))
    else:
        connection.execute(llm_limits.update().where(row).values(amount=grant.amount - unused))


def set_amount(connection: sa.Connection, name: str, amount: float, *, now: datetime) -> None:
    """Keep one figure under a name, in place of what was kept."""
    connection.execute(llm_limits.delete().where(llm_limits.c.limit_name == name))
    if amount:
        connection.execute(llm_limits.insert().values(limit_name=name, amount=amount, taken_at=now))


def amount_of(connection: sa.Connection, name: str) -> float:
    """Return the sum of what is kept under a name."""
    total = sa.select(sa.func.coalesce(sa.func.sum(llm_limits.c.amount), 0.0)).where(llm_limits.c.limit_name == name)
    return float(connection.execute(total).scalar_one())
