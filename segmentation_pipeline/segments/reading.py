"""What segments are made from, read from the warehouse as arrays.

Add here: a query that several steps of this stage share.
Keep out: computing anything from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.verdict import SessionHalves
from segmentation_pipeline.events.features import current_feature_frame, feature_frame, features_under
from segmentation_pipeline.events.halves import half_feature_frames
from segmentation_pipeline.segments.embedding import spaces_of
from segmentation_pipeline.segments.identity import PreviousRefresh
from segmentation_pipeline.segments.presets import KIND as PRESET_KIND
from segmentation_pipeline.segments.presets import PresetModel, PreviousBands, is_preset_model
from segmentation_pipeline.segments.refreshing import RefreshInputs
from segmentation_pipeline.segments.scoring import Model, SegmentModel
from segmentation_pipeline.segments.tables import Embeddings, SegmentModels, UserClusters
from segmentation_pipeline.segments.wording import POOLED_ACTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import pandas as pd
    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Matrix
    from segmentation_pipeline.config import Settings
    from segmentation_pipeline.warehouse.database import Database


@dataclass(frozen=True, slots=True)
class Features:
    """Raw model features of users in the order of their ids; names are sorted."""

    user_ids: NDArray[np.object_]
    names: tuple[str, ...]
    matrix: Matrix


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of users after the landmark, in the order of their ids."""

    user_ids: NDArray[np.object_]
    durations_days: Matrix
    followed_days: Matrix
    outcomes: NDArray[np.str_]


def read_status(db: Database, month: date) -> tuple[str, str | None]:
    """Return status and reason of a refresh; a month that was never refreshed is insufficient_data."""
    row = db.one("SELECT status, status_reason FROM refreshes WHERE refresh_month = $month", {"month": month})
    return (str(row[0]), row[1]) if row else ("insufficient_data", f"{month:%Y-%m} has not been refreshed yet.")


def read_churn_definition(db: Database, month: date) -> str:
    """Return how the refresh knows who dropped off: by an `action`, by `inactivity`, or not at all (`none`)."""
    row = db.one("SELECT churn_definition FROM refreshes WHERE refresh_month = $month", {"month": month})
    return str(row[0]) if row else "none"


def read_lives(db: Database) -> list[tuple[date, str]]:
    """Return in which refreshes each segment lived."""
    return db.execute("SELECT refresh_month, cluster_id FROM clusters ORDER BY ALL").fetchall()


def read_features(db: Database, month: date) -> Features:
    """Return the features of those at risk."""
    return _features(feature_frame(db, month))


def read_behaviour(db: Database, month: date, *, actions: Sequence[str]) -> Features:
    """Return what those at risk did, each feature in its own unit and not shrunk to anybody; NaN where missing.

    Named as the model's features: visits a week, events a visit, seconds, shares of events (`mix:` of the actions
    given) or visits, 0 / 1 for a single visit and for the time of day most events fall into.
    """
    parts = ("morning", "afternoon", "evening", "night")
    keys = {f"action_{place:03d}": action for place, action in enumerate(actions)}
    selected = {
        **{f"daypart:{part}": f"(time_of_day_pattern = '{part}')::DOUBLE" for part in parts},
        "depth:events_per_session": "session_depth",
        "intensity:sessions_per_week": "session_frequency",
        "rhythm:gap_within_visits": "mean_gap_s",
        "rhythm:single_visit": "(session_count <= 1)::DOUBLE",
        "trend:second_half_share": "recent_session_count / nullif(session_count, 0)",
        **{f"mix:{action}": f"coalesce(action_counts[${key}], 0) / event_count" for key, action in keys.items()},
    }
    columns = ", ".join(f"({sql})::DOUBLE AS c{place:03d}" for place, sql in enumerate(selected.values()))
    frame = db.frame(
        f"SELECT user_id, {columns} FROM user_features"
        " WHERE refresh_month = $month AND status = 'at_risk' AND event_count > 0 ORDER BY user_id",
        {"month": month, **keys},
    )
    matrix = frame.drop(columns="user_id").to_numpy(dtype=np.float64)
    return Features(frame["user_id"].to_numpy(), tuple(selected), matrix)


def read_actions(db: Database, *months: date) -> list[str]:
    """Return the actions that have a feature of their own in any of the months, in alphabetical order."""
    rows = db.rows(
        "SELECT DISTINCT feature[5:] AS action FROM feature_priors WHERE list_contains($months, refresh_month)"
        " AND feature LIKE 'mix:%' AND feature <> $pooled ORDER BY action",
        {"months": list(months), "pooled": POOLED_ACTIONS},
    )
    return [str(row["action"]) for row in rows]


def read_current_features(db: Database) -> Features | None:
    """Return the features of live users; None when nobody is live and has features."""
    scored = db.one("SELECT count(*) FROM current_features WHERE status = 'live' AND len(map_keys(model_features)) > 0")
    return _features(current_feature_frame(db)) if scored[0] else None


def read_axes(db: Database, month: date) -> dict[str, Matrix]:
    """Return axis name -> coordinates of every user at risk, in the order of user ids."""
    row = db.one(
        "SELECT map_keys(coordinates) FROM embeddings WHERE refresh_month = $month ORDER BY user_id LIMIT 1",
        {"month": month},
    )
    keys = {f"axis_{place:03d}": name for place, name in enumerate(row[0] if row else [])}
    if not keys:
        return {}
    selected = ", ".join(f"coordinates[${key}] AS {key}" for key in keys)
    frame = db.frame(
        f"SELECT {selected} FROM embeddings WHERE refresh_month = $month ORDER BY user_id", {"month": month, **keys}
    )
    return {name: frame[key].to_numpy(dtype=np.float64) for key, name in keys.items()}


