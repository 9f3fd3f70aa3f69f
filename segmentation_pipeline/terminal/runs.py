"""The progress display of a run.

Add here: another way to show a running job. Keep out: running it (orchestration/job_runs.py).
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from segmentation_pipeline.orchestration.job_runs import RunProgress


@contextlib.contextmanager
def progress_display(console: Console, title: str) -> Iterator[Callable[[RunProgress], None]]:
    """Show one line while a run lasts: title, bar, steps done, the step it is at, time."""
    display = Progress(
        SpinnerColumn(),
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[step]}"),
        TimeElapsedColumn(),
        console=console,
    )
    with display:
        task = display.add_task(title, total=None, step="starting")

        def show(progress: RunProgress) -> None:
            display.update(task, total=progress.step_count, completed=progress.done_count, step=progress.step)

        yield show
        total = display.tasks[0].total
        display.update(task, completed=total or 1, total=total or 1, step="done")
