-- One row per file whose records do not add up: counted anew in raw_events and rejected_events.
WITH accepted AS (
    SELECT file_name, count(*) AS counted
    FROM raw_events
    GROUP BY file_name
),

rejected AS (
    SELECT file_name, count(*) AS counted
    FROM rejected_events
    GROUP BY file_name
)

SELECT
    coalesce(f.file_name, a.file_name, r.file_name) AS file_name,
    f.read_count,
    coalesce(a.counted, 0) AS accepted_count,
    coalesce(r.counted, 0) AS rejected_count,
    f.duplicate_count
FROM landed_files AS f
FULL JOIN accepted AS a ON f.file_name = a.file_name
FULL JOIN rejected AS r ON coalesce(f.file_name, a.file_name) = r.file_name
WHERE
    f.file_name IS NULL
    OR f.read_count <> coalesce(a.counted, 0) + coalesce(r.counted, 0) + f.duplicate_count
    OR f.accepted_count <> coalesce(a.counted, 0)
    OR f.rejected_count <> coalesce(r.counted, 0)
ORDER BY ALL
