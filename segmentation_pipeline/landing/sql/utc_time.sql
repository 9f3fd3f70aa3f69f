-- The moment a text means, in UTC with microseconds; null when it means none. Texts without a zone are read in the
-- session's TimeZone. Finer parts than a microsecond are cut off. In this order:
--   ISO 8601 as DuckDB reads it (iso_at): date, date and time, with or without offset or zone name;
--   a number: seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by magnitude
--     (1e11 s is the year 5138, 1e11 ms is 1973), except 8 or 14 digits that begin with 19 or 20 (a compact date);
--   other spellings of ISO: blanks around, compact, comma before the fraction, lower case, `+0000 UTC`, `+00:00[UTC]`.
-- CASE, not coalesce: DuckDB computes repeated parts of a coalesce for every row, needed or not.
CREATE OR REPLACE TEMP MACRO is_compact_date(t) AS
    strlen(t) IN (8, 14) AND (starts_with(t, '19') OR starts_with(t, '20'));

CREATE OR REPLACE TEMP MACRO epoch_number_us(n) AS CASE
    WHEN abs(n) < 100000000000 THEN CAST(floor(n * CAST(1000000 AS DECIMAL(7, 0))) AS BIGINT)
    WHEN abs(n) < 100000000000000 THEN CAST(floor(n * CAST(1000 AS DECIMAL(4, 0))) AS BIGINT)
    WHEN abs(n) < 100000000000000000 THEN CAST(floor(n) AS BIGINT)
    ELSE try_cast(floor(n) AS BIGINT) // 1000
END;

CREATE OR REPLACE TEMP MACRO plain_iso(t) AS regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
    upper(without_blanks(t)),
    '\[[^\]]*\]$', ''),
    ' ?([+-]\d{2}:?\d{2})( [A-Z]{2,5})?$', '\1'),
    '(:\d{2}),(\d)', '\1.\2'),
    '^((?:19|20)\d{2})(\d{2})(\d{2})T?(\d{2})(\d{2})(\d{2})', '\1-\2-\3 \4:\5:\6'),
    '^((?:19|20)\d{2})(\d{2})(\d{2})$', '\1-\2-\3');

CREATE OR REPLACE TEMP MACRO utc_time(iso_at, t) AS CASE
    WHEN iso_at IS NOT NULL THEN make_timestamp(epoch_us(iso_at))
    WHEN t IS NULL THEN NULL
    WHEN try_cast(t AS DECIMAL(28, 9)) IS NOT NULL AND NOT is_compact_date(t)
        THEN make_timestamp(epoch_number_us(try_cast(t AS DECIMAL(28, 9))))
    ELSE make_timestamp(epoch_us(try_cast(plain_iso(t) AS TIMESTAMPTZ)))
END;
