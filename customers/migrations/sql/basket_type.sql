-- The lines of one order.

CREATE TYPE customers_basket AS (
    order_id bigint,
    lines jsonb -- [{position, title, sku, category, quantity, amount}, …]; amount is of the whole line
);
