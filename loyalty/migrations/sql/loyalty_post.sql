-- Points by hand, up or down, and what a referral gives.
CREATE OR REPLACE FUNCTION ledger_adjust(operations ledger_operation[], context ledger_context, at timestamptz)
RETURNS ledger_answer[]
LANGUAGE plpgsql
AS $$
DECLARE
    up ledger_operation[] := array(SELECT o FROM unnest(operations) AS o WHERE o.points > 0);
    down ledger_operation[] := array(SELECT o FROM unnest(operations) AS o WHERE o.points < 0);
    answers ledger_answer[];
BEGIN
    IF up <> '{}' THEN
        answers := ledger_credit(up, context, $3);
    END IF;
    IF down <> '{}' THEN
        answers := answers || ledger_debit(down, context, $3);
    END IF;
    RETURN answers;
END
$$;

CREATE OR REPLACE FUNCTION ledger_redeem(operations ledger_operation[], context ledger_context, at timestamptz)
RETURNS ledger_answer[]
LANGUAGE sql
AS $$ SELECT ledger_debit($1, $2, $3) $$;

-- The caller's items as operations: business by code or id, customer by phone or id, the original by code, the rate.
-- What is not there, or not the caller's, stays null. Each look-up is a LATERAL with LIMIT so that it uses its index
-- whatever the planner believes about the size of the tables (a plan made on the first day serves for years).
CREATE OR REPLACE FUNCTION ledger_read(items jsonb, context ledger_context, at timestamptz) RETURNS ledger_operation[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN array(
        SELECT ROW(
            i.ordinal, 1, i.kind, i.endpoint, i.key, decode(i.digest, 'hex'), i.phone, i.phone_typed, person.id,
            account.customer_id IS NOT NULL, false, person.code, person.is_archived, business.id,
            coalesce(business.code, i.business, i.business_id::text), business.is_active,
            CASE i.kind
                WHEN 'earn' THEN loyalty_points_for(i.amount, coalesce(rate.points_per_unit, 1), rate.rounding)
                WHEN 'redeem' THEN -coalesce(reward.points, i.points)
                ELSE coalesce(reward.points, i.points)
            END,
            i.amount,
            CASE WHEN i.kind = 'earn' THEN coalesce(rate.points_per_unit, 1) END,
            CASE WHEN i.kind = 'earn' THEN coalesce(rate.rounding, 'down') END,
            i.reference, i.placed_at, NULL::bigint, NULL::text, coalesce(i.reason, reward.name),
            CASE i.kind WHEN 'hold' THEN $3 + make_interval(mins => coalesce(i.minutes, reward.claim_minutes)) END,
            original.id, i.not_before, coalesce(i.cancels_order, false), i.lines, NULL::jsonb,
            recipient.id, recipient.code, recipient.is_member, reward.id, coalesce(reward.code, i.reward), i.action,
            NULL::bigint
        )::ledger_operation
        FROM jsonb_to_recordset(items) AS i (
            ordinal integer, kind text, endpoint text, key text, digest text, phone text, phone_typed text,
            customer_id bigint, business text, business_id bigint, amount numeric, points bigint, reason text,
            reference text, placed_at timestamptz, original text, not_before timestamptz, cancels_order boolean,
            minutes integer, lines jsonb, recipient_phone text, recipient_id bigint, reward text, action text
        )
        LEFT JOIN LATERAL (
            SELECT found.id, found.code, found.is_active FROM (
                SELECT b.id, b.code::text AS code, b.is_active FROM workspace_business b WHERE b.id = i.business_id
                UNION ALL
                SELECT b.id, b.code::text, b.is_active FROM workspace_business b WHERE b.code = i.business
            ) AS found
            WHERE context.business_id IS NULL OR found.id = context.business_id
            LIMIT 1
        ) AS business ON true
        LEFT JOIN LATERAL (
            SELECT r.points_per_unit, r.rounding::text AS rounding FROM loyalty_earningrate r
            WHERE r.business_id = business.id LIMIT 1
        ) AS rate ON true
        LEFT JOIN LATERAL (
            SELECT t.id, t.account_id, t.counterpart_id FROM loyalty_transaction t WHERE t.code = i.original LIMIT 1
        ) AS original ON true
        LEFT JOIN LATERAL (
            SELECT r.id, r.code::text AS code, r.name::text AS name, r.points, r.claim_minutes::integer AS claim_minutes
            FROM loyalty_reward r WHERE r.code = i.reward LIMIT 1
        ) AS reward ON true
        LEFT JOIN LATERAL (
            SELECT c.id, c.code::text AS code, EXISTS (
                SELECT FROM loyalty_account a WHERE a.customer_id = c.id
            ) AS is_member
            FROM customers_customer c
            WHERE c.id = coalesce(
                (SELECT customers_survivor(t.account_id) FROM loyalty_transaction t WHERE t.id = original.counterpart_id),
                customers_survivor(i.recipient_id),
                (SELECT n.customer_id FROM customers_identifier n WHERE n.kind = 'phone' AND n.value = i.recipient_phone)
            ) LIMIT 1
        ) AS recipient ON true
        LEFT JOIN LATERAL (
            SELECT c.id, c.code::text AS code, c.state = 'archived' AS is_archived FROM customers_customer c
            WHERE c.id = coalesce(customers_survivor(original.account_id), customers_survivor(i.customer_id), (
                SELECT n.customer_id FROM customers_identifier n WHERE n.kind = 'phone' AND n.value = i.phone
            )) LIMIT 1
        ) AS person ON true
        LEFT JOIN LATERAL (
            SELECT a.customer_id FROM loyalty_account a WHERE a.customer_id = person.id LIMIT 1
        ) AS account ON true
        ORDER BY i.ordinal
    );
END
$$;

-- Makes customers and accounts for the operations that need them (unless the key was used before: then nothing may be
-- made). `made`: the phone numbers that are new; `joined`: the accounts that are.
CREATE OR REPLACE FUNCTION ledger_admit(
    operations ledger_operation[], context ledger_context, at timestamptz, OUT made text[], OUT joined bigint[]
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    joining ledger_operation[];
    phones text[];
BEGIN
    joining := array(
        SELECT first.o::ledger_operation
        FROM (
            SELECT o, row_number() OVER (PARTITION BY o.endpoint, o.key ORDER BY o.ordinal) AS place
            FROM unnest(operations) AS o
        ) AS first
        CROSS JOIN LATERAL (SELECT (first.o).*) AS o
        LEFT JOIN LATERAL (
            SELECT t.id FROM loyalty_transaction t
            WHERE t.key_owner = context.owner AND t.key_endpoint = o.endpoint AND t.key = o.key LIMIT 1
        ) AS stored ON true
        WHERE stored.id IS NULL AND (first.place = 1 OR o.key IS NULL) AND NOT o.is_member
        AND (o.kind = 'earn' AND o.business_is_open OR o.kind = 'adjust' AND o.points > 0 OR o.kind IN ('bonus', 'referral'))
    );
    phones := array(SELECT o.phone FROM unnest(joining) AS o WHERE o.account_id IS NULL AND o.phone IS NOT NULL);
    IF phones <> '{}' THEN
        made := array(
            SELECT c.phone FROM customers_create_by_phone(
                phones,
                array(SELECT o.phone_typed FROM unnest(joining) AS o WHERE o.account_id IS NULL AND o.phone IS NOT NULL),
                context.source, context.actor, (joining[1]).business_id, $3
            ) AS c
        );
    END IF;
    WITH admitted AS (
        INSERT INTO loyalty_account (customer_id, available, held, debt, lifetime, version, joined_at)
        SELECT person.id, 0, 0, 0, 0, 0, $3
        FROM (
            SELECT DISTINCT coalesce(o.account_id, (
                SELECT n.customer_id FROM customers_identifier n WHERE n.kind = 'phone' AND n.value = o.phone
            )) AS id
            FROM unnest(joining) AS o
        ) AS person
        WHERE person.id IS NOT NULL
        ORDER BY person.id
        ON CONFLICT (customer_id) DO NOTHING
        RETURNING customer_id
    )
    SELECT array_agg(customer_id) INTO joined FROM admitted;
END
$$;

-- One turn: operations of different accounts, which are locked and touched. Stored answers first, then what is left.
CREATE OR REPLACE FUNCTION ledger_turn(operations ledger_operation[], context ledger_context, at timestamptz)
RETURNS ledger_answer[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    answers ledger_answer[];
    answered integer[];
    op ledger_operation;
    missing text;
    earns ledger_operation[];
    redeems ledger_operation[];
    adjusts ledger_operation[];
    reversals ledger_operation[];
    holds ledger_operation[];
    settlements ledger_operation[];
    bonuses ledger_operation[];
    transfers ledger_operation[];
BEGIN
    SELECT array_agg(ROW(
        o.ordinal,
        CASE WHEN t.is_same THEN 'replayed'
             WHEN o.kind IN ('earn', 'redeem', 'hold') AND o.business_id IS NULL AND o.reward_code IS NULL
             THEN 'unknown_business'
             ELSE 'key_reused' END,
        CASE WHEN t.is_same THEN t.response::text ELSE '{}' END
    )::ledger_answer), array_agg(o.ordinal)
    INTO answers, answered
    FROM unnest(operations) AS o
    CROSS JOIN LATERAL (
        SELECT t.response, t.request_digest = o.digest AND t.account_id = o.account_id
               AND (o.kind NOT IN ('earn', 'redeem', 'hold') OR t.business_id IS NOT DISTINCT FROM o.business_id)
               AND coalesce(o.kind <> 'transfer' OR t.response->>'recipient' = o.recipient_code, true)
               AND (o.kind <> 'capture' OR o.business_code IS NULL OR coalesce(t.business_id = o.business_id, false)
                    OR ( -- what was set aside at a business is redeemed there, whatever the capture names
                        SELECT h.business_id FROM loyalty_transaction h WHERE h.id = o.original_id
                    ) IS NOT NULL) AS is_same
        FROM loyalty_transaction t
        WHERE t.key_owner = context.owner AND t.key_endpoint = o.endpoint AND t.key = o.key AND t.key IS NOT NULL
        LIMIT 1
    ) AS t;

    FOR i IN 1 .. cardinality(operations) LOOP
        op := operations[i];
        CONTINUE WHEN op.ordinal = ANY (answered);
        missing := CASE
            WHEN op.kind = 'reverse' AND op.original_id IS NULL THEN 'unknown_transaction'
            WHEN op.kind IN ('capture', 'void') AND op.original_id IS NULL THEN 'unknown_hold'
            WHEN op.reward_code IS NOT NULL AND op.reward_id IS NULL THEN 'unknown_reward'
            WHEN op.kind IN ('earn', 'redeem', 'hold') AND op.business_is_open IS NOT TRUE
                 AND NOT (op.kind = 'hold' AND op.reward_id IS NOT NULL AND op.business_code IS NULL
                          AND context.business_id IS NULL) THEN 'unknown_business'
            WHEN op.kind = 'capture' AND op.business_code IS NOT NULL AND op.business_is_open IS NOT TRUE
            THEN 'unknown_business'
            WHEN NOT op.is_member THEN 'unknown_customer'
            WHEN op.kind = 'transfer' AND (op.recipient_is_member IS NOT TRUE OR op.recipient_id = op.account_id)
            THEN 'unknown_recipient'
        END;
        IF missing IS NOT NULL THEN
            answers := answers || ROW(op.ordinal, missing, '{}')::ledger_answer;
        ELSIF op.kind = 'earn' THEN
            earns := earns || op;
        ELSIF op.kind = 'redeem' THEN
            redeems := redeems || op;
        ELSIF op.kind IN ('adjust', 'referral') THEN
            adjusts := adjusts || op;
        ELSIF op.kind = 'bonus' THEN
            bonuses := bonuses || op;
        ELSIF op.kind = 'transfer' THEN
            transfers := transfers || op;
        ELSIF op.kind = 'reverse' THEN
            reversals := reversals || op;
        ELSIF op.kind = 'hold' THEN
            holds := holds || op;
        ELSIF op.kind IN ('capture', 'void') THEN
            settlements := settlements || op;
        ELSE
            RAISE EXCEPTION 'no such kind of operation: %', op.kind USING ERRCODE = 'invalid_parameter_value';
        END IF;
    END LOOP;

    IF earns IS NOT NULL THEN
        answers := answers || ledger_earn(earns, context, $3);
    END IF;
    IF redeems IS NOT NULL THEN
        answers := answers || ledger_redeem(redeems, context, $3);
    END IF;
    IF adjusts IS NOT NULL THEN
        answers := answers || ledger_adjust(adjusts, context, $3);
    END IF;
    IF reversals IS NOT NULL THEN
        answers := answers || ledger_reverse(reversals, context, $3);
    END IF;
    IF holds IS NOT NULL THEN
        answers := answers || ledger_hold(holds, context, $3);
    END IF;
    IF settlements IS NOT NULL THEN
        answers := answers || ledger_settle(settlements, context, $3);
    END IF;
    IF bonuses IS NOT NULL THEN
        answers := answers || ledger_award(bonuses, context, $3);
    END IF;
    IF transfers IS NOT NULL THEN
        answers := answers || ledger_transfer(transfers, context, $3);
    END IF;
    RETURN answers;
END
$$;

-- The accounts of what was done; of one kind, if it is named. Not a loop in a loop: a call may have a thousand.
CREATE OR REPLACE FUNCTION ledger_accounts_of(operations ledger_operation[], answers ledger_answer[], kind text)
RETURNS bigint[]
LANGUAGE plpgsql STABLE
SET enable_hashjoin = on
SET enable_nestloop = off
AS $$
BEGIN
    RETURN array(
        SELECT o.account_id FROM unnest(operations) AS o JOIN unnest(answers) AS a ON a.ordinal = o.ordinal
        WHERE a.status = 'done' AND ($3 IS NULL OR o.kind = $3)
    );
END
$$;

-- The caller's context with what the programme's settings mean at this moment.
CREATE OR REPLACE FUNCTION ledger_context_at(call jsonb, at timestamptz) RETURNS ledger_context
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    context ledger_context := jsonb_populate_record(NULL::ledger_context, call);
    settings record;
BEGIN
    context.earned_at := $2;
    SELECT s.expiry_policy AS policy, s.expiry_months::integer AS months, s.expiry_day AS day,
           s.pending_days::integer AS pending_days
    INTO settings FROM loyalty_loyaltysettings s WHERE s.id = 1;
    IF FOUND THEN
        context.earned_at := loyalty_available_at($2, settings.pending_days, context.zone);
        IF settings.policy = 'inactivity' THEN
            context.lapses_at := loyalty_expires_at($2, settings.months, context.zone);
        ELSIF settings.policy = 'date' THEN
            context.expires_at := loyalty_expires_on($2, settings.months, settings.day, context.zone);
            context.earned_expire_at := loyalty_expires_on(
                context.earned_at, settings.months, settings.day, context.zone
            );
        ELSE
            context.expires_at := loyalty_expires_at($2, settings.months, context.zone);
            context.earned_expire_at := loyalty_expires_at(context.earned_at, settings.months, context.zone);
        END IF;
    END IF;
    RETURN context;
END
$$;

-- The one door: posts one or many operations in one round trip and answers each. `items` is a list of objects with the
-- fields that `ledger_read` names, `call` the fields of `ledger_context`, `at` the moment of all of it.
--
-- Locks are taken in one order everywhere: identifiers by number, accounts by id, orders by reference, keys. A rare
-- clash (a key that two members' calls use at once) ends in a serialization failure: nothing is written, call again.
-- LP001 says the same and gives the answers to some in its detail, [[ordinal, status, response], …]: to those whose sale
-- would have made somebody a member for nothing. Call again without these; their keys are free, as nothing is stored.
-- The settings make every plan generic and index-driven: tables grow from empty to millions under the same plan. For the
-- same reason other rows are looked up by LATERAL with LIMIT and never by a join or NOT EXISTS, and a member's rows by
-- the member alone, with what else they must meet in FILTER (test_first_day).
CREATE OR REPLACE FUNCTION loyalty_post(items jsonb, call jsonb, at timestamptz)
RETURNS TABLE (ordinal integer, status text, response text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    context ledger_context := ledger_context_at(call, $3);
    operations ledger_operation[] := ledger_read(items, context, $3);
    made text[];
    joined bigint[];
    joining integer[];
    answers ledger_answer[];
    due bigint[];
    crossing bigint[];
    turns integer[];
    current_turn integer;
    gave bigint[];
    in_vain integer[];
    judged bigint[];
BEGIN
    IF EXISTS (SELECT FROM unnest(operations) AS o WHERE NOT o.is_member AND o.kind IN ('earn', 'adjust', 'bonus', 'referral')) THEN
        joining := array(
            SELECT o.ordinal FROM unnest(operations) AS o
            WHERE NOT o.is_member AND o.kind IN ('earn', 'adjust', 'bonus', 'referral')
        );
        SELECT a.made, a.joined INTO made, joined FROM ledger_admit(operations, context, $3) AS a;
        operations := ledger_read(items, context, $3);
        FOR i IN 1 .. cardinality(operations) LOOP
            operations[i].is_new := (operations[i]).phone = ANY (made);
            made := array_remove(made, (operations[i]).phone); -- of the later ones of a batch none made the customer
        END LOOP;
    END IF;

    -- FILTER, not WHERE: a condition would be pushed below the lock, and rows that fail it would not be locked.
    SELECT array_agg(locked.customer_id) FILTER (WHERE locked.expires_next_at <= $3) INTO due
    FROM (
        SELECT a.customer_id, a.expires_next_at FROM loyalty_account a
        WHERE a.customer_id = ANY (array(
            SELECT o.account_id FROM unnest(operations) AS o UNION SELECT o.recipient_id FROM unnest(operations) AS o
        ))
        ORDER BY a.customer_id
        FOR NO KEY UPDATE
    ) AS locked;
    -- Somebody was merged while we waited for the lock: read again who the operations are about.
    IF EXISTS (
        SELECT FROM unnest(operations) AS o
        CROSS JOIN LATERAL (
            SELECT c.merged_into_id FROM customers_customer c WHERE c.id IN (o.account_id, o.recipient_id)
        ) AS person
        WHERE person.merged_into_id IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'a customer was merged meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    IF due IS NOT NULL THEN
        PERFORM ledger_expire(due, $3);
    END IF;

    IF joined IS NOT NULL AND EXISTS (SELECT FROM loyalty_earningrule r WHERE r.trigger = 'join' AND r.is_active) THEN
        PERFORM ledger_welcome(joined, context, $3);
    END IF;

    IF cardinality(operations) = 1 THEN
        answers := ledger_turn(operations, context, $3);
    ELSE
        -- A member's operations happen one after the other, in their order, and those of everybody whom a transfer
        -- touches, too; a key that comes twice waits for the first.
        crossing := array(
            SELECT unnest(ARRAY[o.account_id, o.recipient_id]) FROM unnest(operations) AS o
            WHERE o.recipient_id IS NOT NULL
        );
        turns := array(
            SELECT (row_number() OVER (
                PARTITION BY CASE WHEN o.account_id = ANY (crossing) THEN 0 ELSE coalesce(o.account_id, -1 - o.ordinal) END
                ORDER BY o.ordinal
            )
                + CASE WHEN o.key IS NULL THEN 0 ELSE
                    (row_number() OVER (PARTITION BY o.endpoint, o.key ORDER BY o.ordinal) - 1) * 10000
                  END)::integer
            FROM unnest(operations) AS o ORDER BY o.ordinal
        );
        FOR i IN 1 .. cardinality(operations) LOOP
            operations[i].turn := turns[i];
        END LOOP;
        FOR current_turn IN SELECT DISTINCT t FROM unnest(turns) AS t ORDER BY t LOOP
            answers := answers || ledger_turn(
                array(SELECT o FROM unnest(operations) AS o WHERE o.turn = current_turn ORDER BY o.ordinal), context, $3
            );
        END LOOP;
    END IF;

    -- A call that gave somebody nothing leaves no customer and no account behind: all of it is undone, the answers to
    -- these operations travel with the error, and the caller posts the others again.
    IF joining IS NOT NULL THEN
        gave := ledger_accounts_of(operations, answers, NULL);
        in_vain := array(
            SELECT o.ordinal FROM unnest(operations) AS o
            WHERE o.ordinal = ANY (joining) AND o.is_member AND o.account_id <> ALL (gave)
        );
        IF in_vain <> '{}' THEN
            RAISE EXCEPTION 'nobody may be left behind' USING ERRCODE = 'LP001', DETAIL = (
                SELECT jsonb_agg(jsonb_build_array(a.ordinal, a.status, a.response)) FROM unnest(answers) AS a
                WHERE a.ordinal = ANY (in_vain)
            );
        END IF;
    END IF;

    IF EXISTS (SELECT FROM unnest(operations) AS o WHERE o.kind IN ('earn', 'reverse'))
        AND EXISTS (SELECT FROM loyalty_stampcard) THEN
        PERFORM ledger_settle_stamps(array(
            SELECT t.order_id FROM unnest(answers) AS a
            JOIN loyalty_transaction t ON t.code = a.response::jsonb->>'transaction'
            WHERE a.status = 'done' AND t.kind IN ('earn', 'reverse') AND t.order_id IS NOT NULL
        ), context.actor, context.actor_label, $3, context.zone);
    END IF;

    -- After the points: a sale is counted with the tier that the member came with.
    IF EXISTS (SELECT FROM unnest(operations) AS o WHERE o.kind IN ('earn', 'reverse'))
        AND EXISTS (SELECT FROM loyalty_tier t WHERE t.is_active) THEN
        IF cardinality(operations) > 1 THEN
            judged := array(
                SELECT id FROM unnest(ledger_accounts_of(operations, answers, 'reverse')) AS undone (id)
                UNION SELECT id FROM unnest(ledger_accounts_of(operations, answers, 'earn')) AS earned (id)
                WHERE NOT ledger_is_at_the_top(id, $3)
            );
        ELSIF (answers[1]).status = 'done' THEN
            IF (operations[1]).kind = 'reverse' OR NOT ledger_is_at_the_top((operations[1]).account_id, $3) THEN
                judged := ARRAY[(operations[1]).account_id];
            END IF;
        END IF;
        IF judged <> '{}' THEN
            PERFORM ledger_judge_tiers(judged, $3, context.zone);
        END IF;
    END IF;

    RETURN QUERY SELECT answer.* FROM unnest(answers) AS answer WHERE answer.ordinal >= 0;

    PERFORM customers_wake_readers(context.programme_id, 'customers.stream.read');
END
$$;
