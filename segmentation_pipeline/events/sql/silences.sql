-- One row per length in whole hours, from a day on: silences up to $as_of that ended with a return, and those that
-- still lasted then. What a closing action ends is no silence.
WITH closings AS (
    SELECT user_id, min(event_at) AS closed_at
    FROM raw_events
    WHERE list_contains($closing::VARCHAR[], action) AND event_at <= $as_of::TIMESTAMP
    GROUP BY user_id
),

steps AS (
    SELECT user_id, event_at, lead(event_at) OVER (PARTITION BY user_id ORDER BY event_at) AS next_at
    FROM raw_events
    WHERE event_at >= $log_start::TIMESTAMP AND event_at <= $as_of::TIMESTAMP
),

silences AS (
    SELECT
        s.next_at,
        epoch_us(coalesce(s.next_at, $as_of::TIMESTAMP)) - epoch_us(s.event_at) AS silence_us
    FROM steps AS s
    LEFT JOIN closings AS c ON s.user_id = c.user_id
    WHERE c.closed_at IS NULL OR s.event_at < c.closed_at
)

SELECT
    silence_us // 3600000000 AS hours,
    count(next_at) AS returned_count,
    count(*) - count(next_at) AS still_silent_count
FROM silences
WHERE silence_us >= 86400000000
GROUP BY silence_us // 3600000000
ORDER BY hours
