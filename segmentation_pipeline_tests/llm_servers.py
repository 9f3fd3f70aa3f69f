"""A loopback server that speaks the two wire protocols of language models, and fails on demand.

`POST /v1/chat/completions` is OpenAI's, `POST /v1/messages` Anthropic's; the forms are those the public API references
describe, as far as pydantic-ai uses them: answers as `response_format` text or as a forced tool call, errors in each
protocol's envelope. A request of the wrong form, or with the wrong key, is answered as the real servers answer it.

    with ModelServer() as server:
        server.will(rate_limited("1"), answer({"title": "Owls"}))    # one step a request, in order of arrival
        ... ask server.openai_provider or server.anthropic_provider ...
        assert len(server.requests) == 2
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "sk-test-0123456789abcdefSECRET"
"""The key the server knows; tests grep for it."""

INPUT_TOKENS = 120
OUTPUT_TOKENS = 30


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def prompt(self) -> str:
        """All text the model would read."""
        texts = [self.body.get("system", "")] + [message["content"] for message in self.body["messages"]]
        return "\n".join(text if isinstance(text, str) else _joined(text) for text in texts)

    @property
    def is_anthropic(self) -> bool:
        return self.path.endswith("/messages")


def _joined(blocks):
    return "\n".join(block.get("text", "") for block in blocks)


@dataclass(frozen=True)
class Answering:
    """What a step may do: look at the request, and send or break off."""

    handler: Any
    received: Received
    stopping: threading.Event

    def send(self, status, payload, headers=None):
        self.send_bytes(status, json.dumps(payload).encode(), headers)

    def send_bytes(self, status, body, headers=None, *, declared=None, content_type="application/json"):
        handler = self.handler
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body) if declared is None else declared))
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
        handler.wfile.flush()

    def send_error(self, status, message, headers=None, *, error_type="server_error", code=None):
        if self.received.is_anthropic:
            payload = {"type": "error", "error": {"type": error_type, "message": message}}
        else:
            payload = {"error": {"message": message, "type": error_type, "param": None, "code": code}}
        self.send(status, payload, headers)

    def send_text(self, text, *, reason=None, refusal=None):
        """Send an answer in the way it was asked for: text of a response format, or arguments of a forced tool."""
        self.send(200, completion(self.received, text, reason=reason, refusal=refusal))


def completion(received: Received, text: str, *, reason=None, refusal=None) -> dict[str, Any]:
    """Return the body of a successful response in the protocol of the request."""
    tools = received.body.get("tools")
    if received.is_anthropic:
        if refusal is not None:
            content = [{"type": "text", "text": refusal}]
        elif tools and _is_object(text):
            content = [{"type": "tool_use", "id": "toolu_1", "name": tools[0]["name"], "input": json.loads(text)}]
        else:
            content = [{"type": "text", "text": text}]
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": received.body["model"],
            "content": content,
            "stop_reason": "refusal" if refusal else reason or ("tool_use" if tools else "end_turn"),
            "stop_sequence": None,
            "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS},
        }
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": refusal}
    if refusal is not None:
        message["content"] = None
    elif tools:
        function = {"name": tools[0]["function"]["name"], "arguments": text}
        message |= {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
    finish = {"max_tokens": "length"}.get(reason, reason) or ("tool_calls" if tools and not refusal else "stop")
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": received.body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": {
            "prompt_tokens": INPUT_TOKENS,
            "completion_tokens": OUTPUT_TOKENS,
            "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        },
    }


def _is_object(text):
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


# Steps: what happens to one request.


def answer(value):
    """A usable answer: an object, or a function of the request that returns one."""
    return lambda to: to.send_text(json.dumps(value(to.received) if callable(value) else value))


def text(words):
    """Any text as the answer, JSON or not."""
    return lambda to: to.send_text(words)


def refusal(words="I cannot help with that."):
    return lambda to: to.send_text("", refusal=words)


def cut_off(words='{"title": "Ow'):
    """An answer that ran into the limit of tokens."""
    return lambda to: to.send_text(words, reason="max_tokens")


def rate_limited(retry_after=None):
    """429; `retry_after` as the header says it: seconds or an HTTP date."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return lambda to: to.send_error(
        429, "Too many requests", headers, error_type="rate_limit_error", code="rate_limit_exceeded"
    )


def failing(status=500, message="The server had an error", **more):
    return lambda to: to.send_error(status, message, **more)


def redirecting(address):
    return lambda to: to.send(307, {}, {"Location": address})


