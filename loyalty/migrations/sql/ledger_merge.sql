-- Two accounts of one person become one, and two again (docs/algorithms/points.md, "Merging"). Transactions change hands
-- with all that is counted by them. Entries are never changed, so the points go by a transfer that takes each lot whole:
-- same expiry, same issuer, still waiting or set aside. Nothing is issued, spent or lost by it. The caller has locked
-- both accounts, by id.

-- The first moment at which something happens to an account by itself.
CREATE OR REPLACE FUNCTION ledger_next_look(account_id bigint) RETURNS timestamptz
LANGUAGE sql STABLE
AS $$
    SELECT min(ends.at) FROM (
        SELECT l.expires_at AS at FROM loyalty_lot l WHERE l.account_id = $1 AND l.remaining > 0
        UNION ALL SELECT l.available_at FROM loyalty_lot l WHERE l.account_id = $1 AND l.is_pending
        UNION ALL SELECT h.expires_at FROM loyalty_hold h WHERE h.account_id = $1 AND h.state = 'held'
        UNION ALL SELECT a.lapses_at FROM loyalty_account a WHERE a.customer_id = $1
    ) AS ends
$$;

-- One leg, sealed; nothing where the amount is 0.
CREATE OR REPLACE FUNCTION ledger_write_leg(transaction_id bigint, account_id bigint, lot_id bigint, amount bigint)
RETURNS void
LANGUAGE sql
AS $$
    INSERT INTO loyalty_entry (transaction_id, account_id, lot_id, amount, seal)
    SELECT $1, $2, $3, $4, ledger_seal($1, $2, $3, $4) WHERE $4 <> 0
$$;

-- Both sides of the transfer, once its members' legs and the accounts are written.
CREATE OR REPLACE FUNCTION ledger_write_sides(
    out_id bigint, in_id bigint, giver bigint, taker bigint, points bigint, key text, context ledger_context,
    at timestamptz
) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    WITH side AS MATERIALIZED (
        SELECT one.*, public_code() AS code, c.code AS customer, c.merged_into_id IS NULL AS is_there,
               a.available AS balance, a.debt
        FROM (VALUES ($1, $2, $3, -$5, $6), ($2, $1, $4, $5, NULL)) AS one (id, other_id, account_id, points, key)
        JOIN customers_customer c ON c.id = one.account_id JOIN loyalty_account a ON a.customer_id = one.account_id
    ), written AS (
        INSERT INTO loyalty_transaction (
            id, code, account_id, kind, status, points, reason, counterpart_id, reversed_points, key_owner, key_endpoint,
            key, request_digest, response, actor, actor_label, ip, at
        )
        SELECT side.id, side.code, side.account_id, 'transfer', 'done', side.points, '', side.other_id, 0,
               context.owner, 'points.merge', side.key, '', jsonb_build_object(
                   'transaction', side.code, 'kind', 'transfer', 'points', side.points, 'balance', side.balance,
                   'debt', side.debt, 'customer', side.customer
               ), context.actor, context.actor_label, context.ip, $8
        FROM side
    )
    INSERT INTO customers_event (name, customer_id, occurred_at, actor, data)
    SELECT 'loyalty.points.transferred', side.account_id, $8, context.actor, jsonb_build_object(
        'transaction', side.code, 'points', side.points, 'balance', side.balance, 'cause', 'merge'
    )
    FROM side WHERE side.is_there AND side.points <> 0;
    PERFORM ledger_write_leg($1, NULL, NULL, $5), ledger_write_leg($2, NULL, NULL, -$5);
END
$$;

-- A line in a member's tiers that says what another line says.
CREATE OR REPLACE FUNCTION ledger_note_tier(
    account_id bigint, like_it loyalty_tierchange, tier_id bigint, before_id bigint, cause text, at timestamptz,
    context ledger_context
) RETURNS bigint
LANGUAGE sql
AS $$
    INSERT INTO loyalty_tierchange (
        account_id, tier_id, before_id, cause, basis, window_months, figure, threshold, kept_until, reason, actor,
        actor_label, at
    )
    VALUES (
        $1, $3, $4, $5, like_it.basis, like_it.window_months, like_it.figure, like_it.threshold,
        CASE WHEN $3 IS NOT NULL THEN like_it.kept_until END, '', (context).actor, (context).actor_label, $6
    )
    RETURNING id
