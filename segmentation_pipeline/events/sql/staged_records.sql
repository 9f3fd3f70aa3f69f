-- One row per record of file number $file_number, in the order of the file, so a record's place is its row number:
-- numbering every record while reading would cost more than all the rest.
-- A record that is no event has no user; its columns then hold why and what (see records.py):
-- event_id the reason, action the time as written, metadata the record.
SELECT
    $file_number::INTEGER AS file_number,
    CASE WHEN is_event THEN user_id END AS user_id,
    CASE WHEN is_event THEN event_at END AS event_at,
    CASE WHEN is_event THEN action ELSE left(time_text, 60) END AS action,
    CASE WHEN is_event THEN metadata ELSE {record} END AS metadata,
    CASE WHEN is_event THEN event_id ELSE reason END AS event_id,
    CASE
        WHEN event_id IS NOT NULL THEN CAST(hash(event_id) >> 1 AS BIGINT)
        ELSE CAST(hash(user_id, event_at, action, metadata) >> 1 AS BIGINT)
    END AS event_key
FROM ({judged}) AS judged
