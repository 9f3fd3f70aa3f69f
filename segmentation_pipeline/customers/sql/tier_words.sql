-- tier_words: one row per combination of tiers: its number, its words and what to do.
CREATE OR REPLACE TEMP TABLE tier_words AS
SELECT
    {code} AS code,
    {words},
    {strategy} AS recommended_strategy,
    CAST({discount} AS DOUBLE) AS discount_pct
FROM {tiers}
