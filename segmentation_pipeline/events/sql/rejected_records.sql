-- One row per record that is no event, with its position among the records DuckDB could split.
SELECT position, reason, time_text, record
FROM (
    SELECT *, row_number() OVER () AS position
    FROM ({judged}) AS judged
) AS numbered
WHERE reason IS NOT NULL AND NOT is_blank
