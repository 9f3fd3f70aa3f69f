-- One row per record of file number $file_number, in the order of the file: a region, or a city and its region, and
-- the reason why the record cannot be used (null: it can).
WITH cleaned AS (
    SELECT
        *,
        without_blanks(region) AS region_name,
        without_blanks(city) AS city_name,
        try_cast(exact_number(without_blanks(median_basket), {mark}) AS DECIMAL(18, 4)) AS median_value
    FROM ({fields}) AS fields
)

SELECT
    $file_number::INTEGER AS file_number,
    city_name AS city,
    region_name AS region,
    without_blanks(climate) AS climate,
    median_value AS median_basket,
    without_blanks(trend) AS trend,
    CASE
        WHEN is_blank THEN 'blank_line'
        WHEN is_malformed THEN 'invalid_json'
        WHEN is_overlong THEN 'overlong_field'
        WHEN region_name IS NULL THEN 'blank_region'
        WHEN without_blanks(median_basket) IS NOT NULL AND coalesce(median_value < 0, true) THEN 'unparseable_median'
    END AS reason,
    left(CASE WHEN without_blanks(median_basket) IS NOT NULL THEN median_basket END, 60) AS found,
    CASE
        WHEN is_blank OR is_malformed OR is_overlong OR region_name IS NULL
            OR (without_blanks(median_basket) IS NOT NULL AND coalesce(median_value < 0, true))
            THEN {record}
    END AS record
FROM cleaned
