"""A refresh is asked for once, watched from anywhere, and its end is told whichever way it comes."""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from segmentation_pipeline.config import Home
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.homes import create_home
from segmentation_pipeline.intake import dagster_runs, refresh_requests
from segmentation_pipeline.intake.dagster_address import tell_address, told_address
from segmentation_pipeline.intake.dagster_runs import DagsterSlow
from segmentation_pipeline.intake.refresh_requests import (
    RefreshUnderWay,
    command,
    is_run_elsewhere,
    refresh_progress,
    request_refresh,
)
from segmentation_pipeline.orchestration import refresh_requests as orchestrated
from segmentation_pipeline.terminal.reports import RunReport, run_report
from segmentation_pipeline.warehouse.locks import file_lock

MONTH = date(2026, 1, 1)
CHILD = "import os, time; open({pid!r}, 'w').write(str(os.getpid())); time.sleep({seconds}); {then}"


@pytest.fixture
def home(tmp_path):
    return create_home(tmp_path / "home")


@pytest.fixture
def child(home, monkeypatch):
    """Let a process of a few lines stand for `segpipe run`; return how to prepare it and its id."""

    def prepare(seconds, then="pass"):
        told = CHILD.format(pid=str(home.root / "pid"), seconds=seconds, then=then)
        monkeypatch.setattr(refresh_requests, "command", lambda *_: [sys.executable, "-c", told])

    def process():
        until(lambda: (home.root / "pid").exists() and (home.root / "pid").read_text())
        return int((home.root / "pid").read_text())

    prepare.process = process
    return prepare


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def ended(home):
    until(lambda: not refresh_progress(home).is_open)
    return refresh_progress(home)


def report_of(home):
    return RunReport(home.dagster / "refresh_report.json")


def test_nobody_asked_is_no_progress(home):
    assert refresh_progress(home) is None
    assert not is_run_elsewhere(home)


def test_a_second_request_tells_of_the_first_and_starts_nothing(home, child):
    child(30)
    first = request_refresh(home, MONTH)
    assert (first.launcher, first.month) == ("process", MONTH)
    pid = child.process()
    progress = refresh_progress(home)
    assert (progress.status, progress.request) == ("running", first)
    with pytest.raises(RefreshUnderWay, match="under way"):
        request_refresh(home)
    assert refresh_progress(home).request == first
    os.kill(pid, signal.SIGKILL)
    told = ended(home)
    assert told.status == "died"
    assert "ended before it was done" in told.problem
    child(0)
    assert request_refresh(home).request_id != first.request_id


def test_the_process_belongs_to_no_terminal_and_to_no_page(home, child):
    child(30)
    request_refresh(home)
    pid = child.process()
    assert os.getsid(pid) == pid
    os.kill(pid, signal.SIGKILL)
    ended(home)


def test_progress_and_success_are_those_the_run_reports(home, child):
    child(0.3)
    request_refresh(home)
    report = report_of(home)
    report.begin("monthly_refresh", MONTH)
    report._write(step="clusters", done_count=3, step_count=9)
    running = refresh_progress(home)
    assert (running.job, running.step, running.done_count, running.step_count) == ("monthly_refresh", "clusters", 3, 9)
    report.end()
    done = ended(home)
    assert (done.status, done.month, done.problem) == ("succeeded", MONTH, None)
    assert done.elapsed_s < 20


def test_a_failure_is_told_in_its_own_words_with_where_the_log_is(home, child):
    child(0.2)
    request_refresh(home)
    with contextlib.suppress(ValueError), run_report(home.dagster / "refresh_report.json"):
        raise ValueError("a surprise")
    told = ended(home)
    assert told.status == "failed"
    assert told.problem == "Something unforeseen happened (ValueError: a surprise)."
    assert told.log.endswith("refresh.log")


def test_a_run_from_a_terminal_is_not_overtaken(home):
    with file_lock(home.run_lock, holder={"pid": 1}):
        assert is_run_elsewhere(home)
        with pytest.raises(RefreshUnderWay, match="from elsewhere"):
            request_refresh(home)
    assert not is_run_elsewhere(home)


def test_the_command_itself_fails_with_what_to_do(home, monkeypatch):
    nowhere = Home(home.root / "nowhere")
    assert command(nowhere, MONTH, home.root / "r")[-2:] == ["--month", "2026-01"]
    monkeypatch.setattr(refresh_requests, "command", lambda _home, month, report: command(nowhere, month, report))
    request_refresh(home)
    told = ended(home)
    assert told.status == "failed"
    assert "nowhere is not a home" in told.problem
    assert "Traceback" not in (home.dagster / "refresh.log").read_text()


class FakeDagster(BaseHTTPRequestHandler):
    runs, launched, problem, wait_s = [], [], [], 0.0

    def do_POST(self):
        time.sleep(self.wait_s)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text, given = asked["query"], asked["variables"]
        if "launchRun" in text:
            self.launched.append(given)
            data = {"launchRun": {"__typename": "LaunchRunSuccess", "run": {"runId": "r1"}}}
        elif "runsOrError" in text:
            data = {"runsOrError": {"results": list(self.runs)}}
        elif "logsForRun" in text:
            data = {"logsForRun": {"events": list(self.problem)}}
        else:
            jobs = [{"name": "ingest"}, {"name": "monthly_refresh"}]
            loaded = {"repositories": [{"name": "here", "pipelines": jobs}]}
            data = {"workspaceOrError": {"locationEntries": [{"name": "there", "locationOrLoadError": loaded}]}}
        answer = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def dagster(home):
    """A server that answers as Dagster does, told to the home as `segpipe ui` tells its own."""
    home.settings_file.write_text('first_month = "2026-01"\nclock = "calendar"\n', encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeDagster)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    FakeDagster.runs, FakeDagster.launched, FakeDagster.problem, FakeDagster.wait_s = [], [], [], 0.0
    tell_address(home, f"http://127.0.0.1:{server.server_port}")
    yield FakeDagster
    server.shutdown()
    server.server_close()


