-- Takes points, oldest expiry first, or refuses whole where the account has too few. The accounts are locked, touched
-- and all different. One statement writes transaction, lots, entries, account, event and audit entry.
CREATE FUNCTION ledger_debit(operations ledger_operation[], context ledger_context, at timestamptz)
RETURNS ledger_answer[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    balances bigint[];
    able ledger_operation[];
    refused ledger_operation[];
    refusals jsonb[];
    answers ledger_answer[];
    done ledger_answer[];
    is_late boolean;
    is_wrong boolean;
BEGIN
    balances := array(
        SELECT (SELECT a.available FROM loyalty_account a WHERE a.customer_id = o.account_id)
        FROM unnest(operations) WITH ORDINALITY AS o ORDER BY o.ordinality
    );
    FOR i IN 1 .. cardinality(operations) LOOP
        IF balances[i] + (operations[i]).points >= 0 THEN
            able := able || operations[i];
        ELSE
            refused := refused || operations[i];
            refusals := refusals || jsonb_build_object(
                'refusal', 'not_enough_points', 'kind', (operations[i]).kind, 'balance', balances[i],
                'requested', -(operations[i]).points, 'customer', (operations[i]).customer_code
            );
        END IF;
    END LOOP;
    IF refused IS NOT NULL THEN
        answers := ledger_refuse(refused, 'refused', refusals, context, $3);
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
        FROM op CROSS JOIN LATERAL (
            SELECT l.id, l.remaining, (sum(l.remaining) OVER (ORDER BY l.expires_at NULLS LAST, l.id))::bigint
                   - l.remaining AS before
            FROM loyalty_lot l WHERE l.account_id = op.account_id AND l.remaining > 0
        ) AS lot
        WHERE lot.before < op.wanted
    ), answer AS MATERIALIZED (
        SELECT op.*, jsonb_strip_nulls(jsonb_build_object(
            'transaction', code, 'kind', kind, 'points', points, 'balance', balance, 'debt', 0,
            'customer', customer_code, 'business', business_code, 'reason', reason
        )) AS response
        FROM op
    ), written AS (
        INSERT INTO loyalty_transaction (
            id, code, account_id, kind, status, points, business_id, reason, reversed_points, key_owner, key_endpoint,
            key, request_digest, response, actor, actor_label, ip, at
        )
        SELECT id, code, account_id, kind, 'done', points, business_id, coalesce(reason, ''), 0, context.owner,
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
        UPDATE loyalty_account a SET available = op.balance, version = a.version + 1
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
$$;
