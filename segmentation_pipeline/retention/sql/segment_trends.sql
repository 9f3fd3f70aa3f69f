-- One row per refresh and segment of it (and overall): size, drop-off and retention, beside the refresh before.
WITH fits AS (
    SELECT refresh_month, cluster_id, user_count, drop_off_rate, drop_off_low, drop_off_high, drop_off_days, rmst_days
    FROM survival_fits
),

longest AS (
    SELECT refresh_month, cluster_id, arg_max(estimate, day) AS retention, max(day) AS retention_day
    FROM retention_curves
    WHERE curve = 'retention_km' AND status = 'observed' AND day > 0
    GROUP BY refresh_month, cluster_id
),

sized AS (
    SELECT refresh_month, cluster_id, label, user_count, share
    FROM clusters
    UNION ALL
    SELECT r.refresh_month, 'overall' AS cluster_id, 'All users' AS label, r.at_risk_count AS user_count, 1.0 AS share
    FROM refreshes AS r
    WHERE r.status = 'ready'
),

placed AS (
    SELECT
        *,
        lag(refresh_month) OVER (PARTITION BY cluster_id ORDER BY refresh_month) AS previous_month,
        share - lag(share) OVER (PARTITION BY cluster_id ORDER BY refresh_month) AS share_change
    FROM sized
)

SELECT
    p.refresh_month,
    p.cluster_id,
    p.label,
    v.verdict,
    p.user_count,
    p.share,
    p.share_change,
    f.drop_off_rate,
    f.drop_off_low,
    f.drop_off_high,
    f.drop_off_days,
    l.retention,
    l.retention_day,
    f.rmst_days,
    p.previous_month
FROM placed AS p
INNER JOIN refresh_verdicts AS v ON p.refresh_month = v.refresh_month
LEFT JOIN fits AS f ON p.refresh_month = f.refresh_month AND p.cluster_id = f.cluster_id
LEFT JOIN longest AS l ON p.refresh_month = l.refresh_month AND p.cluster_id = l.cluster_id
ORDER BY p.refresh_month, p.cluster_id
