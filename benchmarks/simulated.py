"""Simulated logs as the pipeline sees them: a month's model features and halves, from a database in memory.

Add here: what several trials on simulated logs need.
Keep out: figures and bounds (the modules that measure).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.verdict import SessionHalves
from segmentation_pipeline.config import Settings
from segmentation_pipeline.events.features import feature_frame, features_under, write_refresh, write_user_features
from segmentation_pipeline.events.halves import half_feature_frames, write_half_features
from segmentation_pipeline.simulation.personas import ACTIONS
from segmentation_pipeline.simulation.simulate import LOG_START
from segmentation_pipeline.simulation.truth import personas_at
from segmentation_pipeline_tests.events.logs import log_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Matrix
    from segmentation_pipeline.simulation.simulate import SimulatedLog
    from segmentation_pipeline.warehouse.database import Database

SETTINGS = Settings.model_validate(
    {
        "clock": "calendar",
        "roles": {
            "churn": ["drop_off"],
            "conversion": ["accept"],
            "revision": ["revise_offer"],
            "collaboration": ["comment", "invite_teammate"],
        },
    }
)
FIRST_MONTH = date(2026, 1, 1)


@dataclass(frozen=True)
class Halves:
    """The same users seen twice: rows of raw model features, in the order of `user_ids`."""

    user_ids: NDArray[np.object_]
    names: tuple[str, ...]
    first: Matrix
    second: Matrix


@dataclass(frozen=True)
class ObservedMonth:
    """Users at risk at one landmark, as segments are made from them; `personas` is the truth at that moment."""

    month: date
    user_ids: NDArray[np.object_]
    names: tuple[str, ...]
    matrix: Matrix
    personas: NDArray[np.str_]
    halves: Halves | None
    as_before: tuple[tuple[str, ...], Matrix] | None = None
    """Features of the same users shrunk to the month before among those observed; None for the first."""


def observed_months(log: SimulatedLog, months: Sequence[date], settings: Settings = SETTINGS) -> list[ObservedMonth]:
    """Return each month of the log as the pipeline sees it."""
    with log_database() as db:
        load_log(db, log)
        return [
            _observed(db, log, month, settings, before)
            for month, before in zip(months, [None, *months[:-1]], strict=True)
        ]


def session_halves(seen: ObservedMonth) -> SessionHalves | None:
    """Return the month's halves as segmenting takes them: users by their row numbers."""
    if seen.halves is None:
        return None
    place = {user_id: row for row, user_id in enumerate(seen.user_ids)}
    rows = np.array([place[user_id] for user_id in seen.halves.user_ids], dtype=np.int64)
    return SessionHalves(rows, seen.halves.first, seen.halves.second)


def months_from(first: date, count: int) -> Iterator[date]:
    """Yield so many months from the first on."""
    for number in range(first.month - 1, first.month - 1 + count):
        yield date(first.year + number // 12, number % 12 + 1, 1)


def load_log(db: Database, log: SimulatedLog) -> None:
    """Put the events of a log into `raw_events`."""
    import pandas as pd

    start = np.datetime64(LOG_START, "us")
    frame = pd.DataFrame(
        {
            "user_id": np.array(log.user_ids, dtype=object)[log.event_user],
            "event_at": start + log.event_ms.astype("timedelta64[ms]"),
            "action": np.array(ACTIONS, dtype=object)[log.event_action],
        }
    )
    with db.relation("given", frame):
        db.execute(
            "INSERT INTO raw_events BY NAME SELECT user_id::VARCHAR AS user_id, event_at::TIMESTAMP AS event_at,"
            " action::VARCHAR AS action, 1 AS event_key, 'log.csv' AS file_name FROM given"
        )


def _observed(db: Database, log: SimulatedLog, month: date, settings: Settings, before: date | None) -> ObservedMonth:
    dates = write_refresh(db, month, settings)
    write_user_features(db, month, settings)
    write_half_features(db, month, settings)
    frame, halves = feature_frame(db, month), half_feature_frames(db, month)
    then = personas_at(log, dates.landmark_at)
    return ObservedMonth(
        month=month,
        user_ids=frame["user_id"].to_numpy(),
        names=tuple(frame.columns[1:]),
        matrix=frame[frame.columns[1:]].to_numpy(dtype=np.float64),
        personas=np.array([then.get(user_id, "gone") for user_id in frame["user_id"]]),
        halves=None if halves is None else _halves(*halves),
        as_before=None if before is None else _as_before(db, month, before, settings),
    )


def _as_before(db: Database, month: date, before: date, settings: Settings) -> tuple[tuple[str, ...], Matrix] | None:
    frame = features_under(db, month, before, settings)
    if frame is None:
        return None
    names = tuple(frame.columns[1:])
    return names, frame[list(names)].to_numpy(dtype=np.float64)


def _halves(first: pd.DataFrame, second: pd.DataFrame) -> Halves:
    names = tuple(first.columns[1:])
    one, two = (frame[list(names)].to_numpy(dtype=np.float64) for frame in (first, second))
    return Halves(first["user_id"].to_numpy(), names, one, two)
