"""Contracts of sessions, refreshes and features: what the behaviour of users looks like, and when it was seen.

Add here: a table or column about behaviour, with unit and allowed values.
Keep out: files and raw events (tables.py), and everything a model computes (segments/).
"""

from typing import Any

from segmentation_pipeline.warehouse.contracts import (
    CountMap,
    Day,
    Flag,
    Integer,
    Real,
    RealMap,
    Table,
    Text,
    Utc,
    column,
    dataframe_check,
)

CLOCKS = ("calendar", "entry")
REFRESH_STATUSES = ("ready", "insufficient_data")
USER_STATUSES = ("at_risk", "ended_early", "running_at_start")
CURRENT_STATUSES = ("live", "ended", "too_early", "running_at_start")
ENDINGS = ("churn", "conversion", "end")
OUTCOMES = (*ENDINGS, "censored")
CHURN_DEFINITIONS = ("action", "inactivity", "none")
HALVES = ("a", "b")
TIME_OF_DAY_PATTERNS = ("morning", "afternoon", "evening", "night", "mixed")


class Sessions(Table):
    """One row per visit: consecutive events of a user with no gap longer than the session gap."""

    session_id: Text = column(
        "Hash of user and start, so it never depends on how much history is loaded.", min_length=16
    )
    user_id: Text = column("User the visit belongs to.", min_length=1)
    started_at: Utc = column("First event of the visit.", unit="UTC")
    ended_at: Utc = column("Last event of the visit.", unit="UTC")
    duration_s: Real = column("Last minus first event.", unit="s", ge=0)
    event_count: Integer = column("Events of the visit.", ge=1)
    action_count: Integer = column("Steps of the visit: events after collapsing immediate repeats of an action.", ge=1)
    revision_count: Integer = column("Events with a revision action.", ge=0)
    collaboration_count: Integer = column("Events with a collaboration action.", ge=0)
    is_converted: Flag = column("Whether a conversion action happened in the visit.")
    is_dropped_off: Flag = column("Whether a churn action happened in the visit.")
    mean_gap_s: Real = column(
        "Mean time between consecutive events; null for one event.", unit="s", nullable=True, ge=0
    )
    workflow: Text = column("First five steps of the visit, joined by ' > '.", min_length=1)
    is_runaway: Flag = column("Too long or faster than a human: kept here, left out of features.")

    class Config:
        """One row per visit."""

        unique = ["session_id"]

    @dataframe_check
    def ends_no_earlier_than_it_starts(cls, data: Any) -> Any:
        """Keep both ends in order."""
        return data.table.ended_at >= data.table.started_at

    @dataframe_check
    def counts_within_events(cls, data: Any) -> Any:
        """No kind of event can outnumber the events."""
        t = data.table
        return (
            (t.action_count <= t.event_count)
            & (t.revision_count <= t.event_count)
            & (t.collaboration_count <= t.event_count)
        )

    @dataframe_check
    def gap_only_between_events(cls, data: Any) -> Any:
        """A mean gap exists exactly where there are two events."""
        return (data.table.event_count == 1) == data.table.mean_gap_s.isnull()


class SessionRules(Table):
    """One row: the settings the stored sessions were cut with; other settings mean all of them are cut anew."""

    fingerprint: Text = column("Hash of the rules.", min_length=16)
    rules: Text = column("Gap, runaway limits and roles, JSON.", min_length=2)

    class Config:
        """One row a fingerprint, and only one is kept."""

        unique = ["fingerprint"]


