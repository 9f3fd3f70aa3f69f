-- One row per record of file number $file_number, in the order of the file: what is known of a customer, and the
-- reason why the record cannot be used (null: it can). $landed_at is when the file was first seen.
WITH cleaned AS (
    SELECT
        *,
        without_blanks(customer_id) AS customer,
        try_cast(told_text(age) AS DOUBLE) AS years,
        told_day(told_text(birth_date)) AS birth_day,
        told_time(registered_at_typed, told_text(registered_at)) AS registered
    FROM ({fields}) AS fields
),

judged AS (
    SELECT
        *,
        CASE
            WHEN is_blank THEN 'blank_line'
            WHEN is_malformed THEN 'invalid_json'
            WHEN is_overlong THEN 'overlong_field'
            WHEN customer IS NULL THEN 'blank_customer'
            WHEN told_text(age) IS NOT NULL AND coalesce(years NOT BETWEEN 0 AND 120, true)
                THEN 'age_out_of_range'
            WHEN birth_day IS NULL AND told_text(birth_date) IS NOT NULL THEN 'unparseable_birth_date'
            WHEN
                birth_day > CAST($landed_at::TIMESTAMP AS DATE)
                OR birth_day < CAST($landed_at::TIMESTAMP AS DATE) - INTERVAL 121 YEAR
                THEN 'birth_date_out_of_range'
            WHEN registered IS NULL AND told_text(registered_at) IS NOT NULL THEN 'unparseable_registration'
        END AS reason
    FROM cleaned
)

SELECT
    $file_number::INTEGER AS file_number,
    customer AS customer_id,
    told_text(city) AS city,
    told_text(region) AS region,
    told_text(gender) AS gender,
    years AS age,
    birth_day AS birth_date,
    registered AS registered_at,
    reason,
    left(
        CASE reason
            WHEN 'age_out_of_range' THEN age
            WHEN 'unparseable_birth_date' THEN birth_date
            WHEN 'birth_date_out_of_range' THEN birth_date
            WHEN 'unparseable_registration' THEN registered_at
        END, 60
    ) AS found,
    CASE WHEN reason IS NOT NULL THEN {record} END AS record
FROM judged
