"""The log of analysed payloads: latency and outcome, the customer under a pseudonym. Rows are added, never changed.

Add here: another question about past calls. Keep out: payloads and analyses; neither is kept.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from segmentation_pipeline.state.pseudonyms import pseudonym_key, pseudonyms
from segmentation_pipeline.state.schema import customer_calls

if TYPE_CHECKING:
    from datetime import datetime


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


def pseudonym_of(connection: sa.Connection, customer_id: str | None) -> str | None:
    """Return the customer's pseudonym in this home (keyed hash); needs a writing connection."""
    return None if customer_id is None else pseudonyms(pseudonym_key(connection), [customer_id])[0]


def record_customer_call(connection: sa.Connection, call: CustomerCall) -> None:
    """Add one call."""
    connection.execute(customer_calls.insert().values(asdict(call)))


def customer_calls_since(connection: sa.Connection, since: datetime) -> list[CustomerCall]:
    """Return the calls from a moment on, oldest first."""
    columns = [customer_calls.c[name] for name in CustomerCall.__dataclass_fields__]
    rows = connection.execute(
        sa.select(*columns).where(customer_calls.c.called_at >= since).order_by(customer_calls.c.call_id)
    )
    return [CustomerCall(*row) for row in rows]
