-- The cohort's events from the start of each user's window to its landmark, and not one from after it.
SELECT e.user_id, e.event_at, e.action
FROM raw_events AS e
INNER JOIN cohort AS c ON e.user_id = c.user_id
WHERE e.event_at >= c.window_start_at AND e.event_at < c.landmark_at
