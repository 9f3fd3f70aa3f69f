-- customer_facts, each customer with the figures of the region: of the whole shop where none is known.
CREATE OR REPLACE TEMP TABLE customer_facts AS
SELECT f.*, r.climate, r.median_basket, r.trend
FROM customer_facts AS f
INNER JOIN region_facts AS r ON coalesce(f.region, '(all)') = r.region
