"""One request to a provider over the network, by pydantic-ai: sent once, bounded, every way it fails given a kind.

Add here: another provider, another way a provider fails. Keep out: asking again (asking.py), money, the audit.

pydantic-ai's `direct` request is used rather than its agents: an agent asks again by itself, and hides the tokens of
answers it rejects; here both are the caller's. What is used of it: the requests' and schemas' form for each provider
and model family, its typed errors, and its breaking of control tokens inside quoted text.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.llm.failures import Failure, FailureKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import httpx2
    from pydantic import BaseModel
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.models import Model, ModelRequestParameters
    from pydantic_ai.settings import ModelSettings

    from segmentation_pipeline.llm.keys import Key
    from segmentation_pipeline.llm_settings import LlmSettings

OPENAI_URL = "https://api.openai.com/v1"
ANTHROPIC_URL = "https://api.anthropic.com"
"""Given explicitly, so that no variable of the environment sends prompts elsewhere."""

NO_KEY = "none"
"""Stands for a key at compatible servers that want none; OpenAI's client insists on one."""

CONNECT_S = 5.0
"""Seconds to reach a server: one that takes longer is not there."""

MAX_REPLY_BYTES = 262_144
"""Most bytes of a response that are read: four times the longest answer used, for escapes and the envelope."""

MAX_REPLY_CHARS = 64_000
"""Longest answer used: ten times what a full page of advice takes."""

ERROR_CHARS = 1_000
"""Most of an error that is kept: a server may put a whole page into it."""

SENT_HEADERS = frozenset(
    {
        "host",
        "connection",
        "content-type",
        "content-length",
        "accept",
        "accept-encoding",
        "user-agent",
        "authorization",
        "x-api-key",
        "anthropic-version",
        "anthropic-beta",
    }
)
"""Headers that leave this machine; SDKs would add its system, Python version and what the environment holds."""

OUTPUT_TOOL = "answer"


@dataclass(frozen=True)
class Reply:
    """What one request brought: the answer's text, or why there is none. Tokens are 0 where nobody counted them."""

    text: str | None
    failure: Failure | None
    input_tokens: int = 0
    output_tokens: int = 0


class _ReplyTooLong(Exception):
    """More bytes came than are read."""


@asynccontextmanager
async def connected(settings: LlmSettings, key: Key) -> AsyncIterator[Wire]:
    """Yield the connection to the provider set; closed at the end. Lives within one event loop."""
    import httpx2

    timeout = httpx2.Timeout(settings.timeout_s, connect=min(CONNECT_S, settings.timeout_s))
    hooks: dict[str, list[Callable[..., Any]]] = {"request": [_only_known_headers], "response": [_bounded]}
    async with httpx2.AsyncClient(timeout=timeout, event_hooks=hooks, follow_redirects=False) as http:
        yield Wire(_model(settings, key, http, timeout), settings, key)


@dataclass(frozen=True)
class Wire:
    """An open connection to one model."""

    model: Model[Any]
    settings: LlmSettings
    key: Key

    async def ask(self, system: str, user: str, output: type[BaseModel], *, timeout_s: float) -> Reply:
        """Send one request and return what came back; never raises for what a server or network does.

        A server may repeat the key it was given: nothing that is returned holds it.
        """
        reply = await self._sent(system, user, output, timeout_s)
        failure = reply.failure
        if failure is not None:
            failure = replace(failure, message=self.key.scrub(failure.message, ERROR_CHARS))
        return replace(reply, text=None if reply.text is None else self.key.hidden_in(reply.text), failure=failure)

    async def _sent(self, system: str, user: str, output: type[BaseModel], timeout_s: float) -> Reply:
        from pydantic_ai.direct import model_request
        from pydantic_ai.messages import ModelRequest, SystemPromptPart, UserPromptPart

        try:
            async with asyncio.timeout(timeout_s):
                response = await model_request(
                    self.model,
                    [ModelRequest(parts=[SystemPromptPart(system), UserPromptPart(user)])],
                    model_settings=self._model_settings(),
                    model_request_parameters=_parameters(output, self._is_by_tool),
                    instrument=False,
                )
        except Exception as error:  # noqa: BLE001 - whatever a server sends must end as a kind, not as a traceback
            return Reply(None, _failure_of(error, timeout_s))
        return _read(response)

    @property
    def _is_by_tool(self) -> bool:
        if self.settings.structured_output == "auto":
            return self.settings.named_provider.kind == "anthropic"
        return self.settings.structured_output == "tool"

    def _model_settings(self) -> ModelSettings:
        chosen: ModelSettings = {
            "max_tokens": self.settings.max_output_tokens,
            "max_retries": 0,
            "parallel_tool_calls": False,
        }
        if self.settings.temperature is not None:
            chosen["temperature"] = self.settings.temperature
        return chosen


