"""Who is at risk and how everybody behaved before the landmark: the SQL files run in order.

Add here: which SQL runs on what. What the figures mean stands in sql/*.sql, when in clock.py.
Keep out: Dagster (assets.py) and what became of users after the landmark (outcomes.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.errors import InputError
from segmentation_pipeline.events.clock import (
    DAY,
    MICROSECOND,
    LogSpan,
    RefreshDates,
    calendar_at_risk,
    calendar_dates,
    calendar_parameters,
    dates_of_month,
    ending_parameters,
    log_months,
    log_span,
    month_bounds,
)
from segmentation_pipeline.events.feature_tables import (
    CurrentFeatures,
    EndedEarly,
    FeaturePriors,
    Refreshes,
    RefreshInputs,
    UserFeatures,
)
from segmentation_pipeline.events.inactivity import horizon_for_silence, return_share, silence_parameters, why_unjudged
from segmentation_pipeline.events.outcomes import count_outcomes, count_seen_again
from segmentation_pipeline.events.sessions import session_parameters
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from datetime import date, datetime

    import pandas as pd

    from segmentation_pipeline.config import Settings
    from segmentation_pipeline.warehouse.database import Database

PSEUDO_EVENTS = 20.0
"""Events of the population mixed into each user's shares: a share of a handful of events is mostly chance."""

PSEUDO_VISITS = 2.0
"""Visits of the population mixed into each user's means."""

MOST_ACTIONS = 40
"""Actions with a mix feature of their own, by number of users; the rest is pooled into `mix:other`."""

AT_RISK_IN_COHORT = "SELECT user_id, landmark_at FROM cohort WHERE status = 'at_risk'"

WILSON_Z = 1.959963984540054
"""Standard errors of a two-sided 95 % interval."""


@dataclass(frozen=True)
class UserCounts:
    """Users of a refresh by what they are at the landmark."""

    at_risk: int
    ended_early: int
    running_at_start: int


def write_refresh(db: Database, month: date, settings: Settings) -> RefreshDates:
    """Write the month's rows of `refreshes` and `ended_early`; return its dates.

    A home without any event, of purchases alone, gets a refresh with nobody in it.

    Raises:
        SettingsError: there are events, but pipeline.toml names no clock.
    """
    dates = dates_of_month(db, month, settings)
    make_cohort(db, dates, settings)
    counts = _count_users(db)
    db.replace(EndedEarly, load_sql(__package__, "ended_early"), {"refresh_month": month, "z": WILSON_Z}, month=month)
    reason = _why_insufficient(dates, counts.at_risk, settings.segments.min_users)
    row = {
        "refresh_month": month,
        "status": "insufficient_data" if reason else "ready",
        "status_reason": reason,
        "is_provisional": dates.is_provisional,
        "clock": dates.clock,
        "clock_rule": dates.rule,
        "log_start_at": dates.log.start_at,
        "as_of": dates.as_of,
        "landmark_at": dates.landmark_at,
        "window_start": dates.window_start,
        "lead_in_s": dates.lead_in_s,
        "window_days": dates.window_days,
        "horizon_days": dates.horizon_days,
        "is_fully_followed": dates.is_fully_followed,
        "is_proportional": dates.is_proportional,
        "user_count": counts.at_risk + counts.ended_early,
        "at_risk_count": counts.at_risk,
        "ended_early_count": counts.ended_early,
        "running_at_start_count": counts.running_at_start,
        "calendar_at_risk_share": _calendar_share(db, dates, counts, settings),
        **_churn_definition(db, dates, settings),
        **count_outcomes(db, AT_RISK_IN_COHORT, dates, settings),
    }
    selected = ", ".join(f"${name} AS {name}" for name in row)
    db.replace(Refreshes, f"SELECT {selected}", row, month=month)
    _write_inputs(db, dates, settings)
    db.execute("DROP TABLE cohort")
    return dates


