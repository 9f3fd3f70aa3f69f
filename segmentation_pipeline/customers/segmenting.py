"""customer_segments and region_segments of a month: the rules, computed for everybody in SQL.

Add here: another step between purchases and segments. Keep out: the rules themselves (sql/segments.sql, rules.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from segmentation_pipeline.customer_settings import CODES, MODES
from segmentation_pipeline.customers.tables import CustomerSegments, Purchases, RegionSegments
from segmentation_pipeline.warehouse.contracts import quoted
from segmentation_pipeline.warehouse.database import load_sql

if TYPE_CHECKING:
    from collections.abc import Callable

    from segmentation_pipeline.customer_settings import CustomerSettings
    from segmentation_pipeline.warehouse.database import Database

REGION_CODES = {
    "age_segment": "adult",
    "churn": "active",
    "value": "standard",
    "loyalty": "silver",
    "affinity_type": "exploring",
    "diversity": "balanced",
}

_NUMBERS = {
    name: {code: number for number, code in enumerate(codes)} for name, codes in {"mode": MODES, **CODES}.items()
}
"""Numbers the values have while the rules are computed: comparing them is quicker than comparing texts."""

NO_HISTORY = """
DROP TABLE IF EXISTS product_history;
DROP TYPE IF EXISTS product_name;
DROP TYPE IF EXISTS category_name;
CREATE TEMP TYPE product_name AS ENUM ('');
CREATE TEMP TYPE category_name AS ENUM ('');
CREATE TEMP TABLE product_history (
    customer INTEGER, product product_name, category category_name, units DOUBLE, order_count BIGINT,
    last_us BIGINT, avg_days_between DOUBLE
);
CREATE OR REPLACE TEMP TABLE product_names AS SELECT [''] AS names;
CREATE OR REPLACE TEMP TABLE category_names (code BIGINT, category VARCHAR);
CREATE OR REPLACE TEMP TABLE order_totals (customer INTEGER, units DOUBLE);
CREATE OR REPLACE TEMP TABLE customer_orders (customer INTEGER, customer_key BIGINT, order_count BIGINT)
"""

PACKED = """
CREATE OR REPLACE TEMP MACRO spend_of_product(units, code) AS
    (CAST(units AS {kind}) << {bits}) + code;
