"""Loopback servers that speak the APIs segments are written to, keep what they were told, and fail on demand.

PostHog's `POST /batch/` (key in the body, events with `$set` and `$unset`), Attio's `PUT`, `PATCH` and search of
records (bearer key, matching attribute), and a receiver of signed webhooks; forms and errors as the public references
describe them.

    with PosthogServer() as server:
        server.will(rate_limited("1"), failing(500), taking)     # one step a request, in order of arrival
        ... sync to server.url ...
        assert server.persons == {"u1": {...}}
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import socket
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

POSTHOG_KEY = "phc_0123456789abcdefSECRETposthog"
ATTIO_KEY = "0123456789abcdefSECRETattio"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"0123456789abcdefSECRETwebhook").decode()


class Answering:
    """One request under way: what was asked, and ways to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler, server: Server, raw: bytes) -> None:
        self.handler = handler
        self.server = server
        self.raw = raw
        self.path = handler.path
        self.method = handler.command
        self.headers = {name.lower(): value for name, value in handler.headers.items()}

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw)

    def send(self, status: int, payload: Any, headers: dict[str, str] | None = None, *, declared: int | None = None):
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", "application/json")
        self.handler.send_header("Content-Length", str(len(body) if declared is None else declared))
        for name, value in (headers or {}).items():
            self.handler.send_header(name, value)
        self.handler.end_headers()
        self.handler.wfile.write(body)
        self.handler.wfile.flush()

    def close(self) -> None:
        self.handler.close_connection = True
        with contextlib.suppress(OSError):
            self.handler.connection.shutdown(socket.SHUT_RDWR)


# Steps: what happens to one request.


def taking(to: Answering) -> None:
    """Take it and say so."""
    to.server.take(to)


def rate_limited(retry_after: str | Callable[[], str] | None = None):
    """429; `retry_after` as the header says it: seconds, or an HTTP date (a function, so that it lies ahead)."""

    def step(to):
        told = retry_after() if callable(retry_after) else retry_after
        to.send(429, {"message": "Rate limit exceeded"}, {} if told is None else {"Retry-After": told})

    return step


def failing(status=500, message="The server had an error", **headers):
    return lambda to: to.send(status, {"status_code": status, "message": message}, headers)


def redirecting(address):
    return lambda to: to.send(307, {}, {"Location": address})


def slow(seconds):
    """Say nothing for so long, then hang up."""

    def step(to):
        to.server.stopping.wait(seconds)
        to.close()

    return step


def drip(to):
    """Take it, then send a byte now and then, so that no single read takes long."""
    to.server.apply(to)
    to.send(200, b" ", declared=100_000)
    while not to.server.stopping.wait(0.05):
        to.handler.wfile.write(b" ")
        to.handler.wfile.flush()


def cut(to):
    """Close the connection before anything is said or done."""
    to.close()


def taken_then_cut(to):
    """Take it, and close the connection in the middle of the answer."""
    to.server.apply(to)
    to.send(200, b'{"sta', declared=40)
    to.close()


def half_taken(status=500):
    """Take the first half of a batch, then fail as a whole."""

    def step(to):
        to.server.apply(to, share=0.5)
        to.send(status, {"message": "failed halfway"})

    return step


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """Say nothing: connections that end are what many tests are about."""


