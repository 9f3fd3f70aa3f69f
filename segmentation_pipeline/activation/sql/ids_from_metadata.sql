-- The newest value of a field of the events' metadata, per user.
SELECT user_id, arg_max(trim(found), (event_at, found)) AS external_id
FROM (SELECT user_id, event_at, json_extract_string(metadata, $path) AS found FROM raw_events WHERE metadata IS NOT NULL)
WHERE trim(found) <> ''
GROUP BY user_id
