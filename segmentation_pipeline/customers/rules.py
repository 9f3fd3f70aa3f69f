"""The rules of system customers, ready to apply: thresholds and words unpacked once, asked millions of times.

Add here: a rule on figures of one customer. Keep out: where the figures come from (single.py, sql/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from segmentation_pipeline.customer_settings import CustomerSettings

DAYS_PER_MONTH = 30
"""A month of membership, as the loyalty rule counts."""

NEVER_DAYS = 999
"""Days since the last purchase told of who never bought."""

REGION_DAYS = 30
REGION_MONTHLY_BASKETS = 2
"""What is told of a region as a whole: bought a month ago, two baskets a month."""


def age_segment(age: float | None, settings: CustomerSettings) -> str:
    """Return the code of an age."""
    bounds = settings.thresholds
    if age is None:
        return "unknown"
    if age <= bounds.gen_z_max_age:
        return "gen_z"
    if age <= bounds.young_adult_max_age:
        return "young_adult"
    return "adult" if age <= bounds.adult_max_age else "mature"


def age_at(birth: date, day: date) -> int:
    """Return the full years lived; who was born on 29 February turns older on 1 March of other years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def loyalty(months: float, order_count: int, settings: CustomerSettings) -> str:
    """Return the code of a membership of so many months with so many orders."""
    bounds = settings.thresholds
    rate = order_count / months if months > 0 else 0.0
    if months >= bounds.platinum_months and rate >= bounds.platinum_orders_per_month:
        return "platinum"
    if months >= bounds.gold_months and rate >= bounds.gold_orders_per_month:
        return "gold"
    return "silver" if order_count >= bounds.silver_orders else "bronze"


def strategy(codes: dict[str, str], settings: CustomerSettings) -> tuple[str, float]:
    """Return strategy and discount of the first rule whose conditions all hold; `codes` holds mode and dimensions."""
    for rule in settings.strategies:
        if all(codes[name] in values for name, values in rule.conditions.items()):
            return rule.strategy, rule.discount_pct
    raise AssertionError("unreachable: the last strategy has no condition")
