-- What became of each file's records, counted in the tables themselves.
UPDATE purchase_files
SET
    accepted_count = c.accepted_count,
    accepted_total = c.accepted_total,
    rejected_count = c.rejected_count,
    duplicate_count = purchase_files.duplicate_count + c.lost_count,
    cancelled_count = c.cancelled_count
FROM (
    SELECT
        file_name,
        coalesce(sum(accepted), 0) AS accepted_count,
        sum(total) AS accepted_total,
        coalesce(sum(rejected), 0) AS rejected_count,
        coalesce(sum(lost), 0) AS lost_count,
        coalesce(sum(cancelled), 0) AS cancelled_count
    FROM (
        SELECT file_name, count(*) AS accepted, sum(line_total) AS total, 0 AS rejected, 0 AS lost, 0 AS cancelled
        FROM purchases GROUP BY file_name
        UNION ALL
        SELECT file_name, count(*), NULL, 0, 0, 0 FROM told_customers GROUP BY file_name
        UNION ALL
        SELECT file_name, count(*), NULL, 0, 0, 0 FROM told_regions GROUP BY file_name
        UNION ALL
        SELECT file_name, 0, NULL, count(*), 0, 0 FROM rejected_purchases GROUP BY file_name
        UNION ALL
        SELECT file_name, 0, NULL, 0, count(*), 0 FROM lost_lines GROUP BY file_name
        UNION ALL
        SELECT file_name, 0, NULL, 0, 0, count(*) FROM cancelled_purchases GROUP BY file_name
    )
    GROUP BY file_name
) AS c
WHERE purchase_files.file_name = c.file_name
