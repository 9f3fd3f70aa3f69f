"""Time: which clock suits a log, how long the lead-in is, and the dates of each refresh.

Add here: a rule about dates. Pure functions on dates; `measure_clock` alone reads the events.
Keep out: who is at risk at these dates (sql/cohort_*.sql).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from segmentation_pipeline.errors import InputError, SettingsError
from segmentation_pipeline.events.inactivity import (
    InactivityMeasurement,
    horizon_for_silence,
    measure_inactivity,
    silence_parameters,
)
from segmentation_pipeline.events.tables import RawEvents
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segmentation_pipeline.config import Roles, Settings, TimeSettings
    from segmentation_pipeline.warehouse.database import Database

Clock = Literal["calendar", "entry"]

LEAD_IN_HOURS = (1.0, 6.0, 24.0, 72.0, 168.0, 336.0)
"""Lead-ins tried, shortest first: 1 h, 6 h, 1 d, 3 d, 7 d, 14 d."""

ENOUGH_EVENTS = 10.0
"""Events the median open user needs within the lead-in: fewer do not show a behaviour."""

LEAD_IN_SHARE = 1 / 3
"""Most of the log that a lead-in may take: the rest is needed for entering and for being followed."""

CALENDAR_SHARE = 0.5
"""Under this share of the window's users still at risk, the calendar landmark judges the few who are left."""

FULL_MONTH_SLACK = timedelta(days=1)
"""A log is quiet at night: a month it covers but for a day at either end is a full one."""

STRAY_SHARE = 0.001
STRAY_MONTHS = 6
"""At most so large a share of events, before a silence of over so many months, are strays: no product sleeps so
long at its start, while devices whose clock was never set send 1970 all the time."""

LEAST_SPAN = 1.5
"""Log in horizons that silences need, under which the window would see users for less than one such silence."""

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class LogSpan:
    """First and last event of the log, strays at its beginning left out (sql/log_span.sql)."""

    start_at: datetime
    last_event_at: datetime


@dataclass(frozen=True)
class RefreshDates:
    """The dates of one refresh; with the entry clock `cohort_from` (None: no bound) <= entry < `cohort_to`."""

    month: date
    month_end: datetime
    clock: Clock
    rule: str
    log: LogSpan
    as_of: datetime
    window_start: datetime
    landmark_at: datetime
    window_days: float
    horizon_days: float
    is_fully_followed: bool
    is_proportional: bool
    empty_reason: str | None = None
    lead_in_s: float | None = None
    cohort_from: datetime | None = None
    cohort_to: datetime | None = None

    @property
    def is_provisional(self) -> bool:
        """Whether the log ends before the month does."""
        return self.log.last_event_at < self.month_end


@dataclass(frozen=True)
class LeadInTrial:
    """How many users are still open after a lead-in, and what the median of them did within it."""

    lead_in_hours: float
    open_user_count: int
    median_event_count: float


@dataclass(frozen=True)
class ClockMeasurement:
    """The clock that suits a log, with every figure behind the choice."""

    clock: Clock
    lead_in_hours: float
    first_month: date
    judged_month: str
    window_user_count: int
    at_risk_count: int
    trials: tuple[LeadInTrial, ...]
    inactivity: InactivityMeasurement | None = None
    """Where no churn action is configured."""

    @property
    def lead_in_s(self) -> float | None:
        """Lead-in in seconds; None for the calendar clock, which has none."""
        return self.lead_in_hours * 3600 if self.clock == "entry" else None

    @property
    def figures(self) -> tuple[str, ...]:
        """Sentences with the figures behind the choice, as they are written beside it."""
        silence = (self.inactivity.reason,) if self.inactivity is not None else ()
        return (self.reason, self.lead_in_reason, *silence)

    @property
    def keys(self) -> dict[str, object]:
        """What is written into pipeline.toml."""
        found: dict[str, object] = {"first_month": f"{self.first_month:%Y-%m}", "clock": self.clock}
        if self.lead_in_s is not None:
            found["lead_in_hours"] = self.lead_in_hours
        if self.inactivity is not None and self.inactivity.days is not None:
            found["inactivity_days"] = self.inactivity.days
        return found

    @property
    def at_risk_share(self) -> float | None:
        """Share of the window's users still at risk at the calendar landmark."""
        return self.at_risk_count / self.window_user_count if self.window_user_count else None

    @property
    def reason(self) -> str:
        """One sentence saying why this clock."""
        if self.at_risk_share is None:
            return "No user was seen in the observation window, so the calendar clock is kept."
        verb = "fewer than" if self.clock == "entry" else "at least"
        return (
            f"In {self.judged_month}, {self.at_risk_count:,} of {self.window_user_count:,} users of the window "
            f"({self.at_risk_share:.0%}) are still at risk at the calendar landmark: {verb} half."
        )

    @property
    def lead_in_reason(self) -> str:
        """One sentence saying why this lead-in."""
        shown = ", ".join(f"{t.lead_in_hours:g} h: {t.median_event_count:g}" for t in self.trials)
        return (
            f"Lead-in {self.lead_in_hours:g} h (used by the entry clock alone): median events of the users "
            f"still open after {shown}; {ENOUGH_EVENTS:g} are wanted."
        )


