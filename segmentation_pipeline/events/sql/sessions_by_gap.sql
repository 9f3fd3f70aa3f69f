-- One row per gap of $gaps_s: mean number of visits a user would have with it, over a fixed sample of users.
WITH sampled AS (
    SELECT user_id, event_at
    FROM raw_events
    WHERE hash(user_id) % $one_in = 0
),

spaced AS (
    SELECT
        user_id,
        epoch_us(event_at) - epoch_us(lag(event_at) OVER (PARTITION BY user_id ORDER BY event_at)) AS silence_us
    FROM sampled
),

gaps AS (
    SELECT unnest($gaps_s::DOUBLE[]) AS gap_s
)

SELECT
    g.gap_s,
    count(CASE WHEN s.silence_us IS NULL OR s.silence_us > g.gap_s * 1000000 THEN 1 END)
    / nullif(count(DISTINCT s.user_id), 0) AS sessions_per_user
FROM spaced AS s
CROSS JOIN gaps AS g
GROUP BY g.gap_s
ORDER BY g.gap_s
