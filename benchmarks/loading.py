"""How long the definitions take to load, against importing what they cannot do without.

Add here: another start-up figure. Keep out: runs (refreshes.py).
"""

from __future__ import annotations

import statistics

from benchmarks.figures import measure, python

REPEATS = 5
BOUND = 1.5


def run() -> list[dict[str, object]]:
    """Return the ratio of loading the definitions to `import dagster, pandera.ibis, duckdb`, fresh interpreters."""
    peer, ours = [], []
    for _ in range(REPEATS):
        peer.append(measure(python("-c", "import dagster, pandera.ibis, duckdb")).seconds)
        ours.append(measure(python("-c", "import segmentation_pipeline.definitions")).seconds)
    ratio = statistics.median(ours) / statistics.median(peer)
    return [
        {
            "name": "definitions load / their imports alone",
            "value": ratio,
            "unit": "x",
            "bound": f"<= {BOUND}",
            "peer": f"import dagster, pandera.ibis, duckdb: {statistics.median(peer):.2f} s (median of {REPEATS})",
            "passed": ratio <= BOUND,
        }
    ]
