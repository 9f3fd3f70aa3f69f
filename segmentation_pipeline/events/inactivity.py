"""Leaving without a word: how long a silence counts as drop-off where no churn action is configured.

Add here: what is measured of silences, and what must hold before one is judged by them.
Keep out: the choice of a threshold (survival.inactivity) and the dates of a refresh (clock.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

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

DAY_TOLERANCE = 1e-6

NO_CHURN_ROLE = (
    "no churn action is configured and no silence was measured that means leaving: write "
    'churn = ["..."] under [roles] in pipeline.toml, with the actions that end a user\'s case badly, or run '
    "`segpipe configure`, which measures silences"
)


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
        reached = f"{self.least_silences} silences could be followed to {found.followed_days:.3g} days only"
        judged = (
            ""
            if found.return_share is None
            else f"; {found.return_share:.0%} of the {found.silence_count:,} that reached half of that still returned"
        )
        return (
            "No churn action is configured and the log is too short to tell which silence means leaving: "
            f"{reached}{judged}."
        )


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


def why_unjudged(dates: RefreshDates, settings: Settings) -> str | None:
    """Return why a refresh cannot tell who dropped off; None when it can."""
    if settings.churn_definition == "none":
        return NO_CHURN_ROLE
    needed = horizon_for_silence(settings.silence_days)
    if settings.churn_definition == "inactivity" and dates.horizon_days < needed - DAY_TOLERANCE:
        return (
            f"{settings.silence_days} silent days count as drop-off, which takes {needed:g} days after the landmark to "
            f"judge; the log up to {dates.as_of:%Y-%m-%d} leaves {dates.horizon_days:.3g}"
        )
    return None


def silence_parameters(
    silence_days: int, *, judged_at: datetime | None = None, is_open: str, is_gone: str
) -> dict[str, Any]:
    """Return the parameters sql/silent_users.sql is run with."""
    return {"silence_us": silence_days * DAY_US, "judged_at": judged_at, "open": is_open, "gone": is_gone}
