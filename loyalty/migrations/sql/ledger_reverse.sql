-- What a transaction undoes in the end: itself, or what the first of its line of reversals undid.
CREATE OR REPLACE FUNCTION ledger_root_of(transaction_id bigint) RETURNS bigint
LANGUAGE sql STABLE
AS $$
    WITH RECURSIVE line (id, reverses_id) AS (
        SELECT t.id, t.reverses_id FROM loyalty_transaction t WHERE t.id = $1
        UNION ALL SELECT t.id, t.reverses_id FROM loyalty_transaction t JOIN line ON t.id = line.reverses_id
    )
    SELECT line.id FROM line WHERE line.reverses_id IS NULL
$$;

-- Whether a transaction counts towards lifetime points: an earn, and what undoes one, and what undoes that.
CREATE OR REPLACE FUNCTION ledger_is_of_earn(transaction_id bigint) RETURNS boolean
LANGUAGE sql STABLE
AS $$ SELECT t.kind = 'earn' FROM loyalty_transaction t WHERE t.id = ledger_root_of($1) $$;

-- After reversals: a reward whose redemption is undone goes back on the shelf, and one whose undoing was undone comes off
-- it again, as far as there is one. `points` of an operation is what its account got or lost by it.
CREATE OR REPLACE FUNCTION ledger_reshelve(operations ledger_operation[]) RETURNS void
LANGUAGE sql
AS $$
    WITH stocked AS (
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
        RETURNING r.code, r.name, r.business_id, r.stock, moved.number
    )
    SELECT ledger_tell_stock(code, name, business_id, stock) FROM stocked
    WHERE number <> 0 AND stock IN (0, number)
$$;

-- Undoing what gave points (an earn, a bonus, an adjustment up …): its own lot goes first, also while it waits for its
-- day, then the oldest expiry; what is not there any more becomes debt, so a reversal never fails for want of points and
-- the balance never goes below zero.
CREATE OR REPLACE FUNCTION ledger_claw_back(operations ledger_operation[], context ledger_context, at timestamptz)
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
$$;

-- Undoing what took points (a redemption, an expiry, an adjustment down, a reversal …): each lot it drew from comes back
-- as a new lot of the same issuer, with the old expiry or a last chance of `reinstated_days`, whichever is later; what
-- had become debt, or had no expiry, comes back as points of today. Debt is paid first. Points that waited for their day
-- wait again. The lots may be those of a duplicate that the account took in since: entries stay where they were written.
CREATE OR REPLACE FUNCTION ledger_give_back(operations ledger_operation[], context ledger_context, at timestamptz)
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
$$;

-- Judges reversals and sends each the right way. `points` of an operation is how many to undo; null: all that is left.
-- Everything that moved points can be undone once; what gave points also in parts. A transfer is undone on both sides,
-- and then it is over. What cancelled an order or belongs to a refund stands, too: the goods came back.
CREATE OR REPLACE FUNCTION ledger_reverse(operations ledger_operation[], context ledger_context, at timestamptz)
RETURNS ledger_answer[]
LANGUAGE plpgsql
AS $$
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
$$;
