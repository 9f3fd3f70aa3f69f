-- Lines of the stage that the warehouse holds from files that are not read again.
INSERT INTO line_places
WITH held AS (
    SELECT line_key, occurrence FROM purchases
    UNION ALL
    SELECT line_key, occurrence FROM cancelled_purchases
)

SELECT
    s.rowid AS row_number_in_stage,
    s.line_key,
    coalesce(p.occurrence, 1) AS occurrence,
    true AS is_lost,
    ($names::VARCHAR[])[s.file_number + 1] AS file_name
FROM {stage}.staged AS s
LEFT JOIN line_places AS p ON p.row_number_in_stage = s.rowid
INNER JOIN held AS h ON h.line_key = s.line_key AND h.occurrence = coalesce(p.occurrence, 1)
WHERE s.reason IS NULL AND NOT coalesce(p.is_lost, false)
