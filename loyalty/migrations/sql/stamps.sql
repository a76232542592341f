-- Stamp cards (docs/algorithms/stamps.md). With T stamps in all, cards of X stamps and U full cards used or run out,
-- max(0, floor(T / X) - U) full cards are ready and T - X * max(floor(T / X), U) stamps are on the card in hand. Every
-- function ends there, so sales, refunds and undoing commute. The caller holds the account's lock.

-- Notes which cards a sale meets, with the lines that count. Called once for each sale that earned points, with its
-- lines as the sale told them: a line that names no stock code has its category from there.
CREATE OR REPLACE FUNCTION ledger_note_stamps(order_id bigint, lines jsonb, at timestamptz, zone text) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    sale record;
    card record;
    matching integer[];
    its_book bigint;
BEGIN
    SELECT o.id, o.customer_id, o.business_id, (o.placed_at AT TIME ZONE $4)::date AS day INTO sale
    FROM customers_order o WHERE o.id = $1;
    FOR card IN
        SELECT c.* FROM loyalty_stampcard c
        WHERE c.is_active AND (c.business_id IS NULL OR c.business_id = sale.business_id)
        AND (c.starts_on IS NULL OR c.starts_on <= sale.day) AND (c.ends_on IS NULL OR c.ends_on >= sale.day)
        ORDER BY c.id
    LOOP
        matching := '{}';
        IF card.per = 'item' OR card.categories <> '{}' OR card.products <> '{}' THEN
            matching := array(
                SELECT (line->>'position')::integer
                FROM jsonb_array_elements(coalesce(customers_lines_of($1), '[]')) AS line
                LEFT JOIN LATERAL (
                    SELECT told->>'category' AS category FROM jsonb_array_elements(coalesce($2, '[]')) AS told
                    WHERE told->>'position' = line->>'position' LIMIT 1
                ) AS told ON true
                WHERE card.categories = '{}' AND card.products = '{}'
                OR lower(coalesce(nullif(line->>'category', ''), told.category)) = ANY (card.categories)
                OR lower(line->>'sku') = ANY (card.products)
                ORDER BY 1
            );
            CONTINUE WHEN matching = '{}';
        END IF;
        CONTINUE WHEN ledger_stamps_of(sale.id, card.id, matching) = 0;
        INSERT INTO loyalty_stampbook (account_id, card_id, stamps, total, completed, changed_at)
        VALUES (sale.customer_id, card.id, 0, 0, 0, $3)
        ON CONFLICT (account_id, card_id) DO NOTHING;
        SELECT b.id INTO its_book FROM loyalty_stampbook b
        WHERE b.account_id = sale.customer_id AND b.card_id + 0 = card.id; -- by the member: a card has everybody's
        INSERT INTO loyalty_stampsale (order_id, book_id, day, lines, given)
        VALUES (sale.id, its_book, sale.day, matching, 0)
        ON CONFLICT (order_id, book_id) DO NOTHING;
    END LOOP;
END
$$;

-- Whether a sale still counts: its points were not undone by hand as a whole. What refunds took leaves it standing; then
-- what is left of it decides.
CREATE OR REPLACE FUNCTION ledger_sale_stands(order_id bigint) RETURNS boolean
LANGUAGE sql STABLE
AS $$
    SELECT EXISTS (
        SELECT FROM loyalty_transaction t
        WHERE t.order_id = $1 AND t.kind = 'earn' AND t.status = 'done'
        AND (t.reversed_at IS NULL OR ledger_net_of(t.id) <> 0 OR NOT EXISTS (
            SELECT FROM loyalty_transaction r
            WHERE r.reverses_id = t.id AND r.status = 'done' AND r.key_endpoint <> 'points.refund'
            AND CASE WHEN r.points = 0 THEN r.reversed_at IS NULL ELSE ledger_net_of(r.id) <> 0 END
        ))
    )
$$;

-- How many stamps of a card a sale deserves by what is left of it, before the day's limit. Lines that cost nothing (what
-- a full card gave, say) and lines that were given back count for nothing.
CREATE OR REPLACE FUNCTION ledger_stamps_of(order_id bigint, card_id bigint, lines integer[]) RETURNS integer
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    card record;
    paid numeric;
    matched numeric;
    units numeric;
