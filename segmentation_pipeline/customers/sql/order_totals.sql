-- A part of order_totals: what each order of its customers came to, in the order of customers.
SELECT customer, customer_key, CAST(units_so_far - lag(units_so_far, 1, 0) OVER () AS DOUBLE) AS units, ends_customer
FROM (
    SELECT customer, customer_key, ends_customer, ends_order, sum(units) OVER (ROWS UNBOUNDED PRECEDING) AS units_so_far
    FROM marked_lines
    WHERE customer BETWEEN {first} AND {last}
)
WHERE ends_order