class Refreshes(Table):
    """One row per refresh: its clock, its three dates, and how many users it is about."""

    refresh_month: Day = column("First of the month the refresh stands for.")
    status: Text = column("Whether enough users are at risk to form segments.", isin=REFRESH_STATUSES)
    status_reason: Text = column("Why data is insufficient; null when ready.", nullable=True, min_length=1)
    is_provisional: Flag = column("Whether the log ends before the month does, so the figures will still change.")
    clock: Text = column("calendar: one landmark for all; entry: each user's own start plus lead-in.", isin=CLOCKS)
    clock_rule: Text = column("How the dates were found, in words.", min_length=1)
    log_start_at: Utc = column("First event of the whole log.", unit="UTC")
    as_of: Utc = column(
        "End of the month or last event, whichever is earlier: outcomes are known up to here.", unit="UTC"
    )
    landmark_at: Utc = column("Features come from before; with the entry clock the last possible one.", unit="UTC")
    window_start: Utc = column("Start of the observation window; entry clock: first possible entry.", unit="UTC")
    lead_in_s: Real = column("Entry clock: from a user's entry to its landmark.", unit="s", nullable=True, gt=0)
    window_days: Real = column("Longest time a user's features are observed.", unit="days", ge=0)
    horizon_days: Real = column("Longest time a user is followed after its landmark.", unit="days", ge=0)
    is_fully_followed: Flag = column("Whether everyone is followed for the whole horizon.")
    is_proportional: Flag = column("Whether the log was too short and window and horizon were cut in proportion.")
    user_count: Integer = column("Users of the refresh: at risk and ended early.", ge=0)
    at_risk_count: Integer = column("Users seen before the landmark and not ended by then: clustered and judged.", ge=0)
    ended_early_count: Integer = column("Users who ended before the landmark.", ge=0)
    running_at_start_count: Integer = column("Users already running when first seen: counted, not judged.", ge=0)
    drop_off_count: Integer = column("Users at risk whose outcome is churn.", ge=0)
    conversion_count: Integer = column("Users at risk whose outcome is conversion.", ge=0)
    end_count: Integer = column("Users at risk whose outcome is another ending.", ge=0)
    churn_definition: Text = column(
        "What tells that a user dropped off: a churn action, a silence of inactivity_days (dated when silence reaches "
        "them; comparing segments by it is mechanical), or none.",
        isin=CHURN_DEFINITIONS,
    )
    unjudged_reason: Text = column("Why nobody's drop-off can be told; null when it can.", nullable=True, min_length=1)
    inactivity_days: Integer = column(
        "Silent days that count as drop-off, also before the landmark; null where an action does.",
        unit="days",
        nullable=True,
        ge=1,
    )
    return_share: Real = column(
        "Share of silences of inactivity_days that ended in a return, Kaplan-Meier up to as_of; null where too few "
        "could be followed twice as long.",
        nullable=True,
        ge=0,
        le=1,
    )
    seen_again_count: Integer = column(
        "Users counted as dropped off by silence who were seen again in the last 7 days: what the definition gets "
        "wrong.",
        nullable=True,
        ge=0,
    )
    calendar_at_risk_share: Real = column(
        "Share of the window's users still at risk at the calendar landmark; under a half speaks for the entry clock.",
        nullable=True,
        ge=0,
        le=1,
    )

    class Config:
        """One row per month."""

        unique = ["refresh_month"]

    @dataframe_check
    def dates_in_order(cls, data: Any) -> Any:
        """Window, landmark, end: never the other way round."""
        t = data.table
        return (t.window_start <= t.landmark_at) & (t.landmark_at <= t.as_of)

    @dataframe_check
    def users_add_up(cls, data: Any) -> Any:
        """Every user of the refresh is at risk or ended early, and every outcome is of a user at risk."""
        t = data.table
        return (t.user_count == t.at_risk_count + t.ended_early_count) & (
            t.drop_off_count + t.conversion_count + t.end_count <= t.at_risk_count
        )

    @dataframe_check
    def insufficient_says_why(cls, data: Any) -> Any:
        """A reason exactly where data is insufficient."""
        return (data.table.status == "ready") == data.table.status_reason.isnull()

    @dataframe_check
    def unjudged_says_why(cls, data: Any) -> Any:
        """A reason exactly where nothing tells who dropped off, and then nobody did."""
        t = data.table
        return ((t.churn_definition == "none") == t.unjudged_reason.notnull()) & (
            (t.churn_definition != "none") | (t.drop_off_count == 0)
        )

    @dataframe_check
    def silence_is_told_as_a_whole(cls, data: Any) -> Any:
        """Days and returns exactly where silence counts; nobody is seen again who was not counted as gone."""
        t = data.table
        is_silence = t.churn_definition == "inactivity"
        return (
            (is_silence == t.seen_again_count.notnull())
            & (~is_silence | t.inactivity_days.notnull())
            & ((t.churn_definition != "action") | t.inactivity_days.isnull())
            & (t.seen_again_count.fill_null(0) <= t.drop_off_count)
        )

    @dataframe_check
    def entry_clock_has_a_lead_in(cls, data: Any) -> Any:
        """A lead-in exactly where the clock is the entry clock."""
        return (data.table.clock == "entry") == data.table.lead_in_s.notnull()


