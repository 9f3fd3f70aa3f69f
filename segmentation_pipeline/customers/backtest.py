"""Whether tiers foretell anything: tiers at a landmark against what the customers did after it, with intervals.

Add here: another outcome. Keep out: the rules (segmenting.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from segmentation_pipeline.customers.segmenting import (
    as_of_month,
    forget,
    literal,
    prepare_facts,
    prepare_history,
    segment_parameters,
    segments_sql,
)
from segmentation_pipeline.customers.tables import Purchases, TierBacktests
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from datetime import date

    from segmentation_pipeline.customer_settings import CustomerSettings
    from segmentation_pipeline.warehouse.database import Database

Z = 1.959963984540054
"""Standard normal quantile of a 95 % interval."""

FEWEST = 20
"""Customers at the landmark under which nothing is said of any tier."""

FEWEST_FOR_MEANS = 10
"""Customers of a tier, and of all others, under which a mean has no interval: a few orders do not tell how much more
others would spend. The same where all did exactly alike."""

Outcome = Literal["repurchase", "spend", "orders"]
UNITS: dict[Outcome, int] = {"repurchase": 1, "spend": 10_000, "orders": 1}
"""What the whole numbers that are added up are parts of."""


@dataclass(frozen=True)
class Sums:
    """How many customers, and the sum and the sum of squares of what each of them did."""

    count: int
    total: int
    squares: int

    @property
    def mean(self) -> float:
        """Mean of one customer."""
        return self.total / self.count

    @property
    def variance_of_mean(self) -> float:
        """Variance of the mean of at least two customers; integers keep it exact until the last division."""
        return max(self.squares * self.count - self.total**2, 0) / (self.count**2 * (self.count - 1))

    @property
    def has_interval(self) -> bool:
        """Whether so many customers, unlike each other, tell how sure their mean is."""
        return self.count >= FEWEST_FOR_MEANS and self.variance_of_mean > 0

    def without(self, other: Sums) -> Sums:
        """Everyone here who is not in `other`."""
        return Sums(self.count - other.count, self.total - other.total, self.squares - other.squares)


@dataclass(frozen=True)
class TierOutcome:
    """One tier and outcome, as in tier_backtests."""

    dimension: str
    tier: str
    outcome: Outcome
    landmark_at: datetime
    as_of: datetime
    customer_count: int
    value: float
    low: float | None
    high: float | None
    others_value: float | None
    lift: float | None
    lift_low: float | None
    lift_high: float | None
    rule_version: str


def write_backtest(db: Database, month: date, settings: CustomerSettings) -> list[TierOutcome]:
    """Replace the month's rows of tier_backtests and return them.

    None where purchases do not reach back before the landmark, or too few customers do.
    """
    db.ensure(Purchases, TierBacktests)
    now = as_of_month(db, month)
    rows: list[TierOutcome] = []
    if now is not None:
        landmark = now - timedelta(days=settings.backtest_days)
        rows = _outcomes(db, landmark, now, settings)
    db.replace(TierBacktests, rows, month=month)
    return rows


def lift_interval(tier: Sums, others: Sums, *, is_share: bool) -> tuple[float, float, float] | None:
    """Return lift of a tier's share or mean over the others' with its 95 % interval (delta method on the logarithm).

    A share's variance is that with half a success and half a failure more (Pettigrew, Gart and Thomas 1986): 2 of 2
    are not known to be everyone. None where a mean is 0 or has no interval.
    """
    if not tier.total or not others.total:
        return None
    if is_share:
        spread = sum(1 / (one.total + 0.5) - 1 / (one.count + 1) for one in (tier, others))
    elif tier.has_interval and others.has_interval:
        spread = sum(one.variance_of_mean / one.mean**2 for one in (tier, others))
    else:
        return None
    lift, factor = tier.mean / others.mean, math.exp(Z * math.sqrt(spread))
    return lift, lift / factor, lift * factor


def value_interval(sums: Sums, *, is_share: bool) -> tuple[float, float] | None:
    """Return the 95 % interval of a share (Wilson) or of a mean (normal, not below 0; None where it has none)."""
    mean, count = sums.mean, sums.count
    if is_share:
        centre = (mean + Z**2 / (2 * count)) / (1 + Z**2 / count)
        half = Z / (1 + Z**2 / count) * math.sqrt(mean * (1 - mean) / count + Z**2 / (4 * count**2))
        return max(min(centre - half, mean), 0.0), min(max(centre + half, mean), 1.0)
    if not sums.has_interval:
        return None
    half = Z * math.sqrt(sums.variance_of_mean)
    return max(mean - half, 0.0), mean + half


def _outcomes(db: Database, landmark: datetime, now: datetime, settings: CustomerSettings) -> list[TierOutcome]:
    parts = prepare_history(db, landmark)
    prepare_facts(db, landmark, settings)
    db.execute(
        "CREATE OR REPLACE TEMP TABLE landmark_tiers AS SELECT customer_id, churn, value, loyalty"
        f" FROM ({segments_sql(settings, parts)}) WHERE mode = 'regular'",
        segment_parameters(landmark, settings),
    )
    found = db.rows(
        load_sql(__package__, "tier_outcomes").replace("{landmark}", literal(landmark)).replace("{now}", literal(now))
    )
    db.execute("DROP TABLE landmark_tiers")
    forget(db)
    rows = []
    for dimension in ("churn", "value", "loyalty"):
        tiers = [row for row in found if row["dimension"] == dimension]
        if sum(row["customer_count"] for row in tiers) < FEWEST:
            continue
        for outcome in UNITS:
            every = _sums(tiers, outcome)
            rows += [_row(row, outcome, every, landmark, now, settings.rule_version) for row in tiers]
    return rows


def _sums(rows: list[dict[str, Any]], outcome: Outcome) -> Sums:
    return Sums(
        sum(int(row["customer_count"]) for row in rows),
        sum(int(row[f"{outcome}_sum"]) for row in rows),
        sum(int(row[f"{outcome}_squares"]) for row in rows),
    )


def _row(
    row: dict[str, Any], outcome: Outcome, every: Sums, landmark: datetime, now: datetime, version: str
) -> TierOutcome:
    unit, tier = UNITS[outcome], _sums([row], outcome)
    others = every.without(tier)
    is_share = outcome == "repurchase"
    low, high = value_interval(tier, is_share=is_share) or (None, None)
    lift, lift_low, lift_high = lift_interval(tier, others, is_share=is_share) or (None, None, None)
    return TierOutcome(
        row["dimension"],
        row["tier"],
        outcome,
        landmark,
        now,
        tier.count,
        tier.mean / unit,
        None if low is None else low / unit,
        None if high is None else high / unit,
        others.mean / unit if others.count else None,
        lift,
        lift_low,
        lift_high,
        version,
    )
