"""Customers of a refresh, as published: how many carry each label, and what the tiers foretold.

Add here: another figure people look for first. Keep out: how customers are segmented (customers/).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segmentation_pipeline.client.published import ask

if TYPE_CHECKING:
    from datetime import date, datetime

    import duckdb

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
    if not ask(connection, "SELECT 1 FROM duckdb_tables() WHERE table_name = 'customer_segments'"):
        return None
    if month is None:
        ((month,),) = ask(connection, "SELECT max(refresh_month) FROM customer_segments")
    if month is None:
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
