CREATE SCHEMA regulars_template_schema;
CREATE TYPE regulars_template_schema.customers_basket AS (
	order_id bigint,
	lines jsonb
);
CREATE TYPE regulars_template_schema.customers_recorded_sale AS (
	ordinal integer,
	order_id bigint,
	code text,
	customer_id bigint,
	total numeric,
	status text,
	placed_at timestamp with time zone,
	is_new boolean
);
CREATE TYPE regulars_template_schema.customers_sale AS (
	ordinal integer,
	business_id bigint,
	reference text,
	customer_id bigint,
	total numeric,
	placed_at timestamp with time zone
);
CREATE TYPE regulars_template_schema.ledger_answer AS (
	ordinal integer,
	status text,
	response text
);
CREATE TYPE regulars_template_schema.ledger_context AS (
	owner text,
	actor text,
	actor_label text,
	ip inet,
	business_id bigint,
	source text,
	zone text,
	programme_id bigint,
	expires_at timestamp with time zone,
	earned_at timestamp with time zone,
	earned_expire_at timestamp with time zone,
	lapses_at timestamp with time zone
);
CREATE TYPE regulars_template_schema.ledger_operation AS (
	ordinal integer,
	turn integer,
	kind text,
	endpoint text,
	key text,
	digest bytea,
	phone text,
	phone_typed text,
	account_id bigint,
	is_member boolean,
	is_new boolean,
	customer_code text,
	is_archived boolean,
	business_id bigint,
	business_code text,
	business_is_open boolean,
	points bigint,
	amount numeric,
	rate numeric,
	rounding text,
	reference text,
	placed_at timestamp with time zone,
	order_id bigint,
	order_code text,
	reason text,
	expires_at timestamp with time zone,
	original_id bigint,
	not_before timestamp with time zone,
	cancels_order boolean,
	lines jsonb,
	terms jsonb,
	recipient_id bigint,
	recipient_code text,
	recipient_is_member boolean,
	reward_id bigint,
	reward_code text,
	action text,
	rule_id bigint
);
CREATE FUNCTION regulars_template_schema.customers_bring_back(ids bigint[], actor text, actor_label text, ip inet, business_id bigint, at timestamp with time zone) RETURNS void
    LANGUAGE sql
    AS $_$
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
$_$;
CREATE FUNCTION regulars_template_schema.customers_categorised(lines jsonb) RETURNS jsonb
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
CREATE FUNCTION regulars_template_schema.customers_create_by_phone(phones text[], typed text[], source text, actor text, business_id bigint, at timestamp with time zone) RETURNS TABLE(phone text, customer_id bigint)
    LANGUAGE plpgsql
    SET enable_hashjoin TO 'on'
    SET enable_nestloop TO 'off'
    AS $_$
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
$_$;
CREATE FUNCTION regulars_template_schema.customers_forget(person bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'regulars_template_schema', 'pg_temp'
    AS $$
DECLARE
    reference text;
BEGIN
    SELECT 'customer:' || c.code INTO reference
    FROM customers_customer c WHERE c.id = person AND c.state = 'erased';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'customer % is not erased', person USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    DELETE FROM customers_consentrecord WHERE customer_id = person;
    UPDATE workspace_auditentry SET actor_label = '', ip = NULL WHERE actor = reference;
    UPDATE workspace_auditentry SET data = data - 'reason'
    WHERE data ? 'reason' AND subject IN (
        SELECT reference UNION ALL SELECT 'order:' || o.code FROM customers_order o WHERE o.customer_id = person);
END
$$;
CREATE FUNCTION regulars_template_schema.customers_lines_of(order_id bigint) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    SELECT jsonb_agg(jsonb_build_object(
        'position', line.position, 'title', line.title, 'sku', product.sku, 'category', product.category,
        'amount', line.total::text
    ) ORDER BY line.position)
    FROM customers_orderline line
    LEFT JOIN LATERAL (
        SELECT p.sku, p.category FROM customers_product p WHERE p.id = line.product_id LIMIT 1
    ) AS product ON true
    WHERE line.order_id = $1
$_$;
CREATE FUNCTION regulars_template_schema.customers_record_lines(baskets regulars_template_schema.customers_basket[]) RETURNS void
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
CREATE FUNCTION regulars_template_schema.customers_record_sale(sales regulars_template_schema.customers_sale[], source text, actor text) RETURNS regulars_template_schema.customers_recorded_sale[]
    LANGUAGE plpgsql
    SET enable_hashjoin TO 'on'
    AS $_$
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
$_$;
CREATE FUNCTION regulars_template_schema.customers_sounding_like(typed text, threshold numeric) RETURNS SETOF bigint
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    AS $_$
DECLARE
    usual text;
    step numeric;
BEGIN
    PERFORM public.word_similarity('', '');  -- loads the extension, which knows its setting then
    usual := current_setting('pg_trgm.word_similarity_threshold');
    FOREACH step IN ARRAY ARRAY[greatest(threshold, 0.6), threshold] LOOP
        PERFORM set_config('pg_trgm.word_similarity_threshold', step::text, true);
        RETURN QUERY
            SELECT near.id FROM (
                SELECT c.id, c.search_text FROM customers_customer c WHERE c.search_text OPERATOR(public.%>) $1 LIMIT 5000
            ) AS near
            ORDER BY near.search_text OPERATOR(public.<->>) $1, near.id LIMIT 200;
        EXIT WHEN FOUND;
    END LOOP;
    PERFORM set_config('pg_trgm.word_similarity_threshold', usual, true);
END
$_$;
CREATE FUNCTION regulars_template_schema.customers_survivor(customer_id bigint) RETURNS bigint
    LANGUAGE sql STABLE STRICT
    AS $_$ SELECT coalesce(c.merged_into_id, c.id) FROM customers_customer c WHERE c.id = $1 $_$;
CREATE FUNCTION regulars_template_schema.customers_wake_readers(programme_id bigint, due_kind text) RETURNS void
    LANGUAGE plpgsql
    AS $_$
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
$_$;
CREATE FUNCTION regulars_template_schema.ledger_accounts_of(operations regulars_template_schema.ledger_operation[], answers regulars_template_schema.ledger_answer[], kind text) RETURNS bigint[]
    LANGUAGE plpgsql STABLE
    SET enable_hashjoin TO 'on'
    SET enable_nestloop TO 'off'
    AS $_$
BEGIN
    RETURN array(
        SELECT o.account_id FROM unnest(operations) AS o JOIN unnest(answers) AS a ON a.ordinal = o.ordinal
        WHERE a.status = 'done' AND ($3 IS NULL OR o.kind = $3)
    );
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_adjust(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE plpgsql
    AS $_$
DECLARE
    up ledger_operation[] := array(SELECT o FROM unnest(operations) AS o WHERE o.points > 0);
    down ledger_operation[] := array(SELECT o FROM unnest(operations) AS o WHERE o.points < 0);
    answers ledger_answer[];
BEGIN
    IF up <> '{}' THEN
        answers := ledger_credit(up, context, $3);
    END IF;
    IF down <> '{}' THEN
        answers := answers || ledger_debit(down, context, $3);
    END IF;
    RETURN answers;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_admit(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone, OUT made text[], OUT joined bigint[]) RETURNS record
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    joining ledger_operation[];
    phones text[];
BEGIN
    joining := array(
        SELECT first.o::ledger_operation
        FROM (
            SELECT o, row_number() OVER (PARTITION BY o.endpoint, o.key ORDER BY o.ordinal) AS place
            FROM unnest(operations) AS o
        ) AS first
        CROSS JOIN LATERAL (SELECT (first.o).*) AS o
        LEFT JOIN LATERAL (
            SELECT t.id FROM loyalty_transaction t
            WHERE t.key_owner = context.owner AND t.key_endpoint = o.endpoint AND t.key = o.key LIMIT 1
        ) AS stored ON true
        WHERE stored.id IS NULL AND (first.place = 1 OR o.key IS NULL) AND NOT o.is_member
        AND (o.kind = 'earn' AND o.business_is_open OR o.kind = 'adjust' AND o.points > 0 OR o.kind IN ('bonus', 'referral'))
    );
    phones := array(SELECT o.phone FROM unnest(joining) AS o WHERE o.account_id IS NULL AND o.phone IS NOT NULL);
    IF phones <> '{}' THEN
        made := array(
            SELECT c.phone FROM customers_create_by_phone(
                phones,
                array(SELECT o.phone_typed FROM unnest(joining) AS o WHERE o.account_id IS NULL AND o.phone IS NOT NULL),
                context.source, context.actor, (joining[1]).business_id, $3
            ) AS c
        );
    END IF;
    WITH admitted AS (
        INSERT INTO loyalty_account (customer_id, available, held, debt, lifetime, version, joined_at)
        SELECT person.id, 0, 0, 0, 0, 0, $3
        FROM (
            SELECT DISTINCT coalesce(o.account_id, (
                SELECT n.customer_id FROM customers_identifier n WHERE n.kind = 'phone' AND n.value = o.phone
            )) AS id
            FROM unnest(joining) AS o
        ) AS person
        WHERE person.id IS NOT NULL
        ORDER BY person.id
        ON CONFLICT (customer_id) DO NOTHING
        RETURNING customer_id
    )
    SELECT array_agg(customer_id) INTO joined FROM admitted;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_award(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    op ledger_operation;
    rule record;
    giving ledger_operation[];
    refused ledger_operation[];
    refusals jsonb[];
    answers ledger_answer[];
BEGIN
    FOR i IN 1 .. cardinality(operations) LOOP
        op := operations[i];
        SELECT r.id, r.name, r.points, (
            SELECT count(*) FROM loyalty_transaction t
            WHERE t.account_id = op.account_id AND t.rule_id = r.id AND t.status = 'done'
            AND (t.reversed_at IS NULL OR ledger_net_of(t.id) <> 0)
            AND (r.per NOT IN ('day', 'month') OR t.at >= date_trunc(r.per, $3 AT TIME ZONE context.zone)
                 AT TIME ZONE context.zone)
        ) >= r.per_limit AS is_over
        INTO rule
        FROM loyalty_earningrule r
        WHERE r.is_active AND (r.trigger = 'action' AND r.action = op.action
                               OR r.trigger = 'birthday' AND op.action = 'birthday:' || r.code)
        AND (r.business_id IS NULL OR r.business_id = op.business_id)
        AND (r.starts_on IS NULL OR r.starts_on <= ($3 AT TIME ZONE context.zone)::date)
        AND (r.ends_on IS NULL OR r.ends_on >= ($3 AT TIME ZONE context.zone)::date)
        ORDER BY r.position, r.id LIMIT 1;
        IF rule.id IS NULL OR rule.is_over THEN
            refused := refused || op;
            refusals := refusals || jsonb_build_object(
                'refusal', CASE WHEN rule.id IS NULL THEN 'no_such_action' ELSE 'bonus_limit_reached' END,
                'kind', 'bonus', 'action', op.action
            );
            CONTINUE;
        END IF;
        op.rule_id := rule.id;
        op.points := rule.points;
        op.reason := rule.name;
        giving := giving || op;
    END LOOP;
    IF giving IS NOT NULL THEN
        answers := ledger_credit(giving, context, $3);
    END IF;
    IF refused IS NOT NULL THEN
        answers := answers || ledger_refuse(refused, 'refused', refusals, context, $3);
    END IF;
    RETURN answers;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_capture_whole(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    done ledger_answer[];
    is_late boolean;
    is_wrong boolean;
BEGIN
    WITH op AS MATERIALIZED (
        SELECT o.*, nextval('loyalty_transaction_id_seq') AS id, public_code() AS code, h.points AS held,
               a.available AS balance, a.debt, t.code AS hold_code, t.reward_id AS held_reward_id,
               (SELECT r.code FROM loyalty_reward r WHERE r.id = t.reward_id) AS held_reward
        FROM unnest(operations) AS o
        CROSS JOIN LATERAL (
            SELECT h.points FROM loyalty_hold h WHERE h.transaction_id = o.original_id LIMIT 1
        ) AS h
        CROSS JOIN LATERAL (
            SELECT t.code, t.reward_id FROM loyalty_transaction t WHERE t.id = o.original_id LIMIT 1
        ) AS t
        CROSS JOIN LATERAL (
            SELECT a.available, a.debt FROM loyalty_account a WHERE a.customer_id = o.account_id LIMIT 1
        ) AS a
    ), spent AS MATERIALIZED (
        SELECT op.id, op.account_id, p.id AS allocation_id, p.lot_id, p.points AS amount
        FROM op JOIN loyalty_holdallocation p ON p.hold_id = op.original_id
    ), answer AS MATERIALIZED (
        SELECT op.*, jsonb_strip_nulls(jsonb_build_object(
            'transaction', code, 'kind', 'redeem', 'points', -held, 'held', -held, 'balance', balance, 'debt', debt,
            'customer', customer_code, 'business', business_code, 'reason', reason, 'hold', hold_code,
            'reward', held_reward
        )) AS response
        FROM op
    ), written AS (
        INSERT INTO loyalty_transaction (
            id, code, account_id, kind, status, points, business_id, reason, reward_id, reversed_points, key_owner,
            key_endpoint, key, request_digest, response, actor, actor_label, ip, at
        )
        SELECT id, code, account_id, 'redeem', 'done', -held, business_id, reason, held_reward_id, 0, context.owner,
               endpoint, key, digest, response, context.actor, context.actor_label, context.ip, $3
        FROM answer ORDER BY key
        ON CONFLICT DO NOTHING
        RETURNING id
    ), freed AS (
        DELETE FROM loyalty_holdallocation p USING spent WHERE p.id = spent.allocation_id
    ), settled AS (
        UPDATE loyalty_hold h SET state = 'captured', settled_by_id = op.id
        FROM op WHERE h.transaction_id = op.original_id
    ), entered AS (
        INSERT INTO loyalty_entry (transaction_id, account_id, lot_id, amount, seal)
        SELECT leg.*, ledger_seal(leg.id, leg.account_id, leg.lot_id, leg.amount)
        FROM (
            (SELECT id, account_id, lot_id, -amount AS amount FROM spent ORDER BY allocation_id)
            UNION ALL SELECT id, NULL, NULL, held FROM op
        ) AS leg
    ), counted AS (
        UPDATE loyalty_account a
        SET held = a.held - op.held, version = a.version + 1, lapses_at = context.lapses_at,
            expires_next_at = least(a.expires_next_at, context.lapses_at)
        FROM op WHERE a.customer_id = op.account_id
    ), told AS (
        INSERT INTO customers_event (name, customer_id, business_id, occurred_at, actor, data)
        SELECT 'loyalty.points.redeemed', account_id, business_id, $3, context.actor, jsonb_build_object(
            'transaction', code, 'points', -held, 'balance', balance, 'reason', reason
        )
        FROM op
    ), noted AS (
        INSERT INTO workspace_auditentry (at, actor, actor_label, action, subject, business_id, data, ip)
        SELECT $3, context.actor, context.actor_label, 'loyalty.points.redeemed', 'transaction:' || code, business_id,
               jsonb_build_object('points', -held, 'hold', hold_code), context.ip
        FROM op
    )
    SELECT array_agg(ROW(ordinal, 'done', response::text)::ledger_answer),
           (SELECT count(*) FROM written) < cardinality(operations),
           sum(held) IS DISTINCT FROM (SELECT sum(amount) FROM spent)
    INTO done, is_late, is_wrong
    FROM answer;
    IF is_wrong THEN
        RAISE EXCEPTION 'the allocations of a hold are not its points' USING ERRCODE = 'data_corrupted';
    ELSIF is_late THEN
        RAISE EXCEPTION 'a key was taken meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN done;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_claw_back(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    done ledger_answer[];
    is_late boolean;
    is_wrong boolean;
BEGIN
    WITH op AS MATERIALIZED (
        SELECT o.*, nextval('loyalty_transaction_id_seq') AS id, public_code() AS code, -o.points AS wanted,
               least(-o.points, own.waiting) AS unripe,
               least(-o.points, a.available + own.waiting) AS found,
               a.available - (least(-o.points, a.available + own.waiting) - least(-o.points, own.waiting)) AS balance,
               a.debt - o.points - least(-o.points, a.available + own.waiting) AS debt,
               ledger_is_of_earn(o.original_id) AS is_of_earn, t.code AS original_code, t.order_id AS original_order_id
        FROM unnest(operations) AS o
        CROSS JOIN LATERAL (
            SELECT a.available, a.debt FROM loyalty_account a WHERE a.customer_id = o.account_id LIMIT 1
        ) AS a
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(l.remaining), 0)::bigint AS waiting FROM loyalty_lot l
            WHERE l.transaction_id = o.original_id AND l.is_pending
        ) AS own
        CROSS JOIN LATERAL (
            SELECT t.code, t.order_id FROM loyalty_transaction t WHERE t.id = o.original_id LIMIT 1
        ) AS t
    ), taken AS MATERIALIZED (
        SELECT op.id, op.account_id, lot.id AS lot_id, least(lot.remaining, op.found - lot.before) AS amount
        FROM op CROSS JOIN LATERAL (
            SELECT l.id, l.remaining, (sum(l.remaining) OVER (
                ORDER BY l.is_pending DESC, l.transaction_id = op.original_id DESC, l.expires_at NULLS LAST, l.id
            ))::bigint - l.remaining AS before
            FROM loyalty_lot l
            WHERE l.account_id = op.account_id AND l.remaining > 0
            AND (NOT l.is_pending OR l.transaction_id = op.original_id)
        ) AS lot
        WHERE lot.before < op.found
    ), answer AS MATERIALIZED (
        SELECT op.*, jsonb_strip_nulls(jsonb_build_object(
            'transaction', code, 'kind', 'reverse', 'points', points, 'balance', balance, 'debt', debt,
            'customer', customer_code, 'business', business_code, 'reverses', original_code, 'reason', reason,
            'pending', CASE WHEN unripe > 0 THEN -unripe END, 'cancels_order', CASE WHEN cancels_order THEN true END
        )) AS response
        FROM op
    ), written AS (
        INSERT INTO loyalty_transaction (
            id, code, account_id, kind, status, points, business_id, order_id, reason, reverses_id, reversed_points,
            key_owner, key_endpoint, key, request_digest, response, actor, actor_label, ip, at
        )
        SELECT id, code, account_id, 'reverse', 'done', points, business_id, original_order_id, coalesce(reason, ''),
               original_id, 0, context.owner, endpoint, key, digest, response, context.actor, context.actor_label,
               context.ip, $3
        FROM answer ORDER BY key
        ON CONFLICT DO NOTHING
        RETURNING id
    ), drawn AS (
        UPDATE loyalty_lot l
        SET remaining = l.remaining - taken.amount, is_pending = l.is_pending AND l.remaining > taken.amount
        FROM taken WHERE l.id = taken.lot_id
    ), entered AS (
        INSERT INTO loyalty_entry (transaction_id, account_id, lot_id, amount, seal)
        SELECT leg.*, ledger_seal(leg.id, leg.account_id, leg.lot_id, leg.amount)
        FROM (
            SELECT id, account_id, lot_id, -amount AS amount FROM taken
            UNION ALL SELECT id, account_id, NULL, found - wanted FROM op
            UNION ALL SELECT id, NULL, NULL, wanted FROM op
        ) AS leg
        WHERE leg.amount <> 0
    ), counted AS (
        UPDATE loyalty_account a
        SET available = op.balance, debt = op.debt, version = a.version + 1,
            pending = a.pending - op.unripe, lifetime = a.lifetime - CASE WHEN op.is_of_earn THEN op.wanted ELSE 0 END
        FROM op WHERE a.customer_id = op.account_id
    ), marked AS (
        UPDATE loyalty_transaction t
        SET reversed_points = t.reversed_points + op.wanted,
            reversed_at = CASE WHEN t.reversed_points + op.wanted = t.points THEN $3 END
        FROM op WHERE t.id = op.original_id
    ), cancelled AS (
        UPDATE customers_order o SET status = 'cancelled'
        FROM op WHERE op.cancels_order AND o.id = op.original_order_id AND o.status IN ('paid', 'part_refunded')
        RETURNING o.id, o.code, o.customer_id, o.business_id, o.total
    ), told AS (
        INSERT INTO customers_event (name, customer_id, business_id, occurred_at, actor, data)
        SELECT 'loyalty.points.reversed', account_id, business_id, $3, context.actor, jsonb_build_object(
            'transaction', code, 'points', points, 'balance', balance, 'reverses', original_code
        )
        FROM op
        UNION ALL
        SELECT 'customers.order.cancelled', customer_id, business_id, $3, context.actor,
               jsonb_build_object('order', code, 'total', total::text)
        FROM cancelled
    ), noted AS (
        INSERT INTO workspace_auditentry (at, actor, actor_label, action, subject, business_id, data, ip)
        SELECT $3, context.actor, context.actor_label, 'loyalty.points.reversed', 'transaction:' || code, business_id,
               jsonb_build_object('points', points, 'reverses', original_code), context.ip
        FROM op
    )
    SELECT array_agg(ROW(ordinal, 'done', response::text)::ledger_answer),
           (SELECT count(*) FROM written) < cardinality(operations),
           sum(found) IS DISTINCT FROM (SELECT coalesce(sum(amount), 0) FROM taken)
    INTO done, is_late, is_wrong
    FROM answer;
    IF is_wrong THEN
        RAISE EXCEPTION 'the lots of an account do not hold its balance' USING ERRCODE = 'data_corrupted';
    ELSIF is_late THEN
        RAISE EXCEPTION 'a key was taken meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    PERFORM ledger_reshelve(operations);
    RETURN done;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_context_at(call jsonb, at timestamp with time zone) RETURNS regulars_template_schema.ledger_context
    LANGUAGE plpgsql STABLE
    AS $_$
#variable_conflict use_column
DECLARE
    context ledger_context := jsonb_populate_record(NULL::ledger_context, call);
    settings record;
BEGIN
    context.earned_at := $2;
    SELECT s.expiry_policy AS policy, s.expiry_months::integer AS months, s.expiry_day AS day,
           s.pending_days::integer AS pending_days
    INTO settings FROM loyalty_loyaltysettings s WHERE s.id = 1;
    IF FOUND THEN
        context.earned_at := loyalty_available_at($2, settings.pending_days, context.zone);
        IF settings.policy = 'inactivity' THEN
            context.lapses_at := loyalty_expires_at($2, settings.months, context.zone);
        ELSIF settings.policy = 'date' THEN
            context.expires_at := loyalty_expires_on($2, settings.months, settings.day, context.zone);
            context.earned_expire_at := loyalty_expires_on(
                context.earned_at, settings.months, settings.day, context.zone
            );
        ELSE
            context.expires_at := loyalty_expires_at($2, settings.months, context.zone);
            context.earned_expire_at := loyalty_expires_at(context.earned_at, settings.months, context.zone);
        END IF;
    END IF;
    RETURN context;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_credit(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    answers ledger_answer[];
BEGIN
    WITH op AS MATERIALIZED (
        SELECT o.*, nextval('loyalty_transaction_id_seq') AS id, nextval('loyalty_lot_id_seq') AS lot_id,
               public_code() AS code, due.paid, due.waits, due.waits AND o.points > 0 AS is_waiting,
               a.available + CASE WHEN due.waits THEN 0 ELSE o.points - due.paid END AS balance,
               a.debt - due.paid AS debt,
               CASE o.kind WHEN 'earn' THEN 'loyalty.points.earned' WHEN 'bonus' THEN 'loyalty.points.bonus'
                           WHEN 'referral' THEN 'loyalty.points.referral' ELSE 'loyalty.points.adjusted' END AS act
        FROM unnest(operations) AS o
        CROSS JOIN LATERAL (
            SELECT a.available, a.debt FROM loyalty_account a WHERE a.customer_id = o.account_id LIMIT 1
        ) AS a
        CROSS JOIN LATERAL (
            SELECT o.kind = 'earn' AND context.earned_at > $3 AS waits,
                   CASE WHEN o.kind = 'earn' AND context.earned_at > $3 THEN 0 ELSE least(a.debt, o.points) END AS paid
        ) AS due
    ), answer AS MATERIALIZED (
        SELECT op.*, jsonb_strip_nulls(jsonb_build_object(
            'transaction', code, 'kind', kind, 'points', points, 'balance', balance, 'debt', debt,
            'customer', customer_code, 'is_new', is_new, 'business', business_code, 'order', order_code,
            'reference', reference, 'amount', amount::text, 'rate', rate::text, 'rounding', rounding, 'reason', reason,
            'pending', CASE WHEN is_waiting THEN points END,
            'available_at', CASE WHEN is_waiting THEN context.earned_at END, 'action', action
        )) || CASE WHEN terms IS NULL THEN '{}' ELSE jsonb_build_object('terms', terms) END AS response
        FROM op
    ), written AS (
        INSERT INTO loyalty_transaction (
            id, code, account_id, kind, status, points, business_id, order_id, reason, rule_id, reversed_points,
            key_owner, key_endpoint, key, request_digest, response, actor, actor_label, ip, at
        )
        SELECT id, code, account_id, kind, 'done', points, business_id, order_id, coalesce(reason, ''), rule_id, 0,
               context.owner, endpoint, key, digest, response, context.actor, context.actor_label, context.ip, $3
        FROM answer ORDER BY key
        ON CONFLICT DO NOTHING
        RETURNING id
    ), put AS (
        INSERT INTO loyalty_lot (
            id, account_id, transaction_id, issuer_id, amount, remaining, available_at, expires_at, is_pending
        )
        SELECT lot_id, account_id, id, business_id, points - paid, points - paid,
               CASE WHEN waits THEN context.earned_at ELSE $3 END,
               CASE WHEN waits THEN context.earned_expire_at ELSE context.expires_at END, waits
        FROM op WHERE points > paid
    ), entered AS (
        INSERT INTO loyalty_entry (transaction_id, account_id, lot_id, amount, seal)
        SELECT leg.*, ledger_seal(leg.id, leg.account_id, leg.lot_id, leg.amount)
        FROM op CROSS JOIN LATERAL (
            VALUES (op.id, op.account_id, NULL::bigint, op.paid),
                   (op.id, op.account_id, op.lot_id, op.points - op.paid),
                   (op.id, NULL, NULL, -op.points)
        ) AS leg (id, account_id, lot_id, amount)
        WHERE leg.amount <> 0
    ), counted AS (
        UPDATE loyalty_account a
        SET available = op.balance, debt = op.debt, version = a.version + 1,
            pending = a.pending + CASE WHEN op.waits THEN op.points ELSE 0 END,
            lifetime = a.lifetime + CASE op.kind WHEN 'earn' THEN op.points ELSE 0 END,
            lapses_at = CASE op.kind WHEN 'earn' THEN context.lapses_at
                        ELSE coalesce(a.lapses_at, context.lapses_at) END,
            expires_next_at = CASE
                WHEN op.is_waiting THEN least(a.expires_next_at, context.earned_at, context.lapses_at)
                WHEN op.points > op.paid THEN least(a.expires_next_at, context.expires_at, context.lapses_at)
                ELSE least(a.expires_next_at, context.lapses_at) END
        FROM op WHERE a.customer_id = op.account_id
    ), told AS (
        INSERT INTO customers_event (name, customer_id, business_id, occurred_at, actor, data)
        SELECT act, account_id, business_id, CASE kind WHEN 'earn' THEN coalesce(placed_at, $3) ELSE $3 END,
               context.actor, jsonb_strip_nulls(jsonb_build_object(
                   'transaction', code, 'points', points, 'balance', balance, 'action', action
               ))
        FROM op
    ), noted AS (
        INSERT INTO workspace_auditentry (at, actor, actor_label, action, subject, business_id, data, ip)
        SELECT $3, context.actor, context.actor_label, act, 'transaction:' || code, business_id,
               jsonb_build_object('points', points), context.ip
        FROM op
    )
    SELECT array_agg(ROW(ordinal, 'done', response::text)::ledger_answer) INTO answers
    FROM answer WHERE (SELECT count(*) FROM written) = cardinality(operations);
    IF answers IS NULL THEN
        RAISE EXCEPTION 'a key or an order was taken meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN answers;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_date_lots(after bigint, batch integer) RETURNS bigint
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    account_ids bigint[];
    settings record;
    lapse timestamptz;
BEGIN
    SELECT array_agg(locked.customer_id) INTO account_ids FROM (
        SELECT a.customer_id FROM loyalty_account a WHERE a.customer_id > $1
        ORDER BY a.customer_id LIMIT $2 FOR NO KEY UPDATE
    ) AS locked;
    IF account_ids IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT s.expiry_policy AS policy, s.expiry_months::integer AS months, s.expiry_day AS day,
           s.expiry_changed_at AS changed_at, p.time_zone AS zone
    INTO settings
    FROM loyalty_loyaltysettings s CROSS JOIN public.programs_programme p
    WHERE s.id = 1 AND p.schema_name = current_schema();
    lapse := ledger_lapses_at('-infinity');
    IF settings.policy = 'date' OR settings.policy = 'months' AND settings.months IS NOT NULL THEN
        UPDATE loyalty_lot l SET expires_at = CASE settings.policy
            WHEN 'months' THEN loyalty_expires_at(
                greatest(settings.changed_at, l.available_at), settings.months, settings.zone
            )
            ELSE loyalty_expires_on(
                greatest(settings.changed_at, l.available_at), greatest(settings.months, 12), settings.day, settings.zone
            ) END
        WHERE l.expires_at IS NULL AND l.id IN (
            SELECT f.id FROM loyalty_lot f WHERE f.account_id = ANY (account_ids) AND f.remaining > 0
            UNION SELECT p.lot_id FROM loyalty_hold h JOIN loyalty_holdallocation p ON p.hold_id = h.transaction_id
            WHERE h.account_id = ANY (account_ids) AND h.state = 'held'
        );
    END IF;
    UPDATE loyalty_account a
    SET lapses_at = next.lapses_at, expires_next_at = least(a.expires_next_at, next.expires_at, next.lapses_at)
    FROM (
        SELECT o.customer_id, CASE WHEN lapse IS NOT NULL THEN greatest(o.lapses_at, lapse) END AS lapses_at, (
            SELECT l.expires_at FROM loyalty_lot l WHERE l.account_id = o.customer_id AND l.remaining > 0
            ORDER BY l.expires_at NULLS LAST, l.id LIMIT 1
        ) AS expires_at
        FROM loyalty_account o WHERE o.customer_id = ANY (account_ids)
    ) AS next
    WHERE a.customer_id = next.customer_id AND (
        a.lapses_at IS DISTINCT FROM next.lapses_at
        OR a.expires_next_at IS DISTINCT FROM least(a.expires_next_at, next.expires_at, next.lapses_at)
    );
    RETURN account_ids[cardinality(account_ids)];
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_debit(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    judged record := ledger_judge_spending(operations, context, $3);
    able ledger_operation[] := judged.able;
    answers ledger_answer[];
    done ledger_answer[];
    is_late boolean;
    is_wrong boolean;
BEGIN
    IF judged.refused IS NOT NULL THEN
        answers := ledger_refuse(judged.refused, 'refused', judged.refusals, context, $3);
    END IF;
    IF able IS NULL THEN
        RETURN answers;
    END IF;
    WITH op AS MATERIALIZED (
        SELECT o.*, nextval('loyalty_transaction_id_seq') AS id, public_code() AS code, -o.points AS wanted,
               a.available + o.points AS balance,
               CASE o.kind WHEN 'redeem' THEN 'loyalty.points.redeemed' ELSE 'loyalty.points.adjusted' END AS act
        FROM unnest(able) AS o
        CROSS JOIN LATERAL (
            SELECT a.available FROM loyalty_account a WHERE a.customer_id = o.account_id LIMIT 1
        ) AS a
    ), taken AS MATERIALIZED (
        SELECT op.id, op.account_id, lot.id AS lot_id, least(lot.remaining, op.wanted - lot.before) AS amount
        FROM op CROSS JOIN LATERAL ledger_spendable(op.account_id) AS lot
        WHERE lot.before < op.wanted
    ), answer AS MATERIALIZED (
        SELECT op.*, jsonb_strip_nulls(jsonb_build_object(
            'transaction', code, 'kind', kind, 'points', points, 'balance', balance, 'debt', 0,
            'customer', customer_code, 'business', business_code, 'reason', reason, 'reward', reward_code
        )) AS response
        FROM op
    ), written AS (
        INSERT INTO loyalty_transaction (
            id, code, account_id, kind, status, points, business_id, reason, reward_id, reversed_points, key_owner,
            key_endpoint, key, request_digest, response, actor, actor_label, ip, at
        )
        SELECT id, code, account_id, kind, 'done', points, business_id, coalesce(reason, ''), reward_id, 0, context.owner,
               endpoint, key, digest, response, context.actor, context.actor_label, context.ip, $3
        FROM answer ORDER BY key
        ON CONFLICT DO NOTHING
        RETURNING id
    ), drawn AS (
        UPDATE loyalty_lot l SET remaining = l.remaining - taken.amount FROM taken WHERE l.id = taken.lot_id
    ), entered AS (
        INSERT INTO loyalty_entry (transaction_id, account_id, lot_id, amount, seal)
        SELECT leg.*, ledger_seal(leg.id, leg.account_id, leg.lot_id, leg.amount)
        FROM (
            SELECT id, account_id, lot_id, -amount AS amount FROM taken
            UNION ALL SELECT id, NULL, NULL, wanted FROM op
        ) AS leg
    ), counted AS (
        UPDATE loyalty_account a
        SET available = op.balance, version = a.version + 1,
            lapses_at = CASE op.kind WHEN 'redeem' THEN context.lapses_at ELSE a.lapses_at END,
            expires_next_at = CASE op.kind WHEN 'redeem' THEN least(a.expires_next_at, context.lapses_at)
                              ELSE a.expires_next_at END
        FROM op WHERE a.customer_id = op.account_id
    ), told AS (
        INSERT INTO customers_event (name, customer_id, business_id, occurred_at, actor, data)
        SELECT act, account_id, business_id, $3, context.actor, jsonb_strip_nulls(jsonb_build_object(
            'transaction', code, 'points', points, 'balance', balance, 'reason', reason
        ))
        FROM op
    ), noted AS (
        INSERT INTO workspace_auditentry (at, actor, actor_label, action, subject, business_id, data, ip)
        SELECT $3, context.actor, context.actor_label, act, 'transaction:' || code, business_id,
               jsonb_build_object('points', points), context.ip
        FROM op
    )
    SELECT array_agg(ROW(ordinal, 'done', response::text)::ledger_answer),
           (SELECT count(*) FROM written) < cardinality(able),
           sum(wanted) IS DISTINCT FROM (SELECT sum(amount) FROM taken)
    INTO done, is_late, is_wrong
    FROM answer;
    IF is_wrong THEN
        RAISE EXCEPTION 'the lots of an account do not hold its balance' USING ERRCODE = 'data_corrupted';
    ELSIF is_late THEN
        RAISE EXCEPTION 'a key was taken meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN answers || done;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_earn(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    recorded customers_recorded_sale[];
    sale customers_recorded_sale;
    op ledger_operation;
    earlier record;
    refusal text;
    fresh ledger_operation[];
    returning_ids bigint[];
    refused ledger_operation[];
    refusals jsonb[];
    repeated ledger_operation[];
    repeats jsonb[];
    answers ledger_answer[];
    has_rules boolean := EXISTS (
        SELECT FROM loyalty_earningrule r WHERE r.trigger = 'sale' AND r.is_active
    ) OR EXISTS (SELECT FROM loyalty_tier t WHERE t.is_active AND t.factor > 1);
BEGIN
    recorded := customers_record_sale(array(
        SELECT ROW(
            o.ordinal, o.business_id, o.reference, o.account_id, o.amount, coalesce(o.placed_at, $3)
        )::customers_sale
        FROM unnest(operations) AS o
    ), context.source, context.actor);
    FOR i IN 1 .. cardinality(operations) LOOP
        op := operations[i];
        sale := recorded[i];
        op.order_id := sale.order_id;
        op.order_code := sale.code;
        op.placed_at := sale.placed_at;
        IF sale.is_new THEN
            fresh := fresh || op;
            CONTINUE;
        END IF;
        SELECT t.request_digest, t.response INTO earlier FROM loyalty_transaction t
        WHERE t.order_id = sale.order_id AND t.kind = 'earn' AND t.status = 'done';
        IF FOUND AND earlier.request_digest = op.digest AND sale.customer_id = op.account_id THEN
            repeated := repeated || op;
            repeats := repeats || earlier.response;
            CONTINUE;
        ELSIF FOUND AND op.key IS NULL THEN
            answers := answers || ROW(op.ordinal, 'key_reused', '{}')::ledger_answer;
            CONTINUE;
        ELSIF FOUND THEN
            refusal := 'order_already_earned';
        ELSIF sale.status <> 'paid' THEN
            refusal := 'order_cancelled';
        ELSIF sale.customer_id <> op.account_id THEN
            refusal := 'order_of_another_customer';
        ELSIF sale.total <> op.amount THEN
            refusal := 'order_total_differs';
        ELSE
            fresh := fresh || op;
            CONTINUE;
        END IF;
        refused := refused || op;
        refusals := refusals || jsonb_build_object(
            'refusal', refusal, 'kind', 'earn', 'order', sale.code, 'reference', op.reference
        );
    END LOOP;
    IF fresh IS NOT NULL THEN
        IF EXISTS (SELECT FROM unnest(fresh) AS f WHERE f.lines IS NOT NULL) THEN
            PERFORM customers_record_lines(array(
                SELECT ROW(f.order_id, f.lines)::customers_basket FROM unnest(fresh) AS f WHERE f.lines IS NOT NULL
            ));
        END IF;
        IF has_rules THEN
            FOR i IN 1 .. cardinality(fresh) LOOP
                op := fresh[i];
                op.terms := loyalty_terms(
                    op.business_id, op.account_id, op.order_id, op.amount, op.rate, op.rounding,
                    CASE WHEN op.lines IS NULL THEN customers_lines_of(op.order_id) ELSE customers_categorised(op.lines) END,
                    op.placed_at, $3, context.zone
                );
                op.points := loyalty_points_of(op.terms);
                fresh[i] := op;
            END LOOP;
        END IF;
        returning_ids := array(SELECT f.account_id FROM unnest(fresh) AS f WHERE f.is_archived);
        IF returning_ids <> '{}' THEN
            PERFORM customers_bring_back(
                returning_ids, context.actor, context.actor_label, context.ip, context.business_id, $3
            );
        END IF;
        answers := answers || ledger_credit(fresh, context, $3);
        IF EXISTS (SELECT FROM loyalty_stampcard c WHERE c.is_active) THEN
            FOR i IN 1 .. cardinality(fresh) LOOP
                PERFORM ledger_note_stamps((fresh[i]).order_id, (fresh[i]).lines, $3, context.zone);
            END LOOP;
        END IF;
    END IF;
    IF refused IS NOT NULL THEN
        answers := answers || ledger_refuse(refused, 'refused', refusals, context, $3);
    END IF;
    IF repeated IS NOT NULL THEN
        answers := answers || ledger_refuse(repeated, 'repeated', repeats, context, $3);
    END IF;
    RETURN answers;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_expire(account_ids bigint[], at timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    overdue record;
    touched integer;
    ids bigint[];
    lost bigint[];
    first_lapse timestamptz := ledger_lapses_at('-infinity'); -- of any account since the programme lets them
BEGIN
    FOR overdue IN
        SELECT h.transaction_id, h.account_id, h.points, t.business_id, t.reason
        FROM loyalty_account a
        CROSS JOIN LATERAL (
            SELECT h.transaction_id, h.account_id, h.points FROM loyalty_hold h
            WHERE h.account_id = a.customer_id AND h.state = 'held' AND h.expires_at <= $2
            ORDER BY h.expires_at, h.transaction_id
        ) AS h
        CROSS JOIN LATERAL (
            SELECT t.business_id, t.reason FROM loyalty_transaction t WHERE t.id = h.transaction_id LIMIT 1
        ) AS t
        WHERE a.customer_id = ANY (account_ids) AND a.held > 0
        ORDER BY a.customer_id
    LOOP
        PERFORM ledger_release(
            array[jsonb_populate_record(NULL::ledger_operation, jsonb_build_object(
                'kind', 'void', 'endpoint', '', 'digest', '', 'account_id', overdue.account_id,
                'original_id', overdue.transaction_id, 'points', overdue.points, 'business_id', overdue.business_id,
                'reason', overdue.reason
            ))],
            'expired',
            jsonb_populate_record(NULL::ledger_context, '{"owner": "", "actor": "system:system", "actor_label": ""}'),
            $2
        );
    END LOOP;
    PERFORM ledger_mature(array(
        SELECT a.customer_id FROM loyalty_account a
        WHERE a.customer_id = ANY (account_ids) AND a.pending > 0 ORDER BY a.customer_id
    ), $2);
    WITH looked AS MATERIALIZED (
        SELECT account.id AS account_id, lots.*
        FROM unnest(account_ids) AS account (id)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN a.lapses_at <= $2 AND first_lapse <= $2 THEN a.lapses_at END AS lapsed_at
            FROM loyalty_account a WHERE a.customer_id = account.id LIMIT 1
        ) AS a
        CROSS JOIN LATERAL (
            SELECT sum(l.remaining)::bigint AS points,
                   array_agg(l.id ORDER BY l.expires_at NULLS LAST, l.id) AS ids,
                   array_agg(l.remaining ORDER BY l.expires_at NULLS LAST, l.id) AS amounts
            FROM loyalty_lot l
            WHERE l.account_id = account.id AND l.remaining > 0 AND NOT l.is_pending
            AND (l.expires_at <= $2 OR l.expires_at IS NULL AND l.available_at < a.lapsed_at)
        ) AS lots
    ), due AS MATERIALIZED (
        SELECT nextval('loyalty_transaction_id_seq') AS id, public_code() AS code, looked.*
        FROM looked WHERE points IS NOT NULL
    ), written AS (
        INSERT INTO loyalty_transaction (
            id, code, account_id, kind, status, points, reason, reversed_points, key_owner, key_endpoint,
            request_digest, response, actor, actor_label, at
        )
        SELECT id, code, account_id, 'expire', 'done', -points, '', 0, '', '', '', jsonb_build_object(
            'transaction', code, 'kind', 'expire', 'points', -points
        ), 'system:system', '', $2
        FROM due
    ), emptied AS (
        UPDATE loyalty_lot l SET remaining = 0
        FROM due CROSS JOIN LATERAL unnest(due.ids) AS gone (lot_id)
        WHERE l.id = gone.lot_id
    ), entered AS (
        INSERT INTO loyalty_entry (transaction_id, account_id, lot_id, amount, seal)
        SELECT leg.*, ledger_seal(leg.id, leg.account_id, leg.lot_id, leg.amount)
        FROM due CROSS JOIN LATERAL (
            SELECT due.id, due.account_id, gone.lot_id, -gone.amount AS amount
            FROM unnest(due.ids, due.amounts) AS gone (lot_id, amount)
            UNION ALL SELECT due.id, NULL, NULL, due.points
        ) AS leg
    ), told AS (
        INSERT INTO customers_event (name, customer_id, occurred_at, actor, data)
        SELECT 'loyalty.points.expired', account_id, $2, 'system:system',
               jsonb_build_object('transaction', code, 'points', points)
        FROM due
    )
    SELECT count(points), array_agg(account_id), array_agg(coalesce(points, 0)) INTO touched, ids, lost FROM looked;
    -- The mark may have been early (its lot was spent): put it where it belongs also where nothing expired. What became
    -- available after an account had lapsed begins anew.
    UPDATE loyalty_account a
    SET available = a.available - next.gone, version = a.version + least(next.gone, 1), lapses_at = next.lapses_at,
        expires_next_at = least(
            (
                SELECT l.expires_at FROM loyalty_lot l
                WHERE l.account_id = a.customer_id AND l.remaining > 0 AND NOT l.is_pending
                ORDER BY l.expires_at NULLS LAST, l.id LIMIT 1 -- not min(): it might read everybody's, by date
            ),
            CASE WHEN a.pending > 0 THEN (
                SELECT min(l.available_at) FROM loyalty_lot l WHERE l.account_id = a.customer_id AND l.is_pending
            ) END,
            CASE WHEN a.held > 0 THEN (
                SELECT min(h.expires_at) FROM loyalty_hold h WHERE h.account_id = a.customer_id AND h.state = 'held'
            ) END,
            next.lapses_at
        )
    FROM unnest(ids, lost) AS account (id, gone)
    CROSS JOIN LATERAL (
        SELECT account.gone, CASE
            WHEN first_lapse IS NULL THEN NULL
            WHEN o.lapses_at > $2 OR o.lapses_at IS NULL THEN o.lapses_at
            WHEN first_lapse > $2 THEN first_lapse
            WHEN o.available > account.gone THEN ledger_lapses_at($2)
        END AS lapses_at
        FROM loyalty_account o WHERE o.customer_id = account.id LIMIT 1
    ) AS next
    WHERE a.customer_id = account.id;
    RETURN touched;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_expire_due(at timestamp with time zone, batch integer) RETURNS integer
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_seqscan TO 'off'
    AS $_$
#variable_conflict use_column
DECLARE
    account_ids bigint[];
BEGIN
    SELECT array_agg(locked.customer_id) INTO account_ids FROM (
        SELECT a.customer_id FROM loyalty_account a WHERE a.expires_next_at <= $1
        ORDER BY a.customer_id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
    ) AS locked;
    IF account_ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM ledger_expire(account_ids, $1);
    RETURN cardinality(account_ids);
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_fill_cards(book_id bigint, actor text, at timestamp with time zone, zone text) RETURNS void
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    book record;
    over integer;
    ready integer;
    full_cards integer;
    wanted integer;
BEGIN
    UPDATE loyalty_stampreward r SET state = 'expired', ended_at = r.expires_at
    WHERE r.book_id = $1 AND r.state = 'ready' AND r.expires_at <= $3;
    SELECT b.account_id, b.total, c.stamps::integer AS size, c.code, c.gives, c.reward_days::integer AS days INTO book
    FROM loyalty_stampbook b
    CROSS JOIN LATERAL (SELECT c.* FROM loyalty_stampcard c WHERE c.id = b.card_id LIMIT 1) AS c
    WHERE b.id = $1;
    SELECT count(*) FILTER (WHERE r.state IN ('used', 'expired')), count(*) FILTER (WHERE r.state = 'ready')
    INTO over, ready
    FROM loyalty_stampreward r WHERE r.book_id = $1;
    full_cards := greatest(floor(book.total::numeric / book.size)::integer, over);
    wanted := full_cards - over;
    IF ready > wanted THEN
        WITH taken AS (
            UPDATE loyalty_stampreward SET state = 'void', ended_at = $3
            WHERE id IN (
                SELECT r.id FROM loyalty_stampreward r WHERE r.book_id = $1 AND r.state = 'ready'
                ORDER BY r.id DESC LIMIT ready - wanted
            )
            RETURNING code
        )
        INSERT INTO customers_event (name, customer_id, occurred_at, actor, data)
        SELECT 'loyalty.stamps.reward_taken', book.account_id, $3, $2,
               jsonb_build_object('card', book.code, 'reward', taken.code)
        FROM taken;
    ELSIF ready < wanted THEN
        WITH made AS (
            INSERT INTO loyalty_stampreward (code, book_id, gives, state, made_at, expires_at, used_by, used_by_label)
            SELECT public_code(), $1, book.gives, 'ready', $3,
                   CASE WHEN book.days IS NOT NULL THEN loyalty_available_at($3, book.days + 1, zone) END, '', ''
            FROM generate_series(1, wanted - ready)
            RETURNING code
        )
        INSERT INTO customers_event (name, customer_id, occurred_at, actor, data)
        SELECT 'loyalty.stamps.completed', book.account_id, $3, $2,
               jsonb_build_object('card', book.code, 'reward', made.code)
        FROM made;
    END IF;
    UPDATE loyalty_stampbook b
    SET stamps = b.total - book.size * full_cards, completed = full_cards, changed_at = $3
    WHERE b.id = $1;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_give_back(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    last_chance timestamptz := $3 + make_interval(days => coalesce(
        (SELECT s.reinstated_days FROM loyalty_loyaltysettings s WHERE s.id = 1), 30
    ));
    done ledger_answer[];
    is_late boolean;
BEGIN
    WITH part AS MATERIALIZED (
        SELECT o.original_id, -e.amount AS amount, coalesce(l.issuer_id, o.business_id) AS issuer_id,
               coalesce(l.available_at > $3, false) AS waits, CASE WHEN l.available_at > $3 THEN l.available_at ELSE $3 END AS available_at,
               CASE WHEN e.lot_id IS NULL OR l.expires_at IS NULL THEN context.expires_at
                    ELSE greatest(l.expires_at, last_chance) END AS expires_at,
               row_number() OVER (PARTITION BY o.original_id ORDER BY e.id) AS place
        FROM unnest(operations) AS o
        JOIN loyalty_entry e ON e.transaction_id = o.original_id AND e.account_id IS NOT NULL AND e.amount < 0
        LEFT JOIN LATERAL (
            SELECT l.issuer_id, l.expires_at, l.available_at FROM loyalty_lot l WHERE l.id = e.lot_id LIMIT 1
        ) AS l ON true
    ), op AS MATERIALIZED (
        SELECT o.*, nextval('loyalty_transaction_id_seq') AS id, public_code() AS code, t.code AS original_code,
               t.order_id AS original_order_id, t.reward_id AS original_reward_id,
               ledger_is_of_earn(o.original_id) AS is_of_earn, back.unripe,
               least(a.debt, o.points - back.unripe) AS paid,
               a.available + o.points - back.unripe - least(a.debt, o.points - back.unripe) AS balance,
               a.debt - least(a.debt, o.points - back.unripe) AS debt
        FROM unnest(operations) AS o
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(part.amount) FILTER (WHERE part.waits), 0)::bigint AS unripe
            FROM part WHERE part.original_id = o.original_id
        ) AS back
        CROSS JOIN LATERAL (
            SELECT a.available, a.debt FROM loyalty_account a WHERE a.customer_id = o.account_id LIMIT 1
        ) AS a
        CROSS JOIN LATERAL (
            SELECT t.code, t.order_id, t.reward_id FROM loyalty_transaction t WHERE t.id = o.original_id LIMIT 1
        ) AS t
    ), returned AS MATERIALIZED (
        SELECT nextval('loyalty_lot_id_seq') AS lot_id, op.id, op.account_id, p.issuer_id, p.expires_at, p.available_at,
               p.waits, CASE WHEN p.waits THEN p.amount ELSE least(p.amount, p.upto - op.paid) END AS amount
        FROM op CROSS JOIN LATERAL (
            SELECT part.*, (sum(part.amount) OVER (PARTITION BY part.waits ORDER BY part.place))::bigint AS upto
            FROM part WHERE part.original_id = op.original_id
        ) AS p
        WHERE p.waits OR p.upto > op.paid
    ), answer AS MATERIALIZED (
        SELECT op.*, jsonb_strip_nulls(jsonb_build_object(
            'transaction', code, 'kind', 'reverse', 'points', points, 'balance', balance, 'debt', debt,
            'customer', customer_code, 'business', business_code, 'reverses', original_code, 'reason', reason,
            'pending', CASE WHEN unripe > 0 THEN unripe END
        )) AS response
        FROM op
    ), written AS (
        INSERT INTO loyalty_transaction (
            id, code, account_id, kind, status, points, business_id, order_id, reason, reverses_id, reversed_points,
            key_owner, key_endpoint, key, request_digest, response, actor, actor_label, ip, at
        )
        SELECT id, code, account_id, 'reverse', 'done', points, business_id, original_order_id, coalesce(reason, ''),
               original_id, 0, context.owner, endpoint, key, digest, response, context.actor, context.actor_label,
               context.ip, $3
        FROM answer ORDER BY key
        ON CONFLICT DO NOTHING
        RETURNING id
    ), put AS (
        INSERT INTO loyalty_lot (
            id, account_id, transaction_id, issuer_id, amount, remaining, available_at, expires_at, is_pending
        )
        SELECT lot_id, account_id, id, issuer_id, amount, amount, available_at, expires_at, waits
        FROM returned
    ), entered AS (
        INSERT INTO loyalty_entry (transaction_id, account_id, lot_id, amount, seal)
        SELECT leg.*, ledger_seal(leg.id, leg.account_id, leg.lot_id, leg.amount)
        FROM (
            SELECT id, account_id, lot_id, amount FROM returned
            UNION ALL SELECT id, account_id, NULL, paid FROM op
            UNION ALL SELECT id, NULL, NULL, -points FROM op
        ) AS leg
        WHERE leg.amount <> 0
    ), counted AS (
        UPDATE loyalty_account a
        SET available = op.balance, pending = a.pending + op.unripe, debt = op.debt, version = a.version + 1,
            lifetime = a.lifetime + CASE WHEN op.is_of_earn THEN op.points ELSE 0 END,
            lapses_at = coalesce(a.lapses_at, context.lapses_at),
            expires_next_at = least(
                a.expires_next_at, context.lapses_at,
                (SELECT min(least(r.expires_at, CASE WHEN r.waits THEN r.available_at END))
                 FROM returned r WHERE r.id = op.id)
            )
        FROM op WHERE a.customer_id = op.account_id
    ), marked AS (
        UPDATE loyalty_transaction t SET reversed_points = -t.points, reversed_at = $3
        FROM op WHERE t.id = op.original_id
    ), told AS (
        INSERT INTO customers_event (name, customer_id, business_id, occurred_at, actor, data)
        SELECT 'loyalty.points.reversed', account_id, business_id, $3, context.actor, jsonb_build_object(
            'transaction', code, 'points', points, 'balance', balance, 'reverses', original_code
        )
        FROM op
    ), noted AS (
        INSERT INTO workspace_auditentry (at, actor, actor_label, action, subject, business_id, data, ip)
        SELECT $3, context.actor, context.actor_label, 'loyalty.points.reversed', 'transaction:' || code, business_id,
               jsonb_build_object('points', points, 'reverses', original_code), context.ip
        FROM op
    )
    SELECT array_agg(ROW(ordinal, 'done', response::text)::ledger_answer),
           (SELECT count(*) FROM written) < cardinality(operations)
    INTO done, is_late
    FROM answer;
    IF is_late THEN
        RAISE EXCEPTION 'a key was taken meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    PERFORM ledger_reshelve(operations);
    RETURN done;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_hold(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    judged record := ledger_judge_spending(operations, context, $3);
    able ledger_operation[] := judged.able;
    answers ledger_answer[];
    done ledger_answer[];
    is_late boolean;
    is_wrong boolean;
BEGIN
    IF judged.refused IS NOT NULL THEN
        answers := ledger_refuse(judged.refused, 'refused', judged.refusals, context, $3);
    END IF;
    IF able IS NULL THEN
        RETURN answers;
    END IF;
    WITH op AS MATERIALIZED (
        SELECT o.*, nextval('loyalty_transaction_id_seq') AS id, public_code() AS code,
               a.available - o.points AS balance
        FROM unnest(able) AS o
        CROSS JOIN LATERAL (
            SELECT a.available FROM loyalty_account a WHERE a.customer_id = o.account_id LIMIT 1
        ) AS a
    ), taken AS MATERIALIZED (
        SELECT op.id, lot.id AS lot_id, lot.before, least(lot.remaining, op.points - lot.before) AS amount
        FROM op CROSS JOIN LATERAL ledger_spendable(op.account_id) AS lot
        WHERE lot.before < op.points
    ), answer AS MATERIALIZED (
        SELECT op.*, jsonb_strip_nulls(jsonb_build_object(
            'transaction', code, 'kind', 'hold', 'points', 0, 'held', points, 'balance', balance, 'debt', 0,
            'customer', customer_code, 'business', business_code, 'reason', reason, 'expires_at', expires_at,
            'reward', reward_code
        )) AS response
        FROM op
    ), written AS (
        INSERT INTO loyalty_transaction (
            id, code, account_id, kind, status, points, business_id, reason, reward_id, reversed_points, key_owner,
            key_endpoint, key, request_digest, response, actor, actor_label, ip, at
        )
        SELECT id, code, account_id, 'hold', 'done', 0, business_id, coalesce(reason, ''), reward_id, 0, context.owner,
               endpoint, key, digest, response, context.actor, context.actor_label, context.ip, $3
        FROM answer ORDER BY key
        ON CONFLICT DO NOTHING
        RETURNING id
    ), held AS (
        INSERT INTO loyalty_hold (transaction_id, account_id, state, points, expires_at)
        SELECT id, account_id, 'held', points, expires_at FROM op
    ), allocated AS (
        INSERT INTO loyalty_holdallocation (hold_id, lot_id, points)
        SELECT id, lot_id, amount FROM taken ORDER BY id, before
    ), drawn AS (
        UPDATE loyalty_lot l SET remaining = l.remaining - taken.amount FROM taken WHERE l.id = taken.lot_id
    ), counted AS (
        UPDATE loyalty_account a
        SET available = op.balance, held = a.held + op.points, version = a.version + 1,
            lapses_at = context.lapses_at,
            expires_next_at = least(a.expires_next_at, op.expires_at, context.lapses_at)
        FROM op WHERE a.customer_id = op.account_id
    ), told AS (
        INSERT INTO customers_event (name, customer_id, business_id, occurred_at, actor, data)
        SELECT 'loyalty.points.held', account_id, business_id, $3, context.actor, jsonb_strip_nulls(jsonb_build_object(
            'transaction', code, 'held', points, 'balance', balance, 'reason', reason
        ))
        FROM op
    ), noted AS (
        INSERT INTO workspace_auditentry (at, actor, actor_label, action, subject, business_id, data, ip)
        SELECT $3, context.actor, context.actor_label, 'loyalty.points.held', 'transaction:' || code, business_id,
               jsonb_build_object('held', points), context.ip
        FROM op
    )
    SELECT array_agg(ROW(ordinal, 'done', response::text)::ledger_answer),
           (SELECT count(*) FROM written) < cardinality(able),
           sum(points) IS DISTINCT FROM (SELECT sum(amount) FROM taken)
    INTO done, is_late, is_wrong
    FROM answer;
    IF is_wrong THEN
        RAISE EXCEPTION 'the lots of an account do not hold its balance' USING ERRCODE = 'data_corrupted';
    ELSIF is_late THEN
        RAISE EXCEPTION 'a key was taken meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN answers || done;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_is_at_the_top(account_id bigint, at timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    SELECT coalesce((
        SELECT a.tier_id FROM loyalty_account a
        WHERE a.customer_id = $1 AND (a.tier_kept_until IS NULL OR a.tier_kept_until > $2)
    ) = (SELECT t.id FROM loyalty_tier t WHERE t.is_active ORDER BY t.rank DESC LIMIT 1), false)
$_$;
CREATE FUNCTION regulars_template_schema.ledger_is_of_earn(transaction_id bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$ SELECT t.kind = 'earn' FROM loyalty_transaction t WHERE t.id = ledger_root_of($1) $_$;
CREATE FUNCTION regulars_template_schema.ledger_join(customer_id bigint, call jsonb, at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    is_new boolean;
BEGIN
    INSERT INTO loyalty_account (customer_id, available, held, debt, lifetime, version, joined_at)
    VALUES ($1, 0, 0, 0, 0, 0, $3)
    ON CONFLICT (customer_id) DO NOTHING;
    is_new := FOUND;
    PERFORM FROM loyalty_account a WHERE a.customer_id = $1 FOR NO KEY UPDATE;
    IF is_new AND EXISTS (SELECT FROM loyalty_earningrule r WHERE r.trigger = 'join' AND r.is_active) THEN
        PERFORM ledger_welcome(array[$1], ledger_context_at(call, $3), $3);
    END IF;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_judge_due_tiers(at timestamp with time zone, batch integer, zone text) RETURNS integer
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_seqscan TO 'off'
    AS $_$
#variable_conflict use_column
DECLARE
    account_ids bigint[];
BEGIN
    SELECT array_agg(locked.customer_id) INTO account_ids FROM (
        SELECT a.customer_id FROM loyalty_account a WHERE a.tier_due_at <= $1
        ORDER BY a.customer_id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
    ) AS locked;
    IF account_ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM ledger_judge_tiers(account_ids, $1, $3);
    RETURN cardinality(account_ids);
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_judge_more_tiers(after bigint, batch integer, at timestamp with time zone, zone text) RETURNS bigint
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_seqscan TO 'off'
    AS $_$
#variable_conflict use_column
DECLARE
    account_ids bigint[];
BEGIN
    SELECT array_agg(locked.customer_id) INTO account_ids FROM (
        SELECT a.customer_id FROM loyalty_account a WHERE a.customer_id > $1
        ORDER BY a.customer_id LIMIT $2 FOR NO KEY UPDATE
    ) AS locked;
    IF account_ids IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM ledger_judge_tiers(account_ids, $3, $4);
    RETURN account_ids[cardinality(account_ids)];
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_judge_spending(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone, OUT able regulars_template_schema.ledger_operation[], OUT refused regulars_template_schema.ledger_operation[], OUT refusals jsonb[]) RETURNS record
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    op ledger_operation;
    balance bigint;
    refusal text;
BEGIN
    FOR i IN 1 .. cardinality(operations) LOOP
        op := operations[i];
        SELECT a.available INTO balance FROM loyalty_account a WHERE a.customer_id = op.account_id;
        refusal := CASE WHEN op.reward_id IS NOT NULL THEN ledger_reward_refusal(op, context.zone, $3) END;
        IF refusal IS NULL AND balance < abs(op.points) THEN
            refusal := 'not_enough_points';
        END IF;
        IF refusal IS NULL AND op.reward_id IS NOT NULL THEN
            UPDATE loyalty_reward r SET stock = r.stock - 1
            WHERE r.id = op.reward_id AND (r.stock > 0 OR r.stock IS NULL);
            refusal := CASE WHEN NOT FOUND THEN 'reward_out_of_stock' END;
        END IF;
        IF refusal IS NULL THEN
            able := able || op;
        ELSE
            refused := refused || op;
            refusals := refusals || jsonb_strip_nulls(jsonb_build_object(
                'refusal', refusal, 'kind', op.kind, 'balance', balance, 'requested', abs(op.points),
                'customer', op.customer_code, 'reward', op.reward_code
            ));
        END IF;
    END LOOP;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_judge_tiers(account_ids bigint[], at timestamp with time zone, zone text) RETURNS integer
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    settings record;
    mine record;
    earned record;
    kept record;
    step record;
    figure numeric;
    fresh_until timestamptz;
    change loyalty_tierchange;
    next_due timestamptz;
    judged integer := 0;
BEGIN
    SELECT coalesce(s.tier_basis, 'points') AS basis, coalesce(s.tier_grace_days, 30)::integer AS grace_days,
           CASE WHEN s.id IS NULL THEN 12 ELSE s.tier_window_months END AS window_months, -- no row: the defaults
           CASE WHEN s.id IS NULL THEN 12 ELSE s.tier_keep_months END::integer AS keep_months,
           coalesce(s.tier_drops_to, 'earned') AS drops_to
    INTO settings
    FROM (VALUES (1)) AS one (id) LEFT JOIN loyalty_loyaltysettings s ON s.id = one.id;
    fresh_until := loyalty_expires_at($2, settings.keep_months, zone);
    FOR mine IN
        SELECT a.customer_id, a.tier_id, t.code, coalesce(t.rank, -1) AS rank, t.is_active, a.tier_since AS since,
               a.tier_kept_until AS kept_until, a.tier_due_at AS due_at,
               coalesce(loyalty_available_at(a.tier_kept_until, settings.grace_days, zone) <= $2, false) AS is_over
        FROM loyalty_account a LEFT JOIN loyalty_tier t ON t.id = a.tier_id
        WHERE a.customer_id = ANY (account_ids)
        ORDER BY a.customer_id
    LOOP
        figure := loyalty_tier_figure(
            mine.customer_id, settings.basis, loyalty_window_start($2, settings.window_months, zone), $2, zone
        );
        SELECT t.id, t.rank, t.threshold INTO earned
        FROM loyalty_tier t WHERE t.is_active AND t.threshold <= figure ORDER BY t.rank DESC LIMIT 1;
        kept := ledger_kept_tier(mine.customer_id, coalesce(earned.rank, -1), settings.grace_days, $2, zone);
        change := NULL;
        change.tier_id := coalesce(kept.tier_id, earned.id);
        change.rests_on_id := kept.change_id;
        change.threshold := CASE WHEN kept.tier_id IS NULL THEN earned.threshold END;
        change.kept_until := CASE WHEN kept.tier_id IS NOT NULL THEN kept.kept_until
                                WHEN earned.id IS NOT NULL THEN fresh_until END;
        IF change.tier_id IS DISTINCT FROM mine.tier_id THEN
            change.cause := CASE WHEN coalesce(kept.rank, earned.rank, -1) > mine.rank THEN 'reached'
                               WHEN NOT mine.is_active THEN 'retired'
                               WHEN mine.is_over THEN 'dropped'
                               ELSE 'undone' END;
        ELSIF kept.tier_id IS NULL AND mine.tier_id IS NOT NULL THEN -- its time is over, or what reached it was given back
            change.cause := 'renewed';
        END IF;
        IF change.cause = 'dropped' AND settings.drops_to = 'next' THEN
            SELECT t.id, t.rank INTO step
            FROM loyalty_tier t WHERE t.is_active AND t.rank < mine.rank ORDER BY t.rank DESC LIMIT 1;
            IF step.rank > coalesce(kept.rank, earned.rank, -1) THEN -- a gift, which needs no figure
                change.tier_id := step.id;
                change.rests_on_id := NULL;
                change.threshold := NULL;
                change.kept_until := fresh_until;
            END IF;
        END IF;
        IF change.cause IS NOT NULL AND change.tier_id IS NOT NULL THEN
            PERFORM FROM loyalty_tier t WHERE t.id = change.tier_id FOR KEY SHARE;
            IF NOT FOUND THEN -- deleted this moment: nobody had it yet
                RAISE EXCEPTION 'a tier is gone' USING ERRCODE = 'serialization_failure';
            END IF;
        END IF;
        IF change.cause IS NOT NULL THEN
            judged := judged + 1;
            INSERT INTO loyalty_tierchange (
                account_id, tier_id, before_id, cause, basis, window_months, figure, threshold, kept_until, rests_on_id,
                reason, actor, actor_label, at
            ) VALUES (
                mine.customer_id, change.tier_id, mine.tier_id, change.cause, settings.basis, settings.window_months, figure,
                change.threshold, change.kept_until, change.rests_on_id, '', 'system:system', '', $2
            );
            change.at := CASE WHEN change.cause = 'renewed' THEN mine.since
                            WHEN change.rests_on_id IS NOT NULL THEN kept.since ELSE $2 END;
        ELSE
            change.at := mine.since;
            change.kept_until := CASE WHEN kept.tier_id IS NOT NULL THEN kept.kept_until ELSE mine.kept_until END;
        END IF;
        IF change.tier_id IS DISTINCT FROM mine.tier_id THEN
            INSERT INTO customers_event (name, customer_id, occurred_at, actor, data)
            SELECT 'loyalty.tier.changed', mine.customer_id, $2, 'system:system', jsonb_build_object(
                'tier', coalesce(max(t.code), ''), 'before', coalesce(mine.code, ''), 'cause', change.cause
            )
            FROM loyalty_tier t WHERE t.id = change.tier_id;
        END IF;
        next_due := CASE WHEN change.kept_until > $2 THEN change.kept_until
                         ELSE loyalty_available_at(change.kept_until, settings.grace_days, zone) END;
        IF change.cause IS NOT NULL OR change.kept_until IS DISTINCT FROM mine.kept_until
            OR next_due IS DISTINCT FROM mine.due_at THEN
            UPDATE loyalty_account a
            SET tier_id = change.tier_id, tier_since = CASE WHEN change.tier_id IS NOT NULL THEN change.at END,
                tier_kept_until = change.kept_until, tier_due_at = next_due
            WHERE a.customer_id = mine.customer_id;
        END IF;
    END LOOP;
    RETURN judged;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_kept_tier(account_id bigint, earned integer, grace_days integer, at timestamp with time zone, zone text, OUT tier_id bigint, OUT rank integer, OUT change_id bigint, OUT since timestamp with time zone, OUT kept_until timestamp with time zone) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $_$
#variable_conflict use_column
DECLARE
    first_id bigint := coalesce((
        SELECT max(c.id) FROM loyalty_tierchange c WHERE c.account_id = $1 AND c.cause = 'set'
    ), 0);
    claim record;
BEGIN
    FOR claim IN
        SELECT c.*, t.rank
        FROM loyalty_tierchange c JOIN loyalty_tier t ON t.id = c.tier_id
        WHERE c.account_id = $1 AND c.id >= first_id AND c.rests_on_id IS NULL AND t.is_active AND t.rank >= earned
        AND (c.kept_until IS NULL OR c.kept_until > $4
             OR t.rank > earned AND loyalty_available_at(c.kept_until, grace_days, zone) > $4)
        ORDER BY t.rank DESC, c.kept_until DESC NULLS FIRST, c.id DESC
    LOOP
        IF claim.threshold IS NULL OR claim.threshold <= loyalty_tier_figure(
            $1, claim.basis, loyalty_window_start(claim.at, claim.window_months::integer, zone), claim.at, zone
        ) THEN
            tier_id := claim.tier_id;
            rank := claim.rank;
            change_id := claim.id;
            since := claim.at;
            kept_until := claim.kept_until;
            RETURN;
        END IF;
    END LOOP;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_lapses_at(at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
    SELECT loyalty_expires_at(greatest(at, s.expiry_changed_at), s.expiry_months::integer, p.time_zone)
    FROM loyalty_loyaltysettings s CROSS JOIN public.programs_programme p
    WHERE s.id = 1 AND s.expiry_policy = 'inactivity' AND p.schema_name = current_schema()
$$;
CREATE FUNCTION regulars_template_schema.ledger_mature(account_ids bigint[], at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
BEGIN
    WITH due AS MATERIALIZED (
        SELECT nextval('loyalty_transaction_id_seq') AS id, public_code() AS code, account.id AS account_id,
               lots.points, least(a.debt, lots.points) AS paid,
               a.available + lots.points - least(a.debt, lots.points) AS balance
        FROM unnest(account_ids) AS account (id)
        CROSS JOIN LATERAL (
            SELECT sum(l.remaining)::bigint AS points FROM loyalty_lot l
            WHERE l.account_id = account.id AND l.is_pending AND l.available_at <= $2
        ) AS lots
        CROSS JOIN LATERAL (
            SELECT a.available, a.debt FROM loyalty_account a WHERE a.customer_id = account.id LIMIT 1
        ) AS a
        WHERE lots.points IS NOT NULL
    ), part AS MATERIALIZED (
        SELECT due.id, due.account_id, lot.id AS lot_id,
               greatest(least(lot.remaining, due.paid - lot.before), 0) AS paid
        FROM due CROSS JOIN LATERAL (
            SELECT l.id, l.remaining,
                   (sum(l.remaining) OVER (ORDER BY l.available_at, l.id))::bigint - l.remaining AS before
            FROM loyalty_lot l WHERE l.account_id = due.account_id AND l.is_pending AND l.available_at <= $2
        ) AS lot
    ), written AS (
        INSERT INTO loyalty_transaction (
            id, code, account_id, kind, status, points, reason, reversed_points, key_owner, key_endpoint,
            request_digest, response, actor, actor_label, at
        )
        SELECT id, code, account_id, 'mature', 'done', 0, '', 0, '', '', '', jsonb_build_object(
            'transaction', code, 'kind', 'mature', 'points', 0, 'pending', -points, 'balance', balance
        ), 'system:system', '', $2
        FROM due
    ), freed AS (
        UPDATE loyalty_lot l SET is_pending = false, remaining = l.remaining - part.paid
        FROM part WHERE l.id = part.lot_id
    ), entered AS (
        INSERT INTO loyalty_entry (transaction_id, account_id, lot_id, amount, seal)
        SELECT leg.*, ledger_seal(leg.id, leg.account_id, leg.lot_id, leg.amount)
        FROM (
            SELECT id, account_id, lot_id, -paid AS amount FROM part
            UNION ALL SELECT id, account_id, NULL, paid FROM due
        ) AS leg
        WHERE leg.amount <> 0
    ), counted AS (
        UPDATE loyalty_account a
        SET available = due.balance, pending = a.pending - due.points, debt = a.debt - due.paid,
            version = a.version + 1, lapses_at = coalesce(a.lapses_at, ledger_lapses_at($2))
        FROM due WHERE a.customer_id = due.account_id
    )
    INSERT INTO customers_event (name, customer_id, occurred_at, actor, data)
    SELECT 'loyalty.points.matured', account_id, $2, 'system:system',
           jsonb_build_object('transaction', code, 'points', points, 'balance', balance)
    FROM due;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_merge(source bigint, target bigint, key text, call jsonb, at timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    context ledger_context := ledger_context_at(call, $5);
    giver loyalty_account;
    taker loyalty_account;
    moved bigint[];
    lots jsonb := '[]';
    lot record;
    new_id bigint;
    out_id bigint := nextval('loyalty_transaction_id_seq');
    in_id bigint := nextval('loyalty_transaction_id_seq');
    paid bigint;
    claim loyalty_tierchange;
    copied bigint;
BEGIN
    PERFORM FROM loyalty_account a WHERE a.customer_id = $1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO loyalty_account (customer_id, available, held, debt, lifetime, version, joined_at)
    SELECT $2, 0, 0, 0, 0, 0, a.joined_at FROM loyalty_account a WHERE a.customer_id = $1
    ON CONFLICT (customer_id) DO NOTHING;
    PERFORM ledger_expire(array(
        SELECT a.customer_id FROM loyalty_account a WHERE a.customer_id IN ($1, $2) AND a.expires_next_at <= $5 ORDER BY 1
    ), $5);
    SELECT a.* INTO giver FROM loyalty_account a WHERE a.customer_id = $1;
    SELECT a.* INTO taker FROM loyalty_account a WHERE a.customer_id = $2;
    moved := array(SELECT t.id FROM loyalty_transaction t WHERE t.account_id = $1 ORDER BY t.id);
    FOR lot IN
        SELECT l.*, coalesce((SELECT sum(p.points) FROM loyalty_holdallocation p WHERE p.lot_id = l.id), 0)::bigint AS held
        FROM loyalty_lot l
        WHERE l.id IN (
            SELECT o.id FROM loyalty_lot o WHERE o.account_id = $1 AND o.remaining > 0
            UNION SELECT p.lot_id FROM loyalty_hold h JOIN loyalty_holdallocation p ON p.hold_id = h.transaction_id
            WHERE h.account_id = $1 AND h.state = 'held'
        )
        ORDER BY l.id
    LOOP
        new_id := nextval('loyalty_lot_id_seq');
        INSERT INTO loyalty_lot (
            id, account_id, transaction_id, issuer_id, amount, remaining, available_at, expires_at, is_pending
        )
        -- The transaction stays, so that undoing it still takes its own lot first.
        VALUES (new_id, $2, lot.transaction_id, lot.issuer_id, lot.remaining + lot.held, lot.remaining, lot.available_at,
                lot.expires_at, lot.is_pending);
        UPDATE loyalty_lot l SET remaining = 0, is_pending = false WHERE l.id = lot.id;
        UPDATE loyalty_holdallocation p SET lot_id = new_id WHERE p.lot_id = lot.id;
        PERFORM ledger_write_leg(out_id, $1, lot.id, -lot.remaining - lot.held);
        PERFORM ledger_write_leg(in_id, $2, new_id, lot.remaining + lot.held);
        lots := lots || jsonb_build_array(jsonb_build_array(lot.id, new_id));
    END LOOP;
    UPDATE loyalty_transaction t SET account_id = $2 WHERE t.account_id = $1;
    UPDATE loyalty_hold h SET account_id = $2 WHERE h.transaction_id = ANY (moved);
    PERFORM ledger_write_leg(out_id, $1, NULL, giver.debt);
    PERFORM ledger_write_leg(in_id, $2, NULL, -giver.debt);
    -- Points that can be spent pay debt, whoever of the two it was.
    paid := least(giver.debt + taker.debt, giver.available + taker.available);
    FOR lot IN
        SELECT l.id, least(l.remaining, paid - l.before) AS amount FROM ledger_spendable($2) AS l WHERE l.before < paid
    LOOP
        UPDATE loyalty_lot l SET remaining = l.remaining - lot.amount WHERE l.id = lot.id;
        PERFORM ledger_write_leg(in_id, $2, lot.id, -lot.amount);
    END LOOP;
    PERFORM ledger_write_leg(in_id, $2, NULL, paid);
    UPDATE loyalty_account a
    SET available = 0, held = 0, pending = 0, debt = 0, lifetime = 0, version = 1, expires_next_at = NULL,
        lapses_at = NULL, tier_id = NULL, tier_since = NULL, tier_kept_until = NULL, tier_due_at = NULL
    WHERE a.customer_id = $1;
    UPDATE loyalty_account a
    SET available = taker.available + giver.available - paid, held = taker.held + giver.held,
        pending = taker.pending + giver.pending, debt = taker.debt + giver.debt - paid,
        lifetime = taker.lifetime + giver.lifetime, version = taker.version + giver.version + 1,
        joined_at = least(taker.joined_at, giver.joined_at), lapses_at = greatest(taker.lapses_at, giver.lapses_at)
    WHERE a.customer_id = $2;
    UPDATE loyalty_account a SET expires_next_at = ledger_next_look($2) WHERE a.customer_id = $2;
    PERFORM ledger_write_sides(
        out_id, in_id, $1, $2, giver.available + giver.held + giver.pending - giver.debt, $3, context, $5
    );
    IF giver.tier_id IS NOT NULL THEN
        SELECT (coalesce(first, last)).* INTO claim
        FROM loyalty_tierchange last LEFT JOIN loyalty_tierchange first ON first.id = last.rests_on_id
        WHERE last.account_id = $1 ORDER BY last.id DESC LIMIT 1;
        PERFORM ledger_note_tier($1, claim, NULL, giver.tier_id, 'undone', $5, context);
        IF taker.tier_id IS NULL OR (SELECT t.rank FROM loyalty_tier t WHERE t.id = giver.tier_id)
                                  > (SELECT t.rank FROM loyalty_tier t WHERE t.id = taker.tier_id) THEN
            copied := ledger_note_tier($2, claim, giver.tier_id, taker.tier_id, claim.cause, claim.at, context);
            UPDATE loyalty_account a
            SET tier_id = giver.tier_id, tier_since = giver.tier_since, tier_kept_until = giver.tier_kept_until,
                tier_due_at = giver.tier_due_at
            WHERE a.customer_id = $2;
        END IF;
    END IF;
    PERFORM ledger_judge_tiers(ARRAY[$2], $5, context.zone);
    RETURN jsonb_build_object(
        'transactions', moved, 'lots', lots, 'debt', giver.debt, 'lifetime', giver.lifetime,
        'joined_at', taker.joined_at, 'tier_change', copied, 'tier', taker.tier_id, 'tier_since', taker.tier_since,
        'tier_kept_until', taker.tier_kept_until, 'tier_due_at', taker.tier_due_at
    );
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_merge_stamps(source bigint, target bigint, actor text, actor_label text, at timestamp with time zone, zone text) RETURNS jsonb
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    book record;
    new_book bigint;
    books jsonb := '[]';
    sales bigint[];
    rewards bigint[];
    rest integer;
BEGIN
    FOR book IN SELECT b.* FROM loyalty_stampbook b WHERE b.account_id = $1 ORDER BY b.id LOOP
        INSERT INTO loyalty_stampbook (account_id, card_id, stamps, total, completed, changed_at)
        VALUES ($2, book.card_id, 0, 0, 0, $5) ON CONFLICT (account_id, card_id) DO NOTHING;
        SELECT b.id INTO new_book FROM loyalty_stampbook b WHERE b.account_id = $2 AND b.card_id = book.card_id;
        sales := array(SELECT s.id FROM loyalty_stampsale s WHERE s.book_id = book.id ORDER BY s.id);
        rewards := array(SELECT r.id FROM loyalty_stampreward r WHERE r.book_id = book.id ORDER BY r.id);
        PERFORM ledger_move_stamps(book.id, new_book, sales, rewards, NULL, $3, $4, $5);
        rest := (SELECT b.total FROM loyalty_stampbook b WHERE b.id = book.id);
        PERFORM ledger_move_stamps(book.id, new_book, NULL, NULL, rest, $3, $4, $5);
        PERFORM ledger_fill_cards(one.id, $3, $5, $6) FROM (VALUES (book.id), (new_book)) AS one (id);
        books := books || jsonb_build_object(
            'from', book.id, 'to', new_book, 'sales', sales, 'rewards', rewards, 'rest', rest
        );
    END LOOP;
    RETURN books;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_move_stamps(giver bigint, taker bigint, sales bigint[], rewards bigint[], rest integer, actor text, actor_label text, at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
BEGIN
    INSERT INTO loyalty_stampentry (
        code, book_id, stamps, kind, order_id, business_id, reason, actor, actor_label, at
    )
    SELECT public_code(), side.book_id, side.sign * part.stamps, part.kind, part.order_id, part.business_id, '', $6, $7, $8
    FROM (
        SELECT s.given AS stamps, 'sale' AS kind, s.order_id, o.business_id
        FROM loyalty_stampsale s JOIN customers_order o ON o.id = s.order_id WHERE s.id = ANY ($3)
        UNION ALL SELECT $5, 'hand', NULL, NULL
    ) AS part
    CROSS JOIN (VALUES ($1, -1), ($2, 1)) AS side (book_id, sign)
    WHERE part.stamps <> 0;
    UPDATE loyalty_stampbook b SET changed_at = $8, total = (
        SELECT coalesce(sum(e.stamps), 0) FROM loyalty_stampentry e WHERE e.book_id = b.id
    ) WHERE b.id IN ($1, $2);
    UPDATE loyalty_stampsale s SET book_id = $2 WHERE s.id = ANY ($3);
    UPDATE loyalty_stampreward r SET book_id = $2 WHERE r.id = ANY ($4);
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_net_of(transaction_id bigint) RETURNS bigint
    LANGUAGE sql STABLE
    AS $_$
    WITH RECURSIVE line (id, points) AS (
        SELECT t.id, t.points FROM loyalty_transaction t WHERE t.id = $1
        UNION ALL SELECT t.id, t.points FROM loyalty_transaction t JOIN line ON t.reverses_id = line.id
    )
    SELECT sum(line.points)::bigint FROM line
$_$;
CREATE FUNCTION regulars_template_schema.ledger_next_look(account_id bigint) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $_$
    SELECT min(ends.at) FROM (
        SELECT l.expires_at AS at FROM loyalty_lot l WHERE l.account_id = $1 AND l.remaining > 0
        UNION ALL SELECT l.available_at FROM loyalty_lot l WHERE l.account_id = $1 AND l.is_pending
        UNION ALL SELECT h.expires_at FROM loyalty_hold h WHERE h.account_id = $1 AND h.state = 'held'
        UNION ALL SELECT a.lapses_at FROM loyalty_account a WHERE a.customer_id = $1
    ) AS ends
$_$;
CREATE FUNCTION regulars_template_schema.ledger_note_stamps(order_id bigint, lines jsonb, at timestamp with time zone, zone text) RETURNS void
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    sale record;
    card record;
    matching integer[];
    its_book bigint;
BEGIN
    SELECT o.id, o.customer_id, o.business_id, (o.placed_at AT TIME ZONE $4)::date AS day INTO sale
    FROM customers_order o WHERE o.id = $1;
    FOR card IN
        SELECT c.* FROM loyalty_stampcard c
        WHERE c.is_active AND (c.business_id IS NULL OR c.business_id = sale.business_id)
        AND (c.starts_on IS NULL OR c.starts_on <= sale.day) AND (c.ends_on IS NULL OR c.ends_on >= sale.day)
        ORDER BY c.id
    LOOP
        matching := '{}';
        IF card.per = 'item' OR card.categories <> '{}' OR card.products <> '{}' THEN
            matching := array(
                SELECT (line->>'position')::integer
                FROM jsonb_array_elements(coalesce(customers_lines_of($1), '[]')) AS line
                LEFT JOIN LATERAL (
                    SELECT told->>'category' AS category FROM jsonb_array_elements(coalesce($2, '[]')) AS told
                    WHERE told->>'position' = line->>'position' LIMIT 1
                ) AS told ON true
                WHERE card.categories = '{}' AND card.products = '{}'
                OR lower(coalesce(nullif(line->>'category', ''), told.category)) = ANY (card.categories)
                OR lower(line->>'sku') = ANY (card.products)
                ORDER BY 1
            );
            CONTINUE WHEN matching = '{}';
        END IF;
        CONTINUE WHEN ledger_stamps_of(sale.id, card.id, matching) = 0;
        INSERT INTO loyalty_stampbook (account_id, card_id, stamps, total, completed, changed_at)
        VALUES (sale.customer_id, card.id, 0, 0, 0, $3)
        ON CONFLICT (account_id, card_id) DO NOTHING;
        SELECT b.id INTO its_book FROM loyalty_stampbook b
        WHERE b.account_id = sale.customer_id AND b.card_id + 0 = card.id; -- by the member: a card has everybody's
        INSERT INTO loyalty_stampsale (order_id, book_id, day, lines, given)
        VALUES (sale.id, its_book, sale.day, matching, 0)
        ON CONFLICT (order_id, book_id) DO NOTHING;
    END LOOP;
END
$_$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE regulars_template_schema.loyalty_tierchange (
    id bigint NOT NULL,
    cause character varying(10) NOT NULL,
    basis character varying(10) NOT NULL,
    window_months smallint,
    figure numeric(19,4) NOT NULL,
    threshold numeric(19,4),
    kept_until timestamp with time zone,
    reason character varying(200) NOT NULL,
    actor character varying(80) NOT NULL,
    actor_label character varying(160) NOT NULL,
    at timestamp with time zone NOT NULL,
    account_id bigint NOT NULL,
    before_id bigint,
    rests_on_id bigint,
    tier_id bigint,
    CONSTRAINT loyalty_tierchange_window_months_check CHECK ((window_months >= 0))
);
CREATE FUNCTION regulars_template_schema.ledger_note_tier(account_id bigint, like_it regulars_template_schema.loyalty_tierchange, tier_id bigint, before_id bigint, cause text, at timestamp with time zone, context regulars_template_schema.ledger_context) RETURNS bigint
    LANGUAGE sql
    AS $_$
    INSERT INTO loyalty_tierchange (
        account_id, tier_id, before_id, cause, basis, window_months, figure, threshold, kept_until, reason, actor,
        actor_label, at
    )
    VALUES (
        $1, $3, $4, $5, like_it.basis, like_it.window_months, like_it.figure, like_it.threshold,
        CASE WHEN $3 IS NOT NULL THEN like_it.kept_until END, '', (context).actor, (context).actor_label, $6
    )
    RETURNING id
$_$;
CREATE FUNCTION regulars_template_schema.ledger_read(items jsonb, context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_operation[]
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
BEGIN
    RETURN array(
        SELECT ROW(
            i.ordinal, 1, i.kind, i.endpoint, i.key, decode(i.digest, 'hex'), i.phone, i.phone_typed, person.id,
            account.customer_id IS NOT NULL, false, person.code, person.is_archived, business.id,
            coalesce(business.code, i.business, i.business_id::text), business.is_active,
            CASE i.kind
                WHEN 'earn' THEN loyalty_points_for(i.amount, coalesce(rate.points_per_unit, 1), rate.rounding)
                WHEN 'redeem' THEN -coalesce(reward.points, i.points)
                ELSE coalesce(reward.points, i.points)
            END,
            i.amount,
            CASE WHEN i.kind = 'earn' THEN coalesce(rate.points_per_unit, 1) END,
            CASE WHEN i.kind = 'earn' THEN coalesce(rate.rounding, 'down') END,
            i.reference, i.placed_at, NULL::bigint, NULL::text, coalesce(i.reason, reward.name),
            CASE i.kind WHEN 'hold' THEN $3 + make_interval(mins => coalesce(i.minutes, reward.claim_minutes)) END,
            original.id, i.not_before, coalesce(i.cancels_order, false), i.lines, NULL::jsonb,
            recipient.id, recipient.code, recipient.is_member, reward.id, coalesce(reward.code, i.reward), i.action,
            NULL::bigint
        )::ledger_operation
        FROM jsonb_to_recordset(items) AS i (
            ordinal integer, kind text, endpoint text, key text, digest text, phone text, phone_typed text,
            customer_id bigint, business text, business_id bigint, amount numeric, points bigint, reason text,
            reference text, placed_at timestamptz, original text, not_before timestamptz, cancels_order boolean,
            minutes integer, lines jsonb, recipient_phone text, recipient_id bigint, reward text, action text
        )
        LEFT JOIN LATERAL (
            SELECT found.id, found.code, found.is_active FROM (
                SELECT b.id, b.code::text AS code, b.is_active FROM workspace_business b WHERE b.id = i.business_id
                UNION ALL
                SELECT b.id, b.code::text, b.is_active FROM workspace_business b WHERE b.code = i.business
            ) AS found
            WHERE context.business_id IS NULL OR found.id = context.business_id
            LIMIT 1
        ) AS business ON true
        LEFT JOIN LATERAL (
            SELECT r.points_per_unit, r.rounding::text AS rounding FROM loyalty_earningrate r
            WHERE r.business_id = business.id LIMIT 1
        ) AS rate ON true
        LEFT JOIN LATERAL (
            SELECT t.id, t.account_id, t.counterpart_id FROM loyalty_transaction t WHERE t.code = i.original LIMIT 1
        ) AS original ON true
        LEFT JOIN LATERAL (
            SELECT r.id, r.code::text AS code, r.name::text AS name, r.points, r.claim_minutes::integer AS claim_minutes
            FROM loyalty_reward r WHERE r.code = i.reward LIMIT 1
        ) AS reward ON true
        LEFT JOIN LATERAL (
            SELECT c.id, c.code::text AS code, EXISTS (
                SELECT FROM loyalty_account a WHERE a.customer_id = c.id
            ) AS is_member
            FROM customers_customer c
            WHERE c.id = coalesce(
                (SELECT customers_survivor(t.account_id) FROM loyalty_transaction t WHERE t.id = original.counterpart_id),
                customers_survivor(i.recipient_id),
                (SELECT n.customer_id FROM customers_identifier n WHERE n.kind = 'phone' AND n.value = i.recipient_phone)
            ) LIMIT 1
        ) AS recipient ON true
        LEFT JOIN LATERAL (
            SELECT c.id, c.code::text AS code, c.state = 'archived' AS is_archived FROM customers_customer c
            WHERE c.id = coalesce(customers_survivor(original.account_id), customers_survivor(i.customer_id), (
                SELECT n.customer_id FROM customers_identifier n WHERE n.kind = 'phone' AND n.value = i.phone
            )) LIMIT 1
        ) AS person ON true
        LEFT JOIN LATERAL (
            SELECT a.customer_id FROM loyalty_account a WHERE a.customer_id = person.id LIMIT 1
        ) AS account ON true
        ORDER BY i.ordinal
    );
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_redeem(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE sql
    AS $_$ SELECT ledger_debit($1, $2, $3) $_$;
CREATE FUNCTION regulars_template_schema.ledger_refuse(operations regulars_template_schema.ledger_operation[], outcome text, responses jsonb[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    keyed bigint;
    written bigint;
BEGIN
    SELECT count(*) INTO keyed FROM unnest(operations) AS o WHERE o.key IS NOT NULL;
    IF keyed > 0 THEN
        INSERT INTO loyalty_transaction (
            code, account_id, kind, status, points, business_id, reason, reversed_points, key_owner, key_endpoint, key,
            request_digest, response, actor, actor_label, ip, at
        )
        SELECT public_code(), o.account_id, o.kind, $2, 0, o.business_id, coalesce(o.reason, ''), 0, context.owner,
               o.endpoint, o.key, o.digest, responses[o.ordinality], context.actor, context.actor_label, context.ip, $5
        FROM unnest(operations) WITH ORDINALITY AS o
        WHERE o.key IS NOT NULL ORDER BY o.key
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written < keyed THEN
            RAISE EXCEPTION 'a key was taken meanwhile' USING ERRCODE = 'serialization_failure';
        END IF;
    END IF;
    RETURN array(
        SELECT ROW(o.ordinal, CASE $2 WHEN 'refused' THEN 'refused' ELSE 'replayed' END,
                   responses[o.ordinality]::text)::ledger_answer
        FROM unnest(operations) WITH ORDINALITY AS o
    );
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_release(operations regulars_template_schema.ledger_operation[], outcome text, context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    done ledger_answer[];
    is_late boolean;
    is_wrong boolean;
BEGIN
    WITH op AS MATERIALIZED (
        SELECT o.*, nextval('loyalty_transaction_id_seq') AS id, public_code() AS code, t.code AS hold_code,
               least(a.debt, o.points) AS paid, a.available + o.points - least(a.debt, o.points) AS available,
               a.debt - least(a.debt, o.points) AS debt
        FROM unnest(operations) AS o
        CROSS JOIN LATERAL (
            SELECT t.code FROM loyalty_transaction t WHERE t.id = o.original_id LIMIT 1
        ) AS t
        CROSS JOIN LATERAL (
            SELECT a.available, a.debt FROM loyalty_account a WHERE a.customer_id = o.account_id LIMIT 1
        ) AS a
    ), part AS MATERIALIZED (
        SELECT op.id, op.account_id, p.id AS allocation_id, p.lot_id, least(p.points, op.points - p.before) AS amount,
               greatest(least(p.points, op.points - p.before, op.paid - p.before), 0) AS paid, p.points AS allocated,
               l.expires_at <= $4 AS is_over
        FROM op CROSS JOIN LATERAL (
            SELECT p.id, p.lot_id, p.points, (sum(p.points) OVER (ORDER BY p.id DESC))::bigint - p.points AS before
            FROM loyalty_holdallocation p WHERE p.hold_id = op.original_id
        ) AS p
        CROSS JOIN LATERAL (SELECT l.expires_at FROM loyalty_lot l WHERE l.id = p.lot_id LIMIT 1) AS l
        WHERE p.before < op.points
    ), answer AS MATERIALIZED (
        SELECT op.*, jsonb_strip_nulls(jsonb_build_object(
            'transaction', code, 'kind', 'void', 'points', 0, 'held', -op.points, 'balance', available - over.points,
            'debt', debt, 'customer', customer_code, 'business', business_code, 'reason', reason, 'hold', hold_code
        )) AS response
        FROM op CROSS JOIN LATERAL (
            SELECT coalesce(sum(part.amount - part.paid), 0) AS points FROM part WHERE part.id = op.id AND part.is_over
        ) AS over
    ), written AS (
        INSERT INTO loyalty_transaction (
            id, code, account_id, kind, status, points, business_id, reason, reversed_points, key_owner, key_endpoint,
            key, request_digest, response, actor, actor_label, ip, at
        )
        SELECT id, code, account_id, 'void', 'done', 0, business_id, coalesce(reason, ''), 0, coalesce(context.owner, ''),
               endpoint, key, digest, response, context.actor, context.actor_label, context.ip, $4
        FROM answer ORDER BY key
        ON CONFLICT DO NOTHING
        RETURNING id
    ), freed AS (
        DELETE FROM loyalty_holdallocation p USING part WHERE p.id = part.allocation_id AND part.amount = part.allocated
    ), lessened AS (
        UPDATE loyalty_holdallocation p SET points = p.points - part.amount
        FROM part WHERE p.id = part.allocation_id AND part.amount < part.allocated
    ), settled AS (
        UPDATE loyalty_hold h
        SET points = CASE $2 WHEN 'held' THEN h.points - op.points ELSE h.points END, state = $2,
            settled_by_id = CASE WHEN $2 <> 'held' THEN op.id END
        FROM op WHERE h.transaction_id = op.original_id
    ), refilled AS (
        UPDATE loyalty_lot l SET remaining = l.remaining + part.amount - part.paid FROM part WHERE l.id = part.lot_id
    ), entered AS (
        INSERT INTO loyalty_entry (transaction_id, account_id, lot_id, amount, seal)
        SELECT leg.*, ledger_seal(leg.id, leg.account_id, leg.lot_id, leg.amount)
        FROM (
            SELECT id, account_id, lot_id, -paid AS amount FROM part
            UNION ALL SELECT id, account_id, NULL, paid FROM op
        ) AS leg
        WHERE leg.amount <> 0
    ), counted AS (
        UPDATE loyalty_account a
        SET available = op.available, held = a.held - op.points, debt = op.debt, version = a.version + 1,
            lapses_at = coalesce(a.lapses_at, ledger_lapses_at($4))
        FROM op WHERE a.customer_id = op.account_id
    ), told AS (
        INSERT INTO customers_event (name, customer_id, business_id, occurred_at, actor, data)
        SELECT 'loyalty.points.released', account_id, business_id, $4, context.actor, jsonb_build_object(
            'transaction', code, 'held', -points, 'balance', response->'balance', 'hold', hold_code
        )
        FROM answer
    ), noted AS (
        INSERT INTO workspace_auditentry (at, actor, actor_label, action, subject, business_id, data, ip)
        SELECT $4, context.actor, context.actor_label, 'loyalty.points.released', 'transaction:' || code, business_id,
               jsonb_build_object('held', -points, 'hold', hold_code), context.ip
        FROM op
    )
    SELECT array_agg(ROW(ordinal, 'done', response::text)::ledger_answer),
           (SELECT count(*) FROM written) < cardinality(operations),
           sum(points) IS DISTINCT FROM (SELECT sum(amount) FROM part)
    INTO done, is_late, is_wrong
    FROM answer;
    IF $2 <> 'held' THEN
        PERFORM ledger_restock(array(
            SELECT t.reward_id FROM unnest(operations) AS o JOIN loyalty_transaction t ON t.id = o.original_id
        ));
    END IF;
    IF is_wrong THEN
        RAISE EXCEPTION 'the allocations of a hold are not its points' USING ERRCODE = 'data_corrupted';
    ELSIF is_late THEN
        RAISE EXCEPTION 'a key was taken meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN done;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_reshelve(operations regulars_template_schema.ledger_operation[]) RETURNS void
    LANGUAGE sql
    AS $_$
    UPDATE loyalty_reward r SET stock = greatest(r.stock + moved.number, 0)
    FROM (
        SELECT root.reward_id, sum(CASE root.net WHEN 0 THEN 1 WHEN o.points THEN -1 ELSE 0 END)::integer AS number
        FROM unnest($1) AS o
        CROSS JOIN LATERAL (
            SELECT t.reward_id, ledger_net_of(t.id) AS net FROM loyalty_transaction t
            WHERE t.id = ledger_root_of(o.original_id) AND t.kind = 'redeem' AND t.reward_id IS NOT NULL LIMIT 1
        ) AS root
        GROUP BY root.reward_id
    ) AS moved
    WHERE r.id = moved.reward_id AND r.stock IS NOT NULL
$_$;
CREATE FUNCTION regulars_template_schema.ledger_restock(reward_ids bigint[]) RETURNS void
    LANGUAGE sql
    AS $_$
    UPDATE loyalty_reward r SET stock = r.stock + back.number
    FROM (SELECT id, count(*) AS number FROM unnest($1) AS given (id) WHERE id IS NOT NULL GROUP BY id) AS back
    WHERE r.id = back.id AND r.stock IS NOT NULL
$_$;
CREATE FUNCTION regulars_template_schema.ledger_reverse(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    op ledger_operation;
    other ledger_operation;
    original record;
    refusal text;
    rest bigint;
    taking ledger_operation[];
    giving ledger_operation[];
    refused ledger_operation[];
    refusals jsonb[];
    answers ledger_answer[];
BEGIN
    FOR i IN 1 .. cardinality(operations) LOOP
        op := operations[i];
        SELECT t.code, t.kind, t.status, t.points, t.reversed_points, t.reversed_at, t.business_id, t.at,
               b.code AS shop, t.counterpart_id, t.key_endpoint IN ('points.refund', 'points.merge') OR t.response ? 'cancels_order' OR (
                   SELECT o.kind = 'transfer' FROM loyalty_transaction o WHERE o.id = t.reverses_id
               ) AS stands
        INTO original
        FROM loyalty_transaction t LEFT JOIN workspace_business b ON b.id = t.business_id
        WHERE t.id = op.original_id;
        refusal := NULL;
        IF context.business_id IS NOT NULL AND original.business_id IS DISTINCT FROM context.business_id THEN
            answers := answers || ROW(op.ordinal, 'unknown_transaction', '{}')::ledger_answer;
            CONTINUE;
        ELSIF original.status <> 'done' OR original.kind IN ('hold', 'void', 'mature') OR original.stands THEN
            refusal := 'not_reversible';
        ELSIF original.reversed_at IS NOT NULL THEN
            refusal := 'already_reversed';
        ELSIF original.at < op.not_before THEN
            refusal := 'undo_window_passed';
        END IF;
        IF refusal IS NOT NULL THEN
            refused := refused || op;
            refusals := refusals || jsonb_build_object(
                'refusal', refusal, 'kind', 'reverse', 'reverses', original.code
            );
            CONTINUE;
        END IF;
        op.business_id := original.business_id;
        op.business_code := original.shop;
        rest := abs(original.points) - original.reversed_points;
        IF original.kind = 'transfer' THEN
            other := op;
            other.ordinal := -1 - op.ordinal;
            other.key := NULL;
            other.account_id := op.recipient_id;
            other.customer_code := op.recipient_code;
            other.original_id := original.counterpart_id;
            op.points := -original.points;
            other.points := original.points;
            IF original.points < 0 THEN
                giving := giving || op;
                taking := taking || other;
            ELSE
                taking := taking || op;
                giving := giving || other;
            END IF;
        ELSIF original.points < 0 THEN
            op.points := rest;
            giving := giving || op;
        ELSE
            op.points := -least(coalesce(op.points, rest), rest);
            taking := taking || op;
        END IF;
    END LOOP;
    IF taking IS NOT NULL THEN
        answers := answers || ledger_claw_back(taking, context, $3);
    END IF;
    IF giving IS NOT NULL THEN
        answers := answers || ledger_give_back(giving, context, $3);
    END IF;
    IF refused IS NOT NULL THEN
        answers := answers || ledger_refuse(refused, 'refused', refusals, context, $3);
    END IF;
    RETURN answers;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_reward_refusal(op regulars_template_schema.ledger_operation, zone text, at timestamp with time zone) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $_$
#variable_conflict use_column
DECLARE
    reward loyalty_reward;
    had bigint;
BEGIN
    SELECT r.* INTO reward FROM loyalty_reward r WHERE r.id = op.reward_id;
    IF NOT reward.is_active OR reward.starts_at > $3 OR reward.ends_at <= $3 THEN
        RETURN 'reward_not_available';
    ELSIF reward.business_id <> op.business_id THEN
        RETURN 'reward_elsewhere';
    ELSIF reward.tier_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM loyalty_account a JOIN loyalty_tier mine ON mine.id = a.tier_id
        JOIN loyalty_tier needed ON needed.id = reward.tier_id
        WHERE a.customer_id = op.account_id AND mine.is_active AND mine.threshold >= needed.threshold
    ) THEN
        RETURN 'reward_for_tier';
    ELSIF reward.member_limit IS NOT NULL THEN
        SELECT count(*) INTO had FROM loyalty_transaction t LEFT JOIN loyalty_hold h ON h.transaction_id = t.id
        WHERE t.account_id = op.account_id AND t.reward_id = op.reward_id AND t.status = 'done'
        AND (t.reversed_at IS NULL OR ledger_net_of(t.id) <> 0) AND (t.kind = 'redeem' OR h.state = 'held')
        AND (reward.member_limit_days IS NULL OR t.at >= loyalty_days_ago($3, reward.member_limit_days - 1, zone));
        IF had >= reward.member_limit THEN
            RETURN 'reward_limit_reached';
        END IF;
    END IF;
    RETURN NULL;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_root_of(transaction_id bigint) RETURNS bigint
    LANGUAGE sql STABLE
    AS $_$
    WITH RECURSIVE line (id, reverses_id) AS (
        SELECT t.id, t.reverses_id FROM loyalty_transaction t WHERE t.id = $1
        UNION ALL SELECT t.id, t.reverses_id FROM loyalty_transaction t JOIN line ON t.id = line.reverses_id
    )
    SELECT line.id FROM line WHERE line.reverses_id IS NULL
$_$;
CREATE FUNCTION regulars_template_schema.ledger_sale_stands(order_id bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    SELECT EXISTS (
        SELECT FROM loyalty_transaction t
        WHERE t.order_id = $1 AND t.kind = 'earn' AND t.status = 'done'
        AND (t.reversed_at IS NULL OR ledger_net_of(t.id) <> 0 OR NOT EXISTS (
            SELECT FROM loyalty_transaction r
            WHERE r.reverses_id = t.id AND r.status = 'done' AND r.key_endpoint <> 'points.refund'
            AND CASE WHEN r.points = 0 THEN r.reversed_at IS NULL ELSE ledger_net_of(r.id) <> 0 END
        ))
    )
$_$;
CREATE FUNCTION regulars_template_schema.ledger_seal(transaction_id bigint, account_id bigint, lot_id bigint, amount bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT md5(transaction_id::text || ':' || coalesce(account_id, 0)::text || ':' || coalesce(lot_id, 0)::text || ':'
               || amount::text)::uuid
$$;
CREATE FUNCTION regulars_template_schema.ledger_set_tier(account_id bigint, tier_id bigint, kept_until timestamp with time zone, reason text, actor text, actor_label text, at timestamp with time zone, zone text) RETURNS void
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
BEGIN
    INSERT INTO loyalty_tierchange (
        account_id, tier_id, before_id, cause, basis, window_months, figure, threshold, kept_until, rests_on_id, reason,
        actor, actor_label, at
    )
    SELECT $1, $2, a.tier_id, 'set', '', NULL, 0, NULL, $3, NULL, $4, $5, $6, $7
    FROM loyalty_account a WHERE a.customer_id = $1;
    INSERT INTO customers_event (name, customer_id, occurred_at, actor, data)
    SELECT 'loyalty.tier.changed', $1, $7, $5, jsonb_build_object(
        'tier', coalesce((SELECT t.code FROM loyalty_tier t WHERE t.id = $2), ''),
        'before', coalesce((SELECT t.code FROM loyalty_tier t WHERE t.id = a.tier_id), ''), 'cause', 'set'
    )
    FROM loyalty_account a WHERE a.customer_id = $1 AND a.tier_id IS DISTINCT FROM $2;
    UPDATE loyalty_account a
    SET tier_id = $2, tier_since = CASE WHEN $2 IS NOT NULL THEN $7 END, tier_kept_until = $3, tier_due_at = $3
    WHERE a.customer_id = $1;
    PERFORM ledger_judge_tiers(array[$1], $7, $8);
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_settle(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    op ledger_operation;
    part ledger_operation;
    hold record;
    refusal text;
    capturing ledger_operation[];
    voiding ledger_operation[];
    rests ledger_operation[];
    refused ledger_operation[];
    refusals jsonb[];
    answers ledger_answer[];
BEGIN
    FOR i IN 1 .. cardinality(operations) LOOP
        op := operations[i];
        op.kind := CASE op.kind WHEN 'void' THEN 'void' ELSE 'redeem' END;
        SELECT h.state, h.points, t.code, t.business_id, t.reason, b.code AS shop, t.reward_id,
               r.business_id AS only_at
        INTO hold
        FROM loyalty_hold h
        JOIN loyalty_transaction t ON t.id = h.transaction_id
        LEFT JOIN workspace_business b ON b.id = t.business_id
        LEFT JOIN loyalty_reward r ON r.id = t.reward_id
        WHERE h.transaction_id = op.original_id;
        IF NOT FOUND OR hold.business_id <> context.business_id
           OR hold.business_id IS NULL AND hold.reward_id IS NULL AND context.business_id IS NOT NULL
           OR hold.business_id IS NULL AND hold.only_at <> context.business_id THEN
            answers := answers || ROW(op.ordinal, 'unknown_hold', '{}')::ledger_answer;
            CONTINUE;
        END IF;
        IF hold.business_id IS NOT NULL THEN
            op.business_id := hold.business_id;
            op.business_code := hold.shop;
        ELSIF op.kind = 'redeem' AND op.business_id IS NULL THEN
            SELECT b.id, b.code INTO op.business_id, op.business_code
            FROM workspace_business b WHERE b.id = context.business_id AND b.is_active;
        END IF;
        refusal := CASE
            WHEN hold.state <> 'held' THEN 'hold_over'
            WHEN op.points > hold.points THEN 'more_than_held'
            WHEN op.kind = 'redeem' AND op.points < hold.points AND hold.reward_id IS NOT NULL THEN 'reward_is_whole'
            WHEN op.kind = 'redeem' AND hold.only_at <> op.business_id THEN 'reward_elsewhere'
        END;
        IF refusal IS NOT NULL THEN
            refused := refused || op;
            refusals := refusals || jsonb_strip_nulls(jsonb_build_object(
                'refusal', refusal, 'kind', op.kind, 'hold', hold.code, 'state', hold.state, 'held',
                CASE hold.state WHEN 'held' THEN hold.points ELSE 0 END, 'requested', op.points
            ));
            CONTINUE;
        END IF;
        IF op.kind = 'redeem' AND op.business_id IS NULL AND hold.reward_id IS NOT NULL THEN
            answers := answers || ROW(op.ordinal, 'unknown_business', '{}')::ledger_answer;
            CONTINUE;
        END IF;
        op.reason := hold.reason;
        IF op.kind = 'void' THEN
            op.points := hold.points;
            voiding := voiding || op;
            CONTINUE;
        END IF;
        IF op.points < hold.points THEN
            part := op;
            part.key := NULL;
            part.points := hold.points - op.points;
            rests := rests || part;
        END IF;
        capturing := capturing || op;
    END LOOP;
    IF voiding || rests IS NOT NULL THEN
        IF rests IS NOT NULL THEN
            PERFORM ledger_release(rests, 'held', context, $3);
        END IF;
        IF voiding IS NOT NULL THEN
            answers := answers || ledger_release(voiding, 'voided', context, $3);
        END IF;
        -- Lots that ran out meanwhile go at once; the mark of the others is set.
        PERFORM ledger_expire(array(SELECT o.account_id FROM unnest(voiding || rests) AS o ORDER BY 1), $3);
    END IF;
    IF capturing IS NOT NULL THEN
        answers := answers || ledger_capture_whole(capturing, context, $3);
    END IF;
    IF refused IS NOT NULL THEN
        answers := answers || ledger_refuse(refused, 'refused', refusals, context, $3);
    END IF;
    RETURN answers;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_settle_stamps(order_ids bigint[], actor text, actor_label text, at timestamp with time zone, zone text) RETURNS void
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    part record;
    sale record;
    running integer;
    due integer;
    has_changed boolean;
BEGIN
    FOR part IN
        SELECT DISTINCT s.book_id, s.day, b.card_id, c.day_limit::integer AS day_limit
        FROM loyalty_stampsale s
        CROSS JOIN LATERAL (SELECT b.card_id FROM loyalty_stampbook b WHERE b.id = s.book_id LIMIT 1) AS b
        CROSS JOIN LATERAL (SELECT c.day_limit FROM loyalty_stampcard c WHERE c.id = b.card_id LIMIT 1) AS c
        WHERE s.order_id = ANY (order_ids)
        ORDER BY s.book_id, s.day
    LOOP
        running := 0;
        has_changed := false;
        FOR sale IN
            SELECT s.id, s.order_id, s.lines, s.given, o.business_id
            FROM loyalty_stampsale s JOIN customers_order o ON o.id = s.order_id
            WHERE s.book_id = part.book_id AND s.day = part.day
            AND (part.day_limit IS NOT NULL OR s.order_id = ANY (order_ids))
            ORDER BY o.placed_at, o.id
        LOOP
            due := CASE WHEN ledger_sale_stands(sale.order_id)
                   THEN ledger_stamps_of(sale.order_id, part.card_id, sale.lines) ELSE 0 END;
            IF part.day_limit IS NOT NULL THEN
                due := least(due, part.day_limit - running);
                running := running + due;
            END IF;
            CONTINUE WHEN due = sale.given;
            has_changed := true;
            UPDATE loyalty_stampsale SET given = due WHERE id = sale.id;
            PERFORM ledger_write_stamps(
                part.book_id, due - sale.given, 'sale', sale.order_id, NULL, sale.business_id, '', $2, $3, $4
            );
        END LOOP;
        IF has_changed THEN
            PERFORM ledger_fill_cards(part.book_id, $2, $4, zone);
        END IF;
    END LOOP;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_spendable(account_id bigint) RETURNS TABLE(id bigint, remaining bigint, issuer_id bigint, expires_at timestamp with time zone, before bigint)
    LANGUAGE sql STABLE
    AS $_$
    SELECT l.id, l.remaining, l.issuer_id, l.expires_at,
           (sum(l.remaining) OVER (ORDER BY l.expires_at NULLS LAST, l.id))::bigint - l.remaining
    FROM loyalty_lot l WHERE l.account_id = $1 AND l.remaining > 0 AND NOT l.is_pending
$_$;
CREATE FUNCTION regulars_template_schema.ledger_stamps_of(order_id bigint, card_id bigint, lines integer[]) RETURNS integer
    LANGUAGE plpgsql STABLE
    AS $_$
#variable_conflict use_column
DECLARE
    card record;
    paid numeric;
    matched numeric;
    units numeric;
BEGIN
    SELECT c.per, c.min_spend, c.sale_limit INTO card FROM loyalty_stampcard c WHERE c.id = $2;
    SELECT o.total - o.refunded_total INTO paid FROM customers_order o WHERE o.id = $1 AND o.status <> 'cancelled';
    IF paid IS NULL OR paid <= 0 THEN
        RETURN 0;
    END IF;
    IF lines <> '{}' THEN
        SELECT coalesce(sum(kept.money) FILTER (WHERE kept.money > 0 AND kept.quantity > 0), 0),
               coalesce(sum(kept.quantity) FILTER (WHERE kept.money > 0 AND kept.quantity > 0), 0)
        INTO matched, units
        FROM (
            SELECT line.total - coalesce(sum(back.total), 0) AS money,
                   line.quantity - coalesce(sum(back.quantity), 0) AS quantity
            FROM customers_orderline line LEFT JOIN customers_refundline back ON back.order_line_id = line.id
            WHERE line.order_id = $1 AND line.position = ANY ($3)
            GROUP BY line.id
        ) AS kept;
        paid := least(paid, matched);
    END IF;
    IF paid <= 0 OR paid < card.min_spend THEN
        RETURN 0;
    END IF;
    IF card.per = 'sale' THEN
        RETURN 1;
    END IF;
    RETURN least(floor(units)::integer, coalesce(card.sale_limit, 10000), 10000);
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_transfer(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    judged record := ledger_judge_spending(operations, context, $3);
    able ledger_operation[] := judged.able;
    answers ledger_answer[];
    done ledger_answer[];
    is_late boolean;
    is_wrong boolean;
BEGIN
    IF judged.refused IS NOT NULL THEN
        answers := ledger_refuse(judged.refused, 'refused', judged.refusals, context, $3);
    END IF;
    IF able IS NULL THEN
        RETURN answers;
    END IF;
    WITH op AS MATERIALIZED (
        SELECT o.*, nextval('loyalty_transaction_id_seq') AS id, nextval('loyalty_transaction_id_seq') AS in_id,
               public_code() AS code, public_code() AS in_code, a.available - o.points AS balance,
               least(r.debt, o.points) AS paid, r.debt - least(r.debt, o.points) AS in_debt,
               r.available + o.points - least(r.debt, o.points) AS in_balance
        FROM unnest(able) AS o
        CROSS JOIN LATERAL (
            SELECT a.available FROM loyalty_account a WHERE a.customer_id = o.account_id LIMIT 1
        ) AS a
        CROSS JOIN LATERAL (
            SELECT r.available, r.debt FROM loyalty_account r WHERE r.customer_id = o.recipient_id LIMIT 1
        ) AS r
    ), taken AS MATERIALIZED (
        SELECT op.id, op.in_id, op.account_id, op.recipient_id, op.paid, lot.id AS lot_id, lot.issuer_id, lot.expires_at,
               lot.before, least(lot.remaining, op.points - lot.before) AS amount
        FROM op CROSS JOIN LATERAL ledger_spendable(op.account_id) AS lot
        WHERE lot.before < op.points
    ), moved AS MATERIALIZED (
        SELECT nextval('loyalty_lot_id_seq') AS new_lot_id, t.in_id, t.recipient_id, t.issuer_id, t.expires_at,
               least(t.amount, t.before + t.amount - t.paid) AS amount
        FROM taken AS t WHERE t.before + t.amount > t.paid
    ), answer AS MATERIALIZED (
        SELECT op.*, jsonb_strip_nulls(jsonb_build_object(
            'transaction', code, 'kind', 'transfer', 'points', -points, 'balance', balance, 'debt', 0,
            'customer', customer_code, 'recipient', recipient_code, 'business', business_code, 'reason', reason
        )) AS response, jsonb_strip_nulls(jsonb_build_object(
            'transaction', in_code, 'kind', 'transfer', 'points', points, 'balance', in_balance, 'debt', in_debt,
            'customer', recipient_code, 'sender', customer_code, 'business', business_code, 'reason', reason
        )) AS in_response
        FROM op
    ), written AS (
        INSERT INTO loyalty_transaction (
            id, code, account_id, kind, status, points, business_id, reason, counterpart_id, reversed_points, key_owner,
            key_endpoint, key, request_digest, response, actor, actor_label, ip, at
        )
        SELECT side.id, side.code, side.account_id, 'transfer', 'done', side.points, side.business_id,
               coalesce(side.reason, ''), side.counterpart_id, 0, context.owner, side.endpoint, side.key, side.digest,
               side.response, context.actor, context.actor_label, context.ip, $3
        FROM (
            SELECT id, code, account_id, -points AS points, business_id, reason, in_id AS counterpart_id, endpoint, key,
                   digest, response
            FROM answer
            UNION ALL
            SELECT in_id, in_code, recipient_id, points, business_id, reason, id, '', NULL, '', in_response FROM answer
        ) AS side
        ORDER BY side.key
        ON CONFLICT DO NOTHING
        RETURNING id
    ), drawn AS (
        UPDATE loyalty_lot l SET remaining = l.remaining - taken.amount FROM taken WHERE l.id = taken.lot_id
    ), put AS (
        INSERT INTO loyalty_lot (
            id, account_id, transaction_id, issuer_id, amount, remaining, available_at, expires_at
        )
        SELECT new_lot_id, recipient_id, in_id, issuer_id, amount, amount, $3, expires_at FROM moved
    ), entered AS (
        INSERT INTO loyalty_entry (transaction_id, account_id, lot_id, amount, seal)
        SELECT leg.*, ledger_seal(leg.id, leg.account_id, leg.lot_id, leg.amount)
        FROM (
            SELECT id, account_id, lot_id, -amount AS amount FROM taken
            UNION ALL SELECT id, NULL, NULL, points FROM op
            UNION ALL SELECT in_id, recipient_id, NULL, paid FROM op
            UNION ALL SELECT in_id, recipient_id, new_lot_id, amount FROM moved
            UNION ALL SELECT in_id, NULL, NULL, -points FROM op
        ) AS leg
        WHERE leg.amount <> 0
    ), counted AS (
        UPDATE loyalty_account a
        SET available = side.balance, debt = side.debt, version = a.version + 1,
            lapses_at = coalesce(a.lapses_at, context.lapses_at),
            expires_next_at = least(a.expires_next_at, side.expires_at, context.lapses_at)
        FROM (
            SELECT account_id, balance, 0 AS debt, NULL::timestamptz AS expires_at FROM op
            UNION ALL
            SELECT recipient_id, in_balance, in_debt,
                   (SELECT min(moved.expires_at) FROM moved WHERE moved.in_id = op.in_id)
            FROM op
        ) AS side
        WHERE a.customer_id = side.account_id
    ), told AS (
        INSERT INTO customers_event (name, customer_id, business_id, occurred_at, actor, data)
        SELECT 'loyalty.points.transferred', side.account_id, business_id, $3, context.actor, jsonb_build_object(
            'transaction', side.code, 'points', side.points, 'balance', side.balance
        )
        FROM op CROSS JOIN LATERAL (
            VALUES (op.account_id, op.code, -op.points, op.balance),
                   (op.recipient_id, op.in_code, op.points, op.in_balance)
        ) AS side (account_id, code, points, balance)
    ), noted AS (
        INSERT INTO workspace_auditentry (at, actor, actor_label, action, subject, business_id, data, ip)
        SELECT $3, context.actor, context.actor_label, 'loyalty.points.transferred', 'transaction:' || code, business_id,
               jsonb_build_object('points', points, 'to', recipient_code), context.ip
        FROM op
    )
    SELECT array_agg(ROW(ordinal, 'done', response::text)::ledger_answer),
           (SELECT count(*) FROM written) < 2 * cardinality(able),
           sum(points) IS DISTINCT FROM (SELECT sum(amount) FROM taken)
    INTO done, is_late, is_wrong
    FROM answer;
    IF is_wrong THEN
        RAISE EXCEPTION 'the lots of an account do not hold its balance' USING ERRCODE = 'data_corrupted';
    ELSIF is_late THEN
        RAISE EXCEPTION 'a key was taken meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN answers || done;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_turn(operations regulars_template_schema.ledger_operation[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS regulars_template_schema.ledger_answer[]
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    answers ledger_answer[];
    answered integer[];
    op ledger_operation;
    missing text;
    earns ledger_operation[];
    redeems ledger_operation[];
    adjusts ledger_operation[];
    reversals ledger_operation[];
    holds ledger_operation[];
    settlements ledger_operation[];
    bonuses ledger_operation[];
    transfers ledger_operation[];
BEGIN
    SELECT array_agg(ROW(
        o.ordinal,
        CASE WHEN t.is_same THEN 'replayed'
             WHEN o.kind IN ('earn', 'redeem', 'hold') AND o.business_id IS NULL AND o.reward_code IS NULL
             THEN 'unknown_business'
             ELSE 'key_reused' END,
        CASE WHEN t.is_same THEN t.response::text ELSE '{}' END
    )::ledger_answer), array_agg(o.ordinal)
    INTO answers, answered
    FROM unnest(operations) AS o
    CROSS JOIN LATERAL (
        SELECT t.response, t.request_digest = o.digest AND t.account_id = o.account_id
               AND (o.kind NOT IN ('earn', 'redeem', 'hold') OR t.business_id IS NOT DISTINCT FROM o.business_id)
               AND coalesce(o.kind <> 'transfer' OR t.response->>'recipient' = o.recipient_code, true)
               AND (o.kind <> 'capture' OR o.business_code IS NULL OR coalesce(t.business_id = o.business_id, false)
                    OR ( -- what was set aside at a business is redeemed there, whatever the capture names
                        SELECT h.business_id FROM loyalty_transaction h WHERE h.id = o.original_id
                    ) IS NOT NULL) AS is_same
        FROM loyalty_transaction t
        WHERE t.key_owner = context.owner AND t.key_endpoint = o.endpoint AND t.key = o.key AND t.key IS NOT NULL
        LIMIT 1
    ) AS t;
    FOR i IN 1 .. cardinality(operations) LOOP
        op := operations[i];
        CONTINUE WHEN op.ordinal = ANY (answered);
        missing := CASE
            WHEN op.kind = 'reverse' AND op.original_id IS NULL THEN 'unknown_transaction'
            WHEN op.kind IN ('capture', 'void') AND op.original_id IS NULL THEN 'unknown_hold'
            WHEN op.reward_code IS NOT NULL AND op.reward_id IS NULL THEN 'unknown_reward'
            WHEN op.kind IN ('earn', 'redeem', 'hold') AND op.business_is_open IS NOT TRUE
                 AND NOT (op.kind = 'hold' AND op.reward_id IS NOT NULL AND op.business_code IS NULL
                          AND context.business_id IS NULL) THEN 'unknown_business'
            WHEN op.kind = 'capture' AND op.business_code IS NOT NULL AND op.business_is_open IS NOT TRUE
            THEN 'unknown_business'
            WHEN NOT op.is_member THEN 'unknown_customer'
            WHEN op.kind = 'transfer' AND (op.recipient_is_member IS NOT TRUE OR op.recipient_id = op.account_id)
            THEN 'unknown_recipient'
        END;
        IF missing IS NOT NULL THEN
            answers := answers || ROW(op.ordinal, missing, '{}')::ledger_answer;
        ELSIF op.kind = 'earn' THEN
            earns := earns || op;
        ELSIF op.kind = 'redeem' THEN
            redeems := redeems || op;
        ELSIF op.kind IN ('adjust', 'referral') THEN
            adjusts := adjusts || op;
        ELSIF op.kind = 'bonus' THEN
            bonuses := bonuses || op;
        ELSIF op.kind = 'transfer' THEN
            transfers := transfers || op;
        ELSIF op.kind = 'reverse' THEN
            reversals := reversals || op;
        ELSIF op.kind = 'hold' THEN
            holds := holds || op;
        ELSIF op.kind IN ('capture', 'void') THEN
            settlements := settlements || op;
        ELSE
            RAISE EXCEPTION 'no such kind of operation: %', op.kind USING ERRCODE = 'invalid_parameter_value';
        END IF;
    END LOOP;
    IF earns IS NOT NULL THEN
        answers := answers || ledger_earn(earns, context, $3);
    END IF;
    IF redeems IS NOT NULL THEN
        answers := answers || ledger_redeem(redeems, context, $3);
    END IF;
    IF adjusts IS NOT NULL THEN
        answers := answers || ledger_adjust(adjusts, context, $3);
    END IF;
    IF reversals IS NOT NULL THEN
        answers := answers || ledger_reverse(reversals, context, $3);
    END IF;
    IF holds IS NOT NULL THEN
        answers := answers || ledger_hold(holds, context, $3);
    END IF;
    IF settlements IS NOT NULL THEN
        answers := answers || ledger_settle(settlements, context, $3);
    END IF;
    IF bonuses IS NOT NULL THEN
        answers := answers || ledger_award(bonuses, context, $3);
    END IF;
    IF transfers IS NOT NULL THEN
        answers := answers || ledger_transfer(transfers, context, $3);
    END IF;
    RETURN answers;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_unmerge(source bigint, target bigint, moved jsonb, key text, call jsonb, at timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    context ledger_context := ledger_context_at(call, $6);
    transactions bigint[] := array(SELECT value::bigint FROM jsonb_array_elements_text(moved->'transactions'));
    giver loyalty_account;
    pair jsonb;
    lot record;
    out_id bigint := nextval('loyalty_transaction_id_seq');
    in_id bigint := nextval('loyalty_transaction_id_seq');
    free bigint := 0;
    waiting bigint := 0;
    aside bigint := 0;
    owed bigint;
    returned bigint;
    copied loyalty_tierchange;
BEGIN
    PERFORM ledger_expire(array(
        SELECT a.customer_id FROM loyalty_account a WHERE a.customer_id = $2 AND a.expires_next_at <= $6
    ), $6);
    SELECT a.* INTO giver FROM loyalty_account a WHERE a.customer_id = $2;
    UPDATE loyalty_transaction t SET account_id = $1 WHERE t.id = ANY (transactions) AND t.account_id = $2;
    GET DIAGNOSTICS returned = ROW_COUNT;
    UPDATE loyalty_hold h SET account_id = $1 WHERE h.transaction_id = ANY (transactions) AND h.account_id = $2;
    FOR pair IN SELECT value FROM jsonb_array_elements(moved->'lots') LOOP
        SELECT l.id, l.remaining, l.is_pending, coalesce((
            SELECT sum(p.points) FROM loyalty_holdallocation p WHERE p.lot_id = l.id AND p.hold_id = ANY (transactions)
        ), 0)::bigint AS held
        INTO lot FROM loyalty_lot l WHERE l.id = (pair->>1)::bigint AND l.account_id = $2;
        CONTINUE WHEN lot.id IS NULL OR lot.remaining + lot.held = 0;
        UPDATE loyalty_lot l SET remaining = 0, is_pending = false WHERE l.id = lot.id;
        UPDATE loyalty_lot l
        SET amount = l.amount + lot.remaining + lot.held, remaining = l.remaining + lot.remaining,
            is_pending = lot.is_pending
        WHERE l.id = (pair->>0)::bigint;
        UPDATE loyalty_holdallocation p SET lot_id = (pair->>0)::bigint
        WHERE p.lot_id = lot.id AND p.hold_id = ANY (transactions);
        PERFORM ledger_write_leg(out_id, $2, lot.id, -lot.remaining - lot.held);
        PERFORM ledger_write_leg(in_id, $1, (pair->>0)::bigint, lot.remaining + lot.held);
        aside := aside + lot.held;
        IF lot.is_pending THEN
            waiting := waiting + lot.remaining;
        ELSE
            free := free + lot.remaining;
        END IF;
    END LOOP;
    owed := least(giver.debt, (moved->>'debt')::bigint); -- the rest was paid
    PERFORM ledger_write_leg(out_id, $2, NULL, owed);
    PERFORM ledger_write_leg(in_id, $1, NULL, -owed);
    UPDATE loyalty_account a
    SET available = giver.available - free, held = giver.held - aside,
        pending = giver.pending - waiting, debt = giver.debt - owed,
        lifetime = giver.lifetime - (moved->>'lifetime')::bigint,
        version = (SELECT count(*) + 1 FROM loyalty_transaction t WHERE t.account_id = $2 AND t.status = 'done'),
        joined_at = (moved->>'joined_at')::timestamptz
    WHERE a.customer_id = $2;
    UPDATE loyalty_account a
    SET available = free, held = aside, pending = waiting,
        debt = owed, lifetime = (moved->>'lifetime')::bigint, lapses_at = giver.lapses_at,
        version = (SELECT count(*) + 1 FROM loyalty_transaction t WHERE t.account_id = $1 AND t.status = 'done')
    WHERE a.customer_id = $1;
    UPDATE loyalty_account a SET expires_next_at = ledger_next_look(a.customer_id) WHERE a.customer_id IN ($1, $2);
    PERFORM ledger_write_sides(out_id, in_id, $2, $1, free + aside + waiting - owed, $4, context, $6);
    -- A tier that somebody set for the duplicate stands by itself: what the other one had is set again.
    SELECT c.* INTO copied FROM loyalty_tierchange c WHERE c.id = (moved->>'tier_change')::bigint AND c.cause = 'set';
    IF FOUND AND giver.tier_id = copied.tier_id THEN
        PERFORM ledger_note_tier($2, copied, (moved->>'tier')::bigint, giver.tier_id, 'set', $6, context);
        UPDATE loyalty_account a
        SET tier_id = (moved->>'tier')::bigint, tier_since = (moved->>'tier_since')::timestamptz,
            tier_kept_until = (moved->>'tier_kept_until')::timestamptz, tier_due_at = (moved->>'tier_due_at')::timestamptz
        WHERE a.customer_id = $2;
    END IF;
    PERFORM ledger_judge_tiers(ARRAY[$1, $2], $6, context.zone);
    RETURN free + aside + waiting - owed;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_unmerge_stamps(books jsonb, actor text, actor_label text, at timestamp with time zone, zone text) RETURNS void
    LANGUAGE plpgsql
    AS $_$
DECLARE
    book jsonb;
    sales bigint[];
    rewards bigint[];
BEGIN
    FOR book IN SELECT value FROM jsonb_array_elements(books) LOOP
        sales := array(
            SELECT s.id FROM loyalty_stampsale s JOIN jsonb_array_elements_text(book->'sales') AS was ON s.id = was::bigint
            WHERE s.book_id = (book->>'to')::bigint ORDER BY s.id
        );
        rewards := array(
            SELECT r.id FROM loyalty_stampreward r
            JOIN jsonb_array_elements_text(book->'rewards') AS was ON r.id = was::bigint
            WHERE r.book_id = (book->>'to')::bigint ORDER BY r.id
        );
        PERFORM ledger_move_stamps(
            (book->>'to')::bigint, (book->>'from')::bigint, sales, rewards, (book->>'rest')::integer, $2, $3, $4
        );
        PERFORM ledger_fill_cards((book->>'from')::bigint, $2, $4, $5);
        PERFORM ledger_fill_cards((book->>'to')::bigint, $2, $4, $5);
    END LOOP;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_welcome(account_ids bigint[], context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    rule record;
BEGIN
    FOR rule IN
        SELECT r.id, r.name, r.points, r.business_id FROM loyalty_earningrule r
        WHERE r.trigger = 'join' AND r.is_active
        AND (r.starts_on IS NULL OR r.starts_on <= ($3 AT TIME ZONE context.zone)::date)
        AND (r.ends_on IS NULL OR r.ends_on >= ($3 AT TIME ZONE context.zone)::date)
        ORDER BY r.position, r.id
    LOOP
        PERFORM ledger_credit(array(
            SELECT jsonb_populate_record(NULL::ledger_operation, jsonb_build_object(
                'ordinal', 0, 'kind', 'bonus', 'endpoint', '', 'digest', '', 'account_id', id, 'customer_code', (
                    SELECT c.code FROM customers_customer c WHERE c.id = given.id
                ), 'points', rule.points, 'reason', rule.name, 'rule_id', rule.id, 'business_id', rule.business_id,
                'action', 'join'
            ))
            FROM unnest(account_ids) AS given (id) ORDER BY id
        ), context, $3);
    END LOOP;
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_write_leg(transaction_id bigint, account_id bigint, lot_id bigint, amount bigint) RETURNS void
    LANGUAGE sql
    AS $_$
    INSERT INTO loyalty_entry (transaction_id, account_id, lot_id, amount, seal)
    SELECT $1, $2, $3, $4, ledger_seal($1, $2, $3, $4) WHERE $4 <> 0
$_$;
CREATE FUNCTION regulars_template_schema.ledger_write_sides(out_id bigint, in_id bigint, giver bigint, taker bigint, points bigint, key text, context regulars_template_schema.ledger_context, at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
BEGIN
    WITH side AS MATERIALIZED (
        SELECT one.*, public_code() AS code, c.code AS customer, c.merged_into_id IS NULL AS is_there,
               a.available AS balance, a.debt
        FROM (VALUES ($1, $2, $3, -$5, $6), ($2, $1, $4, $5, NULL)) AS one (id, other_id, account_id, points, key)
        JOIN customers_customer c ON c.id = one.account_id JOIN loyalty_account a ON a.customer_id = one.account_id
    ), written AS (
        INSERT INTO loyalty_transaction (
            id, code, account_id, kind, status, points, reason, counterpart_id, reversed_points, key_owner, key_endpoint,
            key, request_digest, response, actor, actor_label, ip, at
        )
        SELECT side.id, side.code, side.account_id, 'transfer', 'done', side.points, '', side.other_id, 0,
               context.owner, 'points.merge', side.key, '', jsonb_build_object(
                   'transaction', side.code, 'kind', 'transfer', 'points', side.points, 'balance', side.balance,
                   'debt', side.debt, 'customer', side.customer
               ), context.actor, context.actor_label, context.ip, $8
        FROM side
    )
    INSERT INTO customers_event (name, customer_id, occurred_at, actor, data)
    SELECT 'loyalty.points.transferred', side.account_id, $8, context.actor, jsonb_build_object(
        'transaction', side.code, 'points', side.points, 'balance', side.balance, 'cause', 'merge'
    )
    FROM side WHERE side.is_there AND side.points <> 0;
    PERFORM ledger_write_leg($1, NULL, NULL, $5), ledger_write_leg($2, NULL, NULL, -$5);
END
$_$;
CREATE FUNCTION regulars_template_schema.ledger_write_stamps(book_id bigint, stamps integer, kind text, order_id bigint, undoes_id bigint, business_id bigint, reason text, actor text, actor_label text, at timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
DECLARE
    entry_id bigint;
BEGIN
    INSERT INTO loyalty_stampentry (
        code, book_id, stamps, kind, order_id, undoes_id, business_id, reason, actor, actor_label, at
    )
    VALUES (public_code(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    RETURNING id INTO entry_id;
    UPDATE loyalty_stampbook b SET total = b.total + $2, changed_at = $10 WHERE b.id = $1;
    INSERT INTO customers_event (name, customer_id, business_id, occurred_at, actor, data)
    SELECT CASE WHEN $2 > 0 THEN 'loyalty.stamps.given' ELSE 'loyalty.stamps.taken' END, b.account_id, $6, $10, $8,
           jsonb_build_object('card', (SELECT c.code FROM loyalty_stampcard c WHERE c.id = b.card_id), 'stamps', abs($2))
    FROM loyalty_stampbook b WHERE b.id = $1;
    RETURN entry_id;
END
$_$;
CREATE FUNCTION regulars_template_schema.loyalty_available_at(earned_at timestamp with time zone, days integer, zone text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE WHEN coalesce(days, 0) = 0 THEN earned_at ELSE
        (date_trunc('day', earned_at AT TIME ZONE zone) + make_interval(days => days)) AT TIME ZONE zone
    END
$$;
CREATE FUNCTION regulars_template_schema.loyalty_days_ago(at timestamp with time zone, days integer, zone text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$ SELECT (date_trunc('day', at AT TIME ZONE zone) - make_interval(days => days)) AT TIME ZONE zone $$;
CREATE FUNCTION regulars_template_schema.loyalty_days_from_birthday(born date, today date) RETURNS integer
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT min(abs(today - (born + make_interval(years => years.number))::date))
    FROM generate_series(
        (extract(year FROM today) - extract(year FROM born))::integer - 1,
        (extract(year FROM today) - extract(year FROM born))::integer + 1
    ) AS years (number)
$$;
CREATE FUNCTION regulars_template_schema.loyalty_expires_at(earned_at timestamp with time zone, months integer, zone text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE WHEN months IS NULL THEN NULL ELSE
        (date_trunc('day', earned_at AT TIME ZONE zone) + make_interval(months => months) + interval '1 day')
        AT TIME ZONE zone
    END
$$;
CREATE FUNCTION regulars_template_schema.loyalty_expires_on(earned_at timestamp with time zone, months integer, day text, zone text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $_$
    SELECT ((yearly.day + 1)::timestamp AT TIME ZONE zone)
    FROM (
        SELECT (date_trunc('day', earned_at AT TIME ZONE zone) + make_interval(months => coalesce(months, 0)))::date AS day
    ) AS first
    CROSS JOIN LATERAL (
        SELECT least(
            make_date(years.number::integer, left($3, 2)::integer, 1) + right($3, 2)::integer - 1,
            (make_date(years.number::integer, left($3, 2)::integer, 1) + interval '1 month - 1 day')::date
        ) AS day
        FROM generate_series(extract(year FROM first.day), extract(year FROM first.day) + 1) AS years (number)
    ) AS yearly
    WHERE yearly.day >= first.day
    ORDER BY yearly.day LIMIT 1
$_$;
CREATE FUNCTION regulars_template_schema.loyalty_forget_stamp_reasons(person bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'regulars_template_schema', 'pg_temp'
    AS $$
DECLARE
    person_code text;
BEGIN
    SELECT c.code INTO person_code FROM customers_customer c WHERE c.id = person AND c.state = 'erased';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'customer % is not erased', person USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    UPDATE loyalty_stampentry e SET reason = ''
    FROM loyalty_stampbook b WHERE b.id = e.book_id AND b.account_id = person AND e.reason <> '';
    UPDATE loyalty_stampact a SET response = a.response || '{"reason": ""}'
    WHERE a.response->>'customer' = person_code AND a.response->>'reason' <> '';
END
$$;
CREATE FUNCTION regulars_template_schema.loyalty_forget_tier_reasons(person bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'regulars_template_schema', 'pg_temp'
    AS $$
BEGIN
    PERFORM FROM customers_customer c WHERE c.id = person AND c.state = 'erased';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'customer % is not erased', person USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    UPDATE loyalty_tierchange SET reason = '' WHERE account_id = person AND reason <> '';
END
$$;
CREATE FUNCTION regulars_template_schema.loyalty_is_within(local timestamp without time zone, from_time time without time zone, to_time time without time zone, weekdays smallint[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE WHEN from_time < to_time
        THEN local::time >= from_time AND local::time < to_time
             AND (weekdays = '{}' OR extract(isodow FROM local)::smallint = ANY (weekdays))
        ELSE (local::time >= from_time AND (weekdays = '{}' OR extract(isodow FROM local)::smallint = ANY (weekdays)))
             OR (local::time < to_time
                 AND (weekdays = '{}' OR extract(isodow FROM local - interval '1 day')::smallint = ANY (weekdays)))
        END
$$;
CREATE FUNCTION regulars_template_schema.loyalty_points_for(amount numeric, rate numeric, rounding text) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE rounding
        WHEN 'up' THEN ceil(amount * rate)
        WHEN 'nearest' THEN floor(amount * rate + 0.5)
        ELSE floor(amount * rate)
    END::bigint
$$;
CREATE FUNCTION regulars_template_schema.loyalty_points_of(terms jsonb, given_back jsonb DEFAULT '{}'::jsonb) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE
    AS $_$
DECLARE
    parts jsonb[] := array(SELECT jsonb_array_elements($1->'parts'));
    rules jsonb[] := array(SELECT jsonb_array_elements($1->'rules'));
    unnamed numeric := coalesce((given_back->>'any')::numeric, 0);
    nets numeric[];
    net numeric;
    baskets numeric[] := array_fill(0::numeric, ARRAY[cardinality(rules)]);
    applies boolean[];
    rule jsonb;
    place integer;
    best numeric;
    on_top numeric;
    less numeric;
    factor numeric;
    exact numeric := 0;
    extra bigint := 0;
    points bigint;
BEGIN
    FOR i IN 1 .. cardinality(parts) LOOP
        net := greatest(
            (parts[i]->>'amount')::numeric - coalesce((given_back->>(parts[i]->>'position'))::numeric, 0), 0
        );
        nets[i] := net - least(net, unnamed);
        unnamed := unnamed - least(net, unnamed);
        FOR k IN 0 .. jsonb_array_length(parts[i]->'by') - 1 LOOP
            place := (parts[i]->'by'->k)::integer + 1;
            baskets[place] := baskets[place] + nets[i];
        END LOOP;
    END LOOP;
    FOR i IN 1 .. cardinality(rules) LOOP
        applies[i] := baskets[i] > 0 AND baskets[i] >= coalesce((rules[i]->>'min_spend')::numeric, 0);
        IF rules[i]->>'effect' = 'bonus' AND applies[i] THEN
            extra := extra + (rules[i]->>'points')::bigint;
        END IF;
    END LOOP;
    FOR i IN 1 .. cardinality(parts) LOOP
        best := 1;
        on_top := 0;
        less := 1;
        FOR k IN 0 .. jsonb_array_length(parts[i]->'by') - 1 LOOP
            place := (parts[i]->'by'->k)::integer + 1;
            rule := rules[place];
            CONTINUE WHEN rule->>'effect' <> 'multiply' OR NOT applies[place];
            factor := (rule->>'factor')::numeric;
            IF factor < 1 THEN
                less := least(less, factor);
            ELSIF (rule->>'stacks')::boolean THEN
                on_top := on_top + factor - 1;
            ELSE
                best := greatest(best, factor);
            END IF;
        END LOOP;
        exact := exact + nets[i] * (terms->>'rate')::numeric * (best + on_top) * less;
    END LOOP;
    points := loyalty_points_for(exact, 1, terms->>'rounding') + extra;
    FOR i IN 1 .. cardinality(rules) LOOP
        IF rules[i]->>'effect' = 'cap' THEN
            points := least(points, (rules[i]->>'left')::bigint);
        END IF;
    END LOOP;
    RETURN points;
END
$_$;
CREATE FUNCTION regulars_template_schema.loyalty_post(items jsonb, call jsonb, at timestamp with time zone) RETURNS TABLE(ordinal integer, status text, response text)
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $_$
#variable_conflict use_column
DECLARE
    context ledger_context := ledger_context_at(call, $3);
    operations ledger_operation[] := ledger_read(items, context, $3);
    made text[];
    joined bigint[];
    joining integer[];
    answers ledger_answer[];
    due bigint[];
    crossing bigint[];
    turns integer[];
    current_turn integer;
    gave bigint[];
    in_vain integer[];
    judged bigint[];
BEGIN
    IF EXISTS (SELECT FROM unnest(operations) AS o WHERE NOT o.is_member AND o.kind IN ('earn', 'adjust', 'bonus', 'referral')) THEN
        joining := array(
            SELECT o.ordinal FROM unnest(operations) AS o
            WHERE NOT o.is_member AND o.kind IN ('earn', 'adjust', 'bonus', 'referral')
        );
        SELECT a.made, a.joined INTO made, joined FROM ledger_admit(operations, context, $3) AS a;
        operations := ledger_read(items, context, $3);
        FOR i IN 1 .. cardinality(operations) LOOP
            operations[i].is_new := (operations[i]).phone = ANY (made);
            made := array_remove(made, (operations[i]).phone); -- of the later ones of a batch none made the customer
        END LOOP;
    END IF;
    -- FILTER, not WHERE: a condition would be pushed below the lock, and rows that fail it would not be locked.
    SELECT array_agg(locked.customer_id) FILTER (WHERE locked.expires_next_at <= $3) INTO due
    FROM (
        SELECT a.customer_id, a.expires_next_at FROM loyalty_account a
        WHERE a.customer_id = ANY (array(
            SELECT o.account_id FROM unnest(operations) AS o UNION SELECT o.recipient_id FROM unnest(operations) AS o
        ))
        ORDER BY a.customer_id
        FOR NO KEY UPDATE
    ) AS locked;
    -- Somebody was merged while we waited for the lock: read again who the operations are about.
    IF EXISTS (
        SELECT FROM unnest(operations) AS o
        CROSS JOIN LATERAL (
            SELECT c.merged_into_id FROM customers_customer c WHERE c.id IN (o.account_id, o.recipient_id)
        ) AS person
        WHERE person.merged_into_id IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'a customer was merged meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    IF due IS NOT NULL THEN
        PERFORM ledger_expire(due, $3);
    END IF;
    IF joined IS NOT NULL AND EXISTS (SELECT FROM loyalty_earningrule r WHERE r.trigger = 'join' AND r.is_active) THEN
        PERFORM ledger_welcome(joined, context, $3);
    END IF;
    IF cardinality(operations) = 1 THEN
        answers := ledger_turn(operations, context, $3);
    ELSE
        -- A member's operations happen one after the other, in their order, and those of everybody whom a transfer
        -- touches, too; a key that comes twice waits for the first.
        crossing := array(
            SELECT unnest(ARRAY[o.account_id, o.recipient_id]) FROM unnest(operations) AS o
            WHERE o.recipient_id IS NOT NULL
        );
        turns := array(
            SELECT (row_number() OVER (
                PARTITION BY CASE WHEN o.account_id = ANY (crossing) THEN 0 ELSE coalesce(o.account_id, -1 - o.ordinal) END
                ORDER BY o.ordinal
            )
                + CASE WHEN o.key IS NULL THEN 0 ELSE
                    (row_number() OVER (PARTITION BY o.endpoint, o.key ORDER BY o.ordinal) - 1) * 10000
                  END)::integer
            FROM unnest(operations) AS o ORDER BY o.ordinal
        );
        FOR i IN 1 .. cardinality(operations) LOOP
            operations[i].turn := turns[i];
        END LOOP;
        FOR current_turn IN SELECT DISTINCT t FROM unnest(turns) AS t ORDER BY t LOOP
            answers := answers || ledger_turn(
                array(SELECT o FROM unnest(operations) AS o WHERE o.turn = current_turn ORDER BY o.ordinal), context, $3
            );
        END LOOP;
    END IF;
    -- A call that gave somebody nothing leaves no customer and no account behind: all of it is undone, the answers to
    -- these operations travel with the error, and the caller posts the others again.
    IF joining IS NOT NULL THEN
        gave := ledger_accounts_of(operations, answers, NULL);
        in_vain := array(
            SELECT o.ordinal FROM unnest(operations) AS o
            WHERE o.ordinal = ANY (joining) AND o.is_member AND o.account_id <> ALL (gave)
        );
        IF in_vain <> '{}' THEN
            RAISE EXCEPTION 'nobody may be left behind' USING ERRCODE = 'LP001', DETAIL = (
                SELECT jsonb_agg(jsonb_build_array(a.ordinal, a.status, a.response)) FROM unnest(answers) AS a
                WHERE a.ordinal = ANY (in_vain)
            );
        END IF;
    END IF;
    IF EXISTS (SELECT FROM unnest(operations) AS o WHERE o.kind IN ('earn', 'reverse'))
        AND EXISTS (SELECT FROM loyalty_stampcard) THEN
        PERFORM ledger_settle_stamps(array(
            SELECT t.order_id FROM unnest(answers) AS a
            JOIN loyalty_transaction t ON t.code = a.response::jsonb->>'transaction'
            WHERE a.status = 'done' AND t.kind IN ('earn', 'reverse') AND t.order_id IS NOT NULL
        ), context.actor, context.actor_label, $3, context.zone);
    END IF;
    -- After the points: a sale is counted with the tier that the member came with.
    IF EXISTS (SELECT FROM unnest(operations) AS o WHERE o.kind IN ('earn', 'reverse'))
        AND EXISTS (SELECT FROM loyalty_tier t WHERE t.is_active) THEN
        IF cardinality(operations) > 1 THEN
            judged := array(
                SELECT id FROM unnest(ledger_accounts_of(operations, answers, 'reverse')) AS undone (id)
                UNION SELECT id FROM unnest(ledger_accounts_of(operations, answers, 'earn')) AS earned (id)
                WHERE NOT ledger_is_at_the_top(id, $3)
            );
        ELSIF (answers[1]).status = 'done' THEN
            IF (operations[1]).kind = 'reverse' OR NOT ledger_is_at_the_top((operations[1]).account_id, $3) THEN
                judged := ARRAY[(operations[1]).account_id];
            END IF;
        END IF;
        IF judged <> '{}' THEN
            PERFORM ledger_judge_tiers(judged, $3, context.zone);
        END IF;
    END IF;
    RETURN QUERY SELECT answer.* FROM unnest(answers) AS answer WHERE answer.ordinal >= 0;
    PERFORM customers_wake_readers(context.programme_id, 'customers.stream.read');
END
$_$;
CREATE FUNCTION regulars_template_schema.loyalty_terms(business_id bigint, account_id bigint, order_id bigint, amount numeric, rate numeric, rounding text, lines jsonb, placed_at timestamp with time zone, at timestamp with time zone, zone text) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $_$
#variable_conflict use_column
DECLARE
    local timestamp := $8 AT TIME ZONE zone;
    today date := local::date;
    parts jsonb[] := array(
        SELECT line || '{"by": []}' FROM jsonb_array_elements(coalesce(lines, '[]')) AS line
        ORDER BY (line->>'position')::integer
    );
    remainder numeric := $4;
    rules jsonb[] := '{}';
    rule record;
    mine record;
    is_first boolean;
    had bigint;
BEGIN
    SELECT c.birthday, t.code, t.name, t.threshold, t.factor INTO mine
    FROM (VALUES ($2)) AS one (id)
    LEFT JOIN customers_customer c ON c.id = one.id
    LEFT JOIN loyalty_account a ON a.customer_id = one.id
    LEFT JOIN loyalty_tier t ON t.id = a.tier_id AND t.is_active;
    FOR i IN 1 .. cardinality(parts) LOOP
        remainder := remainder - (parts[i]->>'amount')::numeric;
    END LOOP;
    IF remainder > 0 THEN
        parts := jsonb_build_object('position', 0, 'by', '[]'::jsonb, 'amount', remainder::text) || parts;
    END IF;
    FOR rule IN
        SELECT r.* FROM loyalty_earningrule r LEFT JOIN loyalty_tier t ON t.id = r.tier_id
        WHERE r.trigger = 'sale' AND r.is_active
        AND (r.business_id IS NULL OR r.business_id = $1)
        AND (r.tier_id IS NULL OR t.threshold <= mine.threshold) -- not the rank: the tier may have ended
        AND (r.starts_on IS NULL OR r.starts_on <= today) AND (r.ends_on IS NULL OR r.ends_on >= today)
        AND (r.from_time IS NULL OR loyalty_is_within(local, r.from_time, r.to_time, r.weekdays))
        AND (r.from_time IS NOT NULL OR r.weekdays = '{}' OR extract(isodow FROM today)::smallint = ANY (r.weekdays))
        AND (r.birthday_days IS NULL OR loyalty_days_from_birthday(mine.birthday, today) <= r.birthday_days)
        ORDER BY r.position, r.id
    LOOP
        IF rule.is_first_purchase THEN
            is_first := coalesce(is_first, $2 IS NULL OR NOT EXISTS (
                SELECT FROM customers_order o
                WHERE o.customer_id = $2 AND o.id IS DISTINCT FROM $3 AND o.status <> 'cancelled'
            ));
            CONTINUE WHEN NOT is_first;
        END IF;
        IF rule.effect = 'cap' THEN
            had := 0;
            IF rule.per <> 'sale' AND $2 IS NOT NULL THEN
                SELECT coalesce(sum(CASE t.reversed_points WHEN 0 THEN t.points ELSE ledger_net_of(t.id) END) FILTER (
                    WHERE t.kind = 'earn' AND t.status = 'done'
                    AND t.at >= date_trunc(rule.per, $9 AT TIME ZONE zone) AT TIME ZONE zone
                    AND (rule.business_id IS NULL OR t.business_id = rule.business_id)
                ), 0) INTO had FROM loyalty_transaction t WHERE t.account_id = $2;
            END IF;
            rules := rules || jsonb_build_object(
                'code', rule.code, 'name', rule.name, 'effect', 'cap', 'limit', rule.points, 'per', rule.per,
                'left', greatest(rule.points - had, 0)
            );
            CONTINUE;
        END IF;
        FOR i IN 1 .. cardinality(parts) LOOP
            IF rule.categories = '{}' AND rule.products = '{}'
                OR lower(parts[i]->>'category') = ANY (rule.categories) OR lower(parts[i]->>'sku') = ANY (rule.products)
            THEN
                parts[i] := jsonb_insert(parts[i], '{by,-1}', to_jsonb(cardinality(rules)), true);
            END IF;
        END LOOP;
        rules := rules || jsonb_strip_nulls(jsonb_build_object(
            'code', rule.code, 'name', rule.name, 'effect', rule.effect, 'factor', rule.factor::text,
            'points', rule.points, 'stacks', rule.stacks, 'min_spend', rule.min_spend::text
        ));
    END LOOP;
    IF mine.factor > 1 THEN
        FOR i IN 1 .. cardinality(parts) LOOP
            parts[i] := jsonb_insert(parts[i], '{by,-1}', to_jsonb(cardinality(rules)), true);
        END LOOP;
        rules := rules || jsonb_build_object(
            'code', 'tier:' || mine.code, 'name', mine.name, 'effect', 'multiply', 'factor', mine.factor::text,
            'stacks', true, 'min_spend', '0'
        );
    END IF;
    FOR i IN 1 .. cardinality(parts) LOOP
        parts[i] := parts[i] - '{category,sku}'::text[];
    END LOOP;
    RETURN jsonb_build_object('rate', $5::text, 'rounding', $6, 'rules', to_jsonb(rules), 'parts', to_jsonb(parts));
END
$_$;
CREATE FUNCTION regulars_template_schema.loyalty_tier_figure(account_id bigint, basis text, since timestamp with time zone, until timestamp with time zone, zone text) RETURNS numeric
    LANGUAGE plpgsql STABLE
    AS $_$
#variable_conflict use_column
BEGIN
    IF basis = 'points' THEN
        RETURN coalesce((
            SELECT sum(CASE WHEN t.reversed_points = 0 THEN t.points ELSE ledger_net_of(t.id) END)
                   FILTER (WHERE t.kind = 'earn' AND t.status = 'done' AND t.at >= since AND t.at <= until)
            FROM loyalty_transaction t WHERE t.account_id = $1
        ), 0);
    ELSIF basis = 'spend' THEN
        RETURN coalesce((
            SELECT sum(greatest(o.total - o.refunded_total, 0)) FROM customers_order o
            WHERE o.customer_id = $1 AND o.status <> 'cancelled' AND o.placed_at >= since AND o.placed_at <= until
        ), 0);
    END IF;
    RETURN (
        SELECT count(DISTINCT (o.business_id, (o.placed_at AT TIME ZONE zone)::date)) FROM customers_order o
        WHERE o.customer_id = $1 AND o.status <> 'cancelled' AND o.total > o.refunded_total
        AND o.placed_at >= since AND o.placed_at <= until
    );
END
$_$;
CREATE FUNCTION regulars_template_schema.loyalty_window_start(at timestamp with time zone, months integer, zone text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE WHEN months IS NULL THEN '-infinity' ELSE
        (date_trunc('day', at AT TIME ZONE zone) - make_interval(months => months)) AT TIME ZONE zone
    END
$$;
CREATE FUNCTION regulars_template_schema.public_code() RETURNS text
    LANGUAGE sql
    AS $$
    SELECT translate(
        left(encode(sha256(uuid_send(gen_random_uuid())), 'base64'), 12),
        'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
        '23456789abcdefghjkmnpqrstuvwxyz23456789abcdefghjkmnpqrstuvwxyz23'
    )
$$;
CREATE TABLE regulars_template_schema.customers_archetype (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    level smallint NOT NULL,
    found_name character varying(80) NOT NULL,
    own_name character varying(80) NOT NULL,
    description character varying(400) NOT NULL,
    place smallint NOT NULL,
    is_current boolean NOT NULL,
    found_at timestamp with time zone NOT NULL,
    traits jsonb NOT NULL,
    "leading" jsonb NOT NULL,
    typical jsonb NOT NULL,
    customers integer NOT NULL,
    spent numeric(19,4) NOT NULL,
    value_12 numeric(19,4),
    churn double precision,
    value_at_risk numeric(19,4),
    tier_id bigint,
    came_from_id bigint,
    CONSTRAINT customers_archetype_level_check CHECK ((level >= 0)),
    CONSTRAINT customers_archetype_place_check CHECK ((place >= 0))
);
ALTER TABLE regulars_template_schema.customers_archetype ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_archetype_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_attributedefinition (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    key character varying(60) NOT NULL,
    label character varying(60) NOT NULL,
    kind character varying(10) NOT NULL,
    options jsonb NOT NULL,
    help character varying(200) NOT NULL,
    "position" smallint NOT NULL,
    is_archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT customers_attributedefinition_position_check CHECK (("position" >= 0))
);
ALTER TABLE regulars_template_schema.customers_attributedefinition ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_attributedefinition_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_bulkrun (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    act character varying(10) NOT NULL,
    "values" jsonb NOT NULL,
    filters jsonb NOT NULL,
    ids jsonb NOT NULL,
    upper_id bigint NOT NULL,
    "position" bigint NOT NULL,
    matched integer NOT NULL,
    changed integer NOT NULL,
    actor character varying(80) NOT NULL,
    actor_label character varying(160) NOT NULL,
    business_id bigint,
    path character varying(100) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    job_id bigint
);
ALTER TABLE regulars_template_schema.customers_bulkrun ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_bulkrun_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_businesscustomerfacts (
    id bigint NOT NULL,
    orders_count integer NOT NULL,
    total_spent numeric(19,4) NOT NULL,
    first_order_at timestamp with time zone,
    last_order_at timestamp with time zone,
    business_id bigint NOT NULL,
    customer_id bigint NOT NULL
);
ALTER TABLE regulars_template_schema.customers_businesscustomerfacts ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_businesscustomerfacts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_buyerday (
    id bigint NOT NULL,
    day date NOT NULL,
    before date,
    customers integer NOT NULL,
    business_id bigint,
    members integer NOT NULL,
    members_before integer NOT NULL
);
ALTER TABLE regulars_template_schema.customers_buyerday ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_buyerday_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_cohortmonth (
    id bigint NOT NULL,
    cohort date NOT NULL,
    month date NOT NULL,
    customers integer NOT NULL,
    orders integer NOT NULL,
    revenue numeric(19,4) NOT NULL,
    business_id bigint
);
ALTER TABLE regulars_template_schema.customers_cohortmonth ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_cohortmonth_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_consentrecord (
    id bigint NOT NULL,
    channel character varying(10) NOT NULL,
    purpose character varying(12) NOT NULL,
    is_granted boolean NOT NULL,
    source character varying(40) NOT NULL,
    wording character varying(60) NOT NULL,
    proof jsonb NOT NULL,
    actor character varying(80) NOT NULL,
    at timestamp with time zone NOT NULL,
    customer_id bigint NOT NULL
);
ALTER TABLE regulars_template_schema.customers_consentrecord ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_consentrecord_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_countedat (
    kind character varying(10) NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE regulars_template_schema.customers_customer (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    state character varying(10) NOT NULL,
    first_name character varying(80) NOT NULL,
    last_name character varying(80) NOT NULL,
    phone character varying(16) NOT NULL,
    phone_typed character varying(40) NOT NULL,
    email character varying(254) NOT NULL,
    external_id character varying(120) NOT NULL,
    address character varying(250) NOT NULL,
    city character varying(120) NOT NULL,
    region character varying(120) NOT NULL,
    postcode character varying(20) NOT NULL,
    country character varying(60) NOT NULL,
    birthday date,
    language character varying(10) NOT NULL,
    attributes jsonb NOT NULL,
    source character varying(40) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    merged_into_id bigint,
    said_at jsonb DEFAULT '{}'::jsonb NOT NULL,
    search_text text GENERATED ALWAYS AS ((COALESCE(translate(replace(replace(replace(replace(lower(((COALESCE(first_name, ''::character varying))::text || COALESCE((COALESCE(' '::text, ''::text) || COALESCE(((COALESCE(last_name, ''::character varying))::text || COALESCE((COALESCE(' '::text, ''::text) || COALESCE(((COALESCE(email, ''::character varying))::text || COALESCE((COALESCE(' '::text, ''::text) || (COALESCE(external_id, ''::character varying))::text), ''::text)), ''::text)), ''::text)), ''::text)), ''::text))), 'ß'::text, 'ss'::text), 'æ'::text, 'ae'::text), 'œ'::text, 'oe'::text), 'þ'::text, 'th'::text), 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿāăąćĉċčďēĕėęěĝğġģĥĩīĭįĵķĺļľńņňōŏőŕŗřśŝşšţťũūŭůűųŵŷźżžǎǐǒǔǖǘǚǜșțḁḃḅḇḉḋḍḏḑḓḕḗḙḛḝḟḡḣḥḧḩḫḭḯḱḳḵḷḹḻḽḿṁṃṅṇṉṋṍṏṑṓṕṗṙṛṝṟṡṣṥṧṩṫṭṯṱṳṵṷṹṻṽṿẁẃẅẇẉẋẍẏẑẓẕẖẗẘẙạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹøđłıħŧð'::text, 'aaaaaaceeeeiiiinooooouuuuyyaaaccccdeeeeegggghiiiijklllnnnooorrrssssttuuuuuuwyzzzaiouuuuustabbbcdddddeeeeefghhhhhiikkkllllmmmnnnnoooopprrrrsssssttttuuuuuvvwwwwwxxyzzzhtwyaaaaaaaaaaaaeeeeeeeeiioooooooooooouuuuuuuyyyyodlihtd'::text), ''::text) || COALESCE((COALESCE(' '::text, ''::text) || COALESCE(translate(replace(replace(replace(replace(lower(replace(replace(replace(replace(replace(lower(((COALESCE(first_name, ''::character varying))::text || COALESCE((COALESCE(' '::text, ''::text) || (COALESCE(last_name, ''::character varying))::text), ''::text))), 'ä'::text, 'ae'::text), 'ö'::text, 'oe'::text), 'ü'::text, 'ue'::text), 'ø'::text, 'oe'::text), 'å'::text, 'aa'::text)), 'ß'::text, 'ss'::text), 'æ'::text, 'ae'::text), 'œ'::text, 'oe'::text), 'þ'::text, 'th'::text), 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿāăąćĉċčďēĕėęěĝğġģĥĩīĭįĵķĺļľńņňōŏőŕŗřśŝşšţťũūŭůűųŵŷźżžǎǐǒǔǖǘǚǜșțḁḃḅḇḉḋḍḏḑḓḕḗḙḛḝḟḡḣḥḧḩḫḭḯḱḳḵḷḹḻḽḿṁṃṅṇṉṋṍṏṑṓṕṗṙṛṝṟṡṣṥṧṩṫṭṯṱṳṵṷṹṻṽṿẁẃẅẇẉẋẍẏẑẓẕẖẗẘẙạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹøđłıħŧð'::text, 'aaaaaaceeeeiiiinooooouuuuyyaaaccccdeeeeegggghiiiijklllnnnooorrrssssttuuuuuuwyzzzaiouuuuustabbbcdddddeeeeefghhhhhiikkkllllmmmnnnnoooopprrrrsssssttttuuuuuvvwwwwwxxyzzzhtwyaaaaaaaaaaaaeeeeeeeeiioooooooooooouuuuuuuyyyyodlihtd'::text), ''::text)), ''::text))) STORED
);
ALTER TABLE regulars_template_schema.customers_customer ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_customer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_customerarchetype (
    customer_id bigint NOT NULL,
    confidence double precision NOT NULL,
    since date NOT NULL,
    archetype_id bigint NOT NULL,
    second_id bigint,
    earlier_id bigint
);
CREATE TABLE regulars_template_schema.customers_customerfacts (
    customer_id bigint NOT NULL,
    orders_count integer NOT NULL,
    total_spent numeric(19,4) NOT NULL,
    first_order_at timestamp with time zone,
    last_order_at timestamp with time zone,
    is_member boolean NOT NULL,
    member_since timestamp with time zone,
    balance bigint NOT NULL,
    lifetime_points bigint NOT NULL,
    rfm_recency smallint,
    rfm_frequency smallint,
    rfm_monetary smallint,
    rfm_group character varying(20) NOT NULL,
    rfm_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    tier character varying(40) DEFAULT ''::character varying NOT NULL,
    tier_rank smallint,
    CONSTRAINT customers_customerfacts_rfm_frequency_check CHECK ((rfm_frequency >= 0)),
    CONSTRAINT customers_customerfacts_rfm_monetary_check CHECK ((rfm_monetary >= 0)),
    CONSTRAINT customers_customerfacts_rfm_recency_check CHECK ((rfm_recency >= 0)),
    CONSTRAINT customers_customerfacts_tier_rank_check CHECK ((tier_rank >= 0))
);
CREATE TABLE regulars_template_schema.customers_customermerge (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    before jsonb NOT NULL,
    moved jsonb NOT NULL,
    counts jsonb NOT NULL,
    actor character varying(80) NOT NULL,
    actor_label character varying(160) NOT NULL,
    at timestamp with time zone NOT NULL,
    undone_at timestamp with time zone,
    undone_by character varying(80) NOT NULL,
    undone_by_label character varying(160) NOT NULL,
    duplicate_id bigint NOT NULL,
    survivor_id bigint NOT NULL,
    CONSTRAINT merge_of_two CHECK ((NOT (survivor_id = duplicate_id)))
);
ALTER TABLE regulars_template_schema.customers_customermerge ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_customermerge_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_customerscores (
    customer_id bigint NOT NULL,
    churn double precision NOT NULL,
    horizon_days smallint NOT NULL,
    band character varying(6) NOT NULL,
    value_3 numeric(19,4) NOT NULL,
    value_6 numeric(19,4) NOT NULL,
    value_12 numeric(19,4) NOT NULL,
    value_12_low numeric(19,4) NOT NULL,
    value_12_high numeric(19,4) NOT NULL,
    value_at_risk numeric(19,4) NOT NULL,
    next_purchase_on date,
    computed_on date NOT NULL,
    updated_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    CONSTRAINT customers_customerscores_horizon_days_check CHECK ((horizon_days >= 0))
);
CREATE TABLE regulars_template_schema.customers_customertag (
    id bigint NOT NULL,
    added_at timestamp with time zone NOT NULL,
    actor character varying(80) NOT NULL,
    customer_id bigint NOT NULL,
    tag_id bigint NOT NULL
);
ALTER TABLE regulars_template_schema.customers_customertag ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_customertag_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_dailysales (
    id bigint NOT NULL,
    day date NOT NULL,
    orders integer NOT NULL,
    revenue numeric(19,4) NOT NULL,
    refunds numeric(19,4) NOT NULL,
    anonymous_orders integer NOT NULL,
    member_orders integer NOT NULL,
    member_revenue numeric(19,4) NOT NULL,
    customers integer NOT NULL,
    new_customers integer NOT NULL,
    members integer NOT NULL,
    business_id bigint NOT NULL,
    units numeric(19,3) NOT NULL
);
ALTER TABLE regulars_template_schema.customers_dailysales ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_dailysales_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_databasesync (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    name character varying(60) NOT NULL,
    address character varying(600) NOT NULL,
    sealed text NOT NULL,
    mapping text NOT NULL,
    marks jsonb NOT NULL,
    is_paused boolean NOT NULL,
    sales_every integer NOT NULL,
    people_every integer NOT NULL,
    sales_due_at timestamp with time zone,
    people_due_at timestamp with time zone,
    created_by character varying(160) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    business_id bigint NOT NULL,
    CONSTRAINT customers_databasesync_people_every_check CHECK ((people_every >= 0)),
    CONSTRAINT customers_databasesync_sales_every_check CHECK ((sales_every >= 0))
);
ALTER TABLE regulars_template_schema.customers_databasesync ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_databasesync_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_duplicatepair (
    id bigint NOT NULL,
    reasons character varying(10)[] NOT NULL,
    score smallint NOT NULL,
    found_at timestamp with time zone NOT NULL,
    first_id bigint NOT NULL,
    second_id bigint NOT NULL,
    CONSTRAINT customers_duplicatepair_score_check CHECK ((score >= 0)),
    CONSTRAINT duplicate_pair_in_order CHECK ((first_id < second_id))
);
ALTER TABLE regulars_template_schema.customers_duplicatepair ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_duplicatepair_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_event (
    id bigint NOT NULL,
    name character varying(60) NOT NULL,
    business_id bigint,
    occurred_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    transaction_id bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    message_id character varying(120),
    actor character varying(80) NOT NULL,
    data jsonb NOT NULL,
    customer_id bigint,
    anonymous_id character varying(120),
    tracked character varying(100) DEFAULT ''::character varying NOT NULL
);
ALTER TABLE regulars_template_schema.customers_event ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_eventpolicy (
    id smallint NOT NULL,
    keep_days integer NOT NULL,
    CONSTRAINT customers_eventpolicy_id_check CHECK ((id >= 0)),
    CONSTRAINT customers_eventpolicy_keep_days_check CHECK ((keep_days >= 0))
);
CREATE TABLE regulars_template_schema.customers_hourlysales (
    id bigint NOT NULL,
    day date NOT NULL,
    hour smallint NOT NULL,
    channel character varying(20) NOT NULL,
    orders integer NOT NULL,
    revenue numeric(19,4) NOT NULL,
    refunds numeric(19,4) NOT NULL,
    business_id bigint NOT NULL,
    CONSTRAINT customers_hourlysales_hour_check CHECK ((hour >= 0))
);
ALTER TABLE regulars_template_schema.customers_hourlysales ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_hourlysales_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_identifier (
    id bigint NOT NULL,
    kind character varying(10) NOT NULL,
    value character varying(254) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    customer_id bigint NOT NULL
);
ALTER TABLE regulars_template_schema.customers_identifier ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_identifier_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE UNLOGGED TABLE regulars_template_schema.customers_importperson (
    import_id bigint NOT NULL,
    key character varying(260) NOT NULL,
    chunk integer NOT NULL,
    customer_id bigint,
    is_new boolean NOT NULL,
    first_at timestamp with time zone,
    customer_external_id character varying(120),
    phone character varying(16),
    email character varying(254),
    first_name character varying(80),
    last_name character varying(80),
    address character varying(250),
    city character varying(120),
    region character varying(120),
    postcode character varying(20),
    country character varying(60),
    birthday date,
    language character varying(10),
    attributes jsonb
);
CREATE UNLOGGED TABLE regulars_template_schema.customers_importrow (
    import_id bigint NOT NULL,
    line bigint NOT NULL,
    chunk integer NOT NULL,
    problem character varying(30),
    document character varying(1),
    person_key character varying(260),
    customer_external_id character varying(120),
    phone character varying(16),
    email character varying(254),
    first_name character varying(80),
    last_name character varying(80),
    address character varying(250),
    city character varying(120),
    region character varying(120),
    postcode character varying(20),
    country character varying(60),
    birthday date,
    language character varying(10),
    order_reference character varying(120),
    order_number character varying(60),
    refund_of character varying(120),
    placed_at timestamp with time zone,
    channel character varying(20),
    order_total numeric(19,4),
    discount numeric(19,4),
    tax numeric(19,4),
    shipping numeric(19,4),
    sku character varying(64),
    title character varying(200),
    vendor character varying(120),
    category character varying(120),
    quantity numeric(12,3),
    unit_price numeric(19,4),
    line_discount numeric(19,4),
    barcode character varying(64),
    cost numeric(19,4),
    refunded numeric(19,4),
    status character varying(10),
    attributes jsonb,
    location character varying(80),
    low_at numeric(12,3),
    tags jsonb
);
CREATE TABLE regulars_template_schema.customers_importrun (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    kind character varying(10) NOT NULL,
    file_name character varying(120) NOT NULL,
    path character varying(200) NOT NULL,
    digest character varying(64) NOT NULL,
    encoding character varying(20) NOT NULL,
    delimiter character varying(1) NOT NULL,
    header jsonb NOT NULL,
    rows_total bigint NOT NULL,
    mapping jsonb NOT NULL,
    options jsonb NOT NULL,
    content_key character varying(64) NOT NULL,
    is_dry_run boolean NOT NULL,
    phase character varying(10) NOT NULL,
    staged_rows bigint NOT NULL,
    chunk_count integer NOT NULL,
    steps_done integer NOT NULL,
    rows_failed bigint NOT NULL,
    rows_skipped bigint NOT NULL,
    counts jsonb NOT NULL,
    problems jsonb NOT NULL,
    error_path character varying(200) NOT NULL,
    created_by character varying(160) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    business_id bigint NOT NULL,
    job_id bigint,
    sheet character varying(100) NOT NULL,
    sheets jsonb NOT NULL,
    undo_counts jsonb NOT NULL,
    undo_job_id bigint,
    undone_at timestamp with time zone,
    preset character varying(30) NOT NULL,
    section character varying(10) NOT NULL,
    sync_run_id bigint
);
ALTER TABLE regulars_template_schema.customers_importrun ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_importrun_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_importundo (
    import_id bigint NOT NULL,
    kind character varying(1) NOT NULL,
    row_id bigint NOT NULL,
    before jsonb,
    after jsonb
);
CREATE TABLE regulars_template_schema.customers_keptapart (
    id bigint NOT NULL,
    actor character varying(80) NOT NULL,
    at timestamp with time zone NOT NULL,
    first_id bigint NOT NULL,
    second_id bigint NOT NULL,
    CONSTRAINT kept_apart_in_order CHECK ((first_id < second_id))
);
ALTER TABLE regulars_template_schema.customers_keptapart ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_keptapart_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_note (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    business_id bigint,
    text text NOT NULL,
    author character varying(80) NOT NULL,
    author_label character varying(160) NOT NULL,
    is_pinned boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    edited_at timestamp with time zone,
    customer_id bigint NOT NULL
);
ALTER TABLE regulars_template_schema.customers_note ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_note_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_order (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    source character varying(40) NOT NULL,
    reference character varying(120) NOT NULL,
    number character varying(60) NOT NULL,
    channel character varying(20) NOT NULL,
    status character varying(14) NOT NULL,
    fulfilment_status character varying(20) NOT NULL,
    placed_at timestamp with time zone NOT NULL,
    total numeric(19,4) NOT NULL,
    refunded_total numeric(19,4) NOT NULL,
    discount numeric(19,4) NOT NULL,
    tax numeric(19,4) NOT NULL,
    shipping numeric(19,4) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    business_id bigint NOT NULL,
    customer_id bigint,
    CONSTRAINT order_refunded_not_negative CHECK ((refunded_total >= (0)::numeric)),
    CONSTRAINT order_total_not_negative CHECK ((total >= (0)::numeric))
);
ALTER TABLE regulars_template_schema.customers_order ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_order_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_orderline (
    id bigint NOT NULL,
    "position" integer NOT NULL,
    title character varying(200) NOT NULL,
    quantity numeric(12,3) NOT NULL,
    unit_price numeric(19,4) NOT NULL,
    discount numeric(19,4) NOT NULL,
    total numeric(19,4) NOT NULL,
    order_id bigint NOT NULL,
    product_id bigint,
    CONSTRAINT customers_orderline_position_check CHECK (("position" >= 0))
);
ALTER TABLE regulars_template_schema.customers_orderline ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_orderline_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_peoplegroup (
    id bigint NOT NULL,
    kind character varying(10) NOT NULL,
    key character varying(190) NOT NULL,
    customers integer NOT NULL,
    orders integer NOT NULL,
    revenue numeric(19,4) NOT NULL,
    business_id bigint
);
ALTER TABLE regulars_template_schema.customers_peoplegroup ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_peoplegroup_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_product (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    sku character varying(64) NOT NULL,
    title character varying(200) NOT NULL,
    vendor character varying(120) NOT NULL,
    category character varying(120) NOT NULL,
    kind character varying(10) NOT NULL,
    price numeric(19,4),
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    archived_at timestamp with time zone,
    barcode character varying(64) DEFAULT ''::character varying NOT NULL,
    cost numeric(19,4)
);
ALTER TABLE regulars_template_schema.customers_product ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_product_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_productday (
    id bigint NOT NULL,
    orders integer NOT NULL,
    units numeric(19,3) NOT NULL,
    revenue numeric(19,4) NOT NULL,
    refunded_units numeric(19,3) NOT NULL,
    refunds numeric(19,4) NOT NULL,
    day date NOT NULL,
    business_id bigint NOT NULL,
    product_id bigint
);
ALTER TABLE regulars_template_schema.customers_productday ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_productday_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_productmonth (
    id bigint NOT NULL,
    orders integer NOT NULL,
    units numeric(19,3) NOT NULL,
    revenue numeric(19,4) NOT NULL,
    refunded_units numeric(19,3) NOT NULL,
    refunds numeric(19,4) NOT NULL,
    month date NOT NULL,
    business_id bigint NOT NULL,
    product_id bigint
);
ALTER TABLE regulars_template_schema.customers_productmonth ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_productmonth_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_productpair (
    id bigint NOT NULL,
    together integer NOT NULL,
    orders integer NOT NULL,
    other_orders integer NOT NULL,
    baskets integer NOT NULL,
    business_id bigint,
    other_id bigint NOT NULL,
    product_id bigint NOT NULL,
    score double precision GENERATED ALWAYS AS (((together)::double precision * sqrt(((((together)::double precision * (baskets)::double precision) / (orders)::double precision) / (other_orders)::double precision)))) STORED,
    CONSTRAINT product_pair_of_two CHECK ((NOT (product_id = other_id)))
);
ALTER TABLE regulars_template_schema.customers_productpair ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_productpair_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_productsales (
    id bigint NOT NULL,
    quantity numeric(19,3) NOT NULL,
    revenue numeric(19,4) NOT NULL,
    business_id bigint,
    product_id bigint NOT NULL
);
ALTER TABLE regulars_template_schema.customers_productsales ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_productsales_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_refund (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    source character varying(40) NOT NULL,
    reference character varying(120) NOT NULL,
    refunded_at timestamp with time zone NOT NULL,
    total numeric(19,4) NOT NULL,
    reason character varying(120) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    business_id bigint NOT NULL,
    customer_id bigint,
    order_id bigint,
    order_reference character varying(120) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT refund_total_not_negative CHECK ((total >= (0)::numeric))
);
ALTER TABLE regulars_template_schema.customers_refund ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_refund_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_refundline (
    id bigint NOT NULL,
    "position" integer NOT NULL,
    title character varying(200) NOT NULL,
    quantity numeric(12,3) NOT NULL,
    unit_price numeric(19,4) NOT NULL,
    total numeric(19,4) NOT NULL,
    order_line_id bigint,
    product_id bigint,
    refund_id bigint NOT NULL,
    is_rest boolean DEFAULT false NOT NULL,
    CONSTRAINT customers_refundline_position_check CHECK (("position" >= 0))
);
ALTER TABLE regulars_template_schema.customers_refundline ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_refundline_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_rollupstate (
    id smallint NOT NULL,
    zone character varying(64) NOT NULL,
    rebuilt_at timestamp with time zone,
    CONSTRAINT customers_rollupstate_id_check CHECK ((id >= 0))
);
CREATE TABLE regulars_template_schema.customers_savedview (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    name character varying(40) NOT NULL,
    query character varying(2000) NOT NULL,
    user_id bigint,
    is_default boolean NOT NULL,
    created_by character varying(160) NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE regulars_template_schema.customers_savedview ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_savedview_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_staleday (
    id bigint NOT NULL,
    day date NOT NULL,
    business_id bigint NOT NULL
);
ALTER TABLE regulars_template_schema.customers_staleday ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_staleday_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_stockforecast (
    level_id bigint NOT NULL,
    model character varying(12) NOT NULL,
    weekly_demand numeric(14,3) NOT NULL,
    days_left smallint,
    days_left_low smallint,
    days_left_high smallint,
    order_quantity numeric(14,3) NOT NULL,
    order_point numeric(14,3) NOT NULL,
    computed_on date NOT NULL,
    CONSTRAINT customers_stockforecast_days_left_check CHECK ((days_left >= 0)),
    CONSTRAINT customers_stockforecast_days_left_high_check CHECK ((days_left_high >= 0)),
    CONSTRAINT customers_stockforecast_days_left_low_check CHECK ((days_left_low >= 0))
);
CREATE TABLE regulars_template_schema.customers_stocklevel (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    quantity numeric(14,3) NOT NULL,
    low_at numeric(14,3),
    lead_days smallint DEFAULT 7 NOT NULL,
    target_days smallint DEFAULT 28 NOT NULL,
    counted_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    product_id bigint NOT NULL,
    location_id bigint NOT NULL,
    CONSTRAINT customers_stocklevel_lead_days_check CHECK ((lead_days >= 0)),
    CONSTRAINT customers_stocklevel_target_days_check CHECK ((target_days >= 0)),
    CONSTRAINT stock_low_not_negative CHECK (((low_at IS NULL) OR (low_at >= (0)::numeric))),
    CONSTRAINT stock_target_is_a_day CHECK ((target_days >= 1))
);
ALTER TABLE regulars_template_schema.customers_stocklevel ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_stocklevel_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_stocklocation (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    name character varying(80) NOT NULL,
    is_default boolean NOT NULL,
    archived_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    business_id bigint NOT NULL,
    CONSTRAINT stock_location_default_is_open CHECK (((NOT is_default) OR (archived_at IS NULL)))
);
ALTER TABLE regulars_template_schema.customers_stocklocation ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_stocklocation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_stockmovement (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    kind character varying(10) NOT NULL,
    quantity numeric(14,3) NOT NULL,
    reason character varying(120) NOT NULL,
    reference character varying(120) NOT NULL,
    origin character varying(60) NOT NULL,
    actor character varying(60) NOT NULL,
    actor_label character varying(120) NOT NULL,
    at timestamp with time zone NOT NULL,
    location_id bigint NOT NULL,
    product_id bigint NOT NULL,
    CONSTRAINT stock_movement_sign CHECK (((((kind)::text = ANY ((ARRAY['received'::character varying, 'returned'::character varying])::text[])) AND (quantity > (0)::numeric)) OR (((kind)::text = 'sold'::text) AND (quantity < (0)::numeric)) OR ((kind)::text = 'counted'::text) OR (((kind)::text = ANY ((ARRAY['moved'::character varying, 'corrected'::character varying])::text[])) AND (NOT (quantity = (0)::numeric)))))
);
ALTER TABLE regulars_template_schema.customers_stockmovement ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_stockmovement_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_streamreader (
    name character varying(60) NOT NULL,
    transaction_id bigint NOT NULL,
    event_id bigint NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE regulars_template_schema.customers_syncrun (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    sections jsonb NOT NULL,
    is_full boolean NOT NULL,
    marks jsonb NOT NULL,
    counts jsonb NOT NULL,
    error character varying(400) NOT NULL,
    created_by character varying(160) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    job_id bigint,
    sync_id bigint NOT NULL
);
ALTER TABLE regulars_template_schema.customers_syncrun ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_syncrun_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_tag (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    name character varying(40) NOT NULL,
    tone character varying(6) NOT NULL,
    is_going boolean NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE regulars_template_schema.customers_tag ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.customers_tag_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.customers_trackedname (
    name character varying(100) NOT NULL,
    count bigint NOT NULL,
    properties jsonb NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL
);
CREATE TABLE regulars_template_schema.django_admin_log (
    id integer NOT NULL,
    action_time timestamp with time zone NOT NULL,
    object_id text,
    object_repr character varying(200) NOT NULL,
    action_flag smallint NOT NULL,
    change_message text NOT NULL,
    content_type_id integer,
    user_id bigint NOT NULL,
    CONSTRAINT django_admin_log_action_flag_check CHECK ((action_flag >= 0))
);
ALTER TABLE regulars_template_schema.django_admin_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.django_admin_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.django_migrations (
    id bigint NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied timestamp with time zone NOT NULL
);
ALTER TABLE regulars_template_schema.django_migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.django_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.django_session (
    session_key character varying(40) NOT NULL,
    session_data text NOT NULL,
    expire_date timestamp with time zone NOT NULL
);
CREATE TABLE regulars_template_schema.intelligence_analysisrun (
    id bigint NOT NULL,
    as_of date NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    findings jsonb NOT NULL,
    summary jsonb NOT NULL
);
ALTER TABLE regulars_template_schema.intelligence_analysisrun ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.intelligence_analysisrun_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.intelligence_archetyperun (
    id bigint NOT NULL,
    kind character varying(8) NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    searched_at timestamp with time zone NOT NULL,
    options jsonb NOT NULL,
    customers integer NOT NULL,
    looked_at integer NOT NULL,
    k smallint NOT NULL,
    because character varying(20) NOT NULL,
    model jsonb NOT NULL,
    found jsonb NOT NULL,
    moves jsonb NOT NULL,
    people jsonb NOT NULL,
    moves_since date,
    next_moves_since date,
    code character varying(16) NOT NULL,
    CONSTRAINT intelligence_archetyperun_k_check CHECK ((k >= 0))
);
ALTER TABLE regulars_template_schema.intelligence_archetyperun ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.intelligence_archetyperun_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.intelligence_backtestrun (
    id bigint NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    as_of date NOT NULL,
    customers integer NOT NULL,
    judged integer NOT NULL,
    horizon_days smallint NOT NULL,
    for_chances character varying(20) NOT NULL,
    for_money character varying(20) NOT NULL,
    scores jsonb NOT NULL,
    calibration jsonb NOT NULL,
    deciles jsonb NOT NULL,
    gain jsonb NOT NULL,
    CONSTRAINT intelligence_backtestrun_horizon_days_check CHECK ((horizon_days >= 0))
);
ALTER TABLE regulars_template_schema.intelligence_backtestrun ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.intelligence_backtestrun_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.intelligence_customerfeatures (
    customer_id bigint NOT NULL,
    orders_count integer NOT NULL,
    order_days integer NOT NULL,
    first_order_on date NOT NULL,
    last_order_on date NOT NULL,
    gross_spend numeric(19,4) NOT NULL,
    first_day_spend numeric(19,4) NOT NULL,
    day_spend_squares double precision NOT NULL,
    gap_squares bigint NOT NULL,
    refunds_count integer NOT NULL,
    refunded numeric(19,4) NOT NULL,
    refunded_later numeric(19,4) NOT NULL,
    lines_count integer NOT NULL,
    items numeric(19,3) NOT NULL,
    products_count integer NOT NULL,
    orders_30 integer NOT NULL,
    orders_90 integer NOT NULL,
    orders_365 integer NOT NULL,
    spend_30 numeric(19,4) NOT NULL,
    spend_90 numeric(19,4) NOT NULL,
    spend_365 numeric(19,4) NOT NULL,
    weekend_orders integer NOT NULL,
    morning_orders integer NOT NULL,
    evening_orders integer NOT NULL,
    main_channel character varying(20) NOT NULL,
    channels_count smallint NOT NULL,
    businesses_count smallint NOT NULL,
    favourite_product_id bigint
);
CREATE TABLE regulars_template_schema.intelligence_featurerun (
    id bigint NOT NULL,
    as_of date NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    customers integer NOT NULL,
    changed integer NOT NULL,
    figures jsonb NOT NULL,
    full_on date,
    rollups_at timestamp with time zone,
    zone character varying(64) DEFAULT ''::character varying NOT NULL
);
ALTER TABLE regulars_template_schema.intelligence_featurerun ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.intelligence_featurerun_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.intelligence_intelligencesettings (
    id smallint NOT NULL,
    margin numeric(5,4) NOT NULL,
    discount_rate numeric(5,4) NOT NULL,
    horizon_days smallint,
    nightly_sample integer NOT NULL,
    weekly_sample integer,
    min_k smallint NOT NULL,
    max_k smallint NOT NULL,
    is_dynamic boolean NOT NULL,
    is_robust boolean NOT NULL,
    vip_value numeric(12,2) NOT NULL,
    vip_customers integer NOT NULL,
    retention_churn double precision NOT NULL,
    vip_customer_value numeric(12,2) NOT NULL,
    shows_products boolean NOT NULL,
    CONSTRAINT intelligence_intelligencesettings_horizon_days_check CHECK ((horizon_days >= 0)),
    CONSTRAINT intelligence_intelligencesettings_max_k_check CHECK ((max_k >= 0)),
    CONSTRAINT intelligence_intelligencesettings_min_k_check CHECK ((min_k >= 0)),
    CONSTRAINT intelligence_intelligencesettings_nightly_sample_check CHECK ((nightly_sample >= 0)),
    CONSTRAINT intelligence_intelligencesettings_vip_customers_check CHECK ((vip_customers >= 0)),
    CONSTRAINT intelligence_intelligencesettings_weekly_sample_check CHECK ((weekly_sample >= 0))
);
CREATE TABLE regulars_template_schema.intelligence_popularproduct (
    id bigint NOT NULL,
    buyers integer NOT NULL,
    share double precision NOT NULL,
    purchases integer NOT NULL,
    average_price numeric(19,4) NOT NULL,
    archetype_id bigint,
    business_id bigint,
    product_id bigint NOT NULL,
    CONSTRAINT popular_product_of_one_group CHECK (((business_id IS NULL) OR (archetype_id IS NULL)))
);
ALTER TABLE regulars_template_schema.intelligence_popularproduct ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.intelligence_popularproduct_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.intelligence_rfmrun (
    id bigint NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    customers integer NOT NULL,
    figures jsonb NOT NULL,
    grid jsonb NOT NULL,
    moves jsonb NOT NULL
);
ALTER TABLE regulars_template_schema.intelligence_rfmrun ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.intelligence_rfmrun_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.intelligence_stalefeatures (
    customer_id bigint NOT NULL
);
CREATE TABLE regulars_template_schema.loyalty_account (
    customer_id bigint NOT NULL,
    available bigint NOT NULL,
    held bigint NOT NULL,
    debt bigint NOT NULL,
    lifetime bigint NOT NULL,
    version bigint NOT NULL,
    expires_next_at timestamp with time zone,
    joined_at timestamp with time zone NOT NULL,
    lapses_at timestamp with time zone,
    pending bigint DEFAULT 0 NOT NULL,
    tier_kept_until timestamp with time zone,
    tier_id bigint,
    warned_until timestamp with time zone,
    tier_due_at timestamp with time zone,
    tier_since timestamp with time zone,
    CONSTRAINT account_available_not_negative CHECK ((available >= 0)),
    CONSTRAINT account_debt_not_negative CHECK ((debt >= 0)),
    CONSTRAINT account_held_not_negative CHECK ((held >= 0)),
    CONSTRAINT account_no_debt_beside_points CHECK (((available = 0) OR (debt = 0))),
    CONSTRAINT account_pending_not_negative CHECK ((pending >= 0))
);
CREATE TABLE regulars_template_schema.loyalty_adjustmentrequest (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    points bigint NOT NULL,
    reason character varying(200) NOT NULL,
    state character varying(10) NOT NULL,
    asked_by character varying(80) NOT NULL,
    asked_by_label character varying(160) NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    decided_by character varying(80) NOT NULL,
    decided_by_label character varying(160) NOT NULL,
    decided_at timestamp with time zone,
    key_owner character varying(80) NOT NULL,
    key character varying(255) NOT NULL,
    business_id bigint,
    customer_id bigint NOT NULL,
    transaction_id bigint,
    CONSTRAINT adjustment_request_decided_whole CHECK ((((decided_at IS NULL) AND ((state)::text = 'waiting'::text) AND (transaction_id IS NULL)) OR ((decided_at IS NOT NULL) AND ((state)::text = 'approved'::text) AND (transaction_id IS NOT NULL)) OR ((decided_at IS NOT NULL) AND ((state)::text = 'declined'::text) AND (transaction_id IS NULL)))),
    CONSTRAINT adjustment_request_moves_points CHECK ((NOT (points = 0))),
    CONSTRAINT adjustment_request_needs_two_people CHECK ((NOT ((decided_by)::text = (asked_by)::text)))
);
ALTER TABLE regulars_template_schema.loyalty_adjustmentrequest ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_adjustmentrequest_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_affiliate (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    name character varying(120) NOT NULL,
    email character varying(254) NOT NULL,
    phone character varying(16) NOT NULL,
    website character varying(200) NOT NULL,
    link_code character varying(24) NOT NULL,
    state character varying(8) NOT NULL,
    report_version integer NOT NULL,
    rule character varying(8) NOT NULL,
    percent numeric(5,2) NOT NULL,
    amount numeric(19,4) NOT NULL,
    min_spend numeric(19,4) NOT NULL,
    orders_limit smallint,
    months_limit smallint,
    order_cap numeric(19,4),
    month_cap numeric(19,4),
    window_days smallint NOT NULL,
    hold_days smallint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT affiliate_code_spelled CHECK (((link_code)::text ~ '^[A-Z0-9-]{4,24}$'::text)),
    CONSTRAINT affiliate_rule_gives_something CHECK ((((percent > (0)::numeric) AND (percent <= (100)::numeric) AND ((rule)::text = 'percent'::text)) OR ((NOT ((rule)::text = 'percent'::text)) AND (amount > (0)::numeric)))),
    CONSTRAINT affiliate_spend_not_negative CHECK ((min_spend >= (0)::numeric)),
    CONSTRAINT loyalty_affiliate_hold_days_check CHECK ((hold_days >= 0)),
    CONSTRAINT loyalty_affiliate_months_limit_check CHECK ((months_limit >= 0)),
    CONSTRAINT loyalty_affiliate_orders_limit_check CHECK ((orders_limit >= 0)),
    CONSTRAINT loyalty_affiliate_report_version_check CHECK ((report_version >= 0)),
    CONSTRAINT loyalty_affiliate_window_days_check CHECK ((window_days >= 0))
);
ALTER TABLE regulars_template_schema.loyalty_affiliate ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_affiliate_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_affiliatecustomer (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    phone character varying(16) NOT NULL,
    channel character varying(8) NOT NULL,
    state character varying(8) NOT NULL,
    reason character varying(8) NOT NULL,
    flags character varying(10)[] NOT NULL,
    address_digest bytea,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    bought_at timestamp with time zone,
    decided_by character varying(80) NOT NULL,
    decided_by_label character varying(160) NOT NULL,
    affiliate_id bigint NOT NULL,
    business_id bigint,
    customer_id bigint,
    CONSTRAINT affiliate_customer_known CHECK ((((state)::text = 'waiting'::text) OR ((state)::text = 'ended'::text) OR (customer_id IS NOT NULL)))
);
ALTER TABLE regulars_template_schema.loyalty_affiliatecustomer ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_affiliatecustomer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_affiliateday (
    id bigint NOT NULL,
    day date NOT NULL,
    clicks integer NOT NULL,
    affiliate_id bigint NOT NULL,
    CONSTRAINT loyalty_affiliateday_clicks_check CHECK ((clicks >= 0))
);
ALTER TABLE regulars_template_schema.loyalty_affiliateday ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_affiliateday_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_affiliateline (
    id bigint NOT NULL,
    kind character varying(8) NOT NULL,
    month date NOT NULL,
    amount numeric(19,4) NOT NULL,
    at timestamp with time zone NOT NULL,
    payable_at timestamp with time zone NOT NULL,
    affiliate_id bigint NOT NULL,
    business_id bigint,
    payout_id bigint,
    sale_id bigint,
    CONSTRAINT affiliate_line_has_money CHECK ((NOT (amount = (0)::numeric))),
    CONSTRAINT affiliate_line_of_a_sale CHECK (((((kind)::text = 'cap'::text) AND (sale_id IS NULL)) OR ((NOT ((kind)::text = 'cap'::text)) AND (sale_id IS NOT NULL))))
);
ALTER TABLE regulars_template_schema.loyalty_affiliateline ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_affiliateline_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_affiliatepayout (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    number integer NOT NULL,
    state character varying(10) NOT NULL,
    amount numeric(19,4) NOT NULL,
    line_count integer NOT NULL,
    currency character varying(3) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    made_by character varying(80) NOT NULL,
    made_by_label character varying(160) NOT NULL,
    paid_on date,
    reference character varying(120) NOT NULL,
    ended_at timestamp with time zone,
    ended_by character varying(80) NOT NULL,
    ended_by_label character varying(160) NOT NULL,
    affiliate_id bigint NOT NULL,
    CONSTRAINT affiliate_payout_paid_whole CHECK (((((state)::text = 'paid'::text) AND (paid_on IS NOT NULL)) OR ((NOT ((state)::text = 'paid'::text)) AND (paid_on IS NULL)))),
    CONSTRAINT affiliate_payout_pays_something CHECK ((amount > (0)::numeric)),
    CONSTRAINT loyalty_affiliatepayout_line_count_check CHECK ((line_count >= 0)),
    CONSTRAINT loyalty_affiliatepayout_number_check CHECK ((number >= 0))
);
ALTER TABLE regulars_template_schema.loyalty_affiliatepayout ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_affiliatepayout_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_affiliatesale (
    id bigint NOT NULL,
    month date NOT NULL,
    day date NOT NULL,
    is_first boolean NOT NULL,
    payable_at timestamp with time zone NOT NULL,
    rule character varying(8) NOT NULL,
    percent numeric(5,2) NOT NULL,
    amount numeric(19,4) NOT NULL,
    min_spend numeric(19,4) NOT NULL,
    order_cap numeric(19,4),
    month_cap numeric(19,4),
    commission numeric(19,4) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    affiliate_id bigint NOT NULL,
    business_id bigint NOT NULL,
    came_id bigint NOT NULL,
    order_id bigint NOT NULL,
    CONSTRAINT affiliate_sale_month_begins_on_the_first CHECK ((EXTRACT(day FROM month) = (1)::numeric)),
    CONSTRAINT affiliate_sale_not_negative CHECK ((commission >= (0)::numeric))
);
ALTER TABLE regulars_template_schema.loyalty_affiliatesale ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_affiliatesale_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_affiliatesettings (
    id smallint NOT NULL,
    website character varying(200) NOT NULL,
    daily_review smallint NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT affiliate_settings_one_row CHECK ((id = 1)),
    CONSTRAINT loyalty_affiliatesettings_daily_review_check CHECK ((daily_review >= 0))
);
CREATE TABLE regulars_template_schema.loyalty_covisit (
    id bigint NOT NULL,
    "both" integer NOT NULL,
    here integer NOT NULL,
    there integer NOT NULL,
    everybody integer NOT NULL,
    low double precision NOT NULL,
    learned_at timestamp with time zone NOT NULL,
    business_id bigint NOT NULL,
    other_id bigint NOT NULL
);
ALTER TABLE regulars_template_schema.loyalty_covisit ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_covisit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_crosspromotion (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    verdict character varying(8) NOT NULL,
    text character varying(140) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    business_id bigint,
    other_id bigint NOT NULL,
    CONSTRAINT cross_promotion_of_another CHECK (((business_id IS NULL) OR (NOT ((business_id = other_id) AND (business_id IS NOT NULL)))))
);
ALTER TABLE regulars_template_schema.loyalty_crosspromotion ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_crosspromotion_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_earningrate (
    business_id bigint NOT NULL,
    points_per_unit numeric(10,4) NOT NULL,
    rounding character varying(10) NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT earning_rate_in_range CHECK (((points_per_unit >= (0)::numeric) AND (points_per_unit <= (10000)::numeric)))
);
CREATE TABLE regulars_template_schema.loyalty_earningrule (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    name character varying(80) NOT NULL,
    trigger character varying(10) NOT NULL,
    effect character varying(10) NOT NULL,
    factor numeric(5,2),
    points bigint,
    stacks boolean NOT NULL,
    per character varying(5) NOT NULL,
    per_limit smallint,
    action character varying(40) NOT NULL,
    categories character varying(120)[] NOT NULL,
    products character varying(64)[] NOT NULL,
    min_spend numeric(19,4) NOT NULL,
    weekdays smallint[] NOT NULL,
    from_time time without time zone,
    to_time time without time zone,
    starts_on date,
    ends_on date,
    is_first_purchase boolean NOT NULL,
    birthday_days smallint,
    "position" smallint NOT NULL,
    is_active boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    business_id bigint,
    tier_id bigint,
    CONSTRAINT earning_rule_action_named CHECK (((((action)::text > ''::text) AND ((trigger)::text = 'action'::text)) OR ((NOT ((trigger)::text = 'action'::text)) AND ((action)::text = ''::text)))),
    CONSTRAINT earning_rule_effect_complete CHECK (((((effect)::text = 'multiply'::text) AND (factor IS NOT NULL) AND (points IS NULL) AND ((trigger)::text = 'sale'::text)) OR (((effect)::text = 'bonus'::text) AND (factor IS NULL) AND (points IS NOT NULL)) OR (((effect)::text = 'cap'::text) AND (factor IS NULL) AND ((per)::text = ANY ((ARRAY['sale'::character varying, 'day'::character varying, 'month'::character varying])::text[])) AND (points IS NOT NULL) AND ((trigger)::text = 'sale'::text)))),
    CONSTRAINT earning_rule_ends_after_start CHECK (((starts_on IS NULL) OR (ends_on IS NULL) OR (starts_on <= ends_on))),
    CONSTRAINT earning_rule_factor_in_range CHECK (((factor IS NULL) OR ((factor >= (0)::numeric) AND (factor <= (100)::numeric)))),
    CONSTRAINT earning_rule_hours_complete CHECK ((((from_time IS NULL) AND (to_time IS NULL)) OR ((from_time IS NOT NULL) AND (to_time IS NOT NULL) AND (NOT ((from_time = to_time) AND (from_time IS NOT NULL) AND (to_time IS NOT NULL)))))),
    CONSTRAINT earning_rule_points_in_range CHECK (((points IS NULL) OR ((points >= 1) AND (points <= 1000000000)))),
    CONSTRAINT loyalty_earningrule_birthday_days_check CHECK ((birthday_days >= 0)),
    CONSTRAINT loyalty_earningrule_per_limit_check CHECK ((per_limit >= 0)),
    CONSTRAINT loyalty_earningrule_position_check CHECK (("position" >= 0))
);
ALTER TABLE regulars_template_schema.loyalty_earningrule ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_earningrule_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_entry (
    id bigint NOT NULL,
    amount bigint NOT NULL,
    seal uuid NOT NULL,
    account_id bigint,
    transaction_id bigint NOT NULL,
    lot_id bigint,
    CONSTRAINT entry_amount_not_zero CHECK ((NOT (amount = 0)))
);
ALTER TABLE regulars_template_schema.loyalty_entry ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_entry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_finalline (
    id bigint NOT NULL,
    month date NOT NULL,
    debtor_name character varying(120) NOT NULL,
    creditor_name character varying(120) NOT NULL,
    points bigint NOT NULL,
    amount numeric(19,4) NOT NULL,
    creditor_id bigint,
    debtor_id bigint,
    statement_id bigint NOT NULL,
    CONSTRAINT final_line_has_points CHECK ((NOT (points = 0)))
);
ALTER TABLE regulars_template_schema.loyalty_finalline ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_finalline_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_finalstatement (
    leaving_id bigint NOT NULL,
    business_name character varying(120) NOT NULL,
    last_day date NOT NULL,
    point_value numeric(12,6) NOT NULL,
    currency character varying(3) NOT NULL,
    way character varying(10) NOT NULL,
    points bigint NOT NULL,
    amount numeric(19,4) NOT NULL,
    digest character varying(64) NOT NULL,
    closed_at timestamp with time zone NOT NULL,
    business_id bigint NOT NULL,
    CONSTRAINT final_statement_not_negative CHECK (((points >= 0) AND (amount >= (0)::numeric)))
);
CREATE TABLE regulars_template_schema.loyalty_hold (
    transaction_id bigint NOT NULL,
    state character varying(10) NOT NULL,
    points bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    account_id bigint NOT NULL,
    settled_by_id bigint,
    CONSTRAINT hold_points_positive CHECK ((points > 0)),
    CONSTRAINT hold_settled_by_a_transaction CHECK ((((settled_by_id IS NULL) AND ((state)::text = 'held'::text)) OR ((NOT ((state)::text = 'held'::text)) AND (settled_by_id IS NOT NULL))))
);
CREATE TABLE regulars_template_schema.loyalty_holdallocation (
    id bigint NOT NULL,
    points bigint NOT NULL,
    lot_id bigint NOT NULL,
    hold_id bigint NOT NULL,
    CONSTRAINT hold_allocation_positive CHECK ((points > 0))
);
ALTER TABLE regulars_template_schema.loyalty_holdallocation ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_holdallocation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_leaving (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    state character varying(10) NOT NULL,
    last_day date NOT NULL,
    way character varying(10) NOT NULL,
    reason character varying(500) NOT NULL,
    asked_by_label character varying(160) NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    decided_by_label character varying(160) NOT NULL,
    decided_at timestamp with time zone,
    finished_at timestamp with time zone,
    business_id bigint NOT NULL
);
ALTER TABLE regulars_template_schema.loyalty_leaving ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_leaving_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_lot (
    id bigint NOT NULL,
    amount bigint NOT NULL,
    remaining bigint NOT NULL,
    available_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    account_id bigint NOT NULL,
    issuer_id bigint,
    transaction_id bigint NOT NULL,
    is_pending boolean DEFAULT false NOT NULL,
    CONSTRAINT lot_amount_positive CHECK ((amount > 0)),
    CONSTRAINT lot_remaining_within_amount CHECK (((remaining >= 0) AND (remaining <= amount)))
);
ALTER TABLE regulars_template_schema.loyalty_lot ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_lot_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_loyaltysettings (
    id smallint NOT NULL,
    point_value numeric(12,6) NOT NULL,
    expiry_months smallint,
    reinstated_days smallint NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    approval_above bigint,
    expiry_changed_at timestamp with time zone,
    expiry_day character varying(5) DEFAULT ''::character varying NOT NULL,
    expiry_policy character varying(12) DEFAULT 'months'::character varying NOT NULL,
    pending_days smallint DEFAULT 0 NOT NULL,
    warning_days smallint DEFAULT 30 NOT NULL,
    tier_basis character varying(10) DEFAULT 'points'::character varying NOT NULL,
    tier_drops_to character varying(10) DEFAULT 'earned'::character varying NOT NULL,
    tier_grace_days smallint DEFAULT 30 NOT NULL,
    tier_keep_months smallint,
    tier_window_months smallint,
    CONSTRAINT loyalty_loyaltysettings_approval_above_check CHECK ((approval_above >= 0)),
    CONSTRAINT loyalty_loyaltysettings_expiry_months_check CHECK ((expiry_months >= 0)),
    CONSTRAINT loyalty_loyaltysettings_pending_days_check CHECK ((pending_days >= 0)),
    CONSTRAINT loyalty_loyaltysettings_reinstated_days_check CHECK ((reinstated_days >= 0)),
    CONSTRAINT loyalty_loyaltysettings_tier_grace_days_check CHECK ((tier_grace_days >= 0)),
    CONSTRAINT loyalty_loyaltysettings_tier_keep_months_check CHECK ((tier_keep_months >= 0)),
    CONSTRAINT loyalty_loyaltysettings_tier_window_months_check CHECK ((tier_window_months >= 0)),
    CONSTRAINT loyalty_loyaltysettings_warning_days_check CHECK ((warning_days >= 0)),
    CONSTRAINT loyalty_settings_expiry_complete CHECK (((((expiry_day)::text = ''::text) AND ((expiry_policy)::text = 'months'::text)) OR (((expiry_day)::text = ''::text) AND (expiry_months IS NOT NULL) AND ((expiry_policy)::text = 'inactivity'::text)) OR (((expiry_policy)::text = 'date'::text) AND ((expiry_day)::text ~ '^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'::text)))),
    CONSTRAINT loyalty_settings_expiry_in_range CHECK (((expiry_months IS NULL) OR ((expiry_months >= 1) AND (expiry_months <= 120)))),
    CONSTRAINT loyalty_settings_one_row CHECK ((id = 1)),
    CONSTRAINT loyalty_settings_pending_in_range CHECK ((pending_days <= 90)),
    CONSTRAINT loyalty_settings_tiers_in_range CHECK ((((tier_window_months IS NULL) OR ((tier_window_months >= 1) AND (tier_window_months <= 60))) AND ((tier_keep_months IS NULL) OR ((tier_keep_months >= 1) AND (tier_keep_months <= 60))) AND (tier_grace_days <= 366))),
    CONSTRAINT loyalty_settings_value_not_negative CHECK ((point_value >= (0)::numeric))
);
CREATE TABLE regulars_template_schema.loyalty_pointage (
    id bigint NOT NULL,
    age smallint NOT NULL,
    outstanding bigint NOT NULL,
    at_risk bigint NOT NULL,
    redeemed bigint NOT NULL,
    expired bigint NOT NULL,
    issuer_id bigint,
    CONSTRAINT loyalty_pointage_age_check CHECK ((age >= 0)),
    CONSTRAINT point_age_flows_not_negative CHECK (((redeemed >= 0) AND (expired >= 0)))
);
ALTER TABLE regulars_template_schema.loyalty_pointage ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_pointage_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_pointcount (
    id smallint NOT NULL,
    zone character varying(64) NOT NULL,
    last_day date,
    last_transaction bigint NOT NULL,
    counted_at timestamp with time zone,
    CONSTRAINT loyalty_pointcount_id_check CHECK ((id >= 0)),
    CONSTRAINT point_count_one_row CHECK ((id = 1))
);
CREATE TABLE regulars_template_schema.loyalty_pointday (
    id bigint NOT NULL,
    day date NOT NULL,
    flow character varying(10) NOT NULL,
    points bigint NOT NULL,
    debt bigint NOT NULL,
    business_id bigint,
    issuer_id bigint
);
ALTER TABLE regulars_template_schema.loyalty_pointday ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_pointday_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_recommendation (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    rule character varying(20) NOT NULL,
    is_held boolean NOT NULL,
    channel character varying(12) NOT NULL,
    at_target boolean NOT NULL,
    evidence jsonb NOT NULL,
    made_at timestamp with time zone NOT NULL,
    counts_from timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    is_open boolean NOT NULL,
    came_back_at timestamp with time zone,
    business_id bigint,
    customer_id bigint NOT NULL,
    order_id bigint,
    till_business_id bigint,
    CONSTRAINT recommendation_back_in_time CHECK (((came_back_at IS NULL) OR ((came_back_at >= counts_from) AND (came_back_at < ends_at)))),
    CONSTRAINT recommendation_target_is_known CHECK (((NOT at_target) OR (business_id IS NOT NULL)))
);
ALTER TABLE regulars_template_schema.loyalty_recommendation ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_recommendation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_recommendersettings (
    name character varying(20) NOT NULL,
    is_active boolean NOT NULL,
    parameters jsonb NOT NULL,
    hold_back smallint NOT NULL,
    outcome_days smallint NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT loyalty_recommendersettings_hold_back_check CHECK ((hold_back >= 0)),
    CONSTRAINT loyalty_recommendersettings_outcome_days_check CHECK ((outcome_days >= 0)),
    CONSTRAINT recommender_days_in_range CHECK (((outcome_days >= 7) AND (outcome_days <= 90))),
    CONSTRAINT recommender_holds_back_at_most_half CHECK ((hold_back <= 50))
);
CREATE TABLE regulars_template_schema.loyalty_referral (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    friend_phone character varying(16) NOT NULL,
    channel character varying(8) NOT NULL,
    state character varying(10) NOT NULL,
    flags character varying(10)[] NOT NULL,
    address_digest bytea,
    referrer_points integer NOT NULL,
    friend_points integer NOT NULL,
    min_spend numeric(19,4) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    reason character varying(10) NOT NULL,
    referrer_transaction character varying(16) NOT NULL,
    friend_transaction character varying(16) NOT NULL,
    decided_by character varying(80) NOT NULL,
    decided_by_label character varying(160) NOT NULL,
    business_id bigint,
    friend_id bigint,
    order_id bigint,
    referrer_id bigint NOT NULL,
    CONSTRAINT loyalty_referral_friend_points_check CHECK ((friend_points >= 0)),
    CONSTRAINT loyalty_referral_referrer_points_check CHECK ((referrer_points >= 0)),
    CONSTRAINT referral_ended_whole CHECK ((((((state)::text = 'pending'::text) OR ((state)::text = 'review'::text)) AND (ended_at IS NULL)) OR ((NOT (((state)::text = 'pending'::text) OR ((state)::text = 'review'::text))) AND (ended_at IS NOT NULL)))),
    CONSTRAINT referral_of_somebody_else CHECK (((friend_id IS NULL) OR (NOT ((friend_id = referrer_id) AND (friend_id IS NOT NULL)))))
);
ALTER TABLE regulars_template_schema.loyalty_referral ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_referral_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_referralcode (
    account_id bigint NOT NULL,
    code character varying(12) NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE regulars_template_schema.loyalty_referralsettings (
    id smallint NOT NULL,
    is_active boolean NOT NULL,
    referrer_points integer NOT NULL,
    friend_points integer NOT NULL,
    min_spend numeric(19,4) NOT NULL,
    days smallint NOT NULL,
    monthly_limit smallint,
    weekly_review smallint NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT loyalty_referralsettings_days_check CHECK ((days >= 0)),
    CONSTRAINT loyalty_referralsettings_friend_points_check CHECK ((friend_points >= 0)),
    CONSTRAINT loyalty_referralsettings_monthly_limit_check CHECK ((monthly_limit >= 0)),
    CONSTRAINT loyalty_referralsettings_referrer_points_check CHECK ((referrer_points >= 0)),
    CONSTRAINT loyalty_referralsettings_weekly_review_check CHECK ((weekly_review >= 0)),
    CONSTRAINT referral_settings_days_in_range CHECK (((days >= 1) AND (days <= 366))),
    CONSTRAINT referral_settings_gives_something CHECK (((friend_points <= 1000000) AND (referrer_points <= 1000000) AND ((referrer_points > 0) OR (friend_points > 0)))),
    CONSTRAINT referral_settings_one_row CHECK ((id = 1)),
    CONSTRAINT referral_settings_spend_not_negative CHECK ((min_spend >= (0)::numeric))
);
CREATE TABLE regulars_template_schema.loyalty_reward (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    name character varying(80) NOT NULL,
    description character varying(300) NOT NULL,
    points bigint NOT NULL,
    image character varying(200) NOT NULL,
    icon character varying(30) NOT NULL,
    stock integer,
    member_limit smallint,
    member_limit_days smallint,
    starts_at timestamp with time zone,
    ends_at timestamp with time zone,
    claim_minutes integer NOT NULL,
    "position" smallint NOT NULL,
    is_active boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    business_id bigint,
    tier_id bigint,
    CONSTRAINT loyalty_reward_claim_minutes_check CHECK ((claim_minutes >= 0)),
    CONSTRAINT loyalty_reward_member_limit_check CHECK ((member_limit >= 0)),
    CONSTRAINT loyalty_reward_member_limit_days_check CHECK ((member_limit_days >= 0)),
    CONSTRAINT loyalty_reward_position_check CHECK (("position" >= 0)),
    CONSTRAINT loyalty_reward_stock_check CHECK ((stock >= 0)),
    CONSTRAINT reward_claim_in_range CHECK (((claim_minutes >= 1) AND (claim_minutes <= 43200))),
    CONSTRAINT reward_ends_after_start CHECK (((starts_at IS NULL) OR (ends_at IS NULL) OR (starts_at < ends_at))),
    CONSTRAINT reward_limit_positive CHECK (((member_limit IS NULL) OR (member_limit > 0))),
    CONSTRAINT reward_points_positive CHECK ((points > 0))
);
ALTER TABLE regulars_template_schema.loyalty_reward ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_reward_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_settlementline (
    id bigint NOT NULL,
    debtor_name character varying(120) NOT NULL,
    creditor_name character varying(120) NOT NULL,
    points bigint NOT NULL,
    amount numeric(19,4) NOT NULL,
    creditor_id bigint,
    debtor_id bigint,
    month_id date NOT NULL,
    CONSTRAINT settlement_line_has_points CHECK ((NOT (points = 0)))
);
ALTER TABLE regulars_template_schema.loyalty_settlementline ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_settlementline_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_settlementmonth (
    month date NOT NULL,
    point_value numeric(12,6) NOT NULL,
    currency character varying(3) NOT NULL,
    digest character varying(64) NOT NULL,
    actor character varying(80) NOT NULL,
    actor_label character varying(160) NOT NULL,
    closed_at timestamp with time zone NOT NULL,
    CONSTRAINT settlement_month_begins_on_the_first CHECK ((EXTRACT(day FROM month) = (1)::numeric))
);
CREATE TABLE regulars_template_schema.loyalty_stampact (
    id bigint NOT NULL,
    kind character varying(7) NOT NULL,
    key_owner character varying(80) NOT NULL,
    key character varying(255) NOT NULL,
    request_digest bytea NOT NULL,
    response jsonb NOT NULL,
    at timestamp with time zone NOT NULL
);
ALTER TABLE regulars_template_schema.loyalty_stampact ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_stampact_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_stampbook (
    id bigint NOT NULL,
    stamps integer NOT NULL,
    total integer NOT NULL,
    completed integer NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    account_id bigint NOT NULL,
    card_id bigint NOT NULL,
    CONSTRAINT stamp_book_completed_not_negative CHECK ((completed >= 0)),
    CONSTRAINT stamp_book_not_full CHECK ((stamps < 50))
);
ALTER TABLE regulars_template_schema.loyalty_stampbook ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_stampbook_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_stampcard (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    name character varying(60) NOT NULL,
    icon character varying(30) NOT NULL,
    gives character varying(80) NOT NULL,
    stamps smallint NOT NULL,
    per character varying(4) NOT NULL,
    categories character varying(120)[] NOT NULL,
    products character varying(64)[] NOT NULL,
    min_spend numeric(19,4) NOT NULL,
    sale_limit smallint,
    day_limit smallint,
    reward_days smallint,
    starts_on date,
    ends_on date,
    "position" smallint NOT NULL,
    is_active boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    business_id bigint,
    CONSTRAINT loyalty_stampcard_day_limit_check CHECK ((day_limit >= 0)),
    CONSTRAINT loyalty_stampcard_position_check CHECK (("position" >= 0)),
    CONSTRAINT loyalty_stampcard_reward_days_check CHECK ((reward_days >= 0)),
    CONSTRAINT loyalty_stampcard_sale_limit_check CHECK ((sale_limit >= 0)),
    CONSTRAINT loyalty_stampcard_stamps_check CHECK ((stamps >= 0)),
    CONSTRAINT stamp_card_ends_after_start CHECK (((starts_on IS NULL) OR (ends_on IS NULL) OR (starts_on <= ends_on))),
    CONSTRAINT stamp_card_limits_positive CHECK ((((day_limit IS NULL) OR (day_limit > 0)) AND ((reward_days IS NULL) OR (reward_days > 0)))),
    CONSTRAINT stamp_card_sale_limit_of_items CHECK (((sale_limit IS NULL) OR (((per)::text = 'item'::text) AND (sale_limit > 0)))),
    CONSTRAINT stamp_card_spend_of_a_sale CHECK (((min_spend >= (0)::numeric) AND (((per)::text = 'sale'::text) OR (min_spend = (0)::numeric)))),
    CONSTRAINT stamp_card_stamps_in_range CHECK (((stamps >= 2) AND (stamps <= 50)))
);
ALTER TABLE regulars_template_schema.loyalty_stampcard ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_stampcard_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_stampentry (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    stamps integer NOT NULL,
    kind character varying(6) NOT NULL,
    reason character varying(200) NOT NULL,
    actor character varying(80) NOT NULL,
    actor_label character varying(160) NOT NULL,
    at timestamp with time zone NOT NULL,
    book_id bigint NOT NULL,
    business_id bigint,
    order_id bigint,
    undoes_id bigint,
    CONSTRAINT stamp_entry_names_its_cause CHECK (((((kind)::text = 'sale'::text) AND (order_id IS NOT NULL) AND (undoes_id IS NULL)) OR (((kind)::text = 'hand'::text) AND (order_id IS NULL) AND (undoes_id IS NULL)) OR (((kind)::text = 'undone'::text) AND (order_id IS NULL) AND (undoes_id IS NOT NULL)))),
    CONSTRAINT stamp_entry_not_zero CHECK ((NOT (stamps = 0)))
);
ALTER TABLE regulars_template_schema.loyalty_stampentry ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_stampentry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_stampreward (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    gives character varying(80) NOT NULL,
    state character varying(7) NOT NULL,
    made_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    ended_at timestamp with time zone,
    used_by character varying(80) NOT NULL,
    used_by_label character varying(160) NOT NULL,
    book_id bigint NOT NULL,
    business_id bigint,
    CONSTRAINT stamp_reward_ended_whole CHECK ((((ended_at IS NULL) AND ((state)::text = 'ready'::text)) OR ((NOT ((state)::text = 'ready'::text)) AND (ended_at IS NOT NULL)))),
    CONSTRAINT stamp_reward_used_by_somebody CHECK ((((state)::text = 'used'::text) OR ((business_id IS NULL) AND ((used_by)::text = ''::text))))
);
ALTER TABLE regulars_template_schema.loyalty_stampreward ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_stampreward_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_stampsale (
    id bigint NOT NULL,
    day date NOT NULL,
    lines integer[] NOT NULL,
    given integer NOT NULL,
    book_id bigint NOT NULL,
    order_id bigint NOT NULL,
    CONSTRAINT loyalty_stampsale_given_check CHECK ((given >= 0))
);
ALTER TABLE regulars_template_schema.loyalty_stampsale ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_stampsale_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_tier (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    name character varying(40) NOT NULL,
    rank smallint NOT NULL,
    threshold numeric(19,4) NOT NULL,
    factor numeric(5,2) NOT NULL,
    benefits character varying(200) NOT NULL,
    is_active boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT loyalty_tier_rank_check CHECK ((rank >= 0)),
    CONSTRAINT tier_factor_in_range CHECK (((factor >= (1)::numeric) AND (factor <= (100)::numeric))),
    CONSTRAINT tier_threshold_positive CHECK ((threshold > (0)::numeric))
);
ALTER TABLE regulars_template_schema.loyalty_tier ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_tier_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE regulars_template_schema.loyalty_tierchange ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_tierchange_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.loyalty_transaction (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    kind character varying(10) NOT NULL,
    status character varying(10) NOT NULL,
    points bigint NOT NULL,
    reason character varying(200) NOT NULL,
    reversed_points bigint NOT NULL,
    reversed_at timestamp with time zone,
    key_owner character varying(80) NOT NULL,
    key_endpoint character varying(40) NOT NULL,
    key character varying(255),
    request_digest bytea NOT NULL,
    response jsonb NOT NULL,
    actor character varying(80) NOT NULL,
    actor_label character varying(160) NOT NULL,
    ip inet,
    at timestamp with time zone NOT NULL,
    account_id bigint NOT NULL,
    business_id bigint,
    order_id bigint,
    reverses_id bigint,
    counterpart_id bigint,
    rule_id bigint,
    reward_id bigint,
    CONSTRAINT transaction_moves_only_when_done CHECK ((((status)::text = 'done'::text) OR (points = 0))),
    CONSTRAINT transaction_reversal_names_original CHECK (((((kind)::text = 'reverse'::text) AND (reverses_id IS NOT NULL)) OR ((NOT ((kind)::text = 'reverse'::text)) AND (reverses_id IS NULL)) OR (NOT ((status)::text = 'done'::text)))),
    CONSTRAINT transaction_reversed_at_most_whole CHECK (((reversed_points >= 0) AND ((reversed_points <= points) OR (reversed_points <= (points * '-1'::integer))))),
    CONSTRAINT transaction_sign_follows_kind CHECK (((((kind)::text = ANY ((ARRAY['earn'::character varying, 'bonus'::character varying, 'referral'::character varying])::text[])) AND (points >= 0)) OR (((kind)::text = ANY ((ARRAY['redeem'::character varying, 'expire'::character varying])::text[])) AND (points <= 0)) OR (((kind)::text = ANY ((ARRAY['hold'::character varying, 'void'::character varying, 'mature'::character varying])::text[])) AND (points = 0)) OR ((kind)::text = ANY ((ARRAY['reverse'::character varying, 'adjust'::character varying, 'transfer'::character varying])::text[]))))
);
ALTER TABLE regulars_template_schema.loyalty_transaction ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.loyalty_transaction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.messaging_customerpin (
    customer_id bigint NOT NULL,
    digest character varying(128) NOT NULL,
    set_at timestamp with time zone NOT NULL
);
CREATE TABLE regulars_template_schema.messaging_customersession (
    id bigint NOT NULL,
    token_digest bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    customer_id bigint NOT NULL
);
ALTER TABLE regulars_template_schema.messaging_customersession ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.messaging_customersession_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.messaging_inboundmessage (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    provider character varying(40) NOT NULL,
    provider_id character varying(120) NOT NULL,
    sender character varying(40) NOT NULL,
    recipient character varying(40) NOT NULL,
    body text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    redacted_at timestamp with time zone,
    customer_id bigint,
    decided_at timestamp with time zone,
    decided_by character varying(160) NOT NULL,
    decision character varying(8) NOT NULL,
    reading character varying(8) NOT NULL
);
ALTER TABLE regulars_template_schema.messaging_inboundmessage ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.messaging_inboundmessage_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.messaging_messagereceipt (
    id bigint NOT NULL,
    word character varying(60) NOT NULL,
    state character varying(12) NOT NULL,
    error character varying(200) NOT NULL,
    at timestamp with time zone NOT NULL,
    message_id bigint NOT NULL
);
ALTER TABLE regulars_template_schema.messaging_messagereceipt ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.messaging_messagereceipt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.messaging_onetimecode (
    id bigint NOT NULL,
    request_digest bytea NOT NULL,
    phone character varying(16) NOT NULL,
    prefix character varying(16) NOT NULL,
    address character varying(45) NOT NULL,
    code_digest bytea,
    attempts smallint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    customer_id bigint,
    dial_code character varying(4) NOT NULL,
    purpose character varying(8) NOT NULL,
    CONSTRAINT messaging_onetimecode_attempts_check CHECK ((attempts >= 0))
);
ALTER TABLE regulars_template_schema.messaging_onetimecode ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.messaging_onetimecode_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.messaging_outboundmessage (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    channel character varying(10) NOT NULL,
    purpose character varying(16) NOT NULL,
    recipient character varying(254) NOT NULL,
    subject character varying(200) NOT NULL,
    body text NOT NULL,
    dedupe_key character varying(160) NOT NULL,
    state character varying(12) NOT NULL,
    attempts smallint NOT NULL,
    provider character varying(40) NOT NULL,
    provider_id character varying(120) NOT NULL,
    error character varying(200) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    claimed_at timestamp with time zone,
    finished_at timestamp with time zone,
    redacted_at timestamp with time zone,
    customer_id bigint,
    delivered_at timestamp with time zone,
    CONSTRAINT messaging_outboundmessage_attempts_check CHECK ((attempts >= 0))
);
ALTER TABLE regulars_template_schema.messaging_outboundmessage ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.messaging_outboundmessage_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.messaging_pinfailure (
    id bigint NOT NULL,
    phone_digest bytea NOT NULL,
    failures smallint NOT NULL,
    last_at timestamp with time zone NOT NULL,
    CONSTRAINT messaging_pinfailure_failures_check CHECK ((failures >= 0))
);
ALTER TABLE regulars_template_schema.messaging_pinfailure ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.messaging_pinfailure_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.messaging_smsconnection (
    id smallint NOT NULL,
    provider character varying(40) NOT NULL,
    sender character varying(40) NOT NULL,
    sealed text NOT NULL,
    is_active boolean NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    last_test_id bigint,
    CONSTRAINT messaging_smsconnection_id_check CHECK ((id >= 0)),
    CONSTRAINT sms_connection_is_one CHECK ((id = 1))
);
CREATE TABLE regulars_template_schema.messaging_suppression (
    id bigint NOT NULL,
    channel character varying(10) NOT NULL,
    address character varying(254) NOT NULL,
    reason character varying(10) NOT NULL,
    at timestamp with time zone NOT NULL
);
ALTER TABLE regulars_template_schema.messaging_suppression ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.messaging_suppression_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.messaging_webhookattempt (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    milliseconds integer,
    status smallint,
    fault character varying(12) NOT NULL,
    answer character varying(500) NOT NULL,
    delivery_id bigint NOT NULL,
    CONSTRAINT messaging_webhookattempt_milliseconds_check CHECK ((milliseconds >= 0)),
    CONSTRAINT messaging_webhookattempt_status_check CHECK ((status >= 0))
);
ALTER TABLE regulars_template_schema.messaging_webhookattempt ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.messaging_webhookattempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.messaging_webhookdelivery (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    event_type character varying(60) NOT NULL,
    state character varying(9) NOT NULL,
    attempts smallint NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    claimed_at timestamp with time zone,
    last_status smallint,
    last_fault character varying(12) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    event_id bigint,
    endpoint_id bigint NOT NULL,
    CONSTRAINT messaging_webhookdelivery_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT messaging_webhookdelivery_last_status_check CHECK ((last_status >= 0))
);
ALTER TABLE regulars_template_schema.messaging_webhookdelivery ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.messaging_webhookdelivery_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.messaging_webhookendpoint (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    url character varying(500) NOT NULL,
    description character varying(120) NOT NULL,
    event_types jsonb NOT NULL,
    secret text NOT NULL,
    previous_secret text NOT NULL,
    previous_until timestamp with time zone,
    is_active boolean NOT NULL,
    off_because character varying(8) NOT NULL,
    off_at timestamp with time zone,
    failing_since timestamp with time zone,
    last_delivered_at timestamp with time zone,
    busy_until timestamp with time zone,
    rest_until timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    created_by character varying(160) NOT NULL,
    deleted_at timestamp with time zone,
    business_id bigint,
    CONSTRAINT webhook_endpoint_off_says_why CHECK (((is_active AND (off_at IS NULL) AND ((off_because)::text = ''::text)) OR ((NOT is_active) AND (off_at IS NOT NULL) AND (NOT ((off_because)::text = ''::text)))))
);
ALTER TABLE regulars_template_schema.messaging_webhookendpoint ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.messaging_webhookendpoint_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.workspace_apiclient (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    name character varying(80) NOT NULL,
    scopes jsonb NOT NULL,
    is_active boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by character varying(160) NOT NULL,
    business_id bigint
);
ALTER TABLE regulars_template_schema.workspace_apiclient ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.workspace_apiclient_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.workspace_apikey (
    id bigint NOT NULL,
    prefix character varying(16) NOT NULL,
    digest bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    client_id bigint NOT NULL
);
ALTER TABLE regulars_template_schema.workspace_apikey ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.workspace_apikey_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.workspace_auditentry (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor character varying(80) NOT NULL,
    actor_label character varying(160) NOT NULL,
    action character varying(80) NOT NULL,
    subject character varying(80) NOT NULL,
    business_id bigint,
    data jsonb NOT NULL,
    ip inet
);
ALTER TABLE regulars_template_schema.workspace_auditentry ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.workspace_auditentry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.workspace_business (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    name character varying(80) NOT NULL,
    contact_person character varying(120) NOT NULL,
    email character varying(254) NOT NULL,
    category character varying(20) NOT NULL,
    address text NOT NULL,
    is_active boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    left_on date
);
ALTER TABLE regulars_template_schema.workspace_business ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.workspace_business_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.workspace_idempotencyrecord (
    id bigint NOT NULL,
    owner character varying(80) NOT NULL,
    endpoint character varying(80) NOT NULL,
    key character varying(255) NOT NULL,
    request_digest bytea NOT NULL,
    status smallint,
    body jsonb,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT workspace_idempotencyrecord_status_check CHECK ((status >= 0))
);
ALTER TABLE regulars_template_schema.workspace_idempotencyrecord ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.workspace_idempotencyrecord_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.workspace_job (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    kind character varying(60) NOT NULL,
    key character varying(120) NOT NULL,
    params jsonb NOT NULL,
    state character varying(10) NOT NULL,
    done_count bigint NOT NULL,
    total_count bigint,
    message character varying(200) NOT NULL,
    warnings jsonb NOT NULL,
    result jsonb NOT NULL,
    error text NOT NULL,
    attempts smallint NOT NULL,
    cancel_requested boolean NOT NULL,
    lease_until timestamp with time zone NOT NULL,
    lease_token uuid,
    created_by character varying(160) NOT NULL,
    business_id bigint,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    CONSTRAINT workspace_job_attempts_check CHECK ((attempts >= 0))
);
ALTER TABLE regulars_template_schema.workspace_job ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.workspace_job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE regulars_template_schema.workspace_tilldevice (
    id bigint NOT NULL,
    code character varying(16) NOT NULL,
    name character varying(60) NOT NULL,
    token_digest bytea NOT NULL,
    is_active boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone,
    business_id bigint NOT NULL,
    moved_from_id bigint
);
ALTER TABLE regulars_template_schema.workspace_tilldevice ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME regulars_template_schema.workspace_tilldevice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE ONLY regulars_template_schema.loyalty_adjustmentrequest
    ADD CONSTRAINT adjustment_request_once_per_key UNIQUE (key_owner, key);
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliateday
    ADD CONSTRAINT affiliate_day_once UNIQUE (affiliate_id, day);
ALTER TABLE ONLY regulars_template_schema.customers_businesscustomerfacts
    ADD CONSTRAINT business_facts_once UNIQUE (customer_id, business_id);
ALTER TABLE ONLY regulars_template_schema.loyalty_covisit
    ADD CONSTRAINT co_visit_once_per_pair UNIQUE (business_id, other_id);
ALTER TABLE ONLY regulars_template_schema.customers_cohortmonth
    ADD CONSTRAINT cohort_month_once UNIQUE NULLS NOT DISTINCT (business_id, cohort, month);
ALTER TABLE ONLY regulars_template_schema.loyalty_crosspromotion
    ADD CONSTRAINT cross_promotion_once_per_pair UNIQUE NULLS NOT DISTINCT (business_id, other_id);
ALTER TABLE ONLY regulars_template_schema.customers_customertag
    ADD CONSTRAINT customer_tag_once UNIQUE (customer_id, tag_id);
ALTER TABLE ONLY regulars_template_schema.customers_archetype
    ADD CONSTRAINT customers_archetype_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_archetype
    ADD CONSTRAINT customers_archetype_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_attributedefinition
    ADD CONSTRAINT customers_attributedefinition_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_attributedefinition
    ADD CONSTRAINT customers_attributedefinition_key_key UNIQUE (key);
ALTER TABLE ONLY regulars_template_schema.customers_attributedefinition
    ADD CONSTRAINT customers_attributedefinition_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_bulkrun
    ADD CONSTRAINT customers_bulkrun_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_bulkrun
    ADD CONSTRAINT customers_bulkrun_job_id_key UNIQUE (job_id);
ALTER TABLE ONLY regulars_template_schema.customers_bulkrun
    ADD CONSTRAINT customers_bulkrun_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_businesscustomerfacts
    ADD CONSTRAINT customers_businesscustomerfacts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_buyerday
    ADD CONSTRAINT customers_buyerday_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_cohortmonth
    ADD CONSTRAINT customers_cohortmonth_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_consentrecord
    ADD CONSTRAINT customers_consentrecord_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_countedat
    ADD CONSTRAINT customers_countedat_pkey PRIMARY KEY (kind);
ALTER TABLE ONLY regulars_template_schema.customers_customer
    ADD CONSTRAINT customers_customer_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_customer
    ADD CONSTRAINT customers_customer_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_customerarchetype
    ADD CONSTRAINT customers_customerarchetype_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY regulars_template_schema.customers_customerfacts
    ADD CONSTRAINT customers_customerfacts_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY regulars_template_schema.customers_customermerge
    ADD CONSTRAINT customers_customermerge_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_customermerge
    ADD CONSTRAINT customers_customermerge_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_customerscores
    ADD CONSTRAINT customers_customerscores_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY regulars_template_schema.customers_customertag
    ADD CONSTRAINT customers_customertag_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_dailysales
    ADD CONSTRAINT customers_dailysales_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_databasesync
    ADD CONSTRAINT customers_databasesync_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_databasesync
    ADD CONSTRAINT customers_databasesync_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_duplicatepair
    ADD CONSTRAINT customers_duplicatepair_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_event
    ADD CONSTRAINT customers_event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_eventpolicy
    ADD CONSTRAINT customers_eventpolicy_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_hourlysales
    ADD CONSTRAINT customers_hourlysales_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_identifier
    ADD CONSTRAINT customers_identifier_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_importperson
    ADD CONSTRAINT customers_importperson_pkey PRIMARY KEY (import_id, key);
ALTER TABLE ONLY regulars_template_schema.customers_importrow
    ADD CONSTRAINT customers_importrow_pkey PRIMARY KEY (import_id, chunk, line);
ALTER TABLE ONLY regulars_template_schema.customers_importrun
    ADD CONSTRAINT customers_importrun_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_importrun
    ADD CONSTRAINT customers_importrun_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_importundo
    ADD CONSTRAINT customers_importundo_pkey PRIMARY KEY (import_id, kind, row_id);
ALTER TABLE ONLY regulars_template_schema.customers_keptapart
    ADD CONSTRAINT customers_keptapart_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_note
    ADD CONSTRAINT customers_note_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_note
    ADD CONSTRAINT customers_note_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_order
    ADD CONSTRAINT customers_order_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_order
    ADD CONSTRAINT customers_order_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_orderline
    ADD CONSTRAINT customers_orderline_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_peoplegroup
    ADD CONSTRAINT customers_peoplegroup_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_product
    ADD CONSTRAINT customers_product_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_product
    ADD CONSTRAINT customers_product_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_product
    ADD CONSTRAINT customers_product_sku_key UNIQUE (sku);
ALTER TABLE ONLY regulars_template_schema.customers_productday
    ADD CONSTRAINT customers_productday_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_productmonth
    ADD CONSTRAINT customers_productmonth_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_productpair
    ADD CONSTRAINT customers_productpair_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_productsales
    ADD CONSTRAINT customers_productsales_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_refund
    ADD CONSTRAINT customers_refund_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_refund
    ADD CONSTRAINT customers_refund_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_refundline
    ADD CONSTRAINT customers_refundline_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_rollupstate
    ADD CONSTRAINT customers_rollupstate_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_savedview
    ADD CONSTRAINT customers_savedview_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_savedview
    ADD CONSTRAINT customers_savedview_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_staleday
    ADD CONSTRAINT customers_staleday_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_stockforecast
    ADD CONSTRAINT customers_stockforecast_pkey PRIMARY KEY (level_id);
ALTER TABLE ONLY regulars_template_schema.customers_stocklevel
    ADD CONSTRAINT customers_stocklevel_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_stocklevel
    ADD CONSTRAINT customers_stocklevel_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_stocklocation
    ADD CONSTRAINT customers_stocklocation_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_stocklocation
    ADD CONSTRAINT customers_stocklocation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_stockmovement
    ADD CONSTRAINT customers_stockmovement_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_stockmovement
    ADD CONSTRAINT customers_stockmovement_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_streamreader
    ADD CONSTRAINT customers_streamreader_pkey PRIMARY KEY (name);
ALTER TABLE ONLY regulars_template_schema.customers_syncrun
    ADD CONSTRAINT customers_syncrun_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_syncrun
    ADD CONSTRAINT customers_syncrun_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_tag
    ADD CONSTRAINT customers_tag_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.customers_tag
    ADD CONSTRAINT customers_tag_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_trackedname
    ADD CONSTRAINT customers_trackedname_pkey PRIMARY KEY (name);
ALTER TABLE ONLY regulars_template_schema.customers_dailysales
    ADD CONSTRAINT daily_sales_once UNIQUE (business_id, day);
ALTER TABLE ONLY regulars_template_schema.customers_databasesync
    ADD CONSTRAINT database_sync_name UNIQUE (business_id, name);
ALTER TABLE ONLY regulars_template_schema.django_admin_log
    ADD CONSTRAINT django_admin_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.django_migrations
    ADD CONSTRAINT django_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.django_session
    ADD CONSTRAINT django_session_pkey PRIMARY KEY (session_key);
ALTER TABLE ONLY regulars_template_schema.customers_duplicatepair
    ADD CONSTRAINT duplicate_pair_once UNIQUE (first_id, second_id);
ALTER TABLE ONLY regulars_template_schema.loyalty_finalline
    ADD CONSTRAINT final_line_once UNIQUE NULLS NOT DISTINCT (statement_id, month, debtor_id, creditor_id);
ALTER TABLE ONLY regulars_template_schema.loyalty_holdallocation
    ADD CONSTRAINT hold_allocation_once_per_lot UNIQUE (hold_id, lot_id);
ALTER TABLE ONLY regulars_template_schema.customers_hourlysales
    ADD CONSTRAINT hourly_sales_once UNIQUE (business_id, day, hour, channel);
ALTER TABLE ONLY regulars_template_schema.workspace_idempotencyrecord
    ADD CONSTRAINT idempotency_once_per_key UNIQUE (owner, endpoint, key);
ALTER TABLE ONLY regulars_template_schema.customers_identifier
    ADD CONSTRAINT identifier_unique UNIQUE (kind, value);
ALTER TABLE ONLY regulars_template_schema.messaging_inboundmessage
    ADD CONSTRAINT inbound_once_per_provider_id UNIQUE (provider, provider_id);
ALTER TABLE ONLY regulars_template_schema.intelligence_analysisrun
    ADD CONSTRAINT intelligence_analysisrun_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.intelligence_archetyperun
    ADD CONSTRAINT intelligence_archetyperun_code_61a4e148_uniq UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.intelligence_archetyperun
    ADD CONSTRAINT intelligence_archetyperun_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.intelligence_backtestrun
    ADD CONSTRAINT intelligence_backtestrun_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.intelligence_customerfeatures
    ADD CONSTRAINT intelligence_customerfeatures_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY regulars_template_schema.intelligence_featurerun
    ADD CONSTRAINT intelligence_featurerun_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.intelligence_intelligencesettings
    ADD CONSTRAINT intelligence_intelligencesettings_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.intelligence_popularproduct
    ADD CONSTRAINT intelligence_popularproduct_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.intelligence_rfmrun
    ADD CONSTRAINT intelligence_rfmrun_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.intelligence_stalefeatures
    ADD CONSTRAINT intelligence_stalefeatures_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY regulars_template_schema.workspace_job
    ADD CONSTRAINT job_once_per_key UNIQUE (kind, key);
ALTER TABLE ONLY regulars_template_schema.customers_keptapart
    ADD CONSTRAINT kept_apart_once UNIQUE (first_id, second_id);
ALTER TABLE ONLY regulars_template_schema.loyalty_account
    ADD CONSTRAINT loyalty_account_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY regulars_template_schema.loyalty_adjustmentrequest
    ADD CONSTRAINT loyalty_adjustmentrequest_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_adjustmentrequest
    ADD CONSTRAINT loyalty_adjustmentrequest_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_adjustmentrequest
    ADD CONSTRAINT loyalty_adjustmentrequest_transaction_id_key UNIQUE (transaction_id);
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliate
    ADD CONSTRAINT loyalty_affiliate_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliate
    ADD CONSTRAINT loyalty_affiliate_link_code_key UNIQUE (link_code);
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliate
    ADD CONSTRAINT loyalty_affiliate_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliatecustomer
    ADD CONSTRAINT loyalty_affiliatecustomer_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliatecustomer
    ADD CONSTRAINT loyalty_affiliatecustomer_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliateday
    ADD CONSTRAINT loyalty_affiliateday_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliateline
    ADD CONSTRAINT loyalty_affiliateline_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliatepayout
    ADD CONSTRAINT loyalty_affiliatepayout_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliatepayout
    ADD CONSTRAINT loyalty_affiliatepayout_number_key UNIQUE (number);
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliatepayout
    ADD CONSTRAINT loyalty_affiliatepayout_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliatesale
    ADD CONSTRAINT loyalty_affiliatesale_order_id_key UNIQUE (order_id);
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliatesale
    ADD CONSTRAINT loyalty_affiliatesale_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliatesettings
    ADD CONSTRAINT loyalty_affiliatesettings_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_covisit
    ADD CONSTRAINT loyalty_covisit_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_crosspromotion
    ADD CONSTRAINT loyalty_crosspromotion_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_crosspromotion
    ADD CONSTRAINT loyalty_crosspromotion_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_earningrate
    ADD CONSTRAINT loyalty_earningrate_pkey PRIMARY KEY (business_id);
ALTER TABLE ONLY regulars_template_schema.loyalty_earningrule
    ADD CONSTRAINT loyalty_earningrule_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_earningrule
    ADD CONSTRAINT loyalty_earningrule_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_entry
    ADD CONSTRAINT loyalty_entry_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_finalline
    ADD CONSTRAINT loyalty_finalline_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_finalstatement
    ADD CONSTRAINT loyalty_finalstatement_business_id_key UNIQUE (business_id);
ALTER TABLE ONLY regulars_template_schema.loyalty_finalstatement
    ADD CONSTRAINT loyalty_finalstatement_pkey PRIMARY KEY (leaving_id);
ALTER TABLE ONLY regulars_template_schema.loyalty_hold
    ADD CONSTRAINT loyalty_hold_pkey PRIMARY KEY (transaction_id);
ALTER TABLE ONLY regulars_template_schema.loyalty_holdallocation
    ADD CONSTRAINT loyalty_holdallocation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_leaving
    ADD CONSTRAINT loyalty_leaving_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_leaving
    ADD CONSTRAINT loyalty_leaving_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_lot
    ADD CONSTRAINT loyalty_lot_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_loyaltysettings
    ADD CONSTRAINT loyalty_loyaltysettings_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_pointage
    ADD CONSTRAINT loyalty_pointage_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_pointcount
    ADD CONSTRAINT loyalty_pointcount_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_pointday
    ADD CONSTRAINT loyalty_pointday_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_recommendation
    ADD CONSTRAINT loyalty_recommendation_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_recommendation
    ADD CONSTRAINT loyalty_recommendation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_recommendersettings
    ADD CONSTRAINT loyalty_recommendersettings_pkey PRIMARY KEY (name);
ALTER TABLE ONLY regulars_template_schema.loyalty_referral
    ADD CONSTRAINT loyalty_referral_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_referral
    ADD CONSTRAINT loyalty_referral_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_referralcode
    ADD CONSTRAINT loyalty_referralcode_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_referralcode
    ADD CONSTRAINT loyalty_referralcode_pkey PRIMARY KEY (account_id);
ALTER TABLE ONLY regulars_template_schema.loyalty_referralsettings
    ADD CONSTRAINT loyalty_referralsettings_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_reward
    ADD CONSTRAINT loyalty_reward_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_reward
    ADD CONSTRAINT loyalty_reward_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_settlementline
    ADD CONSTRAINT loyalty_settlementline_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_settlementmonth
    ADD CONSTRAINT loyalty_settlementmonth_pkey PRIMARY KEY (month);
ALTER TABLE ONLY regulars_template_schema.loyalty_stampact
    ADD CONSTRAINT loyalty_stampact_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_stampbook
    ADD CONSTRAINT loyalty_stampbook_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_stampcard
    ADD CONSTRAINT loyalty_stampcard_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_stampcard
    ADD CONSTRAINT loyalty_stampcard_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_stampentry
    ADD CONSTRAINT loyalty_stampentry_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_stampentry
    ADD CONSTRAINT loyalty_stampentry_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_stampentry
    ADD CONSTRAINT loyalty_stampentry_undoes_id_key UNIQUE (undoes_id);
ALTER TABLE ONLY regulars_template_schema.loyalty_stampreward
    ADD CONSTRAINT loyalty_stampreward_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_stampreward
    ADD CONSTRAINT loyalty_stampreward_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_stampsale
    ADD CONSTRAINT loyalty_stampsale_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_tier
    ADD CONSTRAINT loyalty_tier_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_tier
    ADD CONSTRAINT loyalty_tier_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_tier
    ADD CONSTRAINT loyalty_tier_rank_key UNIQUE (rank);
ALTER TABLE ONLY regulars_template_schema.loyalty_tierchange
    ADD CONSTRAINT loyalty_tierchange_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.loyalty_transaction
    ADD CONSTRAINT loyalty_transaction_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.loyalty_transaction
    ADD CONSTRAINT loyalty_transaction_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.messaging_customerpin
    ADD CONSTRAINT messaging_customerpin_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY regulars_template_schema.messaging_customersession
    ADD CONSTRAINT messaging_customersession_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.messaging_customersession
    ADD CONSTRAINT messaging_customersession_token_digest_key UNIQUE (token_digest);
ALTER TABLE ONLY regulars_template_schema.messaging_inboundmessage
    ADD CONSTRAINT messaging_inboundmessage_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.messaging_inboundmessage
    ADD CONSTRAINT messaging_inboundmessage_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.messaging_messagereceipt
    ADD CONSTRAINT messaging_messagereceipt_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.messaging_onetimecode
    ADD CONSTRAINT messaging_onetimecode_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.messaging_onetimecode
    ADD CONSTRAINT messaging_onetimecode_request_digest_key UNIQUE (request_digest);
ALTER TABLE ONLY regulars_template_schema.messaging_outboundmessage
    ADD CONSTRAINT messaging_outboundmessage_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.messaging_outboundmessage
    ADD CONSTRAINT messaging_outboundmessage_dedupe_key_key UNIQUE (dedupe_key);
ALTER TABLE ONLY regulars_template_schema.messaging_outboundmessage
    ADD CONSTRAINT messaging_outboundmessage_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.messaging_pinfailure
    ADD CONSTRAINT messaging_pinfailure_phone_digest_key UNIQUE (phone_digest);
ALTER TABLE ONLY regulars_template_schema.messaging_pinfailure
    ADD CONSTRAINT messaging_pinfailure_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.messaging_smsconnection
    ADD CONSTRAINT messaging_smsconnection_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.messaging_suppression
    ADD CONSTRAINT messaging_suppression_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.messaging_webhookattempt
    ADD CONSTRAINT messaging_webhookattempt_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.messaging_webhookdelivery
    ADD CONSTRAINT messaging_webhookdelivery_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.messaging_webhookdelivery
    ADD CONSTRAINT messaging_webhookdelivery_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.messaging_webhookendpoint
    ADD CONSTRAINT messaging_webhookendpoint_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.messaging_webhookendpoint
    ADD CONSTRAINT messaging_webhookendpoint_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.customers_order
    ADD CONSTRAINT order_reference_unique UNIQUE (business_id, reference);
ALTER TABLE ONLY regulars_template_schema.customers_peoplegroup
    ADD CONSTRAINT people_group_once UNIQUE NULLS NOT DISTINCT (business_id, kind, key);
ALTER TABLE ONLY regulars_template_schema.loyalty_pointage
    ADD CONSTRAINT point_age_once UNIQUE NULLS NOT DISTINCT (issuer_id, age);
ALTER TABLE ONLY regulars_template_schema.loyalty_pointday
    ADD CONSTRAINT point_day_once UNIQUE NULLS NOT DISTINCT (day, flow, issuer_id, business_id);
ALTER TABLE ONLY regulars_template_schema.intelligence_popularproduct
    ADD CONSTRAINT popular_product_once UNIQUE NULLS NOT DISTINCT (product_id, archetype_id, business_id);
ALTER TABLE ONLY regulars_template_schema.customers_productday
    ADD CONSTRAINT product_day_once UNIQUE NULLS NOT DISTINCT (day, business_id, product_id);
ALTER TABLE ONLY regulars_template_schema.customers_productmonth
    ADD CONSTRAINT product_month_once UNIQUE NULLS NOT DISTINCT (month, business_id, product_id);
ALTER TABLE ONLY regulars_template_schema.customers_productpair
    ADD CONSTRAINT product_pair_once UNIQUE NULLS NOT DISTINCT (product_id, business_id, other_id);
ALTER TABLE ONLY regulars_template_schema.customers_productsales
    ADD CONSTRAINT product_sales_once UNIQUE NULLS NOT DISTINCT (product_id, business_id);
ALTER TABLE ONLY regulars_template_schema.messaging_messagereceipt
    ADD CONSTRAINT receipt_once_per_word UNIQUE (message_id, word);
ALTER TABLE ONLY regulars_template_schema.customers_refundline
    ADD CONSTRAINT refund_line_position UNIQUE (refund_id, "position");
ALTER TABLE ONLY regulars_template_schema.customers_refund
    ADD CONSTRAINT refund_reference_unique UNIQUE (business_id, reference);
ALTER TABLE ONLY regulars_template_schema.loyalty_settlementline
    ADD CONSTRAINT settlement_line_once UNIQUE NULLS NOT DISTINCT (month_id, debtor_id, creditor_id);
ALTER TABLE ONLY regulars_template_schema.customers_staleday
    ADD CONSTRAINT stale_day_once UNIQUE (business_id, day);
ALTER TABLE ONLY regulars_template_schema.loyalty_stampact
    ADD CONSTRAINT stamp_act_once_per_key UNIQUE (key_owner, kind, key);
ALTER TABLE ONLY regulars_template_schema.loyalty_stampbook
    ADD CONSTRAINT stamp_book_once_per_card UNIQUE (account_id, card_id);
ALTER TABLE ONLY regulars_template_schema.loyalty_stampsale
    ADD CONSTRAINT stamp_sale_once_per_card UNIQUE (order_id, book_id);
ALTER TABLE ONLY regulars_template_schema.customers_stocklevel
    ADD CONSTRAINT stock_level_once UNIQUE (product_id, location_id);
ALTER TABLE ONLY regulars_template_schema.customers_stocklocation
    ADD CONSTRAINT stock_location_name UNIQUE (business_id, name);
ALTER TABLE ONLY regulars_template_schema.messaging_suppression
    ADD CONSTRAINT suppression_once_per_address UNIQUE (channel, address);
ALTER TABLE ONLY regulars_template_schema.workspace_apiclient
    ADD CONSTRAINT workspace_apiclient_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.workspace_apiclient
    ADD CONSTRAINT workspace_apiclient_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.workspace_apikey
    ADD CONSTRAINT workspace_apikey_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.workspace_apikey
    ADD CONSTRAINT workspace_apikey_prefix_key UNIQUE (prefix);
ALTER TABLE ONLY regulars_template_schema.workspace_auditentry
    ADD CONSTRAINT workspace_auditentry_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.workspace_business
    ADD CONSTRAINT workspace_business_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.workspace_business
    ADD CONSTRAINT workspace_business_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.workspace_idempotencyrecord
    ADD CONSTRAINT workspace_idempotencyrecord_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.workspace_job
    ADD CONSTRAINT workspace_job_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.workspace_job
    ADD CONSTRAINT workspace_job_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.workspace_tilldevice
    ADD CONSTRAINT workspace_tilldevice_code_key UNIQUE (code);
ALTER TABLE ONLY regulars_template_schema.workspace_tilldevice
    ADD CONSTRAINT workspace_tilldevice_pkey PRIMARY KEY (id);
ALTER TABLE ONLY regulars_template_schema.workspace_tilldevice
    ADD CONSTRAINT workspace_tilldevice_token_digest_key UNIQUE (token_digest);
CREATE INDEX account_by_expiry ON regulars_template_schema.loyalty_account USING btree (expires_next_at) WHERE (expires_next_at IS NOT NULL);
CREATE INDEX account_by_tier ON regulars_template_schema.loyalty_account USING btree (tier_id) WHERE (tier_id IS NOT NULL);
CREATE INDEX account_by_tier_due ON regulars_template_schema.loyalty_account USING btree (tier_due_at) WHERE (tier_due_at IS NOT NULL);
CREATE INDEX adjustment_request_by_state ON regulars_template_schema.loyalty_adjustmentrequest USING btree (state, id DESC);
CREATE INDEX affiliate_customer_address ON regulars_template_schema.loyalty_affiliatecustomer USING btree (address_digest, created_at);
CREATE INDEX affiliate_customer_all ON regulars_template_schema.loyalty_affiliatecustomer USING btree (customer_id) WHERE (customer_id IS NOT NULL);
CREATE INDEX affiliate_customer_newest ON regulars_template_schema.loyalty_affiliatecustomer USING btree (affiliate_id, created_at DESC);
CREATE UNIQUE INDEX affiliate_customer_once ON regulars_template_schema.loyalty_affiliatecustomer USING btree (customer_id) WHERE ((NOT ((state)::text = 'ended'::text)) AND (customer_id IS NOT NULL));
CREATE INDEX affiliate_customer_review ON regulars_template_schema.loyalty_affiliatecustomer USING btree (created_at) WHERE ((state)::text = 'review'::text);
CREATE INDEX affiliate_line_newest ON regulars_template_schema.loyalty_affiliateline USING btree (affiliate_id, id DESC);
CREATE INDEX affiliate_line_open ON regulars_template_schema.loyalty_affiliateline USING btree (affiliate_id, payable_at) WHERE (payout_id IS NULL);
CREATE UNIQUE INDEX affiliate_number_once ON regulars_template_schema.loyalty_affiliatecustomer USING btree (phone) WHERE (((state)::text = 'waiting'::text) AND (NOT ((phone)::text = ''::text)));
CREATE INDEX affiliate_number_waits ON regulars_template_schema.loyalty_affiliatecustomer USING btree (expires_at) WHERE ((state)::text = 'waiting'::text);
CREATE INDEX affiliate_payout_newest ON regulars_template_schema.loyalty_affiliatepayout USING btree (affiliate_id, id DESC);
CREATE INDEX affiliate_sale_by_month ON regulars_template_schema.loyalty_affiliatesale USING btree (affiliate_id, month);
CREATE INDEX analysis_run_newest ON regulars_template_schema.intelligence_analysisrun USING btree (finished_at DESC);
CREATE INDEX archetype_members ON regulars_template_schema.customers_customerarchetype USING btree (archetype_id, customer_id);
CREATE INDEX archetype_run_newest ON regulars_template_schema.intelligence_archetyperun USING btree (finished_at DESC);
CREATE INDEX audit_by_action ON regulars_template_schema.workspace_auditentry USING btree (action, at DESC, id DESC) WHERE ((action)::text !~~ 'loyalty.points.%'::text);
CREATE INDEX audit_by_actor ON regulars_template_schema.workspace_auditentry USING btree (actor, id DESC);
CREATE INDEX audit_by_business ON regulars_template_schema.workspace_auditentry USING btree (business_id, at DESC, id DESC);
CREATE INDEX audit_by_subject ON regulars_template_schema.workspace_auditentry USING btree (subject, id DESC);
CREATE INDEX audit_by_time ON regulars_template_schema.workspace_auditentry USING btree (at DESC, id DESC);
CREATE INDEX audit_words ON regulars_template_schema.workspace_auditentry USING gin (upper((data)::text) public.gin_trgm_ops) WHERE ((action)::text !~~ 'loyalty.points.%'::text);
CREATE INDEX backtest_run_newest ON regulars_template_schema.intelligence_backtestrun USING btree (finished_at DESC);
CREATE INDEX bulk_run_by_age ON regulars_template_schema.customers_bulkrun USING btree (created_at);
CREATE INDEX bulk_run_files ON regulars_template_schema.customers_bulkrun USING btree (finished_at) WHERE (NOT ((path)::text = ''::text));
CREATE INDEX business_facts_by_first ON regulars_template_schema.customers_businesscustomerfacts USING btree (business_id, first_order_at, customer_id);
CREATE INDEX business_facts_by_last ON regulars_template_schema.customers_businesscustomerfacts USING btree (business_id, COALESCE(last_order_at, '1900-01-01 00:00:00+00'::timestamp with time zone) DESC, customer_id DESC);
CREATE INDEX business_facts_by_orders ON regulars_template_schema.customers_businesscustomerfacts USING btree (business_id, orders_count DESC, customer_id DESC);
CREATE INDEX business_facts_by_spend ON regulars_template_schema.customers_businesscustomerfacts USING btree (business_id, total_spent DESC, customer_id DESC);
CREATE UNIQUE INDEX business_name_unique ON regulars_template_schema.workspace_business USING btree (lower((name)::text));
CREATE UNIQUE INDEX buyer_day_once ON regulars_template_schema.customers_buyerday USING btree (business_id, day, before) INCLUDE (customers, members, members_before) NULLS NOT DISTINCT;
CREATE INDEX code_by_address ON regulars_template_schema.messaging_onetimecode USING btree (address, created_at);
CREATE INDEX code_by_age ON regulars_template_schema.messaging_onetimecode USING btree (created_at);
CREATE INDEX code_by_dial_code ON regulars_template_schema.messaging_onetimecode USING btree (dial_code, created_at);
CREATE INDEX code_by_phone ON regulars_template_schema.messaging_onetimecode USING btree (phone, created_at);
CREATE INDEX code_by_prefix ON regulars_template_schema.messaging_onetimecode USING btree (prefix, created_at);
CREATE INDEX consent_newest ON regulars_template_schema.customers_consentrecord USING btree (customer_id, channel, purpose, id DESC);
CREATE INDEX customer_active ON regulars_template_schema.customers_customer USING btree (id) WHERE ((state)::text = 'active'::text);
CREATE INDEX customer_attributes ON regulars_template_schema.customers_customer USING gin (attributes);
CREATE INDEX customer_by_country ON regulars_template_schema.customers_customer USING btree (country, id) WHERE (((state)::text = 'active'::text) AND (NOT ((country)::text = ''::text)));
CREATE INDEX customer_by_name ON regulars_template_schema.customers_customer USING btree (last_name, first_name, id);
CREATE INDEX customer_merged ON regulars_template_schema.customers_customer USING btree (merged_into_id) WHERE (merged_into_id IS NOT NULL);
CREATE INDEX customer_newest ON regulars_template_schema.customers_customer USING btree (created_at DESC, id DESC);
CREATE INDEX customer_search ON regulars_template_schema.customers_customer USING gin (search_text public.gin_trgm_ops);
CREATE INDEX customer_session_by_expiry ON regulars_template_schema.messaging_customersession USING btree (expires_at);
CREATE INDEX customer_tag_by_tag ON regulars_template_schema.customers_customertag USING btree (tag_id, customer_id);
CREATE INDEX customers_archetype_came_from_id_63d63b93 ON regulars_template_schema.customers_archetype USING btree (came_from_id);
CREATE INDEX customers_archetype_code_15d90760_like ON regulars_template_schema.customers_archetype USING btree (code varchar_pattern_ops);
CREATE INDEX customers_archetype_tier_id_52c40ce7 ON regulars_template_schema.customers_archetype USING btree (tier_id);
CREATE INDEX customers_attributedefinition_code_97f7d956_like ON regulars_template_schema.customers_attributedefinition USING btree (code varchar_pattern_ops);
CREATE INDEX customers_attributedefinition_key_5308a94c_like ON regulars_template_schema.customers_attributedefinition USING btree (key varchar_pattern_ops);
CREATE INDEX customers_bulkrun_code_9d3da6bf_like ON regulars_template_schema.customers_bulkrun USING btree (code varchar_pattern_ops);
CREATE INDEX customers_businesscustomerfacts_customer_id_ea6e362d ON regulars_template_schema.customers_businesscustomerfacts USING btree (customer_id);
CREATE INDEX customers_consentrecord_customer_id_48c59a12 ON regulars_template_schema.customers_consentrecord USING btree (customer_id);
CREATE INDEX customers_countedat_kind_cbbbaecf_like ON regulars_template_schema.customers_countedat USING btree (kind varchar_pattern_ops);
CREATE INDEX customers_customer_code_f5e1b9fb_like ON regulars_template_schema.customers_customer USING btree (code varchar_pattern_ops);
CREATE INDEX customers_customermerge_code_e5a67b4d_like ON regulars_template_schema.customers_customermerge USING btree (code varchar_pattern_ops);
CREATE INDEX customers_databasesync_business_id_a2a2c25e ON regulars_template_schema.customers_databasesync USING btree (business_id);
CREATE INDEX customers_databasesync_code_d501a4f9_like ON regulars_template_schema.customers_databasesync USING btree (code varchar_pattern_ops);
CREATE INDEX customers_duplicatepair_second_id_c1d9b16f ON regulars_template_schema.customers_duplicatepair USING btree (second_id);
CREATE INDEX customers_identifier_customer_id_b95edd20 ON regulars_template_schema.customers_identifier USING btree (customer_id);
CREATE INDEX customers_importrun_business_id_49ee5c10 ON regulars_template_schema.customers_importrun USING btree (business_id);
CREATE INDEX customers_importrun_code_0836842a_like ON regulars_template_schema.customers_importrun USING btree (code varchar_pattern_ops);
CREATE INDEX customers_importrun_job_id_d0cc7c0c ON regulars_template_schema.customers_importrun USING btree (job_id);
CREATE INDEX customers_importrun_sync_run_id_9972ce93 ON regulars_template_schema.customers_importrun USING btree (sync_run_id);
CREATE INDEX customers_importrun_undo_job_id_96c0b382 ON regulars_template_schema.customers_importrun USING btree (undo_job_id);
CREATE INDEX customers_keptapart_second_id_47db0364 ON regulars_template_schema.customers_keptapart USING btree (second_id);
CREATE INDEX customers_note_code_623ab383_like ON regulars_template_schema.customers_note USING btree (code varchar_pattern_ops);
CREATE INDEX customers_order_code_1b709c46_like ON regulars_template_schema.customers_order USING btree (code varchar_pattern_ops);
CREATE INDEX customers_product_code_199a57f3_like ON regulars_template_schema.customers_product USING btree (code varchar_pattern_ops);
CREATE INDEX customers_product_sku_8580f013_like ON regulars_template_schema.customers_product USING btree (sku varchar_pattern_ops);
CREATE INDEX customers_productpair_other_id_bdb62757 ON regulars_template_schema.customers_productpair USING btree (other_id);
CREATE INDEX customers_refund_code_1879de6b_like ON regulars_template_schema.customers_refund USING btree (code varchar_pattern_ops);
CREATE INDEX customers_refund_order_id_f0156fb1 ON regulars_template_schema.customers_refund USING btree (order_id);
CREATE INDEX customers_refundline_order_line_id_c469c108 ON regulars_template_schema.customers_refundline USING btree (order_line_id);
CREATE INDEX customers_refundline_product_id_c9080293 ON regulars_template_schema.customers_refundline USING btree (product_id);
CREATE INDEX customers_savedview_code_91ca8f86_like ON regulars_template_schema.customers_savedview USING btree (code varchar_pattern_ops);
CREATE INDEX customers_stocklevel_code_cfaa4cac_like ON regulars_template_schema.customers_stocklevel USING btree (code varchar_pattern_ops);
CREATE INDEX customers_stocklevel_location_id_33689ff9 ON regulars_template_schema.customers_stocklevel USING btree (location_id);
CREATE INDEX customers_stocklocation_business_id_4f47e93d ON regulars_template_schema.customers_stocklocation USING btree (business_id);
CREATE INDEX customers_stocklocation_code_882f3227_like ON regulars_template_schema.customers_stocklocation USING btree (code varchar_pattern_ops);
CREATE INDEX customers_stockmovement_code_10110498_like ON regulars_template_schema.customers_stockmovement USING btree (code varchar_pattern_ops);
CREATE INDEX customers_streamreader_name_7adb0138_like ON regulars_template_schema.customers_streamreader USING btree (name varchar_pattern_ops);
CREATE INDEX customers_syncrun_code_acc39219_like ON regulars_template_schema.customers_syncrun USING btree (code varchar_pattern_ops);
CREATE INDEX customers_syncrun_job_id_67b55930 ON regulars_template_schema.customers_syncrun USING btree (job_id);
CREATE INDEX customers_syncrun_sync_id_cdbe66f2 ON regulars_template_schema.customers_syncrun USING btree (sync_id);
CREATE INDEX customers_tag_code_c778c114_like ON regulars_template_schema.customers_tag USING btree (code varchar_pattern_ops);
CREATE INDEX customers_trackedname_name_d9e2583a_like ON regulars_template_schema.customers_trackedname USING btree (name varchar_pattern_ops);
CREATE INDEX daily_sales_by_day ON regulars_template_schema.customers_dailysales USING btree (day, business_id);
CREATE INDEX django_admin_log_content_type_id_c4bce8eb ON regulars_template_schema.django_admin_log USING btree (content_type_id);
CREATE INDEX django_admin_log_user_id_c564eba6 ON regulars_template_schema.django_admin_log USING btree (user_id);
CREATE INDEX django_session_expire_date_a5c62663 ON regulars_template_schema.django_session USING btree (expire_date);
CREATE INDEX django_session_session_key_c0390e0f_like ON regulars_template_schema.django_session USING btree (session_key varchar_pattern_ops);
CREATE INDEX duplicate_surest ON regulars_template_schema.customers_duplicatepair USING btree (score DESC, id DESC);
CREATE INDEX earning_rule_active ON regulars_template_schema.loyalty_earningrule USING btree (trigger) WHERE is_active;
CREATE INDEX entry_by_lot ON regulars_template_schema.loyalty_entry USING btree (lot_id) WHERE (lot_id IS NOT NULL);
CREATE UNIQUE INDEX event_message_once ON regulars_template_schema.customers_event USING btree (message_id) WHERE (message_id IS NOT NULL);
CREATE INDEX event_newest ON regulars_template_schema.customers_event USING btree (occurred_at DESC, id DESC) WHERE ((tracked)::text = ''::text);
CREATE INDEX event_of_visitor ON regulars_template_schema.customers_event USING btree (anonymous_id) WHERE ((anonymous_id IS NOT NULL) AND (customer_id IS NULL));
CREATE INDEX event_stream ON regulars_template_schema.customers_event USING btree (transaction_id, id);
CREATE INDEX event_timeline ON regulars_template_schema.customers_event USING btree (customer_id, occurred_at DESC, id DESC);
CREATE INDEX event_to_forget ON regulars_template_schema.customers_event USING btree (received_at) WHERE (NOT ((tracked)::text = ''::text));
CREATE INDEX event_windows ON regulars_template_schema.customers_event USING btree (name, tracked, occurred_at, customer_id);
CREATE INDEX facts_by_balance ON regulars_template_schema.customers_customerfacts USING btree (balance DESC, customer_id DESC);
CREATE INDEX facts_by_first_order ON regulars_template_schema.customers_customerfacts USING btree (first_order_at, customer_id);
CREATE INDEX facts_by_last_order ON regulars_template_schema.customers_customerfacts USING btree (COALESCE(last_order_at, '1900-01-01 00:00:00+00'::timestamp with time zone) DESC, customer_id DESC);
CREATE INDEX facts_by_orders ON regulars_template_schema.customers_customerfacts USING btree (orders_count DESC, customer_id DESC);
CREATE INDEX facts_by_rfm_group ON regulars_template_schema.customers_customerfacts USING btree (rfm_group, customer_id);
CREATE INDEX facts_by_spend ON regulars_template_schema.customers_customerfacts USING btree (total_spent DESC, customer_id DESC);
CREATE INDEX facts_by_tier ON regulars_template_schema.customers_customerfacts USING btree (tier, customer_id) WHERE (NOT ((tier)::text = ''::text));
CREATE INDEX facts_of_members ON regulars_template_schema.customers_customerfacts USING btree (customer_id) WHERE is_member;
CREATE INDEX feature_run_newest ON regulars_template_schema.intelligence_featurerun USING btree (finished_at DESC);
CREATE INDEX hold_live_by_account ON regulars_template_schema.loyalty_hold USING btree (account_id, expires_at) WHERE ((state)::text = 'held'::text);
CREATE INDEX hourly_sales_by_day ON regulars_template_schema.customers_hourlysales USING btree (day);
CREATE INDEX idempotency_by_age ON regulars_template_schema.workspace_idempotencyrecord USING btree (created_at);
CREATE INDEX identifier_phone_begins ON regulars_template_schema.customers_identifier USING btree (value varchar_pattern_ops) WHERE ((kind)::text = 'phone'::text);
CREATE INDEX import_newest ON regulars_template_schema.customers_importrun USING btree (id DESC);
CREATE UNIQUE INDEX import_once_per_content ON regulars_template_schema.customers_importrun USING btree (content_key) WHERE (NOT ((content_key)::text = ''::text));
CREATE INDEX import_person_by_chunk ON regulars_template_schema.customers_importperson USING btree (import_id, chunk);
CREATE INDEX inbound_by_age ON regulars_template_schema.messaging_inboundmessage USING btree (received_at);
CREATE INDEX inbound_by_customer ON regulars_template_schema.messaging_inboundmessage USING btree (customer_id, id DESC);
CREATE INDEX inbound_by_sender ON regulars_template_schema.messaging_inboundmessage USING btree (sender);
CREATE INDEX inbound_undecided ON regulars_template_schema.messaging_inboundmessage USING btree (sender) WHERE (((decision)::text = ''::text) AND ((reading)::text = 'unclear'::text));
CREATE INDEX intelligence_archetyperun_code_61a4e148_like ON regulars_template_schema.intelligence_archetyperun USING btree (code varchar_pattern_ops);
CREATE INDEX job_newest ON regulars_template_schema.workspace_job USING btree (id DESC);
CREATE INDEX job_unfinished_by_lease ON regulars_template_schema.workspace_job USING btree (lease_until) WHERE (finished_at IS NULL);
CREATE UNIQUE INDEX leaving_once_per_business ON regulars_template_schema.loyalty_leaving USING btree (business_id) WHERE (NOT ((state)::text = 'cancelled'::text));
CREATE INDEX lot_by_expiry ON regulars_template_schema.loyalty_lot USING btree (expires_at) WHERE ((expires_at IS NOT NULL) AND (remaining > 0));
CREATE INDEX lot_pending ON regulars_template_schema.loyalty_lot USING btree (account_id, available_at) WHERE is_pending;
CREATE INDEX lot_spending_order ON regulars_template_schema.loyalty_lot USING btree (account_id, expires_at, id) WHERE (remaining > 0);
CREATE INDEX loyalty_adjustmentrequest_business_id_e3322d61 ON regulars_template_schema.loyalty_adjustmentrequest USING btree (business_id);
CREATE INDEX loyalty_adjustmentrequest_code_c73b21b6_like ON regulars_template_schema.loyalty_adjustmentrequest USING btree (code varchar_pattern_ops);
CREATE INDEX loyalty_adjustmentrequest_customer_id_316ffc96 ON regulars_template_schema.loyalty_adjustmentrequest USING btree (customer_id);
CREATE INDEX loyalty_affiliate_code_65eb7379_like ON regulars_template_schema.loyalty_affiliate USING btree (code varchar_pattern_ops);
CREATE INDEX loyalty_affiliate_link_code_e88a5f67_like ON regulars_template_schema.loyalty_affiliate USING btree (link_code varchar_pattern_ops);
CREATE INDEX loyalty_affiliatecustomer_code_0d616a8f_like ON regulars_template_schema.loyalty_affiliatecustomer USING btree (code varchar_pattern_ops);
CREATE INDEX loyalty_affiliateline_payout_id_d82ae07b ON regulars_template_schema.loyalty_affiliateline USING btree (payout_id);
CREATE INDEX loyalty_affiliateline_sale_id_5c6069c7 ON regulars_template_schema.loyalty_affiliateline USING btree (sale_id);
CREATE INDEX loyalty_affiliatepayout_code_b89370f2_like ON regulars_template_schema.loyalty_affiliatepayout USING btree (code varchar_pattern_ops);
CREATE INDEX loyalty_affiliatesale_came_id_c91430aa ON regulars_template_schema.loyalty_affiliatesale USING btree (came_id);
CREATE INDEX loyalty_crosspromotion_business_id_4c8b83de ON regulars_template_schema.loyalty_crosspromotion USING btree (business_id);
CREATE INDEX loyalty_crosspromotion_code_43c5ec33_like ON regulars_template_schema.loyalty_crosspromotion USING btree (code varchar_pattern_ops);
CREATE INDEX loyalty_crosspromotion_other_id_7ec2c027 ON regulars_template_schema.loyalty_crosspromotion USING btree (other_id);
CREATE INDEX loyalty_earningrule_action_2868121e ON regulars_template_schema.loyalty_earningrule USING btree (action);
CREATE INDEX loyalty_earningrule_action_2868121e_like ON regulars_template_schema.loyalty_earningrule USING btree (action varchar_pattern_ops);
CREATE INDEX loyalty_earningrule_business_id_1d58fc0f ON regulars_template_schema.loyalty_earningrule USING btree (business_id);
CREATE INDEX loyalty_earningrule_code_7cf0915d_like ON regulars_template_schema.loyalty_earningrule USING btree (code varchar_pattern_ops);
CREATE INDEX loyalty_earningrule_tier_id_9eb24e05 ON regulars_template_schema.loyalty_earningrule USING btree (tier_id);
CREATE INDEX loyalty_entry_transaction_id_ad6f102d ON regulars_template_schema.loyalty_entry USING btree (transaction_id);
CREATE INDEX loyalty_holdallocation_lot_id_c5b2b3f3 ON regulars_template_schema.loyalty_holdallocation USING btree (lot_id);
CREATE INDEX loyalty_leaving_business_id_3cdf4e7f ON regulars_template_schema.loyalty_leaving USING btree (business_id);
CREATE INDEX loyalty_leaving_code_d3c7dafa_like ON regulars_template_schema.loyalty_leaving USING btree (code varchar_pattern_ops);
CREATE INDEX loyalty_lot_transaction_id_ce02fe89 ON regulars_template_schema.loyalty_lot USING btree (transaction_id);
CREATE INDEX loyalty_recommendation_business_id_7081e329 ON regulars_template_schema.loyalty_recommendation USING btree (business_id);
CREATE INDEX loyalty_recommendation_code_3aa44b43_like ON regulars_template_schema.loyalty_recommendation USING btree (code varchar_pattern_ops);
CREATE INDEX loyalty_recommendersettings_name_0c7e2382_like ON regulars_template_schema.loyalty_recommendersettings USING btree (name varchar_pattern_ops);
CREATE INDEX loyalty_referral_code_3287e757_like ON regulars_template_schema.loyalty_referral USING btree (code varchar_pattern_ops);
CREATE INDEX loyalty_referralcode_code_ac9e2547_like ON regulars_template_schema.loyalty_referralcode USING btree (code varchar_pattern_ops);
CREATE INDEX loyalty_reward_business_id_755a895b ON regulars_template_schema.loyalty_reward USING btree (business_id);
CREATE INDEX loyalty_reward_code_e9152029_like ON regulars_template_schema.loyalty_reward USING btree (code varchar_pattern_ops);
CREATE INDEX loyalty_reward_tier_id_8065134f ON regulars_template_schema.loyalty_reward USING btree (tier_id);
CREATE INDEX loyalty_stampbook_card_id_276c3a0a ON regulars_template_schema.loyalty_stampbook USING btree (card_id);
CREATE INDEX loyalty_stampcard_business_id_f763843a ON regulars_template_schema.loyalty_stampcard USING btree (business_id);
CREATE INDEX loyalty_stampcard_code_cc219c82_like ON regulars_template_schema.loyalty_stampcard USING btree (code varchar_pattern_ops);
CREATE INDEX loyalty_stampentry_code_dce31972_like ON regulars_template_schema.loyalty_stampentry USING btree (code varchar_pattern_ops);
CREATE INDEX loyalty_stampreward_code_6e96167d_like ON regulars_template_schema.loyalty_stampreward USING btree (code varchar_pattern_ops);
CREATE INDEX loyalty_tier_code_7b4a3498_like ON regulars_template_schema.loyalty_tier USING btree (code varchar_pattern_ops);
CREATE INDEX loyalty_transaction_code_d33e3bba_like ON regulars_template_schema.loyalty_transaction USING btree (code varchar_pattern_ops);
CREATE INDEX merge_by_age ON regulars_template_schema.customers_customermerge USING btree (at);
CREATE INDEX merge_by_survivor ON regulars_template_schema.customers_customermerge USING btree (survivor_id, id DESC);
CREATE INDEX merge_newest ON regulars_template_schema.customers_customermerge USING btree (id DESC);
CREATE UNIQUE INDEX merge_once ON regulars_template_schema.customers_customermerge USING btree (duplicate_id) WHERE (undone_at IS NULL);
CREATE INDEX message_by_customer ON regulars_template_schema.messaging_outboundmessage USING btree (customer_id, id DESC);
CREATE INDEX message_by_provider_id ON regulars_template_schema.messaging_outboundmessage USING btree (provider_id);
CREATE INDEX message_newest ON regulars_template_schema.messaging_outboundmessage USING btree (id DESC);
CREATE INDEX message_queued_to ON regulars_template_schema.messaging_outboundmessage USING btree (recipient) WHERE ((state)::text = 'queued'::text);
CREATE INDEX message_unconfirmed ON regulars_template_schema.messaging_outboundmessage USING btree (id) WHERE ((state)::text = 'unconfirmed'::text);
CREATE INDEX message_unfinished ON regulars_template_schema.messaging_outboundmessage USING btree (state, next_attempt_at) WHERE (((state)::text = 'queued'::text) OR ((state)::text = 'claimed'::text));
CREATE INDEX message_with_code ON regulars_template_schema.messaging_outboundmessage USING btree (expires_at) WHERE (((purpose)::text = 'one_time_code'::text) AND (redacted_at IS NULL));
CREATE INDEX messaging_customersession_customer_id_15867724 ON regulars_template_schema.messaging_customersession USING btree (customer_id);
CREATE INDEX messaging_inboundmessage_code_035cb6e6_like ON regulars_template_schema.messaging_inboundmessage USING btree (code varchar_pattern_ops);
CREATE INDEX messaging_inboundmessage_customer_id_cb8f7e6f ON regulars_template_schema.messaging_inboundmessage USING btree (customer_id);
CREATE INDEX messaging_messagereceipt_message_id_5118d9f3 ON regulars_template_schema.messaging_messagereceipt USING btree (message_id);
CREATE INDEX messaging_onetimecode_customer_id_0f4c7f4e ON regulars_template_schema.messaging_onetimecode USING btree (customer_id);
CREATE INDEX messaging_outboundmessage_code_2220392f_like ON regulars_template_schema.messaging_outboundmessage USING btree (code varchar_pattern_ops);
CREATE INDEX messaging_outboundmessage_customer_id_fd1a1f5e ON regulars_template_schema.messaging_outboundmessage USING btree (customer_id);
CREATE INDEX messaging_outboundmessage_dedupe_key_183254c4_like ON regulars_template_schema.messaging_outboundmessage USING btree (dedupe_key varchar_pattern_ops);
CREATE INDEX messaging_smsconnection_last_test_id_971fd768 ON regulars_template_schema.messaging_smsconnection USING btree (last_test_id);
CREATE INDEX messaging_webhookdelivery_code_115db74a_like ON regulars_template_schema.messaging_webhookdelivery USING btree (code varchar_pattern_ops);
CREATE INDEX messaging_webhookdelivery_event_id_861742db ON regulars_template_schema.messaging_webhookdelivery USING btree (event_id);
CREATE INDEX messaging_webhookendpoint_business_id_3ce20c55 ON regulars_template_schema.messaging_webhookendpoint USING btree (business_id);
CREATE INDEX messaging_webhookendpoint_code_8480f695_like ON regulars_template_schema.messaging_webhookendpoint USING btree (code varchar_pattern_ops);
CREATE INDEX note_timeline ON regulars_template_schema.customers_note USING btree (customer_id, created_at DESC, id DESC);
CREATE UNIQUE INDEX one_archetype_at_a_place ON regulars_template_schema.customers_archetype USING btree (level, place) WHERE is_current;
CREATE INDEX order_by_business ON regulars_template_schema.customers_order USING btree (business_id, placed_at DESC);
CREATE INDEX order_by_channel ON regulars_template_schema.customers_order USING btree (channel, placed_at DESC, id DESC) WHERE (NOT ((channel)::text = 'store'::text));
CREATE INDEX order_by_customer ON regulars_template_schema.customers_order USING btree (customer_id, placed_at DESC) INCLUDE (id, status, total, channel, business_id);
CREATE INDEX order_by_fulfilment ON regulars_template_schema.customers_order USING btree (fulfilment_status, placed_at DESC, id DESC) WHERE (NOT ((fulfilment_status)::text = ''::text));
CREATE INDEX order_by_number ON regulars_template_schema.customers_order USING btree (number) WHERE (NOT ((number)::text = ''::text));
CREATE INDEX order_by_status ON regulars_template_schema.customers_order USING btree (status, placed_at DESC, id DESC) WHERE (NOT ((status)::text = 'paid'::text));
CREATE INDEX order_line_by_product ON regulars_template_schema.customers_orderline USING btree (product_id, order_id);
CREATE UNIQUE INDEX order_line_position ON regulars_template_schema.customers_orderline USING btree (order_id, "position") INCLUDE (product_id, quantity);
CREATE INDEX order_newest ON regulars_template_schema.customers_order USING btree (placed_at DESC, id DESC);
CREATE INDEX pin_failure_by_age ON regulars_template_schema.messaging_pinfailure USING btree (last_at);
CREATE INDEX popular_product_first ON regulars_template_schema.intelligence_popularproduct USING btree (archetype_id, business_id, buyers DESC);
CREATE INDEX product_by_barcode ON regulars_template_schema.customers_product USING btree (barcode) WHERE (NOT ((barcode)::text = ''::text));
CREATE INDEX product_day_by_product ON regulars_template_schema.customers_productday USING btree (product_id, day);
CREATE INDEX product_month_by_product ON regulars_template_schema.customers_productmonth USING btree (product_id, month);
CREATE INDEX product_pair_by_score ON regulars_template_schema.customers_productpair USING btree (business_id, score DESC);
CREATE INDEX recommendation_by_customer ON regulars_template_schema.loyalty_recommendation USING btree (customer_id, id DESC);
CREATE INDEX recommendation_by_end ON regulars_template_schema.loyalty_recommendation USING btree (ends_at);
CREATE INDEX recommendation_by_order ON regulars_template_schema.loyalty_recommendation USING btree (order_id) WHERE (order_id IS NOT NULL);
CREATE INDEX recommendation_by_rule ON regulars_template_schema.loyalty_recommendation USING btree (rule, id DESC);
CREATE UNIQUE INDEX recommendation_one_open ON regulars_template_schema.loyalty_recommendation USING btree (customer_id, rule) WHERE is_open;
CREATE INDEX referral_by_address ON regulars_template_schema.loyalty_referral USING btree (address_digest, created_at);
CREATE INDEX referral_by_friend ON regulars_template_schema.loyalty_referral USING btree (friend_id) WHERE (friend_id IS NOT NULL);
CREATE INDEX referral_by_order ON regulars_template_schema.loyalty_referral USING btree (order_id) WHERE (order_id IS NOT NULL);
CREATE INDEX referral_by_referrer ON regulars_template_schema.loyalty_referral USING btree (referrer_id, id DESC);
CREATE INDEX referral_by_state ON regulars_template_schema.loyalty_referral USING btree (state, id DESC);
CREATE UNIQUE INDEX referral_once_per_friend ON regulars_template_schema.loyalty_referral USING btree (friend_phone) WHERE ((((state)::text = 'pending'::text) OR ((state)::text = 'review'::text) OR ((state)::text = 'completed'::text)) AND (NOT ((friend_phone)::text = ''::text)));
CREATE INDEX referral_waiting ON regulars_template_schema.loyalty_referral USING btree (expires_at) WHERE ((state)::text = 'pending'::text);
CREATE INDEX refund_by_customer ON regulars_template_schema.customers_refund USING btree (customer_id, refunded_at DESC);
CREATE INDEX refund_newest ON regulars_template_schema.customers_refund USING btree (refunded_at DESC, id DESC);
CREATE INDEX rfm_run_newest ON regulars_template_schema.intelligence_rfmrun USING btree (finished_at DESC);
CREATE UNIQUE INDEX saved_view_name_once ON regulars_template_schema.customers_savedview USING btree (user_id, lower((name)::text)) NULLS NOT DISTINCT;
CREATE UNIQUE INDEX saved_view_one_default ON regulars_template_schema.customers_savedview USING btree (user_id) NULLS NOT DISTINCT WHERE is_default;
CREATE INDEX scores_by_band ON regulars_template_schema.customers_customerscores USING btree (band, customer_id);
CREATE INDEX scores_by_churn ON regulars_template_schema.customers_customerscores USING btree (churn, customer_id);
CREATE INDEX scores_by_value ON regulars_template_schema.customers_customerscores USING btree (value_12 DESC, customer_id DESC);
CREATE INDEX stamp_entry_by_book ON regulars_template_schema.loyalty_stampentry USING btree (book_id, id DESC);
CREATE INDEX stamp_entry_by_order ON regulars_template_schema.loyalty_stampentry USING btree (order_id) WHERE (order_id IS NOT NULL);
CREATE INDEX stamp_reward_by_book ON regulars_template_schema.loyalty_stampreward USING btree (book_id, id DESC);
CREATE INDEX stamp_sale_by_day ON regulars_template_schema.loyalty_stampsale USING btree (book_id, day);
CREATE UNIQUE INDEX stock_location_one_default ON regulars_template_schema.customers_stocklocation USING btree (business_id) WHERE is_default;
CREATE INDEX stock_low ON regulars_template_schema.customers_stocklevel USING btree (location_id, product_id) WHERE (quantity <= low_at);
CREATE INDEX stock_movement_by_location ON regulars_template_schema.customers_stockmovement USING btree (location_id, id DESC);
CREATE INDEX stock_movement_by_product ON regulars_template_schema.customers_stockmovement USING btree (product_id, location_id, id DESC);
CREATE UNIQUE INDEX stock_movement_once ON regulars_template_schema.customers_stockmovement USING btree (origin) WHERE (NOT ((origin)::text = ''::text));
CREATE INDEX sync_run_newest ON regulars_template_schema.customers_syncrun USING btree (sync_id, id DESC);
CREATE UNIQUE INDEX tag_name_once ON regulars_template_schema.customers_tag USING btree (lower((name)::text)) WHERE (NOT is_going);
CREATE INDEX tier_change_by_account ON regulars_template_schema.loyalty_tierchange USING btree (account_id, id DESC);
CREATE INDEX tracked_name_newest ON regulars_template_schema.customers_trackedname USING btree (last_at DESC, name);
CREATE INDEX transaction_by_account ON regulars_template_schema.loyalty_transaction USING btree (account_id, id DESC);
CREATE INDEX transaction_by_business ON regulars_template_schema.loyalty_transaction USING btree (business_id, id DESC);
CREATE INDEX transaction_by_reversed ON regulars_template_schema.loyalty_transaction USING btree (reverses_id) WHERE (reverses_id IS NOT NULL);
CREATE INDEX transaction_by_reward ON regulars_template_schema.loyalty_transaction USING btree (account_id, reward_id) WHERE (reward_id IS NOT NULL);
CREATE INDEX transaction_by_rule ON regulars_template_schema.loyalty_transaction USING btree (account_id, rule_id) WHERE (rule_id IS NOT NULL);
CREATE INDEX transaction_by_time ON regulars_template_schema.loyalty_transaction USING btree (at);
CREATE UNIQUE INDEX transaction_once_per_key ON regulars_template_schema.loyalty_transaction USING btree (key_owner, key_endpoint, key) WHERE (key IS NOT NULL);
CREATE UNIQUE INDEX transaction_one_earn_per_order ON regulars_template_schema.loyalty_transaction USING btree (order_id) WHERE (((kind)::text = 'earn'::text) AND ((status)::text = 'done'::text));
CREATE INDEX webhook_attempt_newest ON regulars_template_schema.messaging_webhookattempt USING btree (delivery_id, id DESC);
CREATE INDEX webhook_delivery_by_age ON regulars_template_schema.messaging_webhookdelivery USING btree (created_at);
CREATE INDEX webhook_delivery_newest ON regulars_template_schema.messaging_webhookdelivery USING btree (endpoint_id, id DESC);
CREATE UNIQUE INDEX webhook_delivery_once ON regulars_template_schema.messaging_webhookdelivery USING btree (endpoint_id, event_id) WHERE (event_id IS NOT NULL);
CREATE INDEX webhook_delivery_unfinished ON regulars_template_schema.messaging_webhookdelivery USING btree (endpoint_id, next_attempt_at, id) WHERE (((state)::text = 'waiting'::text) OR ((state)::text = 'claimed'::text));
CREATE INDEX workspace_apiclient_business_id_c30a795b ON regulars_template_schema.workspace_apiclient USING btree (business_id);
CREATE INDEX workspace_apiclient_code_69a78f54_like ON regulars_template_schema.workspace_apiclient USING btree (code varchar_pattern_ops);
CREATE INDEX workspace_apikey_client_id_a04ad54a ON regulars_template_schema.workspace_apikey USING btree (client_id);
CREATE INDEX workspace_apikey_prefix_bb6d1f86_like ON regulars_template_schema.workspace_apikey USING btree (prefix varchar_pattern_ops);
CREATE INDEX workspace_business_code_0e5b71e5_like ON regulars_template_schema.workspace_business USING btree (code varchar_pattern_ops);
CREATE INDEX workspace_job_code_4b27b09b_like ON regulars_template_schema.workspace_job USING btree (code varchar_pattern_ops);
CREATE INDEX workspace_tilldevice_business_id_3b6719a0 ON regulars_template_schema.workspace_tilldevice USING btree (business_id);
CREATE INDEX workspace_tilldevice_code_8785ac41_like ON regulars_template_schema.workspace_tilldevice USING btree (code varchar_pattern_ops);
CREATE INDEX workspace_tilldevice_moved_from_id_09d40c54 ON regulars_template_schema.workspace_tilldevice USING btree (moved_from_id);
ALTER TABLE ONLY regulars_template_schema.customers_archetype
    ADD CONSTRAINT customers_archetype_came_from_id_63d63b93_fk_customers FOREIGN KEY (came_from_id) REFERENCES regulars_template_schema.customers_archetype(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_archetype
    ADD CONSTRAINT customers_archetype_tier_id_52c40ce7_fk_customers_archetype_id FOREIGN KEY (tier_id) REFERENCES regulars_template_schema.customers_archetype(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_bulkrun
    ADD CONSTRAINT customers_bulkrun_job_id_62d69837_fk_workspace_job_id FOREIGN KEY (job_id) REFERENCES regulars_template_schema.workspace_job(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_businesscustomerfacts
    ADD CONSTRAINT customers_businesscu_business_id_d9f67449_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_businesscustomerfacts
    ADD CONSTRAINT customers_businesscu_customer_id_ea6e362d_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_buyerday
    ADD CONSTRAINT customers_buyerday_business_id_587e07be_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_cohortmonth
    ADD CONSTRAINT customers_cohortmont_business_id_027749d3_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_consentrecord
    ADD CONSTRAINT customers_consentrec_customer_id_48c59a12_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_customer
    ADD CONSTRAINT customers_customer_merged_into_id_2994ddb6_fk_customers FOREIGN KEY (merged_into_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_customerarchetype
    ADD CONSTRAINT customers_customerar_archetype_id_4a932ec7_fk_customers FOREIGN KEY (archetype_id) REFERENCES regulars_template_schema.customers_archetype(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_customerarchetype
    ADD CONSTRAINT customers_customerar_customer_id_73abd58d_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_customerarchetype
    ADD CONSTRAINT customers_customerar_earlier_id_078b5c80_fk_customers FOREIGN KEY (earlier_id) REFERENCES regulars_template_schema.customers_archetype(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_customerarchetype
    ADD CONSTRAINT customers_customerar_second_id_853fef92_fk_customers FOREIGN KEY (second_id) REFERENCES regulars_template_schema.customers_archetype(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_customerfacts
    ADD CONSTRAINT customers_customerfa_customer_id_7b8069d2_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_customermerge
    ADD CONSTRAINT customers_customerme_duplicate_id_2d68bcc3_fk_customers FOREIGN KEY (duplicate_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_customermerge
    ADD CONSTRAINT customers_customerme_survivor_id_ed10ee13_fk_customers FOREIGN KEY (survivor_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_customerscores
    ADD CONSTRAINT customers_customersc_customer_id_2dca055b_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_customertag
    ADD CONSTRAINT customers_customerta_customer_id_bd0af7af_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_customertag
    ADD CONSTRAINT customers_customertag_tag_id_9e916327_fk_customers_tag_id FOREIGN KEY (tag_id) REFERENCES regulars_template_schema.customers_tag(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_dailysales
    ADD CONSTRAINT customers_dailysales_business_id_7a690242_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_databasesync
    ADD CONSTRAINT customers_databasesy_business_id_a2a2c25e_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_event
    ADD CONSTRAINT customers_event_customer_id_85be2d97_fk_customers_customer_id FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_identifier
    ADD CONSTRAINT customers_identifier_customer_id_b95edd20_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_importrun
    ADD CONSTRAINT customers_importrun_business_id_49ee5c10_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_importrun
    ADD CONSTRAINT customers_importrun_job_id_d0cc7c0c_fk_workspace_job_id FOREIGN KEY (job_id) REFERENCES regulars_template_schema.workspace_job(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_importrun
    ADD CONSTRAINT customers_importrun_sync_run_id_9972ce93_fk_customers FOREIGN KEY (sync_run_id) REFERENCES regulars_template_schema.customers_syncrun(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_importrun
    ADD CONSTRAINT customers_importrun_undo_job_id_96c0b382_fk_workspace_job_id FOREIGN KEY (undo_job_id) REFERENCES regulars_template_schema.workspace_job(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_note
    ADD CONSTRAINT customers_note_customer_id_505ed79b_fk_customers_customer_id FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_order
    ADD CONSTRAINT customers_order_business_id_56f9c3e8_fk_workspace_business_id FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_order
    ADD CONSTRAINT customers_order_customer_id_032dd871_fk_customers_customer_id FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_orderline
    ADD CONSTRAINT customers_orderline_order_id_ce17f84d_fk_customers_order_id FOREIGN KEY (order_id) REFERENCES regulars_template_schema.customers_order(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_orderline
    ADD CONSTRAINT customers_orderline_product_id_bbd37065_fk_customers_product_id FOREIGN KEY (product_id) REFERENCES regulars_template_schema.customers_product(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_peoplegroup
    ADD CONSTRAINT customers_peoplegrou_business_id_01ffd809_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_productpair
    ADD CONSTRAINT customers_productpai_business_id_8cd05636_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_productsales
    ADD CONSTRAINT customers_productsal_business_id_2aac2f85_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_productsales
    ADD CONSTRAINT customers_productsal_product_id_fc4e72a8_fk_customers FOREIGN KEY (product_id) REFERENCES regulars_template_schema.customers_product(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_refund
    ADD CONSTRAINT customers_refund_business_id_5ef7ae96_fk_workspace_business_id FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_refund
    ADD CONSTRAINT customers_refund_customer_id_44e7ea87_fk_customers_customer_id FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_refund
    ADD CONSTRAINT customers_refund_order_id_f0156fb1_fk_customers_order_id FOREIGN KEY (order_id) REFERENCES regulars_template_schema.customers_order(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_refundline
    ADD CONSTRAINT customers_refundline_order_line_id_c469c108_fk_customers FOREIGN KEY (order_line_id) REFERENCES regulars_template_schema.customers_orderline(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_refundline
    ADD CONSTRAINT customers_refundline_product_id_c9080293_fk_customers FOREIGN KEY (product_id) REFERENCES regulars_template_schema.customers_product(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_refundline
    ADD CONSTRAINT customers_refundline_refund_id_122536d3_fk_customers_refund_id FOREIGN KEY (refund_id) REFERENCES regulars_template_schema.customers_refund(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_staleday
    ADD CONSTRAINT customers_staleday_business_id_decce937_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_stockforecast
    ADD CONSTRAINT customers_stockforec_level_id_be565630_fk_customers FOREIGN KEY (level_id) REFERENCES regulars_template_schema.customers_stocklevel(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_stocklevel
    ADD CONSTRAINT customers_stocklevel_location_id_33689ff9_fk_customers FOREIGN KEY (location_id) REFERENCES regulars_template_schema.customers_stocklocation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_stocklevel
    ADD CONSTRAINT customers_stocklevel_product_id_f1cc2a90_fk_customers FOREIGN KEY (product_id) REFERENCES regulars_template_schema.customers_product(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_stocklocation
    ADD CONSTRAINT customers_stocklocat_business_id_4f47e93d_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_stockmovement
    ADD CONSTRAINT customers_stockmovem_location_id_977b34f2_fk_customers FOREIGN KEY (location_id) REFERENCES regulars_template_schema.customers_stocklocation(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_stockmovement
    ADD CONSTRAINT customers_stockmovem_product_id_17eb8ea2_fk_customers FOREIGN KEY (product_id) REFERENCES regulars_template_schema.customers_product(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_syncrun
    ADD CONSTRAINT customers_syncrun_job_id_67b55930_fk_workspace_job_id FOREIGN KEY (job_id) REFERENCES regulars_template_schema.workspace_job(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.customers_syncrun
    ADD CONSTRAINT customers_syncrun_sync_id_cdbe66f2_fk_customers_databasesync_id FOREIGN KEY (sync_id) REFERENCES regulars_template_schema.customers_databasesync(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.intelligence_customerfeatures
    ADD CONSTRAINT intelligence_custome_customer_id_8a966913_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.intelligence_popularproduct
    ADD CONSTRAINT intelligence_popular_archetype_id_beb661d5_fk_customers FOREIGN KEY (archetype_id) REFERENCES regulars_template_schema.customers_archetype(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_account
    ADD CONSTRAINT loyalty_account_customer_id_014b66a4_fk_customers_customer_id FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_account
    ADD CONSTRAINT loyalty_account_tier_id_9a446d88_fk_loyalty_tier_id FOREIGN KEY (tier_id) REFERENCES regulars_template_schema.loyalty_tier(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_adjustmentrequest
    ADD CONSTRAINT loyalty_adjustmentre_business_id_e3322d61_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_adjustmentrequest
    ADD CONSTRAINT loyalty_adjustmentre_customer_id_316ffc96_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_adjustmentrequest
    ADD CONSTRAINT loyalty_adjustmentre_transaction_id_b89858ce_fk_loyalty_t FOREIGN KEY (transaction_id) REFERENCES regulars_template_schema.loyalty_transaction(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliatecustomer
    ADD CONSTRAINT loyalty_affiliatecus_affiliate_id_27043ea1_fk_loyalty_a FOREIGN KEY (affiliate_id) REFERENCES regulars_template_schema.loyalty_affiliate(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliatecustomer
    ADD CONSTRAINT loyalty_affiliatecus_customer_id_cbd27d2c_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliateday
    ADD CONSTRAINT loyalty_affiliateday_affiliate_id_02d5f60c_fk_loyalty_a FOREIGN KEY (affiliate_id) REFERENCES regulars_template_schema.loyalty_affiliate(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliateline
    ADD CONSTRAINT loyalty_affiliatelin_affiliate_id_57580f9c_fk_loyalty_a FOREIGN KEY (affiliate_id) REFERENCES regulars_template_schema.loyalty_affiliate(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliateline
    ADD CONSTRAINT loyalty_affiliatelin_payout_id_d82ae07b_fk_loyalty_a FOREIGN KEY (payout_id) REFERENCES regulars_template_schema.loyalty_affiliatepayout(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliateline
    ADD CONSTRAINT loyalty_affiliatelin_sale_id_5c6069c7_fk_loyalty_a FOREIGN KEY (sale_id) REFERENCES regulars_template_schema.loyalty_affiliatesale(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliatepayout
    ADD CONSTRAINT loyalty_affiliatepay_affiliate_id_05a57c26_fk_loyalty_a FOREIGN KEY (affiliate_id) REFERENCES regulars_template_schema.loyalty_affiliate(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliatesale
    ADD CONSTRAINT loyalty_affiliatesal_affiliate_id_5939ab7b_fk_loyalty_a FOREIGN KEY (affiliate_id) REFERENCES regulars_template_schema.loyalty_affiliate(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliatesale
    ADD CONSTRAINT loyalty_affiliatesal_came_id_c91430aa_fk_loyalty_a FOREIGN KEY (came_id) REFERENCES regulars_template_schema.loyalty_affiliatecustomer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_affiliatesale
    ADD CONSTRAINT loyalty_affiliatesale_order_id_89b6e470_fk_customers_order_id FOREIGN KEY (order_id) REFERENCES regulars_template_schema.customers_order(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_covisit
    ADD CONSTRAINT loyalty_covisit_business_id_6697ff7c_fk_workspace_business_id FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_covisit
    ADD CONSTRAINT loyalty_covisit_other_id_31e2d42c_fk_workspace_business_id FOREIGN KEY (other_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_crosspromotion
    ADD CONSTRAINT loyalty_crosspromoti_business_id_4c8b83de_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_crosspromotion
    ADD CONSTRAINT loyalty_crosspromoti_other_id_7ec2c027_fk_workspace FOREIGN KEY (other_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_earningrate
    ADD CONSTRAINT loyalty_earningrate_business_id_50b39f94_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_earningrule
    ADD CONSTRAINT loyalty_earningrule_business_id_1d58fc0f_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_earningrule
    ADD CONSTRAINT loyalty_earningrule_tier_id_9eb24e05_fk_loyalty_tier_id FOREIGN KEY (tier_id) REFERENCES regulars_template_schema.loyalty_tier(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_entry
    ADD CONSTRAINT loyalty_entry_lot_id_8284a39b_fk_loyalty_lot_id FOREIGN KEY (lot_id) REFERENCES regulars_template_schema.loyalty_lot(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_entry
    ADD CONSTRAINT loyalty_entry_transaction_id_ad6f102d_fk_loyalty_transaction_id FOREIGN KEY (transaction_id) REFERENCES regulars_template_schema.loyalty_transaction(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_finalline
    ADD CONSTRAINT loyalty_finalline_statement_id_51884ae4_fk_loyalty_f FOREIGN KEY (statement_id) REFERENCES regulars_template_schema.loyalty_finalstatement(leaving_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_finalstatement
    ADD CONSTRAINT loyalty_finalstateme_leaving_id_0d399392_fk_loyalty_l FOREIGN KEY (leaving_id) REFERENCES regulars_template_schema.loyalty_leaving(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_hold
    ADD CONSTRAINT loyalty_hold_account_id_510aee23_fk_loyalty_account_customer_id FOREIGN KEY (account_id) REFERENCES regulars_template_schema.loyalty_account(customer_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_hold
    ADD CONSTRAINT loyalty_hold_settled_by_id_5fdb763d_fk_loyalty_transaction_id FOREIGN KEY (settled_by_id) REFERENCES regulars_template_schema.loyalty_transaction(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_hold
    ADD CONSTRAINT loyalty_hold_transaction_id_e643ddcf_fk_loyalty_transaction_id FOREIGN KEY (transaction_id) REFERENCES regulars_template_schema.loyalty_transaction(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_holdallocation
    ADD CONSTRAINT loyalty_holdallocati_hold_id_ce163c42_fk_loyalty_h FOREIGN KEY (hold_id) REFERENCES regulars_template_schema.loyalty_hold(transaction_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_holdallocation
    ADD CONSTRAINT loyalty_holdallocation_lot_id_c5b2b3f3_fk_loyalty_lot_id FOREIGN KEY (lot_id) REFERENCES regulars_template_schema.loyalty_lot(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_lot
    ADD CONSTRAINT loyalty_lot_account_id_49a23775_fk_loyalty_account_customer_id FOREIGN KEY (account_id) REFERENCES regulars_template_schema.loyalty_account(customer_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_lot
    ADD CONSTRAINT loyalty_lot_transaction_id_ce02fe89_fk_loyalty_transaction_id FOREIGN KEY (transaction_id) REFERENCES regulars_template_schema.loyalty_transaction(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_recommendation
    ADD CONSTRAINT loyalty_recommendati_business_id_7081e329_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_recommendation
    ADD CONSTRAINT loyalty_recommendati_customer_id_b8c5a5ff_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_recommendation
    ADD CONSTRAINT loyalty_recommendati_till_business_id_c44f15c9_fk_workspace FOREIGN KEY (till_business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_recommendation
    ADD CONSTRAINT loyalty_recommendation_order_id_263aa273_fk_customers_order_id FOREIGN KEY (order_id) REFERENCES regulars_template_schema.customers_order(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_referral
    ADD CONSTRAINT loyalty_referral_friend_id_1a5b9af1_fk_customers_customer_id FOREIGN KEY (friend_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_referral
    ADD CONSTRAINT loyalty_referral_order_id_339ddb44_fk_customers_order_id FOREIGN KEY (order_id) REFERENCES regulars_template_schema.customers_order(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_referral
    ADD CONSTRAINT loyalty_referral_referrer_id_159e1eaf_fk_loyalty_a FOREIGN KEY (referrer_id) REFERENCES regulars_template_schema.loyalty_account(customer_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_referralcode
    ADD CONSTRAINT loyalty_referralcode_account_id_f5fb0dac_fk_loyalty_a FOREIGN KEY (account_id) REFERENCES regulars_template_schema.loyalty_account(customer_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_reward
    ADD CONSTRAINT loyalty_reward_business_id_755a895b_fk_workspace_business_id FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_reward
    ADD CONSTRAINT loyalty_reward_tier_id_8065134f_fk_loyalty_tier_id FOREIGN KEY (tier_id) REFERENCES regulars_template_schema.loyalty_tier(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_settlementline
    ADD CONSTRAINT loyalty_settlementli_month_id_0d959024_fk_loyalty_s FOREIGN KEY (month_id) REFERENCES regulars_template_schema.loyalty_settlementmonth(month) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_stampbook
    ADD CONSTRAINT loyalty_stampbook_account_id_9a3ca751_fk_loyalty_a FOREIGN KEY (account_id) REFERENCES regulars_template_schema.loyalty_account(customer_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_stampbook
    ADD CONSTRAINT loyalty_stampbook_card_id_276c3a0a_fk_loyalty_stampcard_id FOREIGN KEY (card_id) REFERENCES regulars_template_schema.loyalty_stampcard(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_stampcard
    ADD CONSTRAINT loyalty_stampcard_business_id_f763843a_fk_workspace_business_id FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_stampentry
    ADD CONSTRAINT loyalty_stampentry_book_id_54e87959_fk_loyalty_stampbook_id FOREIGN KEY (book_id) REFERENCES regulars_template_schema.loyalty_stampbook(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_stampentry
    ADD CONSTRAINT loyalty_stampentry_order_id_a2a4af94_fk_customers_order_id FOREIGN KEY (order_id) REFERENCES regulars_template_schema.customers_order(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_stampentry
    ADD CONSTRAINT loyalty_stampentry_undoes_id_04dd5da2_fk_loyalty_stampentry_id FOREIGN KEY (undoes_id) REFERENCES regulars_template_schema.loyalty_stampentry(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_stampreward
    ADD CONSTRAINT loyalty_stampreward_book_id_73e41837_fk_loyalty_stampbook_id FOREIGN KEY (book_id) REFERENCES regulars_template_schema.loyalty_stampbook(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_stampsale
    ADD CONSTRAINT loyalty_stampsale_book_id_322f7441_fk_loyalty_stampbook_id FOREIGN KEY (book_id) REFERENCES regulars_template_schema.loyalty_stampbook(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_stampsale
    ADD CONSTRAINT loyalty_stampsale_order_id_8529170a_fk_customers_order_id FOREIGN KEY (order_id) REFERENCES regulars_template_schema.customers_order(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_tierchange
    ADD CONSTRAINT loyalty_tierchange_account_id_33c9dd71_fk_loyalty_a FOREIGN KEY (account_id) REFERENCES regulars_template_schema.loyalty_account(customer_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_tierchange
    ADD CONSTRAINT loyalty_tierchange_before_id_6e65f557_fk_loyalty_tier_id FOREIGN KEY (before_id) REFERENCES regulars_template_schema.loyalty_tier(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_tierchange
    ADD CONSTRAINT loyalty_tierchange_rests_on_id_dc87ed61_fk_loyalty_t FOREIGN KEY (rests_on_id) REFERENCES regulars_template_schema.loyalty_tierchange(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_tierchange
    ADD CONSTRAINT loyalty_tierchange_tier_id_d237bc5d_fk_loyalty_tier_id FOREIGN KEY (tier_id) REFERENCES regulars_template_schema.loyalty_tier(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_transaction
    ADD CONSTRAINT loyalty_transaction_account_id_1005d4fe_fk_loyalty_a FOREIGN KEY (account_id) REFERENCES regulars_template_schema.loyalty_account(customer_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_transaction
    ADD CONSTRAINT loyalty_transaction_counterpart_id_958e81e2_fk_loyalty_t FOREIGN KEY (counterpart_id) REFERENCES regulars_template_schema.loyalty_transaction(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_transaction
    ADD CONSTRAINT loyalty_transaction_order_id_15835229_fk_customers_order_id FOREIGN KEY (order_id) REFERENCES regulars_template_schema.customers_order(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.loyalty_transaction
    ADD CONSTRAINT loyalty_transaction_reverses_id_ae332639_fk_loyalty_t FOREIGN KEY (reverses_id) REFERENCES regulars_template_schema.loyalty_transaction(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.messaging_customerpin
    ADD CONSTRAINT messaging_customerpi_customer_id_e28c09df_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.messaging_customersession
    ADD CONSTRAINT messaging_customerse_customer_id_15867724_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.messaging_inboundmessage
    ADD CONSTRAINT messaging_inboundmes_customer_id_cb8f7e6f_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.messaging_messagereceipt
    ADD CONSTRAINT messaging_messagerec_message_id_5118d9f3_fk_messaging FOREIGN KEY (message_id) REFERENCES regulars_template_schema.messaging_outboundmessage(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.messaging_onetimecode
    ADD CONSTRAINT messaging_onetimecod_customer_id_0f4c7f4e_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.messaging_outboundmessage
    ADD CONSTRAINT messaging_outboundme_customer_id_fd1a1f5e_fk_customers FOREIGN KEY (customer_id) REFERENCES regulars_template_schema.customers_customer(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.messaging_smsconnection
    ADD CONSTRAINT messaging_smsconnect_last_test_id_971fd768_fk_messaging FOREIGN KEY (last_test_id) REFERENCES regulars_template_schema.messaging_outboundmessage(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.messaging_webhookattempt
    ADD CONSTRAINT messaging_webhookatt_delivery_id_fde2b747_fk_messaging FOREIGN KEY (delivery_id) REFERENCES regulars_template_schema.messaging_webhookdelivery(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.messaging_webhookdelivery
    ADD CONSTRAINT messaging_webhookdel_endpoint_id_7cd26fce_fk_messaging FOREIGN KEY (endpoint_id) REFERENCES regulars_template_schema.messaging_webhookendpoint(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.messaging_webhookdelivery
    ADD CONSTRAINT messaging_webhookdel_event_id_861742db_fk_customers FOREIGN KEY (event_id) REFERENCES regulars_template_schema.customers_event(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.messaging_webhookendpoint
    ADD CONSTRAINT messaging_webhookend_business_id_3ce20c55_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.workspace_apiclient
    ADD CONSTRAINT workspace_apiclient_business_id_c30a795b_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.workspace_apikey
    ADD CONSTRAINT workspace_apikey_client_id_a04ad54a_fk_workspace_apiclient_id FOREIGN KEY (client_id) REFERENCES regulars_template_schema.workspace_apiclient(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.workspace_tilldevice
    ADD CONSTRAINT workspace_tilldevice_business_id_3b6719a0_fk_workspace FOREIGN KEY (business_id) REFERENCES regulars_template_schema.workspace_business(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY regulars_template_schema.workspace_tilldevice
    ADD CONSTRAINT workspace_tilldevice_moved_from_id_09d40c54_fk_workspace FOREIGN KEY (moved_from_id) REFERENCES regulars_template_schema.workspace_tilldevice(id) DEFERRABLE INITIALLY DEFERRED;
