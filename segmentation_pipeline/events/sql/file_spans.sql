-- One row per file of $names: how many events it keeps, and when they happened.
SELECT file_name, count(*) AS accepted_count, min(event_at) AS first_event_at, max(event_at) AS last_event_at
FROM raw_events
WHERE list_contains($names::VARCHAR[], file_name)
GROUP BY file_name
