-- One row per silence of at least $silence_us among the relation at_risk_users: the moment it reached that length,
-- as an ending of kind 1 (churn). A silence that had not reached it by $as_of is none: nothing later is looked at.
SELECT user_id, event_at + to_microseconds($silence_us::BIGINT) AS event_at, 1 AS kind
FROM (
    SELECT e.user_id, e.event_at, lead(e.event_at) OVER (PARTITION BY e.user_id ORDER BY e.event_at) AS next_at
    FROM raw_events AS e
    SEMI JOIN at_risk_users AS r ON e.user_id = r.user_id
    WHERE e.event_at <= $as_of::TIMESTAMP
)
WHERE
    event_at + to_microseconds($silence_us::BIGINT) <= $as_of::TIMESTAMP
    AND (next_at IS NULL OR epoch_us(next_at) - epoch_us(event_at) >= $silence_us::BIGINT)
