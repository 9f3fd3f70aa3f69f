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
    from collections.abc import Callable, Sequence

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

PACKED = """
CREATE OR REPLACE TEMP MACRO spend_of_product(units, code) AS
    (CAST(units AS {kind}) << {product_bits}) + code;
CREATE OR REPLACE TEMP MACRO units_of(spend) AS CAST(spend >> {product_bits} AS DOUBLE);
CREATE OR REPLACE TEMP MACRO place_of(spend) AS CAST(spend & (1::BIGINT << {product_bits}) - 1 AS BIGINT) + 1;

CREATE OR REPLACE TEMP MACRO spend_and_orders(units, orders) AS
    CAST(units AS {kind}) * (1::HUGEINT << {order_bits} + {category_bits}) + orders;
CREATE OR REPLACE TEMP MACRO of_category(spent, code) AS spent + (CAST(code AS BIGINT) << {order_bits});
CREATE OR REPLACE TEMP MACRO category_of(spent) AS
    CAST((spent >> {order_bits}) & (1::HUGEINT << {category_bits}) - 1 AS BIGINT);
CREATE OR REPLACE TEMP MACRO orders_of(spent) AS CAST(spent & (1::HUGEINT << {order_bits}) - 1 AS BIGINT)
"""
"""What decides between rows in one whole number, each in its own bits, the most telling highest: spend on a product and
the product; spend on a category, the category and its orders. Each takes no more bits than the data need, so that
running totals of spend stay within a number."""

BIGINT_BITS = 63
NUMBERS = 2**31
"""Customers are numbered within an INTEGER, each part from a multiple of this over the count of parts."""

FEWEST_LINES = 100_000
MOST_LINES = 8_000_000
"""Purchase lines of a part, at least and at most: a part is gone through by one core, and DuckDB holds the sums of its
customers, about 150 bytes each, per thread."""

MOST_PARTS = 64
MOST_DIRECT = 10
"""Up to so many top products are kept while grouping; room for more would be taken for every customer."""

PLANNED = """
SET perfect_ht_threshold = {bits};
SET disabled_optimizers = 'build_side_probe_side,join_order'
"""
"""How the rules are computed: customers of a part are grouped by their number itself, without hashing, and tables are
joined as written, the small one on the right. DuckDB cannot estimate how many rows stand side by side, and should it
join the one row of product_names first, it would copy all names to every customer."""

UNPLANNED = "RESET perfect_ht_threshold; RESET disabled_optimizers"

VIEWS = ("marked_lines", "order_totals", "customer_orders", "customer_facts")
TEMPORARY = (
    "sorted_lines",
    "product_history",
    "product_names",
    "category_names",
    "product_categories",
    "known_customers",
    "region_facts",
    "tier_words",
)


@dataclass(frozen=True)
class Part:
    """Customers numbered from `first` to `last` without a gap, whose rows stand together in every table of them."""

    first: int
    last: int


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
    parts = prepare_history(db, now)
    prepare_facts(db, now, settings)
    told = {"month": month, "as_of": now, "rule_version": settings.rule_version, "labels": settings.labels_name}
    head = "SELECT $month AS refresh_month, $as_of AS as_of, $rule_version AS rule_version, $labels AS labels, * FROM "
    regions = db.replace(
        RegionSegments,
        f"{head} ({region_segments_sql(settings)})",
        {**told, "budget_factor": settings.thresholds.budget_factor},
        month=month,
    )
    # Sorted rows can be stored by every core.
    customers = db.replace(
        CustomerSegments,
        f"{head} ({segments_sql(settings, parts)}) ORDER BY customer_id",
        {**told, **segment_parameters(now, settings)},
        month=month,
    )
    forget(db)
    return Written(now, customers, regions)


def prepare_history(db: Database, now: datetime) -> tuple[Part, ...]:
    """Make product_history of purchases up to a moment, and views of what each order came to and each customer ordered.

    Returns the parts customers are gone through in, a core each; which those are changes no row.
    """
    db.execute(_filled("sorted_lines", now=literal(now)))
    keys = _keys_of_parts(db)
    step = NUMBERS // len(keys)
    lines = [
        _filled("marked_lines", first=first, last=last, base=place * step) for place, (first, last) in enumerate(keys)
    ]
    for view, of_parts in {
        "marked_lines": lines,
        "order_totals": [_filled("order_totals", lines=part) for part in lines],
        "customer_orders": [_filled("customer_orders", lines=part) for part in lines],
    }.items():
        db.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {' UNION ALL '.join(of_parts)}")
    db.execute(load_sql(__package__, "product_history"))
    _make_packing(db)
    found = db.execute(
        f"SELECT min(customer), max(customer) FROM product_history GROUP BY customer // {step} ORDER BY 1"
    ).fetchall()
    parts = tuple(Part(first, last) for first, last in found) or (Part(0, 0),)
    db.execute(PLANNED.format(bits=max((part.last - part.first).bit_length() for part in parts) + 1))
    return parts


