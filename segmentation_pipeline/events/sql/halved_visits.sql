-- The visits with the half each belongs to, for at most $most_users users with a visit in both. Reads visits.
-- The half hangs on the visit's id alone, not on the user's other visits: halves that are balanced within the user
-- would share the user's number of visits, so that users who differ by chance alone would look alike in both.
WITH assigned AS (
    SELECT *, CASE WHEN left(md5(session_id), 1) < '8' THEN 'a' ELSE 'b' END AS half
    FROM visits
    WHERE NOT is_runaway
),

judged AS (
    SELECT user_id
    FROM assigned
    GROUP BY user_id
    HAVING count(DISTINCT half) = 2
    ORDER BY md5(user_id), user_id
    LIMIT $most_users
)

SELECT a.*
FROM assigned AS a
INNER JOIN judged AS j ON a.user_id = j.user_id
