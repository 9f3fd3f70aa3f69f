"""Simulated logs as files: the events the pipeline reads, and beside them the truth it never reads.

Add here: how a simulated log is written. Numbers and times are formatted by fixed rules, never by the locale.
Keep out: drawing (simulate.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.errors import PipelineError
from segmentation_pipeline.simulation.personas import ACTIONS
from segmentation_pipeline.simulation.scenarios import EvolvingPopulation
from segmentation_pipeline.simulation.simulate import LOG_START
from segmentation_pipeline.simulation.truth import month_rows, user_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from segmentation_pipeline.simulation.simulate import SimulatedLog

EVENTS_FILE = "events.csv"
TRUTH_FILE = "truth.csv"
MONTHS_FILE = "truth_by_month.csv"
# Rows turned into text at a time: bounds memory, and is large enough for the loop not to matter.
ROWS_AT_A_TIME = 200_000


def write_log(log: SimulatedLog, out_dir: Path) -> tuple[Path, ...]:
    """Write `events.csv` and the truth into one folder, made if absent; return the paths.

    Raises:
        PipelineError: the folder cannot be made or written.
    """
    return _write_events(log, out_dir / EVENTS_FILE), *_write_truth(log, out_dir)


def write_home_log(log: SimulatedLog, out: Path) -> tuple[Path, ...]:
    """Write events into `landing/` of a home, the truth beside it where no run looks; return the paths.

    The truth is `truth.csv`, one row per user; where personas come and go also `truth_by_month.csv`.

    Raises:
        PipelineError: the folder cannot be made or written.
    """
    return _write_events(log, out / "landing" / EVENTS_FILE), *_write_truth(log, out)


def event_lines(log: SimulatedLog) -> Iterator[str]:
    """Yield the text of `events.csv` in parts; times are ISO 8601 in UTC, with milliseconds and a Z."""
    yield "user_id,timestamp,action,metadata\n"
    user_ids = np.array(log.user_ids, dtype=object)
    actions = np.array(ACTIONS, dtype=object)
    quoted = np.array([_quoted(text) for text in log.metadata_texts], dtype=object)
    start = np.datetime64(LOG_START, "ms")
    for first in range(0, log.event_ms.size, ROWS_AT_A_TIME):
        part = slice(first, first + ROWS_AT_A_TIME)
        moments = np.datetime_as_string(start + log.event_ms[part].astype("timedelta64[ms]"), unit="ms")
        rows = zip(
            user_ids[log.event_user[part]],
            moments.tolist(),
            actions[log.event_action[part]],
            quoted[log.event_metadata[part]],
            strict=True,
        )
        yield "".join([f"{user_id},{moment}Z,{action},{text}\n" for user_id, moment, action, text in rows])


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if text else ""


def _write_events(log: SimulatedLog, path: Path) -> Path:
    return _write_lines(path, event_lines(log))


def _write_truth(log: SimulatedLog, folder: Path) -> list[Path]:
    written = [_write_rows(folder / TRUTH_FILE, user_rows(log))]
    if isinstance(log.population, EvolvingPopulation):
        written.append(_write_rows(folder / MONTHS_FILE, month_rows(log)))
    return written


def _write_rows(path: Path, rows: list[dict[str, str]]) -> Path:
    return _write_lines(path, [",".join(values) + "\n" for values in (rows[0], *(row.values() for row in rows))])


def _write_lines(path: Path, lines: Iterable[str]) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
    except OSError as error:
        raise PipelineError(
            f"{path} cannot be written: {error.strerror or error}. Next: name a folder that is yours to write."
        ) from None
    return path
