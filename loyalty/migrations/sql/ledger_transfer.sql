-- One member's points become another's: lot by lot, with the expiry and the issuer that they have, so that nothing is
-- won by passing points on. Debt of the other is paid first. Two transactions that name each other; the key is the
-- sender's. Both accounts are locked and touched.
CREATE OR REPLACE FUNCTION ledger_transfer(operations ledger_operation[], context ledger_context, at timestamptz)
RETURNS ledger_answer[]
LANGUAGE plpgsql
AS $$
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
$$;
