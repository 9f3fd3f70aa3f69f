-- One row per record of file number $file_number, in the order of the file: what it says, and what is wrong with its
-- form (null: nothing). A blank line is no record, only counted for the numbers of the others.
SELECT
    $file_number::INTEGER AS file_number,
    {texts}{times}{rest},
    CASE
        WHEN is_blank THEN 'blank_line'
        WHEN is_malformed THEN 'invalid_json'
        WHEN is_overlong THEN 'overlong_field'
    END AS reason,
    CAST(NULL AS VARCHAR) AS found,
    CASE WHEN is_blank OR is_malformed OR is_overlong THEN {record} END AS record
FROM ({fields}) AS fields
