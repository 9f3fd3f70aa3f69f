"""What a stage asks of a model and what it gets back: typed, with its price, or with the kind of failure.

Add here: another thing a question or an answer carries. Keep out: how it is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from segmentation_pipeline.llm.replies import Output

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from segmentation_pipeline.llm.failures import Failure
    from segmentation_pipeline.llm.prompts import Prompt


@dataclass(frozen=True)
class Run:
    """Which refresh is being made, and in which run: budget and breaker belong to the two together."""

    refresh_month: date
    run_id: str


@dataclass(frozen=True)
class Request(Generic[Output]):
    """One question. `subject` says about what (a cluster's id, a batch's number), without anything personal.

    `check` looks at an output that has the right form and returns what is wrong with it, or None. The model is told
    once and may answer again; after that the failure is `wrong_schema`.
    """

    purpose: str
    subject: str
    prompt: Prompt
    output: type[Output]
    check: Callable[[Output], str | None] | None = None


@dataclass(frozen=True)
class Answer(Generic[Output]):
    """One answer: either `output` or `failure` is None. Tokens are estimated where a server did not count them."""

    call_id: str
    output: Output | None
    failure: Failure | None
    is_cached: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    latency_s: float = 0.0
    retry_count: int = 0


@dataclass(frozen=True)
class Usage:
    """What all questions of one `LanguageModel` came to; `cost_usd` is None where a price is not known."""

    call_count: int
    cached_count: int
    failed_counts: dict[str, int]
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    gave_up: str | None
