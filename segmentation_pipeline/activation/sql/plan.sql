-- What to write so that a destination holds today's segments, from `placed_users`, `written`, `refusals` and
-- `segment_names`. What stands there already as it should is left out.
WITH standing_by_id AS (
    -- Of several users who share an id, all are withheld; what was written there under it must go.
    SELECT
        external_id,
        bool_or(withheld_because IS NULL) AS is_sent,
        min(withheld_because) AS because,
        bool_or(withheld_because = 'uncertain') AS is_uncertain,
        bool_or(withheld_because = 'pending') AS is_pending,
        min(segment_id) AS segment_id
    FROM placed_users AS hashed
    WHERE external_id IS NOT NULL
    GROUP BY external_id
),
cleared AS (
    SELECT
        written.*,
        CASE
            WHEN now.external_id IS NULL THEN 'vanished'
            WHEN written.segment_id NOT IN (SELECT segment_id FROM segment_names) THEN 'retired'
            ELSE now.because
        END AS reason
    FROM written
    LEFT JOIN standing_by_id AS now ON now.external_id = written.external_id
    WHERE NOT coalesce(now.is_sent, false)
      AND NOT coalesce(
          $keeps_uncertain
          AND written.content_hash IS NOT NULL
          AND written.segment_id IN (SELECT segment_id FROM segment_names)
          AND (now.is_pending OR (now.is_uncertain AND now.segment_id = written.segment_id)),
          false
      )
),
planned AS (
    SELECT
        CASE WHEN written.external_id IS NULL THEN 'add' ELSE 'change' END AS action,
        hashed.user_id,
        hashed.external_id,
        CASE
            WHEN written.external_id IS NULL THEN 'new'
            WHEN written.content_hash IS NULL THEN 'unconfirmed'
            WHEN written.segment_id <> hashed.segment_id THEN 'other_segment'
            ELSE 'name_or_confidence'
        END AS reason,
        hashed.segment_id,
        hashed.label,
        hashed.told_confidence AS confidence,
        hashed.content_hash,
        written.segment_id AS previous_segment_id,
        written.content_hash AS previous_hash,
        written.remote_id
    FROM placed_users AS hashed
    LEFT JOIN written USING (external_id)
    WHERE hashed.withheld_because IS NULL AND hashed.content_hash IS DISTINCT FROM written.content_hash
    UNION ALL BY NAME
    SELECT
        'clear' AS action,
        user_id,
        external_id,
        reason,
        segment_id AS previous_segment_id,
        content_hash AS previous_hash,
        remote_id
    FROM cleared
    UNION ALL BY NAME
    SELECT
        'withheld' AS action,
        user_id,
        external_id,
        withheld_because AS reason,
        segment_id,
        label,
        told_confidence AS confidence
    FROM placed_users AS hashed
    WHERE withheld_because <> 'not_live'
      AND (external_id IS NULL OR external_id NOT IN (SELECT external_id FROM cleared))
)
SELECT
    planned.*,
    CASE WHEN action = 'withheld' THEN 'withheld' ELSE $status END AS status,
    CASE WHEN action <> 'withheld' THEN refusals.reason END AS problem,
    CASE WHEN action <> 'withheld' THEN coalesce(refusals.attempt_count, 0) ELSE 0 END AS attempt_count,
    $now::TIMESTAMP AS planned_at
FROM planned
LEFT JOIN refusals ON refusals.external_id = planned.external_id
ORDER BY action, attempt_count, user_id, planned.external_id
