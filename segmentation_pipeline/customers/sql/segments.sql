-- One row per customer of customer_facts (who they are, and the figures of their region): the rules of customers, from
-- product_history (rows in the order of customer and category). `single.py` decides the same for one payload; a test
-- compares both field by field.
-- {label:churn} etc. are texts of the settings, {churn.active} etc. the numbers the values have meanwhile; thresholds are
-- bound.
-- What decides between rows is packed into whole numbers, each part in its own bits: of categories spend, category and
-- orders, of products spend and product (macros of product_history). Comparing numbers is several times faster than
-- comparing rows.
WITH by_category AS (
    FROM spent_per_category(0, middle_customer())
    UNION ALL
    FROM spent_per_category(middle_customer(), 2147483648)
),

overdue AS (
    SELECT
        customer,
        list(struct_pack(
            "daysOverdue" := days - avg_days_between,
            "productId" := product,
            "category" := category,
            "avgDaysBetween" := avg_days_between,
            "lastPurchaseDaysAgo" := days
        )) AS missing
    FROM (SELECT *, ($now_us - last_us) // 86400000000 AS days FROM product_history)
    WHERE avg_days_between > 0 AND avg_days_between <= $regular_days AND days > $overdue_factor * avg_days_between
    GROUP BY customer
),

-- One grouping for products and categories: rows of a customer's products carry figures, rows of the categories `packed`.
by_customer AS (
    SELECT
        customer,
        sum(units) / 10000 AS total_spent,
        CAST(sum(order_count) AS BIGINT) AS product_orders,
        count(units) AS product_count,
        ($now_us - max(last_us)) // 86400000000 AS recency,
        {products} AS products,
        max(packed) AS packed
    FROM (
        SELECT
            customer,
            units,
            order_count,
            last_us,
            spend_of_product(units, enum_code(product)) AS spend,
            NULL AS packed
        FROM product_history
        UNION ALL
        SELECT
            customer,
            NULL,
            NULL,
            NULL,
            NULL,
            ((spent >> 40) << 64) + (enum_code(category)::HUGEINT << 32) + (spent & 1099511627775)
        FROM by_category
        WHERE category IS NOT NULL
    )
    GROUP BY customer
),

figures AS (
    SELECT
        f.customer_id,
        f.age,
        f.region,
        f.climate,
        f.median_basket,
        f.trend,
        f.membership_days,
        f.membership_days / 30 AS months,
        h.customer IS NOT NULL AS is_regular,
        coalesce(f.order_count, h.product_orders) AS order_count,
        h.total_spent,
        h.recency,
        c.category AS affinity_category,
        h.products,
        o.missing,
        CASE WHEN h.product_orders > 0 THEN coalesce(h.packed & 4294967295, 0)::DOUBLE / h.product_orders ELSE 0 END
            AS share,
        CASE WHEN h.product_orders > 0 THEN h.product_count / h.product_orders ELSE 0 END AS ratio
    FROM customer_facts AS f
    LEFT JOIN by_customer AS h ON f.customer = h.customer
    LEFT JOIN overdue AS o ON f.customer = o.customer
    LEFT JOIN category_names AS c ON ((h.packed >> 32) & 4294967295)::BIGINT = c.code
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
        CASE WHEN is_regular THEN {mode.regular} ELSE {mode.new_customer} END AS mode,
        CASE
            WHEN age IS NULL THEN {age_segment.unknown}
            WHEN age <= $gen_z_max_age THEN {age_segment.gen_z}
            WHEN age <= $young_adult_max_age THEN {age_segment.young_adult}
            WHEN age <= $adult_max_age THEN {age_segment.adult}
            ELSE {age_segment.mature}
        END AS age_segment,
        CASE
            WHEN NOT is_regular THEN {churn.at_risk}
            WHEN recency < $active_days THEN {churn.active}
            WHEN recency <= $risk_days THEN {churn.cooling}
            ELSE {churn.at_risk}
        END AS churn,
        CASE WHEN is_regular AND basket > median_basket THEN {value.high} ELSE {value.standard} END AS value,
        CASE
            WHEN NOT is_regular THEN {loyalty.bronze}
            WHEN months >= $platinum_months AND rate >= $platinum_orders_per_month THEN {loyalty.platinum}
            WHEN months >= $gold_months AND rate >= $gold_orders_per_month THEN {loyalty.gold}
            WHEN order_count >= $silver_orders THEN {loyalty.silver}
            ELSE {loyalty.bronze}
        END AS loyalty,
        CASE WHEN is_regular AND share > $focused_share THEN {affinity_type.focused} ELSE {affinity_type.exploring} END
            AS affinity_type,
        CASE
            WHEN NOT is_regular OR ratio > $discoverer_ratio THEN {diversity.discoverer}
            WHEN ratio > $balanced_ratio THEN {diversity.balanced}
            ELSE {diversity.loyal}
        END AS diversity
    FROM baskets
)

SELECT
    customer_id,
    {label:mode} AS mode,
    {label:age_segment} AS age_segment,
    {label:churn} AS churn,
    {label:value} AS value,
    {label:loyalty} AS loyalty,
    CASE WHEN is_regular THEN coalesce(affinity_category, {unknown}) ELSE trend END AS affinity_category,
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
    CASE WHEN missing IS NULL THEN '[]' ELSE CAST(to_json(list_reverse_sort(missing)) AS VARCHAR) END AS missing_regulars,
    CASE
        WHEN is_regular THEN CAST(to_json(list_transform(
            products,
            lambda spend: struct_pack("totalSpent" := units_of(spend) / 10000, "productId" := names[place_of(spend)])
        )) AS VARCHAR)
        ELSE '[]'
    END AS top_products,
    {strategy} AS recommended_strategy,
    CAST({discount} AS DOUBLE) AS discount_pct
FROM tiers
CROSS JOIN product_names
