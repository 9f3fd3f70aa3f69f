"""Customers gone through in parts over many blocks of rows are those that plain grouping finds."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest

from segmentation_pipeline.customer_settings import CustomerSettings
from segmentation_pipeline.customers.segmenting import (
    forget,
    prepare_facts,
    prepare_history,
    segment_parameters,
    segments_sql,
)
from segmentation_pipeline.customers.tables import Customers, Purchases, Regions
from segmentation_pipeline.warehouse.database import memory_database

NOW = datetime(2026, 1, 1)
LINES = 600_000
"""Five blocks of DuckDB's 122,880 rows: several threads read them at once."""

# Order numbers, customers, products and moments each hash differently: no two of them are in one order. Lines of an
# order differ in time by up to two days.
GENERATE = """
INSERT INTO purchases BY NAME
SELECT
    'c' || customer AS customer_id,
    (hash(customer) >> 1)::BIGINT AS customer_key,
    'p' || (hash(i, 1) % 50) AS product_id,
    CASE WHEN hash(i, 1) % 50 < 45 THEN 'k' || (hash(i, 1) % 50 % 7) END AS category,
    1 AS quantity,
    ((hash(i, 2) % 100000) / 100)::DECIMAL(18, 4) AS line_total,
    (hash(order_number, 3) >> 1)::BIGINT AS order_key,
    TIMESTAMP '2025-01-01'
    + to_seconds((hash(order_number, 5) % 31000000 + hash(i, 6) % 172800)::BIGINT) AS purchased_at
FROM (
    SELECT i, i // 3 AS order_number, (hash(i // 3, 4) % 60000)::BIGINT AS customer
    FROM range($lines) AS generated(i)
)
"""

# What each customer bought of each product, found by grouping alone.
GROUPED = """
SELECT
    customer_key,
    product_id,
    CAST(sum(units) AS BIGINT) AS units,
    count(*) AS order_count,
    epoch_us(max(last_at)) AS last_us,
    CASE WHEN count(*) > 1
        THEN (epoch_us(max(last_at)) - epoch_us(min(last_at))) / 86400000000 / (count(*) - 1) END AS avg_days_between
FROM (
    SELECT customer_key, product_id, order_key, sum(line_total * 10000) AS units, max(purchased_at) AS last_at
    FROM purchases
    WHERE purchased_at <= $now
    GROUP BY ALL
)
GROUP BY ALL
"""
FOUND = """
SELECT
    o.customer_key,
    h.product::VARCHAR AS product_id,
    h.units::BIGINT AS units,
    h.order_count,
    h.last_us,
    h.avg_days_between
FROM product_history AS h
INNER JOIN customer_orders AS o ON h.customer = o.customer
"""

# The category most was spent on, the first by name where two are equal; orders are counted per product.
STRONGEST = """
SELECT 'c' || customer AS customer_id, arg_min(category, struct_pack(u := -units, c := category)) AS category
FROM (
    SELECT customer_id[2:] AS customer, category, sum(line_total) AS units
    FROM purchases WHERE category IS NOT NULL AND purchased_at <= $now GROUP BY ALL
)
GROUP BY customer
"""


# Everything else that is summed over what a customer bought.
SUMS = """
SELECT customer_id, order_count, total_spent, recency, list(product_id ORDER BY units DESC, product_id)[:5] AS products
FROM (
    SELECT customer_id, product_id, sum(line_total) AS units
    FROM purchases WHERE purchased_at <= $now GROUP BY ALL
)
INNER JOIN (
    SELECT
        customer_id,
        count(DISTINCT order_key) AS order_count,
        sum(line_total)::DOUBLE AS total_spent,
        (epoch_us($now) - epoch_us(max(purchased_at))) // 86400000000 AS recency
    FROM purchases WHERE purchased_at <= $now GROUP BY ALL
) USING (customer_id)
GROUP BY ALL
"""

# The products bought regularly and overdue, the most overdue first.
OVERDUE = f"""
SELECT
    (SELECT any_value(customer_id) FROM customers AS c WHERE c.customer_key = g.customer_key) AS customer_id,
    list(product_id ORDER BY days - avg_days_between DESC, product_id) AS products
FROM (SELECT *, (epoch_us($now) - last_us) // 86400000000 AS days FROM ({GROUPED})) AS g
WHERE avg_days_between > 0 AND avg_days_between <= 60 AND days > 1.2 * avg_days_between
GROUP BY g.customer_key
"""


@pytest.fixture(scope="module")
def shop():
    with memory_database() as db:
        db.execute("SET threads = 4")
        db.ensure(Purchases, Customers, Regions)
        db.execute(GENERATE, {"lines": LINES})
        db.execute(
            "INSERT INTO customers BY NAME SELECT customer_id, customer_key, min(purchased_at) AS member_since,"
            " min(purchased_at) AS first_purchase_at FROM purchases GROUP BY ALL"
        )
        parts = prepare_history(db, NOW)
        assert len(parts) == 4
        prepare_facts(db, NOW, CustomerSettings())
        yield db, parts
        forget(db)


