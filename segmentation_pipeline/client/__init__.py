"""Typed access to a home for everything people and programs look at: the published copy, overlaid with their edits.

Add here: a question readers ask (a query module, a method of Snapshot and of Client), an edit that state.db keeps.
Keep out: the live warehouse file; nothing here can lock or change it.

    import segmentation_pipeline.client as client
    home = client.open("my-home")
    for segment in home.segments():
        print(segment.display_name, segment.user_count, segment.drop_off_rate)
"""

from segmentation_pipeline.client.advice import Citation, Recommendation
from segmentation_pipeline.client.customers import Customer, CustomersSummary, TierLift
from segmentation_pipeline.client.evidence import EvidenceTest, LineageEvent
from segmentation_pipeline.client.experiments import ExperimentPower, WeekPower
from segmentation_pipeline.client.home import Client
from segmentation_pipeline.client.home import open_home as open  # noqa: A004 - read as client.open(home), like gzip.open
from segmentation_pipeline.client.personas import LeadImport, Persona
from segmentation_pipeline.client.refreshes import EndedEarly, RefreshSummary
from segmentation_pipeline.client.roadmap import RoadmapEntry
from segmentation_pipeline.client.segments import Contrast, SegmentDetail, SegmentSummary
from segmentation_pipeline.client.snapshot import Snapshot
from segmentation_pipeline.client.users import UserSegment
from segmentation_pipeline.state.roadmap import STATUSES, Plan, PlanEdit
from segmentation_pipeline.state.segment_edits import NameEdit, Note

__all__ = [
    "STATUSES",
    "Citation",
    "Client",
    "Contrast",
    "Customer",
    "CustomersSummary",
    "EndedEarly",
    "EvidenceTest",
    "ExperimentPower",
    "LeadImport",
    "LineageEvent",
    "NameEdit",
    "Note",
    "Persona",
    "Plan",
    "PlanEdit",
    "Recommendation",
    "RefreshSummary",
    "RoadmapEntry",
    "SegmentDetail",
    "SegmentSummary",
    "Snapshot",
    "TierLift",
    "UserSegment",
    "WeekPower",
    "open",
]
