"""100,000 users to a PostHog endpoint on loopback, again after 1 % of them changed; the pace of a long sync to Attio.

Add here: a benchmark of another destination. Keep out: faults (segmentation_pipeline_tests/activation).
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from segmentation_pipeline.llm.clock import SystemClock
from segmentation_pipeline_tests.activation.current import attio_desk, make_desk
from segmentation_pipeline_tests.activation_servers import AttioServer, PosthogServer, taking

USERS = 100_000
CHANGED_SHARE = 0.01
EVERYBODY = (
    "INSERT INTO current_segments SELECT 'u' || range, 'live', '2026-01-a', 'Owls', '2026-01-a', 0.95,"
    f" DATE '2026-01-01', TIMESTAMP '2026-01-20' FROM range({USERS})"
)


ATTIO_USERS = 1_000
ATTIO_WRITES_PER_S = 25
ATTIO_ANSWER_S = 0.3
"""What an assertion of a record takes there; in between others are begun."""

ATTIO_SHARE_BOUND = 0.95
"""Of the writes a second that Attio allows."""


def run() -> list[dict[str, object]]:
    """Return the time of each sync to PostHog with the rows each sent, and the writes a second to Attio."""
    return [*_posthog(), _attio()]


def _attio() -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder, AttioServer() as server:
        desk = attio_desk(Path(folder), server, writes_per_s=ATTIO_WRITES_PER_S)
        desk.hold({f"u{number}": ("a", 0.95) for number in range(ATTIO_USERS)})
        server.otherwise = lambda to: (server.stopping.wait(ATTIO_ANSWER_S), taking(to))
        if desk.sync(clock=SystemClock()).confirmed_count != ATTIO_USERS:
            raise RuntimeError("not everybody was written")
        first, *_, last = server.arrived_at
    writes_per_s = (ATTIO_USERS - 1) / (last - first)
    return {
        "name": f"activation: {ATTIO_USERS:,} users to Attio on loopback, answers after {ATTIO_ANSWER_S:g} s",
        "value": writes_per_s,
        "unit": "writes/s",
        "bound": f">= {ATTIO_SHARE_BOUND:.0%} of {ATTIO_WRITES_PER_S}",
        "passed": writes_per_s >= ATTIO_SHARE_BOUND * ATTIO_WRITES_PER_S,
    }


def _posthog() -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder, PosthogServer() as server:
        desk = make_desk(Path(folder), posthog={"host": server.url})
        desk.hold({})
        with desk.warehouse.transaction() as db:
            db.execute(EVERYBODY)
        desk.publish()
        started = time.perf_counter()
        first = desk.sync(clock=SystemClock())
        first_s = time.perf_counter() - started
        if first.confirmed_count != USERS or len(server.segments()) != USERS:
            raise RuntimeError("not everybody was written")
        server.writes.clear()
        with desk.warehouse.transaction() as db:
            db.execute(
                "UPDATE current_segments SET cluster_id = '2026-01-b', label = 'Larks',"
                f" likeliest_cluster_id = '2026-01-b' WHERE substr(user_id, 2)::BIGINT < {int(USERS * CHANGED_SHARE)}"
            )
        desk.publish()
        started = time.perf_counter()
        second = desk.sync(clock=SystemClock())
        second_s = time.perf_counter() - started
        sent = sum(server.writes.values())
        if sent != second.confirmed_count or sent != int(USERS * CHANGED_SHARE):
            raise RuntimeError(f"the second sync sent {sent:,} rows")
    return [
        {
            "name": f"activation: {USERS:,} users to PostHog on loopback, server in the same process",
            "value": round(first_s, 1),
            "unit": "s",
            "bound": "none",
            "peer": f"{USERS / first_s:,.0f} users/s",
        },
        {
            "name": f"activation: second sync after {CHANGED_SHARE:.0%} changed, {sent:,} rows sent",
            "value": round(second_s, 1),
            "unit": "s",
            "bound": f"{CHANGED_SHARE:.0%} of the rows",
            "peer": f"{second.plan.unchanged_count:,} left alone",
        },
    ]
