"""The graph under a real UI and daemon: a killed run frees the queue, and several months backfill."""

import os
import random
import signal
import time

import duckdb
import pytest

from segmentation_pipeline.definitions import table_assets
from segmentation_pipeline.warehouse.contracts import table_name
from segmentation_pipeline.warehouse.locks import lock_holder
from segmentation_pipeline_tests.activation_servers import POSTHOG_KEY
from segmentation_pipeline_tests.dagster_server import dagster_server, wait_for
from segmentation_pipeline_tests.homes import PLANTED_MONTH, make_planted_home, refresh_in_process
from segmentation_pipeline_tests.warehouse_comparison import differences

KILLS = 5
SEED = 7
LATEST_KILL_S = 6.0
"""A refresh of the small home takes about this long once it holds the lock."""

pytestmark = pytest.mark.timeout(1800)


def test_killed_runs_free_the_queue_and_the_last_one_gives_the_same_tables(tmp_path):
    reference = make_planted_home(tmp_path / "reference", users=200)
    outcome = refresh_in_process(reference)
    assert outcome.is_success, outcome.problem
    home = make_planted_home(tmp_path / "killed", users=200)
    moments = random.Random(SEED)
    killed = 0
    with dagster_server(home) as server:
        runs = [server.launch("monthly_refresh", PLANTED_MONTH.isoformat()) for _ in range(KILLS + 1)]
        for run_id in runs[:KILLS]:
            wait_for(
                lambda run_id=run_id: (
                    (lock_holder(home.run_lock) or {}).get("run_id") == run_id
                    or server.status(run_id) in {"SUCCESS", "FAILURE"}
                ),
                f"run {run_id} to hold the lock",
            )
            time.sleep(moments.uniform(0.1, LATEST_KILL_S))
            holder = lock_holder(home.run_lock) or {}
            if holder.get("run_id") == run_id:
                os.kill(int(holder["pid"]), signal.SIGKILL)
                killed += 1
        wait_for(lambda: server.status(runs[-1]) == "SUCCESS", "the last queued run to succeed")
        assert [server.status(run_id) for run_id in runs].count("FAILURE") == killed
    assert killed >= 3, "too few runs were killed to prove anything"
    assert differences(reference.warehouse_file, home.warehouse_file) == {}


def test_several_months_backfill_and_a_dropped_file_runs_by_itself_to_the_tools(tmp_path, monkeypatch, posthog):
    monkeypatch.setenv("POSTHOG_PROJECT_API_KEY", POSTHOG_KEY)
    home = make_planted_home(tmp_path / "home", users=150, days=75)
    with home.settings_file.open("a") as settings:
        settings.write("[refresh]\nlanding_poll_s = 5\n")
        settings.write(f'[activation]\nenabled = true\n[activation.posthog]\nhost = "{posthog.url}"\n')
    monthly = [table_name(table) for asset in table_assets() if asset.is_monthly for table in asset.tables]
    months = ["2026-01-01", "2026-02-01", "2026-03-01"]
    with dagster_server(home) as server:
        first = server.launch("ingest")
        wait_for(lambda: server.status(first) == "SUCCESS", "the ingest to succeed")
        backfill = server.backfill(monthly, months)
        wait_for(lambda: server.backfill_status(backfill) in {"COMPLETED_SUCCESS", "COMPLETED_FAILED"}, "the backfill")
        assert server.backfill_status(backfill) == "COMPLETED_SUCCESS"
        last = server.launch("daily_update")
        wait_for(lambda: server.status(last) == "SUCCESS", "the daily update to succeed")
        # Nobody launches anything from here on.
        (home.landing / "dropped.csv").write_text("user_id,timestamp,action\nu-new,2026-03-15T10:00:00Z,login\n")
        wait_for(lambda: server.runs_because("landed: dropped.csv") == ["SUCCESS"], "the dropped file to be ingested")
        wait_for(lambda: is_told(home, posthog.segments()), "today's segments to stand in PostHog")
    with duckdb.connect(str(home.published_file.resolve()), read_only=True) as connection:
        refreshed = connection.execute("SELECT refresh_month::VARCHAR FROM refreshes ORDER BY 1").fetchall()
        scored = connection.execute("SELECT count(*) FROM current_segments").fetchone()[0]
        dropped = connection.execute("SELECT count(*) FROM raw_events WHERE user_id = 'u-new'").fetchone()[0]
        stale = connection.execute("SELECT refresh_month::VARCHAR, late_event_count FROM stale_refreshes").fetchall()
    assert [month for (month,) in refreshed] == months
    assert scored > 0
    assert dropped == 1
    assert ("2026-03-01", 1) in stale


def is_told(home, segments):
    """Tell whether everybody in a segment, as published now, stands so; who wavers may keep what is the likeliest."""
    with duckdb.connect(str(home.published_file.resolve()), read_only=True) as connection:
        scored = connection.execute(
            "SELECT user_id, likeliest_cluster_id, cluster_id FROM current_segments WHERE membership IS NOT NULL"
        ).fetchall()
    placed = {user: segment for user, _, segment in scored if segment != "unclassified"}
    likeliest = {user: segment for user, segment, _ in scored}
    return bool(placed) and placed.items() <= segments.items() <= likeliest.items()
