-- Segments of the model that scores today, with the name of their persona where there is one; bands cut by us for want
-- of segments are not found in the data.
SELECT
    clusters.cluster_id AS segment_id,
    coalesce(advice.persona_name, clusters.label) AS name,
    clusters.origin = 'clustered' AS is_found
FROM clusters
LEFT JOIN segment_advice AS advice USING (refresh_month, cluster_id)
WHERE clusters.refresh_month = (SELECT max(model_month) FROM current_segments)