class RefreshInputs(Table):
    """One row per refresh: which events it saw, so that late and withdrawn ones show."""

    refresh_month: Day = column("Refresh.")
    from_at: Utc = column("Start of what it looked at: of its observation window or of the month.", unit="UTC")
    until_at: Utc = column("End of what it looked at: of the month.", unit="UTC")
    earlier_actions: Text = column(
        "Actions it looked at before the start too, as JSON: those that close a case; null: any.", nullable=True
    )
    event_count: Integer = column("Events it saw.", ge=0)
    event_hash: Integer = column("Hash of these events, whatever their order.")
    refreshed_recorded_at: Utc = column("When it was made.", unit="UTC")

    class Config:
        """One row per refresh."""

        unique = ["refresh_month"]

    @dataframe_check
    def looks_forward(cls, data: Any) -> Any:
        """The end is not before the start."""
        return data.table.from_at <= data.table.until_at


class EndedEarly(Table):
    """One row per refresh and kind of ending (and `any`): users who ended before the landmark."""

    refresh_month: Day = column("Refresh the users belong to.")
    outcome: Text = column("Kind of ending, or any of them.", isin=(*ENDINGS, "any"))
    user_count: Integer = column("Users who ended so before the landmark.", ge=0)
    share: Real = column("Of all users of the refresh.", ge=0, le=1)
    share_low: Real = column("Lower end of the Wilson 95 % interval.", ge=0, le=1)
    share_high: Real = column("Upper end of the Wilson 95 % interval.", ge=0, le=1)

    class Config:
        """One row per month and ending."""

        unique = ["refresh_month", "outcome"]

    @dataframe_check
    def share_within_its_interval(cls, data: Any) -> Any:
        """The interval holds the share."""
        t = data.table
        return (t.share_low <= t.share) & (t.share <= t.share_high)


class FeaturePriors(Table):
    """One row per refresh and feature: the population's value that users are shrunk to."""

    refresh_month: Day = column("Refresh whose users at risk are the population.")
    feature: Text = column("Name of the model feature.", min_length=1)
    prior: Real = column("Share, or mean in the feature's own unit (visits a week, events a visit, seconds).", ge=0)

    class Config:
        """One row per month and feature."""

        unique = ["refresh_month", "feature"]


class Behaviour(Table):
    """Columns of the behaviour vector, shared by the landmark's and today's tables; no table of its own."""

    user_id: Text = column("User.", min_length=1)
    entered_at: Utc = column(
        "Entry: first start action where one is configured (entry clock), else first event.", unit="UTC"
    )
    window_start_at: Utc = column("Features see events from here on.", unit="UTC")
    landmark_at: Utc = column("Features see events before this moment only.", unit="UTC")
    first_event_at: Utc = column("First event seen by the features.", unit="UTC")
    last_feature_event_at: Utc = column("Last event seen by the features.", unit="UTC")
    exposure_days: Real = column("Time the user could be seen within the window.", unit="days", gt=0)
    event_count: Integer = column("Events, runaway visits left out as in every column below.", ge=0)
    session_count: Integer = column("Visits.", ge=0)
    recent_session_count: Integer = column("Visits begun in the second half of the exposure.", ge=0)
    runaway_session_count: Integer = column("Visits left out as runaway.", ge=0)
    session_frequency: Real = column("Visits a week; an exposure under a day counts as a day.", unit="per week", ge=0)
    session_depth: Real = column("Events per visit; null without a visit.", nullable=True, ge=1)
    feature_breadth: Integer = column("Different actions used.", ge=0)
    active_day_share: Real = column("Days on which a visit began, of the days of the exposure.", ge=0, le=1)
    mean_session_s: Real = column("Mean duration of visits; null without a visit.", unit="s", nullable=True, ge=0)
    mean_gap_s: Real = column("Mean time between events of a visit; null without two.", unit="s", nullable=True, ge=0)
    revision_count: Integer = column("Events with a revision action.", ge=0)
    collaboration_score: Real = column("Share of visits with a collaboration action, times 100.", ge=0, le=100)
    account_age_days: Real = column("From the user's first event ever to the landmark.", unit="days", ge=0)
    time_of_day_pattern: Text = column(
        "Part of the day with over half of the events, else mixed.", isin=TIME_OF_DAY_PATTERNS
    )
    primary_workflow: Text = column("Most common workflow of the user's visits.", nullable=True, min_length=1)
    action_counts: CountMap = column("Action -> times used (feature usage).")
    model_features: RealMap = column("What clustering sees: shrunken and transformed; empty where not judged.")

    @dataframe_check
    def features_end_before_the_landmark(cls, data: Any) -> Any:
        """Promise 1: nothing at or after the landmark is seen by the features."""
        t = data.table
        return (
            (t.window_start_at <= t.first_event_at)
            & (t.first_event_at <= t.last_feature_event_at)
            & (t.last_feature_event_at < t.landmark_at)
        )

    @dataframe_check
    def counts_add_up(cls, data: Any) -> Any:
        """Visits hold events, and parts stay within the whole."""
        t = data.table
        return (
            (t.session_count <= t.event_count)
            & (t.recent_session_count <= t.session_count)
            & (t.feature_breadth <= t.event_count)
            & (t.revision_count <= t.event_count)
            & ((t.session_count == 0) == t.session_depth.isnull())
        )


