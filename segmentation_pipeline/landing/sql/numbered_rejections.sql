-- One row per rejected record of file number $file_number, numbered as in the file: $header_count records come
-- before the first one. Records DuckDB could not split (unreadable) are missing among the staged ones,
-- so each staged record moves up by the number of unreadable records before it.
WITH split_errors AS (
    SELECT
        line AS record_number,
        CASE min(
            CASE error_type
                WHEN 'LINE SIZE OVER MAXIMUM' THEN 1
                WHEN 'INVALID ENCODING' THEN 2
                ELSE 3
            END
        )
            WHEN 1 THEN 'overlong_field'
            WHEN 2 THEN 'unreadable_text'
            ELSE $split_reason
        END AS reason,
        left(trim(min(csv_line), E'\r\n'), $max_record_chars) AS record,
        line - $header_count - row_number() OVER (ORDER BY line) AS readable_before,
        row_number() OVER (ORDER BY line) AS ordinal
    FROM unreadable
    GROUP BY line
),

gaps AS (
    SELECT readable_before, max(ordinal) AS unreadable_before
    FROM split_errors
    GROUP BY readable_before
),

staged_rejections AS (
    SELECT
        row_number_in_stage - (SELECT min(rowid) FROM {stage}.staged WHERE file_number = $file_number) + 1 AS position,
        reason,
        found,
        record
    FROM ({rejected}) AS rejected
    WHERE reason <> 'blank_line'
)

SELECT record_number, reason, CAST(NULL AS VARCHAR) AS found, record
FROM split_errors
UNION ALL
SELECT
    r.position + $header_count + coalesce(g.unreadable_before, 0) AS record_number,
    r.reason,
    r.found,
    r.record
FROM staged_rejections AS r
ASOF LEFT JOIN gaps AS g ON r.position > g.readable_before
