-- One row per record: what it says, its moment in UTC, and the reason why it is no event (null: it is one).
-- The first reason that applies wins; a blank line is no record at all, only counted for the numbers of the others. A time after $landed_at, when its file was first seen, is in the future.
WITH timed AS (
    SELECT
        *,
        coalesce(typed_at, utc_time(time_text)) AS event_at
    FROM ({fields}) AS fields
)

SELECT
    *,
    CASE
        WHEN is_blank THEN 'blank_line'
        WHEN is_malformed THEN 'invalid_json'
        WHEN is_overlong THEN 'overlong_field'
        WHEN user_id IS NULL THEN 'blank_user'
        WHEN time_text IS NULL THEN 'missing_time'
        WHEN event_at IS NULL OR event_at < TIMESTAMP '{earliest_event}' THEN 'unparseable_time'
        WHEN event_at > $landed_at::TIMESTAMP THEN 'future_time'
        WHEN action IS NULL THEN 'missing_action'
    END AS reason
FROM timed
