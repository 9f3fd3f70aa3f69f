-- One row per record of file number $file_number: an event, or nulls for a record that is none.
-- Which record that was, and why, is found out in a second reading of files that have such records only:
-- numbering every record would cost more than all the rest.
SELECT
    $file_number::INTEGER AS file_number,
    CASE WHEN reason IS NULL THEN user_id END AS user_id,
    CASE WHEN reason IS NULL THEN event_at END AS event_at,
    CASE WHEN reason IS NULL THEN action END AS action,
    CASE WHEN reason IS NULL THEN metadata END AS metadata,
    CASE WHEN reason IS NULL THEN event_id END AS event_id,
    CASE
        WHEN event_id IS NOT NULL THEN CAST(hash(event_id) >> 1 AS BIGINT)
        ELSE CAST(hash(user_id, event_at, action, metadata) >> 1 AS BIGINT)
    END AS event_key
FROM ({judged}) AS judged
WHERE NOT is_blank
