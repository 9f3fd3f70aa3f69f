-- One row per refresh: its dates and counts, its verdict, and whether what it was matched against has changed since.
-- reads: refreshes, refresh_verdicts, table_writes
-- column verdict_reason: Why the verdict is what it is.
-- column is_stale: Whether an earlier refresh its segments go back to was written again since; refresh it again.
WITH RECURSIVE cluster_writes AS (
    SELECT refresh_month, written_recorded_at
    FROM table_writes
    WHERE table_name = 'clusters' AND refresh_month IS NOT NULL
),
stale AS (
    SELECT later.refresh_month
    FROM refresh_verdicts AS later
    INNER JOIN cluster_writes AS own ON own.refresh_month = later.refresh_month
    INNER JOIN cluster_writes AS earlier ON earlier.refresh_month = later.matched_against
    WHERE own.written_recorded_at < earlier.written_recorded_at
    UNION
    SELECT later.refresh_month
    FROM refresh_verdicts AS later
    INNER JOIN stale ON later.matched_against = stale.refresh_month
)
SELECT
    r.*,
    v.* EXCLUDE (refresh_month, reason),
    v.reason AS verdict_reason,
    r.refresh_month IN (SELECT refresh_month FROM stale) AS is_stale
FROM refreshes AS r
LEFT JOIN refresh_verdicts AS v ON v.refresh_month = r.refresh_month
ORDER BY r.refresh_month
