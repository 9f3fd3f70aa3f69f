-- One row per user at risk and action the user took, for the actions most users take.
WITH users AS (
    SELECT row_number() OVER (ORDER BY user_id) - 1 AS user_index, action_counts
    FROM user_features
    WHERE refresh_month = $month AND status = 'at_risk'
),

taken AS (
    SELECT user_index, entry.key AS action, entry.value AS action_count
    FROM (SELECT user_index, unnest(map_entries(action_counts)) AS entry FROM users)
    WHERE entry.value > 0
),

ranked AS (
    SELECT action, row_number() OVER (ORDER BY count(*) DESC, action) AS place
    FROM taken
    GROUP BY action
)

SELECT t.user_index, t.action, t.action_count::DOUBLE AS action_count, r.place
FROM taken AS t
JOIN ranked AS r USING (action)
WHERE r.place <= $max_actions
ORDER BY r.place, t.user_index
