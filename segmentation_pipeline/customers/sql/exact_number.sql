-- A text as an exact number with six decimals; null when it is none. A mark of currency before or after it goes: a
-- sign, or up to four letters (one letter after a number may mean thousands). (5), 5- and a typographic minus are -5.
-- Of comma and dot the last one is the decimal mark; where only one of them stands, once, before exactly three digits,
-- it may be either and `mark`, the decimal mark of the file, decides. A single plain number takes the short way.
CREATE OR REPLACE TEMP MACRO number_parts(pattern) AS
    '^' || replace(replace(replace(replace(replace(pattern,
        'BEFORE', '(?:MARK{1,4}\.?)?_'),
        'AFTER', '_(?:MARK{2,4}\.?|[$\x{a2}-\x{a5}\x{20a0}-\x{20cf}])?'),
        'MARK', '[$A-Za-z\x{a2}-\x{a5}\x{c0}-\x{5ff}\x{20a0}-\x{20cf}]'),
        'NUMBER', '((?:\d(?:[\d.,]*\d)?|[.,]\d+)(?:[eE][+-]?\d+)?)'),
        '_', '[\s\x{a0}\x{202f}]*') || '$';

CREATE OR REPLACE TEMP MACRO signed_number(parts) AS
    CASE WHEN parts.number <> '' THEN CASE WHEN contains(parts.sign, '-') THEN '-' ELSE '' END || parts.number END;

CREATE OR REPLACE TEMP MACRO bare_number(t) AS CASE
    WHEN regexp_matches(t, '^[+-]?\d[\d.,]*$') THEN t
    WHEN contains(t, '(')
        THEN '-' || nullif(regexp_extract(t, number_parts('BEFORE\(_BEFORENUMBERAFTER_\)AFTER'), 1), '')
    WHEN regexp_matches(t, '\d\D*[+-]\D*$')
        THEN signed_number(regexp_extract(t, number_parts('BEFORENUMBER(AFTER_[+-]|_[+-]AFTER)'), ['number', 'sign']))
    ELSE signed_number(regexp_extract(t, number_parts('([+-]_BEFORE|BEFORE[+-]?_)NUMBERAFTER'), ['sign', 'number']))
END;

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
    ELSE try_cast(list_transform([bare_number(replace(t, '−', '-'))], lambda u: dotted(u, mark))[1] AS DECIMAL(24, 6))
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

-- The day a text begins with, whatever time and zone follow: a birthday is the same day everywhere.
CREATE OR REPLACE TEMP MACRO told_day(t) AS CASE
    WHEN regexp_matches(t, '^\d{1,2}\.\d{1,2}\.\d{4}( \d{1,2}:\d{2}.*)?$')
        THEN CAST(try_strptime(regexp_extract(t, '^[\d.]+'), '%d.%m.%Y') AS DATE)
    WHEN regexp_matches(t, '^(19|20)\d{6}(\d{6})?$') THEN CAST(try_strptime(left(t, 8), '%Y%m%d') AS DATE)
    WHEN regexp_matches(t, '^\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]\d.*|[+-]\d{2}:?\d{2}|Z)?$')
        THEN try_cast(replace(regexp_extract(t, '^\d{4}[-/]\d{1,2}[-/]\d{1,2}'), '/', '-') AS DATE)
END;
