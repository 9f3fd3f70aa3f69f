"""The same users seen twice: model features from each half of their visits, for asking whether differences last.

Add here: how visits are halved, and reading the halves. What a half is stands in sql/halved_visits.sql.
Keep out: comparing the halves (clustering/), and features of whole users (features.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.events.clock import dates_of_month
from segmentation_pipeline.events.feature_tables import HALVES, HalfFeatures
from segmentation_pipeline.events.features import (
    make_behaviour,
    make_cohort,
    make_model_features,
    make_relation,
    make_visits,
    named_features,
)
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from segmentation_pipeline.config import Settings
    from segmentation_pipeline.warehouse.database import Database

MOST_USERS = 1_000
"""Users halved: the adjusted Rand index of so many is known to about .02, and every null draw stays at .1 s."""

CANDIDATES_PER_USER = 4
"""Users cut into visits for each one wanted: of those with two visits, half have both in one half."""

LEAST_VISITS = 2
LEAST_EVENTS = 10
"""Fewer do not show a behaviour in either half."""

ONE_SHOT_SHARE = 0.5
"""Where more of the users at risk than this have one visit, those who come back are not the users to be judged."""


@dataclass(frozen=True)
class HalvesWritten:
    """What became of a month's halves: how many users, and the share of those at risk with a single visit."""

    user_count: int
    single_visit_share: float

    @property
    def is_one_shot(self) -> bool:
        """Tell whether most users come once, so that their visits cannot be halved."""
        return self.single_visit_share > ONE_SHOT_SHARE


def write_half_features(db: Database, month: date, settings: Settings) -> HalvesWritten:
    """Write the month's rows of `half_features`; none where most users at risk have a single visit.

    Reads `user_features` and `feature_priors` of the month: halves have the exposure and priors of the whole.
    """
    single, at_risk = db.one(
        "SELECT count(*) FILTER (WHERE session_count <= 1), count(*) FROM user_features"
        " WHERE refresh_month = $month AND status = 'at_risk'",
        {"month": month},
    )
    share = single / at_risk if at_risk else 0.0
    if not at_risk or share > ONE_SHOT_SHARE:
        db.ensure(HalfFeatures)
        db.replace(HalfFeatures, "SELECT * FROM half_features WHERE false", month=month)
        return HalvesWritten(0, share)
    _halve_visits(db, month, settings)
    for half in HALVES:
        make_relation(db, "visits", "SELECT * EXCLUDE (half) FROM halved_visits WHERE half = $half", {"half": half})
        make_relation(db, "events_in_scope", load_sql(__package__, "half_events"))
        make_behaviour(db, settings)
        make_model_features(db, month, judged_status="at_risk")
        make_relation(db, f"half_{half}", "SELECT user_id, model_features FROM model_features")
    rows = db.replace(HalfFeatures, load_sql(__package__, "half_features"), {"refresh_month": month}, month=month)
    _drop_scratch(db)
    return HalvesWritten(rows // len(HALVES), share)


def half_feature_frames(db: Database, month: date) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return the model features of halves A and B: `user_id` and one column a feature, the same users in both.

    Users are in the order of their ids and columns in that of their names. None where nobody was halved.
    """
    db.ensure(HalfFeatures)
    source = "half_features WHERE refresh_month = $month AND half = $half"
    first, second = (named_features(db, source, {"month": month, "half": half}) for half in HALVES)
    return None if first is None or second is None else (first, second)


def _halve_visits(db: Database, month: date, settings: Settings) -> None:
    make_cohort(db, dates_of_month(db, month, settings), settings)
    candidates = load_sql(__package__, "half_candidates")
    make_relation(
        db,
        "cohort",
        f"WITH candidates AS ({candidates}) SELECT c.* FROM cohort AS c"
        " INNER JOIN candidates AS d ON c.user_id = d.user_id",
        {
            "refresh_month": month,
            "least_visits": LEAST_VISITS,
            "least_events": LEAST_EVENTS,
            "most_candidates": CANDIDATES_PER_USER * MOST_USERS,
        },
    )
    make_visits(db, settings)
    make_relation(db, "whole_events", "SELECT * FROM events_in_scope")
    make_relation(db, "halved_visits", load_sql(__package__, "halved_visits"), {"most_users": MOST_USERS})


def _drop_scratch(db: Database) -> None:
    for name in (
        *("cohort", "events_in_scope", "visits", "behaviour", "priors", "model_features", "shown_behaviour"),
        *("whole_events", "halved_visits", *(f"half_{half}" for half in HALVES)),
    ):
        db.execute(f"DROP TABLE {name}")
