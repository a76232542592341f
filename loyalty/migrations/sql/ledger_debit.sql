-- Why a member cannot have a reward now; null: they can, as far as it goes without points and stock.
CREATE OR REPLACE FUNCTION ledger_reward_refusal(op ledger_operation, zone text, at timestamptz) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
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
$$;

-- A reward ran out, or is there again: who keeps what depends on it reads it in the stream.
CREATE OR REPLACE FUNCTION ledger_tell_stock(code text, name text, business_id bigint, stock integer) RETURNS void
LANGUAGE sql
AS $$
    INSERT INTO customers_event (name, business_id, occurred_at, actor, data)
    VALUES (CASE $4 WHEN 0 THEN 'loyalty.reward.ran_out' ELSE 'loyalty.reward.came_back' END, $3, now(),
            'system:system', jsonb_build_object('reward', $1, 'reward_name', $2))
$$;

-- One of each of these rewards goes back on the shelf.
CREATE OR REPLACE FUNCTION ledger_restock(reward_ids bigint[]) RETURNS void
LANGUAGE sql
AS $$
    WITH stocked AS (
        UPDATE loyalty_reward r SET stock = r.stock + back.number
        FROM (SELECT id, count(*) AS number FROM unnest($1) AS given (id) WHERE id IS NOT NULL GROUP BY id) AS back
        WHERE r.id = back.id AND r.stock IS NOT NULL
        RETURNING r.code, r.name, r.business_id, r.stock, back.number
    )
    SELECT ledger_tell_stock(code, name, business_id, stock) FROM stocked WHERE stock = number
$$;

-- Judges what takes points, one operation after the other: able, or refused with why. A reward with a stock loses one
-- here; what fails later undoes that with everything else.
CREATE OR REPLACE FUNCTION ledger_judge_spending(
    operations ledger_operation[], context ledger_context, at timestamptz,
    OUT able ledger_operation[], OUT refused ledger_operation[], OUT refusals jsonb[]
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    op ledger_operation;
    balance bigint;
    refusal text;
    reward loyalty_reward;
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
            WHERE r.id = op.reward_id AND (r.stock > 0 OR r.stock IS NULL)
            RETURNING r.* INTO reward;
            refusal := CASE WHEN NOT FOUND THEN 'reward_out_of_stock' END;
            IF reward.stock = 0 THEN
                PERFORM ledger_tell_stock(reward.code, reward.name, reward.business_id, 0);
            END IF;
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
$$;

-- The lots that a member can spend, in the order in which they are: oldest expiry first. `before` is how many points come
-- before each; who wants n points takes from those with `before` < n. Plain SQL, so that it becomes part of the query.
CREATE OR REPLACE FUNCTION ledger_spendable(account_id bigint)
RETURNS TABLE (id bigint, remaining bigint, issuer_id bigint, expires_at timestamptz, before bigint)
LANGUAGE sql STABLE
AS $$
    SELECT l.id, l.remaining, l.issuer_id, l.expires_at,
           (sum(l.remaining) OVER (ORDER BY l.expires_at NULLS LAST, l.id))::bigint - l.remaining
    FROM loyalty_lot l WHERE l.account_id = $1 AND l.remaining > 0 AND NOT l.is_pending
$$;

-- Takes points, oldest expiry first, or refuses whole where the account has too few. The accounts are locked, touched
-- and all different. One statement writes transaction, lots, entries, account, event and audit entry.
CREATE OR REPLACE FUNCTION ledger_debit(operations ledger_operation[], context ledger_context, at timestamptz)
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
$$;
