-- A part of customer_orders: how many orders each of its customers made, in the order of customers.
SELECT customer, customer_key, orders_so_far - lag(orders_so_far, 1, 0) OVER () AS order_count
FROM (
    SELECT customer, customer_key, ends_customer, row_number() OVER () AS orders_so_far
    FROM order_totals
    WHERE customer BETWEEN {first} AND {last}
)
WHERE ends_customer
