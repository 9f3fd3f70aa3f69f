"""First useful paint of each page of the dashboard beside a bare Streamlit page with the same charts, in a browser.

Add here: another size of home, another figure of the server. Keep out: whether pages are right (tests).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from benchmarks.figures import measure, python
from segmentation_pipeline.config import SAMPLE_HOME, Home
from segmentation_pipeline.dashboard.launch import APP, SERVER, command, environment
from segmentation_pipeline.dashboard.pages import FIRST, HOME_PAGES, PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext

MOST_RATIO = 1.5
MOST_SERVER_MB = 1_000
USERS = 1_000_000
ROUNDS = 5
"""Paints of each page, ours and the bare one in turns; the median counts."""

WAIT_MS = 120_000

USER_TABLES = ("user_features", "user_clusters", "embeddings", "user_outcomes", "current_segments", "llm_assignments")
GROWING = {
    **dict.fromkeys(USER_TABLES, "user_id"),
    "customers": "customer_id",
    "customer_segments": "customer_id",
    "rejected_events": "file_name",
    "rejected_purchases": "file_name",
}
"""Tables that pages ask and that grow with users -> what is another in each copy of a row.

Events, visits, purchases and leads are not asked by any page (those of leads ask personas), so they stay as they are.
"""

PAINTED = {
    "points": "[data-testid=stPlotlyChart] .gl-container canvas",
    "chart": "[data-testid=stPlotlyChart] .main-svg",
    "table": "[data-testid=stDataFrame] canvas",
    "upload": "[data-testid=stFileUploader]",
}

WATCH = """
window.paintedAt = {};
const look = () => {
    for (const [kind, where] of Object.entries(%s))
        if (!(kind in window.paintedAt) && document.querySelector(where)) window.paintedAt[kind] = performance.now();
    requestAnimationFrame(look);
};
look();
"""

BARE = """
import io, json
from pathlib import Path
import streamlit as st
st.set_page_config(layout="wide")
shown = json.loads(Path({shown!r}).read_text())
st.title(shown["title"])
if shown["charts"]:
    import plotly.graph_objects as go
    for number, spec in enumerate(shown["charts"]):
        st.plotly_chart(go.Figure(json.loads(spec)), key=str(number))
elif shown["table"] is not None:
    st.dataframe(shown["table"], hide_index=True)
else:
    st.file_uploader("File")