BEGIN
    SELECT c.per, c.min_spend, c.sale_limit INTO card FROM loyalty_stampcard c WHERE c.id = $2;
    SELECT o.total - o.refunded_total INTO paid FROM customers_order o WHERE o.id = $1 AND o.status <> 'cancelled';
    IF paid IS NULL OR paid <= 0 THEN
        RETURN 0;
    END IF;
    IF lines <> '{}' THEN
        SELECT coalesce(sum(kept.money) FILTER (WHERE kept.money > 0 AND kept.quantity > 0), 0),
               coalesce(sum(kept.quantity) FILTER (WHERE kept.money > 0 AND kept.quantity > 0), 0)
        INTO matched, units
        FROM (
            SELECT line.total - coalesce(sum(back.total), 0) AS money,
                   line.quantity - coalesce(sum(back.quantity), 0) AS quantity
            FROM customers_orderline line LEFT JOIN customers_refundline back ON back.order_line_id = line.id
            WHERE line.order_id = $1 AND line.position = ANY ($3)
            GROUP BY line.id
        ) AS kept;
        paid := least(paid, matched);
    END IF;
    IF paid <= 0 OR paid < card.min_spend THEN
        RETURN 0;
    END IF;
    IF card.per = 'sale' THEN
        RETURN 1;
    END IF;
    RETURN least(floor(units)::integer, coalesce(card.sale_limit, 10000), 10000);
END
$$;

-- Brings the stamps of sales up to what they deserve now, and those of the same members' sales of the same days where a
-- card has a limit a day. Safe to repeat.
CREATE OR REPLACE FUNCTION ledger_settle_stamps(
    order_ids bigint[], actor text, actor_label text, at timestamptz, zone text
) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    part record;
    sale record;
    running integer;
    due integer;
    has_changed boolean;
BEGIN
    FOR part IN
        SELECT DISTINCT s.book_id, s.day, b.card_id, c.day_limit::integer AS day_limit
        FROM loyalty_stampsale s
        CROSS JOIN LATERAL (SELECT b.card_id FROM loyalty_stampbook b WHERE b.id = s.book_id LIMIT 1) AS b
        CROSS JOIN LATERAL (SELECT c.day_limit FROM loyalty_stampcard c WHERE c.id = b.card_id LIMIT 1) AS c
        WHERE s.order_id = ANY (order_ids)
        ORDER BY s.book_id, s.day
    LOOP
        running := 0;
        has_changed := false;
        FOR sale IN
            SELECT s.id, s.order_id, s.lines, s.given, o.business_id
            FROM loyalty_stampsale s JOIN customers_order o ON o.id = s.order_id
            WHERE s.book_id = part.book_id AND s.day = part.day
            AND (part.day_limit IS NOT NULL OR s.order_id = ANY (order_ids))
            ORDER BY o.placed_at, o.id
        LOOP
            due := CASE WHEN ledger_sale_stands(sale.order_id)
                   THEN ledger_stamps_of(sale.order_id, part.card_id, sale.lines) ELSE 0 END;
            IF part.day_limit IS NOT NULL THEN
                due := least(due, part.day_limit - running);
                running := running + due;
            END IF;
            CONTINUE WHEN due = sale.given;
            has_changed := true;
            UPDATE loyalty_stampsale SET given = due WHERE id = sale.id;
            PERFORM ledger_write_stamps(
                part.book_id, due - sale.given, 'sale', sale.order_id, NULL, sale.business_id, '', $2, $3, $4
            );
        END LOOP;
        IF has_changed THEN
            PERFORM ledger_fill_cards(part.book_id, $2, $4, zone);
        END IF;
    END LOOP;
END
$$;