def read_places(db: Database, month: date) -> Matrix:
    """Return map coordinates of every user at risk (users x 2), in the order of user ids."""
    db.ensure(Embeddings)
    frame = db.frame(
        "SELECT map_x, map_y FROM embeddings WHERE refresh_month = $month ORDER BY user_id", {"month": month}
    )
    return frame.to_numpy(dtype=np.float64)


def read_outcomes(db: Database, month: date) -> Outcomes:
    """Return the outcomes of those at risk."""
    frame = db.frame(
        "SELECT user_id, duration_days, followed_days, outcome FROM user_outcomes"
        " WHERE refresh_month = $month ORDER BY user_id",
        {"month": month},
    )
    return Outcomes(
        user_ids=frame["user_id"].to_numpy(),
        durations_days=frame["duration_days"].to_numpy(dtype=np.float64),
        followed_days=frame["followed_days"].to_numpy(dtype=np.float64),
        outcomes=frame["outcome"].to_numpy(dtype=np.str_),
    )


def read_halves(db: Database, month: date, features: Features) -> SessionHalves | None:
    """Return the users seen in two halves of their visits, by their row among all; None where visits say nothing."""
    frames = half_feature_frames(db, month)
    if frames is None:
        return None
    first, second = frames
    row_of = {str(user_id): row for row, user_id in enumerate(features.user_ids)}
    rows = np.array([row_of[str(user_id)] for user_id in first["user_id"]], dtype=np.int64)
    names = list(features.names)
    return SessionHalves(rows, first[names].to_numpy(dtype=np.float64), second[names].to_numpy(dtype=np.float64))


def read_model(text: str) -> Model:
    """Return a stored model of either kind.

    Raises:
        ModelUnreadable: it was written by another version.
    """
    return PresetModel.from_json(text) if is_preset_model(text) else SegmentModel.from_json(text)


def read_latest_model(db: Database) -> tuple[date, Model] | None:
    """Return the newest stored model with its month; None while there is none.

    Raises:
        ModelUnreadable: it was written by another version.
    """
    db.ensure(SegmentModels)
    row = db.one("SELECT refresh_month, model FROM segment_models ORDER BY refresh_month DESC LIMIT 1")
    return (row[0], read_model(row[1])) if row else None


def read_previous(db: Database, month: date) -> tuple[PreviousRefresh | None, PreviousBands | None]:
    """Return the latest earlier refresh with segments found in the data, and the latest one with cuts of ours.

    Raises:
        ModelUnreadable: a model was written by another version.
    """
    db.ensure(SegmentModels, UserClusters)
    found, bands = _latest_before(db, month, is_preset=False), _latest_before(db, month, is_preset=True)
    return (
        PreviousRefresh(found[0], SegmentModel.from_json(found[1]), *_read_assigned(db, found[0])) if found else None,
        PreviousBands(bands[0], PresetModel.from_json(bands[1])) if bands else None,
    )


def read_inputs(db: Database, month: date, settings: Settings) -> RefreshInputs:
    """Return what the segments of a ready refresh are made from."""
    features = read_features(db, month)
    previous, bands = read_previous(db, month)
    as_before = None if previous is None else features_under(db, month, previous.month, settings)
    return RefreshInputs(
        month=month,
        features=features,
        spaces=spaces_of(read_axes(db, month)),
        halves=read_halves(db, month, features),
        previous=previous,
        previous_bands=bands,
        as_before=None if as_before is None else _features(as_before),
        behaviour=None if previous is None else read_behaviour_pair(db, previous.month, month),
    )


def read_behaviour_pair(db: Database, before: date, now: date) -> tuple[Features, Features]:
    """Return what users did before two landmarks, with the actions that have a feature at either."""
    actions = read_actions(db, before, now)
    return read_behaviour(db, before, actions=actions), read_behaviour(db, now, actions=actions)


def _latest_before(db: Database, month: date, *, is_preset: bool) -> tuple[date, str] | None:
    """Return month and text of the latest earlier model of cuts of ours, or of segments found; None for none.

    A text that is no JSON counts as the latter, which refuses it on reading.
    """
    row = db.one(
        "SELECT refresh_month, model FROM segment_models WHERE refresh_month < $month"
        " AND coalesce(TRY(json_extract_string(model, '$.kind')) = $kind, FALSE) = $is_preset"
        " ORDER BY refresh_month DESC LIMIT 1",
        {"month": month, "kind": PRESET_KIND, "is_preset": is_preset},
    )
    return (row[0], row[1]) if row else None


def _read_assigned(db: Database, month: date) -> tuple[NDArray[np.object_], NDArray[np.str_]]:
    frame = db.frame(
        "SELECT user_id, cluster_id FROM user_clusters WHERE refresh_month = $month ORDER BY user_id", {"month": month}
    )
    return frame["user_id"].to_numpy(), frame["cluster_id"].to_numpy(dtype=np.str_)


def _features(frame: pd.DataFrame) -> Features:
    names = tuple(str(name) for name in frame.columns if name != "user_id")
    return Features(frame["user_id"].to_numpy(), names, frame[list(names)].to_numpy(dtype=np.float64))
