-- One row per halved user and half: its model features seen from that half of its visits. Reads half_a and half_b.
SELECT $refresh_month::DATE AS refresh_month, user_id, 'a' AS half, model_features
FROM half_a
UNION ALL
SELECT $refresh_month::DATE AS refresh_month, user_id, 'b' AS half, model_features
FROM half_b
ORDER BY user_id, half
