"""What `segpipe doctor` finds: versions, paths, settings, state, lock, dead runs, and how to get what is missing.

Add here: another thing that can be wrong with an installation. Keep out: mending it.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from segmentation_pipeline.activation.syncing import destination_of
from segmentation_pipeline.activation.syncing import find_key as find_destination_key
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.llm.keys import find_key
from segmentation_pipeline.state.database import open_state
from segmentation_pipeline.warehouse.locks import is_locked, lock_holder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segmentation_pipeline.config import Home

PACKAGES = (
    "dagster",
    "dagster-webserver",
    "duckdb",
    "pandas",
    "pandera",
    "ibis-framework",
    "scikit-learn",
    "umap-learn",
    "hdbscan",
    "lifelines",
    "sqlalchemy",
)

LOW_DISK_BYTES = 2 * 1024**3
"""A refresh keeps the live file and three copies; under 2 GiB free a mid-sized log may not fit."""


@dataclass(frozen=True)
class Finding:
    """One line of the report: what was looked at, how it stands, what to do."""

    subject: str
    state: Literal["ok", "note", "wrong"]
    found: str
    next_step: str = ""


def examine(home: Home) -> Iterator[Finding]:
    """Yield one finding per thing looked at; nothing is changed."""
    yield Finding("python", "ok", platform.python_version())
    yield from _packages()
    yield Finding(
        "home", "ok" if home.root.is_dir() else "wrong", str(home.root), "" if home.root.is_dir() else "segpipe init"
    )
    yield from _settings(home)
    yield from _activation(home)
    yield from _landing(home)
    yield from _people(home)
    yield from _runs(home)
    yield _disk(home)


def _packages() -> Iterator[Finding]:
    for name in PACKAGES:
        try:
            yield Finding(name, "ok", importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, "wrong", "not installed", "pip install -c constraints.txt -e .")


def _settings(home: Home) -> Iterator[Finding]:
    try:
        settings = home.settings()
    except PipelineError as error:
        yield Finding("settings", "wrong", str(error))
        return
    yield Finding("settings", "ok", str(home.settings_file))
    if settings.first_month is None or settings.clock is None:
        yield Finding("clock", "note", "not measured yet", "segpipe configure (or the first segpipe run) measures it")
    else:
        yield Finding("clock", "ok", f"{settings.clock}, from {settings.first_month:%Y-%m}")
    match settings.churn_definition:
        case "action":
            yield Finding("churn", "ok", f"by action: {', '.join(settings.roles.churn)}")
        case "inactivity":
            yield Finding("churn", "ok", f"by silence of {settings.inactivity_days} days (inactivity_days)")
        case _:
            yield Finding(
                "churn",
                "note",
                "no churn action, and no silence measured yet",
                "name the action under [roles], or let segpipe configure measure inactivity_days",
            )
    model = find_key(settings.llm, os.environ)
    provider = settings.llm.named_provider
    if provider.kind == "rules":
        yield Finding("llm", "ok", "rules: nothing leaves this machine")
    else:
        yield Finding("llm", "wrong" if model.problem else "ok", model.problem or settings.llm.provider)


def _activation(home: Home) -> Iterator[Finding]:
    try:
        settings = home.settings().activation
    except PipelineError:
        return  # told under settings
    for name in settings.used:
        destination = destination_of(name, settings)
        if not settings.enabled:
            yield Finding(name, "note", f"{destination.title}: dry run", "enabled = true under [activation] sends it")
            continue
        problem = None if destination.variable is None else find_destination_key(destination, os.environ).problem
        yield Finding(name, "wrong" if problem else "ok", problem or destination.title)


def _landing(home: Home) -> Iterator[Finding]:
    files = [path for path in home.landing.rglob("*") if path.is_file()] if home.landing.is_dir() else []
    total_mb = sum(path.stat().st_size for path in files) / 1e6
    state: Literal["ok", "note"] = "ok" if files else "note"
    next_step = "" if files else f"put event files into {home.landing}"
    yield Finding("landing", state, f"{len(files)} files, {total_mb:,.1f} MB", next_step)


def _people(home: Home) -> Iterator[Finding]:
    """Names, notes and what else cannot be computed again: is it there, and can this program use it."""
    try:
        settings = home.settings()
    except PipelineError:
        return  # told under settings
    try:
        state = open_state(home, settings)
        version = state.version()
    except PipelineError as error:
        yield Finding("state", "wrong", str(error))
        return
    if version:
        size = f", {state.file.stat().st_size / 1e3:,.1f} kB" if state.file else ""
        yield Finding("state", "ok", f"{state.place}: schema {version}{size}")
    else:
        yield Finding("state", "ok", f"{state.place}: nothing kept yet", "the first name or note makes it")


def _runs(home: Home) -> Iterator[Finding]:
    published = home.published_file
    if published.exists():
        yield Finding("published", "ok", str(published.resolve().name))
    else:
        yield Finding("published", "note", "nothing yet", "segpipe run")
    if is_locked(home.run_lock):
        yield Finding("run lock", "note", f"held by {lock_holder(home.run_lock)}", "wait for that run to end")
        return
    holder = lock_holder(home.run_lock)
    if holder:
        yield Finding("run lock", "wrong", f"run {holder.get('run_id')} died", "segpipe run (or ui) reports it failed")
    else:
        yield Finding("run lock", "ok", "free")


def _disk(home: Home) -> Finding:
    folder = next(path for path in (home.root, *home.root.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    is_low = free < LOW_DISK_BYTES
    return Finding("disk", "wrong" if is_low else "ok", f"{free / 1e9:,.1f} GB free", "make room" if is_low else "")
