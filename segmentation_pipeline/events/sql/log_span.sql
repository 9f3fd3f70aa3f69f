-- One row: first and last event of the log. Events before a silence of over $stray_months months count as strays, and
-- not as the beginning of the log, where they are at most $stray_share of all: one clock set to 1970 must not make
-- the log half a century long.
WITH months AS (
    SELECT
        year(event_at) * 12 + month(event_at) AS month_number,
        count(*) AS event_count,
        min(event_at) AS first_event_at,
        max(event_at) AS last_event_at
    FROM raw_events
    GROUP BY year(event_at) * 12 + month(event_at)
),

placed AS (
    SELECT
        *,
        month_number - lag(month_number) OVER (ORDER BY month_number) - 1 AS silent_months,
        sum(event_count) OVER (ORDER BY month_number) - event_count AS earlier_count,
        sum(event_count) OVER () AS total_count
    FROM months
)

SELECT
    coalesce(
        max(CASE
            WHEN silent_months > $stray_months AND earlier_count <= $stray_share * total_count THEN first_event_at
        END),
        min(first_event_at)
    ) AS start_at,
    max(last_event_at) AS last_event_at
FROM placed
