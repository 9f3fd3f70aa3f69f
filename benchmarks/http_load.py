"""Load for a server on loopback: requests at a fixed rate or as fast as they are answered, over raw sockets.

Nothing is parsed but the status and the length of an answer, so that the generator is never the bound.
Add here: another pattern of load. Keep out: servers, and what the figures mean (api.py).
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import cast

import uvloop

TICK_S = 0.002
"""Seconds between bursts of a fixed rate: far below any latency that is judged."""

DRAIN_S = 10.0
"""Seconds to wait for the last answers."""


@dataclass
class Load:
    """What came of a load: statuses, and seconds from the moment each request was due to its answer, by status."""

    seconds: float = 0.0  # until the last answer
    due_count: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies_s: dict[int, list[float]] = field(default_factory=dict)

    def per_second(self, status: int = 200) -> float:
        """Return answers of a status a second."""
        return self.statuses[status] / self.seconds

    def quantile_ms(self, share: float, status: int = 200) -> float:
        """Return the latency that a share of the answers of a status stays under."""
        found = sorted(self.latencies_s.get(status, [float("inf")]))
        return found[min(int(share * len(found)), len(found) - 1)] * 1000


class _Connection(asyncio.Protocol):
    def __init__(self, load: Load, *, on_answer: asyncio.Queue[_Connection] | None = None) -> None:
        self._load, self._on_answer = load, on_answer
        self._due: deque[float] = deque()
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes, due: float) -> None:
        self._due.append(due)
        self._transport.write(request)

    @property
    def waiting(self) -> int:
        return len(self._due)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while True:
            head = self._rest.find(b"\r\n\r\n")
            if head < 0:
                return
            start = self._rest.lower().find(b"content-length:", 0, head)
            length = int(self._rest[start + 15 : self._rest.find(b"\r\n", start)])
            if len(self._rest) < head + 4 + length:
                return
            status = int(self._rest[9:12])
            self._rest = self._rest[head + 4 + length :]
            self._load.statuses[status] += 1
            self._load.latencies_s.setdefault(status, []).append(time.perf_counter() - self._due.popleft())
            if self._on_answer is not None:
                self._on_answer.put_nowait(self)


def as_fast_as_answered(port: int, requests: list[bytes], *, connections: int, seconds: float) -> Load:
    """Return what comes of connections that each ask again as soon as they are answered."""
    return uvloop.run(_closed(port, requests, connections, seconds))


def at_rate(port: int, requests: list[bytes], *, per_second: float, connections: int, seconds: float) -> Load:
    """Return what comes of requests sent at a fixed rate, whether answers come or not."""
    return uvloop.run(_open(port, requests, per_second, connections, seconds))


async def _closed(port: int, requests: list[bytes], connections: int, seconds: float) -> Load:
    load, free = Load(), asyncio.Queue[_Connection]()
    for made in await _connected(port, connections, load, free):
        free.put_nowait(made)
    started = time.perf_counter()
    while (now := time.perf_counter()) < started + seconds:
        connection = await free.get()
        connection.ask(requests[load.due_count % len(requests)], now)
        load.due_count += 1
    load.seconds = time.perf_counter() - started
    return load


async def _open(port: int, requests: list[bytes], per_second: float, connections: int, seconds: float) -> Load:
    load = Load()
    made = await _connected(port, connections, load, None)
    started = time.perf_counter()
    while (now := time.perf_counter()) < started + seconds:
        while load.due_count < (now - started) * per_second:
            due = started + load.due_count / per_second
            made[load.due_count % connections].ask(requests[load.due_count % len(requests)], due)
            load.due_count += 1
        await asyncio.sleep(TICK_S)
    end = time.perf_counter() + DRAIN_S
    while any(connection.waiting for connection in made) and time.perf_counter() < end:
        await asyncio.sleep(TICK_S)
    load.seconds = time.perf_counter() - started
    return load


async def _connected(port: int, count: int, load: Load, free: asyncio.Queue[_Connection] | None) -> list[_Connection]:
    loop = asyncio.get_running_loop()
    return [
        (await loop.create_connection(lambda: _Connection(load, on_answer=free), "127.0.0.1", port))[1]
        for _ in range(count)
    ]


def post(path: str, body: bytes) -> bytes:
    """Return a request with a JSON body, as bytes."""
    told = f"Host: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return f"POST {path} HTTP/1.1\r\n{told}".encode() + body


def get(path: str) -> bytes:
    """Return a request without a body, as bytes."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
