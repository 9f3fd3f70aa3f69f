-- The events of one half's visits. Reads whole_events (the events in scope) and visits (those of the half).
SELECT e.user_id, e.event_at, e.action
FROM whole_events AS e
INNER JOIN visits AS v ON e.user_id = v.user_id AND e.event_at >= v.started_at AND e.event_at <= v.ended_at
