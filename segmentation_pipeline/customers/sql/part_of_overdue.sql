-- A part of the customers who are overdue, with the products they buy regularly and should have bought again.
SELECT
    customer,
    list(struct_pack(
        "daysOverdue" := days - avg_days_between,
        "productId" := product,
        "category" := category,
        "avgDaysBetween" := avg_days_between,
        "lastPurchaseDaysAgo" := days
    )) AS missing
FROM (SELECT *, ($now_us - last_us) // 86400000000 AS days FROM product_history)
WHERE
    customer BETWEEN {first} AND {last}
    AND avg_days_between > 0
    AND avg_days_between <= $regular_days
    AND days > $overdue_factor * avg_days_between
GROUP BY customer