def _model(settings: LlmSettings, key: Key, http: httpx2.AsyncClient, timeout: httpx2.Timeout) -> Model[Any]:
    named = settings.named_provider
    if named.kind == "anthropic":
        from anthropic import AsyncAnthropic
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        anthropic = AsyncAnthropic(
            api_key=key.secret,
            base_url=named.base_url or ANTHROPIC_URL,
            max_retries=0,
            timeout=timeout,
            http_client=http,
            open_telemetry=False,
        )
        return AnthropicModel(named.model, provider=AnthropicProvider(anthropic_client=anthropic))
    from openai import AsyncOpenAI
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.profiles.openai import OpenAIModelProfile
    from pydantic_ai.providers.openai import OpenAIProvider
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

    openai = AsyncOpenAI(
        api_key=key.secret or NO_KEY,
        base_url=named.base_url or OPENAI_URL,
        max_retries=0,
        timeout=timeout,
        http_client=http,
    )
    if named.kind == "openai":
        return OpenAIChatModel(named.model, provider=OpenAIProvider(openai_client=openai))
    # The older name of the limit is the one every compatible server knows.
    older = OpenAIModelProfile(openai_chat_supports_max_completion_tokens=False)
    provider = OpenAICompatibleProvider("compatible", openai_client=openai)
    return OpenAIChatModel(named.model, provider=provider, profile=older)


def _parameters(output: type[BaseModel], is_by_tool: bool) -> ModelRequestParameters:  # noqa: FBT001
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition
    from pydantic_ai.tools import ToolDefinition

    schema = output.model_json_schema()
    description = (output.__doc__ or "").strip().partition("\n")[0] or None
    if is_by_tool:
        tool = ToolDefinition(name=OUTPUT_TOOL, parameters_json_schema=schema, description=description, kind="output")
        return ModelRequestParameters(output_mode="tool", output_tools=[tool], allow_text_output=False)
    described = OutputObjectDefinition(json_schema=schema, name=OUTPUT_TOOL, description=description)
    return ModelRequestParameters(output_mode="native", output_object=described, allow_text_output=True)


async def _only_known_headers(request: httpx2.Request) -> None:
    for name in [name for name in request.headers if name.lower() not in SENT_HEADERS]:
        del request.headers[name]
    request.headers["accept-encoding"] = "identity"


async def _bounded(response: httpx2.Response) -> None:
    """Bound what is read; nothing is unpacked, because a few packed bytes can become any number."""
    response.headers.pop("content-encoding", None)
    response.stream = _bounded_stream(response.stream)


def _bounded_stream(stream: Any) -> Any:
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        """A response of which only so much is read."""

        async def __aiter__(self) -> AsyncIterator[bytes]:
            read = 0
            async for chunk in stream:
                read += len(chunk)
                if read > MAX_REPLY_BYTES:
                    raise _ReplyTooLong
                yield chunk

        async def aclose(self) -> None:
            await stream.aclose()

    return Bounded()