def _write_inputs(db: Database, dates: RefreshDates, settings: Settings) -> None:
    """Write the month's row of `refresh_inputs`."""
    month_start, month_end = month_bounds(dates.month)
    # Who entered when is decided by anything a user ever did; who had ended, by what closes a case.
    earlier = None if dates.clock == "entry" else json.dumps(list(settings.roles.closing), ensure_ascii=False)
    from_at = min(dates.window_start, month_start)
    count, event_hash = count_seen(db, from_at, month_end, earlier)
    row = {
        "refresh_month": dates.month,
        "from_at": from_at,
        "until_at": month_end,
        "earlier_actions": earlier,
        "event_count": count,
        "event_hash": event_hash,
    }
    selected = ", ".join(f"${name} AS {name}" for name in row)
    made = "(now() AT TIME ZONE 'UTC')::TIMESTAMP AS refreshed_recorded_at"
    db.replace(RefreshInputs, f"SELECT {selected}, {made}", row, month=dates.month)


def count_seen(db: Database, from_at: datetime, until_at: datetime, earlier_actions: str | None) -> tuple[int, int]:
    """Return number and hash of the events a refresh sees, as `refresh_inputs` tells which those are."""
    actions = None if earlier_actions is None else json.loads(earlier_actions)
    bound = {"from_at": from_at, "until_at": until_at, "earlier_actions": actions}
    count, event_hash = db.one(load_sql(__package__, "seen_events"), bound)
    return int(count), int(event_hash)


def write_user_features(db: Database, month: date, settings: Settings) -> None:
    """Write the month's rows of `feature_priors` and `user_features`."""
    dates = dates_of_month(db, month, settings)
    make_cohort(db, dates, settings)
    make_visits(db, settings)
    make_behaviour(db, settings)
    db.replace(
        FeaturePriors,
        load_sql(__package__, "feature_priors"),
        {"refresh_month": month, "most_actions": MOST_ACTIONS},
        month=month,
    )
    make_model_features(db, month, judged_status="at_risk")
    db.replace(UserFeatures, load_sql(__package__, "user_features"), {"refresh_month": month}, month=month)
    _drop_scratch(db)


def features_under(db: Database, month: date, priors_of: date, settings: Settings) -> pd.DataFrame | None:
    """Return the model features of a month's users at risk, shrunk to the population of another month.

    Only so can that month's model score them: under their own month's priors, users who never did a rare thing all
    move when its rate does. `user_id` and one column a feature, sorted by name and user; None when nobody is at risk.
    """
    make_cohort(db, dates_of_month(db, month, settings), settings)
    make_visits(db, settings)
    make_behaviour(db, settings)
    make_model_features(db, priors_of, judged_status="at_risk")
    found = named_features(db, "model_features")
    _drop_scratch(db)
    return found


def write_current_features(db: Database, settings: Settings) -> date | None:
    """Write `current_features`: every user seen lately, up to the latest event; return the month of the priors.

    The window is the one the latest ready refresh saw, so that today's features compare with its own.
    """
    if log_months(db) is None:
        db.replace(CurrentFeatures, "SELECT * FROM current_features WHERE false")
        return None
    log = log_span(db)
    latest = latest_ready(db)
    window_days = float(latest["window_days"]) if latest else settings.time.window_days
    model_month = latest["refresh_month"] if latest else None
    _make_current_cohort(db, settings, log, window_days)
    make_visits(db, settings)
    make_behaviour(db, settings)
    make_model_features(db, model_month, judged_status="live")
    db.replace(
        CurrentFeatures,
        load_sql(__package__, "current_features"),
        {"scored_at": log.last_event_at, "model_month": model_month},
    )
    _drop_scratch(db)
    return model_month


def latest_ready(db: Database) -> dict[str, Any] | None:
    """Return the row of `refreshes` of the latest month that is ready and has priors."""
    db.ensure(Refreshes, FeaturePriors)
    rows = db.rows(
        "SELECT * FROM refreshes WHERE status = 'ready'"
        " AND refresh_month IN (SELECT refresh_month FROM feature_priors) ORDER BY refresh_month DESC LIMIT 1"
    )
    return rows[0] if rows else None


