"""One payload -> analysis, explanation, timestamp: the rules of sql/segments.sql, for one customer at a time.

Plain Python on purpose: a call takes some ten microseconds, an engine would take longer to start.
Add here: nothing that sql/segments.sql does not decide the same way; a test compares both field by field.
Keep out: reading a payload (payloads.py, histories.py), words (explanation.py).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.customer_settings import CustomerSettings
from segmentation_pipeline.customers import rules
from segmentation_pipeline.customers.explanation import Explainer, explain
from segmentation_pipeline.customers.histories import Purchase, purchases_of
from segmentation_pipeline.customers.payloads import (
    OLDEST_AGE,
    as_mapping,
    as_now,
    count_of,
    id_of,
    moment_of,
    number_of,
    object_of,
    refuse,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

MONEY_DECIMALS = 4
"""Decimals that sums of money are rounded to: what the tables store, and floats add up to exactly."""

MONEY_UNITS = 10.0**MONEY_DECIMALS
USUAL_MONEY = 1e9
"""Below, an amount of so many decimals times MONEY_UNITS is off a whole number by less than a thousandth."""


def analyze(
    payload: Mapping[str, Any] | str | bytes, *, now: datetime | str, settings: CustomerSettings | None = None
) -> dict[str, Any]:
    """Return analysis, explanation and timestamp of one payload: a customer with or without purchases, or a region.

    `payload`: an object, or JSON text of one.
    `now`: the moment it is analysed at, ISO 8601 or a datetime; without a zone it is UTC.

    Raises:
        InvalidPayload: a field is missing, of the wrong type or out of range; the error names it.
    """
    return (_default() if settings is None else analyzer(settings)).analyze(as_mapping(payload), now=now)


def analyzer(settings: CustomerSettings) -> Analyzer:
    """Return the analyzer of these settings, made once: the last few are kept, told apart by identity."""
    known = _kept.get(id(settings))
    if known is None:
        if len(_kept) >= KEPT_ANALYZERS:
            _kept.clear()
        known = _kept.setdefault(id(settings), Analyzer(settings))
    return known


@functools.lru_cache(maxsize=1)
def _default() -> Analyzer:
    return Analyzer(CustomerSettings())


KEPT_ANALYZERS = 16
_kept: dict[int, Analyzer] = {}
"""id -> analyzer, which holds its settings, so an id cannot come to mean others."""


class Analyzer:
    """The rules of one installation; `explainer` puts results into words."""

    def __init__(self, settings: CustomerSettings, explainer: Explainer = explain) -> None:
        self.settings = settings
        self.explainer = explainer
        self._labels = settings.label_table()
        self._unknown = settings.unknown
        self._language = settings.language
        self.rule_version = settings.rule_version
        self._labels_name = settings.labels_name
        self._bounds = settings.thresholds
        self._words = functools.lru_cache(maxsize=4096)(self._find_words)

    def analyze(self, payload: Mapping[str, Any], *, now: datetime | str) -> dict[str, Any]:
        """Return analysis, explanation and timestamp of an object; see `analyze` of this module."""
        given = object_of(payload, "payload")
        moment = as_now(now)
        at = ""
        if "customerData" in given:
            given, at = object_of(given["customerData"], "customerData"), "customerData."
        region = self._region(given, at)
        customer = given.get("customer")
        if customer is None:
            analysis = self._region_analysis(region)
        else:
            analysis = self._customer_analysis(object_of(customer, "customer", at), region, moment, at)
        customer_id = given.get("customerId")
        return {
            "customerId": None if customer_id is None else id_of(customer_id, "customerId", at),
            "analysis": analysis,
            "explanation": self.explainer(analysis, language=self._language),
            "timestamp": moment.isoformat(),
        }

    def _region(self, given: Mapping[str, Any], at: str) -> dict[str, Any]:
        region = given.get("region")
        if type(region) is not dict:
            refuse(at + "region", region, "an object with medianBasket")
        return {
            "region": text_of(region.get("name"), "region.name", at) or text_of(given.get("city"), "city", at),
            "regionClimate": text_of(region.get("climateType"), "region.climateType", at) or self._unknown,
            "regionMedianBasket": number_of(region.get("medianBasket"), "region.medianBasket", at),
            "trend": text_of(region.get("trend"), "region.trend", at) or self._unknown,
        }

    def _customer_analysis(
        self, customer: Mapping[str, Any], region: dict[str, Any], now: datetime, at: str
    ) -> dict[str, Any]:
        at += "customer."
        age = self._age(customer, now.date(), at)
        registered = moment_of(customer.get("registeredAt"), "registeredAt", at)
        membership_days = max((now - registered).days, 0)
        history = customer.get("productHistory")
        if history is None or history == []:
            return self._new_customer(rules.age_segment(age, self.settings), membership_days, region)
        if type(history) is not list:
            refuse(at + "productHistory", history, "a list")
        purchases = purchases_of(history, now, at)
        order_count = customer.get("orderCount")
        if order_count is not None:
            order_count = count_of(order_count, "orderCount", at)
        return self._regular(purchases, order_count, rules.age_segment(age, self.settings), membership_days, region)

    def _age(self, customer: Mapping[str, Any], day: date, at: str) -> float | None:
        age = customer.get("age")
        if age is not None:
            return number_of(age, "age", at, most=OLDEST_AGE)
        birth = customer.get("birthDate")
        if birth is None:
            return None
        return number_of(
            rules.age_at(moment_of(birth, "birthDate", at).date(), day), "birthDate (age)", at, most=OLDEST_AGE
        )

    def _regular(
        self,
        purchases: list[Purchase],
        order_count: int | None,
        age_code: str,
        membership_days: int,
        region: dict[str, Any],
    ) -> dict[str, Any]:
        bounds, most_between = self._bounds, self._bounds.regular_days
        total, product_orders = 0.0, 0
        recency = purchases[0][4]
        spent_by: dict[str, float] = {}
        orders_by: dict[str, int] = {}
        missing = []
        for product, category, spent, orders, days, between in purchases:
            total += spent
            product_orders += orders
            if days < recency:
                recency = days
            if category in spent_by:
                spent_by[category] += spent
                orders_by[category] += orders
            elif category is not None:
                spent_by[category] = spent
                orders_by[category] = orders
            if between and between <= most_between and days > bounds.overdue_factor * between:
                missing.append(
                    {
                        "productId": product,
                        "category": category,
                        "avgDaysBetween": between,
                        "lastPurchaseDaysAgo": days,
                        "daysOverdue": days - between,
                    }
                )
        total = _money(total)
        if order_count is None:
            order_count = product_orders
        months = membership_days / rules.DAYS_PER_MONTH
        basket = total / order_count if order_count else 0.0
        affinity, is_focused = self._unknown, False
        if spent_by:
            affinity = _strongest(spent_by)
            is_focused = product_orders > 0 and orders_by[affinity] / product_orders > bounds.focused_share
        ratio = len(purchases) / product_orders if product_orders else 0.0
        if len(missing) > 1:
            missing.sort(key=_most_overdue_first)
        purchases.sort(key=_most_spent_first)
        churn = "active" if recency < bounds.active_days else "cooling" if recency <= bounds.risk_days else "at_risk"
        return self._told_analysis(
            "regular",
            (
                age_code,
                churn,
                "high" if basket > region["regionMedianBasket"] else "standard",
                rules.loyalty(months, order_count, self.settings),
                "focused" if is_focused else "exploring",
                "discoverer"
                if ratio > bounds.discoverer_ratio
                else "balanced"
                if ratio > bounds.balanced_ratio
                else "loyal",
            ),
            affinity,
            region,
            figures=(
                basket,
                basket * bounds.budget_factor,
                total / months if months > 0 else total,
                recency,
                order_count,
                total,
                membership_days,
            ),
            missing=missing,
            top=[
                {"productId": product, "totalSpent": _money(spent)}
                for product, _, spent, _, _, _ in purchases[: bounds.top_products]
            ],
        )

    def _new_customer(self, age_code: str, membership_days: int, region: dict[str, Any]) -> dict[str, Any]:
        median = region["regionMedianBasket"]
        return self._told_analysis(
            "new_customer",
            (age_code, "at_risk", "standard", "bronze", "exploring", "discoverer"),
            region["trend"],
            region,
            figures=(median, median * self._bounds.budget_factor, 0.0, rules.NEVER_DAYS, 0, 0.0, membership_days),
        )

    def _region_analysis(self, region: dict[str, Any]) -> dict[str, Any]:
        median = region["regionMedianBasket"]
        return self._told_analysis(
            "region",
            ("adult", "active", "standard", "silver", "exploring", "balanced"),
            region["trend"],
            region,
            figures=(
                median,
                median * self._bounds.budget_factor,
                median * rules.REGION_MONTHLY_BASKETS,
                rules.REGION_DAYS,
                0,
                0.0,
                0,
            ),
        )

    def _told_analysis(
        self,
        mode: str,
        codes: tuple[str, str, str, str, str, str],
        affinity: str,
        region: dict[str, Any],
        *,
        figures: tuple[float, float, float, int, int, float, int],
        missing: list[dict[str, Any]] | None = None,
        top: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        age, churn, value, loyal, affinity_type, diversity, strategy, discount = self._words(mode, codes)
        basket, budget, monthly, recency, order_count, total, membership_days = figures
        return {
            "mode": mode,
            "ageSegment": age,
            "churn": churn,
            "value": value,
            "loyalty": loyal,
            "affinityCategory": affinity,
            "affinityType": affinity_type,
            "diversity": diversity,
            "region": region["region"],
            "regionClimate": region["regionClimate"],
            "regionMedianBasket": region["regionMedianBasket"],
            "avgBasket": basket,
            "estimatedBudget": budget,
            "avgMonthlySpend": monthly,
            "lastPurchaseDaysAgo": recency,
            "orderCount": order_count,
            "totalSpent": total,
            "membershipDays": membership_days,
            "missingRegulars": missing or [],
            "topProducts": top or [],
            "recommendedStrategy": strategy,
            "discountPct": discount,
            "ruleVersion": self.rule_version,
            "labels": self._labels_name,
        }

    def _find_words(self, mode: str, codes: tuple[str, ...]) -> tuple[str, str, str, str, str, str, str, float]:
        """Return the label of each code, the strategy and its discount."""
        coded = dict(zip(self._labels, codes, strict=True))
        age, churn, value, loyal, affinity_type, diversity = (self._labels[name][code] for name, code in coded.items())
        strategy, discount = rules.strategy({"mode": mode, **coded}, self.settings)
        return age, churn, value, loyal, affinity_type, diversity, strategy, discount


def _strongest(spent_by: dict[str, float]) -> str:
    """Return the category with the highest spend, of equal ones the first by name."""
    least = max(spent_by.values()) - 2 / MONEY_UNITS
    near = [name for name, spent in spent_by.items() if spent >= least]
    return near[0] if len(near) == 1 else min(near, key=lambda name: (-_money(spent_by[name]), name))


def _money(amount: float) -> float:
    """Return an amount as the tables store it. Rounding the count of units is three times quicker than decimals."""
    return round(amount * MONEY_UNITS) / MONEY_UNITS if amount < USUAL_MONEY else round(amount, MONEY_DECIMALS)


def _most_spent_first(purchase: Purchase) -> tuple[float, str]:
    return -purchase[2], purchase[0]


def _most_overdue_first(missing: dict[str, Any]) -> tuple[float, str]:
    return -missing["daysOverdue"], missing["productId"]