def _read(response: ModelResponse) -> Reply:
    """Return the answer of a response that is whole on the wire."""
    from pydantic_ai.messages import TextPart, ToolCallPart

    tokens = (max(response.usage.input_tokens, 0), max(response.usage.output_tokens, 0))
    refusal = (response.provider_details or {}).get("refusal")
    if response.finish_reason == "content_filter" or refusal:
        told = f": {refusal}" if refusal else ""
        return Reply(None, Failure(FailureKind.REFUSAL, f"the model refused to answer{told}"), *tokens)
    called = [part for part in response.parts if isinstance(part, ToolCallPart) and part.tool_name == OUTPUT_TOOL]
    text = (
        called[0].args_as_json_str()
        if called
        else "".join(part.content for part in response.parts if isinstance(part, TextPart))
    ).strip()
    if response.finish_reason == "length":
        message = "the answer was cut off: it needs more than max_output_tokens"
        return Reply(text[:MAX_REPLY_CHARS], Failure(FailureKind.TOO_LONG, message), *tokens)
    if len(text) > MAX_REPLY_CHARS:
        message = f"the answer has {len(text):,} characters; at most {MAX_REPLY_CHARS:,} are used"
        return Reply(text[:MAX_REPLY_CHARS], Failure(FailureKind.TOO_LONG, message), *tokens)
    if not text:
        return Reply(None, Failure(FailureKind.EMPTY, "the answer was empty"), *tokens)
    return Reply(text, None, *tokens)


def _failure_of(error: Exception, timeout_s: float) -> Failure:
    """Return the kind of what pydantic-ai, an SDK, or the network raised."""
    from pydantic_ai import exceptions

    chain = _chain(error)
    if any(isinstance(link, _ReplyTooLong) for link in chain):
        return Failure(FailureKind.TOO_LONG, f"the response has more than {MAX_REPLY_BYTES:,} bytes")
    kinds: list[tuple[type[Exception] | tuple[type[Exception], ...], FailureKind]] = [
        ((TimeoutError, exceptions.ModelTimeoutError, exceptions.ModelRequestTimeout), FailureKind.TIMEOUT),
        (exceptions.ModelConnectionError, FailureKind.CONNECTION),
        (exceptions.ModelQuotaExceededError, FailureKind.QUOTA),
        (exceptions.ModelRateLimitError, FailureKind.RATE_LIMIT),
        ((exceptions.ModelUnavailableError, exceptions.ModelServerError), FailureKind.SERVER_ERROR),
        (exceptions.ModelContextWindowExceededError, FailureKind.PROMPT_TOO_LONG),
        (exceptions.ModelAuthenticationError, FailureKind.UNAUTHORIZED),
        (exceptions.ModelNotFoundError, FailureKind.UNKNOWN_MODEL),
        (exceptions.ContentFilterError, FailureKind.REFUSAL),
        (exceptions.UserError, FailureKind.REJECTED),
    ]
    retry_after_s = getattr(error, "retry_after", None)
    for types, kind in kinds:
        if isinstance(error, types):
            told = f"no answer within {timeout_s:.3g} s" if kind is FailureKind.TIMEOUT else _told(error)
            return Failure(kind, told, retry_after_s)
    broken = next((link for link in chain if isinstance(link, json.JSONDecodeError)), None)
    if broken is not None:
        if not broken.doc.strip():
            return Failure(FailureKind.EMPTY, "the response had no body")
        return Failure(FailureKind.BROKEN_JSON, f"the response is not JSON: {broken.msg} at character {broken.pos}")
    status = getattr(error, "status_code", 0)
    if status >= 500:
        return Failure(FailureKind.SERVER_ERROR, _told(error), retry_after_s)
    if isinstance(error, exceptions.ModelAPIError):
        has_status = any(getattr(link, "status_code", None) for link in chain)
        return Failure(FailureKind.REJECTED if has_status else FailureKind.BROKEN_JSON, _told(error))
    if isinstance(error, exceptions.UnexpectedModelBehavior):
        return Failure(FailureKind.WRONG_SCHEMA, f"the response is not of the provider's form: {_told(error)}")
    return Failure(FailureKind.WRONG_SCHEMA, f"the response could not be read: {type(error).__name__}: {error}")


def _told(error: Exception) -> str:
    """Return what an error says, with the status and the provider's own words where there are some."""
    status = getattr(error, "status_code", None)
    body = getattr(error, "body", None)
    detail = body.get("error", body) if isinstance(body, dict) else body
    words = detail.get("message") if isinstance(detail, dict) else detail
    if status is None:
        return str(error)
    return f"status {status}" if not words else f"status {status}: {words}"


def _chain(error: BaseException) -> list[BaseException]:
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__
    return links
