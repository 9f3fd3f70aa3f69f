-- One row per customer of customer_facts: the nested payload `analyze` takes, from the same tables the rules read.
WITH histories AS (
    SELECT
        customer,
        list(struct_pack(
            "productId" := product,
            "category" := category,
            "totalSpent" := units / 10000,
            "orderCount" := order_count,
            "lastPurchase" := strftime(make_timestamp(last_us), '%Y-%m-%dT%H:%M:%S.%f'),
            "avgDaysBetween" := avg_days_between
        ) ORDER BY product) AS history
    FROM product_history
    GROUP BY customer
)

SELECT
    f.customer_id,
    CAST(to_json(struct_pack("customerData" := struct_pack(
        "customerId" := f.customer_id,
        "city" := c.city,
        "customer" := struct_pack(
            "age" := f.age,
            "gender" := c.gender,
            "registeredAt" := strftime({now} - to_days(f.membership_days::INTEGER), '%Y-%m-%dT%H:%M:%S.%f'),
            "orderCount" := f.order_count,
            "productHistory" := coalesce(h.history, [])
        ),
        "region" := struct_pack(
            "name" := f.region,
            "climateType" := f.climate,
            "medianBasket" := f.median_basket,
            "trend" := f.trend
        )
    ))) AS VARCHAR) AS payload
FROM customer_facts AS f
INNER JOIN customers AS c ON f.customer_id = c.customer_id
LEFT JOIN histories AS h ON f.customer = h.customer
ORDER BY f.customer_id
