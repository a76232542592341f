-- What a sale is given as, and what was recorded of it.

CREATE TYPE customers_sale AS (
    ordinal integer,
    business_id bigint,
    reference text, -- the shop's own number; null: the sale is known by its own code
    customer_id bigint,
    total numeric,
    placed_at timestamptz
);

CREATE TYPE customers_recorded_sale AS (
    ordinal integer,
    order_id bigint,
    code text,
    customer_id bigint,
    total numeric,
    status text,
    placed_at timestamptz,
    is_new boolean
);
