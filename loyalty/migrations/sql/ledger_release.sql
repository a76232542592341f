-- Gives `points` of holds back to the lots they came from, the last to expire first; debt is paid on the way. `outcome`
-- is what becomes of a hold that is given back whole; of the others less stays held. The accounts are locked and all
-- different; the caller expires them afterwards: a lot may have run out meanwhile, and its points do not count as
-- balance in the answer.
CREATE OR REPLACE FUNCTION ledger_release(operations ledger_operation[], outcome text, context ledger_context, at timestamptz)
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
$$;
