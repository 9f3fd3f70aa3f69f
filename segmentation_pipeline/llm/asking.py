"""One question, asked until it is answered usably or asking again is of no use; bounded in time, tries and money.

Add here: another reason to ask again or to stop. Keep out: the network (wire.py), the cache and the audit (client.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.llm.failures import Failure, FailureKind
from segmentation_pipeline.llm.prices import cost_usd
from segmentation_pipeline.llm.prompts import Prompt
from segmentation_pipeline.llm.replies import read_output
from segmentation_pipeline.llm.tokens import estimate_tokens

if TYPE_CHECKING:
    from pydantic import BaseModel

    from segmentation_pipeline.llm.budget import Budget
    from segmentation_pipeline.llm.clock import Clock
    from segmentation_pipeline.llm.outage import Outage
    from segmentation_pipeline.llm.questions import Request
    from segmentation_pipeline.llm.wire import Reply, Wire
    from segmentation_pipeline.llm_settings import LlmSettings

REPLY_RETRIES = 1
"""How often a model is told what was wrong with its answer: one that errs twice errs again."""

MAYBE_BILLED = frozenset(
    {
        FailureKind.TIMEOUT,
        FailureKind.CONNECTION,
        FailureKind.EMPTY,
        FailureKind.BROKEN_JSON,
        FailureKind.WRONG_SCHEMA,
        FailureKind.TOO_LONG,
        FailureKind.REFUSAL,
    }
)
"""Kinds after which the prompt may have been paid for though nobody counted: the budget counts it."""


@dataclass
class Asked:
    """How one question went, over all its tries. `prompt` is the last one sent."""

    prompt: Prompt
    output: BaseModel | None = None
    reply_text: str | None = None
    failure: Failure | None = None
    try_count: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    latency_s: float = 0.0

    @property
    def retry_count(self) -> int:
        """Tries after the first."""
        return max(self.try_count - 1, 0)


@dataclass(frozen=True)
class Asker:
    """What questions of one run share."""

    wire: Wire
    settings: LlmSettings
    clock: Clock
    outage: Outage
    budget: Budget

    async def ask(self, request: Request[Any], *, key: str) -> Asked:
        """Ask one question; `key` seeds the waits between its tries."""
        asked = Asked(request.prompt)
        began_s = self.clock.monotonic_s()
        reply_retries = 0
        while True:
            pause_s = self.outage.pause_s
            if pause_s:
                await self.clock.sleep(pause_s)
            refusal = self._refusal(asked.prompt)
            if refusal is not None:
                asked.failure = asked.failure or refusal
                break
            await self._try_once(request, asked)
            if asked.failure is None or not asked.failure.kind.is_retryable:
                break
            if asked.failure.kind.is_about_the_reply and asked.reply_text is not None:
                reply_retries += 1
                if reply_retries > min(REPLY_RETRIES, self.settings.max_retries):
                    break
                asked.prompt = corrected(request.prompt, asked.failure.message)
                continue
            if asked.retry_count >= self.settings.max_retries:
                break
            wait_s = self.outage.wait_s(key=key, retry=asked.try_count, retry_after_s=asked.failure.retry_after_s)
            if wait_s is None:
                break
            await self.clock.sleep(wait_s)
        asked.latency_s = self.clock.monotonic_s() - began_s
        return asked

    def _refusal(self, prompt: Prompt) -> Failure | None:
        if self.outage.is_open:
            return Failure(FailureKind.BREAKER, self.outage.reason or "")
        tokens = estimate_tokens(prompt.text)
        if tokens > self.settings.max_prompt_tokens:
            return Failure(
                FailureKind.PROMPT_TOO_LONG,
                f"the prompt has about {tokens:,} tokens, max_prompt_tokens is {self.settings.max_prompt_tokens:,}",
            )
        told = self.budget.refusal(*self._most(tokens))
        return None if told is None else Failure(FailureKind.BUDGET, told)

    async def _try_once(self, request: Request[Any], asked: Asked) -> None:
        tokens = estimate_tokens(asked.prompt.text)
        most = self._most(tokens)
        self.budget.hold(*most)
        sent_s = self.clock.monotonic_s()
        timeout_s = min(self.settings.timeout_s, self.outage.left_s)
        reply = await self.wire.ask(asked.prompt.system, asked.prompt.user, request.output, timeout_s=timeout_s)
        asked.try_count += 1
        asked.reply_text = reply.text
        spent = _spent(reply, tokens)
        asked.input_tokens += spent[0]
        asked.output_tokens += spent[1]
        self.budget.settle(held=most, spent=(sum(spent), cost_usd(self.settings.named_provider, *spent)))
        asked.failure = reply.failure
        if reply.failure is None:
            asked.output, asked.failure = usable(request, reply.text or "")
        self._tell_the_breaker(reply.failure, sent_s)

    def _most(self, prompt_tokens: int) -> tuple[int, float | None]:
        """Return the most a request can cost, in tokens and dollars."""
        answer_tokens = self.settings.max_output_tokens
        return prompt_tokens + answer_tokens, cost_usd(self.settings.named_provider, prompt_tokens, answer_tokens)

    def _tell_the_breaker(self, failure: Failure | None, sent_s: float) -> None:
        if failure is not None and failure.kind.is_outage:
            self.outage.unanswered(since_s=sent_s, retry_after_s=failure.retry_after_s)
            if (failure.retry_after_s or 0.0) > self.outage.left_s:
                self.outage.give_up(f"the server asks to wait {failure.retry_after_s:.6g} s, longer than a run can")
            return
        self.outage.answered()
        if failure is not None and failure.kind.is_lasting:
            self.outage.give_up(f"given up for the rest of this run ({failure.kind}): {failure.message}")


def usable(request: Request[Any], text: str) -> tuple[Any, Failure | None]:
    """Return the output a text holds, if it has the form asked for and passes the question's own check."""
    output = read_output(text, request.output)
    if isinstance(output, Failure):
        return None, output
    problem = None if request.check is None else request.check(output)
    return (output, None) if problem is None else (None, Failure(FailureKind.WRONG_SCHEMA, problem))


def corrected(prompt: Prompt, problem: str) -> Prompt:
    """Return the same prompt with what was wrong with the first answer."""
    told = f"Your last answer to this could not be used: {problem}\nAnswer again, with the whole answer."
    return Prompt(prompt.name, prompt.system, f"{prompt.user}\n\n{told}")


def _spent(reply: Reply, prompt_tokens: int) -> tuple[int, int]:
    """Return input and output tokens of one request, estimated where the server did not count."""
    if reply.input_tokens or reply.output_tokens:
        return reply.input_tokens, reply.output_tokens
    if reply.failure is not None and reply.failure.kind not in MAYBE_BILLED:
        return 0, 0
    return prompt_tokens, estimate_tokens(reply.text or "")
