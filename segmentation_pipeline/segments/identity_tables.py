"""Contracts of segments over refreshes: what became of each, and which users moved between them.

Add here: a table or column about the life of segments, with unit and allowed values.
Keep out: one refresh's segments (tables.py) and the evidence for them (verdict_tables.py).
"""

from typing import Any, get_args

from segmentation_pipeline.segments.lineage import Kind, MatchedBy
from segmentation_pipeline.warehouse.contracts import Day, Integer, Real, Table, Text, column, dataframe_check


class ClusterLineage(Table):
    """One row per refresh and event in the life of a segment since the refresh it is matched against."""

    refresh_month: Day = column("Refresh in which it happened.")
    cluster_id: Text = column("Segment it happened to.", min_length=9)
    kind: Text = column("born, continued, retired, split (from other), merged (into other).", isin=get_args(Kind))
    other_cluster_id: Text = column(
        "split: the segment it came from; merged: the one it went into; else null.", nullable=True, min_length=9
    )
    user_count: Integer = column(
        "Users at risk in it; of an ended one, those whom its old model would still put there.", ge=0
    )
    share: Real = column("Share of the users at risk likewise.", ge=0, le=1)
    jaccard: Real = column(
        "Jaccard similarity of its users at risk both times, with itself before or with the other segment.",
        nullable=True,
        ge=0,
        le=1,
    )
    distance: Real = column(
        "Distance of the centres likewise, in distances to the nearest sibling of either.", nullable=True, ge=0
    )
    matched_by: Text = column(
        "users: told by users common to both refreshes; profile: by the centres; none: not matched.",
        isin=get_args(MatchedBy),
    )
    matched_against: Day = column("Earlier refresh it is told against; null at the first.", nullable=True)
    reason: Text = column("What happened, in a sentence.", min_length=1)

    class Config:
        """One row per month, segment, kind and other segment."""

        unique = ["refresh_month", "cluster_id", "kind", "other_cluster_id"]

    @dataframe_check
    def other_segment_where_two_take_part(cls, data: Any) -> Any:
        """Splits and merges name the other segment, and it is another one."""
        t = data.table
        needs_other = t.kind.isin(["split", "merged"])
        return (needs_other == t.other_cluster_id.notnull()) & (
            t.other_cluster_id.isnull() | (t.other_cluster_id != t.cluster_id)
        )


class UserMoves(Table):
    """One row per refresh and pair of segments (from, to), and one from `overall` to `moved`: users who moved."""

    refresh_month: Day = column("Refresh they moved in.")
    from_cluster_id: Text = column(
        "Segment in the earlier refresh, `unclassified`, `not_at_risk`, or `overall`.", min_length=7
    )
    to_cluster_id: Text = column("Segment now, `unclassified`, `not_at_risk`, or `moved`.", min_length=5)
    user_count: Integer = column("Users who went this way; `moved`: those whose segment is another one now.", ge=0)
    share: Real = column("Of the users of the from-segment at risk in both refreshes.", nullable=True, ge=0, le=1)
    expected_share: Real = column(
        "Share that would go this way without any change, by two halves of the same users' visits.",
        nullable=True,
        ge=0,
        le=1,
    )
    excess_share: Real = column("Share minus expected share: what change there is.", nullable=True, ge=-1, le=1)
    matched_against: Day = column("The earlier refresh.")

    class Config:
        """One row per month and pair."""

        unique = ["refresh_month", "from_cluster_id", "to_cluster_id"]

    @dataframe_check
    def excess_is_the_difference(cls, data: Any) -> Any:
        """Excess, share and expectation agree."""
        t = data.table
        return (t.excess_share - (t.share - t.expected_share)).abs() < 1e-9
