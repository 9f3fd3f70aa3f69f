-- Lines of the stage that are equal to another one there: which of the equal lines of its file each is, and whether a
-- file earlier in name order holds it too. All other lines are the first of their kind in their file.
CREATE OR REPLACE TEMP TABLE line_places AS
WITH repeated AS (
    SELECT line_key
    FROM {stage}.staged
    WHERE reason IS NULL
    GROUP BY line_key
    HAVING count(*) > 1
),

placed AS (
    SELECT
        s.rowid AS row_number_in_stage,
        s.file_number,
        s.line_key,
        row_number() OVER (PARTITION BY s.line_key, s.file_number ORDER BY s.rowid) AS occurrence
    FROM {stage}.staged AS s
    SEMI JOIN repeated AS r ON s.line_key = r.line_key
    WHERE s.reason IS NULL
)

SELECT
    row_number_in_stage,
    line_key,
    occurrence,
    row_number() OVER (PARTITION BY line_key, occurrence ORDER BY file_number) > 1 AS is_lost,
    ($names::VARCHAR[])[file_number + 1] AS file_name
FROM placed
