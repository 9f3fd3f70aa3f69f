-- A part of order_totals: what each order came to.
SELECT customer, CAST(units_so_far - lag(units_so_far, 1, 0) OVER () AS DOUBLE) AS units
FROM (
    SELECT customer, ends_order, sum(units) OVER (ROWS UNBOUNDED PRECEDING) AS units_so_far
    FROM ({lines})
)
WHERE ends_order