def different(db, one, other, **parameters):
    (count,) = db.one(
        f"SELECT count(*) FROM ((({one}) EXCEPT ALL ({other})) UNION ALL (({other}) EXCEPT ALL ({one})))", parameters
    )
    return count


def test_histories_are_those_of_plain_grouping(shop):
    db, _ = shop
    (count,) = db.one("SELECT count(*) FROM product_history")
    assert count > 2 * 122_880
    assert different(db, FOUND, GROUPED, now=NOW) == 0


def test_orders_and_their_totals_are_those_of_plain_grouping(shop):
    db, _ = shop
    orders = "SELECT customer_key, count(DISTINCT order_key) FROM purchases WHERE purchased_at <= $now GROUP BY ALL"
    assert different(db, "SELECT customer_key, order_count FROM customer_orders", orders, now=NOW) == 0
    totals = (
        "SELECT customer_key, CAST(sum(line_total * 10000) AS BIGINT) FROM purchases WHERE purchased_at <= $now"
        " GROUP BY customer_key, order_key"
    )
    found = (
        "SELECT customer_key, units::BIGINT FROM order_totals AS t INNER JOIN customer_orders AS o"
        " ON t.customer = o.customer"
    )
    assert different(db, found, totals, now=NOW) == 0


@pytest.fixture(scope="module")
def finished(shop):
    db, parts = shop
    settings = CustomerSettings(labels="en")
    db.execute(f"CREATE TEMP TABLE finished AS {segments_sql(settings, parts)}", segment_parameters(NOW, settings))
    return db, settings


def test_the_strongest_category_is_that_of_plain_grouping(finished):
    db, settings = finished
    found = f"SELECT customer_id, affinity_category FROM finished WHERE affinity_category <> '{settings.unknown}'"
    assert different(db, found, STRONGEST, now=NOW) == 0


def test_sums_and_top_products_are_those_of_plain_grouping(finished):
    db, _ = finished
    found = (
        "SELECT customer_id, order_count, round(total_spent, 4), last_purchase_days_ago,"
        " [one.productId for one in top_products] FROM finished"
    )
    assert different(db, found, SUMS, now=NOW) == 0


def test_overdue_products_are_those_of_plain_grouping(finished):
    db, _ = finished
    found = (
        "SELECT customer_id, [one.productId for one in missing_regulars] FROM finished WHERE len(missing_regulars) > 0"
    )
    assert db.one(f"SELECT count(*) FROM ({found})")[0] > 1_000
    assert different(db, found, OVERDUE, now=NOW) == 0


def test_rows_that_do_not_stand_side_by_side_are_refused(shop):
    db, parts = shop
    settings = CustomerSettings()
    reordered = "CREATE OR REPLACE TEMP TABLE known_customers AS FROM known_customers ORDER BY customer"
    db.execute(f"{reordered} DESC")
    with pytest.raises(duckdb.Error, match="stand in different orders"):
        db.execute(f"SELECT count(*) FROM ({segments_sql(settings, parts)})", segment_parameters(NOW, settings))
    db.execute(reordered)
    assert db.one(f"SELECT count(*) > 0 FROM ({segments_sql(settings, parts)})", segment_parameters(NOW, settings))[0]


# A wrong column may be mapped to the price: every line is the largest amount a table holds.
LARGEST = """
INSERT INTO purchases BY NAME
SELECT
    'c' || (i % 100) AS customer_id,
    i % 100 AS customer_key,
    'p' || (i % 3) AS product_id,
    'k' || (i % 3) AS category,
    1 AS quantity,
    99_999_999_999_999::DECIMAL(18, 4) AS line_total,
    i AS order_key,
    TIMESTAMP '2025-12-01' AS purchased_at
FROM range(20_000) AS generated(i)
"""


def test_sums_of_the_largest_amounts_are_held():
    settings = CustomerSettings()
    with memory_database() as db:
        db.ensure(Purchases, Customers, Regions)
        db.execute(LARGEST)
        db.execute(
            "INSERT INTO customers BY NAME SELECT DISTINCT customer_id, customer_key, purchased_at AS member_since,"
            " purchased_at AS first_purchase_at FROM purchases"
        )
        parts = prepare_history(db, NOW)
        prepare_facts(db, NOW, settings)
        rows = db.rows(segments_sql(settings, parts), segment_parameters(NOW, settings))
    # Of 200 lines in turn 67 are of the first category, 67 of the one after it and 66 of the third.
    strongest = {f"c{number}": min(f"k{number % 3}", f"k{(number + 1) % 3}") for number in range(100)}
    assert {row["customer_id"]: row["affinity_category"] for row in rows} == strongest
    assert {round(row["total_spent"] / 99_999_999_999_999) for row in rows} == {200}
    assert {row["order_count"] for row in rows} == {200}