$$;

-- Makes `source` a part of `target`, who becomes a member if only the other one was. Returns what undoing needs; null
-- where `source` has no account.
CREATE OR REPLACE FUNCTION ledger_merge(source bigint, target bigint, key text, call jsonb, at timestamptz) RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    context ledger_context := ledger_context_at(call, $5);
    giver loyalty_account;
    taker loyalty_account;
    moved bigint[];
    lots jsonb := '[]';
    lot record;
    new_id bigint;
    out_id bigint := nextval('loyalty_transaction_id_seq');
    in_id bigint := nextval('loyalty_transaction_id_seq');
    paid bigint;
    claim loyalty_tierchange;
    copied bigint;
BEGIN
    PERFORM FROM loyalty_account a WHERE a.customer_id = $1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO loyalty_account (customer_id, available, held, debt, lifetime, version, joined_at)
    SELECT $2, 0, 0, 0, 0, 0, a.joined_at FROM loyalty_account a WHERE a.customer_id = $1
    ON CONFLICT (customer_id) DO NOTHING;
    PERFORM ledger_expire(array(
        SELECT a.customer_id FROM loyalty_account a WHERE a.customer_id IN ($1, $2) AND a.expires_next_at <= $5 ORDER BY 1
    ), $5);
    SELECT a.* INTO giver FROM loyalty_account a WHERE a.customer_id = $1;
    SELECT a.* INTO taker FROM loyalty_account a WHERE a.customer_id = $2;

    moved := array(SELECT t.id FROM loyalty_transaction t WHERE t.account_id = $1 ORDER BY t.id);
    FOR lot IN
        SELECT l.*, coalesce((SELECT sum(p.points) FROM loyalty_holdallocation p WHERE p.lot_id = l.id), 0)::bigint AS held
        FROM loyalty_lot l
        WHERE l.id IN (
            SELECT o.id FROM loyalty_lot o WHERE o.account_id = $1 AND o.remaining > 0
            UNION SELECT p.lot_id FROM loyalty_hold h JOIN loyalty_holdallocation p ON p.hold_id = h.transaction_id
            WHERE h.account_id = $1 AND h.state = 'held'
        )
        ORDER BY l.id
    LOOP
        new_id := nextval('loyalty_lot_id_seq');
        INSERT INTO loyalty_lot (
            id, account_id, transaction_id, issuer_id, amount, remaining, available_at, expires_at, is_pending
        )
        -- The transaction stays, so that undoing it still takes its own lot first.
        VALUES (new_id, $2, lot.transaction_id, lot.issuer_id, lot.remaining + lot.held, lot.remaining, lot.available_at,
                lot.expires_at, lot.is_pending);
        UPDATE loyalty_lot l SET remaining = 0, is_pending = false WHERE l.id = lot.id;
        UPDATE loyalty_holdallocation p SET lot_id = new_id WHERE p.lot_id = lot.id;
        PERFORM ledger_write_leg(out_id, $1, lot.id, -lot.remaining - lot.held);
        PERFORM ledger_write_leg(in_id, $2, new_id, lot.remaining + lot.held);
        lots := lots || jsonb_build_array(jsonb_build_array(lot.id, new_id));
    END LOOP;
    UPDATE loyalty_transaction t SET account_id = $2 WHERE t.account_id = $1;
    UPDATE loyalty_hold h SET account_id = $2 WHERE h.transaction_id = ANY (moved);
    PERFORM ledger_write_leg(out_id, $1, NULL, giver.debt);
    PERFORM ledger_write_leg(in_id, $2, NULL, -giver.debt);

    -- Points that can be spent pay debt, whoever of the two it was.
    paid := least(giver.debt + taker.debt, giver.available + taker.available);
    FOR lot IN
        SELECT l.id, least(l.remaining, paid - l.before) AS amount FROM ledger_spendable($2) AS l WHERE l.before < paid
    LOOP
        UPDATE loyalty_lot l SET remaining = l.remaining - lot.amount WHERE l.id = lot.id;
        PERFORM ledger_write_leg(in_id, $2, lot.id, -lot.amount);
    END LOOP;
    PERFORM ledger_write_leg(in_id, $2, NULL, paid);

    UPDATE loyalty_account a
    SET available = 0, held = 0, pending = 0, debt = 0, lifetime = 0, version = 1, expires_next_at = NULL,
        lapses_at = NULL, tier_id = NULL, tier_since = NULL, tier_kept_until = NULL, tier_due_at = NULL
    WHERE a.customer_id = $1;
    UPDATE loyalty_account a
    SET available = taker.available + giver.available - paid, held = taker.held + giver.held,
        pending = taker.pending + giver.pending, debt = taker.debt + giver.debt - paid,
        lifetime = taker.lifetime + giver.lifetime, version = taker.version + giver.version + 1,
        joined_at = least(taker.joined_at, giver.joined_at), lapses_at = greatest(taker.lapses_at, giver.lapses_at)
    WHERE a.customer_id = $2;
    UPDATE loyalty_account a SET expires_next_at = ledger_next_look($2) WHERE a.customer_id = $2;
    PERFORM ledger_write_sides(
        out_id, in_id, $1, $2, giver.available + giver.held + giver.pending - giver.debt, $3, context, $5
    );

    IF giver.tier_id IS NOT NULL THEN
        SELECT (coalesce(first, last)).* INTO claim
        FROM loyalty_tierchange last LEFT JOIN loyalty_tierchange first ON first.id = last.rests_on_id
        WHERE last.account_id = $1 ORDER BY last.id DESC LIMIT 1;
        PERFORM ledger_note_tier($1, claim, NULL, giver.tier_id, 'undone', $5, context);
        IF taker.tier_id IS NULL OR (SELECT t.rank FROM loyalty_tier t WHERE t.id = giver.tier_id)
                                  > (SELECT t.rank FROM loyalty_tier t WHERE t.id = taker.tier_id) THEN
            copied := ledger_note_tier($2, claim, giver.tier_id, taker.tier_id, claim.cause, claim.at, context);
            UPDATE loyalty_account a
            SET tier_id = giver.tier_id, tier_since = giver.tier_since, tier_kept_until = giver.tier_kept_until,
                tier_due_at = giver.tier_due_at
            WHERE a.customer_id = $2;
        END IF;
    END IF;
    PERFORM ledger_judge_tiers(ARRAY[$2], $5, context.zone);

    RETURN jsonb_build_object(
        'transactions', moved, 'lots', lots, 'debt', giver.debt, 'lifetime', giver.lifetime,
        'joined_at', taker.joined_at, 'tier_change', copied, 'tier', taker.tier_id, 'tier_since', taker.tier_since,
        'tier_kept_until', taker.tier_kept_until, 'tier_due_at', taker.tier_due_at
    );