def forget(db: Database) -> None:
    """Drop what prepare_history and prepare_facts made."""
    for view in VIEWS:
        db.execute(f"DROP VIEW {view}")
    for table in TEMPORARY:
        db.execute(f"DROP TABLE {table}")
    db.execute(UNPLANNED)


def prepare_facts(db: Database, now: datetime, settings: CustomerSettings) -> None:
    """Make what is known of customers, regions and tiers as of a moment: known_customers, region_facts, tier_words."""
    db.execute(_filled("known_customers", now=literal(now)))
    db.execute(
        _filled(
            "region_facts",
            now=literal(now),
            min_orders=settings.region_min_orders,
            trend_days=settings.trend_days,
            unknown=quoted(settings.unknown),
        )
    )
    db.execute(load_sql(__package__, "customer_facts"))
    words = {**settings.label_table(), "mode": {mode: mode for mode in MODES}}
    strategy, discount = _strategies(settings, lambda name, code: f"{name} = {_NUMBERS[name][code]}")
    db.execute(
        _filled(
            "tier_words",
            code=_code_of_tiers(""),
            words=",\n    ".join(f"{_words(name, words[name])} AS {name}" for name in _NUMBERS),
            strategy=strategy,
            discount=discount,
            tiers=", ".join(f"(SELECT unnest(range({len(codes)})) AS {name})" for name, codes in _NUMBERS.items()),
        )
    )


def payloads_sql(now: datetime) -> str:
    """Return the SELECT of customer_id and payload (JSON): what `analyze` takes, after prepare_history and _facts."""
    return load_sql(__package__, "payloads").replace("{now}", literal(now))


def segments_sql(settings: CustomerSettings, parts: Sequence[Part]) -> str:
    """Return the SELECT of the rules over the parts of `prepare_history`; its parameters are `segment_parameters`."""
    products = _most(settings.thresholds.top_products)
    customers = "\nUNION ALL\n".join(
        _filled("part_of_customers", first=part.first, last=part.last, products=products) for part in parts
    )
    return _filled(
        "segments",
        unknown=quoted(settings.unknown),
        code=_code_of_tiers("t."),
        customers=customers,
        **{f"{name}.{code}": number for name, codes in _NUMBERS.items() for code, number in codes.items()},
    )


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


def _filled(name: str, **texts: object) -> str:
    """Return the text of `sql/NAME.sql` with what stands in braces filled in."""
    return re.sub(r"\{([\w.]+)\}", lambda found: str(texts[found[1]]), load_sql(__package__, name))


def _keys_of_parts(db: Database) -> list[tuple[int, int]]:
    """Return the first and last key of the customers of each part: about as many of the sorted lines to each."""
    lines, threads = db.one("SELECT count(*), current_setting('threads') FROM sorted_lines")
    most = max(lines // FEWEST_LINES, 1)
    count = min(max(int(threads), -(-lines // MOST_LINES)), most, MOST_PARTS)
    cuts = (lines * place // count for place in range(1, count))
    beyond = sorted({db.one(f"SELECT customer_key FROM sorted_lines LIMIT 1 OFFSET {cut}")[0] for cut in cuts})
    return list(zip([-(2**63), *beyond], [*(key - 1 for key in beyond), 2**63 - 1], strict=True))


def _make_packing(db: Database) -> None:
    """Make the macros of PACKED, with the bits that product_history needs."""
    most_units, orders, products, categories = (
        int(most).bit_length()
        for most in db.one(
            "SELECT coalesce(max(units), 0), coalesce(sum(order_count), 0), (SELECT len(names) FROM product_names),"
            " (SELECT count(*) FROM category_names) FROM product_history"
        )
    )
    kind = "BIGINT" if most_units + products < BIGINT_BITS else "HUGEINT"
    db.execute(PACKED.format(kind=kind, product_bits=products, category_bits=categories, order_bits=orders))


def _most(count: int) -> str:
    """Return the aggregate of the so many largest spends, the largest first."""
    if 1 <= count <= MOST_DIRECT:
        return f"max(spend, {count})"
    return f"list_reverse_sort(list(spend))[1:{count}]"


def _code_of_tiers(of: str) -> str:
    """Return the number of a combination of tiers in SQL: their numbers as digits, each with a base of its own."""
    code = "0"
    for name, codes in _NUMBERS.items():
        code = f"({code} * {len(codes)} + {of}{name})"
    return f"CAST({code} AS INTEGER)"


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
