-- Where the numbers of the records of file number $file_number start and where they jump: $header_count records come
-- before the first one, and records DuckDB could not split (unreadable) are missing among the staged ones.
WITH first_row AS (
    SELECT min(rowid) AS row_number_in_stage
    FROM {stage}.staged
    WHERE file_number = $file_number
),

split_errors AS (
    SELECT
        line - $header_count - row_number() OVER (ORDER BY line) AS readable_before,
        row_number() OVER (ORDER BY line) AS unreadable_before
    FROM (SELECT DISTINCT line FROM unreadable)
),

gaps AS (
    SELECT readable_before, max(unreadable_before) AS unreadable_before
    FROM split_errors
    GROUP BY readable_before
)

SELECT
    $file_number::INTEGER AS file_number,
    f.row_number_in_stage + coalesce(g.readable_before, 0) AS from_row,
    1 - f.row_number_in_stage + $header_count + coalesce(g.unreadable_before, 0) AS shift
FROM first_row AS f
LEFT JOIN (
    SELECT readable_before, unreadable_before FROM gaps
    UNION ALL
    SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM gaps WHERE readable_before = 0)
) AS g ON true
WHERE f.row_number_in_stage IS NOT NULL
