-- A text without the blanks around it, no-break spaces (160) and stray byte order marks (65279) among them;
-- null if nothing is left. Most texts have none: comparing the first and the last character is seven times faster
-- than trimming every text.
CREATE OR REPLACE TEMP MACRO without_blanks(t) AS CASE
    WHEN t < '!' OR t > '~' OR reverse(t) < '!' OR reverse(t) > '~'
        THEN nullif(trim(t, ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(65279)), '')
    ELSE t
END;
