"""From judged users to the rows of survival_fits and retention_curves.

Add here: what is reported of one segment's follow-up.
Keep out: the estimators (survival), reading and writing (judged_users.py, assets.py), what compares segments
(comparing.py, hazards.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.retention.tables import (
    FITTED,
    INCIDENCES,
    NOT_FITTED,
    NOT_OBSERVED,
    OBSERVED,
    RETENTION_KM,
    STILL_OPEN,
)
from segmentation_pipeline.segments.tables import OVERALL, UNCLASSIFIED
from segmentation_pipeline.survival.comparison import LogRank, log_rank
from segmentation_pipeline.survival.curves import Curve, days_to_store, kaplan_meier, median_days, read_curve
from segmentation_pipeline.survival.drop_off import DropOff, drop_off_at
from segmentation_pipeline.survival.follow_up import (
    CENSORED,
    CHURN,
    CONVERSION,
    DAY_TOLERANCE,
    END,
    at_risk_on,
    longest_followed_day,
)
from segmentation_pipeline.survival.incidence import aalen_johansen
from segmentation_pipeline.survival.restricted_mean import RestrictedMean, difference, restricted_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from segmentation_pipeline.config import RetentionSettings, Roles
    from segmentation_pipeline.retention.judged_users import JudgedUsers


@dataclass(frozen=True)
class SurvivalFit:
    """A row of survival_fits, the month left out."""

    cluster_id: str
    status: str
    reason: str | None
    user_count: int = 0
    churn_count: int = 0
    conversion_count: int = 0
    end_count: int = 0
    censored_count: int = 0
    followed_days: float = 0.0
    drop_off_days: float | None = None
    drop_off_rate: float | None = None
    drop_off_low: float | None = None
    drop_off_high: float | None = None
    drop_off_method: str = NOT_OBSERVED
    is_cause_specific: bool = False
    median_days: float | None = None
    rmst_tau_days: float | None = None
    rmst_days: float | None = None
    rmst_standard_error: float | None = None
    rmst_low: float | None = None
    rmst_high: float | None = None
    rmst_difference_days: float | None = None
    rmst_difference_low: float | None = None
    rmst_difference_high: float | None = None
    is_mechanical: bool = False
    logrank_statistic: float | None = None
    logrank_degrees: int | None = None
    logrank_p: float | None = None
    logrank_reason: str | None = None


@dataclass(frozen=True)
class CurvePoint:
    """A row of retention_curves, the month left out."""

    cluster_id: str
    curve: str
    day: float
    estimate: float | None
    low: float | None
    high: float | None
    at_risk_count: int
    status: str
    reason: str | None
    is_cause_specific: bool


@dataclass(frozen=True)
class Judgement:
    """All rows of one refresh: `overall` first, then the segments in order."""

    fits: tuple[SurvivalFit, ...]
    points: tuple[CurvePoint, ...]


def competing_endings(roles: Roles) -> tuple[str, ...]:
    """Return the endings that rule churn out, by the roles configured."""
    return tuple(ending for ending, actions in ((CONVERSION, roles.conversion), (END, roles.end)) if actions)


def judge(users: JudgedUsers, settings: RetentionSettings, competing: tuple[str, ...]) -> Judgement:
    """Fit the curve, the drop-off and the restricted mean of everyone and of every segment.

    All are read on one day. With a competing ending the curves of its incidence, of churn's and of the still open
    are added.
    """
    day = common_day(users, settings.min_at_risk)
    fits: list[SurvivalFit] = []
    points: list[CurvePoint] = []
    for cluster_id, members in _groups(users):
        group = _Group(users, members, cluster_id, settings, competing)
        fit = group.fit(day)
        rest = None if cluster_id == OVERALL else ~members
        fits.append(_with_kept_days(fit, users, members, rest, day, settings) if fit.status == FITTED else fit)
        points.extend(group.points())
    fits[0] = _with_log_rank(fits[0], compare_segments(users))
    return Judgement(tuple(fits), tuple(points))


def common_day(users: JudgedUsers, min_at_risk: int) -> float:
    """Return the day drop-offs and restricted means of all segments are read on.

    That of `clusters`, so that the two tables agree: the longest day every segment with enough users is followed
    to, which is all of its users or at least `min_at_risk` at risk on it. Where there are no segments, the longest
    such day of everyone together.
    """
    if users.drop_off_days is not None:
        return users.drop_off_days
    return longest_followed_day(users.durations_days, users.followed_days, min_at_risk)


def kept_days(
    users: JudgedUsers, members: NDArray[np.bool_], day: float, settings: RetentionSettings
) -> RestrictedMean | None:
    """Return the restricted mean of members up to the day; None where too few of them are followed to it."""
    durations, followed = users.durations_days[members], users.followed_days[members]
    if durations.size < settings.min_at_risk or day <= 0:
        return None
    if longest_followed_day(durations, followed, settings.min_at_risk) < day - DAY_TOLERANCE:
        return None
    return restricted_mean(durations, users.outcomes[members], day, alpha=settings.alpha)


def compare_segments(users: JudgedUsers) -> LogRank:
    """Return the global log-rank test over the segments; users of none belong to none and are left out."""
    if users.unusable is not None:
        return LogRank(0, reason=users.unusable)
    classified = users.cluster_ids != UNCLASSIFIED
    return log_rank(
        users.durations_days[classified], users.outcomes[classified], users.cluster_ids[classified].tolist()
    )


def _groups(users: JudgedUsers) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    yield OVERALL, np.ones(users.cluster_ids.shape, dtype=np.bool_)
    segments = users.segments
    # Where no segments were formed, everyone is unclassified and the overall row has said it all.
    for cluster_id in segments if segments != [UNCLASSIFIED] else []:
        yield cluster_id, users.cluster_ids == cluster_id


def _with_log_rank(fit: SurvivalFit, tested: LogRank) -> SurvivalFit:
    return replace(
        fit,
        logrank_statistic=tested.statistic,
        logrank_degrees=tested.degrees_of_freedom,
        logrank_p=tested.p,
        logrank_reason=tested.reason,
    )


def _with_kept_days(
    fit: SurvivalFit,
    users: JudgedUsers,
    members: NDArray[np.bool_],
    rest: NDArray[np.bool_] | None,
    day: float,
    settings: RetentionSettings,
) -> SurvivalFit:
    mean = kept_days(users, members, day, settings)
    if mean is None:
        return fit
    others = None if rest is None else kept_days(users, rest, day, settings)
    fit = replace(
        fit,
        rmst_tau_days=day,
        rmst_days=mean.days,
        rmst_standard_error=mean.standard_error,
        rmst_low=mean.low,
        rmst_high=mean.high,
    )
    if others is None:
        return fit
    apart = difference(mean, others, settings.alpha)
    return replace(fit, rmst_difference_days=apart.days, rmst_difference_low=apart.low, rmst_difference_high=apart.high)


class _Group:
    """Users judged together: everyone, or one segment."""

    def __init__(
        self,
        users: JudgedUsers,
        members: NDArray[np.bool_],
        cluster_id: str,
        settings: RetentionSettings,
        competing: tuple[str, ...],
    ) -> None:
        self.cluster_id = cluster_id
        self.durations = users.durations_days[members]
        self.outcomes = users.outcomes[members]
        self.followed_days = float(users.followed_days[members].max(initial=0.0))
        self.unusable = users.unusable
        self.is_mechanical = users.is_mechanical
        self.settings = settings
        self.competing = competing

    def fit(self, day: float) -> SurvivalFit:
        """Return the group's row of survival_fits, its drop-off read on the day all segments share."""
        counts = {name: int(np.sum(self.outcomes == name)) for name in (CHURN, CONVERSION, END, CENSORED)}
        lacking = self._too_little()
        reason = lacking or (
            None if counts[CHURN] else "nobody dropped off: the curve stays at 1, with no median to find"
        )
        drop_off = None if lacking else drop_off_at(self.durations, self.outcomes, day, alpha=self.settings.alpha)
        fit = SurvivalFit(
            self.cluster_id,
            NOT_FITTED if reason else FITTED,
            reason,
            int(self.durations.size),
            counts[CHURN],
            counts[CONVERSION],
            counts[END],
            counts[CENSORED],
            self.followed_days,
            is_cause_specific=bool(self.competing),
            is_mechanical=self.is_mechanical,
            median_days=None if reason else self._median_days(),
        )
        return fit if drop_off is None else _with_drop_off(fit, drop_off)

    def points(self) -> Iterator[CurvePoint]:
        """Yield the group's rows of retention_curves; not observed ones on the wanted days, with their reason."""
        lacking = self._too_little()
        if lacking is not None:
            at_risk = at_risk_on(self.durations, self.settings.curve_days).tolist()
            for day, count in zip(self.settings.curve_days, at_risk, strict=True):
                yield CurvePoint(
                    self.cluster_id,
                    RETENTION_KM,
                    day,
                    None,
                    None,
                    None,
                    count,
                    NOT_OBSERVED,
                    lacking,
                    self._is_specific,
                )
            return
        retention = kaplan_meier(self.durations, self.outcomes, self.settings.alpha)
        days = days_to_store(retention, self.settings.curve_days, self.followed_days)
        yield from self._read(RETENTION_KM, retention, days)
        if not self.competing:
            return
        incidence = aalen_johansen(self.durations, self.outcomes, self.settings.alpha)
        days = days_to_store(incidence.still_open, self.settings.curve_days, self.followed_days)
        yield from self._read(STILL_OPEN, incidence.still_open, days)
        for cause in INCIDENCES:
            # An ending that nobody configured but somebody has would break the sum to 1: it is shown too.
            if cause == CHURN or cause in self.competing or np.any(self.outcomes == cause):
                yield from self._read(INCIDENCES[cause], incidence.by_cause[cause], days)

    @property
    def _is_specific(self) -> bool:
        return bool(self.competing)

    def _read(self, name: str, curve: Curve, days: list[float]) -> Iterator[CurvePoint]:
        is_specific = self._is_specific and name == RETENTION_KM
        settings = self.settings
        for point in read_curve(
            curve, days, self.durations, self.followed_days, settings.min_at_risk, alpha=settings.alpha
        ):
            yield CurvePoint(
                self.cluster_id,
                name,
                point.day,
                point.estimate,
                point.low,
                point.high,
                point.at_risk_count,
                OBSERVED if point.is_observed else NOT_OBSERVED,
                point.reason,
                is_specific,
            )

    def _too_little(self) -> str | None:
        if self.unusable is not None:
            return self.unusable
        if self.durations.size < self.settings.min_at_risk:
            return f"{self.durations.size} users at risk, fewer than {self.settings.min_at_risk}"
        return None

    def _median_days(self) -> float | None:
        day = median_days(kaplan_meier(self.durations, self.outcomes, self.settings.alpha))
        if day is None or int(at_risk_on(self.durations, [day])[0]) < self.settings.min_at_risk:
            return None
        return day


def _with_drop_off(fit: SurvivalFit, drop_off: DropOff) -> SurvivalFit:
    return replace(
        fit,
        drop_off_days=drop_off.day,
        drop_off_rate=drop_off.rate,
        drop_off_low=drop_off.low,
        drop_off_high=drop_off.high,
        drop_off_method=drop_off.method,
    )
