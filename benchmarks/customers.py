"""Customers by rule: from histories and from ten million purchase lines, and one payload at a time, against a loop.

Add here: another figure about customers. Keep out: correctness (tests) and reading files (ingest.py).
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.config import Home, Settings
from segmentation_pipeline.customers import analyze
from segmentation_pipeline.customers.backtest import write_backtest
from segmentation_pipeline.customers.segmenting import (
    payloads_sql,
    prepare_facts,
    prepare_history,
    segment_parameters,
    segments_sql,
    write_segments,
)
from segmentation_pipeline.customers.tables import Customers, Purchases, Regions
from segmentation_pipeline.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from segmentation_pipeline.warehouse.database import Database

PEER = Path(__file__).resolve().parents[2] / "shared" / "peers" / "rules_loop.py"
LINES = 10_000_000
CUSTOMERS = 2_000_000
PEER_PAYLOADS = 20_000
ROUNDS = 5
MONTH = date(2025, 12, 1)
NOW = datetime(2026, 1, 1)  # noqa: DTZ001 - naive UTC
FROM_HISTORY_PER_S = 1_000_000
FROM_LINES_PER_S = 250_000
MAX_SINGLE_MS = 0.03

# Orders of five lines to three, over the customers at random; each customer has one to five favourite products.
GENERATE = f"""
INSERT INTO purchases BY NAME
SELECT
    'c' || lpad(customer::VARCHAR, 7, '0') AS customer_id,
    'p' || lpad(product::VARCHAR, 5, '0') AS product_id,
    'category-' || lpad((product % 40)::VARCHAR, 2, '0') AS category,
    1 + hash(i, 3) % 5 AS quantity,
    1 AS unit_price,
    ((1 + hash(i, 7) % 100000) / 100)::DECIMAL(18, 4) AS line_total,
    'o' || order_number AS order_id,
    TIMESTAMP '2025-01-01' + to_seconds((hash(order_number, 5) % 31536000)::BIGINT) AS purchased_at,
    (hash(customer) >> 1)::BIGINT AS customer_key,
    (hash(order_number) >> 1)::BIGINT AS order_key,
    i AS line_key,
    1 AS occurrence,
    'generated' AS file_name
