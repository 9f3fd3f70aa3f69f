-- One row per user seen lately: its behaviour up to the latest event. Reads shown_behaviour.
SELECT $scored_at::TIMESTAMP AS scored_at, $model_month::DATE AS model_month, *
FROM shown_behaviour
ORDER BY user_id
