-- One row per user of the relation cohort: behaviour before its landmark, with the sums model features are made of.
-- Reads cohort, events_in_scope and visits (sessions.sql run on them). Runaway visits are left out.
WITH counted_events AS (
    SELECT e.user_id, e.event_at, e.action
    FROM events_in_scope AS e
    WHERE NOT EXISTS (
        SELECT 1
        FROM visits AS v
        WHERE v.is_runaway AND v.user_id = e.user_id AND e.event_at >= v.started_at AND e.event_at <= v.ended_at
    )
),

seen AS (
    SELECT user_id, min(event_at) AS first_event_at, max(event_at) AS last_feature_event_at
    FROM events_in_scope
    GROUP BY user_id
),

-- Time zones differ by whole quarters of an hour, so converting the quarters is exact, and far less work.
quarters AS (
    SELECT user_id, time_bucket(INTERVAL '15 minutes', event_at) AS quarter_at, count(*) AS event_count
    FROM counted_events
    GROUP BY user_id, time_bucket(INTERVAL '15 minutes', event_at)
),

hours AS (
    SELECT
        user_id,
        event_count,
        extract(HOUR FROM timezone($timezone, timezone('UTC', quarter_at))) AS local_hour
    FROM quarters
),

dayparts AS (
    SELECT
        user_id,
        CAST(sum(event_count) AS BIGINT) AS event_count,
        CAST(sum(CASE WHEN local_hour < 6 THEN event_count ELSE 0 END) AS BIGINT) AS night_count,
        CAST(sum(CASE WHEN local_hour >= 6 AND local_hour < 12 THEN event_count ELSE 0 END) AS BIGINT) AS morning_count,
        CAST(sum(CASE WHEN local_hour >= 12 AND local_hour < 18 THEN event_count ELSE 0 END) AS BIGINT)
            AS afternoon_count,
        CAST(sum(CASE WHEN local_hour >= 18 THEN event_count ELSE 0 END) AS BIGINT) AS evening_count
    FROM hours
    GROUP BY user_id
),