-- One line in a member's stamps, with its event. Returns its id.
CREATE OR REPLACE FUNCTION ledger_write_stamps(
    book_id bigint, stamps integer, kind text, order_id bigint, undoes_id bigint, business_id bigint, reason text,
    actor text, actor_label text, at timestamptz
) RETURNS bigint
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    entry_id bigint;
BEGIN
    INSERT INTO loyalty_stampentry (
        code, book_id, stamps, kind, order_id, undoes_id, business_id, reason, actor, actor_label, at
    )
    VALUES (public_code(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    RETURNING id INTO entry_id;
    UPDATE loyalty_stampbook b SET total = b.total + $2, changed_at = $10 WHERE b.id = $1;
    INSERT INTO customers_event (name, customer_id, business_id, occurred_at, actor, data)
    SELECT CASE WHEN $2 > 0 THEN 'loyalty.stamps.given' ELSE 'loyalty.stamps.taken' END, b.account_id, $6, $10, $8,
           jsonb_build_object('card', (SELECT c.code FROM loyalty_stampcard c WHERE c.id = b.card_id), 'stamps', abs($2))
    FROM loyalty_stampbook b WHERE b.id = $1;
    RETURN entry_id;
END
$$;

-- Makes and takes back full cards until the formula holds: the newest goes first. What ran out counts as used.
CREATE OR REPLACE FUNCTION ledger_fill_cards(book_id bigint, actor text, at timestamptz, zone text) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    book record;
    over integer;
    ready integer;
    full_cards integer;
    wanted integer;
BEGIN
    UPDATE loyalty_stampreward r SET state = 'expired', ended_at = r.expires_at
    WHERE r.book_id = $1 AND r.state = 'ready' AND r.expires_at <= $3;
    SELECT b.account_id, b.total, c.stamps::integer AS size, c.code, c.gives, c.reward_days::integer AS days INTO book
    FROM loyalty_stampbook b
    CROSS JOIN LATERAL (SELECT c.* FROM loyalty_stampcard c WHERE c.id = b.card_id LIMIT 1) AS c
    WHERE b.id = $1;
    SELECT count(*) FILTER (WHERE r.state IN ('used', 'expired')), count(*) FILTER (WHERE r.state = 'ready')
    INTO over, ready
    FROM loyalty_stampreward r WHERE r.book_id = $1;
    full_cards := greatest(floor(book.total::numeric / book.size)::integer, over);
    wanted := full_cards - over;
    IF ready > wanted THEN
        WITH taken AS (
            UPDATE loyalty_stampreward SET state = 'void', ended_at = $3
            WHERE id IN (
                SELECT r.id FROM loyalty_stampreward r WHERE r.book_id = $1 AND r.state = 'ready'
                ORDER BY r.id DESC LIMIT ready - wanted
            )
            RETURNING code
        )
        INSERT INTO customers_event (name, customer_id, occurred_at, actor, data)
        SELECT 'loyalty.stamps.reward_taken', book.account_id, $3, $2,
               jsonb_build_object('card', book.code, 'reward', taken.code)
        FROM taken;
    ELSIF ready < wanted THEN
        WITH made AS (
            INSERT INTO loyalty_stampreward (code, book_id, gives, state, made_at, expires_at, used_by, used_by_label)
            SELECT public_code(), $1, book.gives, 'ready', $3,
                   CASE WHEN book.days IS NOT NULL THEN loyalty_available_at($3, book.days + 1, zone) END, '', ''
            FROM generate_series(1, wanted - ready)
            RETURNING code
        )
        INSERT INTO customers_event (name, customer_id, occurred_at, actor, data)
        SELECT 'loyalty.stamps.completed', book.account_id, $3, $2,
               jsonb_build_object('card', book.code, 'reward', made.code)
        FROM made;
    END IF;
    UPDATE loyalty_stampbook b
    SET stamps = b.total - book.size * full_cards, completed = full_cards, changed_at = $3
    WHERE b.id = $1;
END
$$;

-- Makes a customer a member, with the bonuses for that, unless they are one; then locks the account. `call` is what
-- loyalty_post takes.
CREATE OR REPLACE FUNCTION ledger_join(customer_id bigint, call jsonb, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    is_new boolean;
BEGIN
    INSERT INTO loyalty_account (customer_id, available, held, debt, lifetime, version, joined_at)
    VALUES ($1, 0, 0, 0, 0, 0, $3)
    ON CONFLICT (customer_id) DO NOTHING;
    is_new := FOUND;
    PERFORM FROM loyalty_account a WHERE a.customer_id = $1 FOR NO KEY UPDATE;
    IF is_new AND EXISTS (SELECT FROM loyalty_earningrule r WHERE r.trigger = 'join' AND r.is_active) THEN
        PERFORM ledger_welcome(array[$1], ledger_context_at(call, $3), $3);
    END IF;
END
$$;

-- Takes what people wrote out of the stamps of an erased customer. Made by format(), because a function that runs as its
-- owner must name its own schema and no other.
DO $do$
BEGIN
    EXECUTE format($make$
CREATE OR REPLACE FUNCTION loyalty_forget_stamp_reasons(person bigint) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = %1$I, pg_temp
AS $$
DECLARE
    person_code text;
BEGIN
    SELECT c.code INTO person_code FROM customers_customer c WHERE c.id = person AND c.state = 'erased';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'customer %% is not erased', person USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    UPDATE loyalty_stampentry e SET reason = ''
    FROM loyalty_stampbook b WHERE b.id = e.book_id AND b.account_id = person AND e.reason <> '';
    UPDATE loyalty_stampact a SET response = a.response || '{"reason": ""}'
    WHERE a.response->>'customer' = person_code AND a.response->>'reason' <> '';
END
$$
    $make$, current_schema());
END
$do$;