END
$$;

-- Gives back to `source` what is still there of it at `target`. `moved` is what ledger_merge returned. What was spent,
-- paid or ran out since is gone, and what came since stays.
CREATE OR REPLACE FUNCTION ledger_unmerge(
    source bigint, target bigint, moved jsonb, key text, call jsonb, at timestamptz
) RETURNS bigint
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    context ledger_context := ledger_context_at(call, $6);
    transactions bigint[] := array(SELECT value::bigint FROM jsonb_array_elements_text(moved->'transactions'));
    giver loyalty_account;
    pair jsonb;
    lot record;
    out_id bigint := nextval('loyalty_transaction_id_seq');
    in_id bigint := nextval('loyalty_transaction_id_seq');
    free bigint := 0;
    waiting bigint := 0;
    aside bigint := 0;
    owed bigint;
    returned bigint;
    copied loyalty_tierchange;
BEGIN
    PERFORM ledger_expire(array(
        SELECT a.customer_id FROM loyalty_account a WHERE a.customer_id = $2 AND a.expires_next_at <= $6
    ), $6);
    SELECT a.* INTO giver FROM loyalty_account a WHERE a.customer_id = $2;
    UPDATE loyalty_transaction t SET account_id = $1 WHERE t.id = ANY (transactions) AND t.account_id = $2;
    GET DIAGNOSTICS returned = ROW_COUNT;
    UPDATE loyalty_hold h SET account_id = $1 WHERE h.transaction_id = ANY (transactions) AND h.account_id = $2;

    FOR pair IN SELECT value FROM jsonb_array_elements(moved->'lots') LOOP
        SELECT l.id, l.remaining, l.is_pending, coalesce((
            SELECT sum(p.points) FROM loyalty_holdallocation p WHERE p.lot_id = l.id AND p.hold_id = ANY (transactions)
        ), 0)::bigint AS held
        INTO lot FROM loyalty_lot l WHERE l.id = (pair->>1)::bigint AND l.account_id = $2;
        CONTINUE WHEN lot.id IS NULL OR lot.remaining + lot.held = 0;
        UPDATE loyalty_lot l SET remaining = 0, is_pending = false WHERE l.id = lot.id;
        UPDATE loyalty_lot l
        SET amount = l.amount + lot.remaining + lot.held, remaining = l.remaining + lot.remaining,
            is_pending = lot.is_pending
        WHERE l.id = (pair->>0)::bigint;
        UPDATE loyalty_holdallocation p SET lot_id = (pair->>0)::bigint
        WHERE p.lot_id = lot.id AND p.hold_id = ANY (transactions);
        PERFORM ledger_write_leg(out_id, $2, lot.id, -lot.remaining - lot.held);
        PERFORM ledger_write_leg(in_id, $1, (pair->>0)::bigint, lot.remaining + lot.held);
        aside := aside + lot.held;
        IF lot.is_pending THEN
            waiting := waiting + lot.remaining;
        ELSE
            free := free + lot.remaining;
        END IF;
    END LOOP;
    owed := least(giver.debt, (moved->>'debt')::bigint); -- the rest was paid
    PERFORM ledger_write_leg(out_id, $2, NULL, owed);
    PERFORM ledger_write_leg(in_id, $1, NULL, -owed);

    UPDATE loyalty_account a
    SET available = giver.available - free, held = giver.held - aside,
        pending = giver.pending - waiting, debt = giver.debt - owed,
        lifetime = giver.lifetime - (moved->>'lifetime')::bigint,
        version = (SELECT count(*) + 1 FROM loyalty_transaction t WHERE t.account_id = $2 AND t.status = 'done'),
        joined_at = (moved->>'joined_at')::timestamptz
    WHERE a.customer_id = $2;
    UPDATE loyalty_account a
    SET available = free, held = aside, pending = waiting,
        debt = owed, lifetime = (moved->>'lifetime')::bigint, lapses_at = giver.lapses_at,
        version = (SELECT count(*) + 1 FROM loyalty_transaction t WHERE t.account_id = $1 AND t.status = 'done')
    WHERE a.customer_id = $1;
    UPDATE loyalty_account a SET expires_next_at = ledger_next_look(a.customer_id) WHERE a.customer_id IN ($1, $2);
    PERFORM ledger_write_sides(out_id, in_id, $2, $1, free + aside + waiting - owed, $4, context, $6);

    -- A tier that somebody set for the duplicate stands by itself: what the other one had is set again.
    SELECT c.* INTO copied FROM loyalty_tierchange c WHERE c.id = (moved->>'tier_change')::bigint AND c.cause = 'set';
    IF FOUND AND giver.tier_id = copied.tier_id THEN
        PERFORM ledger_note_tier($2, copied, (moved->>'tier')::bigint, giver.tier_id, 'set', $6, context);
        UPDATE loyalty_account a
        SET tier_id = (moved->>'tier')::bigint, tier_since = (moved->>'tier_since')::timestamptz,
            tier_kept_until = (moved->>'tier_kept_until')::timestamptz, tier_due_at = (moved->>'tier_due_at')::timestamptz
        WHERE a.customer_id = $2;
    END IF;
    PERFORM ledger_judge_tiers(ARRAY[$1, $2], $6, context.zone);
    RETURN free + aside + waiting - owed;
