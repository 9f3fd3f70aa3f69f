-- One row per user of the cohort: the columns that user_features and current_features share. Reads behaviour (without
-- the sums that only model features are made of) and model_features.
SELECT
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
