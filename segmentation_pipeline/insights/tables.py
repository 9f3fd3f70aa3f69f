"""Contracts of the insight tables: the evidence of every segment, and the advice that cites it.

Add here: a table of this stage.
Keep out: how rows are computed (`metrics.py`, `rules.py`).
"""

from __future__ import annotations

from typing import Any, ClassVar

from segmentation_pipeline.warehouse.contracts import Day, Integer, Real, Table, Text, column, dataframe_check

UNITS = ("pct", "pp", "x", "days", "minutes", "count")
EFFORTS = ("S", "M", "L")


class ClusterMetrics(Table):
    """One row per refresh, segment (or `overall`: all users at risk) and metric that could be measured."""

    refresh_month: Day = column("Refresh, first of its month.")
    cluster_id: Text = column("Segment, or `overall`.", min_length=1)
    metric_id: Text = column("Metric, such as drop_off_rate or action_share:login.", min_length=1)
    value: Real = column("Value for the segment; pct is a fraction between 0 and 1.", unit="see unit")
    low: Real = column("Lower end of the 95 % interval; null where everything was counted.", nullable=True)
    high: Real = column("Upper end of the 95 % interval; null where everything was counted.", nullable=True)
    unit: Text = column("Unit of value, interval and overall value.", isin=UNITS)
    basis: Text = column(
        "behaviour: what segments were learned from, so its contrasts describe and prove nothing; outcome: from after "
        "the landmark; size: counted.",
        isin=("size", "behaviour", "outcome"),
    )
    user_count: Integer = column("Users behind the value.", ge=0)
    overall_value: Real = column("The same metric for all users at risk.", unit="see unit")
    contrast_low: Real = column("Lower end of the 95 % interval of segment minus everyone else.", nullable=True)
    contrast_high: Real = column("Upper end of the 95 % interval of segment minus everyone else.", nullable=True)
    contrast_direction: Text = column(
        "higher or lower when that interval excludes no difference, else none.", isin=("higher", "lower", "none")
    )
    difference_sd: Real = column("Segment minus overall, in standard deviations of users.", unit="sd", nullable=True)
    metric_window: Text = column("Time the metric is about.", min_length=1)
    description: Text = column("Definition of the metric.", min_length=1)

    class Config:
        """One row per metric of a segment and refresh."""

        unique: ClassVar[list[str]] = ["refresh_month", "cluster_id", "metric_id"]

    @dataframe_check
    def value_lies_in_its_interval(cls, data: Any) -> Any:
        """Compare value and interval, with room for the last bits of a sum."""
        rows = data.table
        room = rows.value.abs() * 1e-9 + 1e-12
        return ((rows.value >= rows.low - room) & (rows.value <= rows.high + room)).fill_null(True)  # noqa: FBT003

    @dataframe_check
    def interval_has_both_ends(cls, data: Any) -> Any:
        """Refuse an interval with a single end."""
        rows = data.table
        return (rows.low.isnull() == rows.high.isnull()) & (rows.contrast_low.isnull() == rows.contrast_high.isnull())

    @dataframe_check
    def direction_needs_a_contrast_that_excludes_no_difference(cls, data: Any) -> Any:
        """Hold each direction to the side of zero on which the contrast's interval lies."""
        rows = data.table
        is_higher = (rows.contrast_low > 0).fill_null(False)  # noqa: FBT003
        is_lower = (rows.contrast_high < 0).fill_null(False)  # noqa: FBT003
        return ((rows.contrast_direction == "higher") == is_higher) & ((rows.contrast_direction == "lower") == is_lower)

    @dataframe_check
    def shares_lie_between_nothing_and_all(cls, data: Any) -> Any:
        """Refuse a share outside 0 to 1."""
        rows = data.table
        return (rows.unit != "pct") | ((rows.value >= 0) & (rows.value <= 1))


KINDS = ("pain_point", "product_recommendation", "experiment")


