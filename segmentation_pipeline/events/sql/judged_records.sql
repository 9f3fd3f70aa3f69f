-- One row per record: what it says, its moment in UTC, and the reason why it is no event (null: it is one).
-- The first reason that applies wins; a blank line is no record at all, only counted for the numbers of the others.
-- A time after $landed_at, when its file was first seen, is in the future.
WITH cleaned AS (
    SELECT
        * REPLACE (
            without_blanks(user_id) AS user_id,
            without_blanks(action) AS action,
            without_blanks(event_id) AS event_id
        ),
        "timestamp" AS time_text,
        timestamp_typed AS typed_at
    FROM ({fields}) AS fields
),

parsed AS (
    SELECT *, try_cast(time_text AS TIMESTAMPTZ) AS iso_at
    FROM cleaned
),

timed AS (
    SELECT *, CASE WHEN typed_at IS NOT NULL THEN typed_at ELSE utc_time(iso_at, time_text) END AS event_at
    FROM parsed
),

sorted_out AS (
    SELECT
        *,
        NOT is_malformed
        AND NOT is_overlong
        AND user_id IS NOT NULL
        AND action IS NOT NULL
        AND event_at IS NOT NULL
        AND event_at BETWEEN TIMESTAMP '{earliest_event}' AND $landed_at::TIMESTAMP AS is_event
    FROM timed
)

SELECT
    *,
    CASE
        WHEN is_event THEN NULL
        WHEN is_blank THEN 'blank_line'
        WHEN is_malformed THEN 'invalid_json'
        WHEN is_overlong THEN 'overlong_field'
        WHEN user_id IS NULL THEN 'blank_user'
        WHEN without_blanks(time_text) IS NULL THEN 'missing_time'
        WHEN event_at IS NULL OR event_at < TIMESTAMP '{earliest_event}' THEN 'unparseable_time'
        WHEN event_at > $landed_at::TIMESTAMP THEN 'future_time'
        ELSE 'missing_action'
    END AS reason
FROM sorted_out
