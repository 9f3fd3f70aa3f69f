"""The HTTP API under load: analyses a second on one core against a bare FastAPI echo, overload, lookups of users.

Server and load are two processes on two cores; both servers get the same requests in the same run.
Add here: another figure about the API. Keep out: making load (http_load.py).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from benchmarks.figures import measure, python
from benchmarks.http_load import Load, as_fast_as_answered, at_rate, get, post
from segmentation_pipeline.config import SAMPLE_HOME, Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PER_SECOND = 1_000
MOST_MS = 50
OVERLOAD = 10
USERS = 1_000_000
LOOKUP_MS = 20
LOOKUPS_PER_SECOND = 50
SECONDS = 8.0
CONNECTIONS = 32
MANY_CONNECTIONS = 400

UNLIMITED = "\n[api]\nrequests_per_second = 1000000\n"

ECHO = """
import sys, uvicorn
from fastapi import FastAPI, Request, Response
app = FastAPI()
@app.post("/echo")
async def echo(request: Request) -> Response:
    return Response(await request.body(), media_type="application/json")
config = uvicorn.Config(app, port=0, ws="none", access_log=False, log_level="error")
listening = config.bind_socket()
print(f"echo on http://127.0.0.1:{listening.getsockname()[1]} ", flush=True)
uvicorn.Server(config).run(sockets=[listening])
"""


@dataclass(frozen=True)
class Server:
    """A server that runs on one core."""

    port: int
    pid: int

    def cpu_s(self) -> float:
        """Return the seconds of CPU it has had: on a busy machine the one figure that others do not change."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cost_ms(self, load: Callable[[int], Load]) -> tuple[Load, float]:
        """Return what comes of a load, and the milliseconds of CPU an answer took."""
        before = self.cpu_s()
        found = load(self.port)
        return found, (self.cpu_s() - before) / max(sum(found.statuses.values()), 1) * 1000


def run() -> list[dict[str, object]]:
    """Return requests a second, latencies and what overload is answered."""
    with tempfile.TemporaryDirectory() as folder:
        sample = _sample(Path(folder) / "sample")
        free = _with_settings(sample, Path(folder) / "free", UNLIMITED)
        many = _many_users(free, Path(folder) / "many")
        return [*_analyses(free), *_overload(sample), *_lookups(many)]


def _payloads() -> list[bytes]:
    return [json.dumps(_payload(number)).encode() for number in range(200)]


def _asked() -> list[bytes]:
    return [post("/v1/customers/analyze?now=2026-01-11", payload) for payload in _payloads()]


def _fastest(requests: list[bytes], connections: int = CONNECTIONS) -> Callable[[int], Load]:
    return lambda port: as_fast_as_answered(port, requests, connections=connections, seconds=SECONDS)


def _steady(requests: list[bytes], per_second: float, connections: int = CONNECTIONS) -> Callable[[int], Load]:
    return lambda port: at_rate(port, requests, per_second=per_second, connections=connections, seconds=SECONDS)


def _analyses(home: Home) -> list[dict[str, object]]:
    echoes, asked = [post("/echo", payload) for payload in _payloads()], _asked()
    with _server(python("-c", ECHO)) as server:
        echo, echo_ms = server.cost_ms(_fastest(echoes))
        calm = _steady(echoes, PER_SECOND)(server.port)
    with _served(home) as server:
        fastest, cost_ms = server.cost_ms(_fastest(asked))
        steady = _steady(asked, PER_SECOND)(server.port)
    rate, bare = fastest.per_second(), echo.per_second()
    return [
        {"name": "API: customers/analyze as fast as answered, one core", "value": rate, "unit": "requests/s",
         "bound": f">= {PER_SECOND:,}", "peer": f"{rate / bare:.2f} of a bare FastAPI echo ({bare:,.0f}/s)",
         "passed": rate >= PER_SECOND and set(fastest.statuses) == {200}},
        {"name": "API: CPU of an analysis, logging included", "value": cost_ms, "unit": "ms",
         "bound": f"<= {1000 / PER_SECOND:g}", "peer": f"{cost_ms / echo_ms:.2f} of the echo's ({echo_ms:.2f} ms)",
         "passed": cost_ms <= 1000 / PER_SECOND},
        _latency(f"API: its p99 ({CONNECTIONS} connections)", fastest, MOST_MS, echo),
        _latency(f"API: p99 at {PER_SECOND:,} requests/s", steady, MOST_MS, calm),
    ]  # fmt: skip


def _overload(home: Home) -> list[dict[str, object]]:
    asked = _asked()
    with _served(home) as server:
        flood, cost_ms = server.cost_ms(_steady(asked, OVERLOAD * PER_SECOND, MANY_CONNECTIONS))
        after = _steady(asked, PER_SECOND)(server.port)
    told = sum(flood.statuses.values())
    statuses = ", ".join(f"{status}: {count / told:.0%}" for status, count in sorted(flood.statuses.items()))
    is_told = set(flood.statuses) <= {200, 429, 503} and told == flood.due_count
    return [
        {"name": f"API: {OVERLOAD * PER_SECOND:,} requests/s, analysed all the same", "value": flood.per_second(),
         "unit": "requests/s", "bound": "all others 429 or 503",
         "peer": f"{statuses}; {cost_ms:.2f} ms of CPU each, of whatever answer", "passed": is_told},
        _latency(f"API: p99 at {PER_SECOND:,} requests/s right after", after, MOST_MS),
    ]  # fmt: skip


