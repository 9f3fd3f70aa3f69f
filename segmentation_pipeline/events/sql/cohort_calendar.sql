-- One row per user seen in [$window_start, $landmark): its status at the one landmark of the calendar clock.
-- A user who ever ended before the landmark has ended: the first churn, conversion or end closes a case.
WITH lives AS (
    SELECT
        user_id,
        min(event_at) AS first_seen_at,
        min(CASE WHEN list_contains($churn::VARCHAR[], action) THEN event_at END) AS churned_at,
        min(CASE WHEN list_contains($conversion::VARCHAR[], action) THEN event_at END) AS converted_at,
        min(CASE WHEN list_contains($end::VARCHAR[], action) THEN event_at END) AS ended_at
    FROM raw_events
    WHERE event_at < $landmark::TIMESTAMP
    GROUP BY user_id
    HAVING max(event_at) >= $window_start::TIMESTAMP
)

SELECT
    user_id,
    CASE WHEN coalesce(churned_at, converted_at, ended_at) IS NULL THEN 'at_risk' ELSE 'ended_early' END AS status,
    first_seen_at,
    first_seen_at AS entered_at,
    $window_start::TIMESTAMP AS window_start_at,
    $landmark::TIMESTAMP AS landmark_at,
    greatest(first_seen_at, $window_start::TIMESTAMP) AS exposed_from,
    CASE
        WHEN churned_at = least(churned_at, converted_at, ended_at) THEN 'churn'
        WHEN converted_at = least(churned_at, converted_at, ended_at) THEN 'conversion'
        WHEN ended_at IS NOT NULL THEN 'end'
    END AS ending
FROM lives