CREATE OR REPLACE TEMP MACRO units_of(spend) AS CAST(spend >> {bits} AS DOUBLE);
CREATE OR REPLACE TEMP MACRO place_of(spend) AS CAST(spend & {mask} AS BIGINT) + 1;
CREATE OR REPLACE TEMP MACRO middle_customer() AS {middle}
"""
"""Spend on a product and the product in one whole number, and both again: the lowest bits hold the product."""

BIGINT_BITS = 63
DIRECT_BITS = 22
"""Up to this many bits of customers (4 million) are grouped by their number itself, without hashing: DuckDB then
holds the sums of 2**bits customers per thread, about 100 bytes each."""

MOST_DIRECT = 10
"""Up to so many top products are kept while grouping; room for more would be taken for every customer."""

TEMPORARY = (
    "product_history",
    "product_names",
    "category_names",
    "order_totals",
    "customer_orders",
    "known_customers",
    "region_facts",
)


@dataclass(frozen=True)
class Written:
    """What was written for a month; `as_of` is None where there was nobody to segment."""

    as_of: datetime | None
    customer_count: int = 0
    region_count: int = 0


def as_of_month(db: Database, month: date) -> datetime | None:
    """Return the moment a month is computed at: its end or the last purchase; None before the first customer.

    Without any purchase it is the end of the month.
    """
    end = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    (last, customers) = db.one(
        "SELECT (SELECT max(purchased_at) FROM purchases), (SELECT count(*) FROM customers"
        " WHERE coalesce(least(first_purchase_at, member_since), TIMESTAMP '1900-01-01') < $end)",
        {"end": end},
    )
    if not customers:
        return None
    month_end = datetime(end.year, end.month, 1) - datetime.resolution  # noqa: DTZ001 - naive UTC
    return min(last, month_end) if last is not None else month_end


def write_segments(db: Database, month: date, settings: CustomerSettings) -> Written:
    """Replace the rows of a month in region_segments and customer_segments."""
    db.ensure(Purchases, CustomerSegments, RegionSegments)
    now = as_of_month(db, month)
    if now is None:
        nothing = "WHERE false"
        db.replace(RegionSegments, f"SELECT * FROM region_segments {nothing}", month=month)
        db.replace(CustomerSegments, f"SELECT * FROM customer_segments {nothing}", month=month)
        return Written(None)
    prepare_history(db, now)
    prepare_facts(db, now, settings)
    told = {"month": month, "as_of": now, "rule_version": settings.rule_version, "labels": settings.labels_name}
    head = "SELECT $month AS refresh_month, $as_of AS as_of, $rule_version AS rule_version, $labels AS labels, * FROM "
    regions = db.replace(
        RegionSegments,
        f"{head} ({region_segments_sql(settings)})",
        {**told, "budget_factor": settings.thresholds.budget_factor},
        month=month,
    )
    customers = db.replace(
        CustomerSegments,
        f"{head} ({segments_sql(settings)})",
        {**told, **segment_parameters(now, settings)},
        month=month,
    )
    forget(db)
    return Written(now, customers, regions)


def prepare_history(db: Database, now: datetime) -> None:
    """Make the temporary tables of purchases up to a moment: product_history, customer_orders and order_totals.

    Until `forget`, customers are grouped by their numbers.
    """
    (is_any,) = db.one("SELECT count(*) > 0 FROM (SELECT 1 FROM purchases LIMIT 1)")
    db.execute(load_sql(__package__, "product_history").replace("{now}", literal(now)) if is_any else NO_HISTORY)
    most, customers, product_count = db.one(
        "SELECT coalesce(max(units), 0), coalesce(max(customer), 0), (SELECT len(names) FROM product_names)"
        " FROM product_history"
    )
    bits = int(product_count).bit_length()
    kind = "BIGINT" if int(most).bit_length() + bits < BIGINT_BITS else "HUGEINT"
    db.execute(PACKED.format(kind=kind, bits=bits, mask=2**bits - 1, middle=customers // 2 + 1))
    db.execute(load_sql(__package__, "spent_per_category"))
    db.execute(f"SET perfect_ht_threshold = {DIRECT_BITS}")


def forget(db: Database) -> None:
    """Drop what prepare_history and prepare_facts made."""
    db.execute("DROP VIEW customer_facts")
    for table in TEMPORARY:
        db.execute(f"DROP TABLE {table}")
    db.execute("RESET perfect_ht_threshold")


def prepare_facts(db: Database, now: datetime, settings: CustomerSettings) -> None:
    """Make what is known of customers and regions as of a moment: customer_facts and region_facts."""
    db.execute(load_sql(__package__, "known_customers").replace("{now}", literal(now)))
    texts = {
        "now": literal(now),
        "min_orders": str(settings.region_min_orders),
        "trend_days": str(settings.trend_days),
        "unknown": quoted(settings.unknown),
    }
    sql = load_sql(__package__, "region_facts")
    for name, text in texts.items():
        sql = sql.replace(f"{{{name}}}", text)
    db.execute(sql)
    db.execute(load_sql(__package__, "customer_facts"))


def payloads_sql(now: datetime) -> str:
    """Return the SELECT of customer_id and payload (JSON): what `analyze` takes, after prepare_history and _facts."""
    return load_sql(__package__, "payloads").replace("{now}", literal(now))


def segments_sql(settings: CustomerSettings) -> str:
    """Return the SELECT of the rules; its parameters are `segment_parameters`."""
    words = {**settings.label_table(), "mode": {mode: mode for mode in MODES}}
    strategy, discount = _strategies(settings, lambda name, code: f"{name} = {_NUMBERS[name][code]}")
    top = settings.thresholds.top_products
    products = f"max(spend, {max(top, 1)})" if top <= MOST_DIRECT else "list_reverse_sort(list(spend))"
    texts = {
        "unknown": quoted(settings.unknown),
        "strategy": strategy,
        "discount": discount,
        "products": f"({products})[1:{top}]",
        **{f"label:{name}": _words(name, words[name]) for name in words},
        **{f"{name}.{code}": str(number) for name, codes in _NUMBERS.items() for code, number in codes.items()},
    }
    return re.sub(r"\{([\w:.]+)\}", lambda found: texts[found[1]], load_sql(__package__, "segments"))


def region_segments_sql(settings: CustomerSettings) -> str:
    """Return the SELECT of regions; its parameter is budget_factor."""
    labels = settings.label_table()
    sql = load_sql(__package__, "region_segments")
    sql = re.sub(r"\{fixed:(\w+)\}", lambda found: quoted(labels[found[1]][REGION_CODES[found[1]]]), sql)
    fixed = {"mode": "region", **REGION_CODES}
    strategy, discount = _strategies(settings, lambda name, code: "true" if fixed[name] == code else "false")
    return sql.replace("{strategy}", strategy).replace("{discount}", discount)


def segment_parameters(now: datetime, settings: CustomerSettings) -> dict[str, Any]:
    """Return what segments_sql is run with."""
    bounds = settings.thresholds.model_dump(exclude={"top_products"})
    return {"now_us": round((now - datetime(1970, 1, 1)).total_seconds() * 1e6), **bounds}  # noqa: DTZ001


def literal(moment: datetime) -> str:
    """Return a moment as an SQL literal."""
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"


def _words(dimension: str, words: dict[str, str]) -> str:
    texts = ", ".join(quoted(words[code]) for code in _NUMBERS[dimension])
    return f"[{texts}][{dimension} + 1]"


def _strategies(settings: CustomerSettings, holds: Callable[[str, str], str]) -> tuple[str, str]:
    """Return strategy and discount as CASE expressions; `holds` says in SQL that a dimension has a value."""
    conditions = [
        " AND ".join(
            "(" + " OR ".join(holds(name, code) for code in codes) + ")" for name, codes in rule.conditions.items()
        )
        or "true"
        for rule in settings.strategies
    ]
    pairs = list(zip(conditions, settings.strategies, strict=True))
    strategy = " ".join(f"WHEN {condition} THEN {quoted(rule.strategy)}" for condition, rule in pairs)
    discount = " ".join(f"WHEN {condition} THEN {rule.discount_pct!r}::DOUBLE" for condition, rule in pairs)
    return f"CASE {strategy} END", f"CASE {discount} END"
