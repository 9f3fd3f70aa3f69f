"""Experiments people plan, as they are shown: the copies kept in state.db read back as typed objects.

Add here: another figure about an entry. Keep out: what may be planned (state/roadmap.py), files of it (exports.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.client.advice import recommendation_from
from segmentation_pipeline.client.experiments import power_from

if TYPE_CHECKING:
    from datetime import date, datetime

    from segmentation_pipeline.client.advice import Recommendation
    from segmentation_pipeline.client.experiments import ExperimentPower
    from segmentation_pipeline.state.roadmap import Plan, PlanEdit, StoredEntry


@dataclass(frozen=True)
class RoadmapEntry:
    """One planned experiment: what was recommended and computed when it was put here, and the plan of the moment.

    `segment_name` is what the segment was called then; `notes` are the edits that carry one. Moments are UTC.
    """

    entry_id: int
    recommendation: Recommendation
    power: ExperimentPower | None
    segment_name: str
    plan: Plan
    notes: tuple[PlanEdit, ...]
    created_at: datetime
    created_by: str
    edited_at: datetime
    edited_by: str

    @property
    def recommendation_id(self) -> str:
        """Id of what is tried, the same in every refresh that recommends it."""
        return self.recommendation.recommendation_id

    @property
    def cluster_id(self) -> str:
        """Segment it is for."""
        return self.recommendation.cluster_id

    @property
    def refresh_month(self) -> date:
        """Refresh whose recommendation and figures were copied."""
        return self.recommendation.refresh_month


SEGMENT_NAME = "segment_name"
"""Key of the copy that is not a field of a recommendation."""


def entry_of(stored: StoredEntry) -> RoadmapEntry:
    """Return an entry with its copies as typed objects."""
    return RoadmapEntry(
        stored.entry_id,
        recommendation_from(stored.recommendation),
        None if stored.power is None else power_from(stored.power),
        str(stored.recommendation.get(SEGMENT_NAME) or stored.cluster_id),
        stored.plan,
        stored.notes,
        stored.created_at,
        stored.created_by,
        stored.edited_at,
        stored.edited_by,
    )
