-- One row per import in which leads, their groups and the sizes of personas do not agree.
WITH accepted AS (
    SELECT import_id, count(*) AS lead_count
    FROM leads
    GROUP BY import_id
),

grouped AS (
    SELECT import_id, count(*) AS lead_count
    FROM lead_clusters
    SEMI JOIN leads USING (import_id, record_number)
    GROUP BY import_id
),

sized AS (
    SELECT c.import_id, c.persona_id, c.cluster, count(*) AS lead_count
    FROM lead_clusters AS c
    GROUP BY c.import_id, c.persona_id, c.cluster
)

SELECT import_id
FROM accepted AS a
FULL JOIN grouped AS g USING (import_id)
WHERE a.lead_count IS DISTINCT FROM g.lead_count
UNION
SELECT import_id
FROM sized AS s
FULL JOIN lead_personas AS p USING (import_id, persona_id, cluster)
WHERE s.lead_count IS DISTINCT FROM p.size
ORDER BY import_id
