"""A refresh as the stages before leave it: three kinds of users, far enough apart to be found."""

from __future__ import annotations

import functools
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segmentation_pipeline.clustering.verdict import SessionHalves
from segmentation_pipeline.config import Home, Roles, SegmentSettings, Settings
from segmentation_pipeline.events.feature_tables import (
    CurrentFeatures,
    HalfFeatures,
    Refreshes,
    UserFeatures,
    UserOutcomes,
)
from segmentation_pipeline.segments.embedding import embed
from segmentation_pipeline.segments.reading import Features
from segmentation_pipeline.segments.refreshing import RefreshInputs, SegmentedRefresh, segment_refresh
from segmentation_pipeline.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

    from segmentation_pipeline.segments.identity import PreviousRefresh
    from segmentation_pipeline.segments.presets import PreviousBands
    from segmentation_pipeline.warehouse.database import Database

MONTH = date(2026, 3, 1)
EACH = 40
"""Users of each kind."""

KINDS = ("searcher", "commenter", "reviser")
NAMES = (
    "daypart:evening",
    "depth:events_per_session",
    "intensity:sessions_per_week",
    "mix:comment",
    "mix:revise_offer",
    "mix:search",
)
CENTRES = {
    "searcher": (0.8, 1.5, 2.0, 0.2, 0.2, 0.8),
    "commenter": (0.2, 1.5, 3.0, 0.8, 0.2, 0.2),
    "reviser": (0.2, 2.5, 2.0, 0.2, 0.8, 0.2),
}
DROPPED_OFF = {"searcher": 30, "commenter": 12, "reviser": 2}
"""Of 40, by day 5 of 14 followed."""

QUICK = SegmentSettings(reductions=("pca",), map_method="pca", method="kmeans")
FREE = SegmentSettings(reductions=("pca",), map_method="pca")


def kinds() -> np.ndarray:
    """Return the kind of every user, in the order of user ids."""
    return np.repeat(KINDS, EACH)


def feature_rows(seed: int = 1) -> np.ndarray:
    """Return users x NAMES."""
    rng = np.random.default_rng(seed)
    return np.array([CENTRES[kind] for kind in kinds()]) + rng.normal(0, 0.08, (len(kinds()), len(NAMES)))


def user_ids() -> list[str]:
    """Return user ids, in order."""
    return [f"u{number:03d}" for number in range(len(kinds()))]


def sample_warehouse(root: Path, *, status: str = "ready", churn: tuple[str, ...] = ("drop_off",)) -> Warehouse:
    """Return a warehouse with what this stage reads."""
    home = Home(root)
    home.warehouse_file.parent.mkdir(parents=True)
    warehouse = Warehouse(home, Settings(roles=Roles(churn=churn), segments=QUICK))
    with warehouse.transaction() as db:
        write_upstream(db, status=status, churn_definition="action" if churn else "none")
    return warehouse


def write_upstream(db: Database, *, status: str = "ready", churn_definition: str = "action") -> None:
    """Write the columns of earlier tables that this stage reads."""
    db.ensure(Refreshes, UserFeatures, UserOutcomes, HalfFeatures, CurrentFeatures)
    reason = None if status == "ready" else "4 users are at risk; 30 are needed."
    db.execute(
        "INSERT INTO refreshes (refresh_month, status, status_reason, churn_definition)"
        " VALUES ($month, $status, $reason, $churn_definition)",
        {"month": MONTH, "status": status, "reason": reason, "churn_definition": churn_definition},
    )
    frame = pd.DataFrame(feature_rows(), columns=[f"f{place}" for place in range(len(NAMES))])
    frame.insert(0, "user_id", user_ids())
    frame["dropped_off"] = np.concatenate([np.arange(EACH) < DROPPED_OFF[kind] for kind in KINDS])
    keys, columns = ", ".join(f"'{name}'" for name in NAMES), ", ".join(f"f{place}" for place in range(len(NAMES)))
    with db.relation("planted", frame):
        db.execute(
            "INSERT INTO user_features BY NAME SELECT $month::DATE AS refresh_month, user_id, 'at_risk' AS status,"
            f" MAP([{keys}], [{columns}]) AS model_features FROM planted",
            {"month": MONTH},
        )
        db.execute(
            "INSERT INTO user_outcomes BY NAME SELECT $month::DATE AS refresh_month, user_id, 14.0 AS followed_days,"
            " CASE WHEN dropped_off THEN 5.0 ELSE 14.0 END AS duration_days,"
            " CASE WHEN dropped_off THEN 'churn' ELSE 'censored' END AS outcome FROM planted",
            {"month": MONTH},
        )
        db.execute(
            "INSERT INTO current_features BY NAME SELECT user_id, TIMESTAMP '2026-04-01' AS scored_at,"
            " CASE WHEN dropped_off THEN 'ended' ELSE 'live' END AS status,"
            f" CASE WHEN dropped_off THEN MAP([]::VARCHAR[], []::DOUBLE[]) ELSE MAP([{keys}], [{columns}]) END"
            " AS model_features FROM planted"
        )
    db.execute(
        "INSERT INTO user_features (refresh_month, user_id, status, model_features)"
        " VALUES ($month, 'z-gone', 'ended_early', MAP([]::VARCHAR[], []::DOUBLE[]))",
        {"month": MONTH},
    )


def features_of(matrix: np.ndarray, first_user: int = 0) -> Features:
    """Return users with these features, numbered from `first_user` on."""
    ids = np.array([f"u{first_user + number:04d}" for number in range(len(matrix))], dtype=object)
    return Features(ids, NAMES, matrix)


def inputs_of(
    matrix: np.ndarray | None = None,
    *,
    month: date = MONTH,
    halves: SessionHalves | None = None,
    settings: SegmentSettings = QUICK,
    previous: PreviousRefresh | None = None,
    bands: PreviousBands | None = None,
) -> RefreshInputs:
    """Return what a refresh reads: the planted kinds, or users with the features given."""
    features = features_of(feature_rows() if matrix is None else matrix)
    spaces = embed(NAMES, features.matrix, settings).spaces
    pair = None if previous is None else (features_of(feature_rows(seed=2)), features)
    return RefreshInputs(month, features, spaces, halves, previous, bands, behaviour=pair)


@functools.cache
def _segmented_sample() -> SegmentedRefresh:
    return segment_refresh(inputs_of(), QUICK)


def segmented(inputs: RefreshInputs | None = None, settings: SegmentSettings = QUICK) -> SegmentedRefresh:
    """Return a segmented refresh; that of the planted kinds is computed once."""
    if inputs is None:
        return _segmented_sample()
    return segment_refresh(inputs, settings)


def alike(seed: int) -> np.ndarray:
    """Users who differ by chance alone."""
    return np.random.default_rng(seed).normal(1.0, 0.1, (150, len(NAMES)))


def chance_halves() -> SessionHalves:
    """Two looks at the same users that have nothing in common."""
    return SessionHalves(np.arange(150), alike(11), alike(12))


def cut_refresh(month: date = MONTH, bands: PreviousBands | None = None) -> SegmentedRefresh:
    """Return a refresh of users who did not differ repeatably: bands of activity."""
    return segment_refresh(inputs_of(alike(1), month=month, halves=chance_halves(), settings=FREE, bands=bands), FREE)
