"""The users a refresh judges: their segment, how long they were followed after the landmark, and what ended it.

Add here: what the stage reads of a refresh, as arrays.
Keep out: estimating anything from it (judging.py, hazards.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.segments.tables import UNCLASSIFIED
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from datetime import date

    from segmentation_pipeline.config import Roles
    from segmentation_pipeline.survival.follow_up import Days, Outcomes
    from segmentation_pipeline.warehouse.database import Database

NO_CHURN_ROLE = (
    "no churn action is configured, so nothing says who dropped off: write "
    'churn = ["..."] under [roles] in pipeline.toml, with the actions that end a user\'s case badly'
)


@dataclass(frozen=True)
class JudgedUsers:
    """One entry per user at risk, ordered by user id.

    `tenure_days` is the account's age at the landmark; `cohort_weeks` the entry, in weeks after the first
    entry of the refresh. `drop_off_days` is the day at which `clusters` reads drop-offs, None without segments.
    `unusable` says why nothing can be judged, None when it can.
    """

    cluster_ids: Outcomes
    durations_days: Days
    outcomes: Outcomes
    followed_days: Days
    tenure_days: Days
    cohort_weeks: Days
    drop_off_days: float | None = None
    unusable: str | None = None

    @property
    def segments(self) -> list[str]:
        """Ids of the segments with users, in order, `unclassified` last."""
        found = sorted(set(self.cluster_ids.tolist()))
        return sorted(found, key=lambda name: name == UNCLASSIFIED)


def read_judged_users(db: Database, month: date, roles: Roles) -> JudgedUsers:
    """Read the users at risk of one refresh; none, with the reason, where it has too little data."""
    (day,) = db.one("SELECT max(drop_off_days) FROM clusters WHERE refresh_month = $month", {"month": month})
    columns = db.execute(load_sql(__package__, "judged_users"), {"month": month}).fetchnumpy()
    return JudgedUsers(
        cluster_ids=np.asarray(columns["cluster_id"], dtype=np.str_),
        durations_days=np.asarray(columns["duration_days"], dtype=np.float64),
        outcomes=np.asarray(columns["outcome"], dtype=np.str_),
        followed_days=np.asarray(columns["followed_days"], dtype=np.float64),
        tenure_days=np.asarray(columns["tenure_days"], dtype=np.float64),
        cohort_weeks=np.asarray(columns["cohort_weeks"], dtype=np.float64),
        drop_off_days=day,
        unusable=_why_unusable(db, month, roles),
    )


def _why_unusable(db: Database, month: date, roles: Roles) -> str | None:
    found = db.one("SELECT status, status_reason FROM refreshes WHERE refresh_month = $month", {"month": month})
    if not found:
        return f"there is no refresh of {month:%Y-%m}"
    status, reason = found
    if status != "ready":
        return f"insufficient data: {reason}"
    return None if roles.churn else NO_CHURN_ROLE
