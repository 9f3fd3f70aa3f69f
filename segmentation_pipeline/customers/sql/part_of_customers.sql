-- A part of the customers, in the order of their numbers: who they are, the sums over what they bought, and the products
-- they buy regularly and should have bought again.
-- What decides between rows is packed into whole numbers, each in its own bits: of categories spend, category and orders,
-- of products spend and product (macros of segmenting.py). Comparing numbers is several times faster than comparing rows.
-- Orders and products are counted in one number too.
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
    p.units / 10000 AS total_spent,
    p.counts >> 32 AS product_orders,
    p.counts & 4294967295 AS product_count,
    p.last_us,
    p.products,
    p.missing,
    c.strongest
FROM (
    SELECT
        customer,
        sum(units) AS units,
        CAST(sum((order_count << 32) + 1) AS BIGINT) AS counts,
        max(last_us) AS last_us,
        {products} AS products,
        list(struct_pack(
            "daysOverdue" := days - avg_days_between,
            "productId" := product,
            "category" := category,
            "avgDaysBetween" := avg_days_between,
            "lastPurchaseDaysAgo" := days
        )) FILTER (
            days > CASE
                WHEN avg_days_between > 0 AND avg_days_between <= $regular_days
                    THEN $overdue_factor * avg_days_between
            END
        ) AS missing
    FROM (
        SELECT
            *,
            spend_of_product(units, enum_code(product)) AS spend,
            ($now_us - last_us) // 86400000000 AS days
        FROM product_history
    )
    WHERE customer BETWEEN {first} AND {last}
    GROUP BY customer
) AS p
POSITIONAL JOIN (
    SELECT
        customer,
        max(of_category(spent, enum_code(category))) AS strongest
    FROM (
        SELECT customer, category, total - lag(total, 1, 0) OVER () AS spent
        FROM (
            SELECT
                customer,
                category,
                sum(spend_and_orders(units, order_count)) OVER (ROWS UNBOUNDED PRECEDING) AS total,
                lead(customer) OVER () IS DISTINCT FROM customer
                OR lead(category) OVER () IS DISTINCT FROM category AS ends_category
            FROM product_history
            WHERE customer BETWEEN {first} AND {last}
        )
        WHERE ends_category
    )
    GROUP BY customer
) AS c
POSITIONAL JOIN (SELECT * FROM known_customers WHERE customer BETWEEN {first} AND {last}) AS k
WHERE CASE
    WHEN k.customer = p.customer AND p.customer = c.customer THEN true
    ELSE error('Customers and what they bought stand in different orders.')
END
