-- The relation cohort with users of status $open who had been silent for $silence_us or longer, at $judged_at or (null)
-- at their landmark, as $gone by churn.
WITH seen AS (
    SELECT
        c.user_id,
        epoch_us(coalesce($judged_at::TIMESTAMP, any_value(c.landmark_at))) - epoch_us(max(e.event_at)) AS silence_us
    FROM cohort AS c
    INNER JOIN raw_events AS e ON c.user_id = e.user_id
    WHERE c.status = $open AND e.event_at < coalesce($judged_at::TIMESTAMP, c.landmark_at)
    GROUP BY c.user_id
)

SELECT
    c.* REPLACE (
        CASE WHEN s.silence_us >= $silence_us::BIGINT THEN $gone ELSE c.status END AS status,
        CASE WHEN s.silence_us >= $silence_us::BIGINT THEN 'churn' ELSE c.ending END AS ending
    )
FROM cohort AS c
LEFT JOIN seen AS s ON c.user_id = s.user_id
