-- Users at risk of one refresh, with segment, follow-up and what hazard ratios are adjusted for.
-- A refresh without segments (too little data) still gives its users, as unclassified.
SELECT
    coalesce(c.cluster_id, 'unclassified') AS cluster_id,
    o.duration_days,
    o.outcome,
    o.followed_days,
    f.account_age_days AS tenure_days,
    epoch_us(f.entered_at - min(f.entered_at) OVER ()) / (7 * 86400e6) AS cohort_weeks,
    -- A hash that is the same on every machine and version, from 0 up to 1.
    CAST('0x' || substr(md5(o.user_id), 1, 8) AS BIGINT) / 4294967296.0 AS hash_share
FROM user_outcomes AS o
JOIN user_features AS f ON f.refresh_month = o.refresh_month AND f.user_id = o.user_id
LEFT JOIN user_clusters AS c ON c.refresh_month = o.refresh_month AND c.user_id = o.user_id
WHERE o.refresh_month = $month
ORDER BY o.user_id
