"""Customers of a refresh, as published: how many carry each label, what the tiers foretold, one customer in full.

Add here: another question about customers. Keep out: how customers are segmented (customers/).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from segmentation_pipeline.client.published import ask, ask_as, has_table
from segmentation_pipeline.customers.explanation import explain
from segmentation_pipeline.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    import duckdb

EIGHT = (
    "age_segment",
    "churn",
    "value",
    "loyalty",
    "affinity_category",
    "affinity_type",
    "diversity",
    "region_climate",
)
"""The eight dimensions of a customer, as columns."""

DIMENSIONS = (
    "mode",
    "age_segment",
    "churn",
    "value",
    "loyalty",
    "affinity_type",
    "diversity",
    "recommended_strategy",
)


FIGURES = (
    "order_count",
    "total_spent",
    "avg_basket",
    "region_median_basket",
    "estimated_budget",
    "avg_monthly_spend",
    "last_purchase_days_ago",
    "membership_days",
)
"""The figures behind the dimensions, as columns."""

WHOLE_SHOP = "(all)"
"""The region that stands for all."""

_CAMEL = {
    "mode": "mode",
    "churn": "churn",
    "loyalty": "loyalty",
    "value": "value",
    "affinity_type": "affinityType",
    "affinity_category": "affinityCategory",
    "diversity": "diversity",
    "region_climate": "regionClimate",
    "recommended_strategy": "recommendedStrategy",
    "discount_pct": "discountPct",
    "last_purchase_days_ago": "lastPurchaseDaysAgo",
    "order_count": "orderCount",
    "membership_days": "membershipDays",
    "avg_basket": "avgBasket",
    "region_median_basket": "regionMedianBasket",
}
"""Column -> name in an analysis, of what explanations tell."""


@dataclass(frozen=True)
class MissingRegular:
    """A product a customer buys regularly and should have bought again by now."""

    product_id: str
    category: str | None
    average_days: float
    days_ago: float
    days_overdue: float


@dataclass(frozen=True)
class TopProduct:
    """A product a customer spent most on."""

    product_id: str
    total_spent: float


@dataclass(frozen=True)
class Customer:
    """One customer as of a refresh: `dimensions` by EIGHT, `figures` by FIGURES; `mode` regular or new_customer."""

    refresh_month: date
    customer_id: str
    mode: str
    as_of: datetime
    region: str | None
    dimensions: Mapping[str, str]
    figures: Mapping[str, float]
    missing_regulars: tuple[MissingRegular, ...]
    top_products: tuple[TopProduct, ...]
    recommended_strategy: str
    discount_pct: float
    explanation: str
    rule_version: str


@dataclass(frozen=True)
class LabelCount:
    """How many customers carry a label; `label` is None for all rarer ones together."""

    label: str | None
    customer_count: int
    share: float


@dataclass(frozen=True)
class Region:
    """One region of a refresh; the sources say whether a figure was given, computed, taken from all, or is unknown."""

    region: str
    customer_count: int
    order_count: int
    region_median_basket: float
    median_source: str
    affinity_category: str
    trend_source: str
    region_climate: str
    climate_source: str


@dataclass(frozen=True)
class TierLift:
    """What customers of a tier did afterwards, over what all others did."""

    dimension: str
    tier: str
    outcome: str
    lift: float
    lift_low: float
    lift_high: float
    days: float


@dataclass(frozen=True)
class CustomersSummary:
    """Everything the summary of a run tells of customers; `labels`: dimension -> (label, customers), most first."""

    refresh_month: date
    as_of: datetime
    customer_count: int
    order_count: int
    total_spent: float
    labels: dict[str, list[tuple[str, int]]]
    lifts: list[TierLift]


def customers(connection: duckdb.DuckDBPyConnection, month: date | None) -> CustomersSummary | None:
    """Return the summary of a month (None: the newest); None where it has no customers."""
    if month is None:
        month = max(customer_months(connection), default=None)
    if month is None or not has_table(connection, "customer_segments"):
        return None
    bound = {"month": month}
    ((as_of, count, orders, spent),) = ask(
        connection,
        "SELECT max(as_of), count(*), sum(order_count), sum(total_spent::DECIMAL(38, 4)) FROM customer_segments"
        " WHERE refresh_month = $month",
        bound,
    )
    if not count:
        return None
    labels = {
        dimension: [
            (str(label), int(carriers))
            for label, carriers in ask(
                connection,
                f"SELECT {dimension}, count(*) FROM customer_segments WHERE refresh_month = $month"
                " GROUP BY 1 ORDER BY 2 DESC, 1",
                bound,
            )
        ]
        for dimension in DIMENSIONS
    }
    lifts = [
        TierLift(*row)
        for row in ask(
            connection,
            "SELECT dimension, tier, outcome, lift, lift_low, lift_high, epoch(as_of - landmark_at) / 86400"
            " FROM tier_backtests WHERE refresh_month = $month AND lift IS NOT NULL AND (dimension, outcome) IN"
            " (('churn', 'repurchase'), ('value', 'spend'), ('loyalty', 'orders'))"
            " ORDER BY dimension, lift DESC, tier",
            bound,
        )
    ]
    return CustomersSummary(month, as_of, int(count), int(orders), float(spent), labels, lifts)


def customer_months(connection: duckdb.DuckDBPyConnection) -> list[date]:
    """Return the refreshes that have customers, oldest first."""
    if not has_table(connection, "customer_segments"):
        return []
    return [row[0] for row in ask(connection, "SELECT DISTINCT refresh_month FROM customer_segments ORDER BY ALL")]


def customer_labels(connection: duckdb.DuckDBPyConnection, month: date, most: int = 8) -> dict[str, list[LabelCount]]:
    """Return dimension -> its most frequent labels, most first, the rest as one; mode and strategy are told too."""
    found = {}
    for dimension in ("mode", *EIGHT, "recommended_strategy"):
        rows = ask(
            connection,
            f"WITH counted AS (SELECT {dimension} AS label, count(*) AS n, row_number() OVER (ORDER BY n DESC, label)"
            " AS place FROM customer_segments WHERE refresh_month = $month GROUP BY 1)"
            " SELECT IF(place <= $most, label, NULL) AS shown, sum(n), sum(n) / (SELECT sum(n) FROM counted)"
            " FROM counted GROUP BY shown ORDER BY shown IS NULL, sum(n) DESC, shown",
            {"month": month, "most": most},
        )
        found[dimension] = [LabelCount(label, int(count), float(share)) for label, count, share in rows]
    return found


def regions(connection: duckdb.DuckDBPyConnection, month: date) -> list[Region]:
    """Return the regions of a refresh, the whole shop first, then by customers; the 1,000 largest."""
    source = (
        "FROM region_segments WHERE refresh_month = $month"
        f" ORDER BY region <> '{WHOLE_SHOP}', customer_count DESC, region LIMIT 1000"
    )
    return ask_as(connection, Region, source, {"month": month})


def customers_like(connection: duckdb.DuckDBPyConnection, month: date, beginning: str, most: int) -> list[str]:
    """Return ids of customers that begin so, those who spent most first: what a picker offers."""
    rows = ask(
        connection,
        "SELECT customer_id FROM customer_segments WHERE refresh_month = $month"
        " AND starts_with(lower(customer_id), lower($beginning)) ORDER BY total_spent DESC, customer_id LIMIT $most",
        {"month": month, "beginning": beginning, "most": most},
    )
    return [customer_id for (customer_id,) in rows]


def customer(
    connection: duckdb.DuckDBPyConnection, month: date | None, customer_id: str, language: Literal["en", "tr"]
) -> Customer:
    """Return one customer as of a refresh (None: the newest with customers), explained in a language.

    Raises:
        NotFound: the refresh knows no such customer; the text names ids that begin alike.
    """
    wanted = month or max(customer_months(connection), default=None)
    if wanted is None or not has_table(connection, "customer_segments"):
        raise NotFound("No customers are published yet. Next: `segpipe run --purchases YOUR_FILE`.")
    names = (
        *("refresh_month", "customer_id", "mode", "as_of", "region", "recommended_strategy", "discount_pct"),
        *("rule_version", "missing_regulars", *EIGHT, *FIGURES),
    )
    products = "[{'product_id': one.productId, 'total_spent': one.totalSpent} for one in top_products]"
    rows = ask(
        connection,
        f"SELECT {', '.join(names)}, {products}"
        " FROM customer_segments WHERE refresh_month = $month AND customer_id = $id",
        {"month": wanted, "id": customer_id},
    )
    if not rows:
        known = customers_like(connection, wanted, customer_id[:2], most=10) or customers_like(
            connection, wanted, "", 10
        )
        raise NotFound(
            f"{wanted:%Y-%m} knows no customer {customer_id}. Next: choose one, such as {', '.join(known) or 'none'}."
        )
    return _customer(dict(zip([*names, "top_products"], rows[0], strict=True)), language)


def _customer(row: Mapping[str, Any], language: Literal["en", "tr"]) -> Customer:
    missing = row["missing_regulars"]
    analysis = {told: row[name] for name, told in _CAMEL.items()} | {"missingRegulars": missing}
    return Customer(
        row["refresh_month"],
        row["customer_id"],
        row["mode"],
        row["as_of"],
        row["region"],
        {name: row[name] for name in EIGHT},
        {name: float(row[name]) for name in FIGURES},
        tuple(
            MissingRegular(
                one["productId"],
                one["category"],
                one["avgDaysBetween"],
                one["lastPurchaseDaysAgo"],
                one["daysOverdue"],
            )
            for one in missing
        ),
        tuple(TopProduct(**one) for one in row["top_products"]),
        row["recommended_strategy"],
        float(row["discount_pct"]),
        explain(analysis, language=language),
        row["rule_version"],
    )
