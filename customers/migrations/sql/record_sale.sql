-- What the sale of any room writes into customers' tables: people by phone, orders by reference, their events.
-- Every function takes one or many; names are unqualified, so that each programme's schema has its own.

-- Twelve letters that nobody confuses, from 122 random bits (core.codes.public_code in SQL).
CREATE OR REPLACE FUNCTION public_code() RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT translate(
        left(encode(sha256(uuid_send(gen_random_uuid())), 'base64'), 12),
        'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
        '23456789abcdefghjkmnpqrstuvwxyz23456789abcdefghjkmnpqrstuvwxyz23'
    )
$$;

-- Customers for phone numbers (E.164) that have none yet. Two calls at once for one number: the second waits on the
-- unique identifier and gets nothing back; it reads the identifier again. Sorted, so that two batches cannot deadlock.
CREATE OR REPLACE FUNCTION customers_create_by_phone(
    phones text[], typed text[], source text, actor text, business_id bigint, at timestamptz
) RETURNS TABLE (phone text, customer_id bigint)
LANGUAGE plpgsql
SET enable_hashjoin = on
SET enable_nestloop = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH wanted AS MATERIALIZED (
        SELECT DISTINCT ON (given.phone) given.phone, given.typed
        FROM unnest(phones, typed) AS given (phone, typed)
        LEFT JOIN LATERAL (
            SELECT i.id FROM customers_identifier i WHERE i.kind = 'phone' AND i.value = given.phone LIMIT 1
        ) AS known ON true
        WHERE known.id IS NULL
        ORDER BY given.phone
    ), claimed AS (
        INSERT INTO customers_identifier (kind, value, customer_id, created_at)
        SELECT 'phone', wanted.phone, nextval('customers_customer_id_seq'), $6 FROM wanted
        ON CONFLICT (kind, value) DO NOTHING
        RETURNING value, customer_id
    ), made AS (
        INSERT INTO customers_customer (
            id, code, state, first_name, last_name, phone, phone_typed, email, external_id, address, city, region,
            postcode, country, language, attributes, source, created_at, updated_at
        )
        SELECT claimed.customer_id, public_code(), 'active', '', '', claimed.value, left(coalesce(wanted.typed, ''), 40),
               '', '', '', '', '', '', '', '', '{}', $3, $6, clock_timestamp()
        FROM claimed JOIN wanted ON wanted.phone = claimed.value
    ), known AS ( -- lists are driven by facts: who has none is in no list
        INSERT INTO customers_customerfacts (
            customer_id, orders_count, total_spent, is_member, balance, lifetime_points, rfm_group, updated_at
        )
        SELECT claimed.customer_id, 0, 0, false, 0, 0, '', clock_timestamp() FROM claimed
    ), told AS (
        INSERT INTO customers_event (name, customer_id, business_id, occurred_at, actor, data)
        SELECT 'customers.customer.created', claimed.customer_id, $5, $6, $4, jsonb_build_object('source', $3)
        FROM claimed
    )
    SELECT claimed.value::text, claimed.customer_id FROM claimed;
END
$$;

-- Who buys again is no longer archived (customers.actions.customers.restore_customer in SQL). The others of `ids` stay.
CREATE OR REPLACE FUNCTION customers_bring_back(
    ids bigint[], actor text, actor_label text, ip inet, business_id bigint, at timestamptz
) RETURNS void
LANGUAGE sql
AS $$
    WITH back AS (
        UPDATE customers_customer c SET state = 'active', updated_at = clock_timestamp()
        WHERE c.id = ANY ($1) AND c.state = 'archived'
        RETURNING c.id, c.code
    ), told AS (
        INSERT INTO customers_event (name, customer_id, business_id, occurred_at, actor, data)
        SELECT 'customers.customer.restored', back.id, $5, $6, $2, '{}' FROM back
    )
    INSERT INTO workspace_auditentry (at, actor, actor_label, action, subject, business_id, data, ip)
    SELECT $6, $2, $3, 'customers.customer.restored', 'customer:' || back.code, $5, '{}', $4 FROM back
$$;

-- One order for each sale, found by (business, reference) or placed; in the order of `ordinal`. An order that exists
-- without a customer gets the sale's customer when the totals agree, and an event says so: its sale counts for them from
-- then on. The caller compares customer and total and decides what a difference means.
CREATE OR REPLACE FUNCTION customers_record_sale(sales customers_sale[], source text, actor text)
RETURNS customers_recorded_sale[]
LANGUAGE plpgsql
SET enable_hashjoin = on
AS $$
#variable_conflict use_column
DECLARE
    recorded customers_recorded_sale[];
    known customers_recorded_sale[];