class Recommendations(Table):
    """One row per refresh, segment and piece of advice: a pain point, a product recommendation or an experiment."""

    refresh_month: Day = column("Refresh, first of its month.")
    cluster_id: Text = column("Segment the advice is for; `overall` where segments are cuts of ours.", min_length=1)
    recommendation_id: Text = column(
        "Segment, kind and a hash of what is said, slots unfilled: the same advice keeps its id from month to month. "
        "grounding_report.item names the rule behind it.",
        min_length=1,
    )
    kind: Text = column("pain_point; product_recommendation: what to do for good; experiment: what to try.", isin=KINDS)
    rank: Integer = column("Place among the segment's advice of this kind, strongest first.", ge=1)
    title: Text = column("Headline.", min_length=1)
    text: Text = column("The advice with every figure filled in from the metrics it cites.", min_length=1)
    text_template: Text = column("The advice with slots {value}, {direction}, {comparator}.", min_length=1)
    hypothesis: Text = column("What is expected and why; experiments only.", nullable=True, min_length=1)
    hypothesis_template: Text = column(
        "The hypothesis with the slot {direction}; experiments only.", nullable=True, min_length=1
    )
    primary_metric: Text = column("Metric that decides the experiment.", nullable=True, min_length=1)
    expected_direction: Text = column(
        "Which way the primary metric should move; never by how much.", nullable=True, isin=("higher", "lower")
    )
    effort: Text = column("Rough size of the work: S, M or L.", nullable=True, isin=EFFORTS)
    evidence: Text = column(
        "JSON list of claims: metric_id, cluster_id, value, unit, comparator, comparator_value, direction, text "
        "(template or free text), rendered.",
        min_length=1,
    )
    advisor: Text = column("Who advises: rules, or a model.", min_length=1)

    class Config:
        """One row per piece of advice."""

        unique: ClassVar[list[str]] = ["refresh_month", "recommendation_id"]

    @dataframe_check
    def experiments_are_complete(cls, data: Any) -> Any:
        """Hold experiments, and only them, to hypothesis, primary metric, direction and effort."""
        rows = data.table
        is_no_experiment = rows.kind != "experiment"
        return (
            (rows.hypothesis.isnull() == is_no_experiment)
            & (rows.hypothesis_template.isnull() == is_no_experiment)
            & (rows.primary_metric.isnull() == is_no_experiment)
            & (rows.expected_direction.isnull() == is_no_experiment)
            & (rows.effort.isnull() == is_no_experiment)
        )

    @dataframe_check
    def texts_are_filled_in(cls, data: Any) -> Any:
        """Refuse a text that still shows a slot outside backticks, where data stands."""
        prose = data.table.text.re_replace("`[^`]*`", "")
        return ~prose.re_search(r"\{(value|direction|comparator)\}")

    @dataframe_check
    def recommendation_belongs_to_its_segment(cls, data: Any) -> Any:
        """Hold the id to the segment and kind it starts with, and to the hash it ends with."""
        rows = data.table
        starts_right = rows.recommendation_id.startswith(rows.cluster_id + ":" + rows.kind + ":")
        return starts_right & rows.recommendation_id.re_search(":[0-9a-f]{12}$")

    @dataframe_check
    def evidence_is_not_empty(cls, data: Any) -> Any:
        """Refuse advice that cites nothing."""
        return data.table.evidence.startswith('[{"')


