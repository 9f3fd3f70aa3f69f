-- One row per user who entered in [$cohort_from, $cohort_to) ($cohort_from null: from the beginning), with its own
-- landmark: entry plus lead-in. Entry is the first start action where any is configured, else the first event.
-- Already running: no start action, an ending before it, or seen before it within the log's first lead-in.
WITH lives AS (
    SELECT
        user_id,
        min(event_at) AS first_seen_at,
        min(CASE WHEN list_contains($start::VARCHAR[], action) THEN event_at END) AS started_at,
        min(CASE WHEN list_contains($churn::VARCHAR[], action) THEN event_at END) AS churned_at,
        min(CASE WHEN list_contains($conversion::VARCHAR[], action) THEN event_at END) AS converted_at,
        min(CASE WHEN list_contains($end::VARCHAR[], action) THEN event_at END) AS ended_at
    FROM raw_events
    WHERE event_at < $latest_landmark::TIMESTAMP
    GROUP BY user_id
),

entries AS (
    SELECT
        *,
        coalesce(started_at, first_seen_at) AS entered_at,
        least(churned_at, converted_at, ended_at) AS closed_at,
        len($start::VARCHAR[]) > 0 AS has_start_role
    FROM lives
)

SELECT
    user_id,
    CASE
        WHEN has_start_role AND started_at IS NULL THEN 'running_at_start'
        WHEN closed_at < entered_at THEN 'running_at_start'
        WHEN
            first_seen_at < entered_at AND first_seen_at < $log_start::TIMESTAMP + to_microseconds($lead_in_us)
            THEN 'running_at_start'
        WHEN closed_at < entered_at + to_microseconds($lead_in_us) THEN 'ended_early'
        ELSE 'at_risk'
    END AS status,
    first_seen_at,
    entered_at,
    entered_at AS window_start_at,
    entered_at + to_microseconds($lead_in_us) AS landmark_at,
    entered_at AS exposed_from,
    CASE
        WHEN churned_at = closed_at THEN 'churn'
        WHEN converted_at = closed_at THEN 'conversion'
        WHEN ended_at IS NOT NULL THEN 'end'
    END AS ending
FROM entries
WHERE
    ($cohort_from::TIMESTAMP IS NULL OR entered_at >= $cohort_from::TIMESTAMP)
    AND entered_at < $cohort_to::TIMESTAMP
