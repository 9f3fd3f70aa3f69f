"""Contracts of retention: one fit per segment, its curves day by day, hazard ratios between segments.

Add here: a table or column about what happened after the landmark, with unit and allowed values.
Keep out: how rows are computed (judging.py, hazards.py).
"""

from typing import Any, ClassVar

from segmentation_pipeline.warehouse.contracts import Day, Flag, Integer, Real, Table, Text, column, dataframe_check

OVERALL = "overall"

FITTED, NOT_FITTED, REFERENCE = "fitted", "not_fitted", "reference"
OBSERVED, NOT_OBSERVED = "observed", "not_observed"

RETENTION_KM = "retention_km"
STILL_OPEN = "still_open"
INCIDENCES = {"churn": "incidence_churn", "conversion": "incidence_conversion", "end": "incidence_end"}
CURVES = (RETENTION_KM, STILL_OPEN, *INCIDENCES.values())

TERM_KINDS = ("segment", "pooled", "adjustment", "model")
DROP_OFF_METHODS = ("proportion", "aalen_johansen", "not_observed")


class SurvivalFits(Table):
    """One row per refresh and segment, and one for `overall`: who dropped off after the landmark, and when."""

    refresh_month: Day = column("Refresh, first of its month.")
    cluster_id: Text = column("Segment, `unclassified`, or `overall` for all users at risk.", min_length=1)
    status: Text = column("Whether there was enough to fit a survival curve.", isin=(FITTED, NOT_FITTED))
    reason: Text = column("Why not fitted; null when fitted.", nullable=True, min_length=1)
    user_count: Integer = column("Users at risk at the landmark.", ge=0)
    churn_count: Integer = column("Users whose case ended by churn.", ge=0)
    conversion_count: Integer = column("Users whose case ended by conversion.", ge=0)
    end_count: Integer = column("Users whose case ended otherwise.", ge=0)
    censored_count: Integer = column("Users still open when last seen.", ge=0)
    followed_days: Real = column("Longest time a user was followed after the landmark.", unit="days", ge=0)
    drop_off_days: Real = column(
        "Day the drop-off is read at: the same for all segments, and the same as in clusters.",
        unit="days",
        nullable=True,
        ge=0,
    )
    drop_off_rate: Real = column(
        "Share that dropped off by then; null when it cannot be said.", nullable=True, ge=0, le=1
    )
    drop_off_low: Real = column("Lower end of its interval.", nullable=True, ge=0, le=1)
    drop_off_high: Real = column("Upper end of its interval.", nullable=True, ge=0, le=1)
    drop_off_method: Text = column(
        "proportion: all were followed to the day, Wilson interval; aalen_johansen: incidence beside other endings, "
        "complementary log-log interval.",
        isin=DROP_OFF_METHODS,
    )
    is_cause_specific: Flag = column(
        "Whether conversion or another ending competes with churn: 1 - retention_km is then not the share dropping off."
    )
    median_days: Real = column(
        "First day on which retention_km is at or under one half; null if not reached while enough are at risk.",
        unit="days",
        nullable=True,
        ge=0,
    )
    logrank_statistic: Real = column(
        "Log-rank over all segments, `unclassified` left out; on the overall row only.", nullable=True, ge=0
    )
    logrank_degrees: Integer = column("Degrees of freedom: segments minus one.", nullable=True, ge=1)
    logrank_p: Real = column("p of equal drop-off hazards in all segments.", nullable=True, ge=0, le=1)
    logrank_reason: Text = column("On the overall row, why no log-rank test was made.", nullable=True, min_length=1)

    class Config:
        """One row per refresh and segment."""

        unique: ClassVar[list[str]] = ["refresh_month", "cluster_id"]

    @dataframe_check
    def not_fitted_says_why(cls, data: Any) -> Any:
        """A reason exactly where there is no fit."""
        return (data.table.status == FITTED) == data.table.reason.isnull()

    @dataframe_check
    def outcomes_add_up(cls, data: Any) -> Any:
        """Every user has one outcome."""
        t = data.table
        return t.user_count == t.churn_count + t.conversion_count + t.end_count + t.censored_count

    @dataframe_check
    def drop_off_within_its_interval(cls, data: Any) -> Any:
        """Rate and both ends are there or not together, in order; the method says which."""
        t = data.table
        room = 1e-9
        present = (t.drop_off_low <= t.drop_off_rate + room) & (t.drop_off_rate <= t.drop_off_high + room)
        absent = t.drop_off_rate.isnull() & t.drop_off_low.isnull() & t.drop_off_high.isnull()
        return (t.drop_off_method == "not_observed").ifelse(absent, present.fill_null(False))  # noqa: FBT003

    @dataframe_check
    def logrank_only_overall_and_whole(cls, data: Any) -> Any:
        """Statistic, degrees and p come together, on the overall row alone."""
        t = data.table
        is_whole = (t.logrank_statistic.isnull() == t.logrank_p.isnull()) & (
            t.logrank_statistic.isnull() == t.logrank_degrees.isnull()
        )
        is_placed = (t.cluster_id == OVERALL).ifelse(
            t.logrank_p.isnull() != t.logrank_reason.isnull(), t.logrank_p.isnull() & t.logrank_reason.isnull()
        )
        return is_whole & is_placed


