"""A month's segments of 100,000 and of 1,000,000 users: the assets themselves, on features with planted groups.

Add here: another size, or another figure about it. Keep out: whether segments are right (tests).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.figures import measure, python
from segmentation_pipeline.config import Home, Roles, Settings
from segmentation_pipeline.events.feature_tables import Refreshes, UserFeatures, UserOutcomes
from segmentation_pipeline.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segmentation_pipeline.warehouse.database import Database

MONTH = date(2026, 3, 1)
GROUPS = 5
RUNS = (
    (100_000, GROUPS, 4 * 60, 6_000),
    (100_000, 1, 4 * 60, 6_000),  # nothing to find is the longest way: every candidate's stability is measured
    (1_000_000, GROUPS, 10 * 60, 10_000),
)
"""Users, planted groups, seconds allowed, and MB allowed."""

FEATURES = 40
SHAPES = (
    "daypart:afternoon",
    "daypart:evening",
    "daypart:morning",
    "daypart:night",
    "depth:events_per_session",
    "intensity:sessions_per_week",
    "rhythm:gap_between_visits",
    "rhythm:gap_within_visits",
    "rhythm:single_visit",
    "trend:second_half_share",
)
MIXES = tuple(f"mix:action-{number:02d}" for number in range(FEATURES - len(SHAPES)))
PSEUDO_EVENTS = 20.0
SINGLE_VISIT_SHARE = 0.1


def run() -> list[dict[str, object]]:
    """Return seconds, peak memory and what was found for each run."""
    figures: list[dict[str, object]] = []
    for users, groups, bound_s, bound_mb in RUNS:
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder), users, groups)
            measured = measure(python("-m", "benchmarks.scale", folder))
            found = json.loads((Path(folder) / "found.json").read_text(encoding="utf-8"))
        steps = ", ".join(f"{step} {seconds:.0f} s" for step, seconds in found["seconds"].items())
        figures += [
            {
                "name": f"embeddings + clusters of {users:,} users x {FEATURES} features, {groups} planted group(s)",
                "value": measured.seconds,
                "unit": "s",
                "bound": f"<= {bound_s}",
                "peer": f"{steps}; {found['cpu_s']:.0f} s of one core",
                "passed": measured.seconds <= bound_s,
            },
            {
                "name": "its peak memory",
                "value": measured.peak_mb,
                "unit": "MB",
                "bound": f"<= {bound_mb:,}",
                "passed": measured.peak_mb <= bound_mb,
            },
        ]
        if groups > 1:
            figures.append(
                {
                    "name": f"planted groups found among {users:,} users",
                    "value": found["adjusted_rand"],
                    "unit": "adjusted Rand",
                    "peer": f"{found['segments']} segments, {found['unclassified']:.1%} unclassified",
                }
            )
    return figures


def planted(users: int, group_count: int = GROUPS, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return model features (users x 40) as the SQL would shrink them, and the group of each user.

    Groups differ in what they do and how often; activity is log-normal, so light users are mostly noise.
    """
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, group_count, users)
    events = np.maximum(1, rng.lognormal(3.5, 0.9, users)).astype(np.int64)
    tastes = rng.dirichlet(np.full(len(MIXES), 0.6), group_count)
    population = tastes.mean(axis=0)
    mixes = np.empty((users, len(MIXES)))
    for group in range(group_count):
        members = groups == group
        own = rng.dirichlet(60 * tastes[group] + 0.02, int(members.sum()))
        counts = rng.multinomial(events[members], own)
        mixes[members] = np.sqrt((counts + PSEUDO_EVENTS * population) / (events[members, None] + PSEUDO_EVENTS))
    centres = rng.normal(0, 0.5, (group_count, len(SHAPES)))
    shapes = centres[groups] + rng.normal(0, 1, (users, len(SHAPES)))
    shapes[:, SHAPES.index("intensity:sessions_per_week")] = np.log1p(events / 8) + rng.normal(0, 0.2, users)
    shapes[:, SHAPES.index("rhythm:single_visit")] = rng.random(users) < SINGLE_VISIT_SHARE
    return np.column_stack([shapes, mixes]), groups


def prepare(root: Path, users: int, group_count: int = GROUPS) -> None:
    """Write a warehouse with what the assets read of earlier stages, and nothing else."""
    matrix, groups = planted(users, group_count)
    groups.tofile(root / "groups")
    with _warehouse(root).transaction() as db:
        db.ensure(Refreshes, UserFeatures, UserOutcomes)
        db.execute(
            "INSERT INTO refreshes (refresh_month, status, is_fully_followed) VALUES ($month, 'ready', TRUE)",
            {"month": MONTH},
        )
        _write_users(db, matrix, np.random.default_rng(1).random(users) < 0.1 + 0.1 * groups)


def _write_users(db: Database, matrix: NDArray[np.float64], dropped_off: NDArray[np.bool_]) -> None:
    import pandas as pd

    names = (*SHAPES, *MIXES)
    columns = [f"f{place}" for place in range(len(names))]
    frame = pd.DataFrame(matrix, columns=columns)
    frame.insert(0, "user_id", [f"user-{number:07d}" for number in range(len(matrix))])
    frame["dropped_off"] = dropped_off
    keys = ", ".join(f"'{name}'" for name in names)
    with db.relation("planted", frame):
        db.execute(
            "INSERT INTO user_features BY NAME SELECT $month::DATE AS refresh_month, user_id, 'at_risk' AS status,"
            " 5 AS session_count, 40 AS event_count,"
            f" MAP([{keys}], [{', '.join(columns)}]) AS model_features FROM planted",
            {"month": MONTH},
        )
        db.execute(
            "INSERT INTO user_outcomes BY NAME SELECT $month::DATE AS refresh_month, user_id, 14.0 AS followed_days,"
            " CASE WHEN dropped_off THEN 5.0 ELSE 14.0 END AS duration_days,"
            " CASE WHEN dropped_off THEN 'churn' ELSE 'censored' END AS outcome FROM planted",
            {"month": MONTH},
        )


def refresh(root: Path) -> None:
    """Make embeddings and clusters of the month; note what was found beside the warehouse."""
    import dagster as dg  # noqa: TID251  what is measured are the assets themselves

    from segmentation_pipeline.segments.assets import clusters, embeddings

    warehouse = _warehouse(root)
    context: Any = dg.build_asset_context(partition_key=MONTH.isoformat())
    seconds = {}
    for asset in (embeddings, clusters):
        started = time.perf_counter()
        asset.function(context, warehouse)
        seconds[asset.function.__name__] = time.perf_counter() - started
    (root / "found.json").write_text(
        json.dumps({"seconds": seconds, "cpu_s": time.process_time(), **_found(root, warehouse)}), encoding="utf-8"
    )


def _found(root: Path, warehouse: Warehouse) -> dict[str, Any]:
    from sklearn.metrics import adjusted_rand_score

    with warehouse.read() as db:
        frame = db.frame(
            "SELECT cluster_id FROM user_clusters WHERE refresh_month = $month ORDER BY user_id", {"month": MONTH}
        )
        segments = db.one("SELECT count(*) FROM clusters")[0]
    return {
        "segments": int(segments),
        "unclassified": float((frame["cluster_id"] == "unclassified").mean()),
        "adjusted_rand": float(adjusted_rand_score(np.fromfile(root / "groups", dtype=np.int64), frame["cluster_id"])),
    }


def _warehouse(root: Path) -> Warehouse:
    home = Home(root)
    home.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    return Warehouse(home, Settings(roles=Roles(churn=("leave",))))


if __name__ == "__main__":
    refresh(Path(sys.argv[1]))