def log_span(db: Database) -> LogSpan:
    """Return the span of `raw_events`.

    Raises:
        InputError: there is no event.
    """
    start_at, last_event_at = _span(db)
    if start_at is None or last_event_at is None:
        raise InputError(
            "There are no events, so there is nothing to refresh. Next: put event files into landing/ and run again; "
            "`landed_files` says what became of files already there."
        )
    return LogSpan(start_at, last_event_at)


def log_months(db: Database) -> tuple[date, date] | None:
    """Return the months of the first and the last event, or None where there is no event (or no table of them)."""
    if not db.exists(RawEvents):
        return None
    start_at, last_event_at = _span(db)
    return (month_of(start_at), month_of(last_event_at)) if start_at is not None and last_event_at is not None else None


def _span(db: Database) -> tuple[datetime | None, datetime | None]:
    bound = {"stray_months": STRAY_MONTHS, "stray_share": STRAY_SHARE}
    start_at, last_event_at = db.one(load_sql(__package__, "log_span"), bound)
    return start_at, last_event_at


def month_of(moment: datetime) -> date:
    """Return the first of the month a moment lies in."""
    return date(moment.year, moment.month, 1)


def month_bounds(month: date) -> tuple[datetime, datetime]:
    """Return the month's first moment and the first moment after it."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return datetime(month.year, month.month, 1), datetime(following.year, following.month, 1)  # noqa: DTZ001 - naive UTC


def dates_of_month(db: Database, month: date, settings: Settings) -> RefreshDates:
    """Return the dates of a refresh of the home's log; of a home without any event those of a month with nobody in it.

    Raises:
        SettingsError: there are events, but pipeline.toml names no clock, or the entry clock without a lead-in.
    """
    if log_months(db) is not None:
        return refresh_dates(month, log_span(db), settings)
    month_start, _ = month_bounds(month)
    nothing = calendar_dates(month, LogSpan(month_start, month_start), settings.time)
    return replace(nothing, empty_reason="this home has no events")


def refresh_dates(month: date, log: LogSpan, settings: Settings) -> RefreshDates:
    """Return the dates of a refresh under the settings' clock.

    Raises:
        SettingsError: pipeline.toml names no clock, or the entry clock without a lead-in.
    """
    if settings.clock is None or (settings.clock == "entry" and settings.lead_in_s is None):
        missing = "clock" if settings.clock is None else "lead_in_hours"
        raise SettingsError(
            f"pipeline.toml has no {missing}, so the dates of {month:%Y-%m} are not defined. "
            "Next: run `segpipe configure`, which measures both on the landed events and writes them."
        )
    least_horizon = horizon_for_silence(settings.silence_days)
    if settings.clock == "entry" and settings.lead_in_s is not None:
        time = settings.time.model_copy(update={"horizon_days": max(settings.time.horizon_days, least_horizon)})
        return entry_dates(month, log, time, settings.lead_in_s)
    return calendar_dates(month, log, settings.time, least_horizon_days=least_horizon)


def calendar_dates(month: date, log: LogSpan, time: TimeSettings, *, least_horizon_days: float = 0.0) -> RefreshDates:
    """Return the dates with one landmark for all: `as_of - horizon`, the window before it.

    A log shorter than window + horizon is cut in their proportion, but the horizon keeps `least_horizon_days`
    where that leaves the window at least half as much.
    """
    month_start, month_end = month_bounds(month)
    as_of = min(month_end, log.last_event_at)
    empty_reason = _nothing_in(month, month_start, month_end, log)
    least = least_horizon_days * DAY
    window, horizon = time.window_days * DAY, max(time.horizon_days * DAY, least)
    wanted = window + horizon
    span = max(as_of - log.start_at, timedelta())
    is_proportional = span < wanted
    if is_proportional:
        horizon = span - span * (window / wanted)
        horizon = max(horizon, least) if span >= least * LEAST_SPAN else horizon
        window = span - horizon
    landmark = as_of - horizon
    shorter = f" (the log of {span / DAY:.2f} days is shorter than {wanted / DAY:g})"
    return RefreshDates(
        month=month,
        month_end=month_end,
        clock="calendar",
        rule=f"landmark {horizon / DAY:.2f} days before as_of, window {window / DAY:.2f} days before the landmark"
        + (shorter if is_proportional else ""),
        log=log,
        as_of=as_of,
        window_start=landmark - window,
        landmark_at=landmark,
        window_days=window / DAY,
        horizon_days=horizon / DAY,
        is_fully_followed=True,
        is_proportional=is_proportional,
        empty_reason=empty_reason,
    )


def entry_dates(month: date, log: LogSpan, time: TimeSettings, lead_in_s: float) -> RefreshDates:
    """Return the dates with a landmark for each user: entry + lead-in.

    The cohort entered in `[as_of - horizon - lead-in - cohort, as_of - horizon - lead-in)`, so all are followed
    for the whole horizon. In a shorter log, or with `entry_cohort_days = "all"`, it is everyone whose landmark
    lies before `as_of`, censored there.
    """
    month_start, month_end = month_bounds(month)
    as_of = min(month_end, log.last_event_at)
    lead_in, horizon = timedelta(seconds=lead_in_s), time.horizon_days * DAY
    cohort = None if time.entry_cohort_days == "all" else float(time.entry_cohort_days) * DAY
    is_shorter = cohort is not None and as_of - log.start_at < horizon + lead_in + cohort
    if cohort is None or is_shorter:
        cohort_from, cohort_to, landmark = None, as_of - lead_in, as_of
        window_start = min(log.start_at, as_of)
        followed = max(as_of - lead_in - log.start_at, timedelta())
        why = "the log is shorter than horizon, lead-in and cohort" if is_shorter else "cohort: all"
        rule = f"entry + {_hours(lead_in_s)}; everyone whose landmark lies before as_of, followed to it ({why})"
    else:
        cohort_to = as_of - horizon - lead_in
        cohort_from = window_start = cohort_to - cohort
        landmark, followed = as_of - horizon, horizon
        rule = (
            f"entry + {_hours(lead_in_s)}; entered in the {cohort / DAY:g} days "
            f"that leave everyone followed for {horizon / DAY:g} days"
        )
    return RefreshDates(
        month=month,
        month_end=month_end,
        clock="entry",
        rule=rule,
        log=log,
        as_of=as_of,
        window_start=window_start,
        landmark_at=landmark,
        window_days=lead_in / DAY,
        horizon_days=followed / DAY,
        is_fully_followed=cohort_from is not None,
        is_proportional=False,
        empty_reason=_nothing_in(month, month_start, month_end, log),
        lead_in_s=lead_in_s,
        cohort_from=cohort_from,
        cohort_to=cohort_to,
    )


def _nothing_in(month: date, month_start: datetime, month_end: datetime, log: LogSpan) -> str | None:
    if month_end <= log.start_at:
        return f"the log begins on {log.start_at:%Y-%m-%d}, after {month:%Y-%m}"
    if month_start > log.last_event_at:
        return f"the log ends on {log.last_event_at:%Y-%m-%d}, before {month:%Y-%m}"
    return None


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:g} h" if seconds < 72 * 3600 else f"{seconds / 86_400:g} days"


def first_full_month(log: LogSpan) -> date | None:
    """Return the first month the log covers from end to end, but for a day at either; None if there is none."""
    month = month_of(log.start_at)
    while True:
        month_start, month_end = month_bounds(month)
        if month_end > log.last_event_at + FULL_MONTH_SLACK:
            return None
        if log.start_at <= month_start + FULL_MONTH_SLACK:
            return month
        month = month_end.date()


def choose_clock(at_risk_count: int, window_user_count: int) -> Clock:
    """Return `entry` where fewer than half of the window's users are still at risk at the calendar landmark."""
    return "entry" if at_risk_count < CALENDAR_SHARE * window_user_count else "calendar"


