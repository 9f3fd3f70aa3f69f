-- One row per import whose counts in lead_files are not those of the tables.
WITH kept AS (
    SELECT import_id, count(*) AS accepted
    FROM leads
    GROUP BY import_id
),

left_out AS (
    SELECT
        import_id,
        count(*) FILTER (reason <> $duplicate) AS rejected,
        count(*) FILTER (reason = $duplicate) AS duplicates
    FROM rejected_leads
    GROUP BY import_id
)

SELECT import_id
FROM lead_files AS f
FULL JOIN kept AS k USING (import_id)
FULL JOIN left_out AS l USING (import_id)
WHERE
    f.read_count IS NULL
    OR f.read_count <> coalesce(k.accepted, 0) + coalesce(l.rejected, 0) + coalesce(l.duplicates, 0)
    OR f.accepted_count <> coalesce(k.accepted, 0)
    OR f.rejected_count <> coalesce(l.rejected, 0)
    OR f.duplicate_count <> coalesce(l.duplicates, 0)
ORDER BY import_id