def run_as_told(status, job="monthly_refresh", **facts):
    return {
        "runId": "r1", "jobName": job, "status": status, "endTime": None,
        "tags": [{"key": "dagster/partition", "value": "2026-01-01"}],
        "stepStats": [
            {"stepKey": "clusters", "status": "IN_PROGRESS", "startTime": 2.0},
            {"stepKey": "sessions", "status": "SUCCESS", "startTime": 1.0},
        ],
        "executionPlan": {"steps": [{"key": "sessions"}, {"key": "clusters"}, {"key": "advice"}]},
    } | facts  # fmt: skip


def test_where_the_ui_of_the_home_runs_it_launches_the_refresh(home, dagster):
    asked = request_refresh(home, MONTH)
    assert asked.launcher == "dagster"
    [given] = dagster.launched
    assert (given["job"], given["location"], given["repository"]) == ("monthly_refresh", "there", "here")
    assert {"key": "dagster/partition", "value": "2026-01-01"} in given["tags"]
    dagster.runs = [run_as_told("QUEUED")]
    assert refresh_progress(home).status == "waiting"
    with pytest.raises(RefreshUnderWay):
        request_refresh(home)
    dagster.runs = [run_as_told("STARTED")]
    told = refresh_progress(home)
    assert (told.status, told.step, told.done_count, told.step_count) == ("running", "clusters", 1, 3)
    dagster.runs = [run_as_told("SUCCESS", endTime=time.time())]
    assert (refresh_progress(home).status, refresh_progress(home).month) == ("succeeded", MONTH)


def test_the_newest_month_follows_the_ingestion(home, dagster):
    request_refresh(home)
    [given] = dagster.launched
    assert given["job"] == "ingest"
    assert {"key": "segpipe/then", "value": "newest_month"} in given["tags"]
    dagster.runs = [run_as_told("SUCCESS", "ingest", endTime=time.time())]
    assert refresh_progress(home).status == "waiting"
    dagster.runs = [run_as_told("SUCCESS", "ingest", endTime=time.time() - 1_000)]
    assert (refresh_progress(home).status, "sensor" in refresh_progress(home).problem) == ("failed", True)


def test_a_failed_run_of_dagster_is_told_by_its_message_and_a_silent_one_is_not_taken_for_an_end(home, dagster):
    request_refresh(home, MONTH)
    dagster.runs = [run_as_told("FAILURE")]
    dagster.problem = [
        {
            "__typename": "ExecutionStepFailureEvent",
            "stepKey": "clusters",
            "error": {"message": "outer", "causes": [{"message": "No room. Next: make some.\n"}]},
            "failureMetadata": None,
        }
    ]
    assert refresh_progress(home).problem == "clusters: No room. Next: make some."
    dagster.problem[0]["failureMetadata"] = {"description": "In short."}
    assert refresh_progress(home).problem == "In short."


def test_a_slow_dagster_is_neither_given_up_nor_asked_twice(home, dagster, monkeypatch):
    request_refresh(home, MONTH)
    dagster.runs = [run_as_told("SUCCESS", endTime=time.time())]
    monkeypatch.setattr(dagster_runs, "ASK_S", 0.1)
    dagster.wait_s = 0.4
    assert refresh_progress(home).status == "running"
    dagster.wait_s = 0.0
    assert refresh_progress(home).status == "succeeded"
    monkeypatch.setattr(dagster_runs, "LAUNCH_S", 0.1)
    dagster.wait_s = 0.4
    monkeypatch.setattr(dagster_runs, "ASK_S", 10.0)
    with pytest.raises(DagsterSlow, match="Next"):
        request_refresh(home, MONTH)
    dagster.runs = []  # it may have begun: it is followed, and a second one is refused.
    monkeypatch.setattr(dagster_runs, "LAUNCH_S", 10.0)
    progress = refresh_progress(home)
    assert (progress.request.launcher, progress.is_open) == ("dagster", True)
    with pytest.raises(RefreshUnderWay):
        request_refresh(home, MONTH)


def test_a_refresh_that_surely_was_not_launched_leaves_no_request(home, monkeypatch):
    monkeypatch.setattr(refresh_requests, "command", lambda *_: [str(home.root / "no-such-program")])
    with pytest.raises(PipelineError, match="could not be started"):
        request_refresh(home)
    assert refresh_progress(home) is None


def test_a_home_whose_clock_is_not_measured_is_refreshed_by_a_process(home, dagster, child):
    home.settings_file.write_text("", encoding="utf-8")
    child(0)
    assert request_refresh(home).launcher == "process"


def test_the_address_of_a_ui_is_forgotten_with_its_process(home):
    script = (
        "import os, sys; from pathlib import Path; from segmentation_pipeline.config import Home;"
        "from segmentation_pipeline.intake.dagster_address import tell_address;"
        f"tell_address(Home(Path({str(home.root)!r})), 'http://127.0.0.1:1');"
        "os.execv('/bin/sleep', ['sleep', '60'])"
    )
    pid = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", script])
    until(lambda: told_address(home) == "http://127.0.0.1:1")
    until(lambda: Path(f"/proc/{pid}/comm").read_text().strip() == "sleep")
    assert told_address(home) == "http://127.0.0.1:1"
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert told_address(home) is None


def test_the_names_shared_with_the_graph_are_the_same():
    for name in ("REQUEST_TAG", "THEN_TAG", "REASON_TAG", "MONTHLY_REFRESH", "NEWEST_MONTH"):
        assert getattr(refresh_requests, name) == getattr(orchestrated, name)
