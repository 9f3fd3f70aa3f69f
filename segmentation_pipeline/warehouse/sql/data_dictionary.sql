CREATE OR REPLACE VIEW data_dictionary AS
WITH described AS (
    SELECT database_oid, schema_oid, table_oid, comment FROM duckdb_tables()
    UNION ALL
    SELECT database_oid, schema_oid, view_oid, comment FROM duckdb_views() WHERE view_name <> 'data_dictionary'
)
SELECT
    c.table_name,
    d.comment AS table_comment,
    c.column_name,
    c.data_type,
    nullif(regexp_extract(c.comment, ' \[([^\]]+)\]$', 1), '') AS unit,
    regexp_replace(c.comment, ' \[[^\]]+\]$', '') AS comment
FROM duckdb_columns() AS c
INNER JOIN described AS d USING (database_oid, schema_oid, table_oid)
WHERE NOT c.internal AND c.schema_name = 'main'
ORDER BY c.table_name, c.column_index
