-- product_history: one row per customer and product, in the order of customer and category, from purchases up to {now};
-- customer_orders: orders per customer; order_totals: what each order came to. Customers are numbered from 0 in the
-- order of their keys.
-- Lines are sorted once, so that the lines of a customer, of an order and of a product in it stand next to each other:
-- where one ends, and sums up to there, are then found in one pass over the rows as they stand (windows with an empty
-- OVER keep the order of the table), several times faster than grouping by what stands in them. Three narrow keys sort
-- twice as fast as four.
-- Products and categories are enumerations in the reverse order of their names: the largest spend of the largest name
-- is that of the first name, so one descending order decides ties as people read names.
-- Money is counted in whole ten-thousandths in a DOUBLE: exact up to 9e11, in whatever order it is added up.
DROP TABLE IF EXISTS product_history;
DROP TABLE IF EXISTS product_categories;
DROP TABLE IF EXISTS sorted_lines;
DROP TABLE IF EXISTS marked_lines;
DROP TYPE IF EXISTS product_name;
DROP TYPE IF EXISTS category_name;
CREATE TEMP TYPE product_name AS ENUM (SELECT DISTINCT product_id FROM purchases ORDER BY product_id DESC);
CREATE TEMP TYPE category_name AS ENUM (
    SELECT category FROM (SELECT category FROM purchases WHERE category IS NOT NULL UNION SELECT '')
    ORDER BY category DESC
);

CREATE OR REPLACE TEMP TABLE category_names AS
SELECT enum_code(name::category_name)::BIGINT AS code, name AS category
FROM (SELECT unnest(enum_range(NULL::category_name)) AS name);

CREATE TEMP TABLE product_categories AS
SELECT
    product_id::product_name AS product,
    arg_min(category::category_name, struct_pack(n := -line_count, c := category::category_name)) AS category
FROM (SELECT product_id, category, count(*) AS line_count FROM purchases WHERE category IS NOT NULL GROUP BY ALL)
GROUP BY product_id;

-- A cast that cannot fail is done once per distinct text of a block, not once per row.
CREATE TEMP TABLE sorted_lines AS
SELECT
    customer_key,
    order_key,
    try_cast(product_id AS product_name) AS product,
    epoch_us(purchased_at) AS at_us,
    CAST(line_total * 10000 AS BIGINT) AS units
FROM purchases
WHERE purchased_at <= {now}
ORDER BY customer_key, order_key, product;

CREATE TEMP TABLE marked_lines AS
SELECT
    CAST(count(*) FILTER (ends_customer) OVER (ROWS UNBOUNDED PRECEDING) AS INTEGER) - ends_customer::INTEGER AS customer,
    customer_key,
    order_key,
    product,
    units,
    at_us,
    ends_customer,
    ends_customer OR is_other_order AS ends_order,
    ends_customer OR is_other_order OR is_other_product AS ends_product,
    NOT (ends_customer OR is_other_order OR is_other_product) AND next_us <> at_us AS is_uneven
FROM (
    SELECT
        *,
        lead(customer_key) OVER () IS DISTINCT FROM customer_key AS ends_customer,
        lead(order_key) OVER () IS DISTINCT FROM order_key AS is_other_order,
        lead(product) OVER () IS DISTINCT FROM product AS is_other_product,
        lead(at_us) OVER () AS next_us
    FROM sorted_lines
);
DROP TABLE sorted_lines;

CREATE OR REPLACE TEMP TABLE order_totals AS
SELECT customer, CAST(units_so_far - lag(units_so_far, 1, 0) OVER () AS DOUBLE) AS units
FROM (
    SELECT customer, ends_order, sum(units) OVER (ROWS UNBOUNDED PRECEDING) AS units_so_far
    FROM marked_lines
)
WHERE ends_order;

CREATE OR REPLACE TEMP TABLE customer_orders AS
SELECT customer, customer_key, orders_so_far - lag(orders_so_far, 1, 0) OVER () AS order_count
FROM (
    SELECT
        customer,
        customer_key,
        ends_customer,
        count(*) FILTER (ends_order) OVER (ROWS UNBOUNDED PRECEDING) AS orders_so_far
    FROM marked_lines
)
WHERE ends_customer;

-- An order counts as bought when its last line was. Where lines of a product in an order differ in time, the last line
-- of the sort need not be the latest: these products are grouped by order after all.
CREATE TEMP TABLE product_history AS
WITH uneven AS (
    SELECT customer, product, min(at_us) AS first_us
    FROM (
        SELECT customer, product, order_key, max(at_us) AS at_us
        FROM marked_lines
        SEMI JOIN (SELECT DISTINCT customer, product FROM marked_lines WHERE is_uneven) USING (customer, product)
        GROUP BY customer, product, order_key
    )
    GROUP BY customer, product
)

SELECT
    h.customer,
    h.product,
    c.category,
    h.units,
    h.order_count,
    h.last_us,
    CASE
        WHEN h.order_count > 1
            THEN (h.last_us - coalesce(u.first_us, h.first_us)) / 86400000000 / (h.order_count - 1)
    END AS avg_days_between
FROM (
    SELECT
        customer,
        product,
        sum(units::DOUBLE) AS units,
        count(*) FILTER (ends_product) AS order_count,
        max(at_us) AS last_us,
        min(at_us) FILTER (ends_product) AS first_us
    FROM marked_lines
    GROUP BY customer, product
) AS h
LEFT JOIN product_categories AS c ON h.product = c.product
LEFT JOIN uneven AS u ON h.customer = u.customer AND h.product = u.product
ORDER BY h.customer, c.category;
DROP TABLE marked_lines;

CREATE OR REPLACE TEMP TABLE product_names AS
SELECT enum_range(NULL::product_name) AS names
