-- A part of customer_orders: how many orders each customer made.
SELECT customer, customer_key, orders_so_far - lag(orders_so_far, 1, 0) OVER () AS order_count
FROM (
    SELECT
        customer,
        customer_key,
        ends_customer,
        count(*) FILTER (ends_order) OVER (ROWS UNBOUNDED PRECEDING) AS orders_so_far
    FROM ({lines})
)
WHERE ends_customer
