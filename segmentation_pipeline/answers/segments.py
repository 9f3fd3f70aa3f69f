"""Answers about refreshes, segments, their retention, and where users belong.

Add here: another figure of a segment or a user. Keep out: advice (advice.py) and how answers are found (reading.py).
"""

from pydantic import Field

from segmentation_pipeline.answers.shape import Answer, Moment, Month, Share, Stamp

UNKNOWN_USER = "not_seen"
"""Status of an id that has no events of late."""


class Refresh(Answer):
    """One refresh: its state, its dates, and its verdict where one was reached."""

    month: Month
    status: str
    status_reason: str | None
    verdict: str | None
    verdict_reason: str | None
    weakness: str | None
    clock: str
    churn_definition: str
    window_start: Moment
    landmark_at: Moment | None
    as_of: Moment
    at_risk_count: int
    ended_early_count: int
    is_provisional: bool
    is_stale: bool
    matched_against: Month | None


class Refreshes(Answer):
    """Every refresh, oldest first."""

    refresh: Stamp
    refreshes: list[Refresh]


class Segment(Answer):
    """One segment of a refresh; rates and retention are shares of 1."""

    segment_id: str = Field(description="Stable from refresh to refresh.")
    name: str = Field(description="What to show: a person's name for it, else its persona's, else its label.")
    label: str
    origin: str = Field(description="clustered, or preset where no clusters could be found.")
    stability: str | None
    user_count: int
    share: Share
    drop_off_rate: Share | None
    drop_off_low: Share | None
    drop_off_high: Share | None
    drop_off_days: float | None = Field(description="Days after the landmark that the rate is of.")
    churn_risk: str
    retention: Share | None = Field(description="Kaplan-Meier's at `retention_day`.")
    retention_day: float | None
    top_advice: str | None


class Segments(Answer):
    """The segments of a refresh, largest first."""

    refresh: Stamp
    unclassified_count: int
    segments: list[Segment]


class Contrast(Answer):
    """How a segment differs from all users in one feature, in its unit and in standard deviations."""

    feature: str
    unit: str | None
    mean: float | None
    overall: float | None
    difference_sd: float
    direction: str


class SegmentDescription(Answer):
    """One segment with what sets it apart: strongest contrast first."""

    refresh: Stamp
    segment: Segment
    description: str
    jaccard: float | None = Field(description="Bootstrap stability; .75 is stable.")
    contrasts: list[Contrast]
    profile: dict[str, float] = Field(description="Typical value of each feature.")
    notes: list[str]


class CurvePoint(Answer):
    """One point of a curve; estimate and interval are null where too few were followed so long."""

    curve: str
    day: float
    estimate: float | None
    low: float | None
    high: float | None
    at_risk_count: int
    status: str
    reason: str | None


class SurvivalFit(Answer):
    """Who dropped off after the landmark, and how long they stayed."""

    status: str
    reason: str | None
    user_count: int
    churn_count: int
    conversion_count: int
    end_count: int
    censored_count: int
    followed_days: float
    drop_off_days: float | None
    drop_off_rate: Share | None
    drop_off_low: Share | None
    drop_off_high: Share | None
    median_days: float | None
    rmst_tau_days: float | None
    rmst_days: float | None
    rmst_low: float | None
    rmst_high: float | None
    is_cause_specific: bool


class Comparison(Answer):
    """The segment beside another: do they drop off alike, and by how many days do they differ?"""

    segment_id: str
    other_segment_id: str
    status: str
    reason: str | None
    logrank_p: float | None
    holm_p: float | None
    rmst_difference_days: float | None = Field(description="Days kept by the first over the second.")
    rmst_difference_low: float | None
    rmst_difference_high: float | None


class Retention(Answer):
    """How a segment is retained, and how it compares with the others."""

    refresh: Stamp
    segment_id: str
    fit: SurvivalFit | None
    curves: list[CurvePoint]
    comparisons: list[Comparison]


class ComparedSegments(Answer):
    """Two segments of a refresh side by side; `differences` are the first's profile minus the second's."""

    refresh: Stamp
    first: Segment
    second: Segment
    retention: Comparison | None
    differences: dict[str, float]


class UserSegment(Answer):
    """Where a user belongs now by the latest stored model; `status` says why there is no segment."""

    user_id: str
    status: str
    segment_id: str
    segment_name: str
    membership: Share | None = Field(description="Probability of the segment.")
    scored_at: Moment


class UserAnswer(Answer):
    """Where one user belongs now."""

    refresh: Stamp
    user: UserSegment


class UsersAnswer(Answer):
    """Where many users belong now, in the order asked."""

    refresh: Stamp
    users: list[UserSegment]
    not_seen: list[str] = Field(description="Ids without events of late.")
