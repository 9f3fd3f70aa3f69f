"""Ten million rows of CSV into `raw_events`, against a bare DuckDB `read_csv` into a table, both in one run.

Add here: another shape of input. Keep out: correctness (tests) and the time of later stages.
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

import duckdb

from segmentation_pipeline.config import Home, InputSettings, Settings
from segmentation_pipeline.events.ingest import ingest_landing
from segmentation_pipeline.warehouse.warehouse import STORAGE_VERSION, Warehouse

ROWS = 10_000_000
MAX_RATIO = 2.0
MAX_PEAK_GB = 4.0
THREADS = 2
ROUNDS = 5
"""Each is measured so often, in turns, and the best counts: the machine is shared."""

GENERATE = """
COPY (
    SELECT
        CASE
            WHEN is_dirty AND i % 3 = 0 THEN ''
            ELSE 'user_' || lpad((hash(n * 7) % 200000)::VARCHAR, 6, '0')
        END AS user_id,
        CASE
            WHEN is_dirty AND i % 3 = 1 THEN 'soon'
            ELSE (TIMESTAMP '2024-01-01' + to_microseconds(n * 259200 + (hash(n) % 1000000)::BIGINT))::VARCHAR
        END AS timestamp,
        CASE
            WHEN is_dirty AND i % 3 = 2 THEN ''
            ELSE (['login', 'view_proposal', 'create_term_sheet', 'revise_offer', 'accept', 'comment', 'feature_use',
                'drop_off'])[1 + (hash(n * 3) % 8)::INT]
        END AS action,
        '{"amount": ' || (hash(n * 5) % 100000)::VARCHAR || ', "channel": "'
            || (['web', 'mobile', 'api'])[1 + (hash(n * 11) % 3)::INT] || '"}' AS metadata
    FROM (
        SELECT
            i,
            -- One row in a thousand repeats an earlier one; one in ten thousand is no event.
            CASE WHEN $dirty AND i > 10000 AND i % 1000 = 17 THEN i - 10001 ELSE i END AS n,
            $dirty AND i % 10000 IN (5, 3336, 6667) AS is_dirty
        FROM range($rows) AS r (i)
    )
    ORDER BY i
) TO '{path}' (HEADER)
"""


def run() -> list[dict[str, object]]:
    """Return ratio, seconds, peak memory for a clean file and one with duplicates and bad rows."""
    figures: list[dict[str, object]] = []
    for kind in ("clean", "dirty"):
        with tempfile.TemporaryDirectory() as folder:
            figures += _measure(kind, Path(folder))
    return figures


def _measure(kind: str, folder: Path) -> list[dict[str, object]]:
    landing = folder / "home" / "landing"
    landing.mkdir(parents=True)
    csv = landing / "events.csv"
    with duckdb.connect() as connection:
        sql = GENERATE.replace("{path}", str(csv)).replace("$dirty", str(kind == "dirty")).replace("$rows", str(ROWS))
        connection.execute(sql)
    bare, ours = [], []
    for _ in range(ROUNDS):
        bare.append(_in_process("bare", folder))
        ours.append(_in_process("ours", folder))
    best_bare, best_ours = (min(each, key=lambda found: found["seconds"]) for each in (bare, ours))
    ratio = best_ours["seconds"] / best_bare["seconds"]
    peak = max(found["peak_gb"] for found in ours)
    peer = f"bare read_csv: {best_bare['seconds']:.1f} s, {best_bare['peak_gb']:.1f} GB"
    counts = (
        f"{best_ours['accepted']:,} accepted, {best_ours['rejected']:,} rejected, {best_ours['duplicate']:,} duplicate"
    )
    name = f"ingest {ROWS // 1_000_000}M rows of CSV, {kind}"
    return [
        {
            "name": f"{name}: time over bare read_csv",
            "value": round(ratio, 2),
            "unit": "x",
            "bound": f"<= {MAX_RATIO}",
            "peer": peer,
            "passed": ratio <= MAX_RATIO,
        },
        {
            "name": f"{name}: time",
            "value": round(best_ours["seconds"], 1),
            "unit": "s",
            "bound": "",
            "peer": counts,
            "passed": True,
        },
        {
            "name": f"{name}: peak memory",
            "value": round(peak, 2),
            "unit": "GB",
            "bound": f"< {MAX_PEAK_GB}",
            "peer": peer,
            "passed": peak < MAX_PEAK_GB,
        },
    ]


def _in_process(what: str, folder: Path) -> dict[str, float]:
    """Measure in a process of its own, so that peak memory is that of this work alone."""
    printed = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingest", what, str(folder)], check=True, capture_output=True, text=True
    ).stdout
    return dict(json.loads(printed.splitlines()[-1]))


def _bare(folder: Path) -> dict[str, float]:
    target = folder / "bare.duckdb"
    target.unlink(missing_ok=True)
    connection = duckdb.connect(
        str(target), config={"threads": THREADS, "storage_compatibility_version": STORAGE_VERSION}
    )
    connection.execute(f"CREATE TABLE events AS FROM read_csv('{folder / 'home' / 'landing' / 'events.csv'}')")
    connection.close()
    return {}


def _ours(folder: Path) -> dict[str, float]:
    home = Home(folder / "home")
    home.warehouse_file.unlink(missing_ok=True)
    warehouse = Warehouse(home, Settings.model_validate({"warehouse": {"threads": THREADS}}))
    with warehouse.transaction() as db:
        report = ingest_landing(
            db,
            home.landing,
            InputSettings(),
            now=datetime.now(UTC).replace(tzinfo=None),
            scratch=home.warehouse_file.parent / "incoming",
        )
    return {
        "accepted": report.accepted_count,
        "rejected": report.rejected_count,
        "duplicate": report.duplicate_count,
    }


def _main(what: str, folder: Path) -> None:
    import ibis  # noqa: F401 - loading libraries is no part of either measurement
    import pandera.ibis  # noqa: F401

    started = time.perf_counter()
    found = (_bare if what == "bare" else _ours)(folder)
    found["seconds"] = time.perf_counter() - started
    found["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps(found))


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
