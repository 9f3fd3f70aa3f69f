"""The audit of models: what was asked, what came back, what it cost. Rows are added and never changed.

Add here: another question about past calls. Keep out: asking models, and keys (callers scrub texts beforehand).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from segmentation_pipeline.state.schema import llm_calls, llm_prompts

if TYPE_CHECKING:
    from datetime import date, datetime


@dataclass(frozen=True)
class LlmCall:
    """One question to a model, with all its retries. Moments are UTC; a null cost means that no price is known."""

    call_id: str
    refresh_month: date
    run_id: str
    purpose: str
    subject: str
    provider: str
    model: str
    prompt_name: str
    prompt_hash: str
    prompt_text: str
    raw_reply: str | None
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    latency_s: float
    retry_count: int
    outcome: str
    error: str | None
    created_at: datetime


@dataclass(frozen=True)
class Spending:
    """What calls cost together; calls without a known price count no dollars."""

    tokens: int
    usd: float


def record_call(connection: sa.Connection, call: LlmCall) -> None:
    """Add one call; a prompt that was sent before is stored once."""
    values = asdict(call)
    prompt_text = values.pop("prompt_text")
    known = sa.select(llm_prompts.c.prompt_hash).where(llm_prompts.c.prompt_hash == call.prompt_hash)
    if connection.execute(known).first() is None:
        connection.execute(llm_prompts.insert().values(prompt_hash=call.prompt_hash, prompt_text=prompt_text))
    connection.execute(llm_calls.insert().values(values))


def calls_of_month(connection: sa.Connection, refresh_month: date) -> list[LlmCall]:
    """Return every call made for a refresh, oldest first."""
    columns = [llm_prompts.c.prompt_text if name == "prompt_text" else llm_calls.c[name] for name in _FIELDS]
    rows = connection.execute(
        sa.select(*columns)
        .join(llm_prompts, llm_prompts.c.prompt_hash == llm_calls.c.prompt_hash)
        .where(llm_calls.c.refresh_month == refresh_month)
        .order_by(llm_calls.c.created_at, llm_calls.c.purpose, llm_calls.c.subject, llm_calls.c.call_id)
    )
    return [LlmCall(*row) for row in rows]


def call_counts(connection: sa.Connection) -> dict[date, int]:
    """Return refresh -> how many calls were made for it."""
    rows = connection.execute(
        sa.select(llm_calls.c.refresh_month, sa.func.count())
        .group_by(llm_calls.c.refresh_month)
        .order_by(llm_calls.c.refresh_month)
    )
    return {row[0]: int(row[1]) for row in rows}


def spending_of_run(connection: sa.Connection, refresh_month: date, run_id: str) -> Spending:
    """Return what one run has spent on a refresh so far."""
    tokens, usd = connection.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(llm_calls.c.input_tokens + llm_calls.c.output_tokens), 0),
            sa.func.coalesce(sa.func.sum(llm_calls.c.cost_usd), 0.0),
        ).where(llm_calls.c.refresh_month == refresh_month, llm_calls.c.run_id == run_id)
    ).one()
    return Spending(int(tokens), float(usd))


_FIELDS = tuple(LlmCall.__dataclass_fields__)
