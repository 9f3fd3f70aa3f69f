-- Users at risk whose visits may be halved: at least $least_visits visits and $least_events events, in an order that
-- hangs on nothing but the id. More than are needed: some will turn out to have all visits in one half.
SELECT user_id
FROM user_features
WHERE
    refresh_month = $refresh_month::DATE
    AND status = 'at_risk'
    AND session_count >= $least_visits
    AND event_count >= $least_events
ORDER BY md5(user_id), user_id
LIMIT $most_candidates
