CREATE OR REPLACE VIEW data_dictionary AS
SELECT
    c.table_name,
    t.comment AS table_comment,
    c.column_name,
    c.data_type,
    nullif(regexp_extract(c.comment, ' \[([^\]]+)\]$', 1), '') AS unit,
    regexp_replace(c.comment, ' \[[^\]]+\]$', '') AS comment
FROM duckdb_columns() AS c
INNER JOIN duckdb_tables() AS t USING (database_oid, schema_oid, table_oid)
WHERE NOT c.internal AND c.schema_name = 'main'
ORDER BY c.table_name, c.column_index
