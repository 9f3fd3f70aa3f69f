"""The landing sensor: new and changed files are ingested once they are whole, each content at most once.

Add here: another sign that a file is not finished yet. Keep out: reading files (landing/, events/ingest.py).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from segmentation_pipeline.config import Home, find_home
from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.landing.settling import is_settled
from segmentation_pipeline.landing.sources import FOLDERS, find_files
from segmentation_pipeline.orchestration.published_facts import KnownFile, read_known_files
from segmentation_pipeline.orchestration.refresh_requests import (
    DAILY_UPDATE,
    DIED_TAG,
    REASON_TAG,
    UNATTENDED,
    UNATTENDED_TAG,
)
from segmentation_pipeline.warehouse.resource import Warehouse

SHOWN_FILES = 3
"""Files a run's reason names; the others are counted."""

MOST_DEATHS = 3
"""Daily updates in a row whose process died after which no other is asked for; the next file or day does."""


@dataclass(frozen=True)
class Look:
    """A file as it was seen at one look, and when it was changed here; `is_asked` once a run was asked for with it."""

    byte_count: int
    changed_ns: int
    is_asked: bool = False


@dataclass(frozen=True)
class Looked:
    """What one look found: the looks to remember, files to ingest, and files that may still be written."""

    looks: Mapping[str, Look]
    ready: tuple[str, ...]
    growing: tuple[str, ...]


def settle_s(context: dg.AssetExecutionContext, warehouse: Warehouse) -> float:
    """Return for how many seconds this run wants files left alone; what a person asks for is read as it is."""
    return warehouse.settings.refresh.landing_poll_s if UNATTENDED_TAG in context.run.tags else 0.0


def look(home: Home, before: Mapping[str, Look], settle_s: float) -> Looked:
    """Compare landing with the look before: a file is whole once two looks see it alike, and it was left alone so long.

    A file is asked for once; whatever becomes of it, only a change of it asks again, so that one that cannot be read
    neither comes back nor holds up the others. Files that were read without this sensor are not asked for.
    """
    looks: dict[str, Look] = {}
    ready: list[str] = []
    growing: list[str] = []
    known: dict[str, KnownFile] | None = None
    for name, path in _files(home.landing):
        try:
            state = path.stat()
        except OSError:
            continue  # taken away since it was listed
        seen, last = Look(state.st_size, state.st_ctime_ns), before.get(name)
        is_alike = last is not None and (last.byte_count, last.changed_ns) == (seen.byte_count, seen.changed_ns)
        if is_alike and last is not None and last.is_asked:
            looks[name] = last
            continue
        is_whole = is_alike and is_settled(state, settle_s)
        if known is None:
            known = read_known_files(home)
        is_known = _was_read(known.get(name), seen)
        if not is_known:
            (ready if is_whole else growing).append(name)
        looks[name] = Look(seen.byte_count, seen.changed_ns, is_asked=is_whole or is_known)
    return Looked(looks, tuple(ready), tuple(growing))


def landing_sensor(home_root: Path | None, poll_s: int) -> dg.SensorDefinition:
    """Return the sensor that asks for a daily update when files have arrived."""

    @dg.sensor(
        name="landing_sensor",
        job_name=DAILY_UPDATE,
        minimum_interval_seconds=poll_s,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks for one daily update when new or changed files in landing/ are whole (two equal looks).",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            home = find_home(home_root)
            home.settings()
            looked = look(home, read_cursor(context.cursor), poll_s)
        except PipelineError as error:
            return dg.SkipReason(str(error))
        cursor = write_cursor(looked.looks)
        if not looked.ready:
            again = _again_after_death(context.instance)
            if again is not None:
                return dg.SensorResult(run_requests=[again], cursor=cursor)
            growing = f"{_named(looked.growing)} may still be written" if looked.growing else "nothing new in landing"
            return dg.SensorResult(skip_reason=dg.SkipReason(growing), cursor=cursor)
        waiting = context.instance.get_runs(
            dg.RunsFilter(
                job_name=DAILY_UPDATE, statuses=[dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED]
            ),
            limit=1,
        )
        if waiting:
            told = f"run {waiting[0].run_id} is queued and will read {_named(looked.ready)}"
            return dg.SensorResult(skip_reason=dg.SkipReason(told), cursor=cursor)
        request = dg.RunRequest(
            run_key=_run_key(looked),
            job_name=DAILY_UPDATE,
            tags={**UNATTENDED, REASON_TAG: f"landed: {_named(looked.ready)}"},
        )
        return dg.SensorResult(run_requests=[request], cursor=cursor)

    return sensor


def read_cursor(text: str | None) -> dict[str, Look]:
    """Return the looks a cursor holds; one that is none counts as no look."""
    try:
        return {name: Look(int(size), int(changed), bool(asked)) for name, (size, changed, asked) in _loaded(text)}
    except (ValueError, TypeError, AttributeError):
        return {}


def write_cursor(looks: Mapping[str, Look]) -> str:
    """Return the looks as a cursor."""
    told = {name: [one.byte_count, one.changed_ns, int(one.is_asked)] for name, one in looks.items()}
    return json.dumps(told, sort_keys=True, ensure_ascii=False)


def _loaded(text: str | None) -> list[tuple[str, list[int]]]:
    return list(json.loads(text or "{}").items())


def _files(landing: Path) -> list[tuple[str, Path]]:
    if not landing.is_dir():
        return []
    found = find_files(landing)
    for folder in FOLDERS:
        if (landing / folder).is_dir():
            found += find_files(landing, folder)
    return sorted(found)


def _was_read(known: KnownFile | None, seen: Look) -> bool:
    """Tell whether a file was read since it was last changed, as the command line does."""
    if known is None or known.byte_count != seen.byte_count:
        return False
    changed_at = datetime.fromtimestamp(seen.changed_ns / 1e9, UTC).replace(tzinfo=None)
    return known.first_seen_at >= changed_at


def _again_after_death(instance: dg.DagsterInstance) -> dg.RunRequest | None:
    """Ask again for a daily update whose process died, with the files it was to read; not where each one dies."""
    runs = instance.get_runs(dg.RunsFilter(job_name=DAILY_UPDATE), limit=MOST_DEATHS)
    deaths = [DIED_TAG in run.tags for run in runs]
    if not deaths or not deaths[0] or sum(deaths) == MOST_DEATHS:
        return None
    died = runs[0]
    told = f"run {died.run_id} died: {died.tags.get(REASON_TAG, 'no reason given')}"
    return dg.RunRequest(run_key=f"again:{died.run_id}", job_name=DAILY_UPDATE, tags={**UNATTENDED, REASON_TAG: told})


def _run_key(looked: Looked) -> str:
    told = [(name, looked.looks[name].byte_count, looked.looks[name].changed_ns) for name in looked.ready]
    return f"landed:{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]}"


def _named(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:SHOWN_FILES])
    return shown if len(names) <= SHOWN_FILES else f"{shown} and {len(names) - SHOWN_FILES} more"
