-- Where each user at risk stands in the newest refresh with discovered segments, and whether it may be told.
SELECT
    users.user_id,
    users.segment_id,
    coalesce(names.name, users.segment_label) AS label,
    users.confidence,
    CASE
        WHEN users.status = 'pending' THEN 'pending'
        WHEN users.status = 'unclassified' OR users.confidence < $floor THEN 'uncertain'
        ELSE 'assigned'
    END AS standing
FROM llm_assignments AS users
LEFT JOIN segment_names AS names ON names.segment_id = users.segment_id
WHERE users.refresh_month = (SELECT max(refresh_month) FROM llm_assignments)
