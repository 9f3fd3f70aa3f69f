-- Which events a refresh sees: their number, and a hash that no order changes.
SELECT
    $refresh_month AS refresh_month,
    $from_at AS from_at,
    $until_at AS until_at,
    count(*) AS event_count,
    coalesce(bit_xor(event_key), 0) AS event_hash,
    (now() AT TIME ZONE 'UTC')::TIMESTAMP AS refreshed_recorded_at
FROM raw_events
WHERE event_at >= $from_at AND event_at < $until_at
