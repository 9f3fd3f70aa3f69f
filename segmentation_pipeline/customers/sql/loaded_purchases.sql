-- One row per line of the stage that is a purchase and in no other file.
SELECT
    s.customer_id,
    s.product_id,
    s.category,
    s.quantity,
    s.unit_price,
    s.line_total,
    s.order_id,
    s.purchased_at,
    s.city,
    s.region,
    s.gender,
    s.age,
    s.birth_date,
    s.registered_at,
    CAST(hash(s.customer_id) >> 1 AS BIGINT) AS customer_key,
    CAST(CASE
        WHEN s.order_id IS NOT NULL THEN hash(s.customer_id, s.order_id)
        WHEN s.product_id = '-' THEN hash(s.line_key, coalesce(p.occurrence, 1))
        ELSE hash(s.customer_id, s.purchased_at)
    END >> 1 AS BIGINT) AS order_key,
    s.line_key,
    coalesce(p.occurrence, 1) AS occurrence,
    ($names::VARCHAR[])[s.file_number + 1] AS file_name
FROM {stage}.staged AS s
LEFT JOIN (
    SELECT row_number_in_stage, max(occurrence) AS occurrence, bool_or(is_lost) AS is_lost
    FROM line_places
    GROUP BY row_number_in_stage
) AS p ON p.row_number_in_stage = s.rowid
WHERE s.reason IS NULL AND NOT s.is_cancellation AND NOT coalesce(p.is_lost, false)
