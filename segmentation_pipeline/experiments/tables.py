"""Contract of the power table: what every recommended experiment would take in its own segment.

Add here: a column about an experiment before it is run, with unit and allowed values.
Keep out: how rows are computed (`planning.py`), and what people decide (state/roadmap.py).
"""

from __future__ import annotations

from typing import Any, ClassVar

from segmentation_pipeline.insights.tables import UNITS
from segmentation_pipeline.warehouse.contracts import Day, Integer, Real, Table, Text, Utc, column, dataframe_check

VERDICTS = ("run", "run_in_union", "do_not_run", "not_computed")
ENDPOINTS = ("share", "mean", "survival")

ROUNDING = 1e-9
"""Sums and quotients of a few doubles differ from their exact value by far less."""

DAYS_A_WEEK = 7


class ExperimentPower(Table):
    """One row per refresh and recommended experiment: its power in its own segment, and whether it should be run."""

    refresh_month: Day = column("Refresh, first of its month.")
    recommendation_id: Text = column("Recommendation of kind experiment.", min_length=1)
    cluster_id: Text = column("Segment it is for; `overall` where segments are cuts of ours.", min_length=1)
    primary_metric: Text = column("Metric that decides it.", min_length=1)
    expected_direction: Text = column("Which way the metric should move.", isin=("higher", "lower"))
    verdict: Text = column(
        "run: decides in max_weeks; run_in_union: only together with other segments; do_not_run: not even so; "
        "not_computed: too little is known.",
        isin=VERDICTS,
    )
    reason: Text = column("The verdict in words, with the figures that decided it.", min_length=1)
    comparison_count: Integer = column("Experiments of the segment in this refresh, which share alpha (m).", ge=1)
    alpha: Real = column("Two-sided false alarms of this experiment: Holm's first step, alpha / m.", gt=0, lt=0.5)
    power: Real = column("Chance to find the smallest effect where it is there.", ge=0.5, lt=1)
    holdout_share: Real = column("Of the newly eligible: kept out of the experiment and of what follows.", gt=0, le=0.5)
    treatment_share: Real = column("Of the newly eligible: get the change.", gt=0, lt=0.5)
    control_share: Real = column("Of the newly eligible: are compared with them.", gt=0, lt=0.5)
    smallest_effect: Real = column(
        "Smallest change worth finding, as a part of the metric; of what it lacks to the whole for a retention, and "
        "for a share over a half that should rise.",
        gt=0,
        lt=1,
    )
    max_weeks: Integer = column("Longest an experiment may take.", unit="weeks", ge=1)
    endpoint: Text = column(
        "share: score test; mean: t-test; survival: log-rank test, Schoenfeld's events.", nullable=True, isin=ENDPOINTS
    )
    unit: Text = column("Unit of the metric; pct is a fraction between 0 and 1.", nullable=True, isin=UNITS)
    baseline: Real = column("The metric in this segment.", unit="see unit", nullable=True)
    baseline_low: Real = column("Lower end of its 95 % interval.", unit="see unit", nullable=True)
    baseline_high: Real = column("Upper end of its 95 % interval.", unit="see unit", nullable=True)
    baseline_sd: Real = column("Standard deviation of users; means only.", unit="see unit", nullable=True, gt=0)
    baseline_user_count: Integer = column("Users the baseline is known of.", nullable=True, ge=1)
    measured_share: Real = column(
        "Part of the segment's users the metric is known of; of those enrolled, no more show it.",
        nullable=True,
        gt=0,
        le=1,
    )
    target: Real = column("The metric after the smallest effect.", unit="see unit", nullable=True)
    hazard_ratio: Real = column("Hazard at the target against the baseline's; survival only.", nullable=True, gt=0)
    event_count: Integer = column("Users lost in both arms that the test needs; survival only.", nullable=True, ge=1)
    follow_days: Real = column(
        "Days a user is watched before the metric is known of it.", unit="days", nullable=True, gt=0
    )
    eligible_from: Utc = column("Start of the time newly eligible users were counted in.", unit="UTC", nullable=True)
    eligible_to: Utc = column("End of it.", unit="UTC", nullable=True)
    eligible_count: Integer = column("Users of the segment who newly reached the landmark in it.", nullable=True, ge=0)
    eligible_per_week: Real = column("The same a week.", unit="per week", nullable=True, ge=0)
    users_per_arm: Integer = column("Users with the metric whom treatment and control need each.", nullable=True, ge=1)
    enrolled_count: Integer = column(
        "Users both and the holdout take together, with and without the metric.", nullable=True, ge=1
    )
    enrolment_weeks: Real = column("Weeks until so many have come; null where nobody comes.", nullable=True, gt=0)
    weeks_to_decide: Real = column("Enrolment and following together; null where nobody comes.", nullable=True, gt=0)
    mde: Real = column(
        "Smallest change detectable when decided after max_weeks; null where none is.",
        unit="see unit",
        nullable=True,
        gt=0,
    )
    mde_relative: Real = column("The same as a part, like smallest_effect.", nullable=True, gt=0)
    mde_by_week: Text = column(
        "JSON list: week, users_per_arm with the metric by then, mde and mde_relative when decided at its end (null "
        "where nothing can be told).",
        nullable=True,
        min_length=2,
    )
    union_cluster_ids: Text = column(
        "JSON list: fewest segments that decide in time together; only where the verdict is run_in_union.",
        nullable=True,
        min_length=2,
    )
    union_baseline: Real = column(
        "The metric in the union, weighted by who comes and shows it.", unit="see unit", nullable=True
    )
    union_eligible_per_week: Real = column("Newly eligible users of the union.", unit="per week", nullable=True, gt=0)
    union_users_per_arm: Integer = column("Users with the metric whom each arm needs there.", nullable=True, ge=1)
    union_weeks_to_decide: Real = column("Weeks it takes there.", unit="weeks", nullable=True, gt=0)

    class Config:
        """One row per experiment of a refresh."""

        unique: ClassVar[list[str]] = ["refresh_month", "recommendation_id"]

    @dataframe_check
    def figures_unless_not_computed(cls, data: Any) -> Any:
        """Hold every figure of the plan to being there exactly where it was computed."""
        rows = data.table
        is_missing = rows.verdict == "not_computed"
        return (
            (rows.endpoint.isnull() == is_missing)
            & (rows.baseline.isnull() == is_missing)
            & (rows.measured_share.isnull() == is_missing)
            & (rows.target.isnull() == is_missing)
            & (rows.eligible_per_week.isnull() == is_missing)
            & (rows.users_per_arm.isnull() == is_missing)
            & (rows.mde_by_week.isnull() == is_missing)
        )

    @dataframe_check
    def arms_and_holdout_are_everybody(cls, data: Any) -> Any:
        """Everyone newly eligible is in one arm or held out."""
        rows = data.table
        return (rows.treatment_share + rows.control_share + rows.holdout_share - 1).abs() <= ROUNDING

    @dataframe_check
    def time_is_enrolment_and_following(cls, data: Any) -> Any:
        """An experiment is decided when the last user has been followed, and not before."""
        rows = data.table
        together = rows.enrolment_weeks + rows.follow_days / DAYS_A_WEEK
        return (rows.weeks_to_decide.isnull() == rows.enrolment_weeks.isnull()) & (
            (rows.weeks_to_decide - together).abs() <= ROUNDING * together
        ).fill_null(True)  # noqa: FBT003

    @dataframe_check
    def run_exactly_what_decides_in_time(cls, data: Any) -> Any:
        """The verdict run is what the weeks say."""
        rows = data.table
        return (rows.verdict == "run") == (rows.weeks_to_decide <= rows.max_weeks).fill_null(False)  # noqa: FBT003

    @dataframe_check
    def union_exactly_where_it_helps(cls, data: Any) -> Any:
        """A union is told whole, where the verdict rests on it, and decides in time."""
        rows = data.table
        is_union = rows.verdict == "run_in_union"
        return (
            (rows.union_cluster_ids.notnull() == is_union)
            & (rows.union_baseline.notnull() == is_union)
            & (rows.union_eligible_per_week.notnull() == is_union)
            & (rows.union_users_per_arm.notnull() == is_union)
            & (rows.union_weeks_to_decide.notnull() == is_union)
            & (rows.union_weeks_to_decide <= rows.max_weeks).fill_null(True)  # noqa: FBT003
        )

    @dataframe_check
    def each_endpoint_has_its_own_figures(cls, data: Any) -> Any:
        """Hazards and events belong to survival, a standard deviation to means."""
        rows = data.table
        is_survival = (rows.endpoint == "survival").fill_null(False)  # noqa: FBT003
        is_mean = (rows.endpoint == "mean").fill_null(False)  # noqa: FBT003
        return (
            (rows.hazard_ratio.notnull() == is_survival)
            & (rows.event_count.notnull() == is_survival)
            & (rows.baseline_sd.notnull() == is_mean)
        )

    @dataframe_check
    def target_lies_where_it_is_wanted(cls, data: Any) -> Any:
        """The smallest effect moves the metric the expected way."""
        rows = data.table
        return (rows.target > rows.baseline) == (rows.expected_direction == "higher")