def feature_frame(db: Database, month: date) -> pd.DataFrame:
    """Return the model features of those at risk: `user_id` and one column a feature, sorted by name and user.

    Raises:
        InputError: the month has nobody at risk.
    """
    return _feature_frame(
        db, "user_features WHERE refresh_month = $month AND status = 'at_risk'", {"month": month}, f"{month:%Y-%m}"
    )


def current_feature_frame(db: Database) -> pd.DataFrame:
    """Return the model features of live users: `user_id` and one column a feature, sorted by name and user.

    Raises:
        InputError: nobody is live, or no refresh has given priors yet.
    """
    return _feature_frame(
        db, "current_features WHERE status = 'live' AND len(map_keys(model_features)) > 0", None, "today"
    )


def _feature_frame(db: Database, source: str, params: dict[str, Any] | None, when: str) -> pd.DataFrame:
    frame = named_features(db, source, params)
    if frame is None:
        raise InputError(f"Nobody has features for {when}. Next: refresh that month, or choose one that is ready.")
    return frame


def named_features(db: Database, source: str, params: dict[str, Any] | None = None) -> pd.DataFrame | None:
    """Return `user_id` and one column a feature of the rows a FROM clause gives; None where it gives none."""
    names = db.one(f"SELECT map_keys(model_features) FROM {source} ORDER BY user_id LIMIT 1", params)
    if not names:
        return None
    keys = {f"key_{place:03d}": name for place, name in enumerate(names[0])}
    selected = ", ".join(f"model_features[${key}] AS {key}" for key in keys)
    frame = db.frame(f"SELECT user_id, {selected} FROM {source} ORDER BY user_id", {**(params or {}), **keys})
    return frame.rename(columns=keys)


def make_cohort(db: Database, dates: RefreshDates, settings: Settings) -> None:
    """Make the relation `cohort`: the refresh's users, what each is at its landmark, and when it was exposed."""
    roles = settings.roles
    if dates.empty_reason is not None:
        # An empty cohort of the right shape: the month lies outside the log.
        outside = {**calendar_parameters(dates, roles), "window_start": dates.as_of, "landmark": dates.as_of}
        make_relation(db, "cohort", f"SELECT * FROM ({load_sql(__package__, 'cohort_calendar')}) WHERE FALSE", outside)
        return
    if dates.clock == "calendar":
        make_relation(db, "cohort", load_sql(__package__, "cohort_calendar"), calendar_parameters(dates, roles))
    else:
        lead_in_us = round((dates.lead_in_s or 0) * 1_000_000)
        parameters = {
            "log_start": dates.log.start_at,
            "latest_landmark": dates.landmark_at,
            "cohort_from": dates.cohort_from,
            "cohort_to": dates.cohort_to,
            "lead_in_us": lead_in_us,
            "start": list(roles.start),
            **ending_parameters(roles),
        }
        make_relation(db, "cohort", load_sql(__package__, "cohort_entry"), parameters)
    if settings.silence_days is not None:
        silent = silence_parameters(settings.silence_days, is_open="at_risk", is_gone="ended_early")
        make_relation(db, "cohort", load_sql(__package__, "silent_users"), silent)


def _make_current_cohort(db: Database, settings: Settings, log: LogSpan, window_days: float) -> None:
    roles, just_after = settings.roles, log.last_event_at + MICROSECOND
    if settings.clock == "entry" and settings.lead_in_s is not None:
        parameters = {
            "log_start": log.start_at,
            "scored_at": log.last_event_at,
            "seen_since": log.last_event_at - settings.time.window_days * DAY,
            "lead_in_us": round(settings.lead_in_s * 1_000_000),
            "start": list(roles.start),
            "closing": list(roles.closing),
        }
        make_relation(db, "cohort", load_sql(__package__, "cohort_entry_today"), parameters)
    else:
        parameters = ending_parameters(roles) | {"window_start": just_after - window_days * DAY, "landmark": just_after}
        make_relation(
            db,
            "cohort",
            "SELECT * REPLACE (CASE status WHEN 'at_risk' THEN 'live' ELSE 'ended' END AS status)"
            f" FROM ({load_sql(__package__, 'cohort_calendar')})",
            parameters,
        )
    if settings.silence_days is not None:
        silent = silence_parameters(settings.silence_days, judged_at=just_after, is_open="live", is_gone="ended")
        make_relation(db, "cohort", load_sql(__package__, "silent_users"), silent)


