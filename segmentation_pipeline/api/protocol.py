"""One connection: how much and how slowly a caller may send before it hangs up; what is no HTTP is told as a problem.

Add here: another bound on what a connection costs before the application is asked. Keep out: what requests may hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from segmentation_pipeline.api.problems import RETRY, Problem

if TYPE_CHECKING:
    import asyncio

MOST_HEAD_BYTES = 64 * 1024
"""Of address and headers; also of what may come without the parser making anything of it, such as one long header."""

MOST_CONNECTIONS = 512
"""Open at once; below the 1,024 files a process may usually open."""

REQUEST_S = 30.0
"""Seconds a request may take to arrive whole, from the first moment a connection could send it."""

LARGE_HEAD = Problem(431, f"Address and headers have at most {MOST_HEAD_BYTES:,} bytes. Next: send less of them.")
TOO_SLOW = Problem(408, f"No whole request came within {REQUEST_S:.0f} seconds. Next: ask again.")
TOO_MANY = Problem(503, "Too many connections at once. Next: ask again later.", headers=RETRY)


class _HeadTooLarge(Exception):
    """Ends the parsing of a request."""


class ProblemProtocol(HttpToolsProtocol):
    """uvicorn's protocol with bounds; a connection that goes beyond one is told why and closed."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._head_bytes = self._unparsed_bytes = 0
        self._due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > MOST_CONNECTIONS:
            self._hang_up(TOO_MANY)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        self._wait()
        self._unparsed_bytes += len(data)
        super().data_received(data)
        if self._unparsed_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
            self._hang_up(LARGE_HEAD)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._head_bytes = 0
        self._wait()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or one that follows a body sent in chunks."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Give the request to the application."""
        self._unparsed_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._unparsed_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._unparsed_bytes = 0
        self._wait_no_longer()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer an unreadable request and hang up."""
        self._hang_up(LARGE_HEAD if self._head_bytes > MOST_HEAD_BYTES else Problem(400, f"{msg} Next: correct it."))

    def _count(self, byte_count: int) -> None:
        """Add to the head of the request.

        Raises:
            _HeadTooLarge: it is too large; the parser passes this on as an unreadable request.
        """
        self._unparsed_bytes = 0
        self._head_bytes += byte_count
        if self._head_bytes > MOST_HEAD_BYTES:
            raise _HeadTooLarge

    def _wait(self) -> None:
        if self._due is None:
            self._due = self.loop.call_later(REQUEST_S, self._hang_up, TOO_SLOW)

    def _wait_no_longer(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _hang_up(self, problem: Problem) -> None:
        """Close the connection, and say why unless that would stand within another answer."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            start, body = problem.messages
            lines = [f"HTTP/1.1 {problem.status} {problem.title}".encode(), b"connection: close"]
            lines += [b": ".join(header) for header in start["headers"]]
            self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + body["body"])
        self.transport.close()
