-- One row per known customer: the rules of customers. `single.py` decides the same for one payload; a test compares both
-- field by field.
-- Customers come in parts (part_of_customers). Tiers are numbers until tier_words turns their combination into texts;
-- thresholds are bound.
WITH figures AS (
    SELECT
        p.customer_id,
        p.age,
        p.region,
        r.climate,
        r.median_basket,
        r.trend,
        p.membership_days,
        p.membership_days / 30 AS months,
        p.customer IS NOT NULL AS is_regular,
        p.order_count,
        p.total_spent,
        ($now_us - p.last_us) // 86400000000 AS recency,
        c.category AS affinity_category,
        p.products,
        p.missing,
        CASE
            WHEN p.product_orders > 0 THEN coalesce(orders_of(p.strongest), 0) / p.product_orders ELSE 0
        END AS share,
        CASE WHEN p.product_orders > 0 THEN p.product_count / p.product_orders ELSE 0 END AS ratio
    FROM (
        {customers}
        UNION ALL BY NAME
        SELECT customer_id, customer, age, region, membership_days FROM known_customers WHERE customer IS NULL
    ) AS p
    LEFT JOIN category_names AS c ON category_of(p.strongest) = c.code
    INNER JOIN region_facts AS r ON coalesce(p.region, '(all)') = r.region
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
    t.customer_id,
    w.mode,
    w.age_segment,
    w.churn,
    w.value,
    w.loyalty,
    CASE WHEN t.is_regular THEN coalesce(t.affinity_category, {unknown}) ELSE t.trend END AS affinity_category,
    w.affinity_type,
    w.diversity,
    t.region,
    t.climate AS region_climate,
    t.median_basket AS region_median_basket,
    t.basket AS avg_basket,
    t.basket * $budget_factor AS estimated_budget,
    CASE
        WHEN NOT t.is_regular THEN 0
        WHEN t.months > 0 THEN t.total_spent / t.months
        ELSE t.total_spent
    END AS avg_monthly_spend,
    CASE WHEN t.is_regular THEN t.recency ELSE 999 END AS last_purchase_days_ago,
    CASE WHEN t.is_regular THEN t.order_count ELSE 0 END AS order_count,
    CASE WHEN t.is_regular THEN t.total_spent ELSE 0 END AS total_spent,
    t.membership_days,
    CASE
        WHEN t.missing IS NULL THEN []
        WHEN len(t.missing) > 1 THEN list_reverse_sort(t.missing)
        ELSE t.missing
    END AS missing_regulars,
    CASE
        WHEN t.products IS NULL THEN []
        ELSE list_transform(
            t.products,
            lambda spend: struct_pack(
                "productId" := n.names[place_of(spend)], "totalSpent" := units_of(spend) / 10000
            )
        )
    END AS top_products,
    w.recommended_strategy,
    w.discount_pct
FROM tiers AS t
INNER JOIN tier_words AS w ON {code} = w.code
CROSS JOIN product_names AS n
