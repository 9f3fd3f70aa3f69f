-- One row per record of file number $file_number, in the order of the file: a line of an order, and the reason why it
-- is none (null: it is one). The first reason that applies wins. The product of a line without one is its category.
-- A price of 0 marks write-offs and gifts to nobody; a total of 0 is a purchase somebody made for nothing (a voucher).
-- A time after $landed_at, when the file was first seen, is in the future.
WITH cleaned AS (
    SELECT
        *,
        without_blanks(customer_id) AS customer,
        without_blanks(order_id) AS order_text,
        without_blanks(category) AS category_text,
        told_time(purchased_at_typed, without_blanks(purchased_at)) AS moment,
        CASE WHEN without_blanks(quantity) IS NULL THEN 1 ELSE exact_number(quantity, {mark}) END AS amount,
        exact_number(without_blanks(unit_price), {mark}) AS price,
        exact_number(without_blanks(line_total), {mark}) AS total,
        try_cast(told_text(age) AS DOUBLE) AS years,
        told_day(told_text(birth_date)) AS birth_day,
        told_time(registered_at_typed, told_text(registered_at)) AS registered
    FROM ({fields}) AS fields
),

priced AS (
    SELECT
        *,
        try_cast(amount AS DECIMAL(18, 4)) AS exact_amount,
        CASE
            WHEN without_blanks(line_total) IS NOT NULL THEN try_cast(total AS DECIMAL(18, 4))
            WHEN without_blanks(unit_price) IS NOT NULL
                THEN try_cast(try_cast(price AS DECIMAL(18, 6)) * try_cast(amount AS DECIMAL(18, 4)) AS DECIMAL(18, 4))
        END AS exact_total,
        coalesce(regexp_matches(order_text, {cancelled}), false) AS is_cancelling_order
    FROM cleaned
),

judged AS (
    SELECT
        *,
        is_cancelling_order OR coalesce(exact_amount < 0, false) AS is_cancellation,
        CASE
            WHEN is_blank THEN 'blank_line'
            WHEN is_malformed THEN 'invalid_json'
            WHEN is_overlong THEN 'overlong_field'
            WHEN customer IS NULL THEN 'blank_customer'
            WHEN moment IS NULL AND without_blanks(purchased_at) IS NULL THEN 'missing_time'
            WHEN moment IS NULL OR moment < TIMESTAMP '1900-01-01' THEN 'unparseable_time'
            WHEN moment > $landed_at::TIMESTAMP THEN 'future_time'
            WHEN exact_amount IS NULL THEN 'unparseable_quantity'
            WHEN exact_amount = 0 THEN 'zero_quantity'
            WHEN without_blanks(unit_price) IS NULL AND without_blanks(line_total) IS NULL THEN 'missing_price'
            WHEN exact_total IS NULL THEN 'unparseable_price'
            WHEN is_cancelling_order OR exact_amount < 0 THEN
                CASE WHEN exact_total = 0 AND without_blanks(line_total) IS NULL THEN 'zero_price' END
            WHEN exact_total < 0 THEN 'negative_price'
            WHEN exact_total = 0 AND without_blanks(line_total) IS NULL THEN 'zero_price'
            WHEN told_text(age) IS NOT NULL AND coalesce(years NOT BETWEEN 0 AND 120, true)
                THEN 'age_out_of_range'
            WHEN birth_day IS NULL AND told_text(birth_date) IS NOT NULL THEN 'unparseable_birth_date'
            WHEN birth_day > CAST(moment AS DATE) OR birth_day < CAST(moment AS DATE) - INTERVAL 121 YEAR
                THEN 'birth_date_out_of_range'
            WHEN registered IS NULL AND told_text(registered_at) IS NOT NULL THEN 'unparseable_registration'
        END AS reason
    FROM priced
),

shaped AS (
    SELECT
        customer AS customer_id,
        coalesce(without_blanks(product_id), category_text, '-') AS product_id,
        category_text AS category,
        abs(exact_amount) AS quantity,
        CAST(abs(exact_total) / nullif(abs(exact_amount), 0) AS DECIMAL(18, 4)) AS unit_price,
        abs(exact_total) AS line_total,
        order_text AS order_id,
        moment AS purchased_at,
        told_text(city) AS city,
        told_text(region) AS region,
        told_text(gender) AS gender,
        years AS age,
        birth_day AS birth_date,
        registered AS registered_at,
        is_cancellation,
        reason,
        CASE
            WHEN reason IN ('unparseable_time', 'future_time') THEN purchased_at
            WHEN reason = 'unparseable_quantity' THEN quantity
            WHEN reason IN ('unparseable_price', 'negative_price') THEN coalesce(line_total, unit_price)
            WHEN reason = 'age_out_of_range' THEN age
            WHEN reason IN ('unparseable_birth_date', 'birth_date_out_of_range') THEN birth_date
            WHEN reason = 'unparseable_registration' THEN registered_at
        END AS found,
        CASE WHEN reason IS NOT NULL THEN {record} END AS record
    FROM judged
)

SELECT
    $file_number::INTEGER AS file_number,
    customer_id,
    product_id,
    category,
    quantity,
    unit_price,
    line_total,
    order_id,
    purchased_at,
    city,
    region,
    gender,
    age,
    birth_date,
    registered_at,
    is_cancellation,
    CASE WHEN reason IS NULL THEN
        CAST(hash(customer_id, product_id, order_id, purchased_at, quantity, line_total, is_cancellation) >> 1 AS BIGINT)
    END AS line_key,
    reason,
    left(found, 60) AS found,
    record
FROM shaped
