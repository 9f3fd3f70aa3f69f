-- One row per tier of landmark_tiers: what its customers did after {landmark} and up to {now}. Sums are of whole
-- numbers (money in ten-thousandths), so they are exact in whatever order they are added up.
WITH later AS (
    SELECT
        customer_id,
        count(DISTINCT order_key) AS order_count,
        CAST(sum(line_total) * 10000 AS HUGEINT) AS units
    FROM purchases
    WHERE purchased_at > {landmark} AND purchased_at <= {now}
    GROUP BY customer_id
),

outcomes AS (
    SELECT
        t.churn,
        t.value,
        t.loyalty,
        coalesce(l.order_count, 0)::HUGEINT AS orders,
        coalesce(l.units, 0)::HUGEINT AS units
    FROM landmark_tiers AS t
    LEFT JOIN later AS l ON t.customer_id = l.customer_id
),

by_dimension AS (
    SELECT 'churn' AS dimension, churn AS tier, orders, units FROM outcomes
    UNION ALL
    SELECT 'value', value, orders, units FROM outcomes
    UNION ALL
    SELECT 'loyalty', loyalty, orders, units FROM outcomes
)

SELECT
    dimension,
    tier,
    count(*) AS customer_count,
    count(*) FILTER (WHERE orders > 0) AS repurchase_sum,
    count(*) FILTER (WHERE orders > 0) AS repurchase_squares,
    sum(units) AS spend_sum,
    sum(units * units) AS spend_squares,
    sum(orders) AS orders_sum,
    sum(orders * orders) AS orders_squares
FROM by_dimension
GROUP BY dimension, tier
ORDER BY dimension, tier
