-- One row per user seen lately: its behaviour up to the latest event. Reads behaviour and model_features.
SELECT
    $scored_at::TIMESTAMP AS scored_at,
    $model_month::DATE AS model_month,
    b.* EXCLUDE (
        visiting_s,
        gap_count,
        pause_count,
        pause_s,
        morning_count,
        afternoon_count,
        evening_count,
        night_count,
        late_event_count
    ),
    coalesce(m.model_features, map([]::VARCHAR[], []::DOUBLE[])) AS model_features
FROM behaviour AS b
LEFT JOIN model_features AS m ON b.user_id = m.user_id
ORDER BY b.user_id
