-- One row per persona and import it lives in, in the order of names: its size and rate, and what changed since before.
-- reads: lead_personas
-- column previous_import_id: The import before in which the persona lived; null at its first.
-- column size_change: Leads more than in that import [leads]
-- column share_change: Change of its share of the leads [share]
-- column rate_change: Change of its shrunken rate [share]
-- column is_rate_change_clear: Whether the 95 % intervals of both rates lie apart.
SELECT
    persona_id,
    import_id,
    name,
    size,
    share,
    counted_count,
    conversion_count,
    raw_rate,
    shrunken_rate,
    rate_low,
    rate_high,
    value_tier,
    lag(import_id) OVER lives AS previous_import_id,
    size - lag(size) OVER lives AS size_change,
    share - lag(share) OVER lives AS share_change,
    shrunken_rate - lag(shrunken_rate) OVER lives AS rate_change,
    rate_low > lag(rate_high) OVER lives OR rate_high < lag(rate_low) OVER lives AS is_rate_change_clear
FROM lead_personas
WINDOW lives AS (PARTITION BY persona_id ORDER BY import_id)
