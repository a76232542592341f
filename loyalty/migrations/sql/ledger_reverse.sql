-- Undoing what gave points (an earn, an adjustment up): its own lot goes first, then the oldest expiry; what is not
-- there any more becomes debt, so a reversal never fails for want of points and the balance never goes below zero.
CREATE FUNCTION ledger_claw_back(operations ledger_operation[], context ledger_context, at timestamptz)
RETURNS ledger_answer[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    done ledger_answer[];
    is_late boolean;
    is_wrong boolean;
BEGIN
    WITH op AS MATERIALIZED (
        SELECT o.*, nextval('loyalty_transaction_id_seq') AS id, public_code() AS code, -o.points AS wanted,
               least(-o.points, a.available) AS found, a.available - least(-o.points, a.available) AS balance,
               a.debt - o.points - least(-o.points, a.available) AS debt, t.kind AS original_kind,
               t.code AS original_code, t.order_id AS original_order_id
        FROM unnest(operations) AS o
        CROSS JOIN LATERAL (
            SELECT a.available, a.debt FROM loyalty_account a WHERE a.customer_id = o.account_id LIMIT 1
        ) AS a
        CROSS JOIN LATERAL (
            SELECT t.kind, t.code, t.order_id FROM loyalty_transaction t WHERE t.id = o.original_id LIMIT 1
        ) AS t
    ), taken AS MATERIALIZED (
        SELECT op.id, op.account_id, lot.id AS lot_id, least(lot.remaining, op.found - lot.before) AS amount
        FROM op CROSS JOIN LATERAL (
            SELECT l.id, l.remaining, (sum(l.remaining) OVER (
                ORDER BY l.transaction_id = op.original_id DESC, l.expires_at NULLS LAST, l.id
            ))::bigint - l.remaining AS before
            FROM loyalty_lot l WHERE l.account_id = op.account_id AND l.remaining > 0
        ) AS lot
        WHERE lot.before < op.found
    ), answer AS MATERIALIZED (
        SELECT op.*, jsonb_strip_nulls(jsonb_build_object(
            'transaction', code, 'kind', 'reverse', 'points', points, 'balance', balance, 'debt', debt,
            'customer', customer_code, 'business', business_code, 'reverses', original_code, 'reason', reason
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
        UPDATE loyalty_lot l SET remaining = l.remaining - taken.amount FROM taken WHERE l.id = taken.lot_id
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
            lifetime = a.lifetime - CASE op.original_kind WHEN 'earn' THEN op.wanted ELSE 0 END
        FROM op WHERE a.customer_id = op.account_id
    ), marked AS (
        UPDATE loyalty_transaction t
        SET reversed_points = t.reversed_points + op.wanted,
            reversed_at = CASE WHEN t.reversed_points + op.wanted = t.points THEN $3 END
        FROM op WHERE t.id = op.original_id
    ), cancelled AS (
        UPDATE customers_order o SET status = 'cancelled'
        FROM op WHERE op.cancels_order AND o.id = op.original_order_id AND o.status = 'paid'
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
    RETURN done;
END
$$;

-- Undoing what took points (a redemption, an adjustment down): each lot it drew from comes back as a new lot of the
-- same issuer, with the old expiry or a last chance of `reinstated_days`, whichever is later. Debt is paid first.
CREATE FUNCTION ledger_give_back(operations ledger_operation[], context ledger_context, at timestamptz)
RETURNS ledger_answer[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    last_chance timestamptz := $3 + make_interval(days => coalesce(
        (SELECT s.reinstated_days FROM loyalty_loyaltysettings s WHERE s.id = 1), 30
    ));
    done ledger_answer[];
    is_late boolean;
BEGIN
    WITH op AS MATERIALIZED (
        SELECT o.*, nextval('loyalty_transaction_id_seq') AS id, public_code() AS code,
               least(a.debt, o.points) AS paid, a.available + o.points - least(a.debt, o.points) AS balance,
               a.debt - least(a.debt, o.points) AS debt, t.code AS original_code
        FROM unnest(operations) AS o
        CROSS JOIN LATERAL (
            SELECT a.available, a.debt FROM loyalty_account a WHERE a.customer_id = o.account_id LIMIT 1
        ) AS a
        CROSS JOIN LATERAL (
            SELECT t.code FROM loyalty_transaction t WHERE t.id = o.original_id LIMIT 1
        ) AS t
    ), returned AS MATERIALIZED (
        SELECT nextval('loyalty_lot_id_seq') AS lot_id, op.id, op.account_id, part.issuer_id, part.expires_at,
               least(part.amount, part.upto - op.paid) AS amount
        FROM op CROSS JOIN LATERAL (
            SELECT l.issuer_id, CASE WHEN l.expires_at IS NOT NULL THEN greatest(l.expires_at, last_chance) END
                   AS expires_at, -e.amount AS amount, (sum(-e.amount) OVER (ORDER BY e.id))::bigint AS upto
            FROM loyalty_entry e
            CROSS JOIN LATERAL (
                SELECT l.issuer_id, l.expires_at FROM loyalty_lot l WHERE l.id = e.lot_id LIMIT 1
            ) AS l
            WHERE e.transaction_id = op.original_id AND e.lot_id IS NOT NULL
        ) AS part
        WHERE part.upto > op.paid
    ), answer AS MATERIALIZED (
        SELECT op.*, jsonb_strip_nulls(jsonb_build_object(
            'transaction', code, 'kind', 'reverse', 'points', points, 'balance', balance, 'debt', debt,
            'customer', customer_code, 'business', business_code, 'reverses', original_code, 'reason', reason
        )) AS response
        FROM op
    ), written AS (
        INSERT INTO loyalty_transaction (
            id, code, account_id, kind, status, points, business_id, reason, reverses_id, reversed_points, key_owner,
            key_endpoint, key, request_digest, response, actor, actor_label, ip, at
        )
        SELECT id, code, account_id, 'reverse', 'done', points, business_id, coalesce(reason, ''), original_id, 0,
               context.owner, endpoint, key, digest, response, context.actor, context.actor_label, context.ip, $3
        FROM answer ORDER BY key
        ON CONFLICT DO NOTHING
        RETURNING id
    ), put AS (
        INSERT INTO loyalty_lot (id, account_id, transaction_id, issuer_id, amount, remaining, available_at, expires_at)
        SELECT lot_id, account_id, id, issuer_id, amount, amount, $3, expires_at FROM returned
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
        SET available = op.balance, debt = op.debt, version = a.version + 1,
            expires_next_at = least(
                a.expires_next_at, (SELECT min(returned.expires_at) FROM returned WHERE returned.id = op.id)
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
    RETURN done;
END
$$;

-- Judges reversals and sends each the right way. `points` of an operation is how many to undo; null: all that is left.
-- What took points is undone whole, once.
CREATE FUNCTION ledger_reverse(operations ledger_operation[], context ledger_context, at timestamptz)
RETURNS ledger_answer[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    op ledger_operation;
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
        SELECT t.code, t.kind, t.status, t.points, t.reversed_points, t.reversed_at, t.business_id, t.at, b.code AS shop
        INTO original
        FROM loyalty_transaction t LEFT JOIN workspace_business b ON b.id = t.business_id
        WHERE t.id = op.original_id;
        refusal := NULL;
        IF context.business_id IS NOT NULL AND original.business_id IS DISTINCT FROM context.business_id THEN
            answers := answers || ROW(op.ordinal, 'unknown_transaction', '{}')::ledger_answer;
            CONTINUE;
        ELSIF original.status <> 'done' OR original.kind NOT IN ('earn', 'redeem', 'adjust') THEN
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
        IF original.points < 0 THEN
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
$$;
