"""A quarter that runs itself: files arrive day by day, late, twice, broken, withdrawn; a model is away, a run killed.

Everything is driven through the ticks of the schedules and sensors; nobody launches or mends anything. What the product
leaves to people, refreshes that went stale, somebody is told of with the command that makes them again.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import duckdb
import pytest

from segmentation_pipeline.config import Home
from segmentation_pipeline.definitions import build_defs
from segmentation_pipeline.homes import create_home
from segmentation_pipeline.orchestration.job_runs import QUIET_LOGS, home_instance
from segmentation_pipeline.orchestration.policies import catch_up_sensor, drift_sensor
from segmentation_pipeline.simulation.simulate import simulate
from segmentation_pipeline.simulation.writing import event_lines
from segmentation_pipeline.warehouse.locks import lock_holder
from segmentation_pipeline_tests.activation_servers import (
    POSTHOG_KEY,
    WEBHOOK_SECRET,
    PosthogServer,
    WebhookReceiver,
    rate_limited,
)
from segmentation_pipeline_tests.homes import PLANTED_SETTINGS
from segmentation_pipeline_tests.orchestration.ticks import tick

pytestmark = pytest.mark.timeout(1800)

USERS = 200
POLL_S = 5
SETTINGS = """{planted}
[refresh]
landing_poll_s = {poll_s}
[activation]
enabled = true
[activation.posthog]
host = "{posthog}"
batch_size = 50
[alerts]
webhook = "{alerts}"
"""
MODEL_AWAY = '[llm]\nprovider = "openai-compatible:owl@http://127.0.0.1:9/v1"\ntimeout_s = 1\noutage_s = 1\n'
ENDS = ("2026-02-01", "2026-02-15", "2026-03-01", "2026-04-01")
"""Days before which files have arrived when the sensors look: seldom, so that the quarter takes a minute or two."""

STRUCK = ("2026-02-15",)
"""Days on which the daily schedule's hour is waited for too."""

LATE = {"2026-01-25": "2026-02-15", "2026-01-26": "2026-02-15"}
CORRUPT, DUPLICATED, WITHDRAWN = "2026-02-10", "2026-02-03", "2026-01-20"


class Quarter:
    """The home, its ticks, and what they asked for."""

    def __init__(self, home, instance):
        self.home = home
        self.instance = instance
        self.definitions = build_defs(home_root=home.root)
        self.cursors: dict[str, str | None] = {}
        self.run_keys: list[str] = []
        self.ran: list[str] = []

    def look(self, name, sensor=None):
        """Evaluate a sensor as the daemon does, and run what it asks for; return why where it asks for nothing."""
        found = sensor or self.definitions.resolve_sensor_def(name)
        result = tick(found, self.instance, self.cursors.get(name))
        self.cursors[name] = result.cursor
        for request in result.run_requests or []:
            self.run(request, found.job_name if found.has_jobs else None)
        return result.skip_reason.skip_message if result.skip_reason else ""

    def strikes(self, name, moment, *, is_killed=False):
        """Let the clock of a schedule strike."""
        context = dg.build_schedule_context(instance=self.instance, scheduled_execution_time=moment)
        schedule = self.definitions.resolve_schedule_def(name)
        self.run(schedule(context), schedule.job_name, is_killed=is_killed)

    def run(self, request, job_name=None, *, is_killed=False):
        assert request.run_key not in self.run_keys, f"{request.run_key} was asked for twice"
        self.run_keys.append(request.run_key)
        asked = (request.job_name or job_name, request.partition_key, dict(request.tags))
        if is_killed:
            self.kill(asked)
        else:
            run_asked(self.definitions, self.instance, *asked)
            self.ran.append(f"{asked[0]} {request.partition_key or ''}".strip())

    def kill(self, asked):
        """Run it in a process of its own and end that with kill -9 while it holds the warehouse; it is found dead."""
        process = multiprocessing.get_context("spawn").Process(target=run_alone, args=(self.home.root, *asked))
        process.start()
        while not lock_holder(self.home.run_lock):
            time.sleep(0.02)
            assert process.is_alive(), "it ended before it could be killed"
        time.sleep(2)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert lock_holder(self.home.run_lock), "it had ended by itself"
        assert "reported failed" in self.look("dead_runs")
        assert self.look("dead_runs") == "no dead run"

    def files_arrive(self):
        assert "may still be written" in self.look("landing_sensor")
        time.sleep(POLL_S + 0.5)
        self.look("landing_sensor")


