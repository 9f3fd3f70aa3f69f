-- product_history: one row per customer and product, in the order of customer and category.
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

CREATE OR REPLACE TEMP TABLE product_names AS
SELECT enum_range(NULL::product_name) AS names
