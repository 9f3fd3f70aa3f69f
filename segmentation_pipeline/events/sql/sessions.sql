-- One row per visit: consecutive events of a user with no gap longer than $gap_us.
-- The single definition of a session: reads the relation events_in_scope(user_id, event_at, action).
-- Actions travel as small integers (in alphabetical order, so ties in time are broken by name) and every
-- window shares partition and order: the sorts are what costs.
WITH actions AS (
    SELECT
        action,
        CAST(row_number() OVER (ORDER BY action) AS INTEGER) AS code,
        CASE WHEN list_contains($churn::VARCHAR[], action) THEN 1 ELSE 0 END AS is_churn,
        CASE WHEN list_contains($conversion::VARCHAR[], action) THEN 1 ELSE 0 END AS is_conversion,
        CASE WHEN list_contains($revision::VARCHAR[], action) THEN 1 ELSE 0 END AS is_revision,
        CASE WHEN list_contains($collaboration::VARCHAR[], action) THEN 1 ELSE 0 END AS is_collaboration
    FROM (SELECT DISTINCT action FROM events_in_scope) AS distinct_actions
),

coded AS (
    SELECT e.user_id, e.event_at, a.code
    FROM events_in_scope AS e
    INNER JOIN actions AS a ON e.action = a.action
),

spaced AS (
    SELECT
        user_id,
        event_at,
        code,
        lag(event_at) OVER by_user AS previous_at,
        lag(code) OVER by_user AS previous_code
    FROM coded
    WINDOW by_user AS (PARTITION BY user_id ORDER BY event_at, code)
),

marked AS (
    SELECT
        user_id,
        event_at,
        code,
        previous_code,
        previous_at IS NULL OR epoch_us(event_at) - epoch_us(previous_at) > $gap_us AS is_first
    FROM spaced
),

numbered AS (
    SELECT
        user_id,
        event_at,
        code,
        is_first,
        CAST(sum(CASE WHEN is_first THEN 1 ELSE 0 END) OVER by_user AS INTEGER) AS visit,
        CAST(sum(CASE WHEN is_first OR previous_code <> code THEN 1 ELSE 0 END) OVER by_user AS INTEGER) AS step
    FROM marked
    WINDOW by_user AS (PARTITION BY user_id ORDER BY event_at, code ROWS UNBOUNDED PRECEDING)
),

placed AS (
    SELECT
        user_id,
        event_at,
        code,
        visit,
        step - max(CASE WHEN is_first THEN step END) OVER (
            PARTITION BY user_id ORDER BY event_at, code ROWS UNBOUNDED PRECEDING
        ) AS place
    FROM numbered
),

visits AS (
    SELECT
        p.user_id,
        min(p.event_at) AS started_at,
        max(p.event_at) AS ended_at,
        count(*) AS event_count,
        max(p.place) + 1 AS action_count,
        sum(a.is_revision) AS revision_count,
        sum(a.is_collaboration) AS collaboration_count,
        max(a.is_conversion) = 1 AS is_converted,
        max(a.is_churn) = 1 AS is_dropped_off,
        max(CASE WHEN p.place = 0 THEN p.code END) AS step_1,
        max(CASE WHEN p.place = 1 THEN p.code END) AS step_2,
        max(CASE WHEN p.place = 2 THEN p.code END) AS step_3,
        max(CASE WHEN p.place = 3 THEN p.code END) AS step_4,
        max(CASE WHEN p.place = 4 THEN p.code END) AS step_5
    FROM placed AS p
    INNER JOIN actions AS a ON p.code = a.code
    GROUP BY p.user_id, p.visit
),

timed AS (
    SELECT *, CAST(epoch_us(ended_at) - epoch_us(started_at) AS DOUBLE) / 1000000 AS duration_s
    FROM visits
)

SELECT
    left(md5(t.user_id || '|' || CAST(epoch_us(t.started_at) AS VARCHAR)), 16) AS session_id,
    t.user_id,
    t.started_at,
    t.ended_at,
    t.duration_s,
    t.event_count,
    CAST(t.action_count AS BIGINT) AS action_count,
    CAST(t.revision_count AS BIGINT) AS revision_count,
    CAST(t.collaboration_count AS BIGINT) AS collaboration_count,
    t.is_converted,
    t.is_dropped_off,
    CASE WHEN t.event_count > 1 THEN t.duration_s / (t.event_count - 1) END AS mean_gap_s,
    concat_ws(' > ', a1.action, a2.action, a3.action, a4.action, a5.action) AS workflow,
    t.duration_s > $runaway_s
    OR (t.event_count >= $runaway_events AND t.event_count * 60 > $runaway_per_minute * t.duration_s) AS is_runaway
FROM timed AS t
LEFT JOIN actions AS a1 ON t.step_1 = a1.code
LEFT JOIN actions AS a2 ON t.step_2 = a2.code
LEFT JOIN actions AS a3 ON t.step_3 = a3.code
LEFT JOIN actions AS a4 ON t.step_4 = a4.code
LEFT JOIN actions AS a5 ON t.step_5 = a5.code
