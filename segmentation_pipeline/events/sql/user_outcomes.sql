-- One row per user of the relation at_risk_users(user_id, landmark_at): the first of the relation endings(user_id,
-- event_at, kind) at or after its landmark, or how long it was followed.
-- $horizon_us null: everyone is followed to $as_of.
WITH at_risk AS (
    SELECT
        user_id,
        landmark_at,
        CASE
            WHEN $horizon_us::BIGINT IS NULL THEN $as_of::TIMESTAMP
            ELSE least(landmark_at + to_microseconds($horizon_us::BIGINT), $as_of::TIMESTAMP)
        END AS followed_to
    FROM at_risk_users
),

closings AS (
    SELECT r.user_id, min(e.event_at) AS outcome_at
    FROM at_risk AS r
    INNER JOIN endings AS e ON r.user_id = e.user_id
    WHERE e.event_at >= r.landmark_at AND e.event_at <= r.followed_to
    GROUP BY r.user_id
),

kinds AS (
    SELECT c.user_id, c.outcome_at, min(e.kind) AS kind
    FROM closings AS c
    INNER JOIN endings AS e ON c.user_id = e.user_id AND c.outcome_at = e.event_at
    GROUP BY c.user_id, c.outcome_at
)

SELECT
    $refresh_month::DATE AS refresh_month,
    r.user_id,
    r.landmark_at,
    k.outcome_at,
    CASE k.kind WHEN 1 THEN 'churn' WHEN 2 THEN 'conversion' WHEN 3 THEN 'end' ELSE 'censored' END AS outcome,
    CAST(epoch_us(coalesce(k.outcome_at, r.followed_to)) - epoch_us(r.landmark_at) AS DOUBLE) / 1000000 / 86400
        AS duration_days,
    CAST(epoch_us(r.followed_to) - epoch_us(r.landmark_at) AS DOUBLE) / 1000000 / 86400 AS followed_days
FROM at_risk AS r
LEFT JOIN kinds AS k ON r.user_id = k.user_id
