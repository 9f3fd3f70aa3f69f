"""The users a refresh judges: their segment, how long they were followed after the landmark, and what ended it.

Add here: what the stage reads of a refresh, as arrays.
Keep out: estimating anything from it (judging.py, hazards.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation_pipeline.segments.tables import UNCLASSIFIED
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from segmentation_pipeline.survival.follow_up import Days, Outcomes
    from segmentation_pipeline.warehouse.database import Database


@dataclass(frozen=True)
class JudgedUsers:
    """One entry per user at risk, ordered by user id.

    `tenure_days` is the account's age at the landmark; `cohort_weeks` the entry, in weeks after the first
    entry of the refresh. `drop_off_days` is the day at which `clusters` reads drop-offs, None without segments.
    `unusable` says why nothing can be judged, None when it can. `is_mechanical`: drop-off is silence. `split_order`
    ranks users for a split into a part to learn from and a later one to test on: by entry where each has a landmark
    of its own (`split` is entry), else by a hash of the id.
    """

    cluster_ids: Outcomes
    durations_days: Days
    outcomes: Outcomes
    followed_days: Days
    tenure_days: Days
    cohort_weeks: Days
    split_order: Days
    drop_off_days: float | None = None
    unusable: str | None = None
    is_mechanical: bool = False
    split: str = "hash"

    @property
    def segments(self) -> list[str]:
        """Ids of the segments with users, in order, `unclassified` last."""
        found = sorted(set(self.cluster_ids.tolist()))
        return sorted(found, key=lambda name: name == UNCLASSIFIED)


def read_judged_users(db: Database, month: date) -> JudgedUsers:
    """Read the users at risk of one refresh; with the reason where nothing can be judged."""
    (day,) = db.one("SELECT max(drop_off_days) FROM clusters WHERE refresh_month = $month", {"month": month})
    columns = db.execute(load_sql(__package__, "judged_users"), {"month": month}).fetchnumpy()
    found = db.rows(
        "SELECT status, status_reason, clock, churn_definition, unjudged_reason FROM refreshes"
        " WHERE refresh_month = $month",
        {"month": month},
    )
    refresh: dict[str, Any] = found[0] if found else {}
    is_entry = refresh.get("clock") == "entry"
    reals = {
        name: np.asarray(columns[name], dtype=np.float64)
        for name in ("duration_days", "followed_days", "tenure_days", "cohort_weeks", "hash_share")
    }
    return JudgedUsers(
        cluster_ids=np.asarray(columns["cluster_id"], dtype=np.str_),
        durations_days=reals["duration_days"],
        outcomes=np.asarray(columns["outcome"], dtype=np.str_),
        followed_days=reals["followed_days"],
        tenure_days=reals["tenure_days"],
        cohort_weeks=reals["cohort_weeks"],
        split_order=reals["cohort_weeks" if is_entry else "hash_share"],
        drop_off_days=day,
        unusable=_why_unusable(month, refresh),
        is_mechanical=refresh.get("churn_definition") == "inactivity",
        split="entry" if is_entry else "hash",
    )


def _why_unusable(month: date, refresh: Mapping[str, Any]) -> str | None:
    if not refresh:
        return f"there is no refresh of {month:%Y-%m}"
    if refresh["status"] != "ready":
        return f"insufficient data: {refresh['status_reason']}"
    reason: str | None = refresh["unjudged_reason"]
    return reason
