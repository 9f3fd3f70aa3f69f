"""Running a job in this process for the command line, telling a listener which step it is at.

Add here: what the command line must know of a running job. Keep out: printing (terminal/).
"""

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from segmentation_pipeline.config import Home
from segmentation_pipeline.orchestration.run_records import quick_records

POLL_S = 0.25
"""Seconds between two looks at the event log; quick enough to feel live, cheap against any step."""

QUIET_LOGS = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""The progress display says what the event log says; the log itself stays readable in the UI."""


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended; `problem` is the text of its first failure, with the next step."""

    run_id: str
    is_success: bool
    problem: str | None
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class RunProgress:
    """Where a run is: the step it is at, and how many of its steps are done."""

    step: str
    done_count: int
    step_count: int


@contextmanager
def home_instance(home: Home) -> Iterator[dg.DagsterInstance]:
    """Yield the Dagster instance of a home; what `segpipe ui` shows later is what ran here."""
    with quick_records(home.dagster), dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        yield instance


def run_job(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job_name: str,
    *,
    on_progress: Callable[[RunProgress], None],
    partition_key: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> RunOutcome:
    """Run a job to its end; a failed step is an outcome, not an exception."""
    job = definitions.resolve_job_def(job_name)
    run_id = str(uuid.uuid4())
    finished = threading.Event()
    listener = threading.Thread(
        target=_listen, args=(instance, run_id, len(job.graph.node_dict), on_progress, finished), daemon=True
    )
    listener.start()
    try:
        result = job.execute_in_process(
            instance=instance,
            partition_key=partition_key,
            raise_on_error=False,
            run_id=run_id,
            tags=dict(tags or {}),
            run_config=QUIET_LOGS,
        )
    finally:
        finished.set()
        listener.join()
    return RunOutcome(run_id, result.success, _first_problem(result), _warnings(result))


def _listen(
    instance: dg.DagsterInstance,
    run_id: str,
    step_count: int,
    on_progress: Callable[[RunProgress], None],
    finished: threading.Event,
) -> None:
    while not finished.wait(POLL_S):
        steps = {dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_SUCCESS}
        events = [entry.dagster_event for entry in instance.all_logs(run_id, of_type=steps) if entry.dagster_event]
        done = sum(event.is_step_success for event in events)
        started = [event.step_key for event in events if event.is_step_start and event.step_key]
        if started:
            on_progress(RunProgress(started[-1], done, step_count))


def _first_problem(result: dg.ExecuteInProcessResult) -> str | None:
    for event in result.all_events:
        if event.is_step_failure:
            failure = event.step_failure_data
            told = failure.user_failure_data.description if failure.user_failure_data else None
            error = failure.error
            cause = error.cause if error and error.cause else error
            return told or (f"{event.step_key}: {cause.message.strip()}" if cause else str(event.step_key))
        if event.is_failure and event.message:
            return event.message
    return None


def _warnings(result: dg.ExecuteInProcessResult) -> tuple[str, ...]:
    return tuple(
        evaluation.description or evaluation.check_name
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed
    )