"""


@dataclass(frozen=True)
class Served:
    """A running server."""

    address: str
    process: subprocess.Popen[bytes]

    @property
    def peak_mb(self) -> float:
        """Most memory it has held."""
        told = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(told.partition("VmHWM:")[2].split()[0]) / 1024


def run() -> list[dict[str, object]]:
    """Return the ratio of each page and the memory of the server, of the sample and of a home of a million users."""
    figures: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        sample = Home(Path(folder) / "sample")
        shutil.copytree(SAMPLE_HOME / "landing", sample.landing)
        shutil.copyfile(SAMPLE_HOME / "pipeline.toml", sample.settings_file)
        measure(python("-m", "segmentation_pipeline.cli", "run", "--home", str(sample.root)))
        figures += of_home(sample, "sample", Path(folder))
        large = multiplied(sample, Path(folder) / "large", USERS)
        figures += of_home(large, f"{USERS:,} users", Path(folder))
    return figures


def multiplied(home: Home, root: Path, users: int) -> Home:
    """Return a home whose published copy has so many users at risk: those of another, again and again, moved a little.

    What is kept per segment and refresh (curves, evidence, advice) does not grow with users; its counts do.
    """
    large = Home(root)
    large.published.mkdir(parents=True)
    shutil.copyfile(home.settings_file, large.settings_file)
    shutil.copyfile(home.published_file.resolve(), large.published / "copy.duckdb")
    large.published_file.symlink_to("copy.duckdb")
    with contextlib.closing(duckdb.connect(str(large.published / "copy.duckdb"))) as connection:
        connection.execute("SET memory_limit = '2GB'; SET threads = 2")
        (at_risk,) = connection.execute("SELECT count(*) FROM user_clusters").fetchone() or (1,)
        times = -(-users // at_risk)
        for table, key in GROWING.items():
            moved = ", map_x + random() AS map_x, map_y + random() AS map_y" if table == "embeddings" else ""
            connection.execute(f"CREATE TEMP TABLE once AS FROM {table}")
            connection.execute(f"DELETE FROM {table}")
            connection.execute(
                f"INSERT INTO {table} SELECT once.* REPLACE ({key} || '-' || number AS {key}{moved})"
                f" FROM once, range({times}) AS copies(number)"
            )
            connection.execute("DROP TABLE once")
        for table, columns in {"clusters": ["user_count"], "refreshes": ["at_risk_count", "user_count"]}.items():
            connection.execute(f"UPDATE {table} SET " + ", ".join(f"{name} = {name} * {times}" for name in columns))
        connection.execute("CHECKPOINT")
    return large


def of_home(home: Home, name: str, folder: Path) -> list[dict[str, object]]:
    """Return the figures of one home."""
    figures = []
    with _browser() as context, _served(command, environment(home), folder) as ours:
        for page in (*PAGES, *HOME_PAGES):
            shown = _shown(home, page)
            script = folder / "bare.py"
            told = folder / f"{page}.json"
            told.write_text(json.dumps(shown), encoding="utf-8")
            script.write_text(BARE.format(shown=str(told)), encoding="utf-8")
            kind = "chart" if shown["charts"] else "table" if shown["table"] is not None else "upload"
            if any("scattergl" in chart for chart in shown["charts"]):
                kind = "points"  # the frame of such a chart stands before its points are drawn
            with _served(lambda port, script=script: _bare(script, port), dict(os.environ), folder) as bare:
                address = f"{ours.address}/{'' if page == FIRST else page}"
                paints = [(_paint(context, address, kind), _paint(context, bare.address, kind)) for _ in range(ROUNDS)]
            own, other = (statistics.median(column) for column in zip(*paints[1:], strict=True))
            figures.append(
                {
                    "name": f"first useful paint of {page}, {name}",
                    "value": own / other,
                    "unit": "x the bare page",
                    "bound": f"<= {MOST_RATIO}",
                    "peer": f"{own:.0f} ms, bare page with the same {kind} {other:.0f} ms",
                    "passed": own <= MOST_RATIO * other,
                }
            )
        peak_mb = ours.peak_mb
    return [
        *figures,
        {
            "name": f"peak memory of the dashboard's server, {name}",
            "value": peak_mb,
            "unit": "MB",
            "bound": f"<= {MOST_SERVER_MB}",
            "passed": peak_mb <= MOST_SERVER_MB,
        },
    ]


def _shown(home: Home, page: str) -> dict[str, Any]:
    """Return the charts of a page, or its first table, as it shows them itself."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.dashboard", page],
        env={**os.environ, **environment(home)},
        capture_output=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def print_shown(page: str) -> None:
    """Print what a page of the home of the environment shows."""
    from streamlit.testing.v1 import AppTest
    from streamlit.util import calc_hash

    app = AppTest.from_file(str(APP), default_timeout=WAIT_MS / 1000)
    app._page_hash = calc_hash("home" if page == FIRST else page)  # noqa: SLF001 - its switch_page knows files only
    app.run()
    tables = [json.loads(table.value.to_json(orient="records")) for table in app.main.dataframe[:1]]
    charts = [chart.proto.spec for chart in app.main.get("plotly_chart")]
    print(json.dumps({"title": app.main.title[0].value, "charts": charts, "table": tables[0] if tables else None}))


def _paint(context: BrowserContext, address: str, kind: str) -> float:
    """Return the milliseconds from the request of a page until its first chart (or table, or upload) is drawn."""
    page = context.new_page()
    page.goto(address, timeout=WAIT_MS)
    painted = page.wait_for_function(f"window.paintedAt.{kind}", timeout=WAIT_MS).json_value()
    page.close()
    return float(painted)


@contextlib.contextmanager
def _browser() -> Iterator[BrowserContext]:
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
        context.add_init_script(WATCH % json.dumps(PAINTED))
        yield context
        browser.close()


def _bare(script: Path, port: int) -> list[str]:
    settings = [f"--{name}={value}" for name, value in SERVER.items()]
    return python("-m", "streamlit", "run", str(script), f"--server.port={port}", *settings)


@contextlib.contextmanager
def _served(made: Any, given: dict[str, str], folder: Path) -> Iterator[Served]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / f"server-{port}.log").open("wb") as log:
        process = subprocess.Popen(made(port), env=given, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + WAIT_MS / 1000
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
                break
            time.sleep(0.1)
        yield Served(address, process)
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    print_shown(sys.argv[1])
