-- Per customer (those from `first` to below `beyond`) and category: what was spent and ordered, spend << 40 + orders.
-- What was spent up to its last row minus what was up to the last row before it: windows with an empty OVER keep the
-- order of product_history, and are quicker than grouping. They run on one core; so two halves are asked for at once.
CREATE OR REPLACE TEMP MACRO spent_per_category(first, beyond) AS TABLE
SELECT customer, category, total - lag(total, 1, 0) OVER () AS spent
FROM (
    SELECT
        customer,
        category,
        sum((units::HUGEINT << 40) + order_count) OVER (ROWS UNBOUNDED PRECEDING) AS total,
        lead(customer) OVER () IS DISTINCT FROM customer OR lead(category) OVER () IS DISTINCT FROM category
            AS ends_category
    FROM product_history
    WHERE customer >= first AND customer < beyond
)
WHERE ends_category
