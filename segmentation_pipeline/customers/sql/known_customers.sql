-- One row per customer known at the moment, in the order of their numbers: who they are by then. A customer without
-- purchases has no number; without a registration as well, they count as registered at the moment. An age told in years
-- stays as told; a birth date is turned into full years.
CREATE OR REPLACE TEMP TABLE known_customers AS
SELECT
    c.customer_id,
    o.customer,
    coalesce(
        c.age,
        year({now}) - year(c.birth_date)
        - CASE WHEN (month({now}), day({now})) < (month(c.birth_date), day(c.birth_date)) THEN 1 ELSE 0 END
    ) AS age,
    c.region,
    o.order_count,
    greatest((epoch_us({now}) - epoch_us(coalesce(c.member_since, {now}))) // 86400000000, 0) AS membership_days
FROM customers AS c
LEFT JOIN customer_orders AS o ON c.customer_key = o.customer_key
WHERE o.customer IS NOT NULL OR c.first_purchase_at <= {now} OR c.member_since <= {now} OR c.member_since IS NULL
ORDER BY o.customer