class UserFeatures(Behaviour):
    """One row per refresh and user: behaviour before the landmark."""

    refresh_month: Day = column("Refresh the behaviour was seen by.")
    status: Text = column("Only those at risk are clustered and judged.", isin=USER_STATUSES)

    class Config:
        """One row per month and user."""

        unique = ["refresh_month", "user_id"]

    @dataframe_check
    def only_those_at_risk_have_model_features(cls, data: Any) -> Any:
        """Model features exactly for those at risk."""
        return (data.table.status == "at_risk") == (data.table.model_features.length() > 0)


class HalfFeatures(Table):
    """One row per refresh, halved user and half: model features seen from one half of the user's visits."""

    refresh_month: Day = column("Refresh the visits lie in.")
    user_id: Text = column("One of at most 1,000 users at risk with a visit in both halves.", min_length=1)
    half: Text = column("Half of the visits; each visit belongs to one by a hash of its id.", isin=HALVES)
    model_features: RealMap = column("As in user_features: same exposure, shrunk by the same priors.")

    class Config:
        """One row per month, user and half."""

        unique = ["refresh_month", "user_id", "half"]

    @dataframe_check
    def has_features(cls, data: Any) -> Any:
        """Whoever is halved was judged."""
        return data.table.model_features.length() > 0


class UserOutcomes(Table):
    """One row per refresh and user at risk: how it ended after the landmark, or how long it was followed."""

    refresh_month: Day = column("Refresh the user is judged by.")
    user_id: Text = column("User at risk at the landmark.", min_length=1)
    landmark_at: Utc = column("Outcomes come from this moment on.", unit="UTC")
    outcome_at: Utc = column(
        "First churn, conversion or end action, or the moment silence reached the days that count as drop-off; null "
        "when censored.",
        unit="UTC",
        nullable=True,
    )
    outcome: Text = column(
        "The first of churn, conversion, end closes a case; none while followed: censored.", isin=OUTCOMES
    )
    duration_days: Real = column("From the landmark to the outcome or the end of following.", unit="days", ge=0)
    followed_days: Real = column("From the landmark to the end of following, outcome or not.", unit="days", ge=0)

    class Config:
        """One row per month and user."""

        unique = ["refresh_month", "user_id"]

    @dataframe_check
    def outcome_after_the_landmark(cls, data: Any) -> Any:
        """Promise 1, the other half: no outcome from before the landmark, none for the censored."""
        t = data.table
        return (t.outcome_at.isnull() | (t.outcome_at >= t.landmark_at)) & (
            (t.outcome == "censored") == t.outcome_at.isnull()
        )

    @dataframe_check
    def within_what_was_followed(cls, data: Any) -> Any:
        """Nothing is known beyond the end of following."""
        return data.table.duration_days <= data.table.followed_days


class CurrentFeatures(Behaviour):
    """One row per user seen lately: behaviour up to the latest event, shrunk as in the latest ready refresh."""

    status: Text = column("Only live users are scored.", isin=CURRENT_STATUSES)
    scored_at: Utc = column("Latest event of the log.", unit="UTC")
    model_month: Day = column("Refresh whose priors were used; null while there is none.", nullable=True)

    class Config:
        """One row per user."""

        unique = ["user_id"]

    @dataframe_check
    def only_live_users_have_model_features(cls, data: Any) -> Any:
        """Nobody but live users is scored."""
        return (data.table.status == "live") | (data.table.model_features.length() == 0)
