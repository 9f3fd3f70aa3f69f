-- One row per user at risk and action the user took, for the actions most users take and those named in settings.
WITH users AS (
    SELECT
        f.user_id,
        row_number() OVER (ORDER BY f.user_id) - 1 AS user_index,
        f.action_counts
    FROM user_clusters AS c
    JOIN user_features AS f USING (refresh_month, user_id)
    JOIN user_outcomes AS o USING (refresh_month, user_id)
    WHERE refresh_month = $month
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

SELECT t.user_index, t.action, t.action_count::DOUBLE AS action_count
FROM taken AS t
JOIN ranked AS r USING (action)
WHERE r.place <= $max_actions OR list_contains($named_actions, action)
ORDER BY t.action, t.user_index
