-- One row per city or region told; of several files the last in name order counts. Case makes no
-- other region.
SELECT min(region) OVER (PARTITION BY lower(region)) AS region, city, climate, median_basket, trend
FROM told_regions
QUALIFY row_number() OVER (PARTITION BY lower(coalesce(city, region)), city IS NULL ORDER BY file_name DESC, record_number) = 1
ORDER BY region, city
