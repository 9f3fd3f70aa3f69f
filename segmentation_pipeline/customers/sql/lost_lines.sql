-- One row per file whose records do not add up: counted anew in the tables that hold them.
WITH counted AS (
    SELECT file_name, count(*) FILTER (what = 'p') AS purchases, count(*) FILTER (what = 'c') AS cancelled,
        count(*) FILTER (what = 'r') AS rejected
    FROM (
        SELECT file_name, 'p' AS what FROM purchases
        UNION ALL
        SELECT file_name, 'c' FROM cancelled_purchases
        UNION ALL
        SELECT file_name, 'r' FROM rejected_purchases
    )
    GROUP BY file_name
)

SELECT coalesce(f.file_name, c.file_name) AS file_name
FROM purchase_files AS f
FULL JOIN counted AS c ON f.file_name = c.file_name
WHERE
    f.file_name IS NULL
    OR f.read_count <> f.accepted_count + f.rejected_count + f.duplicate_count + f.cancelled_count
    OR (f.kind = 'purchases' AND f.accepted_count <> coalesce(c.purchases, 0))
    OR f.cancelled_count <> coalesce(c.cancelled, 0)
    OR f.rejected_count <> coalesce(c.rejected, 0)
ORDER BY ALL