def run_asked(definitions, instance, job_name, partition_key, tags):
    result = definitions.resolve_job_def(job_name).execute_in_process(
        instance=instance, partition_key=partition_key, tags=tags, raise_on_error=False, run_config=QUIET_LOGS
    )
    assert result.success, [event.message for event in result.all_events if event.is_failure]


def run_alone(root, *asked):
    """Do so in a process of its own."""
    home = Home(root)
    with home_instance(home) as instance:
        run_asked(build_defs(home_root=root), instance, *asked)


def daily_files(folder):
    """Write a quarter of the evolving population as one file a day; return name -> lines."""
    text = "".join(event_lines(simulate(users=USERS, days=120, seed=5, scenario="evolve")))
    header, *lines = text.splitlines(keepends=True)
    by_day = defaultdict(list)
    for line in lines:
        day = line.split(",")[1][:10]
        if day < ENDS[-1]:
            by_day[day].append(line)
    folder.mkdir()
    for day, of_day in by_day.items():
        (folder / f"events-{day}.csv").write_text("".join([header, *of_day]))
    return dict(by_day)


def deliver(outbox, landing, delivered, end):
    """Let the files of the days before `end` arrive, with what goes wrong with them."""
    for path in sorted(outbox.iterdir()):
        day = path.stem.removeprefix("events-")
        if day >= end or LATE.get(day, "") > end or day in delivered:
            continue
        delivered.add(day)
        content = path.read_bytes()
        (landing / path.name).write_bytes(b"\x1f\x8b\x08" + content[:500] if day == CORRUPT else content)
        if day == DUPLICATED:
            (landing / "copy.csv").write_bytes(content)
    if end == "2026-03-01":
        (landing / f"events-{WITHDRAWN}.csv").unlink()
    if end == "2026-04-01":  # somebody upstream noticed
        name = f"events-{CORRUPT}.csv"
        (landing / name).write_bytes((outbox / name).read_bytes())


