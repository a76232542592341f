-- Gives points: debt is paid first, the rest is a new lot. Those of a sale may have to wait for their day; then debt
-- waits too. The accounts are locked, touched and all different. One statement writes transaction, lot, entries,
-- account, event and audit entry. The event of an earn stands at the time of its sale, so that an old or late sale does
-- not look like news.
CREATE OR REPLACE FUNCTION ledger_credit(operations ledger_operation[], context ledger_context, at timestamptz)
RETURNS ledger_answer[]
LANGUAGE plpgsql
AS $$
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
$$;
