-- sorted_lines: purchase lines up to the moment, in the order of customer, order and product; product_categories: the
-- category of each product.
-- Lines are sorted once, so that the lines of a customer, of an order and of a product in it stand next to each other:
-- where one ends, and sums up to there, are then found in one pass over the rows as they stand (windows with an empty
-- OVER keep the order of the table), several times faster than grouping by what stands in them. Such a pass runs on one
-- core; so customers are cut into parts, and the passes over the parts are asked for at once. Three narrow keys sort
-- twice as fast as four.
-- Products and categories are enumerations in the reverse order of their names: the largest spend of the largest name
-- is that of the first name, so one descending order decides ties as people read names.
-- Money is counted in whole ten-thousandths in a DOUBLE: exact up to 9e11, in whatever order it is added up. A DECIMAL
-- could not be multiplied: a line of 9.3e10 would overflow.
DROP TABLE IF EXISTS product_history;
DROP TABLE IF EXISTS product_categories;
DROP TABLE IF EXISTS sorted_lines;
DROP TYPE IF EXISTS product_name;
DROP TYPE IF EXISTS category_name;
CREATE TEMP TYPE product_name AS ENUM (
    SELECT product_id FROM (SELECT product_id FROM purchases UNION SELECT '') ORDER BY product_id DESC
);
CREATE TEMP TYPE category_name AS ENUM (
    SELECT category FROM (SELECT category FROM purchases WHERE category IS NOT NULL UNION SELECT '')
    ORDER BY category DESC
);

CREATE OR REPLACE TEMP TABLE category_names AS
SELECT enum_code(name::category_name)::BIGINT AS code, name AS category
FROM (SELECT unnest(enum_range(NULL::category_name)) AS name);

CREATE TEMP TABLE product_categories AS
SELECT
    product_id::product_name AS product,
    arg_min(category::category_name, struct_pack(n := -line_count, c := category::category_name)) AS category
FROM (SELECT product_id, category, count(*) AS line_count FROM purchases WHERE category IS NOT NULL GROUP BY ALL)
GROUP BY product_id;

-- A cast that cannot fail is done once per distinct text of a block, not once per row.
CREATE TEMP TABLE sorted_lines AS
SELECT
    customer_key,
    order_key,
    try_cast(product_id AS product_name) AS product,
    epoch_us(purchased_at) AS at_us,
    CAST(line_total::DOUBLE * 10000 AS BIGINT) AS units
FROM purchases
WHERE purchased_at <= {now}
ORDER BY customer_key, order_key, product