def _lookups(home: Home) -> list[dict[str, object]]:
    asked = [get(f"/v1/users/u{number * 4_999 % USERS:07d}/segment") for number in range(2_000)]
    with _served(home) as server:
        alone, cost_ms = server.cost_ms(_fastest(asked, 1))
        together = _steady(asked, LOOKUPS_PER_SECOND, 8)(server.port)
    return [
        _latency(f"API: a user of {USERS:,}, p99, one caller without pause", alone, LOOKUP_MS),
        _latency(f"API: a user of {USERS:,}, p99 at {LOOKUPS_PER_SECOND} requests/s", together, LOOKUP_MS),
        {"name": "API: CPU of a lookup", "value": cost_ms, "unit": "ms", "bound": None},
    ]


def _latency(name: str, load: Load, most_ms: float, echo: Load | None = None) -> dict[str, object]:
    p99 = load.quantile_ms(0.99)
    beside = "" if echo is None else f"; echo's p99 {echo.quantile_ms(0.99):.1f} ms"
    return {
        "name": name, "value": p99, "unit": "ms", "bound": f"< {most_ms}",
        "peer": f"median {load.quantile_ms(0.5):.1f} ms, {load.per_second():,.0f}/s{beside}",
        "passed": p99 < most_ms and set(load.statuses) == {200},
    }  # fmt: skip


def _sample(root: Path) -> Home:
    """Return a copy of the sample with a published refresh; it is run where nobody has."""
    home = Home(root)
    shutil.copytree(SAMPLE_HOME / "landing", home.landing)
    shutil.copyfile(SAMPLE_HOME / "pipeline.toml", home.settings_file)
    if Home(SAMPLE_HOME).published_file.exists():
        _publish(Home(SAMPLE_HOME), home)
    else:
        measure(python("-m", "segmentation_pipeline.cli", "run", "--home", str(root)))
    return home


def _with_settings(home: Home, root: Path, settings: str) -> Home:
    made = Home(root)
    root.mkdir()
    made.settings_file.write_text(home.settings_file.read_text(encoding="utf-8") + settings, encoding="utf-8")
    _publish(home, made)
    return made


def _publish(home: Home, target: Home) -> None:
    target.published.mkdir(parents=True)
    shutil.copyfile(home.published_file.resolve(), target.published / "warehouse-copy.duckdb")
    target.published_file.symlink_to("warehouse-copy.duckdb")


def _many_users(home: Home, root: Path) -> Home:
    """Return a home whose published copy tells of a million users, in the order the pipeline writes them."""
    made = _with_settings(home, root, "")
    with duckdb.connect(str(made.published_file.resolve())) as connection:
        connection.execute("CREATE TEMP TABLE one AS FROM current_segments WHERE membership IS NOT NULL LIMIT 1")
        connection.execute("DELETE FROM current_segments")
        connection.execute(
            "INSERT INTO current_segments BY NAME SELECT one.* REPLACE ('u' || lpad(i::VARCHAR, 7, '0') AS user_id)"
            f" FROM one, range({USERS}) AS numbers(i) ORDER BY i"
        )
    return made


@contextlib.contextmanager
def _served(home: Home) -> Iterator[Server]:
    command = python("-m", "segmentation_pipeline.cli", "api", "--home", str(home.root), "--port", "0")
    with _server(command) as server:
        yield server


@contextlib.contextmanager
def _server(command: list[str]) -> Iterator[Server]:
    """Run a server on the first core, this process on the others; it prints its address first."""
    cores = os.sched_getaffinity(0)
    first, *others = sorted(cores)
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True)
        os.sched_setaffinity(process.pid, {first})
        os.sched_setaffinity(0, others or {first})
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
            if found is None:
                told.seek(0)
                raise RuntimeError(f"the server did not start: {told.read()[-1500:]}")
            time.sleep(0.5)
            yield Server(int(found[1]), process.pid)
        finally:
            os.sched_setaffinity(0, cores)
            process.terminate()
            process.wait(30)


def _payload(number: int) -> dict[str, object]:
    """Return a customer with five products, another for each number."""
    history = [
        {
            "productId": f"p-{number:03d}-{place}", "category": ("Coffee", "Tea", "Dairy")[(number + place) % 3],
            "totalQuantity": 3 + place, "totalSpent": 40.5 + number + place, "orderCount": 2 + place,
            "lastPurchase": f"2025-12-{1 + (number + place) % 28:02d}T10:00:00", "avgDaysBetween": 14.0 + place,
        }
        for place in range(5)
    ]  # fmt: skip
    customer = {"age": 18 + number % 60, "gender": "F", "registeredAt": "2024-03-01", "productHistory": history}
    region = {"name": "Marmara", "climateType": "Temperate", "medianBasket": 85.0, "trend": "Coffee"}
    return {"customerData": {"customerId": f"c-{number}", "city": "Bursa", "customer": customer, "region": region}}
