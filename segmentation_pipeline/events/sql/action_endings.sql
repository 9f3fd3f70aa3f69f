-- One row per closing action before $month_end: the moment and the kind of ending (1 churn, 2 conversion, 3 end).
SELECT
    user_id,
    event_at,
    CASE
        WHEN list_contains($churn::VARCHAR[], action) THEN 1
        WHEN list_contains($conversion::VARCHAR[], action) THEN 2
        ELSE 3
    END AS kind
FROM raw_events
WHERE list_contains($closing::VARCHAR[], action) AND event_at < $month_end::TIMESTAMP
