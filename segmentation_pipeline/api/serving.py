"""Serving the API: where it may listen, and the server that does.

Add here: another setting of the server. Keep out: the application (application.py).
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from segmentation_pipeline.api.application import create_app
from segmentation_pipeline.api.callers import Callers
from segmentation_pipeline.api.problems import MEDIA_TYPE, Problem
from segmentation_pipeline.errors import SettingsError
from segmentation_pipeline.state.database import open_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from segmentation_pipeline.config import Home

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")

BACKLOG = 2048
KEEP_ALIVE_S = 30
SHUTDOWN_S = 10
"""Seconds requests under way have to end once the server is told to stop."""


class ProblemProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with what is no HTTP at all answered as a problem too."""

    def send_400_response(self, msg: str) -> None:
        """Answer an unreadable request and hang up."""
        body = Problem(400, msg).body()
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(head.encode() + b"connection: close\r\n\r\n" + body)
        self.transport.close()


def serve(home: Home, host: str, port: int, *, on_ready: Callable[[str], None]) -> None:
    """Serve the API of a home until told to stop; `on_ready` is given its address once it listens.

    Raises:
        SettingsError: it would listen off loopback without a token, or cannot listen there.
    """
    settings = home.settings()
    listening = _listening(host, port)
    with listening:
        is_loopback = ipaddress.ip_address(listening.getsockname()[0]).is_loopback
        needs_token = settings.api.is_token_needed or not is_loopback
        if needs_token and not Callers(open_state(home, settings)).living():
            raise SettingsError(
                f"What is served at {host} needs a token, and there is none. "
                f"Next: `segpipe api token create NAME --home {home.root}`, or leave --host out."
            )
        names = {*LOOPBACK_NAMES, host.lower(), *(name.lower() for name in settings.api.allowed_hosts)}
        app = create_app(home, hosts=frozenset(names) if is_loopback else None, needs_token=needs_token)
        logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
        config = uvicorn.Config(
            app, http=ProblemProtocol, ws="none", lifespan="on", log_config=None, access_log=False,
            server_header=False, proxy_headers=False, backlog=BACKLOG, timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )  # fmt: skip
        shown = f"[{host}]" if ":" in host else host
        on_ready(f"http://{shown}:{listening.getsockname()[1]}")
        uvicorn.Server(config).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens at the first address of a host.

    Raises:
        SettingsError: there is no such host here, or another program listens there.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind, protocol)
    except OSError as problem:
        raise SettingsError(
            f"{host} is no address of this machine ({problem}). Next: give another --host."
        ) from problem
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(BACKLOG)
    except OSError as problem:
        made.close()
        raise SettingsError(
            f"Port {port} of {host} cannot be served ({problem.strerror}). Next: give another --port."
        ) from problem
    return made
