-- One row: users who entered at least one lead-in before the end of the log and were still open after it, and the
-- median number of events they had within it.
WITH lives AS (
    SELECT
        user_id,
        min(event_at) AS first_seen_at,
        min(CASE WHEN list_contains($start::VARCHAR[], action) THEN event_at END) AS started_at,
        min(CASE WHEN list_contains($closing::VARCHAR[], action) THEN event_at END) AS closed_at
    FROM raw_events
    GROUP BY user_id
),

entries AS (
    SELECT user_id, closed_at, CASE WHEN len($start::VARCHAR[]) > 0 THEN started_at ELSE first_seen_at END AS entered_at
    FROM lives
),

open_users AS (
    SELECT user_id, entered_at, entered_at + to_microseconds($lead_in_us) AS landmark_at
    FROM entries
    WHERE
        entered_at + to_microseconds($lead_in_us) <= $last_event::TIMESTAMP
        AND (closed_at IS NULL OR closed_at >= entered_at + to_microseconds($lead_in_us))
),

counts AS (
    SELECT o.user_id, count(*) AS event_count
    FROM open_users AS o
    INNER JOIN raw_events AS e ON o.user_id = e.user_id
    WHERE e.event_at >= o.entered_at AND e.event_at < o.landmark_at
    GROUP BY o.user_id
)

SELECT count(*) AS open_user_count, coalesce(CAST(median(event_count) AS DOUBLE), 0) AS median_event_count
FROM counts
