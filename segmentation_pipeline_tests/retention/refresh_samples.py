"""A small refresh in a warehouse: users of three segments whose drop-off is known, as the stages before write it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.config import Home, RetentionSettings, Roles, Settings
from segmentation_pipeline.events.feature_tables import Refreshes, UserFeatures, UserOutcomes
from segmentation_pipeline.retention.judged_users import JudgedUsers
from segmentation_pipeline.segments.tables import Clusters, UserClusters
from segmentation_pipeline.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

MONTH = date(2026, 1, 1)
ROLES = Roles(churn=("drop_off",), conversion=("accept",))
RETENTION = RetentionSettings()
SEGMENTS = ("2026-01-a", "2026-01-b", "2026-01-c")


def judged(unusable: str | None = None, drop_off_days: float | None = 14.0) -> JudgedUsers:
    """Three segments of 100 users with 10, 40 and 70 drop-offs, 20 conversions each, 5 users of none; 14 days."""
    rng = np.random.default_rng(12)
    names, durations, outcomes = [], [], []
    for name, churned in zip(SEGMENTS, (10, 40, 70), strict=True):
        names += [name] * 100
        outcomes += ["churn"] * churned + ["conversion"] * 20 + ["censored"] * (80 - churned)
    names += ["unclassified"] * 5
    outcomes += ["churn"] + ["censored"] * 4
    durations = [14.0 if outcome == "censored" else float(rng.uniform(0.1, 13.9)) for outcome in outcomes]
    return JudgedUsers(
        cluster_ids=np.array(names),
        durations_days=np.array(durations),
        outcomes=np.array(outcomes),
        followed_days=np.full(len(names), 14.0),
        tenure_days=rng.uniform(10, 40, len(names)),
        cohort_weeks=rng.uniform(0, 4, len(names)),
        split_order=rng.uniform(0, 1, len(names)),
        drop_off_days=drop_off_days,
        unusable=unusable,
    )


def sample_warehouse(
    root: Path,
    *,
    status: str = "ready",
    definition: str = "action",
    unjudged: str | None = None,
    clock: str = "calendar",
) -> Warehouse:
    """Return a warehouse with what retention reads: the users of `judged`, or a refresh with too little data.

    `definition`, `unjudged` and `clock` are what `refreshes` says of drop-off and dates.
    """
    home = Home(root)
    home.warehouse_file.parent.mkdir(parents=True)
    warehouse = Warehouse(home, Settings(roles=ROLES))
    users = judged()
    is_ready = status == "ready"
    with warehouse.transaction() as db:
        db.ensure(Refreshes, UserFeatures, UserOutcomes, Clusters, UserClusters)
        db.execute(
            "INSERT INTO refreshes (refresh_month, status, status_reason, at_risk_count, churn_definition,"
            " unjudged_reason, clock) VALUES ($month, $status, $why, $n, $definition, $unjudged, $clock)",
            {
                "month": MONTH,
                "definition": definition,
                "unjudged": unjudged,
                "clock": clock,
                "status": status,
                "why": None if is_ready else "4 users",
                "n": len(users.cluster_ids) if is_ready else 4,
            },
        )
        kept = range(len(users.cluster_ids) if is_ready else 4)
        rows = [
            (MONTH, f"u{i:03}", str(users.outcomes[i]), float(users.durations_days[i]), float(users.followed_days[i]))
            for i in kept
        ]
        db.connection.executemany(
            "INSERT INTO user_outcomes (refresh_month, user_id, outcome, duration_days, followed_days)"
            " VALUES (?, ?, ?, ?, ?)",
            rows,
        )
        db.connection.executemany(
            "INSERT INTO user_features (refresh_month, user_id, account_age_days, entered_at)"
            " VALUES (?, ?, ?, TIMESTAMP '2025-12-01' + ? * INTERVAL 1 HOUR)",
            [(MONTH, f"u{i:03}", float(users.tenure_days[i]), int(users.cohort_weeks[i] * 168)) for i in kept],
        )
        if is_ready:
            db.connection.executemany(
                "INSERT INTO user_clusters (refresh_month, user_id, cluster_id) VALUES (?, ?, ?)",
                [(MONTH, f"u{i:03}", str(users.cluster_ids[i])) for i in kept],
            )
            db.connection.executemany(
                "INSERT INTO clusters (refresh_month, cluster_id, label, drop_off_rate, drop_off_days)"
                " VALUES (?, ?, ?, ?, 14)",
                [
                    (MONTH, name, label, rate)
                    for name, label, rate in zip(
                        SEGMENTS, ("Steady", "Wavering", "Leaving"), (0.1, 0.4, 0.7), strict=True
                    )
                ],
            )
    return warehouse
