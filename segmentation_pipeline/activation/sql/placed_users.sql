-- Every user with an id at the destination, what is told of it, or why nothing is; from `wanted` and `external_ids`.
WITH placed AS (
    SELECT
        wanted.*,
        ids.external_id,
        CASE
            WHEN standing = 'not_live' THEN 'not_live'
            WHEN ids.external_id IS NULL THEN 'no_external_id'
            WHEN length(ids.external_id) > $id_chars THEN 'id_too_long'
            WHEN count(*) FILTER (WHERE standing <> 'not_live') OVER (PARTITION BY ids.external_id) > 1
                THEN 'shared_external_id'
            WHEN standing <> 'assigned' THEN standing
        END AS withheld_because,
        round(floor(confidence / $step + 1e-9) * $step, 2) AS told_confidence
    FROM wanted
    LEFT JOIN external_ids AS ids USING (user_id)
)
SELECT
    *,
    sha256(concat_ws(chr(31), user_id, segment_id, label, printf('%.2f', told_confidence))) AS content_hash
FROM placed
