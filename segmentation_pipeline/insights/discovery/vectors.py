"""Behaviour vectors: what is known of each user's behaviour before the landmark, and the columns a tree reads.

Add here: another part of the vector. Keep out: outcomes; nothing here is of after the landmark.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Matrix
    from segmentation_pipeline.warehouse.database import Database

MAX_ACTIONS = 40
"""Actions told by name; of a vocabulary of 10,000 the others count together, or prompts would have no end."""

STEP_SEPARATOR = " > "
PARTS_OF_DAY = ("morning", "afternoon", "evening", "night", "mixed")
MEASURES = ("session_frequency", "session_depth", "feature_breadth", "collaboration_score", "account_age_days")
CENTROID_MEASURES = MEASURES[:4]
TIME_OF_DAY = "time_of_day:"
WORKFLOW = "workflow:"
ACTION_SHARE = "action_share:"


class Detail(IntEnum):
    """How much of the vector is looked at: fewer dimensions are tried where more of them show too few segments."""

    CENTROID = 0
    FEWER = 1
    FULL = 2

    @property
    def action_count(self) -> int:
        """Actions a tree looks at, most common first."""
        return {Detail.FULL: 12, Detail.FEWER: 5, Detail.CENTROID: 0}[self]

    @property
    def workflow_count(self) -> int:
        """Workflows a tree looks at, most common first."""
        return 3 if self is Detail.FULL else 0


FEWER_AND_FEWER = (Detail.FULL, Detail.FEWER, Detail.CENTROID)


@dataclass(frozen=True)
class BehaviourVectors:
    """One entry per user at risk, in the order of user ids; `action_counts` is users x `actions`."""

    user_ids: tuple[str, ...]
    measures: dict[str, NDArray[np.float64]]
    """Visits a week, events a visit, different actions, collaboration 0-100, age in days."""
    parts_of_day: NDArray[np.str_]
    workflows: NDArray[np.str_]
    event_counts: NDArray[np.float64]
    actions: tuple[str, ...]
    action_counts: Matrix

    def __len__(self) -> int:
        return len(self.user_ids)

    @property
    def action_shares(self) -> Matrix:
        """Share of each user's events, users x actions."""
        return np.asarray(self.action_counts / np.maximum(self.event_counts, 1.0)[:, None], dtype=np.float64)

    def columns(self, detail: Detail) -> dict[str, NDArray[np.float64]]:
        """Return feature -> value a user, in natural units: what rules are written in."""
        if detail is Detail.CENTROID:
            return {name: self.measures[name] for name in CENTROID_MEASURES}
        found = dict(self.measures)
        for part in PARTS_OF_DAY:
            found[TIME_OF_DAY + part] = (self.parts_of_day == part).astype(np.float64)
        for workflow in self._common_workflows(detail.workflow_count):
            found[WORKFLOW + workflow] = (self.workflows == workflow).astype(np.float64)
        shares = self.action_shares
        for number, action in enumerate(self.actions[: detail.action_count]):
            found[ACTION_SHARE + action] = shares[:, number]
        return found

    def column(self, feature: str) -> NDArray[np.float64]:
        """Return one feature by its name; zeros for an action not told by name, or a workflow nobody has, by now."""
        if feature in self.measures:
            return self.measures[feature]
        if feature.startswith(TIME_OF_DAY):
            return np.asarray(self.parts_of_day == feature.removeprefix(TIME_OF_DAY), dtype=np.float64)
        if feature.startswith(WORKFLOW):
            return np.asarray(self.workflows == feature.removeprefix(WORKFLOW), dtype=np.float64)
        action = feature.removeprefix(ACTION_SHARE)
        if action not in self.actions:
            return np.zeros(len(self))
        counts = self.action_counts[:, self.actions.index(action)]
        return np.asarray(counts / np.maximum(self.event_counts, 1.0), dtype=np.float64)

    def centroid_space(self) -> Matrix:
        """Return users x the four measures of a centroid, logarithms where values are spread over magnitudes."""
        return centroid_coordinates(np.column_stack([self.measures[name] for name in CENTROID_MEASURES]))

    def _common_workflows(self, count: int) -> list[str]:
        names, counts = np.unique(self.workflows[self.workflows != ""], return_counts=True)
        order = np.lexsort((names, -counts))[:count]
        return [str(names[place]) for place in order]


def centroid_coordinates(values: Matrix) -> Matrix:
    """Return frequency, depth, breadth and collaboration on scales where distances mean something."""
    return np.asarray(np.column_stack([np.log1p(values[:, :3]), values[:, 3] / 100.0 * 2.0]), dtype=np.float64)


def read_vectors(db: Database, month: date) -> BehaviourVectors:
    """Return the vectors of the users at risk of a refresh."""
    users = db.frame(load_sql(__package__, "behaviour_vectors"), {"month": month})
    taken = db.frame(load_sql(__package__, "behaviour_actions"), {"month": month, "max_actions": MAX_ACTIONS})
    actions = taken.drop_duplicates("place")["action"].tolist()
    counts = np.zeros((len(users), len(actions)))
    counts[taken["user_index"].to_numpy(np.int64), taken["place"].to_numpy(np.int64) - 1] = taken["action_count"]
    return BehaviourVectors(
        user_ids=tuple(users["user_id"].tolist()),
        measures={name: users[name].to_numpy(dtype=np.float64) for name in MEASURES},
        parts_of_day=users["time_of_day_pattern"].to_numpy(dtype=np.str_),
        workflows=users["primary_workflow"].to_numpy(dtype=np.str_),
        event_counts=users["event_count"].to_numpy(dtype=np.float64),
        actions=tuple(str(action) for action in actions),
        action_counts=counts,
    )
