-- A cancellation is matched when the customer had bought at least as much of the product before it as was given back
-- up to and with it. What was given back without a purchase counts too, so a match is never claimed twice.
UPDATE cancelled_purchases
SET is_matched = f.is_matched
FROM (
    WITH movements AS (
        SELECT customer_id, product_id, purchased_at, quantity AS bought, 0 AS returned, NULL AS line_key, NULL AS occurrence
        FROM purchases
        WHERE (customer_id, product_id) IN (SELECT (customer_id, product_id) FROM cancelled_purchases)
        UNION ALL
        SELECT customer_id, product_id, purchased_at, 0, quantity, line_key, occurrence
        FROM cancelled_purchases
    )

    SELECT
        line_key,
        occurrence,
        sum(bought) OVER earlier >= sum(returned) OVER earlier AS is_matched
    FROM movements
    WINDOW earlier AS (
        PARTITION BY customer_id, product_id
        ORDER BY purchased_at, (line_key IS NOT NULL), line_key, occurrence
        ROWS UNBOUNDED PRECEDING
    )
) AS f
WHERE cancelled_purchases.line_key = f.line_key AND cancelled_purchases.occurrence = f.occurrence
