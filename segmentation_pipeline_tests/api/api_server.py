"""A real server of a home, as `segpipe api` starts it, and one way to ask it."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.state.api_tokens import create_token
from segmentation_pipeline.state.database import open_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from segmentation_pipeline.config import Home

WAIT_S = 60


@dataclass(frozen=True)
class Told:
    """An answer: status, headers in lower case, body."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    port: int
    process: subprocess.Popen[str]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str) -> Told:
        """Ask once, over a connection of its own; a body that is no text is sent as JSON."""
        named: dict[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            named["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            named.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        try:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            text = answer.read()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Told(answer.status, found, json.loads(text) if text else None)
        finally:
            connection.close()


@contextlib.contextmanager
def served(home: Home, *options: str) -> Iterator[Served]:
    """Serve a home at a free port; what it logs is in api.log of the home."""
    command = [sys.executable, "-m", "segmentation_pipeline.cli", "api", "--home", str(home.root), "--port", "0"]
    with (home.root / "api.log").open("w") as log:
        process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"API on http://\S+:(\d+) ", process.stdout.readline())
        assert found, (home.root / "api.log").read_text()[-2000:]
        yield Served(int(found[1]), process)
    finally:
        process.terminate()
        process.wait(WAIT_S)
        process.stdout.close()


def make_token(home: Home, scope: str, name: str = "tester") -> str:
    """Return a new token of a home."""
    with open_state(home, home.settings()).write() as state:
        return create_token(state, name, scope, created_by="ada")[0]


def with_settings(home: Home, settings: Mapping[str, object]) -> Home:
    """Add settings under [api] to a home."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    with home.settings_file.open("a", encoding="utf-8") as file:
        file.write("\n[api]\n" + "\n".join(lines) + "\n")
    return home
