"""What a report is made of: one refresh as the client tells it, the one before, colours and names.

Add here: something several pages need. Keep out: words, and figures that one page alone needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from segmentation_pipeline.client import retention as retention_queries
from segmentation_pipeline.pictures import NEUTRAL_COLOUR, segment_colours

if TYPE_CHECKING:
    from datetime import date

    from segmentation_pipeline.client.experiments import ExperimentPower
    from segmentation_pipeline.client.refreshes import RefreshSummary
    from segmentation_pipeline.client.retention import CurvePoint, SurvivalFit
    from segmentation_pipeline.client.segments import SegmentSummary
    from segmentation_pipeline.client.snapshot import Snapshot
    from segmentation_pipeline.wording import Texts

OVERALL = "overall"

OWN_CUTS = "no_segments"
"""The verdict under which segments are cuts of ours, and advice is for everyone."""

_FEATURE_OF_ACTION = "mix:"


@dataclass(frozen=True)
class Material:
    """One refresh of a home with events, and how its reader is spoken to."""

    snapshot: Snapshot
    refresh: RefreshSummary
    texts: Texts

    @property
    def month(self) -> date:
        """The refresh."""
        return self.refresh.refresh_month

    @cached_property
    def segments(self) -> list[SegmentSummary]:
        """Its segments, largest first."""
        return self.snapshot.segments(self.month) if self.refresh.has_segments else []

    @cached_property
    def before(self) -> RefreshSummary | None:
        """The refresh its segments were matched against."""
        known = {found.refresh_month: found for found in self.snapshot.refreshes()}
        return None if self.refresh.matched_against is None else known.get(self.refresh.matched_against)

    @cached_property
    def segments_before(self) -> dict[str, SegmentSummary]:
        """cluster_id -> the segment as it was in the refresh before."""
        if self.before is None or not self.before.has_segments:
            return {}
        return {found.cluster_id: found for found in self.snapshot.segments(self.before.refresh_month)}

    @cached_property
    def fits(self) -> dict[str, SurvivalFit]:
        """cluster_id -> who dropped off; `overall` is everyone."""
        return {fit.cluster_id: fit for fit in retention_queries.fits(self.snapshot.connection, self.month)}

    @cached_property
    def curves(self) -> list[CurvePoint]:
        """The retention curves, of those segments whose curve is observed."""
        points = retention_queries.curves(self.snapshot.connection, self.month)
        return [point for point in points if point.curve == "retention_km" and point.estimate is not None]

    @cached_property
    def power(self) -> dict[str, ExperimentPower]:
        """recommendation_id -> what the experiment would take."""
        return {power.recommendation_id: power for power in self.snapshot.experiment_power(month=self.month)}

    @cached_property
    def colours(self) -> dict[str, str]:
        """cluster_id -> the colour it has in every picture and on every surface."""
        trends = retention_queries.trends(self.snapshot.connection)
        return segment_colours(
            (point.refresh_month, point.cluster_id) for point in trends if point.cluster_id != OVERALL
        )

    def colour(self, cluster_id: str) -> str:
        """Return a segment's colour."""
        return self.colours.get(cluster_id, NEUTRAL_COLOUR)

    @cached_property
    def names(self) -> dict[str, str]:
        """cluster_id -> what it is called now, of this refresh and the one before."""
        earlier = {} if self.before is None else self.snapshot.display_names(self.before.refresh_month)
        return {**earlier, **self.snapshot.display_names(self.month), OVERALL: self.texts("report.everyone")}

    def feature(self, feature: str) -> str:
        """Return what a feature is called."""
        if feature.startswith(_FEATURE_OF_ACTION) and f"feature.{feature}" not in self.texts.entries:
            return self.texts("report.action_share", action=feature.removeprefix(_FEATURE_OF_ACTION))
        return self.texts.choice("feature", feature)
