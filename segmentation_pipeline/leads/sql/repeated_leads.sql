-- One row per record whose lead id an earlier record of its file has: equal to it (a duplicate), or not (a conflict).
WITH numbered AS ({numbered}),

told AS (
    SELECT
        *,
        hash(lead_at, state, industry, job_title, education, age, experience, gender, source, extras, is_converted)
            AS content
    FROM numbered
    WHERE reason IS NULL AND lead_id IS NOT NULL
),

repeated AS (
    SELECT
        *,
        first_value(record_number) OVER same_lead AS first_number,
        first_value(content) OVER same_lead AS first_content
    FROM told
    WHERE (file_number, lead_id) IN (
        SELECT (file_number, lead_id) FROM told GROUP BY file_number, lead_id HAVING count(*) > 1
    )
    WINDOW same_lead AS (PARTITION BY file_number, lead_id ORDER BY record_number)
)

SELECT
    file_number,
    record_number,
    lead_id,
    first_number,
    content = first_content AS is_duplicate
FROM repeated
WHERE record_number > first_number
