"""A file that says where a run is and how it ended, for a program that started it and watches.

Add here: another fact a watcher needs. Keep out: printing (runs.py, summary.py).
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from segmentation_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from segmentation_pipeline.orchestration.job_runs import RunProgress


class RunReport:
    """Keeps one JSON object in a file, replaced whole at each change; without a file it keeps nothing.

    Keys: status (running, succeeded, failed), job, month, step, done_count, step_count, problem.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._told: dict[str, object] = {"status": "running"}

    @property
    def has_problem(self) -> bool:
        """Whether a part of the run failed."""
        return "problem" in self._told

    def begin(self, job: str, month: date | None) -> None:
        """Tell that a job begins."""
        self._write(
            job=job, month=None if month is None else month.isoformat(), step=None, done_count=0, step_count=None
        )

    def at(self, progress: RunProgress) -> None:
        """Tell how far the job is."""
        self._write(step=progress.step, done_count=progress.done_count, step_count=progress.step_count)

    def fail(self, problem: str) -> None:
        """Tell what went wrong, in words for people; the first problem stays."""
        self._write(problem=self._told.get("problem", problem))

    def end(self) -> None:
        """Tell that the run is over."""
        self._write(status="failed" if self.has_problem else "succeeded")

    def _write(self, **facts: object) -> None:
        changed = {**self._told, **facts}
        if self._path is not None and (changed != self._told or not self._path.exists()):
            partial = self._path.with_name(self._path.name + ".part")
            partial.write_text(json.dumps(changed, ensure_ascii=False), encoding="utf-8")
            partial.replace(self._path)
        self._told = changed


@contextlib.contextmanager
def run_report(path: Path | None) -> Iterator[RunReport]:
    """Yield the report of a run; its end is told, whichever way it comes but by a kill."""
    report = RunReport(path)
    try:
        yield report
    except PipelineError as error:
        report.fail(str(error))
        raise
    except Exception as error:
        report.fail(f"Something unforeseen happened ({type(error).__name__}: {error}).")
        raise
    finally:
        report.end()
