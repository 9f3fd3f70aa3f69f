"""Contract of the table that tells what models were asked and answered.

Add here: a table every stage that asks models shares. Keep out: tables of what answers are used for.
"""

from segmentation_pipeline.llm.failures import FailureKind
from segmentation_pipeline.warehouse.contracts import (
    Day,
    Integer,
    Real,
    Table,
    Text,
    Utc,
    column,
    dataframe_check,
)


class LlmCalls(Table):
    """One row per question to a model within a refresh: what left this machine, what came back, what it cost."""

    refresh_month: Day = column("Refresh the question was asked for.")
    call_id: Text = column("Id of the question.", min_length=1)
    run_id: Text = column("Run that asked; budget and breaker belong to a run of a refresh.", min_length=1)
    purpose: Text = column("What the answer is for, such as cluster_insights.", min_length=1)
    subject: Text = column("What was asked about, such as a cluster's id.", min_length=1)
    provider: Text = column("Provider, with its address where it is not the maker's own.", min_length=1)
    model: Text = column("Model as the provider names it.", min_length=1)
    prompt_name: Text = column("Prompt file with its version.", min_length=1)
    prompt_hash: Text = column("SHA-256 of the prompt as it was sent last.", min_length=1)
    prompt_text: Text = column("Prompt as it was sent last, both parts.", min_length=1)
    raw_reply: Text = column("Answer as it came, its beginning; null where none came.", nullable=True)
    input_tokens: Integer = column("Tokens sent over all tries; estimated where the server did not count.", ge=0)
    output_tokens: Integer = column("Tokens received over all tries; estimated likewise.", ge=0)
    cost_usd: Real = column(
        "Cost by the installed price list, discounts of provider caches left out; null where no price is known.",
        unit="USD",
        ge=0,
        nullable=True,
    )
    latency_s: Real = column("From the first try to the end, waits included; 0 from the cache.", unit="s", ge=0)
    retry_count: Integer = column("Tries after the first.", ge=0)
    outcome: Text = column(
        "ok, cached, or why there is no usable answer; what was asked then came from the rules.",
        isin=["ok", "cached", *(str(kind) for kind in FailureKind if kind is not FailureKind.NOT_ASKED)],
    )
    error: Text = column("What went wrong in words, without keys; null where nothing did.", nullable=True)
    created_at: Utc = column("When the question was answered or given up.", unit="UTC")

    class Config:
        """One row per question."""

        unique = ["call_id"]

    @dataframe_check
    def failure_says_why(cls, data):
        """An error is told where, and only where, there is no usable answer."""
        return data.table.error.isnull() == data.table.outcome.isin(["ok", "cached"])

    @dataframe_check
    def answers_are_kept(cls, data):
        """What was answered usably is there to be read."""
        return data.table.raw_reply.notnull() | ~data.table.outcome.isin(["ok", "cached"])

    @dataframe_check
    def the_cache_costs_nothing(cls, data):
        """An answer found in the cache was paid for before."""
        free = (data.table.input_tokens + data.table.output_tokens == 0) & (data.table.cost_usd.fill_null(1) == 0)
        return free | (data.table.outcome != "cached")
