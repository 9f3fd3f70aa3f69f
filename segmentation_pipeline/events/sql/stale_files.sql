-- Names of the files whose events must be read again when the files $changed are: those that lost events to them as
-- duplicates, and those that lost events to these, and so on.
WITH RECURSIVE losses AS (
    SELECT f.file_name AS loser, k.winner
    FROM landed_files AS f, unnest(json_keys(f.duplicate_of)) AS k (winner)
),

stale AS (
    SELECT DISTINCT l.loser
    FROM losses AS l
    WHERE list_contains($changed::VARCHAR[], l.winner)
    UNION
    SELECT l.loser
    FROM losses AS l
    INNER JOIN stale AS s ON l.winner = s.loser
)

SELECT loser
FROM stale
ORDER BY loser
