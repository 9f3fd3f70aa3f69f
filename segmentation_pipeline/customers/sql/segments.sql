-- One row per customer of customer_facts: the rules of customers, from product_history (rows in the order of customers)
-- and region_facts. `single.py` decides the same for one payload; a test compares both field by field.
-- {labels} etc. are texts of the settings, thresholds are bound.
WITH by_category AS (
    SELECT
        customer_key,
        category,
        sum(units) AS units,
        sum(order_count) AS order_count,
        max(last_us) AS last_us,
        count(*) AS product_count,
        list(struct_pack(u := -units, p := product, c := category, o := order_count)) AS products,
        list(struct_pack(
            d := avg_days_between - (($now_us - last_us) // 86400000000),
            p := product,
            c := category,
            a := avg_days_between,
            l := ($now_us - last_us) // 86400000000
        )) FILTER (
            avg_days_between > 0
            AND avg_days_between <= $regular_days
            AND ($now_us - last_us) // 86400000000 > $overdue_factor * avg_days_between
        ) AS missing
    FROM product_history
    GROUP BY customer_key, category
),

by_customer AS (
    SELECT
        customer_key,
        sum(units) / 10000 AS total_spent,
        sum(order_count)::BIGINT AS product_orders,
        sum(product_count)::BIGINT AS product_count,
        ($now_us - max(last_us)) // 86400000000 AS recency,
        min(struct_pack(u := -units, c := category, o := order_count)) FILTER (category IS NOT NULL) AS affinity,
        flatten(list(products)) AS products,
        flatten(list(missing) FILTER (missing IS NOT NULL)) AS missing
    FROM by_category
    GROUP BY customer_key
),

figures AS (
    SELECT
        f.customer_id,
        f.age,
        f.region,
        r.climate,
        r.median_basket,
        r.trend,
        f.membership_days,
        f.membership_days / 30 AS months,
        h.customer_key IS NOT NULL AS is_regular,
        coalesce(f.order_count, h.product_orders) AS order_count,
        h.total_spent,
        h.recency,
        h.affinity,
        h.products,
        h.missing,
        CASE WHEN h.product_orders > 0 THEN h.affinity.o / h.product_orders ELSE 0 END AS share,
        CASE WHEN h.product_orders > 0 THEN h.product_count / h.product_orders ELSE 0 END AS ratio
    FROM customer_facts AS f
    LEFT JOIN by_customer AS h ON f.customer_key = h.customer_key
    INNER JOIN region_facts AS r ON coalesce(f.region, '(all)') = r.region
),

baskets AS (
    SELECT
        *,
        CASE WHEN is_regular AND order_count > 0 THEN total_spent / order_count WHEN is_regular THEN 0 ELSE median_basket
        END AS basket,
        CASE WHEN months > 0 THEN order_count / months ELSE 0 END AS rate
    FROM figures
),

tiers AS (
    SELECT
        *,
        CASE WHEN is_regular THEN 'regular' ELSE 'new_customer' END AS mode,
        CASE
            WHEN age IS NULL THEN 'unknown'
            WHEN age <= $gen_z_max_age THEN 'gen_z'
            WHEN age <= $young_adult_max_age THEN 'young_adult'
            WHEN age <= $adult_max_age THEN 'adult'
            ELSE 'mature'
        END AS age_segment,
        CASE
            WHEN NOT is_regular THEN 'at_risk'
            WHEN recency < $active_days THEN 'active'
            WHEN recency <= $risk_days THEN 'cooling'
            ELSE 'at_risk'
        END AS churn,
        CASE WHEN is_regular AND basket > median_basket THEN 'high' ELSE 'standard' END AS value,
        CASE
            WHEN NOT is_regular THEN 'bronze'
            WHEN months >= $platinum_months AND rate >= $platinum_orders_per_month THEN 'platinum'
            WHEN months >= $gold_months AND rate >= $gold_orders_per_month THEN 'gold'
            WHEN order_count >= $silver_orders THEN 'silver'
            ELSE 'bronze'
        END AS loyalty,
        CASE WHEN is_regular AND share > $focused_share THEN 'focused' ELSE 'exploring' END AS affinity_type,
        CASE
            WHEN NOT is_regular OR ratio > $discoverer_ratio THEN 'discoverer'
            WHEN ratio > $balanced_ratio THEN 'balanced'
            ELSE 'loyal'
        END AS diversity
    FROM baskets
)

SELECT
    customer_id,
    mode,
    {label:age_segment} AS age_segment,
    {label:churn} AS churn,
    {label:value} AS value,
    {label:loyalty} AS loyalty,
    CASE WHEN is_regular THEN coalesce(affinity.c::VARCHAR, {unknown}) ELSE trend END AS affinity_category,
    {label:affinity_type} AS affinity_type,
    {label:diversity} AS diversity,
    region,
    climate AS region_climate,
    median_basket AS region_median_basket,
    basket AS avg_basket,
    basket * $budget_factor AS estimated_budget,
    CASE WHEN NOT is_regular THEN 0 WHEN months > 0 THEN total_spent / months ELSE total_spent END AS avg_monthly_spend,
    CASE WHEN is_regular THEN recency ELSE 999 END AS last_purchase_days_ago,
    CASE WHEN is_regular THEN order_count ELSE 0 END AS order_count,
    CASE WHEN is_regular THEN total_spent ELSE 0 END AS total_spent,
    membership_days,
    CASE WHEN len(missing) > 0 THEN CAST(to_json(list_transform(list_sort(missing), lambda m: struct_pack(
        "productId" := m.p,
        "category" := m.c,
        "avgDaysBetween" := m.a,
        "lastPurchaseDaysAgo" := m.l,
        "daysOverdue" := m.l - m.a
    ))) AS VARCHAR) ELSE '[]' END AS missing_regulars,
    CASE WHEN is_regular THEN CAST(to_json(list_transform(list_sort(products)[1:$top_products], lambda t: struct_pack(
        "productId" := t.p,
        "category" := t.c,
        "totalSpent" := t.u / -10000,
        "orderCount" := t.o
    ))) AS VARCHAR) ELSE '[]' END AS top_products,
    {strategy} AS recommended_strategy,
    CAST({discount} AS DOUBLE) AS discount_pct
FROM tiers
