-- One row per customer. Of what files of customers say the last in name order counts; else the newest line that says
-- anything. A city's region is that of the region
-- files, and a region is spelt as they spell it (else as the first of its customers by spelling does).
WITH lines AS (
    SELECT
        customer_id,
        min(purchased_at) AS first_purchase_at,
        max(purchased_at) AS last_purchase_at
    FROM purchases
    GROUP BY customer_id
),

attributes AS (
    SELECT
        customer_id,
        arg_max(city, struct_pack(t := purchased_at, v := city)) AS city,
        arg_max(region, struct_pack(t := purchased_at, v := region)) AS region,
        arg_max(gender, struct_pack(t := purchased_at, v := gender)) AS gender,
        arg_max(age, struct_pack(t := purchased_at, v := age)) AS age,
        arg_max(birth_date, struct_pack(t := purchased_at, v := birth_date)) AS birth_date,
        min(registered_at) AS registered_at
    FROM purchases
    WHERE
        city IS NOT NULL OR region IS NOT NULL OR gender IS NOT NULL OR age IS NOT NULL OR birth_date IS NOT NULL
        OR registered_at IS NOT NULL
    GROUP BY customer_id
),

told AS (
    SELECT *
    FROM told_customers
    QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY file_name DESC) = 1
),

merged AS (
    SELECT
        coalesce(t.customer_id, l.customer_id) AS customer_id,
        CASE
            WHEN t.customer_id IS NULL THEN 'purchases'
            WHEN l.customer_id IS NULL THEN 'customers'
            ELSE 'both'
        END AS origin,
        coalesce(t.city, a.city) AS city,
        coalesce(t.region, a.region) AS told_region,
        coalesce(t.gender, a.gender) AS gender,
        coalesce(t.age, a.age) AS age,
        coalesce(t.birth_date, a.birth_date) AS birth_date,
        least(coalesce(t.registered_at, a.registered_at), l.first_purchase_at) AS member_since,
        l.first_purchase_at,
        l.last_purchase_at
    FROM told AS t
    FULL JOIN lines AS l ON t.customer_id = l.customer_id
    LEFT JOIN attributes AS a ON l.customer_id = a.customer_id
)
,

located AS (
    SELECT m.*, coalesce(r.region, m.told_region, m.city) AS region
    FROM merged AS m
    LEFT JOIN regions AS r ON lower(m.city) = lower(r.city)
),

spelt AS (
    SELECT lower(region) AS key, arg_min(region, struct_pack(p := place, r := region)) AS region
    FROM (SELECT 0 AS place, region FROM regions UNION ALL SELECT DISTINCT 1, region FROM located)
    WHERE region IS NOT NULL
    GROUP BY lower(region)
)

SELECT
    m.customer_id,
    CAST(hash(m.customer_id) >> 1 AS BIGINT) AS customer_key,
    m.origin,
    m.city,
    s.region,
    m.gender,
    m.age,
    m.birth_date,
    m.member_since,
    m.first_purchase_at,
    m.last_purchase_at
FROM located AS m
LEFT JOIN spelt AS s ON lower(m.region) = s.key
ORDER BY m.customer_id