END
$$;

-- Stamps go card by card: each sale with what it gave, the rest (by hand) as one line, full cards with their codes.
-- Entries stay where they were written, so a line on each side says that they moved. Returns what undoing needs.
CREATE OR REPLACE FUNCTION ledger_merge_stamps(
    source bigint, target bigint, actor text, actor_label text, at timestamptz, zone text
) RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    book record;
    new_book bigint;
    books jsonb := '[]';
    sales bigint[];
    rewards bigint[];
    rest integer;
BEGIN
    FOR book IN SELECT b.* FROM loyalty_stampbook b WHERE b.account_id = $1 ORDER BY b.id LOOP
        INSERT INTO loyalty_stampbook (account_id, card_id, stamps, total, completed, changed_at)
        VALUES ($2, book.card_id, 0, 0, 0, $5) ON CONFLICT (account_id, card_id) DO NOTHING;
        SELECT b.id INTO new_book FROM loyalty_stampbook b WHERE b.account_id = $2 AND b.card_id = book.card_id;
        sales := array(SELECT s.id FROM loyalty_stampsale s WHERE s.book_id = book.id ORDER BY s.id);
        rewards := array(SELECT r.id FROM loyalty_stampreward r WHERE r.book_id = book.id ORDER BY r.id);
        PERFORM ledger_move_stamps(book.id, new_book, sales, rewards, NULL, $3, $4, $5);
        rest := (SELECT b.total FROM loyalty_stampbook b WHERE b.id = book.id);
        PERFORM ledger_move_stamps(book.id, new_book, NULL, NULL, rest, $3, $4, $5);
        PERFORM ledger_fill_cards(one.id, $3, $5, $6) FROM (VALUES (book.id), (new_book)) AS one (id);
        books := books || jsonb_build_object(
            'from', book.id, 'to', new_book, 'sales', sales, 'rewards', rewards, 'rest', rest
        );
    END LOOP;
    RETURN books;
