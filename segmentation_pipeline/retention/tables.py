"""Contracts of retention: fits and curves per segment, comparisons and hazard ratios between them, their validation.

Add here: a table or column about what happened after the landmark, with unit and allowed values.
Keep out: how rows are computed (judging.py, comparing.py, hazards.py, validating.py).
"""

from typing import Any, ClassVar

from segmentation_pipeline.segments.tables import OVERALL
from segmentation_pipeline.warehouse.contracts import Day, Flag, Integer, Real, Table, Text, column, dataframe_check

FITTED, NOT_FITTED, REFERENCE = "fitted", "not_fitted", "reference"
OBSERVED, NOT_OBSERVED = "observed", "not_observed"

RETENTION_KM = "retention_km"
STILL_OPEN = "still_open"
INCIDENCES = {"churn": "incidence_churn", "conversion": "incidence_conversion", "end": "incidence_end"}
CURVES = (RETENTION_KM, STILL_OPEN, *INCIDENCES.values())

TERM_KINDS = ("segment", "pooled", "adjustment", "model")
MODELS = ("km", "cox")
SPLITS = ("entry", "hash")
MECHANICAL = (
    "Whether drop-off is silence: activity then defines both the segments and the outcome, so a difference between "
    "them is mechanical and never to be cited."
)
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
    rmst_tau_days: Real = column(
        "Day the restricted mean goes to: that of the drop-off, the longest every segment with enough users is "
        "followed to (all of its users, or enough at risk).",
        unit="days",
        nullable=True,
        gt=0,
    )
    rmst_days: Real = column(
        "Restricted mean survival time: days before dropping off within the first rmst_tau_days, on average (tau minus "
        "the area under the incidence of drop-off; who converted or ended otherwise loses no days).",
        unit="days",
        nullable=True,
        ge=0,
    )
    rmst_standard_error: Real = column("Its standard error.", unit="days", nullable=True, ge=0)
    rmst_low: Real = column("Lower end of its interval.", unit="days", nullable=True, ge=0)
    rmst_high: Real = column("Upper end of its interval.", unit="days", nullable=True, ge=0)
    rmst_difference_days: Real = column(
        "rmst_days minus that of all other users at risk; null on the overall row.", unit="days", nullable=True
    )
    rmst_difference_low: Real = column("Lower end of the difference's interval.", unit="days", nullable=True)
    rmst_difference_high: Real = column("Upper end of the difference's interval.", unit="days", nullable=True)
    is_mechanical: Flag = column(MECHANICAL)
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
    def restricted_mean_within_its_interval(cls, data: Any) -> Any:
        """Mean, error and both ends come together with their day, in order, and only where there is a fit."""
        t = data.table
        room = 1e-9
        present = (
            (t.rmst_low <= t.rmst_days + room)
            & (t.rmst_days <= t.rmst_high + room)
            & (t.rmst_high <= t.rmst_tau_days + room)
            & t.rmst_standard_error.notnull()
            & (t.status == FITTED)
        )
        absent = t.rmst_tau_days.isnull() & t.rmst_standard_error.isnull() & t.rmst_low.isnull() & t.rmst_high.isnull()
        return t.rmst_days.isnull().ifelse(absent, present.fill_null(False))  # noqa: FBT003

    @dataframe_check
    def difference_of_segments_within_its_interval(cls, data: Any) -> Any:
        """A difference has both ends and a mean, and is of a segment."""
        t = data.table
        room = 1e-9
        present = (
            (t.rmst_difference_low <= t.rmst_difference_days + room)
            & (t.rmst_difference_days <= t.rmst_difference_high + room)
            & t.rmst_days.notnull()
            & (t.cluster_id != OVERALL)
        )
        absent = t.rmst_difference_low.isnull() & t.rmst_difference_high.isnull()
        return t.rmst_difference_days.isnull().ifelse(absent, present.fill_null(False))  # noqa: FBT003

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


class RetentionComparisons(Table):
    """One row per refresh and pair of segments: do they drop off alike, and by how many days do they differ?"""

    refresh_month: Day = column("Refresh, first of its month.")
    cluster_id: Text = column("Segment that comes first by id.", min_length=1)
    other_cluster_id: Text = column("Segment it is compared with.", min_length=1)
    status: Text = column("Whether both had users and drop-offs enough to compare.", isin=(FITTED, NOT_FITTED))
    reason: Text = column("Why not fitted; null when fitted.", nullable=True, min_length=1)
    user_count: Integer = column("Users at risk of the first.", ge=0)
    other_user_count: Integer = column("Users at risk of the other.", ge=0)
    churn_count: Integer = column("Drop-offs of the first.", ge=0)
    other_churn_count: Integer = column("Drop-offs of the other.", ge=0)
    logrank_statistic: Real = column("Log-rank of the two, other endings censored.", nullable=True, ge=0)
    logrank_p: Real = column("p of equal drop-off hazards in both.", nullable=True, ge=0, le=1)
    holm_p: Real = column("logrank_p adjusted (Holm) for all pairs of the refresh.", nullable=True, ge=0, le=1)
    pair_count: Integer = column("Pairs the adjustment is for: those fitted.", ge=0)
    rmst_tau_days: Real = column("Day the restricted means go to.", unit="days", nullable=True, gt=0)
    rmst_difference_days: Real = column(
        "Restricted mean of the first minus that of the other: days kept longer.", unit="days", nullable=True
    )
    rmst_difference_low: Real = column(
        "Lower end of its interval, not adjusted for several pairs.", unit="days", nullable=True
    )
    rmst_difference_high: Real = column("Upper end of its interval.", unit="days", nullable=True)
    is_mechanical: Flag = column(MECHANICAL)

    class Config:
        """One row per refresh and pair."""

        unique: ClassVar[list[str]] = ["refresh_month", "cluster_id", "other_cluster_id"]

    @dataframe_check
    def each_pair_once(cls, data: Any) -> Any:
        """A pair is written in the order of its ids."""
        return data.table.cluster_id < data.table.other_cluster_id

    @dataframe_check
    def tests_only_where_fitted(cls, data: Any) -> Any:
        """Statistic and both p exactly where fitted, the adjusted not below the raw one; elsewhere a reason."""
        t = data.table
        fitted = t.logrank_statistic.notnull() & (t.logrank_p <= t.holm_p + 1e-12) & t.reason.isnull()
        absent = t.logrank_statistic.isnull() & t.logrank_p.isnull() & t.holm_p.isnull() & t.reason.notnull()
        return (t.status == FITTED).ifelse(fitted.fill_null(False), absent)  # noqa: FBT003

    @dataframe_check
    def difference_within_its_interval(cls, data: Any) -> Any:
        """Difference, both ends and the day come together, in order."""
        t = data.table
        room = 1e-9
        present = (
            (t.rmst_difference_low <= t.rmst_difference_days + room)
            & (t.rmst_difference_days <= t.rmst_difference_high + room)
            & t.rmst_tau_days.notnull()
        )
        absent = t.rmst_difference_low.isnull() & t.rmst_difference_high.isnull() & t.rmst_tau_days.isnull()
        return t.rmst_difference_days.isnull().ifelse(absent, present.fill_null(False))  # noqa: FBT003


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
    is_mechanical: Flag = column(MECHANICAL)

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


