-- One row per record of file number $file_number, in the order of the file: the lead it tells of, or why it is none.
-- A feature's missing value is Unknown; an outcome that is no known word is null. A blank line is no record.
SELECT
    $file_number::INTEGER AS file_number,
    lead_id_text AS lead_id,
    lead_at,
    {features},
    {extras} AS extras,
    is_converted,
    reason,
    CASE reason
        WHEN 'age_out_of_range' THEN age_text
        WHEN 'experience_out_of_range' THEN experience_text
        WHEN 'future_date' THEN CAST(lead_at AS VARCHAR)
    END AS found,
    CASE WHEN reason IS NOT NULL THEN {record} END AS record
FROM (
    SELECT
        *,
        CASE
            WHEN is_blank THEN 'blank_line'
            WHEN is_malformed THEN 'invalid_json'
            WHEN is_overlong THEN 'overlong_field'
            WHEN try_cast({known_age} AS DOUBLE) NOT BETWEEN 0 AND {oldest_age} THEN 'age_out_of_range'
            WHEN try_cast({known_experience} AS DOUBLE) NOT BETWEEN 0 AND {longest_experience}
                THEN 'experience_out_of_range'
            WHEN lead_at > $landed_at THEN 'future_date'
        END AS reason
    FROM (
        SELECT
            *,
            without_blanks(state) AS state_text,
            without_blanks(industry) AS industry_text,
            without_blanks(job_title) AS job_title_text,
            without_blanks(education) AS education_text,
            without_blanks(age) AS age_text,
            without_blanks(experience) AS experience_text,
            without_blanks(gender) AS gender_text,
            without_blanks(source) AS source_text,
            without_blanks(lead_id) AS lead_id_text,
            CASE
                WHEN lead_date_typed IS NOT NULL THEN lead_date_typed
                ELSE utc_time(try_cast(lead_date AS TIMESTAMPTZ), lead_date)
            END AS lead_at,
            CASE
                WHEN coalesce(replace(lower(without_blanks(outcome)), 'ı', 'i'), '') IN ({yes}) THEN true
                WHEN coalesce(replace(lower(without_blanks(outcome)), 'ı', 'i'), '') IN ({no}) THEN false
            END AS is_converted
        FROM ({fields}) AS fields
    ) AS texts
) AS judged