END
$$;

CREATE OR REPLACE FUNCTION ledger_unmerge_stamps(books jsonb, actor text, actor_label text, at timestamptz, zone text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    book jsonb;
    sales bigint[];
    rewards bigint[];
BEGIN
    FOR book IN SELECT value FROM jsonb_array_elements(books) LOOP
        sales := array(
            SELECT s.id FROM loyalty_stampsale s JOIN jsonb_array_elements_text(book->'sales') AS was ON s.id = was::bigint
            WHERE s.book_id = (book->>'to')::bigint ORDER BY s.id
        );
        rewards := array(
            SELECT r.id FROM loyalty_stampreward r
            JOIN jsonb_array_elements_text(book->'rewards') AS was ON r.id = was::bigint
            WHERE r.book_id = (book->>'to')::bigint ORDER BY r.id
        );
        PERFORM ledger_move_stamps(
            (book->>'to')::bigint, (book->>'from')::bigint, sales, rewards, (book->>'rest')::integer, $2, $3, $4
        );
        PERFORM ledger_fill_cards((book->>'from')::bigint, $2, $4, $5);
        PERFORM ledger_fill_cards((book->>'to')::bigint, $2, $4, $5);
    END LOOP;
END
$$;

-- No events: nothing was given or taken.
CREATE OR REPLACE FUNCTION ledger_move_stamps(
    giver bigint, taker bigint, sales bigint[], rewards bigint[], rest integer, actor text, actor_label text,
    at timestamptz
) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO loyalty_stampentry (
        code, book_id, stamps, kind, order_id, business_id, reason, actor, actor_label, at
    )
    SELECT public_code(), side.book_id, side.sign * part.stamps, part.kind, part.order_id, part.business_id, '', $6, $7, $8
    FROM (
        SELECT s.given AS stamps, 'sale' AS kind, s.order_id, o.business_id
        FROM loyalty_stampsale s JOIN customers_order o ON o.id = s.order_id WHERE s.id = ANY ($3)
        UNION ALL SELECT $5, 'hand', NULL, NULL
    ) AS part
    CROSS JOIN (VALUES ($1, -1), ($2, 1)) AS side (book_id, sign)
    WHERE part.stamps <> 0;
    UPDATE loyalty_stampbook b SET changed_at = $8, total = (
        SELECT coalesce(sum(e.stamps), 0) FROM loyalty_stampentry e WHERE e.book_id = b.id
    ) WHERE b.id IN ($1, $2);
    UPDATE loyalty_stampsale s SET book_id = $2 WHERE s.id = ANY ($3);
    UPDATE loyalty_stampreward r SET book_id = $2 WHERE r.id = ANY ($4);
END
$$;
