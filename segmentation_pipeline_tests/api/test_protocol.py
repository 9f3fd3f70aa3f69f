"""Connections that send too much, too slowly, or are too many, against a real server on loopback."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time

import pytest
import uvicorn

from segmentation_pipeline.api import protocol

START = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


async def body_length(scope, receive, send):
    """Answer with how long the body was."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    told = str(length).encode()
    headers = [(b"content-length", str(len(told)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": told})


@pytest.fixture
def port():
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        body_length, http=protocol.ProblemProtocol, ws="none", lifespan="off", log_config=None, timeout_keep_alive=30
    )
    server = uvicorn.Server(config)
    running = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    running.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    running.join()
    listening.close()


@contextlib.contextmanager
def connected(port):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        yield connection


def answer_to(connection, sent=()):
    """Send what the server takes, and return all it says until it hangs up."""
    with contextlib.suppress(OSError):
        for piece in sent:
            connection.sendall(piece)
    told = b""
    with contextlib.suppress(OSError):
        while part := connection.recv(65536):
            told += part
    return told


def problem_in(told):
    head, _, body = told.partition(b"\r\n\r\n")
    problem = json.loads(body)
    assert b"content-type: application/problem+json" in head
    assert "Next: " in problem["detail"]
    assert head.startswith(f"HTTP/1.1 {problem['status']} {problem['title']}\r\n".encode())
    return problem["status"]


LARGE = b"x" * 10_000

HEADS = {
    "many headers": [START, *[b"X-A: " + LARGE + b"\r\n"] * 10],
    "one header without end": [START, b"X-A: ", *[LARGE] * 100],
    "a header in one piece": [START + b"X-A: " + LARGE * 10 + b"\r\n\r\n"],
    "a long address": [b"GET /", *[LARGE] * 10],
    "headers after a body in chunks": [
        START + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n",
        *[b"X-A: " + LARGE + b"\r\n"] * 10,
    ],
    "a chunk that says too much of itself": [START + b"Transfer-Encoding: chunked\r\n\r\n1;", *[LARGE] * 100],
}


@pytest.mark.parametrize("name", HEADS)
def test_more_head_than_it_takes_is_refused(port, name):
    with connected(port) as connection:
        assert problem_in(answer_to(connection, HEADS[name])) == 431


def test_large_heads_and_bodies_within_bounds_are_taken_one_after_the_other(port):
    asked = START + b"Content-Length: 200000\r\nX-A: " + b"x" * 60_000 + b"\r\n\r\n" + b"b" * 200_000
    with connected(port) as connection:
        connection.sendall(asked * 2 + asked.replace(b"Host", b"Connection: close\r\nHost"))
        told = answer_to(connection)
    assert told.count(b"HTTP/1.1 200 ") == told.count(b"\r\n\r\n200000") == 3


SLOW = {
    "nothing": b"",
    "blank lines": b"\r\n",
    "half a head": START,
    "half a body": START + b"Content-Length: 9\r\n\r\nb",
}


@pytest.mark.parametrize("name", SLOW)
def test_a_request_that_does_not_come_whole_is_given_up(port, monkeypatch, name):
    monkeypatch.setattr(protocol, "REQUEST_S", 0.3)
    with connected(port) as connection:
        connection.sendall(SLOW[name])
        assert problem_in(answer_to(connection)) == 408


def test_who_was_answered_may_wait_longer_than_a_request_may_take(port, monkeypatch):
    monkeypatch.setattr(protocol, "REQUEST_S", 0.3)
    with connected(port) as connection:
        for _ in range(2):
            connection.sendall(START + b"Content-Length: 1\r\n\r\nb")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            time.sleep(0.6)


def test_more_connections_than_it_keeps_are_turned_away_until_one_ends(port, monkeypatch):
    monkeypatch.setattr(protocol, "MOST_CONNECTIONS", 2)
    asked = START + b"Connection: close\r\nContent-Length: 1\r\n\r\nb"
    with connected(port) as first, connected(port):
        first.sendall(START)
        with connected(port) as third:
            assert problem_in(answer_to(third)) == 503
        first.sendall(b"Connection: close\r\nContent-Length: 1\r\n\r\nb")
        assert answer_to(first).startswith(b"HTTP/1.1 200 ")
        time.sleep(0.2)
        with connected(port) as fourth:
            assert answer_to(fourth, [asked]).startswith(b"HTTP/1.1 200 ")
