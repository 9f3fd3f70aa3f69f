"""What other tools are known to hold of our segments, what they refused, and until when they want to be left alone.

A write is noted before it is sent (`begin_writes`: from then on anything may stand there) and after it is answered.
A process killed between the two leaves a row without a hash, which the next run writes again.
Add here: another question about what was written. Keep out: sending (activation/), keys, and segments themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from segmentation_pipeline.state.schema import activation_confirmed, activation_failures, activation_waits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Written:
    """What stands at one id of a destination; without a hash it is not known."""

    external_id: str
    user_id: str
    segment_id: str | None
    content_hash: str | None
    remote_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An id whose write was refused, and why."""

    external_id: str
    user_id: str
    reason: str
    attempt_count: int = 1


def read_written(connection: sa.Connection, destination: str) -> list[Written]:
    """Return everything that stands, or may stand, at a destination, by id."""
    table = activation_confirmed
    columns = [table.c[name] for name in Written.__dataclass_fields__]
    rows = connection.execute(
        sa.select(*columns).where(table.c.destination == destination).order_by(table.c.external_id)
    )
    return [Written(*row) for row in rows]


def read_refusals(connection: sa.Connection, destination: str) -> list[Refusal]:
    """Return the writes that were refused the last time, by id."""
    table = activation_failures
    columns = [table.c[name] for name in Refusal.__dataclass_fields__]
    rows = connection.execute(
        sa.select(*columns).where(table.c.destination == destination).order_by(table.c.external_id)
    )
    return [Refusal(*row) for row in rows]


def begin_writes(connection: sa.Connection, destination: str, writes: Sequence[Written], now: datetime) -> None:
    """Note that these ids are about to be written: what stands there is unknown until it is confirmed."""
    _put(connection, destination, [_unknown(write) for write in writes], now)


def confirm_writes(connection: sa.Connection, destination: str, writes: Sequence[Written], now: datetime) -> None:
    """Note what stands at these ids for certain; without a segment, nothing does."""
    _put(connection, destination, [write for write in writes if write.segment_id is not None], now)
    cleared = [write.external_id for write in writes if write.segment_id is None]
    _delete(connection, activation_confirmed, destination, cleared)
    _delete(connection, activation_failures, destination, [write.external_id for write in writes])


def restore_writes(
    connection: sa.Connection, destination: str, writes: Sequence[Written], new_ids: Sequence[str], now: datetime
) -> None:
    """Note that writes were begun in vain: what stood before still does, and nothing at the ids that are new."""
    _put(connection, destination, writes, now)
    _delete(connection, activation_confirmed, destination, new_ids)


def keep_refusals(connection: sa.Connection, destination: str, refusals: Sequence[Refusal], now: datetime) -> None:
    """Keep what was refused, in place of the previous refusal of the same id."""
    _delete(connection, activation_failures, destination, [refusal.external_id for refusal in refusals])
    if refusals:
        connection.execute(
            activation_failures.insert(),
            [
                {
                    "destination": destination,
                    "external_id": refusal.external_id,
                    "user_id": refusal.user_id,
                    "reason": refusal.reason,
                    "attempt_count": refusal.attempt_count,
                    "failed_at": now,
                }
                for refusal in refusals
            ],
        )


def forget_refusals(connection: sa.Connection, destination: str, external_ids: Sequence[str]) -> None:
    """Drop the refusals of ids to which nothing is to be written any more."""
    _delete(connection, activation_failures, destination, external_ids)


def read_wait(connection: sa.Connection, destination: str) -> datetime | None:
    """Return the moment before which a destination wants no request, None where it asked for none."""
    table = activation_waits
    return connection.execute(sa.select(table.c.wait_until).where(table.c.destination == destination)).scalar()


def keep_wait(connection: sa.Connection, destination: str, until: datetime | None) -> None:
    """Keep the moment before which a destination wants no request, in place of an earlier one."""
    table = activation_waits
    connection.execute(table.delete().where(table.c.destination == destination))
    if until is not None:
        connection.execute(table.insert().values(destination=destination, wait_until=until))


def _unknown(write: Written) -> Written:
    return Written(write.external_id, write.user_id, None, None, write.remote_id)


def _put(connection: sa.Connection, destination: str, writes: Sequence[Written], now: datetime) -> None:
    _delete(connection, activation_confirmed, destination, [write.external_id for write in writes])
    if writes:
        connection.execute(
            activation_confirmed.insert(),
            [
                {
                    "destination": destination,
                    "external_id": write.external_id,
                    "user_id": write.user_id,
                    "segment_id": write.segment_id,
                    "content_hash": write.content_hash,
                    "remote_id": write.remote_id,
                    "written_at": now,
                }
                for write in writes
            ],
        )


def _delete(connection: sa.Connection, table: sa.Table, destination: str, external_ids: Sequence[str]) -> None:
    if external_ids:
        statement = table.delete().where(
            table.c.destination == destination, table.c.external_id == sa.bindparam("one_id")
        )
        connection.execute(statement, [{"one_id": external_id} for external_id in external_ids])
