"""Asking a language model: the one entry point. From the cache where it was asked before, else over the network.

Add here: another way to ask (several at once, one after the other). Keep out: prompts, and what answers are used for.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.llm.asking import Asked, Asker, usable
from segmentation_pipeline.llm.budget import Budget
from segmentation_pipeline.llm.clock import SystemClock
from segmentation_pipeline.llm.failures import Failure, FailureKind
from segmentation_pipeline.llm.keys import find_key
from segmentation_pipeline.llm.outage import Outage
from segmentation_pipeline.llm.prices import cost_usd
from segmentation_pipeline.llm.questions import Answer, Usage
from segmentation_pipeline.llm.wire import ERROR_CHARS, connected
from segmentation_pipeline.state.llm_cache import cached_reply, keep_reply
from segmentation_pipeline.state.llm_calls import LlmCall, record_call, spending_of_run
from segmentation_pipeline.state.llm_limits import amount_of, set_amount
from segmentation_pipeline.state.schema import ID_CHARS

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from segmentation_pipeline.llm.clock import Clock
    from segmentation_pipeline.llm.questions import Request, Run
    from segmentation_pipeline.llm.replies import Output
    from segmentation_pipeline.llm_settings import LlmSettings
    from segmentation_pipeline.state.database import State

CACHE_VERSION = 1
"""Part of every key of the cache: raise it when answers kept by older code must not be used."""

RAW_REPLY_CHARS = 20_000
"""Most of an answer that the audit keeps; the cache keeps usable ones whole."""


class LanguageModel:
    """The model `[llm]` names, within one run of one refresh.

    Every question becomes a row of `llm_calls`, whether answered, failed or found in the cache. With the provider
    `rules`, or without a usable key, nobody is asked and nothing is recorded: `unavailable` says why, and every answer
    is the failure `not_asked`.
    """

    def __init__(
        self,
        settings: LlmSettings,
        state: State,
        run: Run,
        *,
        environment: Mapping[str, str] = os.environ,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings
        self.provider = settings.named_provider
        self.run = run
        self._state = state
        self._key = find_key(settings, environment)
        self._clock = clock or SystemClock()
        self._answers: list[Answer[Any]] = []
        self._outage = Outage(self._clock, settings.outage_s)
        self._budget = Budget(settings.budget_tokens, settings.budget_usd)
        self._is_resumed = False

    @property
    def unavailable(self) -> str | None:
        """Why no model is asked, in one sentence; None where one is."""
        if self.provider.kind == "rules":
            return 'llm.provider is "rules": no model is asked'
        return self._key.problem

    @property
    def is_misconfigured(self) -> bool:
        """Whether a model is named but cannot be asked, for lack of a key: worth a warning."""
        return self._key.problem is not None

    def complete(self, request: Request[Output]) -> Answer[Output]:
        """Ask one question and return its answer or failure; nothing a server does raises.

        Raises:
            StateError: state.db cannot be used, so neither cache nor audit can be kept.
        """
        return self.complete_all([request])[0]

    def complete_all(self, requests: Sequence[Request[Output]]) -> list[Answer[Output]]:
        """Ask several questions, `max_concurrency` at a time, and return their answers in the order of the questions.

        Raises:
            StateError: state.db cannot be used, so neither cache nor audit can be kept.
        """
        if self.unavailable is not None:
            failure = Failure(FailureKind.NOT_ASKED, self.unavailable)
            return [Answer("", None, failure) for _ in requests]
        self._resume()
        answers = [self._from_cache(request) for request in requests]
        missing = [number for number, answer in enumerate(answers) if answer is None]
        if missing:
            asked = _run(self._ask_all([requests[number] for number in missing]))
            for number, answer in zip(missing, asked, strict=True):
                answers[number] = answer
            self._keep_outage()
        whole = [answer for answer in answers if answer is not None]
        self._answers += whole
        return whole

    def usage(self) -> Usage:
        """Return what all questions came to so far, for the metadata of an asset."""
        failed = [str(answer.failure.kind) for answer in self._answers if answer.failure is not None]
        costs = [answer.cost_usd for answer in self._answers]
        return Usage(
            call_count=len(self._answers),
            cached_count=sum(answer.is_cached for answer in self._answers),
            failed_counts={kind: failed.count(kind) for kind in sorted(set(failed))},
            input_tokens=sum(answer.input_tokens for answer in self._answers),
            output_tokens=sum(answer.output_tokens for answer in self._answers),
            cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
            gave_up=self._outage.reason,
        )

    def cache_key(self, request: Request[Any]) -> str:
        """Return the hash of all that shapes an answer: provider, model, prompt, schema, parameters."""
        parts = [
            CACHE_VERSION,
            self.provider.label,
            self.provider.model,
            request.prompt.system,
            request.prompt.user,
            request.output.model_json_schema(),
            self.settings.structured_output,
            self.settings.temperature,
            self.settings.max_output_tokens,
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _resume(self) -> None:
        """Take over what earlier parts of the same run have spent and lost."""
        if self._is_resumed:
            return
        with self._state.read() as connection:
            spent = spending_of_run(connection, self.run.refresh_month, self.run.run_id)
            lost_s = amount_of(connection, self._outage_name)
        self._budget.spent_tokens, self._budget.spent_usd = spent.tokens, spent.usd
        self._outage = Outage(self._clock, self.settings.outage_s, lost_s)
        if lost_s >= self.settings.outage_s:
            self._outage.give_up("the provider was given up earlier in this run")
        self._is_resumed = True

    def _keep_outage(self) -> None:
        lost_s = self.settings.outage_s if self._outage.is_open else self._outage.stretch_s
        with self._state.write() as connection:
            set_amount(connection, self._outage_name, lost_s, now=self._clock.now())

    @property
    def _outage_name(self) -> str:
        return f"outage of run {self.run.run_id}"[:ID_CHARS]

    async def _ask_all(self, requests: Sequence[Request[Output]]) -> list[Answer[Output]]:
        at_once = asyncio.Semaphore(self.settings.max_concurrency)
        async with connected(self.settings, self._key) as wire:
            asker = Asker(wire, self.settings, self._clock, self._outage, self._budget)

            async def ask(request: Request[Output]) -> Answer[Output]:
                key = self.cache_key(request)
                async with at_once:
                    asked = await asker.ask(request, key=key)
                return await asyncio.to_thread(self._recorded, request, asked, key)

            answers = await asyncio.gather(*(ask(request) for request in requests), return_exceptions=True)
        for answer in answers:  # raised after all are done: what was paid for is recorded first
            if isinstance(answer, BaseException):
                raise answer
        return [answer for answer in answers if isinstance(answer, Answer)]

    def _from_cache(self, request: Request[Output]) -> Answer[Output] | None:
        with self._state.read() as connection:
            reply = cached_reply(connection, self.cache_key(request))
        if reply is None:
            return None
        output, failure = usable(request, reply)
        if failure is not None:
            return None
        answer = Answer(uuid.uuid4().hex, output, None, is_cached=True)
        with self._state.write() as connection:
            record_call(connection, self._row(request, Asked(request.prompt, reply_text=reply), answer))
        return answer

    def _recorded(self, request: Request[Output], asked: Asked, cache_key: str) -> Answer[Output]:
        tokens = (asked.input_tokens, asked.output_tokens)
        failure = asked.failure
        if failure is not None:
            failure = Failure(failure.kind, self._key.scrub(failure.message, ERROR_CHARS), failure.retry_after_s)
        answer: Answer[Any] = Answer(
            call_id=uuid.uuid4().hex,
            output=asked.output,
            failure=failure,
            input_tokens=asked.input_tokens,
            output_tokens=asked.output_tokens,
            cost_usd=cost_usd(self.provider, *tokens) if any(tokens) else 0.0,
            latency_s=round(asked.latency_s, 3),
            retry_count=asked.retry_count,
        )
        with self._state.write() as connection:
            record_call(connection, self._row(request, asked, answer))
            if failure is None and asked.reply_text is not None:
                keep_reply(
                    connection,
                    cache_key,
                    provider=self.provider.label[:ID_CHARS],
                    model=self.provider.model,
                    reply=asked.reply_text,
                    created_at=self._clock.now(),
                )
        return answer

    def _row(self, request: Request[Any], asked: Asked, answer: Answer[Any]) -> LlmCall:
        outcome = "cached" if answer.is_cached else "ok" if answer.failure is None else str(answer.failure.kind)
        return LlmCall(
            call_id=answer.call_id,
            refresh_month=self.run.refresh_month,
            run_id=self.run.run_id,
            purpose=request.purpose,
            subject=request.subject,
            provider=self.provider.label[:ID_CHARS],
            model=self.provider.model,
            prompt_name=asked.prompt.name,
            prompt_hash=asked.prompt.sha256,
            prompt_text=self._key.hidden_in(asked.prompt.text),
            raw_reply=None if asked.reply_text is None else self._key.scrub(asked.reply_text, RAW_REPLY_CHARS),
            input_tokens=answer.input_tokens,
            output_tokens=answer.output_tokens,
            cost_usd=answer.cost_usd,
            latency_s=answer.latency_s,
            retry_count=answer.retry_count,
            outcome=outcome,
            error=None if answer.failure is None else answer.failure.message,
            created_at=self._clock.now(),
        )


def _run(work: Coroutine[Any, Any, list[Answer[Output]]]) -> list[Answer[Output]]:
    """Run async work to its end, also where an event loop is running already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, work).result()
