-- A part of the customers, in the order of their numbers: who they are, and the sums over what they bought.
-- What decides between rows is packed into whole numbers, each in its own bits: of categories spend, category and orders,
-- of products spend and product (macros of segmenting.py). Comparing numbers is several times faster than comparing rows.
-- What was spent on a category up to its last row minus what was up to the last row before it: windows with an empty
-- OVER keep the order of product_history, and are quicker than grouping.
-- Numbers without gaps are grouped by the number itself, and come out in its order. So rows are put side by side instead
-- of being joined; should they ever not match, nothing is told.
SELECT
    k.customer_id,
    k.customer,
    k.age,
    k.region,
    k.membership_days,
    k.order_count,
    p.total_spent,
    p.product_orders,
    p.product_count,
    p.last_us,
    p.products,
    c.packed
FROM (SELECT * FROM known_customers WHERE customer BETWEEN {first} AND {last}) AS k
POSITIONAL JOIN (
    SELECT
        customer,
        sum(units) / 10000 AS total_spent,
        CAST(sum(order_count) AS BIGINT) AS product_orders,
        count(*) AS product_count,
        max(last_us) AS last_us,
        {products} AS products
    FROM (SELECT *, spend_of_product(units, enum_code(product)) AS spend FROM product_history)
    WHERE customer BETWEEN {first} AND {last}
    GROUP BY customer
) AS p
POSITIONAL JOIN (
    SELECT
        customer,
        max(((spent >> 40) << 64) + (enum_code(category)::HUGEINT << 32) + (spent & 1099511627775)) AS packed
    FROM (
        SELECT customer, category, total - lag(total, 1, 0) OVER () AS spent
        FROM (
            SELECT
                customer,
                category,
                sum((units::HUGEINT << 40) + order_count) OVER (ROWS UNBOUNDED PRECEDING) AS total,
                lead(customer) OVER () IS DISTINCT FROM customer
                OR lead(category) OVER () IS DISTINCT FROM category AS ends_category
            FROM product_history
            WHERE customer BETWEEN {first} AND {last}
        )
        WHERE ends_category
    )
    GROUP BY customer
) AS c
WHERE CASE
    WHEN k.customer = p.customer AND p.customer = c.customer THEN true
    ELSE error('Customers and what they bought stand in different orders.')
END
