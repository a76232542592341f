-- What was sold: the lines of a sale, written with it and read for its points.

-- The lines with the category of their product where they name a stock code that is known.
CREATE OR REPLACE FUNCTION customers_categorised(lines jsonb) RETURNS jsonb
LANGUAGE sql STABLE
AS $$
    SELECT jsonb_agg(
        line || CASE WHEN known.category > '' THEN jsonb_build_object('category', known.category) ELSE '{}' END
        ORDER BY (line->>'position')::integer
    )
    FROM jsonb_array_elements(lines) AS line
    LEFT JOIN LATERAL (
        SELECT p.category FROM customers_product p WHERE p.sku = line->>'sku' LIMIT 1
    ) AS known ON true
$$;

-- The lines of an order as a sale tells them; null without any.
CREATE OR REPLACE FUNCTION customers_lines_of(order_id bigint) RETURNS jsonb
LANGUAGE sql STABLE
AS $$
    SELECT jsonb_agg(jsonb_build_object(
        'position', line.position, 'title', line.title, 'sku', product.sku, 'category', product.category,
        'amount', line.total::text
    ) ORDER BY line.position)
    FROM customers_orderline line
    LEFT JOIN LATERAL (
        SELECT p.sku, p.category FROM customers_product p WHERE p.id = line.product_id LIMIT 1
    ) AS product ON true
    WHERE line.order_id = $1
$$;

-- Writes the lines of orders that have none. A stock code that is new becomes a product, in the order of their codes, so
-- that two sales cannot deadlock.
CREATE OR REPLACE FUNCTION customers_record_lines(baskets customers_basket[]) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO customers_product (code, sku, title, vendor, category, kind, created_at, updated_at)
    SELECT DISTINCT ON (line->>'sku') public_code(), line->>'sku', coalesce(line->>'title', ''), '',
           coalesce(line->>'category', ''), 'goods', clock_timestamp(), clock_timestamp()
    FROM unnest(baskets) AS basket CROSS JOIN LATERAL jsonb_array_elements(basket.lines) AS line
    LEFT JOIN LATERAL (SELECT p.id FROM customers_product p WHERE p.sku = line->>'sku' LIMIT 1) AS known ON true
    WHERE line->>'sku' > '' AND known.id IS NULL
    ORDER BY line->>'sku', (line->>'position')::integer
    ON CONFLICT (sku) DO NOTHING;

    INSERT INTO customers_orderline (order_id, position, product_id, title, quantity, unit_price, discount, total)
    SELECT basket.order_id, (line->>'position')::integer, (
               SELECT p.id FROM customers_product p WHERE p.sku = line->>'sku'
           ), coalesce(line->>'title', ''), (line->>'quantity')::numeric,
           round((line->>'amount')::numeric / (line->>'quantity')::numeric, 4), 0, (line->>'amount')::numeric
    FROM unnest(baskets) AS basket
    LEFT JOIN LATERAL (
        SELECT l.id FROM customers_orderline l WHERE l.order_id = basket.order_id LIMIT 1
    ) AS known ON true
    CROSS JOIN LATERAL jsonb_array_elements(basket.lines) AS line
    WHERE known.id IS NULL;
END
$$;
