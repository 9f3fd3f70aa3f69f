"""What went wrong in runs that ended: a failed run, a failed check, told without a value of any row.

Add here: another kind of trouble. Keep out: noticing it inside a run (checks do), and telling of it (alerting.py).
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from segmentation_pipeline import errors
from segmentation_pipeline.activation_settings import AlertSettings
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.orchestration.published import CONSISTENCY_CHECK
from segmentation_pipeline.state.alerts import Trouble

ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]

LOOKED_RUNS = 100
"""Most runs looked at in one tick; the next tick goes on."""

WHY_CHARS = 1_000
"""Most of an explanation that is told; the run holds all of it."""

ALWAYS_TOLD = (CONSISTENCY_CHECK, "no_refresh_is_stale")
"""Checks that only warn and are told of all the same: what people look at stays old until somebody acts."""

TOLD_ERRORS = frozenset({"OSError", "IOException", "MemoryError", "OutOfMemoryException", "PermissionError"})
"""Errors of the machine, whose words name files and sizes; those of others may quote rows."""

WORDS_OF_OTHERS = re.compile(r"(\(?)(status \d{3}|most often with): .*", re.DOTALL)
"""Where an explanation goes on with what a destination said, which may quote what was sent to it."""


@dataclass(frozen=True)
class Cursor:
    """Up to where runs were looked at: the moment of the last one's end, and the runs of that moment."""

    ended_at: float
    run_ids: tuple[str, ...]


def look(instance: dg.DagsterInstance, settings: AlertSettings, since: Cursor | None) -> tuple[list[Trouble], Cursor]:
    """Return the troubles of runs that ended since, and up to where they were looked at.

    Without a cursor nothing is told: what failed before anybody asked to be told is in the UI.
    """
    if since is None:
        return [], start_now()
    records = instance.get_run_records(
        dg.RunsFilter(statuses=ENDED, updated_after=datetime.fromtimestamp(since.ended_at - 1, UTC)),
        limit=LOOKED_RUNS,
        order_by="update_timestamp",
        ascending=True,
    )
    troubles: list[Trouble] = []
    cursor = since
    for record in records:
        run, ended_at = record.dagster_run, record.update_timestamp.timestamp()
        if ended_at < since.ended_at or run.run_id in cursor.run_ids:
            continue
        at = datetime.fromtimestamp(ended_at, UTC).replace(tzinfo=None)
        troubles += _of_run(instance, run, at) + _of_checks(instance, run, settings, at)
        same = cursor.run_ids if ended_at == cursor.ended_at else ()
        cursor = Cursor(ended_at, (*same, run.run_id))
    return troubles, cursor


def start_now() -> Cursor:
    """Return the cursor that leaves out all that ended before now."""
    return Cursor(datetime.now(UTC).timestamp(), ())


def _of_run(instance: dg.DagsterInstance, run: dg.DagsterRun, at: datetime) -> list[Trouble]:
    """Return why a run failed; nothing where a check of the step that failed tells it already."""
    if run.status != dg.DagsterRunStatus.FAILURE:
        return []
    step, why = "run", "It ended without saying why."
    failures = [
        event
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        if (event := entry.dagster_event) is not None and event.is_step_failure
    ]
    if failures:
        told_by_checks = _steps_with_failed_checks(instance, run)
        untold = [event for event in failures if event.step_key not in told_by_checks]
        if not untold:
            return []
        step, why = untold[0].step_key or step, _why(untold[0]) or why
    else:
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE):
            why = (entry.dagster_event.message if entry.dagster_event else None) or entry.user_message or why
    month = run.tags.get("dagster/partition", "")[:7]
    what = f"{run.job_name} {month}".strip()
    return [
        trouble_of(
            f"{what} failed in {step}",
            why,
            f"open run {run.run_id} in `segpipe ui`; everything published before is still there",
            key=(run.job_name, month, step, _without_numbers(why)),
            run_id=run.run_id,
            job_name=run.job_name,
            at=at,
        )
    ]


def _why(event: dg.DagsterEvent) -> str | None:
    """Return what a failed step says; of an error that may quote rows, its kind alone."""
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    cause = data.error.cause if data.error and data.error.cause else data.error
    if cause is None:
        return None
    kind = cause.cls_name or "an error"
    ours = getattr(errors, kind, None)
    if kind in TOLD_ERRORS or (isinstance(ours, type) and issubclass(ours, PipelineError)):
        return cause.message.strip()
    return f"{kind}; its words are in the run, they may quote rows."


def _steps_with_failed_checks(instance: dg.DagsterInstance, run: dg.DagsterRun) -> set[str | None]:
    found = set()
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        event = entry.dagster_event
        evaluation = event.asset_check_evaluation_data if event else None
        if event and evaluation and not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR:
            found.add(event.step_key)
    return found


def _of_checks(
    instance: dg.DagsterInstance, run: dg.DagsterRun, settings: AlertSettings, at: datetime
) -> list[Trouble]:
    found = []
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        evaluation = entry.dagster_event.asset_check_evaluation_data if entry.dagster_event else None
        if evaluation is None or evaluation.passed:
            continue
        is_warning = evaluation.severity == dg.AssetCheckSeverity.WARN
        if is_warning and not settings.warnings and evaluation.check_name not in ALWAYS_TOLD:
            continue
        table = evaluation.asset_key.to_user_string()
        found.append(
            trouble_of(
                f"check {evaluation.check_name} of {table} {'warns' if is_warning else 'failed'}",
                evaluation.description or "It did not say why.",
                f"look at {table} in `segpipe ui`, run {run.run_id}",
                key=("check", table, evaluation.check_name),
                run_id=run.run_id,
                job_name=run.job_name,
                at=at,
            )
        )
    return found


def trouble_of(
    title: str, why: str, advice: str, *, key: Sequence[str], run_id: str, job_name: str, at: datetime
) -> Trouble:
    """Return a trouble; the explanation's own last words are the advice, where it has such."""
    told, found, own = why.rpartition("Next: ")
    ours = WORDS_OF_OTHERS.sub(lambda match: f"({match[2]})" if match[1] else match[2], told if found else own)
    text = " ".join(ours.split())[:WHY_CHARS]
    return Trouble.of(
        key,
        title=title,
        why=text,
        next_step=" ".join(own.split())[:WHY_CHARS] if found else advice,
        run_id=run_id,
        job_name=job_name,
        at=at,
    )


def _without_numbers(text: str) -> str:
    """Return a text in which every number is the same: how many rows failed does not make it another trouble."""
    return re.sub(r"\d+", "0", text)


def read_cursor(text: str | None) -> Cursor | None:
    """Return the cursor a tick left, None where there is none or it cannot be read."""
    try:
        ended_at, run_ids = json.loads(text or "")
        return Cursor(float(ended_at), tuple(str(run_id) for run_id in run_ids))
    except (ValueError, TypeError):
        return None


def write_cursor(cursor: Cursor) -> str:
    """Return a cursor as text."""
    return json.dumps([cursor.ended_at, list(cursor.run_ids)])
