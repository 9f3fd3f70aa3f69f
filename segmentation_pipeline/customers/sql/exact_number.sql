-- A text as an exact number with six decimals; null when it is none. Marks of currency around it go. Of comma and dot
-- the last one is the decimal mark; where only one of them stands, once, before exactly three digits, it may be either
-- and `mark`, the decimal mark of the file, decides. A single plain number takes the short way.
CREATE OR REPLACE TEMP MACRO bare_number(t) AS
    regexp_replace(regexp_replace(t, '^[^0-9+-]{1,4}', ''), '[^0-9]{1,4}$', '');

CREATE OR REPLACE TEMP MACRO dotted(u, mark) AS CASE
    WHEN contains(u, ',') AND contains(u, '.') THEN
        CASE
            WHEN strpos(reverse(u), ',') < strpos(reverse(u), '.') THEN replace(replace(u, '.', ''), ',', '.')
            ELSE replace(u, ',', '')
        END
    WHEN contains(u, ',') THEN
        CASE
            WHEN regexp_matches(u, '^[+-]?\d{1,3}(,\d{3}){2,}$') THEN replace(u, ',', '')
            WHEN regexp_matches(u, '^[+-]?\d{1,3},\d{3}$') AND mark = '.' THEN replace(u, ',', '')
            ELSE replace(u, ',', '.')
        END
    WHEN regexp_matches(u, '^[+-]?\d{1,3}(\.\d{3}){2,}$') THEN replace(u, '.', '')
    WHEN mark = ',' AND regexp_matches(u, '^[+-]?\d{1,3}\.\d{3}$') THEN replace(u, '.', '')
    ELSE u
END;

CREATE OR REPLACE TEMP MACRO exact_number(t, mark) AS CASE
    WHEN mark = '.' AND try_cast(t AS DECIMAL(24, 6)) IS NOT NULL THEN try_cast(t AS DECIMAL(24, 6))
    WHEN t IS NULL THEN NULL
    ELSE try_cast(dotted(bare_number(t), mark) AS DECIMAL(24, 6))
END;

-- A moment as landed files tell it, or with the day first and dots, as in 31.01.2026 12:00.
CREATE OR REPLACE TEMP MACRO told_time(typed, t) AS CASE
    WHEN typed IS NOT NULL THEN typed
    WHEN t IS NULL THEN NULL
    WHEN regexp_matches(t, '^\d{1,2}\.\d{1,2}\.\d{4}') THEN
        make_timestamp(epoch_us(CAST(
            try_strptime(t, ['%d.%m.%Y', '%d.%m.%Y %H:%M', '%d.%m.%Y %H:%M:%S']) AS TIMESTAMPTZ
        )))
    ELSE utc_time(try_cast(t AS TIMESTAMPTZ), t)
END;
