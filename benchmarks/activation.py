"""100,000 users to a PostHog endpoint on loopback, then a second sync after 1 % of them changed.

Add here: a benchmark of another destination. Keep out: faults (segmentation_pipeline_tests/activation).
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from segmentation_pipeline.llm.clock import SystemClock
from segmentation_pipeline_tests.activation.current import make_desk
from segmentation_pipeline_tests.activation_servers import PosthogServer

USERS = 100_000
CHANGED_SHARE = 0.01
EVERYBODY = (
    "INSERT INTO current_segments SELECT 'u' || range, 'live', '2026-01-a', 'Owls', '2026-01-a', 0.95,"
    f" DATE '2026-01-01', TIMESTAMP '2026-01-20' FROM range({USERS})"
)


def run() -> list[dict[str, object]]:
    """Return the time of each sync and the rows each sent."""
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
