-- One row per user at risk, in the order of ids: the segment, the measures behind the evidence, and the follow-up.
SELECT
    f.user_id,
    c.cluster_id,
    f.event_count::DOUBLE AS event_count,
    f.session_frequency,
    f.session_depth,
    f.feature_breadth::DOUBLE AS feature_breadth,
    f.active_day_share,
    f.mean_session_s / 60 AS visit_minutes,
    f.mean_gap_s / 60 AS pause_minutes,
    f.revision_count / nullif(f.event_count, 0) AS revision_share,
    f.collaboration_score,
    f.account_age_days,
    date_diff('microsecond', f.last_feature_event_at, f.landmark_at) / 86400e6 AS silent_days,
    -- A trend needs two visits and three days: halves of a shorter time tell day from night, not a change.
    CASE WHEN f.session_count >= 2 AND f.exposure_days >= 3 THEN f.recent_session_count / f.session_count END AS recent_visit_share,
    CASE WHEN f.session_count >= 1 THEN (f.session_count = 1)::DOUBLE END AS single_visit_share,
    f.time_of_day_pattern,
    o.duration_days,
    o.outcome
FROM user_clusters AS c
JOIN user_features AS f USING (refresh_month, user_id)
JOIN user_outcomes AS o USING (refresh_month, user_id)
WHERE refresh_month = $month
ORDER BY f.user_id