def choose_lead_in(trials: Sequence[LeadInTrial]) -> float:
    """Return the hours of the shortest lead-in with enough events, else of the longest tried."""
    for trial in trials:
        if trial.open_user_count and trial.median_event_count >= ENOUGH_EVENTS:
            return trial.lead_in_hours
    return trials[-1].lead_in_hours


def allowed_lead_ins(log: LogSpan) -> tuple[float, ...]:
    """Return the lead-ins that take at most a third of the log; the shortest always."""
    longest_hours = (log.last_event_at - log.start_at) * LEAD_IN_SHARE / timedelta(hours=1)
    return tuple(hours for hours in LEAD_IN_HOURS if hours <= longest_hours) or LEAD_IN_HOURS[:1]


def measure_clock(db: Database, settings: Settings) -> ClockMeasurement:
    """Measure on `raw_events` which clock and lead-in suit the log, whatever the settings say.

    Judged on the first full month, or on the end of the log where no month is full.

    Raises:
        InputError: there is no event.
    """
    log = log_span(db)
    first_month = month_of(log.start_at)
    judged = first_full_month(log)
    month = judged or month_of(log.last_event_at)
    inactivity = None
    if not settings.roles.churn:
        inactivity = measure_inactivity(db, settings, log_start=log.start_at, as_of=log.last_event_at)
    silence_days = None if inactivity is None else inactivity.days
    dates = calendar_dates(month, log, settings.time, least_horizon_days=horizon_for_silence(silence_days))
    window_user_count, at_risk_count = calendar_at_risk(db, dates, settings.roles, silence_days=silence_days)
    trials: list[LeadInTrial] = []
    for hours in allowed_lead_ins(log):
        trials.append(_try_lead_in(db, log, settings.roles, hours))
        if trials[-1].median_event_count >= ENOUGH_EVENTS:
            break
    return ClockMeasurement(
        clock=choose_clock(at_risk_count, window_user_count),
        lead_in_hours=choose_lead_in(trials),
        first_month=first_month,
        judged_month=f"{judged:%Y-%m}" if judged else f"the log up to {log.last_event_at:%Y-%m-%d}",
        window_user_count=window_user_count,
        at_risk_count=at_risk_count,
        trials=tuple(trials),
        inactivity=inactivity,
    )