def slow(seconds, then=None):
    """Say nothing for so long; then go on, or close."""

    def step(to):
        if not to.stopping.wait(seconds) and then is not None:
            then(to)
        to.handler.close_connection = True

    return step


def drip(to):
    """Send a byte now and then, so that no single read takes long."""
    to.send_bytes(200, b" ", declared=100_000)
    while not to.stopping.wait(0.05):
        to.handler.wfile.write(b" ")
        to.handler.wfile.flush()


def packed(value):
    """A good answer, compressed though nobody asked for that."""

    def step(to):
        whole = json.dumps(completion(to.received, json.dumps(value))).encode()
        to.send_bytes(200, gzip.compress(whole), {"Content-Encoding": "gzip"})

    return step


def cut_body(value=None):
    """Close the connection in the middle of a good answer."""

    def step(to):
        whole = json.dumps(completion(to.received, json.dumps(value or {"title": "Owls"}))).encode()
        to.send_bytes(200, whole[: len(whole) // 2], declared=len(whole))
        close(to)

    return step


def close(to):
    """Close the connection at once."""
    to.handler.close_connection = True
    with contextlib.suppress(OSError):
        to.handler.connection.shutdown(socket.SHUT_RDWR)


def empty_body(to):
    to.send_bytes(200, b"")


def truncated_body(to):
    """A whole HTTP response of half a JSON document."""
    whole = json.dumps(completion(to.received, '{"title": "Owls"}')).encode()
    to.send_bytes(200, whole[: len(whole) // 2])


def wrong_body(to):
    """JSON that is not of the protocol."""
    to.send(200, {"hello": ["world"]})


def page(to):
    """A page of some proxy."""
    to.send_bytes(200, b"<html><body>Welcome</body></html>", content_type="text/html")


def error_page(to):
    to.send_bytes(502, b"<html><body>Bad gateway</body></html>", content_type="text/html")


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Say nothing: clients that hang up are what many tests are about."""


class ModelServer:
    """A loopback server on a free port. Steps are taken in order; after the last, `otherwise` answers for good."""

    def __init__(self, otherwise: Callable[[Answering], None] | None = None, *, key: str = KEY) -> None:
        self.otherwise = otherwise or answer({"title": "Owls"})
        self.key = key
        self.requests: list[Received] = []
        self.most_at_once = 0
        self._at_once = 0
        self._steps: deque[Callable[[Answering], None]] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._http = _QuietServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> ModelServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Free the port: whoever asks now is refused."""
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def will(self, *steps: Callable[[Answering], None]) -> None:
        """Append what happens to the next requests, one step each."""
        self._steps.extend(steps)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def openai_provider(self) -> str:
        """The setting that asks this server by OpenAI's protocol."""
        return f"openai-compatible:test-model@{self.url}/v1"

    @property
    def anthropic_provider(self) -> str:
        """The setting that asks this server by Anthropic's protocol."""
        return f"anthropic:claude-sonnet-4-20250514@{self.url}"

    def _handler(server):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                received = Received(self.path, headers, json.loads(raw))
                to = Answering(self, received, server._stopping)
                with server._lock:
                    server.requests.append(received)
                    server._at_once += 1
                    server.most_at_once = max(server.most_at_once, server._at_once)
                    step = server._steps.popleft() if server._steps else server.otherwise
                try:
                    (server._refusal(received) or step)(to)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True
                finally:
                    with server._lock:
                        server._at_once -= 1

        return Handler

    def _refusal(self, received: Received):
        """Return the step that turns away a request real servers would not take, or None."""
        body, headers = received.body, received.headers
        if received.path not in ("/v1/chat/completions", "/v1/messages"):
            return failing(404, f"no such path {received.path}", error_type="not_found_error")
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if received.is_anthropic:
            given = headers.get("x-api-key", given)
        if given != self.key:
            return failing(
                401, f"Incorrect API key provided: {given}", error_type="authentication_error", code="invalid_api_key"
            )
        is_formed = body.get("model") and body.get("messages") and body["messages"][-1]["role"] == "user"
        if received.is_anthropic:
            is_formed = is_formed and body.get("max_tokens") and headers.get("anthropic-version")
            is_formed = is_formed and all(tool.get("input_schema") for tool in body.get("tools", []))
        else:
            tools = body.get("tools", [])
            is_formed = is_formed and all(tool.get("type") == "function" for tool in tools)
            form = body.get("response_format")
            is_formed = is_formed and (form is None or form["json_schema"]["schema"]["type"] == "object")
        return None if is_formed else failing(400, "malformed request", error_type="invalid_request_error")
