"""What became of users after their landmark: the first ending by an action, or by silence where that counts.

Add here: another kind of ending, or a count of outcomes.
Keep out: who is judged (features.py), which silence counts (inactivity.py) and estimates (retention).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segmentation_pipeline.events.clock import dates_of_month
from segmentation_pipeline.events.feature_tables import UserOutcomes
from segmentation_pipeline.events.inactivity import DAY_US, SEEN_AGAIN_DAYS, is_judged
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from datetime import date

    from segmentation_pipeline.config import Settings
    from segmentation_pipeline.events.clock import RefreshDates
    from segmentation_pipeline.warehouse.database import Database

AT_RISK_IN_FEATURES = (
    "SELECT user_id, landmark_at FROM user_features WHERE refresh_month = $refresh_month::DATE AND status = 'at_risk'"
)


def write_outcomes(db: Database, month: date, settings: Settings) -> None:
    """Write the month's rows of `user_outcomes`: what became of those at risk in `user_features`."""
    dates = dates_of_month(db, month, settings)
    outcomes, parameters = outcomes_of(AT_RISK_IN_FEATURES, dates, settings)
    db.replace(UserOutcomes, f"{outcomes} ORDER BY user_id", parameters, month=month)


def outcomes_of(at_risk_users: str, dates: RefreshDates, settings: Settings) -> tuple[str, dict[str, Any]]:
    """Return SQL of the outcomes of users (SQL of user_id, landmark_at), and its parameters.

    In a refresh that cannot judge silences closing actions alone end a case: nobody drops off.
    """
    roles = settings.roles
    is_bounded = dates.clock == "entry" and dates.is_fully_followed
    endings = load_sql(__package__, "action_endings")
    parameters = {
        "refresh_month": dates.month,
        "as_of": dates.as_of,
        "month_end": dates.month_end,
        "horizon_us": round(dates.horizon_days * DAY_US) if is_bounded else None,
        "churn": list(roles.churn),
        "conversion": list(roles.conversion),
        "closing": list(roles.closing),
    }
    if settings.silence_days is not None and is_judged(dates, settings):
        endings += f" UNION ALL {load_sql(__package__, 'silence_endings')}"
        parameters["silence_us"] = settings.silence_days * DAY_US
    relations = f"WITH at_risk_users AS ({at_risk_users}), endings AS ({endings})"
    return f"{relations} SELECT * FROM ({load_sql(__package__, 'user_outcomes')})", parameters


def count_outcomes(db: Database, at_risk_users: str, dates: RefreshDates, settings: Settings) -> dict[str, int]:
    """Return how many of the users dropped off, converted or ended otherwise, as `refreshes` names them."""
    outcomes, parameters = outcomes_of(at_risk_users, dates, settings)
    row = db.rows(
        "SELECT count(*) FILTER (WHERE outcome = 'churn') AS drop_off_count,"
        " count(*) FILTER (WHERE outcome = 'conversion') AS conversion_count,"
        f" count(*) FILTER (WHERE outcome = 'end') AS end_count FROM ({outcomes})",
        parameters,
    )[0]
    return {name: int(count) for name, count in row.items()}


def count_seen_again(db: Database, at_risk_users: str, dates: RefreshDates, settings: Settings) -> int:
    """Return how many users counted as dropped off have events in the last days before the end of the refresh."""
    outcomes, parameters = outcomes_of(at_risk_users, dates, settings)
    (count,) = db.one(
        f"SELECT count(DISTINCT o.user_id) FROM ({outcomes}) AS o INNER JOIN raw_events AS e ON o.user_id = e.user_id"
        " WHERE o.outcome = 'churn' AND e.event_at > o.outcome_at AND e.event_at <= $as_of::TIMESTAMP"
        f" AND e.event_at > $as_of::TIMESTAMP - INTERVAL {SEEN_AGAIN_DAYS} DAY",
        parameters,
    )
    return int(count)
