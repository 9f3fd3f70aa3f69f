"""100,000 and 1,000,000 leads from the landed file to the last file for people, beside a plain script in one run.

Add here: another size, or another figure about it. Keep out: whether personas are right (tests).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.leads.exporting import write_exports
from segmentation_pipeline.leads.ingest import ingest_leads
from segmentation_pipeline.leads.refreshing import refresh_personas
from segmentation_pipeline.simulation.leads import simulate_leads, write_home_leads
from segmentation_pipeline.warehouse.warehouse import Warehouse

PEER = Path(__file__).resolve().parents[2] / "shared" / "peers" / "leads_plain.py"
"""System E's steps as a plain script; without it ratios are left out."""

MAX_RATIO = 2.0
MAX_SECONDS = 10.0
MAX_PEAK_GB = 1.0
ROUNDS = 3
"""Each is measured so often, in turns, and the best counts: the machine is shared."""


def run() -> list[dict[str, object]]:
    """Return time over the plain script, time and memory at 100,000 leads, and time and memory at 1,000,000."""
    figures: list[dict[str, object]] = []
    for leads, rounds in ((100_000, ROUNDS), (1_000_000, 1)):
        with tempfile.TemporaryDirectory() as folder:
            figures += _measure(leads, rounds, Path(folder))
    return figures


def _measure(leads: int, rounds: int, folder: Path) -> list[dict[str, object]]:
    landed, _ = write_home_leads(simulate_leads(leads=leads, seed=7), folder)
    is_bounded = leads == 100_000
    ours, plain = [], []
    for _ in range(rounds):
        if is_bounded and PEER.is_file():
            plain.append(_printed([str(PEER), str(landed), str(folder / "plain")]))
        ours.append(_printed(["-m", "benchmarks.leads", str(folder)]))
    best = min(ours, key=lambda found: found["seconds"])
    peak = max(found["peak_gb"] for found in ours)
    name = f"{leads:,} leads, landed file to pictures"
    figures: list[dict[str, object]] = []
    if plain:
        theirs = min(found["seconds"] for found in plain)
        ratio = best["seconds"] / theirs
        figures.append(
            {
                "name": f"{name}: time over the plain script",
                "value": round(ratio, 2),
                "unit": "x",
                "bound": f"<= {MAX_RATIO:g}",
                "peer": f"plain script {theirs:.1f} s",
                "passed": ratio <= MAX_RATIO,
            }
        )
    steps = ", ".join(f"{step} {best[step]:.1f} s" for step in ("ingest", "personas", "exports"))
    figures += [
        {
            "name": f"{name}: time",
            "value": round(best["seconds"], 1),
            "unit": "s",
            "bound": f"< {MAX_SECONDS:g}" if is_bounded else "",
            "peer": steps,
            "passed": best["seconds"] < MAX_SECONDS if is_bounded else None,
        },
        {
            "name": f"{name}: peak memory",
            "value": round(peak, 2),
            "unit": "GB",
            "bound": f"< {MAX_PEAK_GB:g}" if is_bounded else "",
            "peer": "",
            "passed": peak < MAX_PEAK_GB if is_bounded else None,
        },
    ]
    return figures


def _printed(arguments: list[str]) -> dict[str, float]:
    """Run a process of its own, so that peak memory is that of this work alone, and return what it printed."""
    printed = subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True).stdout
    return dict(json.loads(printed.splitlines()[-1]))


def _main(root: Path) -> None:
    import ibis  # noqa: F401 - loading libraries is no part of either measurement
    import matplotlib.figure
    import pandas as pd  # noqa: F401
    import pandera.ibis  # noqa: F401
    import scipy.stats
    import sklearn.cluster  # noqa: F401

    assert matplotlib.figure
    assert scipy.stats
    home = Home(root)
    home.warehouse_file.unlink(missing_ok=True)
    warehouse = Warehouse(home, Settings())
    started = time.perf_counter()
    with warehouse.transaction() as db:
        ingest_leads(
            db,
            home.landing,
            warehouse.settings.leads,
            warehouse.settings.input,
            now=datetime.now(UTC).replace(tzinfo=None),
        )
    read = time.perf_counter()
    refresh_personas(warehouse)
    found = time.perf_counter()
    write_exports(warehouse)
    ended = time.perf_counter()
    print(
        json.dumps(
            {
                "seconds": ended - started,
                "ingest": read - started,
                "personas": found - read,
                "exports": ended - found,
                "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
            }
        )
    )


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
