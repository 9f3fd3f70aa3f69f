-- region_facts: one row per region of customers or region files, and (all) for the whole shop, as of {now}.
-- The median basket is told, else that of the region's orders, else (fewer than {min_orders}) that of all orders.
-- The trend is told, else the category most was spent on in the last {trend_days} days.
CREATE OR REPLACE TEMP TABLE region_facts AS
WITH regions_told AS (
    SELECT
        region,
        arg_min(climate, city IS NOT NULL) AS climate,
        arg_min(median_basket, city IS NOT NULL) AS median_basket,
        arg_min(trend, city IS NOT NULL) AS trend
    FROM (SELECT * FROM regions ORDER BY region, city)
    GROUP BY region
),

customers_of AS (
    SELECT region, count(*) AS customer_count FROM known_customers WHERE region IS NOT NULL GROUP BY region
    UNION ALL
    SELECT '(all)', count(*) FROM known_customers
),

medians AS (
    SELECT
        CASE WHEN grouping(k.region) = 1 THEN '(all)' ELSE k.region END AS region,
        median(o.units) / 10000 AS median_basket,
        count(*) AS order_count
    FROM order_totals AS o
    INNER JOIN known_customers AS k ON o.customer = k.customer
    GROUP BY GROUPING SETS ((k.region), ())
    HAVING k.region IS NOT NULL OR grouping(k.region) = 1
),

spent_by_region AS MATERIALIZED (
    SELECT c.region, p.category, sum(p.line_total) AS total
    FROM purchases AS p
    INNER JOIN customers AS c ON p.customer_key = c.customer_key
    WHERE p.category IS NOT NULL AND p.purchased_at <= {now} AND p.purchased_at > {now} - to_days({trend_days})
    GROUP BY c.region, p.category
),

spent_lately AS (
    SELECT region, category, total FROM spent_by_region WHERE region IS NOT NULL
    UNION ALL
    SELECT '(all)', category, sum(total) FROM spent_by_region GROUP BY category
),

trends AS (
    SELECT region, arg_min(category, struct_pack(t := -total, c := category)) AS trend
    FROM spent_lately
    GROUP BY region
),

named AS (
    SELECT DISTINCT region FROM customers WHERE region IS NOT NULL
    UNION
    SELECT region FROM regions
    UNION
    SELECT '(all)'
)

SELECT
    n.region,
    coalesce(c.customer_count, 0) AS customer_count,
    coalesce(m.order_count, 0) AS order_count,
    coalesce(
        t.median_basket::DOUBLE,
        CASE WHEN m.order_count >= {min_orders} THEN m.median_basket END,
        s.median_basket,
        0
    ) AS median_basket,
    CASE
        WHEN t.median_basket IS NOT NULL THEN 'given'
        WHEN m.order_count >= {min_orders} OR n.region = '(all)' THEN 'computed'
        ELSE 'shop'
    END AS median_source,
    coalesce(t.trend, d.trend, a.trend, {unknown}) AS trend,
    CASE
        WHEN t.trend IS NOT NULL THEN 'given'
        WHEN coalesce(d.trend, a.trend) IS NOT NULL THEN 'computed'
        ELSE 'unknown'
    END AS trend_source,
    coalesce(t.climate, {unknown}) AS climate,
    CASE WHEN t.climate IS NULL THEN 'unknown' ELSE 'given' END AS climate_source
FROM named AS n
LEFT JOIN regions_told AS t ON n.region = t.region
LEFT JOIN medians AS m ON n.region = m.region
LEFT JOIN medians AS s ON s.region = '(all)'
LEFT JOIN trends AS d ON n.region = d.region
LEFT JOIN trends AS a ON a.region = '(all)'
LEFT JOIN customers_of AS c ON n.region = c.region
ORDER BY n.region
