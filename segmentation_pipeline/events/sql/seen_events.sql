-- The events a refresh sees: their number, and a hash that no order changes. Before $from_at those of $earlier_actions
-- alone (null: all of them).
SELECT
    count(*) AS event_count,
    coalesce(bit_xor(event_key), 0) AS event_hash
FROM raw_events
WHERE
    event_at < $until_at::TIMESTAMP
    AND (
        event_at >= $from_at::TIMESTAMP
        OR $earlier_actions::VARCHAR[] IS NULL
        OR list_contains($earlier_actions::VARCHAR[], action)
    )
