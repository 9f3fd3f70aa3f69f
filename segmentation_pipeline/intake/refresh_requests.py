"""`request_refresh`: ask for a refresh of a home and watch it, through its Dagster UI or as a process of its own.

Add here: another way to launch a refresh. Keep out: what a refresh does, and how its progress is shown.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.homes import prepare_home
from segmentation_pipeline.intake.dagster_address import told_address
from segmentation_pipeline.intake.dagster_runs import DagsterRuns, DagsterSilent, DagsterSlow
from segmentation_pipeline.warehouse.locks import file_lock, is_locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from segmentation_pipeline.config import Home, Settings
    from segmentation_pipeline.intake.dagster_runs import DagsterRun

Launcher = Literal["dagster", "process"]
Status = Literal["waiting", "running", "succeeded", "failed", "died", "unknown"]

REQUEST_TAG, THEN_TAG, REASON_TAG = "segpipe/request", "segpipe/then", "segpipe/reason"
"""Names of orchestration/refresh_requests.py, which is not imported here: it loads Dagster. A test compares them."""

MONTHLY_REFRESH, INGEST, NEWEST_MONTH = "monthly_refresh", "ingest", "newest_month"

FOLLOW_PATIENCE_S = 120.0
"""Seconds within which Dagster has taken a request, and its sensor has followed an ingestion, or never will."""

LOCK_TRIES, LOCK_POLL_S = 40, 0.05
"""Somebody who only looks whether the lock is free holds it for an instant."""


class RefreshUnderWay(PipelineError):
    """A run works on the home already; no other was started."""


@dataclass(frozen=True)
class RequestedRefresh:
    """A refresh somebody asked for: how it was launched, when (UTC), and where its log is."""

    request_id: str
    launcher: Launcher
    month: date | None
    requested_at: datetime
    log: str


@dataclass(frozen=True)
class RefreshProgress:
    """How far a requested refresh is; `problem` is for people, counts are steps of the job it is at."""

    request: RequestedRefresh
    status: Status
    job: str | None = None
    month: date | None = None
    step: str | None = None
    done_count: int = 0
    step_count: int | None = None
    problem: str | None = None
    ended_at: datetime | None = None
    log: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.status in ("waiting", "running")

    @property
    def elapsed_s(self) -> float:
        """Seconds since it was asked for, until it ended."""
        return ((self.ended_at or _now()) - self.request.requested_at).total_seconds()


def request_refresh(home: Home, month: date | None = None) -> RequestedRefresh:
    """Launch the refresh of a month, by default of the newest there is once landed files are read.

    Through Dagster where the UI of this home runs and the home's clock is measured, else as `segpipe run` in a
    process of its own, which survives this one.

    Raises:
        RefreshUnderWay: a run works on this home; the text tells which.
        DagsterSlow: the UI runs but does not answer in time.
        PipelineError: settings are wrong, or the process cannot be started.
    """
    settings = home.settings()
    prepare_home(home)
    with file_lock(home.dagster / "refresh_request.guard"):
        _refuse_second(home)
        request_id = uuid.uuid4().hex
        return _through_dagster(home, settings, month, request_id) or _as_process(home, month, request_id)


def refresh_progress(home: Home) -> RefreshProgress | None:
    """Return how far the last requested refresh is, None where none was ever asked for."""
    request = _stored_request(home)
    if request is None:
        return None
    return _of_process(home, request) if request.launcher == "process" else _of_dagster(home, request)


def is_run_elsewhere(home: Home) -> bool:
    """Tell whether a run nobody asked for here works on the home, such as one from a terminal."""
    known = refresh_progress(home)
    return is_locked(home.run_lock) and not (known is not None and known.is_open)


def _refuse_second(home: Home) -> None:
    known = refresh_progress(home)
    if known is not None and known.is_open:
        raise RefreshUnderWay(
            f"A refresh of {home.root} has been under way for {known.elapsed_s:.0f} s, so no other was started. "
            "Next: wait for its end."
        )
    if is_locked(home.run_lock):
        raise RefreshUnderWay(
            f"A run from elsewhere (a terminal or a schedule) works on {home.root}, so no other was started. "
            "Next: wait for its end."
        )


def _through_dagster(home: Home, settings: Settings, month: date | None, request_id: str) -> RequestedRefresh | None:
    """Launch through the UI where it runs; None where it does not, or where the clock is still to be measured."""
    address = told_address(home)
    if address is None or settings.first_month is None or settings.clock is None:
        return None
    dagster = DagsterRuns(address)
    tags = {REQUEST_TAG: request_id, REASON_TAG: "requested"}
    request = RequestedRefresh(request_id, "dagster", month, _now(), f"{address}/runs/")
    try:
        with _noted(home, request):
            if month is None:
                run_id = dagster.launch(INGEST, {**tags, THEN_TAG: NEWEST_MONTH})
            else:
                run_id = dagster.launch(MONTHLY_REFRESH, tags, month.isoformat())
    except DagsterSlow:
        raise
    except DagsterSilent:
        return None
    launched = dataclasses.replace(request, log=f"{request.log}{run_id}")
    _write(_request_file(home), dataclasses.asdict(launched))
    return launched


@contextlib.contextmanager
def _noted(home: Home, request: RequestedRefresh) -> Iterator[None]:
    """Note a request before it is launched, for it may begin though nobody says so; a refused one is taken back."""
    file = _request_file(home)
    before = _read(file)
    _write(file, dataclasses.asdict(request))
    try:
        yield
    except DagsterSlow:
        raise
    except PipelineError:
        if before is None:
            file.unlink()
        else:
            _write(file, before)
        raise


def command(home: Home, month: date | None, report: Path) -> list[str]:
    """Return the command that refreshes a home and reports into a file."""
    asked = [] if month is None else ["--month", f"{month:%Y-%m}"]
    run = ["-m", "segmentation_pipeline.cli", "run", "--home", str(home.root), "--report", str(report)]
    return [sys.executable, *run, *asked]


def _as_process(home: Home, month: date | None, request_id: str) -> RequestedRefresh:
    """Start `segpipe run`, which inherits a lock: the kernel frees it when the process ends, however it does."""
    report, log = _report_file(home), home.dagster / "refresh.log"
    request = RequestedRefresh(request_id, "process", month, _now(), str(log))
    with _held_lock(_process_lock(home)) as descriptor, log.open("wb") as said, _noted(home, request):
        report.unlink(missing_ok=True)
        try:
            process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                command(home, month, report),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=home.root,
                env={**os.environ, "COLUMNS": "120"},
                pass_fds=(descriptor,),
                start_new_session=True,
            )
        except OSError as error:
            raise PipelineError(
                f"The refresh could not be started ({error.strerror}). Next: `segpipe run --home {home.root}`."
            ) from error
    threading.Thread(target=process.wait, daemon=True).start()  # or it would stay as a zombie
    return request


def _of_process(home: Home, request: RequestedRefresh) -> RefreshProgress:
    is_alive = is_locked(_process_lock(home))  # looked at first: what it reports before its end is then complete
    report = _read(_report_file(home)) or {}
    told = str(report.get("status", "running"))
    status: Status = "running" if is_alive else "failed" if told == "failed" else "succeeded"
    problem = None if report.get("problem") is None else str(report["problem"])
    if not is_alive and told == "running":
        status = "died"
        problem = "The process of the refresh was ended before it was done. Nothing is lost: launch it again."
    return RefreshProgress(
        request,
        status,
        job=report.get("job"),
        month=request.month if report.get("month") is None else date.fromisoformat(str(report["month"])),
        step=report.get("step"),
        done_count=int(report.get("done_count") or 0),
        step_count=report.get("step_count"),
        problem=None if is_alive else problem,
        ended_at=None if is_alive else _changed_at(_report_file(home)) or request.requested_at,
        log=request.log,
    )


def _of_dagster(home: Home, request: RequestedRefresh) -> RefreshProgress:
    address = request.log.partition("/runs/")[0]
    dagster = DagsterRuns(address)
    try:
        runs = dagster.runs({REQUEST_TAG: request.request_id})
        newest = runs[0] if runs else None
        problem = dagster.problem(newest.run_id) if newest and newest.status in ("FAILURE", "CANCELED") else None
    except DagsterSlow:
        return RefreshProgress(request, "running", log=request.log)
    except DagsterSilent as silent:
        is_gone = told_address(home) is None and not is_locked(home.run_lock)
        told = f"{silent} Its runs ended with it: launch the refresh again." if is_gone else str(silent)
        return RefreshProgress(request, "died" if is_gone else "unknown", problem=told, log=request.log)
    if newest is None and (_now() - request.requested_at).total_seconds() < FOLLOW_PATIENCE_S:
        return RefreshProgress(request, "waiting", log=request.log)
    if newest is None:
        told = f"Dagster at {address} knows no such run any more."
        return RefreshProgress(request, "unknown", problem=told, log=request.log)
    status, stalled = _dagster_status(newest)
    is_over = status not in ("waiting", "running")
    return RefreshProgress(
        request,
        status,
        job=newest.job,
        month=request.month if newest.partition is None else date.fromisoformat(newest.partition),
        step=newest.step,
        done_count=newest.done_count,
        step_count=newest.step_count,
        problem=stalled or problem,
        ended_at=datetime.fromtimestamp(newest.ended_at, tz=UTC).replace(tzinfo=None)
        if is_over and newest.ended_at
        else None,
        log=f"{address}/runs/{newest.run_id}",
    )


def _dagster_status(run: DagsterRun) -> tuple[Status, str | None]:
    """Return the status of a request by its newest run; an ingestion that succeeded is still to be followed."""
    if run.status == "SUCCESS" and run.job == INGEST:
        if run.ended_at is None or time.time() - run.ended_at < FOLLOW_PATIENCE_S:
            return "waiting", None
        return "failed", "Files were read, but no refresh followed. Next: look at the sensor newest_month in Dagster."
    known: dict[str, Status] = {
        "SUCCESS": "succeeded",
        "FAILURE": "failed",
        "CANCELED": "died",
        "STARTED": "running",
        "CANCELING": "running",
    }
    return known.get(run.status, "waiting"), "It was stopped in Dagster." if run.status == "CANCELED" else None


@contextlib.contextmanager
def _held_lock(path: Path) -> Iterator[int]:
    """Yield a descriptor that holds the lock; whoever inherits it goes on holding it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        for attempt in range(LOCK_TRIES):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if attempt == LOCK_TRIES - 1:
                    raise RefreshUnderWay("A refresh runs on this home. Next: wait for its end.") from None
                time.sleep(LOCK_POLL_S)
            else:
                break
        yield descriptor
    finally:
        os.close(descriptor)


def _stored_request(home: Home) -> RequestedRefresh | None:
    told = _read(_request_file(home))
    if told is None:
        return None
    try:
        return RequestedRefresh(
            str(told["request_id"]),
            told["launcher"],
            None if told["month"] is None else date.fromisoformat(told["month"]),
            datetime.fromisoformat(told["requested_at"]),
            str(told["log"]),
        )
    except (KeyError, TypeError, ValueError):
        return None  # written by another version of the program


def _write(path: Path, told: dict[str, object]) -> None:
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(told, default=lambda value: value.isoformat()), encoding="utf-8")
    partial.replace(path)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def _changed_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).replace(tzinfo=None)
    except OSError:
        return None


def _now() -> datetime:
    return datetime.now(tz=UTC).replace(tzinfo=None)


def _request_file(home: Home) -> Path:
    return home.dagster / "refresh_request.json"


def _report_file(home: Home) -> Path:
    return home.dagster / "refresh_report.json"


def _process_lock(home: Home) -> Path:
    return home.dagster / "refresh_process.lock"
