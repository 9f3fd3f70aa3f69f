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
from segmentation_pipeline.landing.sources import FOLDERS, find_files
from segmentation_pipeline.orchestration.published_facts import KnownFile, read_known_files
from segmentation_pipeline.orchestration.refresh_requests import DAILY_UPDATE, REASON_TAG

SHOWN_FILES = 3
"""Files a run's reason names; the others are counted."""


@dataclass(frozen=True)
class Look:
    """A file as it was seen at one look; `is_asked` once a run was asked for with this content."""

    byte_count: int
    modified_ns: int
    is_asked: bool = False


@dataclass(frozen=True)
class Looked:
    """What one look found: the looks to remember, files to ingest, and files that may still be written."""

    looks: Mapping[str, Look]
    ready: tuple[str, ...]
    growing: tuple[str, ...]


def look(home: Home, before: Mapping[str, Look]) -> Looked:
    """Compare landing with the look before: a file is whole once two looks see it alike.

    A file is asked for once; whatever becomes of it, only a change of it asks again, so that one that cannot be read
    neither comes back nor holds up the others. Files that were read without this sensor are not asked for.
    """
    looks: dict[str, Look] = {}
    ready, growing = [], []
    known: dict[str, KnownFile] | None = None
    for name, path in _files(home.landing):
        try:
            state = path.stat()
        except OSError:
            continue  # taken away since it was listed
        seen, last = Look(state.st_size, state.st_mtime_ns), before.get(name)
        is_alike = last is not None and (last.byte_count, last.modified_ns) == (seen.byte_count, seen.modified_ns)
        if is_alike and last is not None and last.is_asked:
            looks[name] = last
            continue
        if known is None:
            known = read_known_files(home)
        is_known = _was_read(known.get(name), seen)
        if not is_alike and not is_known:
            growing.append(name)
        elif not is_known:
            ready.append(name)
        looks[name] = Look(seen.byte_count, seen.modified_ns, is_asked=is_alike or is_known)
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
            looked = look(home, read_cursor(context.cursor))
        except PipelineError as error:
            return dg.SkipReason(str(error))
        cursor = write_cursor(looked.looks)
        if not looked.ready:
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
            run_key=_run_key(looked), job_name=DAILY_UPDATE, tags={REASON_TAG: f"landed: {_named(looked.ready)}"}
        )
        return dg.SensorResult(run_requests=[request], cursor=cursor)

    return sensor


def read_cursor(text: str | None) -> dict[str, Look]:
    """Return the looks a cursor holds; one that is none counts as no look."""
    try:
        return {name: Look(int(size), int(modified), bool(asked)) for name, (size, modified, asked) in _loaded(text)}
    except (ValueError, TypeError, AttributeError):
        return {}


def write_cursor(looks: Mapping[str, Look]) -> str:
    """Return the looks as a cursor."""
    told = {name: [one.byte_count, one.modified_ns, int(one.is_asked)] for name, one in looks.items()}
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
    modified_at = datetime.fromtimestamp(seen.modified_ns / 1e9, UTC).replace(tzinfo=None)
    return known.first_seen_at >= modified_at


def _run_key(looked: Looked) -> str:
    told = [(name, looked.looks[name].byte_count, looked.looks[name].modified_ns) for name in looked.ready]
    return f"landed:{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]}"


def _named(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:SHOWN_FILES])
    return shown if len(names) <= SHOWN_FILES else f"{shown} and {len(names) - SHOWN_FILES} more"
