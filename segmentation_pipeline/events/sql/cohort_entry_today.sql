-- One row per user seen since $seen_since, entry clock: what became of it up to the latest event, $scored_at.
-- Features come from the same exposure as at a refresh: entry to entry plus lead-in.
WITH lives AS (
    SELECT
        user_id,
        min(event_at) AS first_seen_at,
        min(CASE WHEN list_contains($start::VARCHAR[], action) THEN event_at END) AS started_at,
        min(CASE WHEN list_contains($closing::VARCHAR[], action) THEN event_at END) AS closed_at
    FROM raw_events
    GROUP BY user_id
    HAVING max(event_at) >= $seen_since::TIMESTAMP
),

entries AS (
    SELECT
        *,
        coalesce(started_at, first_seen_at) AS entered_at,
        len($start::VARCHAR[]) > 0 AS has_start_role
    FROM lives
)

SELECT
    user_id,
    CASE
        WHEN closed_at IS NOT NULL THEN 'ended'
        WHEN has_start_role AND started_at IS NULL THEN 'running_at_start'
        WHEN
            first_seen_at < entered_at AND first_seen_at < $log_start::TIMESTAMP + to_microseconds($lead_in_us)
            THEN 'running_at_start'
        WHEN entered_at + to_microseconds($lead_in_us) > $scored_at::TIMESTAMP THEN 'too_early'
        ELSE 'live'
    END AS status,
    first_seen_at,
    entered_at,
    entered_at AS window_start_at,
    entered_at + to_microseconds($lead_in_us) AS landmark_at,
    entered_at AS exposed_from,
    NULL::VARCHAR AS ending
FROM entries
