-- One row per staged event (first of its batch) that the warehouse already holds: where it is staged, where it is held.
SELECT
    s.rowid AS row_number_in_stage,
    s.file_number,
    e.rowid AS row_number_in_events,
    e.file_name AS held_by,
    e.user_id,
    e.event_at
FROM {stage}.staged AS s
INNER JOIN raw_events AS e ON s.event_key = e.event_key
WHERE
    s.user_id IS NOT NULL
    AND s.event_id IS NOT DISTINCT FROM e.event_id
    AND (
        s.event_id IS NOT NULL
        OR (
            s.user_id = e.user_id
            AND s.event_at = e.event_at
            AND s.action = e.action
            AND s.metadata IS NOT DISTINCT FROM e.metadata
        )
    )
    AND s.rowid NOT IN (SELECT row_number_in_stage FROM {stage}.duplicates)