BEGIN
    WITH sale AS MATERIALIZED (
        SELECT s.*, nextval('customers_order_id_seq') AS id, public_code() AS code FROM unnest(sales) AS s
    ), placed AS (
        INSERT INTO customers_order (
            id, code, business_id, source, reference, number, customer_id, channel, status, fulfilment_status,
            placed_at, total, refunded_total, discount, tax, shipping, created_at
        )
        SELECT sale.id, sale.code, sale.business_id, $2, coalesce(sale.reference, sale.code),
               left(coalesce(sale.reference, ''), 60), sale.customer_id, 'store', 'paid', '', sale.placed_at, sale.total,
               0, 0, 0, 0, clock_timestamp()
        FROM sale ORDER BY sale.business_id, sale.reference
        ON CONFLICT (business_id, reference) DO NOTHING
        RETURNING id
    ), told AS (
        INSERT INTO customers_event (name, customer_id, business_id, occurred_at, actor, data)
        SELECT 'customers.order.placed', sale.customer_id, sale.business_id, sale.placed_at, $3,
               jsonb_build_object('order', sale.code, 'total', sale.total::text, 'source', $2)
        FROM placed JOIN sale ON sale.id = placed.id
    )
    SELECT array_agg(ROW(
        sale.ordinal, sale.id, sale.code, sale.customer_id, sale.total, 'paid', sale.placed_at, true
    )::customers_recorded_sale ORDER BY sale.ordinal)
    INTO recorded
    FROM placed JOIN sale ON sale.id = placed.id;

    IF cardinality(recorded) = cardinality(sales) THEN
        RETURN recorded;
    END IF;

    -- The others exist (also those that another transaction placed while we waited). Locked, so that the customer and
    -- the total that the caller judges cannot change before it commits.
    SELECT array_agg(ROW(
        old.ordinal, old.id, old.code, old.customer_id, old.total, old.status, old.placed_at, false
    )::customers_recorded_sale)
    INTO known
    FROM (
        SELECT s.ordinal, o.*
        FROM unnest(sales) AS s
        CROSS JOIN LATERAL (
            SELECT o.id, o.code::text AS code, o.customer_id, o.total, o.status::text AS status, o.placed_at
            FROM customers_order o
            WHERE o.business_id = s.business_id AND o.reference = s.reference
            LIMIT 1
            FOR NO KEY UPDATE
        ) AS o
        WHERE NOT EXISTS (SELECT FROM unnest(recorded) AS r WHERE r.ordinal = s.ordinal)
    ) AS old;

    -- A statement of its own: a row that this call changed could not be locked again for a second sale that names it.
    IF EXISTS (SELECT FROM unnest(known) AS k WHERE k.customer_id IS NULL) THEN
        WITH buyer AS MATERIALIZED ( -- of two customers who name one order, the first gets it
            SELECT DISTINCT ON (k.order_id) k.order_id, s.customer_id
            FROM unnest(known) AS k JOIN unnest(sales) AS s ON s.ordinal = k.ordinal
            WHERE k.customer_id IS NULL AND k.status = 'paid' AND k.total = s.total AND s.customer_id IS NOT NULL
            ORDER BY k.order_id, k.ordinal
        ), attached AS (
            UPDATE customers_order o SET customer_id = buyer.customer_id
            FROM buyer WHERE o.id = buyer.order_id
            RETURNING o.id, o.code, o.customer_id, o.business_id, o.placed_at
        ), told AS ( -- at the sale's time, whose day counts differently now
            INSERT INTO customers_event (name, customer_id, business_id, occurred_at, actor, data)
            SELECT 'customers.order.attached', attached.customer_id, attached.business_id, attached.placed_at, $3,
                   jsonb_build_object('order', attached.code)
            FROM attached
        )
        SELECT array_agg(ROW(
            k.ordinal, k.order_id, k.code, coalesce(k.customer_id, buyer.customer_id), k.total, k.status, k.placed_at,
            false
        )::customers_recorded_sale)
        INTO known
        FROM unnest(known) AS k LEFT JOIN buyer ON buyer.order_id = k.order_id;
    END IF;

    RETURN array(SELECT r FROM unnest(recorded || known) AS r ORDER BY r.ordinal);
END
$$;

-- Makes the readers of the event stream due within the minute. Nothing is written while they are: the sale of a busy
-- shop only looks. `programme_id` null: somebody else sees to it.
CREATE OR REPLACE FUNCTION customers_wake_readers(programme_id bigint, due_kind text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF programme_id IS NULL OR EXISTS (
        SELECT FROM public.programs_duework d
        WHERE d.programme_id = $1 AND d.kind = $2 AND d.next_due_at <= clock_timestamp() + interval '60 seconds'
    ) THEN
        RETURN;
    END IF;
    INSERT INTO public.programs_duework AS d (programme_id, kind, next_due_at)
    VALUES ($1, $2, clock_timestamp() + interval '1 second')
    ON CONFLICT ON CONSTRAINT due_work_once_per_kind
    DO UPDATE SET next_due_at = least(d.next_due_at, excluded.next_due_at);
END
$$;
