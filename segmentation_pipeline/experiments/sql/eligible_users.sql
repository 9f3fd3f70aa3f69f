-- One row per segment (and unclassified): users who newly reached the landmark from $counted_from until $counted_to.
-- Entry clock: the moment of each user's own landmark. Calendar clock: the first event ever, for users who are at risk
-- at the common landmark; in a steady state as many reach it a week as begin.
SELECT c.cluster_id, count(*) AS eligible_count
FROM user_clusters AS c
JOIN user_features AS f USING (refresh_month, user_id)
JOIN refreshes AS r USING (refresh_month)
WHERE
    refresh_month = $month
    AND f.status = 'at_risk'
    AND CASE r.clock WHEN 'entry' THEN f.landmark_at ELSE f.entered_at END >= $counted_from
    AND CASE r.clock WHEN 'entry' THEN f.landmark_at ELSE f.entered_at END < $counted_to
GROUP BY c.cluster_id
ORDER BY c.cluster_id
