"""What stands before every route: host, load, token, rate, size; and no error leaves but as a problem.

Plain ASGI and nothing awaited that need not be: it is on the way of every request.
Add here: another condition all requests must meet. Keep out: what a route alone wants (routes.py).
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from segmentation_pipeline.api.limits import Lag, Rates
from segmentation_pipeline.api.problems import OURS, RETRY, Problem, problem_of
from segmentation_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from segmentation_pipeline.api.callers import Callers
    from segmentation_pipeline.surface_settings import ApiSettings

ALWAYS_ANSWERED = ("/healthz", "/readyz")
"""Asked by what restarts the server: neither rate nor load turns them away."""

CALLER = "segpipe.caller"
"""Key of the scope under which a route finds the token a request came with."""

OTHER_HOST = Problem(421, "This server answers for localhost. Next: name other hosts as `allowed_hosts` under [api].")
TOO_BUSY = Problem(503, "Too many requests at once. Next: ask again later.", headers=RETRY)
TOO_OFTEN = Problem(429, "More requests a second than one caller may make. Next: ask again later.", headers=RETRY)
DEFECT = Problem(500, "The server failed; its log tells where.")
"""Made once: turning a request away must cost far less than answering it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """The headers of a request that decide whether it is let in."""

    host: str
    authorization: str | None
    length: int | None

    @classmethod
    def of(cls, scope: Scope) -> Asked:
        """Read them; a header given twice counts by its last."""
        found = {}
        for name, value in scope["headers"]:
            if name in _HEADERS:
                found[name] = value.decode("latin-1")
        length = found.get(b"content-length", "")
        return cls(
            found.get(b"host", ""),
            found.get(b"authorization"),
            int(length) if length.isascii() and length.isdigit() else None,
        )


_HEADERS = frozenset((b"host", b"authorization", b"content-length"))


class Guard:
    """Lets requests through to the app, or answers them itself.

    `hosts`: names a request must be addressed to (against DNS rebinding); None off loopback, where `needs_token`.
    """

    def __init__(
        self, app: ASGIApp, settings: ApiSettings, callers: Callers, *, hosts: frozenset[str] | None, needs_token: bool
    ) -> None:
        self._app, self._callers = app, callers
        self._hosts, self._needs_token = hosts, needs_token
        self._rates = Rates(settings.requests_per_second)
        self._lag = Lag(settings.max_lag_ms / 1000)
        self._most_in_flight, self._in_flight = settings.max_in_flight, 0
        self._most_bytes = settings.max_body_kb * 1024

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on the start and end of the server."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._lag.start()
        try:
            await self._app(scope, receive, send)
        finally:
            self._lag.stop()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._in_flight += 1
        try:
            asked = Asked.of(scope)
            refused = await self._refused(scope, asked)
            if refused is not None:
                await _tell(refused, send)
            else:
                await self._pass_on(scope, receive if asked.length is not None else self._bounded(receive), send)
        except PipelineError as error:
            await _tell(problem_of(error), send)
        finally:
            self._in_flight -= 1

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_started = False

        async def sent(message: Message) -> None:
            nonlocal is_started
            if message["type"] == "http.response.start":
                is_started = True
                message["headers"] = [*message.get("headers", ()), *OURS]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception as error:  # noqa: BLE001 - whatever a defect raises is told as a problem, and logged
            log_defect(scope, error)
            if not is_started:
                await _tell(DEFECT, send)

    async def _refused(self, scope: Scope, asked: Asked) -> Problem | None:
        """Return why a request is not let in; None where it is, and then its token is beside it.

        Raises:
            StateError: tokens cannot be looked up.
        """
        if self._hosts is not None and _name_of(asked.host) not in self._hosts:
            return OTHER_HOST
        is_free = scope["path"] in ALWAYS_ANSWERED
        if not is_free and (self._in_flight > self._most_in_flight or self._lag.is_too_long()):
            return TOO_BUSY
        token = None if asked.authorization is None else await self._callers.of(asked.authorization)
        if token is None and (self._needs_token or asked.authorization is not None):
            return unauthorised(is_known=asked.authorization is not None)
        scope[CALLER] = token
        if not is_free and not self._rates.admits(token.token_id if token else (scope.get("client") or ("",))[0]):
            return TOO_OFTEN
        if asked.length is not None and asked.length > self._most_bytes:
            return self._too_large()
        return None

    def _bounded(self, receive: Receive) -> Receive:
        """Count the bytes of a body whose length nobody told."""
        left = self._most_bytes

        async def received() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                problem = self._too_large()  # what still comes may never end, so this hangs up
                raise HTTPException(problem.status, problem.detail, {"Connection": "close"})
            return message

        return received

    def _too_large(self) -> Problem:
        return Problem(413, f"A body has at most {self._most_bytes:,} bytes. Next: send smaller batches.")


def unauthorised(*, is_known: bool) -> Problem:
    """Return the problem of a request without a token, or with one that opens nothing."""
    said = 'Bearer realm="segpipe", error="invalid_token"' if is_known else 'Bearer realm="segpipe"'
    detail = (
        "This token is unknown or revoked. Next: `segpipe api token create` makes another."
        if is_known
        else "This needs a token. Next: `segpipe api token create`, then send `Authorization: Bearer TOKEN`."
    )
    return Problem(401, detail, headers={"WWW-Authenticate": said})


def log_defect(scope: Scope, error: BaseException) -> None:
    """Log where an unexpected error came from; neither its text nor the request, which may hold what is secret."""
    route = getattr(scope.get("route"), "path", "no route")
    where = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s %s failed with %s\n%s", scope["method"], route, type(error).__name__, where)


def _name_of(host: str) -> str:
    """Return the name in a Host header: without its port, in lower case."""
    name, bracket, _ = host.rpartition("]")
    return (name + bracket if bracket else host.partition(":")[0]).lower()


async def _tell(problem: Problem, send: Send) -> None:
    for message in problem.messages:
        await send(message)
