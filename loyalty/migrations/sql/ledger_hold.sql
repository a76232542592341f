-- Sets points aside for a claim, oldest expiry first, or refuses whole where the account has too few. They leave the
-- lots but stay the member's: no entry moves until they are captured. The accounts are locked, touched and different.
CREATE OR REPLACE FUNCTION ledger_hold(operations ledger_operation[], context ledger_context, at timestamptz)
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
$$;

-- Redeems whole holds: what was set aside is spent. The balance changed when they were made.
CREATE OR REPLACE FUNCTION ledger_capture_whole(operations ledger_operation[], context ledger_context, at timestamptz)
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
$$;

-- Judges captures and voids. `points` of a capture is how many to redeem; null: all; the rest goes back first.
-- A hold is the business's that made it; its reason and business are those of the redemption. One that a member made
-- for a reward names no business: the one that captures it is the redemption's, the caller's own if none is said. Who
-- is limited to a business where the reward is not given does not find it.
CREATE OR REPLACE FUNCTION ledger_settle(operations ledger_operation[], context ledger_context, at timestamptz)
RETURNS ledger_answer[]
LANGUAGE plpgsql
AS $$
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
$$;
