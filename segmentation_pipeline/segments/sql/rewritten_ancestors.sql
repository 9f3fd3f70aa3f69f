-- Refreshes whose segments go back, however far, to a refresh that was written again after them.
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
FROM stale ORDER BY refresh_month
