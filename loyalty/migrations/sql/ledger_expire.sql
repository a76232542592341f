-- When an account that was last active at `at` lapses, but not before a full period since points run out so; null where
-- they do not run out by inactivity.
CREATE OR REPLACE FUNCTION ledger_lapses_at(at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE
AS $$
    SELECT loyalty_expires_at(greatest(at, s.expiry_changed_at), s.expiry_months::integer, p.time_zone)
    FROM loyalty_loyaltysettings s CROSS JOIN public.programs_programme p
    WHERE s.id = 1 AND s.expiry_policy = 'inactivity' AND p.schema_name = current_schema()
$$;

-- After a change of the programme's expiry: dates the points of the next accounts after `after` that have no date, a
-- full period after the change or after they can be spent, also where they are set aside; accounts that never lapsed get
-- a moment. Points with a date keep it. Returns the last account looked at; null: there are no more.
CREATE OR REPLACE FUNCTION ledger_date_lots(after bigint, batch integer) RETURNS bigint
LANGUAGE plpgsql
AS $$
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
$$;

-- Points whose day has come can be spent; debt is paid on the way. One `mature` transaction for each account.
CREATE OR REPLACE FUNCTION ledger_mature(account_ids bigint[], at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
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
$$;

-- Brings accounts that the caller has locked up to the moment ("touch"): holds that ran out give their points back,
-- points whose day has come can be spent, then what has expired goes, one `expire` transaction for each account that
-- had such. Part of every operation, and of the regular sweep. Returns how many accounts lost points.
CREATE OR REPLACE FUNCTION ledger_expire(account_ids bigint[], at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
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
$$;

-- The sweep: a batch of accounts that are due, whoever is busy with one is skipped. Call again while it returns > 0.
CREATE OR REPLACE FUNCTION ledger_expire_due(at timestamptz, batch integer) RETURNS integer
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
