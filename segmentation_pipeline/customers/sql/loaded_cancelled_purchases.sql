-- One row per line of the stage that takes a purchase back and is in no other file; matched later.
SELECT
    s.customer_id,
    s.product_id,
    s.quantity,
    s.line_total,
    s.order_id,
    s.purchased_at,
    false AS is_matched,
    s.line_key,
    coalesce(p.occurrence, 1) AS occurrence,
    ($names::VARCHAR[])[s.file_number + 1] AS file_name
FROM {stage}.staged AS s
LEFT JOIN (
    SELECT row_number_in_stage, max(occurrence) AS occurrence, bool_or(is_lost) AS is_lost
    FROM line_places
    GROUP BY row_number_in_stage
) AS p ON p.row_number_in_stage = s.rowid
WHERE s.reason IS NULL AND s.is_cancellation AND NOT coalesce(p.is_lost, false)