FROM (
    SELECT
        i,
        i * 3 // 5 AS order_number,
        (hash(i * 3 // 5) % {CUSTOMERS})::BIGINT AS customer,
        (hash(customer, hash(i, 9) % (1 + hash(customer, 1) % 5)::UBIGINT) % 3000)::BIGINT AS product
    FROM range({LINES}) AS generated(i)
)
ORDER BY purchased_at
"""
GENERATE_CUSTOMERS = """
INSERT INTO customers BY NAME
SELECT
    customer_id,
    customer_key,
    'purchases' AS origin,
    'region-' || (customer_key % 20) AS region,
    (18 + customer_key % 60)::DOUBLE AS age,
    min(purchased_at) - INTERVAL 100 DAY AS member_since,
    min(purchased_at) AS first_purchase_at,
    max(purchased_at) AS last_purchase_at
FROM purchases
GROUP BY customer_id, customer_key
"""


def run() -> list[dict[str, object]]:
    """Return customers per second from histories and from lines, and the latency of one payload."""
    settings = Settings()
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Home(Path(folder)), settings)
        with warehouse.transaction() as db:
            db.ensure(Purchases, Customers, Regions)
            db.execute(GENERATE)
            db.execute(GENERATE_CUSTOMERS)
        lines_s, history_s, count, payloads = _measure_computing(warehouse)
        whole_s = _seconds(lambda: _write(warehouse))
        backtest_s = _seconds(lambda: _backtest(warehouse))
        peer_per_s = _peer(payloads, Path(folder))
    single_ms, text_ms = _single(payloads)
    return [
        _rate("customers, from histories", count / history_s, FROM_HISTORY_PER_S, peer_per_s),
        _rate("customers, from purchase lines", count / lines_s, FROM_LINES_PER_S, peer_per_s),
        {"name": "customers, the whole asset (computed, validated, written)", "value": whole_s, "unit": "s",
         "bound": None, "peer": f"{count:,} customers, {LINES:,} lines"},
        {"name": "customers, tiers tested on the days after", "value": backtest_s, "unit": "s", "bound": None},
        {"name": "customers, one payload", "value": single_ms, "unit": "ms", "bound": f"<= {MAX_SINGLE_MS}",
         "peer": f"validation and explanation included; loop {1000 / peer_per_s:.4f} ms without",
         "passed": single_ms <= MAX_SINGLE_MS},
        {"name": "customers, one payload as JSON text", "value": text_ms, "unit": "ms", "bound": None},
    ]  # fmt: skip


def _rate(name: str, per_s: float, bound: int, peer_per_s: float) -> dict[str, object]:
    return {
        "name": name,
        "value": per_s,
        "unit": "customers/s",
        "bound": f">= {bound:,}",
        "peer": f"{per_s / peer_per_s:.1f}x the plain loop ({peer_per_s:,.0f}/s)",
        "passed": per_s >= bound,
    }


def _measure_computing(warehouse: Warehouse) -> tuple[float, float, int, list[str]]:
    """Return the best seconds from lines and from histories to finished segments, how many, and some payloads."""
    from_lines, from_history = [], []
    for _ in range(ROUNDS):
        with warehouse.read() as db:  # each in a transaction of its own: what one drops is freed at its end
            count, took = _computed(db, warehouse)
        from_lines.append(sum(took))
        from_history.append(took[1])
    with warehouse.read() as db:
        _computed(db, warehouse)
        db.execute(f"CREATE TEMP TABLE chosen_facts AS FROM customer_facts LIMIT {PEER_PAYLOADS}")
        sql = payloads_sql(NOW).replace("FROM customer_facts", "FROM chosen_facts")
        payloads = [payload for _, payload in db.execute(sql).fetchall()]
    return min(from_lines), min(from_history), count, payloads


def _computed(db: Database, warehouse: Warehouse) -> tuple[int, tuple[float, float]]:
    """Return how many customers were segmented, and the seconds to their histories and from there.

    Like the loop it is held against, it computes every column of every customer and stores none: what storing and
    validating them costs is in the time of the whole asset.
    """
    chosen = warehouse.settings.customers
    started = time.perf_counter()
    parts = prepare_history(db, NOW)
    prepare_facts(db, NOW, chosen)
    prepared = time.perf_counter()
    parameters = segment_parameters(NOW, chosen)
    query = _read_whole(db, segments_sql(chosen, parts), parameters)
    asked = time.perf_counter()
    count, *_ = db.one(query, parameters)
    return int(count), (prepared - started, time.perf_counter() - asked)


def _read_whole(db: Database, sql: str, parameters: dict[str, Any]) -> str:
    """Return a SELECT of how many rows a query has that reads each of their values: no column is left out as unused.

    Numbers are read by their maximum: a sum of DOUBLE depends on the order of rows, so DuckDB would go through the
    parts one after another, which it does not where rows are sorted and stored.
    """
    columns = db.execute(f"DESCRIBE {sql}", parameters).fetchall()
    read = [
        f"sum(strlen({name}))" if kind == "VARCHAR" else f"sum(len({name}))" if kind.endswith("[]") else f"max({name})"
        for name, kind, *_ in columns
    ]
    return f"SELECT count(*), {', '.join(read)} FROM ({sql})"


def _write(warehouse: Warehouse) -> None:
    with warehouse.transaction() as db:
        write_segments(db, MONTH, warehouse.settings.customers)


def _backtest(warehouse: Warehouse) -> None:
    with warehouse.transaction() as db:
        write_backtest(db, MONTH, warehouse.settings.customers)


def _seconds(work: object) -> float:
    started = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - started


def _peer(payloads: list[str], folder: Path) -> float:
    """Return customers per second of the plain loop on the same payloads."""
    file = folder / "histories.ndjson"
    file.write_text("\n".join(payloads) + "\n", encoding="utf-8")
    told = json.loads(
        subprocess.run([sys.executable, str(PEER), str(file)], capture_output=True, text=True, check=True).stdout
    )
    return float(told["customers"]) / float(told["seconds"])


def _single(payloads: list[str]) -> tuple[float, float]:
    """Return the median milliseconds of a payload as objects and as JSON text."""
    texts = random.Random(7).sample(payloads, 5_000)  # noqa: S311 - a sample, no secret
    medians = []
    for forms in ([json.loads(text) for text in texts], texts):
        taken = []
        for form in forms:
            started = time.perf_counter()
            analyze(form, now=NOW)
            taken.append(time.perf_counter() - started)
        medians.append(statistics.median(taken) * 1000)
    return medians[0], medians[1]
