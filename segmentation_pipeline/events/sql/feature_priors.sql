-- One row per feature: the value of the population at risk (pooled over its users) that single users are shrunk to.
-- Reads the relation behaviour. The $most_actions actions with most users get a feature each, the rest is `mix:other`.
-- Fractions are added as decimals: exact, so that the order in which threads add cannot show.
-- Nobody at risk has an ending before the landmark, so no ending is ever among the actions.
WITH at_risk AS (
    SELECT * FROM behaviour WHERE status = 'at_risk'
),

sums AS (
    SELECT
        count(*) AS user_count,
        sum(event_count) AS event_count,
        sum(session_count) AS session_count,
        CAST(sum(CAST(exposure_days AS DECIMAL(38, 9))) AS DOUBLE) AS exposure_days,
        CAST(sum(CAST(visiting_s AS DECIMAL(38, 9))) AS DOUBLE) AS visiting_s,
        sum(gap_count) AS gap_count,
        CAST(sum(CAST(pause_s AS DECIMAL(38, 9))) AS DOUBLE) AS pause_s,
        sum(pause_count) AS pause_count,
        sum(CASE WHEN session_count <= 1 THEN 1 ELSE 0 END) AS single_visit_count,
        sum(morning_count) AS morning_count,
        sum(afternoon_count) AS afternoon_count,
        sum(evening_count) AS evening_count,
        sum(night_count) AS night_count,
        sum(late_event_count) AS late_event_count
    FROM at_risk
),

entries AS (
    SELECT user_id, unnest(map_keys(action_counts)) AS action, unnest(map_values(action_counts)) AS use_count
    FROM at_risk
),

actions AS (
    SELECT action, sum(use_count) AS use_count, count(*) AS user_count
    FROM entries
    GROUP BY action
),

ranked AS (
    SELECT action, use_count, row_number() OVER (ORDER BY user_count DESC, action) AS place
    FROM actions
    WHERE action <> 'other'
),

mix AS (
    SELECT 'mix:' || action AS feature, use_count
    FROM ranked
    WHERE place <= $most_actions
    UNION ALL
    SELECT 'mix:other' AS feature, sum(use_count) AS use_count
    FROM (
        SELECT use_count FROM ranked WHERE place > $most_actions
        UNION ALL
        SELECT use_count FROM actions WHERE action = 'other'
    ) AS pooled
    HAVING count(*) > 0
),

named AS (
    SELECT 'daypart:afternoon' AS feature, afternoon_count / nullif(event_count, 0) AS prior FROM sums
    UNION ALL
    SELECT 'daypart:evening' AS feature, evening_count / nullif(event_count, 0) AS prior FROM sums
    UNION ALL
    SELECT 'daypart:morning' AS feature, morning_count / nullif(event_count, 0) AS prior FROM sums
    UNION ALL
    SELECT 'daypart:night' AS feature, night_count / nullif(event_count, 0) AS prior FROM sums
    UNION ALL
    SELECT 'depth:events_per_session' AS feature, event_count / nullif(session_count, 0) AS prior FROM sums
    UNION ALL
    SELECT 'intensity:sessions_per_week' AS feature, 7 * session_count / exposure_days AS prior FROM sums
    UNION ALL
    SELECT 'rhythm:gap_between_visits' AS feature, coalesce(
        pause_s / nullif(pause_count, 0), 86400 * exposure_days / user_count
    ) AS prior FROM sums
    UNION ALL
    SELECT 'rhythm:gap_within_visits' AS feature, visiting_s / nullif(gap_count, 0) AS prior FROM sums
    UNION ALL
    SELECT 'rhythm:single_visit' AS feature, single_visit_count / user_count AS prior FROM sums
    UNION ALL
    SELECT 'trend:second_half_share' AS feature, late_event_count / nullif(event_count, 0) AS prior FROM sums
    UNION ALL
    SELECT mix.feature, mix.use_count / sums.event_count AS prior FROM mix CROSS JOIN sums
)

SELECT $refresh_month::DATE AS refresh_month, feature, CAST(coalesce(prior, 0) AS DOUBLE) AS prior
FROM named
WHERE (SELECT user_count FROM sums) > 0
ORDER BY feature
