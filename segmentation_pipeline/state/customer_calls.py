"""The log of analysed payloads: latency and outcome, the customer under a pseudonym. Rows never change.

Add here: another question about past calls. Keep out: payloads and analyses; neither is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from segmentation_pipeline.state.pseudonyms import pseudonym_key, pseudonyms
from segmentation_pipeline.state.schema import customer_calls

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

KEPT_CALLS = 1_000_000
"""Newest calls that are kept, some 150 MB: a busy program would fill the disk otherwise."""


@dataclass(frozen=True)
class CustomerCall:
    """One analysed payload; `called_at` is UTC, `error_path` the field that was refused."""

    customer_pseudonym: str | None
    mode: str | None
    outcome: str
    error_path: str | None
    rule_version: str
    latency_s: float
    called_at: datetime


def pseudonyms_of(connection: sa.Connection, customer_ids: Sequence[str | None]) -> list[str | None]:
    """Return the customers' pseudonyms in this home (keyed hashes), None for none; needs a writing connection."""
    known = [customer_id for customer_id in customer_ids if customer_id is not None]
    names = iter(pseudonyms(pseudonym_key(connection), known) if known else ())
    return [None if customer_id is None else next(names) for customer_id in customer_ids]


def record_customer_calls(
    connection: sa.Connection, calls: Sequence[CustomerCall], names: Sequence[str | None]
) -> None:
    """Add calls, each under the pseudonym beside it, and forget those that more than KEPT_CALLS came after."""
    rows = [vars(call) | {"customer_pseudonym": name} for call, name in zip(calls, names, strict=True)]
    if not rows:
        return
    connection.execute(customer_calls.insert(), rows)
    newest = sa.select(sa.func.max(customer_calls.c.call_id)).scalar_subquery()
    connection.execute(customer_calls.delete().where(customer_calls.c.call_id <= newest - KEPT_CALLS))


def customer_calls_since(connection: sa.Connection, since: datetime) -> list[CustomerCall]:
    """Return the calls from a moment on, oldest first."""
    columns = [customer_calls.c[name] for name in CustomerCall.__dataclass_fields__]
    rows = connection.execute(
        sa.select(*columns).where(customer_calls.c.called_at >= since).order_by(customer_calls.c.call_id)
    )
    return [CustomerCall(*row) for row in rows]
