-- Takes what has expired out of accounts that the caller has locked: holds that ran out give their points back, then
-- lots go, one `expire` transaction for each account that had such. Part of every operation ("touch"), and of the
-- nightly sweep. Returns how many accounts lost points.
CREATE FUNCTION ledger_expire(account_ids bigint[], at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    overdue record;
    touched integer;
BEGIN
    FOR overdue IN
        SELECT h.transaction_id, h.account_id, h.points, t.business_id, t.reason
        FROM unnest(account_ids) AS account (id)
        CROSS JOIN LATERAL (
            SELECT h.transaction_id, h.account_id, h.points FROM loyalty_hold h
            WHERE h.account_id = account.id AND h.state = 'held' AND h.expires_at <= $2
            ORDER BY h.expires_at, h.transaction_id
        ) AS h
        CROSS JOIN LATERAL (
            SELECT t.business_id, t.reason FROM loyalty_transaction t WHERE t.id = h.transaction_id LIMIT 1
        ) AS t
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

    WITH due AS MATERIALIZED (
        SELECT nextval('loyalty_transaction_id_seq') AS id, public_code() AS code, lots.*
        FROM unnest(account_ids) AS account (id)
        CROSS JOIN LATERAL (
            SELECT l.account_id, sum(l.remaining)::bigint AS points, array_agg(l.id) AS ids,
                   array_agg(l.remaining) AS amounts
            FROM loyalty_lot l
            WHERE l.account_id = account.id AND l.remaining > 0 AND l.expires_at <= $2
            GROUP BY l.account_id
        ) AS lots
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
    ), counted AS (
        UPDATE loyalty_account a SET available = a.available - due.points, version = a.version + 1
        FROM due WHERE a.customer_id = due.account_id
    )
    SELECT count(*) INTO touched FROM due;

    -- The mark may have been early (its lot was spent): put it where it belongs also where nothing expired.
    UPDATE loyalty_account a SET expires_next_at = least(
        (SELECT min(l.expires_at) FROM loyalty_lot l WHERE l.account_id = a.customer_id AND l.remaining > 0),
        (SELECT min(h.expires_at) FROM loyalty_hold h WHERE h.account_id = a.customer_id AND h.state = 'held')
    )
    FROM unnest(account_ids) AS account (id)
    WHERE a.customer_id = account.id;

    RETURN touched;
END
$$;

-- The sweep: a batch of accounts that are due, whoever is busy with one is skipped. Call again while it returns > 0.
CREATE FUNCTION ledger_expire_due(at timestamptz, batch integer) RETURNS integer
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
AS $$
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
$$;
