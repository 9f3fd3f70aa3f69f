"""What a benchmark returns, and how results are written down.

Add here: another fact every figure must state. Keep out: measuring.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from segmentation_pipeline.markdown import table

RESULTS = Path(__file__).with_name("RESULTS.md")


@dataclass(frozen=True)
class Measured:
    """One measured process: wall time and the peak memory of it and its children."""

    seconds: float
    peak_mb: float


def measure(command: list[str], environment: dict[str, str] | None = None) -> Measured:
    """Run a command to its end in a process of its own and measure it.

    Raises:
        RuntimeError: the command failed; the text is the end of what it printed.
    """
    with tempfile.TemporaryFile("w+") as printed:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=printed, stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})}
        )
        # wait4 tells of this very child; the usage of all children would keep an earlier one's peak.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            printed.seek(0)
            raise RuntimeError(f"{' '.join(command[:4])} failed: {printed.read()[-1500:]}")
    return Measured(seconds, usage.ru_maxrss / 1024)


def python(*arguments: str) -> list[str]:
    """Return a command that runs this very interpreter."""
    return [sys.executable, *arguments]


def write_results(figures: list[dict[str, object]]) -> None:
    """Write all figures with the date and the machine's cores to RESULTS.md."""
    lines = [
        "# Results",
        "",
        (
            f"{datetime.now(tz=UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}. "
            "Machines are shared and noisy: read ratios, not seconds."
        ),
        "",
    ]
    rows = []
    for figure in figures:
        value = figure["value"]
        shown = f"{value:,.3g}" if isinstance(value, float) else str(value)
        met = {True: "yes", False: "NO", None: "–"}[figure.get("passed")]  # type: ignore[index]
        rows.append((figure["name"], shown, figure["unit"], figure.get("bound") or "–", figure.get("peer") or "–", met))
    lines.append(table(("figure", "value:", "unit", "bound", "peer or note", "met"), rows))
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
