"""The last run that failed: told on top of what was published before it, with what stopped it and what to do.

Add here: another fact of a run that published nothing. Keep out: runs asked for here, as they go (refreshing.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from segmentation_pipeline.client.unpublished import unpublished_run
from segmentation_pipeline.dashboard.markup import code, quiet

if TYPE_CHECKING:
    from datetime import datetime

    from segmentation_pipeline.client import Client
    from segmentation_pipeline.client.unpublished import RunProblem
    from segmentation_pipeline.dashboard.wording import Texts


def tell_failed_run(home: Client, published_at: datetime | None, texts: Texts) -> None:
    """Tell why the last run published nothing, where it did not; `published_at`: when what is shown was published."""
    run = unpublished_run(home.home)
    if run is None:
        return
    kept = "" if published_at is None else f" {texts('last_run.kept', moment=texts.moment(published_at))}"
    lines = [
        f"**{texts('last_run.failed', moment=texts.moment(run.ended_at))}**{kept}",
        *(f"{_what(problem, texts)}: {quiet(problem.message)}" for problem in run.problems),
        texts("last_run.next", command=code(f"segpipe run --home {home.home.root}")),
    ]
    st.error("  \n".join(lines), icon=":material/error:")


def _what(problem: RunProblem, texts: Texts) -> str:
    marks = [code(problem.table if problem.check is None else f"{problem.table}.{problem.check}")]
    marks += [] if problem.refresh_month is None else [texts.month(problem.refresh_month)]
    return ", ".join(marks)
