-- A part of marked_lines: the sorted lines of customers with neighbouring keys, with what ends at each. Customers are
-- numbered in the order of their keys.
SELECT
    {base} + CAST(count(*) FILTER (ends_customer) OVER (ROWS UNBOUNDED PRECEDING) AS INTEGER) - ends_customer::INTEGER
        AS customer,
    customer_key,
    order_key,
    product,
    units,
    at_us,
    ends_customer,
    ends_customer OR is_other_order AS ends_order,
    ends_customer OR is_other_order OR is_other_product AS ends_product,
    NOT (ends_customer OR is_other_order OR is_other_product) AND next_us <> at_us AS is_uneven
FROM (
    SELECT
        *,
        lead(customer_key) OVER () IS DISTINCT FROM customer_key AS ends_customer,
        lead(order_key) OVER () IS DISTINCT FROM order_key AS is_other_order,
        lead(product) OVER () IS DISTINCT FROM product AS is_other_product,
        lead(at_us) OVER () AS next_us
    FROM sorted_lines
    WHERE customer_key BETWEEN {first} AND {last}
)
