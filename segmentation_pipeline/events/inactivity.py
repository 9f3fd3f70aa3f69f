"""Leaving without a word: how long a silence counts as drop-off where no churn action is configured.

Add here: what is measured of silences, and what must hold before one is judged by them.
Keep out: the choice of a threshold (survival.inactivity) and the dates of a refresh (clock.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation_pipeline.survival.follow_up import DAY_TOLERANCE
from segmentation_pipeline.survival.inactivity import (
    HORIZON_SILENCES,
    RETURN_SHARE,
    Silences,
    Threshold,
    choose_threshold,
)
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from datetime import datetime

    from segmentation_pipeline.config import Roles, Settings
    from segmentation_pipeline.events.clock import RefreshDates
    from segmentation_pipeline.warehouse.database import Database

DAY_US = 86_400_000_000
HOURS_A_DAY = 24

SEEN_AGAIN_DAYS = 7
"""Days before the end of a refresh in which those counted as gone are looked for: a week shows every weekday."""

MOST_RETURNS = 2 * RETURN_SHARE
"""Share of returns from which a month disagrees with the days in use: twice the limit, as a share of a few dozen
silences strays by that much."""


@dataclass(frozen=True)
class InactivityMeasurement:
    """The silence that counts as drop-off in a log, with the figures behind it."""

    threshold: Threshold
    least_silences: int

    @property
    def days(self) -> int | None:
        """Silent days that count as drop-off; None where the log is too short to tell."""
        return self.threshold.days

    @property
    def reason(self) -> str:
        """One sentence saying why so long, or why it cannot be said."""
        found = self.threshold
        if found.days is not None:
            return (
                f"No churn action is configured: {found.days} silent days count as drop-off. Of "
                f"{found.silence_count:,} silences that long, {found.return_share:.1%} end in a return, the first "
                f"under {RETURN_SHARE:.0%} (seen up to {found.followed_days:.3g} days)."
            )
        return f"No churn action is configured and {self.lack}."

    @property
    def lack(self) -> str:
        """Why no silence can be said to mean leaving."""
        found = self.threshold
        reached = f"{self.least_silences} silences could be followed to {found.followed_days:.3g} days only"
        judged = (
            ""
            if found.return_share is None
            else f", and {found.return_share:.0%} of the {found.silence_count:,} that reached half of that still ended "
            "in a return"
        )
        return f"the log is too short to tell which silence means leaving: {reached}{judged}"


def measure_inactivity(
    db: Database, settings: Settings, *, log_start: datetime, as_of: datetime
) -> InactivityMeasurement:
    """Measure on the events up to `as_of` from which silence on fewer than one in twenty come back."""
    least = settings.retention.min_at_risk
    return InactivityMeasurement(
        choose_threshold(read_silences(db, settings.roles, log_start=log_start, as_of=as_of), least), least
    )


def read_silences(db: Database, roles: Roles, *, log_start: datetime, as_of: datetime) -> Silences:
    """Return the silences of a day and more, up to `as_of`."""
    found = db.execute(
        load_sql(__package__, "silences"), {"log_start": log_start, "as_of": as_of, "closing": list(roles.closing)}
    ).fetchnumpy()
    return Silences(
        np.asarray(found["hours"], dtype=np.float64) / HOURS_A_DAY,
        np.asarray(found["returned_count"], dtype=np.int64),
        np.asarray(found["still_silent_count"], dtype=np.int64),
    )


def return_share(db: Database, settings: Settings, dates: RefreshDates) -> float | None:
    """Return how many of those silent for the configured days came back, in the log up to a refresh's end.

    None where churn is an action, or where too few silences could be followed to twice the threshold.
    """
    days = settings.silence_days
    if days is None or dates.empty_reason is not None:
        return None
    silences = read_silences(db, settings.roles, log_start=dates.log.start_at, as_of=dates.as_of)
    followed = silences.followed_days(settings.retention.min_at_risk)
    return silences.return_share(days, followed) if followed >= HORIZON_SILENCES * days else None


def horizon_for_silence(silence_days: int | None) -> float:
    """Return the shortest horizon, in days, that such silences can be judged in; 0 where churn is an action."""
    return float(HORIZON_SILENCES * (silence_days or 0))


def is_judged(dates: RefreshDates, settings: Settings) -> bool:
    """Tell whether a refresh can say who dropped off: by an action, or by silence within a long enough horizon."""
    if settings.churn_definition == "inactivity":
        return dates.horizon_days >= horizon_for_silence(settings.silence_days) - DAY_TOLERANCE
    return settings.churn_definition == "action"


def why_unjudged(db: Database, dates: RefreshDates, settings: Settings) -> str | None:
    """Return why a refresh cannot say who dropped off; None when it can."""
    if is_judged(dates, settings):
        return None
    if settings.churn_definition == "inactivity":
        return (
            f"{settings.silence_days} silent days count as drop-off, which takes "
            f"{horizon_for_silence(settings.silence_days):g} days after the landmark to judge; the log up to "
            f"{dates.as_of:%Y-%m-%d} leaves {dates.horizon_days:.3g}"
        )
    measured = measure_inactivity(db, settings, log_start=dates.log.start_at, as_of=dates.as_of)
    lack = measured.lack if measured.days is None else f"{measured.days} silent days would tell, but are not written"
    return (
        f"no churn action is configured, and {lack}. Write churn = [...] under [roles] in pipeline.toml, with the "
        "actions that end a user's case badly, or run `segpipe configure`, which measures silences"
    )


def silence_parameters(
    silence_days: int, *, judged_at: datetime | None = None, is_open: str, is_gone: str
) -> dict[str, Any]:
    """Return the parameters sql/silent_users.sql is run with."""
    return {"silence_us": silence_days * DAY_US, "judged_at": judged_at, "open": is_open, "gone": is_gone}