class SchoenfeldResiduals(Table):
    """One row per refresh, term of the Cox model and drop-off, thinned: how a hazard ratio goes with time."""

    refresh_month: Day = column("Refresh, first of its month.")
    term: Text = column("Fitted term of cox_coefficients.", min_length=1)
    event_number: Integer = column("Place of the drop-off in the order of time, among those kept.", ge=1)
    day: Real = column("Day of the drop-off after the landmark.", unit="days", ge=0)
    scaled_residual: Real = column(
        "How far this drop-off sees the coefficient from the fitted one (scaled Schoenfeld residual, the coefficient "
        "not added): averaged over days, its course. Noisy one by one."
    )

    class Config:
        """One row per refresh, term and drop-off kept."""

        unique: ClassVar[list[str]] = ["refresh_month", "term", "event_number"]


class SurvivalValidations(Table):
    """One row per refresh and model: how well it tells the drop-offs of users it was not fitted on."""

    refresh_month: Day = column("Refresh, first of its month.")
    model: Text = column(
        "km: one Kaplan-Meier curve for everybody, the baseline; cox: segments and what they are adjusted for.",
        isin=MODELS,
    )
    status: Text = column("Whether it could be judged.", isin=(FITTED, NOT_FITTED))
    reason: Text = column("Why not; null when fitted.", nullable=True, min_length=1)
    split: Text = column(
        "entry: fitted on the users who entered first, tested on those after them; hash: one landmark for all leaves "
        "no time to split by, so a hash of the user id does.",
        isin=SPLITS,
    )
    train_user_count: Integer = column(
        "Users it was fitted on; those of segments with too few drop-offs left out.", ge=0
    )
    test_user_count: Integer = column("Users it was tested on; those of segments it has no level for left out.", ge=0)
    train_churn_count: Integer = column("Drop-offs among the former.", ge=0)
    test_churn_count: Integer = column("Drop-offs among the latter.", ge=0)
    tau_days: Real = column(
        "Day the Brier score goes to: both parts are followed to it.", unit="days", nullable=True, gt=0
    )
    concordance: Real = column(
        "Share of pairs of test users it puts in the right order; .5 is chance (Harrell).", nullable=True, ge=0, le=1
    )
    integrated_brier: Real = column(
        "Mean squared error of its survival predictions up to tau_days, those lost from sight weighted for (Graf).",
        nullable=True,
        ge=0,
    )
    brier_difference: Real = column("Integrated Brier minus the baseline's; below 0 it predicts better.", nullable=True)
    brier_difference_low: Real = column("Lower end of its interval.", nullable=True)
    brier_difference_high: Real = column("Upper end of its interval.", nullable=True)
    is_mechanical: Flag = column(MECHANICAL)

    class Config:
        """One row per refresh and model."""

        unique: ClassVar[list[str]] = ["refresh_month", "model"]

    @dataframe_check
    def scores_only_where_fitted(cls, data: Any) -> Any:
        """Concordance, score and their day exactly where fitted; elsewhere a reason."""
        t = data.table
        present = t.concordance.notnull() & t.integrated_brier.notnull() & t.tau_days.notnull() & t.reason.isnull()
        absent = t.concordance.isnull() & t.integrated_brier.isnull() & t.reason.notnull()
        return (t.status == FITTED).ifelse(present, absent)

    @dataframe_check
    def only_the_model_differs_from_the_baseline(cls, data: Any) -> Any:
        """A difference within its interval for the fitted model, none for the baseline."""
        t = data.table
        room = 1e-9
        present = (t.brier_difference_low <= t.brier_difference + room) & (
            t.brier_difference <= t.brier_difference_high + room
        )
        absent = t.brier_difference.isnull() & t.brier_difference_low.isnull() & t.brier_difference_high.isnull()
        is_compared = (t.model != "km") & (t.status == FITTED)
        return is_compared.ifelse(present.fill_null(False), absent)  # noqa: FBT003
