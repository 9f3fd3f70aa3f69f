-- customer_facts: each known customer with the figures of the region, of the whole shop where none is known.
CREATE OR REPLACE TEMP VIEW customer_facts AS
SELECT k.*, r.climate, r.median_basket, r.trend
FROM known_customers AS k
INNER JOIN region_facts AS r ON coalesce(k.region, '(all)') = r.region
