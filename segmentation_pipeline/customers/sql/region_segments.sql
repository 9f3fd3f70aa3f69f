-- One row per region: the segment of somebody of whom nothing but the region is known.
SELECT
    region,
    'region' AS mode,
    customer_count,
    order_count,
    median_basket AS region_median_basket,
    median_source,
    trend_source,
    climate_source,
    {fixed:age_segment} AS age_segment,
    {fixed:churn} AS churn,
    {fixed:value} AS value,
    {fixed:loyalty} AS loyalty,
    trend AS affinity_category,
    {fixed:affinity_type} AS affinity_type,
    {fixed:diversity} AS diversity,
    climate AS region_climate,
    median_basket AS avg_basket,
    median_basket * $budget_factor AS estimated_budget,
    median_basket * 2 AS avg_monthly_spend,
    30 AS last_purchase_days_ago,
    {strategy} AS recommended_strategy,
    CAST({discount} AS DOUBLE) AS discount_pct
FROM region_facts
ORDER BY region
