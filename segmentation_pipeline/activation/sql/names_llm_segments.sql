-- Living discovered segments of the newest refresh.
SELECT segment_id, label AS name, TRUE AS is_found
FROM llm_segments
WHERE refresh_month = (SELECT max(refresh_month) FROM llm_segments) AND status <> 'retired'