halves AS (
    SELECT
        user_id,
        exposed_from,
        CAST(epoch_us(landmark_at) - epoch_us(exposed_from) AS DOUBLE) / 1000000 AS exposure_s,
        exposed_from + to_microseconds((epoch_us(landmark_at) - epoch_us(exposed_from)) // 2) AS half_at
    FROM cohort
),

late_events AS (
    SELECT e.user_id, count(*) AS late_event_count
    FROM counted_events AS e
    INNER JOIN halves AS h ON e.user_id = h.user_id
    WHERE e.event_at >= h.half_at
    GROUP BY e.user_id
),

visit_sums AS (
    SELECT
        v.user_id,
        count(CASE WHEN NOT v.is_runaway THEN 1 END) AS session_count,
        count(CASE WHEN v.is_runaway THEN 1 END) AS runaway_session_count,
        count(CASE WHEN NOT v.is_runaway AND v.started_at >= h.half_at THEN 1 END) AS recent_session_count,
        count(CASE WHEN NOT v.is_runaway AND v.collaboration_count > 0 THEN 1 END) AS collaborating_session_count,
        count(DISTINCT CASE
            WHEN NOT v.is_runaway THEN CAST(timezone($timezone, timezone('UTC', v.started_at)) AS DATE)
        END) AS active_day_count,
        -- Whole microseconds add up to the same in any order; fractions of seconds would not, and reruns must agree.
        CAST(coalesce(
            sum(CASE WHEN NOT v.is_runaway THEN epoch_us(v.ended_at) - epoch_us(v.started_at) END), 0
        ) AS DOUBLE) / 1000000 AS visiting_s,
        CAST(coalesce(sum(CASE WHEN NOT v.is_runaway THEN v.event_count - 1 END), 0) AS BIGINT) AS gap_count,
        CAST(coalesce(sum(CASE WHEN NOT v.is_runaway THEN v.revision_count END), 0) AS BIGINT) AS revision_count,
        min(CASE WHEN NOT v.is_runaway THEN v.started_at END) AS first_visit_at,
        max(CASE WHEN NOT v.is_runaway THEN v.ended_at END) AS last_visit_ended_at
    FROM visits AS v
    INNER JOIN halves AS h ON v.user_id = h.user_id
    GROUP BY v.user_id
),

workflow_counts AS (
    SELECT user_id, workflow, count(*) AS visit_count
    FROM visits
    WHERE NOT is_runaway
    GROUP BY user_id, workflow
),

workflow_most AS (
    SELECT user_id, max(visit_count) AS visit_count
    FROM workflow_counts
    GROUP BY user_id
),

workflows AS (
    SELECT w.user_id, min(w.workflow) AS primary_workflow
    FROM workflow_counts AS w
    INNER JOIN workflow_most AS m ON w.user_id = m.user_id AND w.visit_count = m.visit_count
    GROUP BY w.user_id
),

uses AS (
    SELECT user_id, action, count(*) AS use_count
    FROM counted_events
    GROUP BY user_id, action
),

usage AS (
    SELECT
        user_id,
        count(*) AS feature_breadth,
        map(list(action ORDER BY action), list(use_count ORDER BY action)) AS action_counts
    FROM uses
    GROUP BY user_id
)

SELECT
    c.user_id,
    c.status,
    c.entered_at,
    c.window_start_at,
    c.landmark_at,
    s.first_event_at,
    s.last_feature_event_at,
    h.exposure_s / 86400 AS exposure_days,
    coalesce(d.event_count, 0) AS event_count,
    v.session_count,
    v.recent_session_count,
    v.runaway_session_count,
    v.session_count * 7 / greatest(h.exposure_s / 86400, 1) AS session_frequency,
    coalesce(d.event_count, 0) / nullif(v.session_count, 0) AS session_depth,
    coalesce(u.feature_breadth, 0) AS feature_breadth,
    v.active_day_count / (1 + date_diff(
        'day',
        timezone($timezone, timezone('UTC', c.exposed_from)),
        timezone($timezone, timezone('UTC', c.landmark_at - INTERVAL '1 microsecond'))
    )) AS active_day_share,
    v.visiting_s / nullif(v.session_count, 0) AS mean_session_s,
    v.visiting_s / nullif(v.gap_count, 0) AS mean_gap_s,
    v.revision_count,
    coalesce(100 * v.collaborating_session_count / nullif(v.session_count, 0), 0) AS collaboration_score,
    CAST(epoch_us(c.landmark_at) - epoch_us(c.first_seen_at) AS DOUBLE) / 1000000 / 86400 AS account_age_days,
    CASE
        WHEN 2 * d.morning_count > d.event_count THEN 'morning'
        WHEN 2 * d.afternoon_count > d.event_count THEN 'afternoon'
        WHEN 2 * d.evening_count > d.event_count THEN 'evening'
        WHEN 2 * d.night_count > d.event_count THEN 'night'
        ELSE 'mixed'
    END AS time_of_day_pattern,
    w.primary_workflow,
    coalesce(u.action_counts, map([]::VARCHAR[], []::BIGINT[])) AS action_counts,
    v.visiting_s,
    v.gap_count,
    greatest(v.session_count - 1, 0) AS pause_count,
    coalesce(
        CAST(epoch_us(v.last_visit_ended_at) - epoch_us(v.first_visit_at) AS DOUBLE) / 1000000 - v.visiting_s, 0
    ) AS pause_s,
    coalesce(d.morning_count, 0) AS morning_count,
    coalesce(d.afternoon_count, 0) AS afternoon_count,
    coalesce(d.evening_count, 0) AS evening_count,
    coalesce(d.night_count, 0) AS night_count,
    coalesce(l.late_event_count, 0) AS late_event_count
FROM cohort AS c
INNER JOIN seen AS s ON c.user_id = s.user_id
INNER JOIN halves AS h ON c.user_id = h.user_id
INNER JOIN visit_sums AS v ON c.user_id = v.user_id
LEFT JOIN dayparts AS d ON c.user_id = d.user_id
LEFT JOIN late_events AS l ON c.user_id = l.user_id
LEFT JOIN workflows AS w ON c.user_id = w.user_id
LEFT JOIN usage AS u ON c.user_id = u.user_id
