-- Where each user stands now: the likeliest segment by the latest stored model, and whether it may be told.
SELECT
    users.user_id,
    coalesce(users.likeliest_cluster_id, users.cluster_id) AS segment_id,
    coalesce(names.name, users.label) AS label,
    users.membership AS confidence,
    CASE
        WHEN users.status <> 'live' THEN 'not_live'
        WHEN users.likeliest_cluster_id IN (SELECT segment_id FROM living_segments WHERE NOT is_found) THEN 'preset'
        WHEN users.cluster_id = 'unclassified' OR users.membership < $floor THEN 'uncertain'
        ELSE 'assigned'
    END AS standing
FROM current_segments AS users
LEFT JOIN segment_names AS names ON names.segment_id = users.likeliest_cluster_id
