-- One row per staged record whose event an earlier record of the same batch holds: its row, its file, the file that
-- keeps the event. Records are earlier by file name, then by what they say, so nothing depends on how many threads read.
-- Equal 64-bit keys (repeated) only point at candidates; the content decides.
WITH candidates AS (
    SELECT s.rowid AS row_number_in_stage, s.*
    FROM {stage}.staged AS s
    SEMI JOIN {stage}.repeated AS r ON s.event_key = r.event_key
    WHERE s.user_id IS NOT NULL
),

ranked AS (
    SELECT
        row_number_in_stage,
        file_number,
        first_value(file_number) OVER same_event AS kept_in,
        row_number() OVER same_event AS place
    FROM candidates
    WINDOW same_event AS (
        PARTITION BY
            event_key,
            event_id,
            CASE WHEN event_id IS NULL THEN struct_pack(u := user_id, t := event_at, a := action, m := metadata) END
        ORDER BY file_number, event_at, user_id, action, metadata
    )
)

SELECT row_number_in_stage, file_number, kept_in
FROM ranked
WHERE place > 1