class SegmentAdvice(Table):
    """One row per refresh and advised segment: its persona, who advised it, and why somebody else than was set."""

    refresh_month: Day = column("Refresh, first of its month.")
    cluster_id: Text = column("Segment; `overall` where segments are cuts of ours.", min_length=1)
    persona_name: Text = column("What the segment may be called; unique in its refresh.", min_length=1)
    persona_description: Text = column("Who its users are, in one sentence.", min_length=1)
    persona_by: Text = column("Who named it: rules (its label), or a model.", min_length=1)
    advisor: Text = column("Who wrote its recommendations: rules, or a model.", min_length=1)
    instead_because: Text = column(
        "Why the rules advise though a model is set: kind of failure, then words. Null where nobody stands in.",
        nullable=True,
        min_length=1,
    )
    pain_point_count: Integer = column("Pain points published.", ge=0)
    product_recommendation_count: Integer = column("Product recommendations published.", ge=0)
    experiment_count: Integer = column("Experiments published.", ge=0)
    claim_count: Integer = column("Claims published, each bound to its metric.", ge=0)
    refused_count: Integer = column("Claims and texts the gate refused, both attempts together.", ge=0)

    class Config:
        """One row per segment, and no two named alike."""

        unique: ClassVar[list[str]] = ["refresh_month", "cluster_id"]

    @dataframe_check
    def only_rules_stand_in(cls, data: Any) -> Any:
        """Refuse a reason for standing in where a model advised."""
        rows = data.table
        return rows.instead_because.isnull() | (rows.advisor == "rules")

    @dataframe_check
    def advice_cites_something(cls, data: Any) -> Any:
        """Hold published advice to a claim for each piece."""
        rows = data.table
        pieces = rows.pain_point_count + rows.product_recommendation_count + rows.experiment_count
        return rows.claim_count >= pieces


class GroundingReport(Table):
    """One row per refresh, claim checked and attempt; texts around claims have rows of their own."""

    refresh_month: Day = column("Refresh, first of its month.")
    cluster_id: Text = column("Segment the text is for.", min_length=1)
    advisor: Text = column("Who wrote it: rules, or a model.", min_length=1)
    attempt: Integer = column("1 for the first answer, 2 for the one after violations were sent back.", ge=1, le=2)
    item: Text = column("Piece of advice within the segment: kind and rule; persona.", min_length=1)
    part: Text = column(
        "claim, or a text around claims, which may state no fact; name and description are the persona's.",
        isin=("claim", "title", "body", "hypothesis", "name", "description"),
    )
    claim_index: Integer = column("Place of the claim in its piece of advice, from 0.", nullable=True, ge=0)
    recommendation_id: Text = column("Recommendation that publishes it; null where none does.", nullable=True)
    metric_id: Text = column("Metric the claim is bound to.", nullable=True, min_length=1)
    verdict: Text = column(
        "ok; corrected: right after its piece was sent back; sent_back; dropped.",
        isin=("ok", "corrected", "sent_back", "dropped"),
    )
    violation: Text = column("Kind of the first violation.", nullable=True, min_length=1)
    violation_count: Integer = column("Violations found.", ge=0)
    text: Text = column("What was checked, slots unfilled.")
    expected: Text = column("What the evidence holds, or the rule that was broken.", nullable=True)
    found: Text = column("What the text says instead.", nullable=True)

    class Config:
        """One row per part of a piece of advice, advisor and attempt."""

        unique: ClassVar[list[str]] = [
            "refresh_month",
            "cluster_id",
            "advisor",
            "attempt",
            "item",
            "part",
            "claim_index",
        ]

    @dataframe_check
    def a_violation_is_told_whole(cls, data: Any) -> Any:
        """Hold violation, count, expected and found to the verdict."""
        rows = data.table
        is_wrong = rows.verdict.isin(("sent_back", "dropped"))
        return (
            (rows.violation.notnull() == is_wrong)
            & ((rows.violation_count > 0) == is_wrong)
            & (rows.expected.notnull() == is_wrong)
            & (rows.found.notnull() == is_wrong)
        )

    @dataframe_check
    def only_claims_have_metrics(cls, data: Any) -> Any:
        """Hold claims, and only them, to an index and a metric."""
        rows = data.table
        is_claim = rows.part == "claim"
        return (rows.claim_index.notnull() == is_claim) & (rows.metric_id.notnull() == is_claim)

    @dataframe_check
    def what_is_refused_is_not_published(cls, data: Any) -> Any:
        """Refuse a violation in a text that a recommendation publishes."""
        rows = data.table
        return rows.recommendation_id.isnull() | rows.violation.isnull()
