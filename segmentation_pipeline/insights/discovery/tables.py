"""Contracts of discovered segments: how each discovery went, its definitions, who was assigned, and what came of it.

Add here: a table or column about discovered segments, with unit and allowed values.
Keep out: clusters (segments/) and the audit of models (llm/tables.py).
"""

from typing import Any

from segmentation_pipeline.warehouse.contracts import Day, Integer, Real, Table, Text, column, dataframe_check

DISCOVERY_STATUSES = ("discovered", "carried_over", "insufficient_data")
SEGMENT_STATUSES = ("new", "kept", "carried_over", "retired")
ASSIGNMENT_STATUSES = ("assigned", "unclassified", "pending")
RETENTION_STATUSES = ("observed", "not_applicable")
SIGNED_RISKS = ("low", "medium", "high")
DETAILS = ("full", "fewer", "centroid")


class LlmDiscoveries(Table):
    """One row per refresh: who discovered its behaviour segments, from how many users, and what that cost."""

    refresh_month: Day = column("Refresh the segments are of.")
    status: Text = column(
        "discovered; carried_over from discovered_month because the week's discovery was used up; insufficient_data.",
        isin=DISCOVERY_STATUSES,
    )
    reason: Text = column("Why nothing was discovered; null where it was.", nullable=True, min_length=1)
    fallback: Text = column(
        "Why the rules discovered though a model is set: kind of failure, then words.", nullable=True, min_length=1
    )
    provider: Text = column("Who made the definitions: rules, or a model's provider.", min_length=1)
    model: Text = column("Model, or the method of the rules.", min_length=1)
    discovered_month: Day = column("Refresh whose users the definitions were learned from.")
    at_risk_count: Integer = column("Users at risk.", ge=0)
    total_users_analyzed: Integer = column("Representative users that were looked at.", ge=0)
    detail: Text = column(
        "Dimensions of the vectors looked at; fewer ones are tried where too few segments were told apart.",
        nullable=True,
        isin=DETAILS,
    )
    proposal_count: Integer = column("Proposals made, all retries of the one discovery together.", ge=0)
    pilot_unclassified_share: Real = column(
        "Share of users tried that fit no segment; over a quarter a larger sample is looked at. Null where untried.",
        nullable=True,
        ge=0,
        le=1,
    )
    segment_count: Integer = column("Living segments.", ge=0, le=8)
    cluster_quality_notes: Text = column("How clearly the segments differ, in the discoverer's words.")
    call_count: Integer = column("Questions to a model, trying the segments out included.", ge=0)
    input_tokens: Integer = column("Tokens sent.", ge=0)
    output_tokens: Integer = column("Tokens received.", ge=0)
    cost_usd: Real = column("Cost; null where a price is not known.", unit="USD", nullable=True, ge=0)

    class Config:
        """One row per month."""

        unique = ["refresh_month"]

    @dataframe_check
    def a_reason_where_nothing_was_discovered(cls, data: Any) -> Any:
        """A reason, and nobody looked at, exactly where nothing was discovered."""
        t = data.table
        is_discovered = t.status == "discovered"
        return (
            (is_discovered == t.reason.isnull())
            & (is_discovered == (t.total_users_analyzed > 0))
            & (is_discovered == t.detail.notnull())
        )

    @dataframe_check
    def segments_where_data_suffices(cls, data: Any) -> Any:
        """At least three segments, or none where there is too little data."""
        t = data.table
        return ((t.status == "insufficient_data") & (t.segment_count == 0)) | (
            (t.status != "insufficient_data") & (t.segment_count >= 3)
        )


class LlmSegments(Table):
    """One row per refresh and discovered segment, those retired in it included."""

    refresh_month: Day = column("Refresh the segment was defined, carried over or retired in.")
    segment_id: Text = column("Stable id: month of birth, d, letter; never reused after retirement.", min_length=11)
    status: Text = column("new; kept: lives on under its id; carried_over unchanged; retired.", isin=SEGMENT_STATUSES)
    retired_reason: Text = column("Why it ended.", nullable=True, min_length=1)
    label: Text = column("Two to four words, unique among the living of a refresh.", min_length=3)
    description: Text = column("One sentence.", min_length=1)
    defining_signals: Text = column("What sets it apart, JSON list of texts; of the rules, the rules.", min_length=4)
    churn_risk: Text = column("Judged from behaviour alone, before outcomes are known.", isin=SIGNED_RISKS)
    personalization_strategy: Text = column("What to offer these users.", min_length=1)
    estimated_pct: Real = column("Share of users as estimated by the discovery.", unit="%", ge=0, le=100)
    session_frequency: Real = column("Centroid: visits a week.", unit="per week", ge=0)
    session_depth: Real = column("Centroid: events a visit.", ge=0)
    feature_breadth: Real = column("Centroid: different actions.", ge=0)
    collaboration: Real = column("Centroid: collaboration score.", ge=0, le=100)
    rules: Text = column("Leaves of the tree that assign users, JSON; empty list where a model does.", min_length=2)
    provider: Text = column("Who made the definition.", min_length=1)

    class Config:
        """One row per month and segment."""

        unique = ["refresh_month", "segment_id"]

    @dataframe_check
    def retired_says_why(cls, data: Any) -> Any:
        """A reason exactly where a segment ended."""
        return (data.table.status == "retired") == data.table.retired_reason.notnull()

    @dataframe_check
    def has_a_real_id(cls, data: Any) -> Any:
        """The unclassified are no segment."""
        return data.table.segment_id.re_search(r"^\d{4}-\d{2}-d-[a-z]+$")

    @dataframe_check
    def signals_are_told(cls, data: Any) -> Any:
        """At least one signal."""
        return data.table.defining_signals.startswith('["')