def test_a_quarter_runs_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("POSTHOG_PROJECT_API_KEY", POSTHOG_KEY)
    by_day = daily_files(tmp_path / "outbox")
    monkeypatch.setenv("SEGPIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)
    home = create_home(tmp_path / "home")
    monkeypatch.setenv("SEGPIPE_HOME", str(home.root))
    with PosthogServer() as posthog, WebhookReceiver() as alerts, home_instance(home) as instance:
        usual = SETTINGS.format(planted=PLANTED_SETTINGS, posthog=posthog.url, alerts=alerts.url, poll_s=POLL_S)
        home.settings_file.write_text(usual)
        quarter = Quarter(home, instance)
        assert quarter.look("alert_sensor") == "nothing went wrong"
        delivered = set()
        for end in ENDS:
            deliver(tmp_path / "outbox", home.landing, delivered, end)
            posthog.will(rate_limited("0"))
            quarter.files_arrive()
            assert quarter.look("landing_sensor") == "nothing new in landing"
            moment = datetime.fromisoformat(f"{end}T03:00").replace(tzinfo=UTC)
            if moment.day == 1:
                home.settings_file.write_text(usual + (MODEL_AWAY if moment.month == 3 else ""))
                quarter.strikes("monthly_refresh_schedule", moment, is_killed=moment.month == 4)
            if moment.month == 3:
                assert is_advised(home, date(2026, 2, 1)), "the rules did not stand in for the model"
            if end in STRUCK:
                quarter.strikes("daily_update_schedule", moment + timedelta(hours=1))
            quarter.look("activation_sensor")
            drifted = quarter.look("drift", drift_sensor(home.root, lambda at=moment: at.replace(tzinfo=None)))
            assert "is fine" in drifted or "has no event yet" in drifted
            quarter.look("alert_sensor")
        home.settings_file.write_text(usual)
        catch_up = catch_up_sensor(home.root, lambda: datetime(2026, 4, 1, 9, 5))
        quarter.look("catch_up", catch_up)
        assert quarter.look("catch_up", catch_up) == "no month was missed"
        assert [key for key in quarter.run_keys if key.startswith(("scheduled", "catch-up"))] == [
            "scheduled:2026-01", "scheduled:2026-02", "scheduled:2026-03", "catch-up:2026-03:1",
        ]  # fmt: skip
        quarter.look("activation_sensor")
        assert quarter.look("activation_sensor") == "everything published was synced"
        assert quarter.ran.count("daily_update") == len(ENDS) + len(STRUCK)
        assert [name for name in quarter.ran if name.startswith("monthly")] == [
            f"monthly_refresh 2026-0{month}-01" for month in (1, 2, 3)
        ]
        assert stale(home) == [
            (date(2026, 1, 1), sum(len(by_day[day]) for day in LATE)),
            (date(2026, 2, 1), len(by_day[CORRUPT])),
        ]
        quarter.look("alert_sensor")
        told = {message["data"]["title"]: message["data"]["next"] for message in alerts.messages}
        assert "monthly_refresh 2026-03 failed in run" in told
        assert told["check no_refresh_is_stale of stale_refreshes warns"].startswith("`segpipe run --stale`")
        with duckdb.connect(str(home.published_file.resolve()), read_only=True) as published:
            nothing_is_lost(published, by_day)
            lineage_is_whole(published)
            scored = published.execute(
                "SELECT user_id, likeliest_cluster_id, cluster_id FROM current_segments WHERE membership IS NOT NULL"
            ).fetchall()
        placed = {user: placed_in for user, _, placed_in in scored if placed_in != "unclassified"}
        likeliest = {user: segment for user, segment, _ in scored}
        assert len(placed) > 30
        # Who wavers may keep what is still the likeliest.
        assert placed.items() <= posthog.segments().items() <= likeliest.items()


def stale(home):
    with duckdb.connect(str(home.published_file.resolve()), read_only=True) as published:
        return published.execute("SELECT refresh_month, late_event_count FROM stale_refreshes ORDER BY ALL").fetchall()


def is_advised(home, month):
    with duckdb.connect(str(home.published_file.resolve()), read_only=True) as published:
        counted = "SELECT count(*) FROM recommendations WHERE refresh_month = $month"
        return published.execute(counted, {"month": month}).fetchone() > (0,)


def nothing_is_lost(published, by_day):
    """Every event delivered is there once, whatever happened to its file."""
    lines = {line for of_day in by_day.values() for line in of_day}
    assert published.execute("SELECT count(*) FROM raw_events").fetchone() == (len(lines),)
    assert published.execute("SELECT count(*) FROM landed_files WHERE status = 'error'").fetchone() == (0,)
    (duplicates,) = published.execute(
        "SELECT sum(duplicate_count) FROM landed_files WHERE file_name IN ('copy.csv', $day)",
        {"day": f"events-{DUPLICATED}.csv"},
    ).fetchone()
    assert duplicates == len(by_day[DUPLICATED])
    kept = published.execute(
        "SELECT count(*) FROM raw_events WHERE file_name = $name", {"name": f"events-{WITHDRAWN}.csv"}
    ).fetchone()
    assert kept == (len(by_day[WITHDRAWN]),)


def lineage_is_whole(published):
    """Each segment of a month is born or continued, each of the month before continued or ended, and nothing else."""
    months = [month for (month,) in published.execute("SELECT refresh_month FROM refreshes ORDER BY ALL").fetchall()]
    assert months == [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
    before: set[str] = set()
    for month in months:
        now = {
            one
            for (one,) in published.execute(
                "SELECT cluster_id FROM clusters WHERE refresh_month = $m", {"m": month}
            ).fetchall()
        }
        told = published.execute(
            "SELECT cluster_id, kind FROM cluster_lineage WHERE refresh_month = $m", {"m": month}
        ).fetchall()
        assert len(now) >= 2
        assert {one for one, kind in told if kind == "continued"} == now & before
        assert {one for one, kind in told if kind in ("born", "split")} >= now - before
        assert {one for one, kind in told if kind in ("retired", "merged")} == before - now
        before = now
