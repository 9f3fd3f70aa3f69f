-- One row per user at risk of a refresh, in the order of ids: the behaviour vector without feature usage.
SELECT
    user_id,
    session_frequency,
    coalesce(session_depth, 0) AS session_depth,
    feature_breadth::DOUBLE AS feature_breadth,
    collaboration_score,
    account_age_days,
    time_of_day_pattern,
    coalesce(primary_workflow, '') AS primary_workflow,
    event_count::DOUBLE AS event_count
FROM user_features
WHERE refresh_month = $month AND status = 'at_risk'
ORDER BY user_id