class LlmAssignments(Table):
    """One row per refresh and user at risk: the discovered segment, how surely and why, or why none yet."""

    refresh_month: Day = column("Refresh the user was at risk in.")
    user_id: Text = column("User.", min_length=1)
    status: Text = column(
        "assigned; unclassified: no segment fits; pending: not asked about yet, or without a usable answer.",
        isin=ASSIGNMENT_STATUSES,
    )
    segment_id: Text = column(
        "Segment, unclassified under a confidence of 0.5; null while pending.", nullable=True, min_length=1
    )
    segment_label: Text = column("Label of the segment.", nullable=True, min_length=1)
    confidence: Real = column("How surely the user belongs to it; null while pending.", nullable=True, ge=0, le=1)
    reasoning: Text = column("Why, in a sentence; while pending, why there is no answer.", min_length=1)
    provider: Text = column("Who assigned: rules, or a model's provider.", min_length=1)
    model: Text = column("Model, or the method of the rules.", min_length=1)
    basis: Text = column("Hash of definitions and vector: an answer stands while both stay the same.", min_length=16)

    class Config:
        """One row per month and user."""

        unique = ["refresh_month", "user_id"]

    @dataframe_check
    def pending_users_have_no_segment(cls, data: Any) -> Any:
        """Segment, label and confidence exactly where there is an answer."""
        t = data.table
        is_pending = t.status == "pending"
        return (
            (is_pending == t.segment_id.isnull())
            & (is_pending == t.segment_label.isnull())
            & (is_pending == t.confidence.isnull())
        )

    @dataframe_check
    def assigned_users_are_sure_enough(cls, data: Any) -> Any:
        """Under a confidence of 0.5 a user is unclassified, and so is one without a segment."""
        t = data.table
        is_alike = (t.status == "unclassified") == (t.segment_id == "unclassified")
        return (is_alike | t.segment_id.isnull()) & ((t.status != "assigned") | (t.confidence >= 0.5))


class LlmAgreement(Table):
    """One row per refresh, discovered segment and cluster with users in common, the unclassified of both included."""

    refresh_month: Day = column("Refresh compared.")
    segment_id: Text = column("Discovered segment, or unclassified.", min_length=1)
    cluster_id: Text = column("Cluster, or unclassified.", min_length=1)
    user_count: Integer = column("Users in both; pending ones are left out.", ge=1)
    expected_count: Real = column("Users in both if the two had nothing to do with each other.", gt=0)
    share_of_segment: Real = column("Of the segment's users.", gt=0, le=1)
    share_of_cluster: Real = column("Of the cluster's users among those assigned.", gt=0, le=1)
    adjusted_mutual_information: Real = column(
        "Agreement of the whole refresh, 1 perfect, 0 chance (Vinh, Epps, Bailey 2010); null without two users.",
        nullable=True,
        ge=-1,
        le=1,
    )

    class Config:
        """One row per month and pair."""

        unique = ["refresh_month", "segment_id", "cluster_id"]


class LlmSegmentFigures(Table):
    """One row per refresh and discovered segment (and the unclassified): users so far, share, 14-day retention."""

    refresh_month: Day = column("Refresh the users were at risk in.")
    segment_id: Text = column("Living segment, or unclassified.", min_length=1)
    segment_label: Text = column("Label of the segment.", min_length=1)
    user_count: Integer = column("Users assigned so far.", ge=0)
    share: Real = column(
        "Of the users with an answer; pending ones are left out. Null while there are none.", ge=0, le=1, nullable=True
    )
    mean_confidence: Real = column("Mean confidence; null without users.", nullable=True, ge=0, le=1)
    retention_status: Text = column("Whether 14-day retention could be observed.", isin=RETENTION_STATUSES)
    retention_reason: Text = column("Why not; null where it could.", nullable=True, min_length=1)
    retained_day_14: Real = column("Share not dropped off 14 days after the landmark.", nullable=True, ge=0, le=1)
    retained_low: Real = column("Lower end of its 95 % interval.", nullable=True, ge=0, le=1)
    retained_high: Real = column("Upper end of its 95 % interval.", nullable=True, ge=0, le=1)

    class Config:
        """One row per month and segment."""

        unique = ["refresh_month", "segment_id"]

    @dataframe_check
    def retention_known_as_a_whole(cls, data: Any) -> Any:
        """Rate and interval exactly where observed, and a reason elsewhere; the interval holds the rate."""
        t = data.table
        is_observed = t.retention_status == "observed"
        return (
            (is_observed == t.retention_reason.isnull())
            & (is_observed == t.retained_day_14.notnull())
            & (is_observed == t.retained_low.notnull())
            & (is_observed == t.retained_high.notnull())
            & (
                t.retained_day_14.isnull()
                | ((t.retained_low <= t.retained_day_14) & (t.retained_day_14 <= t.retained_high))
            )
        )