def calendar_at_risk(db: Database, dates: RefreshDates, roles: Roles, *, silence_days: int | None) -> tuple[int, int]:
    """Return how many users the calendar window holds, and how many of them are at risk at its landmark."""
    cohort, parameters = load_sql(__package__, "cohort_calendar"), calendar_parameters(dates, roles)
    if silence_days is not None:
        cohort = f"WITH cohort AS ({cohort}) SELECT * FROM ({load_sql(__package__, 'silent_users')})"
        parameters |= silence_parameters(silence_days, is_open="at_risk", is_gone="ended_early")
    users, at_risk = db.one(f"SELECT count(*), count(*) FILTER (WHERE status = 'at_risk') FROM ({cohort})", parameters)
    return int(users), int(at_risk)


def calendar_parameters(dates: RefreshDates, roles: Roles) -> dict[str, Any]:
    """Return the parameters sql/cohort_calendar.sql is run with."""
    return {"window_start": dates.window_start, "landmark": dates.landmark_at, **ending_parameters(roles)}


def ending_parameters(roles: Roles) -> dict[str, Any]:
    """Return the actions of each kind of ending, as the cohort files want them."""
    return {"churn": list(roles.churn), "conversion": list(roles.conversion), "end": list(roles.end)}


def _try_lead_in(db: Database, log: LogSpan, roles: Roles, hours: float) -> LeadInTrial:
    open_users, median_events = db.one(
        load_sql(__package__, "lead_in"),
        {
            "lead_in_us": round(hours * 3600 * 1_000_000),
            "last_event": log.last_event_at,
            "start": list(roles.start),
            "closing": list(roles.closing),
        },
    )
    return LeadInTrial(hours, int(open_users), float(median_events))