def make_visits(db: Database, settings: Settings) -> None:
    """Make `events_in_scope` and `visits`: what the users of `cohort` did before their landmark."""
    make_relation(db, "events_in_scope", load_sql(__package__, "events_in_scope"))
    make_relation(
        db, "visits", load_sql(__package__, "sessions"), session_parameters(settings.sessions, settings.roles)
    )


def make_behaviour(db: Database, settings: Settings) -> None:
    """Make `behaviour`: the sums over the events and visits of each user."""
    make_relation(db, "behaviour", load_sql(__package__, "behaviour"), {"timezone": settings.time.timezone})


def make_model_features(db: Database, month: date | None, *, judged_status: str) -> None:
    """Make `model_features` (and `shown_behaviour`) from `behaviour`, shrunk by the priors stored for the month."""
    make_relation(
        db,
        "priors",
        "SELECT feature, prior FROM feature_priors WHERE refresh_month = $month::DATE ORDER BY feature",
        {"month": month},
    )
    make_relation(
        db,
        "model_features",
        load_sql(__package__, "model_features"),
        {"judged_status": judged_status, "pseudo_events": PSEUDO_EVENTS, "pseudo_visits": PSEUDO_VISITS},
    )
    make_relation(db, "shown_behaviour", load_sql(__package__, "shown_behaviour"))


def make_relation(db: Database, name: str, sql: str, params: dict[str, Any] | None = None) -> None:
    """Make a temporary relation that the SQL after it reads, or make it anew."""
    db.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}", params)


def _drop_scratch(db: Database) -> None:
    for name in ("cohort", "events_in_scope", "visits", "behaviour", "priors", "model_features", "shown_behaviour"):
        db.execute(f"DROP TABLE {name}")


def _count_users(db: Database) -> UserCounts:
    at_risk, ended_early, running = db.one(
        "SELECT count(*) FILTER (WHERE status = 'at_risk'), count(*) FILTER (WHERE status = 'ended_early'),"
        " count(*) FILTER (WHERE status = 'running_at_start') FROM cohort"
    )
    return UserCounts(int(at_risk), int(ended_early), int(running))


def _calendar_share(db: Database, dates: RefreshDates, counts: UserCounts, settings: Settings) -> float | None:
    """Share of the window's users still at risk at the calendar landmark, whichever clock is in use."""
    users, at_risk = counts.at_risk + counts.ended_early, counts.at_risk
    if dates.clock == "entry" and dates.empty_reason is None:
        silence_days = settings.silence_days
        calendar = calendar_dates(
            dates.month, dates.log, settings.time, least_horizon_days=horizon_for_silence(silence_days)
        )
        users, at_risk = calendar_at_risk(db, calendar, settings.roles, silence_days=silence_days)
    return at_risk / users if users else None


def _churn_definition(db: Database, dates: RefreshDates, settings: Settings) -> dict[str, Any]:
    """Return the columns of `refreshes` that say what counts as drop-off and how well that can be told."""
    unjudged = why_unjudged(db, dates, settings)
    is_silence = unjudged is None and settings.churn_definition == "inactivity"
    return {
        "churn_definition": "none" if unjudged else settings.churn_definition,
        "unjudged_reason": unjudged,
        "inactivity_days": settings.silence_days,
        "return_share": return_share(db, settings, dates),
        "seen_again_count": count_seen_again(db, AT_RISK_IN_COHORT, dates, settings) if is_silence else None,
    }


def _why_insufficient(dates: RefreshDates, at_risk_count: int, needed: int) -> str | None:
    if dates.empty_reason is not None:
        return f"Nobody to group: {dates.empty_reason}."
    if at_risk_count < needed:
        users = "user is" if at_risk_count == 1 else "users are"
        return f"{at_risk_count} {users} at risk at the landmark; {needed} are needed to form segments."
    return None