class RetentionCurves(Table):
    """One row per refresh, segment (or `overall`), curve and day after the landmark."""

    refresh_month: Day = column("Refresh, first of its month.")
    cluster_id: Text = column("Segment, `unclassified`, or `overall` for all users at risk.", min_length=1)
    curve: Text = column(
        "retention_km: Kaplan-Meier share without churn, other endings censored; incidence_*: Aalen-Johansen share "
        "that ended so; still_open: share that has not ended in any way. The last four add up to 1.",
        isin=CURVES,
    )
    day: Real = column("Days after the landmark.", unit="days", ge=0)
    estimate: Real = column("Share of users; null when not observed.", nullable=True, ge=0, le=1)
    low: Real = column("Lower end of the pointwise interval, log-log.", nullable=True, ge=0, le=1)
    high: Real = column("Upper end of the pointwise interval, log-log.", nullable=True, ge=0, le=1)
    at_risk_count: Integer = column("Users still followed and open just before the day.", ge=0)
    status: Text = column(
        "not_observed: nobody was followed so long, or too few are still at risk; never extrapolated.",
        isin=(OBSERVED, NOT_OBSERVED),
    )
    reason: Text = column("Why not observed; null when observed.", nullable=True, min_length=1)
    is_cause_specific: Flag = column("Whether 1 - estimate is cause-specific: retention_km beside competing endings.")

    class Config:
        """One row per segment, curve and day of a refresh."""

        unique: ClassVar[list[str]] = ["refresh_month", "cluster_id", "curve", "day"]

    @dataframe_check
    def figures_only_where_observed(cls, data: Any) -> Any:
        """Estimate and interval exactly where observed, the estimate inside; elsewhere a reason."""
        t = data.table
        room = 1e-9
        present = (t.low <= t.estimate + room) & (t.estimate <= t.high + room) & t.reason.isnull()
        absent = t.estimate.isnull() & t.low.isnull() & t.high.isnull() & t.reason.notnull()
        return (t.status == OBSERVED).ifelse(present.fill_null(False), absent)  # noqa: FBT003


class CoxCoefficients(Table):
    """One row per refresh and term of the Cox model; terms that were left out are rows with their reason."""

    refresh_month: Day = column("Refresh, first of its month.")
    term: Text = column("Segment, `pooled`, an adjustment, or `model` where nothing could be tried.", min_length=1)
    kind: Text = column("What the term is.", isin=TERM_KINDS)
    description: Text = column("What the hazard ratio compares.", min_length=1)
    status: Text = column(
        "fitted, reference (hazard ratio 1 by definition) or not_fitted.", isin=(FITTED, REFERENCE, NOT_FITTED)
    )
    reason: Text = column("Why not fitted, or why it is the reference.", nullable=True, min_length=1)
    coefficient: Real = column("Log hazard ratio of dropping off, per unit.", nullable=True)
    standard_error: Real = column("Standard error of the coefficient, the model's own.", nullable=True, ge=0)
    hazard_ratio: Real = column("exp(coefficient).", nullable=True, gt=0)
    low: Real = column("Lower end of the hazard ratio's interval.", nullable=True, ge=0)
    high: Real = column("Upper end of the hazard ratio's interval.", nullable=True, ge=0)
    p: Real = column("Wald p of a hazard ratio of 1.", nullable=True, ge=0, le=1)
    proportional_p: Real = column(
        "p of the ratio being the same on every day (Grambsch and Therneau); reported, it gates nothing.",
        nullable=True,
        ge=0,
        le=1,
    )
    penalizer: Real = column(
        "Ridge step at which the model converged; 0 is none, null without a fit.", nullable=True, ge=0
    )
    user_count: Integer = column("Users in the model.", ge=0)
    event_count: Integer = column("Drop-offs in the model.", ge=0)

    class Config:
        """One row per refresh and term."""

        unique: ClassVar[list[str]] = ["refresh_month", "term"]

    @dataframe_check
    def figures_only_where_fitted(cls, data: Any) -> Any:
        """Fitted terms have every figure inside its interval; the others have a reason."""
        t = data.table
        fitted = (
            t.standard_error.notnull()
            & t.p.notnull()
            & t.penalizer.notnull()
            & (t.low <= t.hazard_ratio)
            & (t.hazard_ratio <= t.high)
        )
        absent = t.coefficient.isnull() & t.hazard_ratio.isnull() & t.low.isnull() & t.high.isnull() & t.p.isnull()
        reference = (t.coefficient == 0) & (t.hazard_ratio == 1) & t.low.isnull() & t.high.isnull() & t.p.isnull()
        is_right = (t.status == FITTED).ifelse(fitted, (t.status == REFERENCE).ifelse(reference, absent))
        return is_right.fill_null(False) & ((t.status == FITTED) | t.reason.notnull())  # noqa: FBT003