class Server:
    """Steps are taken in order; after the last, `otherwise` answers for good."""

    def __init__(self, otherwise: Callable[[Answering], None] = taking, *, port: int = 0) -> None:
        self.otherwise = otherwise
        self.requests: list[Answering] = []
        self.arrived_at: list[float] = []
        self.stopping = threading.Event()
        self.lock = threading.RLock()
        self._steps: deque[Callable[[Answering], None]] = deque()
        self._http = _Quiet(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def will(self, *steps: Callable[[Answering], None]) -> None:
        self._steps.extend(steps)

    def refusal(self, to: Answering):
        """Return the step that turns away what the real server would not take, or None."""

    def apply(self, to: Answering, share: float = 1.0) -> Any:
        """Do what was asked, or the first part of it; return what to answer."""
        raise NotImplementedError

    def take(self, to: Answering) -> None:
        to.send(200, self.apply(to))

    def _handler(server):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                to = Answering(self, server, self.rfile.read(int(self.headers["Content-Length"])))
                with server.lock:
                    server.requests.append(to)
                    server.arrived_at.append(time.monotonic())
                    step = server._steps.popleft() if server._steps else server.otherwise
                try:
                    (server.refusal(to) or step)(to)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def do_PUT(self):
                self.do_POST()

            def do_PATCH(self):
                self.do_POST()

        return Handler


class PosthogServer(Server):
    """`persons`: properties by distinct id; `writes`: how often each id was written."""

    def __init__(self, otherwise=taking, *, key: str = POSTHOG_KEY, port: int = 0) -> None:
        super().__init__(otherwise, port=port)
        self.key = key
        self.persons: dict[str, dict[str, Any]] = {}
        self.writes: dict[str, int] = {}
        self.poison: set[str] = set()

    def refusal(self, to):
        body = to.body
        if urlsplit(to.path).path != "/batch/":
            return failing(404, f"no such path {to.path}")
        if body.get("api_key") != self.key:
            return failing(401, f"API key {body.get('api_key')} invalid")
        events = body.get("batch") or []
        if not events or any(event["event"] != "$set" or not event["distinct_id"] for event in events):
            return failing(400, "malformed batch")
        if self.poison & {event["distinct_id"] for event in events}:
            return failing(400, "invalid distinct_id")
        return None

    def apply(self, to, share=1.0):
        events = to.body["batch"]
        with self.lock:
            for event in events[: int(len(events) * share)]:
                person = self.persons.setdefault(event["distinct_id"], {})
                self.writes[event["distinct_id"]] = self.writes.get(event["distinct_id"], 0) + 1
                person.update(event["properties"].get("$set", {}))
                for name in event["properties"].get("$unset", []):
                    person.pop(name, None)
        return {"status": "Ok"}

    def segments(self) -> dict[str, str]:
        """Return the segment of each person who has one."""
        return {
            person: told["behavior_segment_id"]
            for person, told in self.persons.items()
            if "behavior_segment_id" in told
        }


class AttioServer(Server):
    """`records`: values by record id."""

    def __init__(self, otherwise=taking, *, key: str = ATTIO_KEY) -> None:
        super().__init__(otherwise)
        self.key = key
        self.records: dict[str, dict[str, Any]] = {}
        self.attributes = {
            "email_addresses", "behavior_segment_id", "behavior_segment_label", "behavior_segment_confidence",
        }  # fmt: skip

    def refusal(self, to):
        if to.headers.get("authorization") != f"Bearer {self.key}":
            return failing(401, f"Could not find access token {to.headers.get('authorization')}")
        parts = urlsplit(to.path).path.split("/")
        if parts[1:5] != ["v2", "objects", "people", "records"]:
            return failing(404, f"Could not find object in {to.path}")
        if to.method == "POST":
            return None if parts[5:] == ["query"] else failing(404, f"no such path {to.path}")
        unknown = sorted(set(to.body["data"]["values"]) - self.attributes)
        if unknown:
            return failing(400, f"Cannot find attribute with slug/ID {unknown[0]}.")
        if to.method == "PATCH" and parts[5] not in self.records:
            return failing(404, "Record not found")
        if to.method == "PUT" and not parse_qs(urlsplit(to.path).query).get("matching_attribute"):
            return failing(400, "matching_attribute is required")
        return None

    def apply(self, to, share=1.0):
        path = urlsplit(to.path)
        with self.lock:
            if to.method == "POST":
                ((attribute, sought),) = to.body["filter"].items()
                return {"data": [{"id": {"record_id": one}} for one in self.matching(attribute, sought)]}
            values = to.body["data"]["values"]
            if to.method == "PATCH":
                record_id = path.path.split("/")[5]
            else:
                (attribute,) = parse_qs(path.query)["matching_attribute"]
                record_id = next(iter(self.matching(attribute, values[attribute])), f"rec-{len(self.records) + 1}")
            self.records.setdefault(record_id, {}).update(values)
        return {"data": {"id": {"record_id": record_id}, "values": {}}}

    def matching(self, attribute: str, sought: str) -> list[str]:
        """Return the ids of the records with this value; Attio tells no addresses apart by case."""
        return [one for one, held in self.records.items() if held.get(attribute, "").lower() == sought.lower()]


class WebhookReceiver(Server):
    """`users`: what is known of each external id; `failed_next`: reasons by external id for the next message."""

    def __init__(self, otherwise=taking, *, secret: str = WEBHOOK_SECRET) -> None:
        super().__init__(otherwise)
        self.secret = base64.b64decode(secret.removeprefix("whsec_"))
        self.users: dict[str, dict[str, Any]] = {}
        self.failed_next: dict[str, str] = {}
        self.messages: list[dict[str, Any]] = []

    def refusal(self, to):
        signed = f"{to.headers['webhook-id']}.{to.headers['webhook-timestamp']}.".encode() + to.raw
        expected = base64.b64encode(hmac.new(self.secret, signed, hashlib.sha256).digest()).decode()
        if to.headers["webhook-signature"] != f"v1,{expected}":
            return failing(401, "signature does not match")
        return None

    def apply(self, to, share=1.0):
        with self.lock:
            self.messages.append(to.body)
            failed, self.failed_next = self.failed_next, {}
            for change in to.body["data"].get("changes", []):
                if change["external_id"] in failed:
                    continue
                if change["action"] == "clear":
                    self.users.pop(change["external_id"], None)
                else:
                    self.users[change["external_id"]] = change
        return {"failed": [{"external_id": one, "reason": why} for one, why in failed.items()]} if failed else {}
