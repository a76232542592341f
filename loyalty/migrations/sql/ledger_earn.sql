-- A sale's points: the order is found or placed, then the points are given. An order that gave points before answers
-- with that answer when the request says the same, and refuses otherwise; so a sale counts once even without a key.
-- Who was archived and buys again is active again. Where rules or tiers change what a sale gives, its terms are found
-- here, under the lock on the account, so that caps and first purchases count right.
CREATE OR REPLACE FUNCTION ledger_earn(operations ledger_operation[], context ledger_context, at timestamptz)
RETURNS ledger_answer[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    recorded customers_recorded_sale[];
    sale customers_recorded_sale;
    op ledger_operation;
    earlier record;
    refusal text;
    fresh ledger_operation[];
    returning_ids bigint[];
    refused ledger_operation[];
    refusals jsonb[];
    repeated ledger_operation[];
    repeats jsonb[];
    answers ledger_answer[];
    has_rules boolean := EXISTS (
        SELECT FROM loyalty_earningrule r WHERE r.trigger = 'sale' AND r.is_active
    ) OR EXISTS (SELECT FROM loyalty_tier t WHERE t.is_active AND t.factor > 1);
BEGIN
    recorded := customers_record_sale(array(
        SELECT ROW(
            o.ordinal, o.business_id, o.reference, o.account_id, o.amount, coalesce(o.placed_at, $3)
        )::customers_sale
        FROM unnest(operations) AS o
    ), context.source, context.actor);

    FOR i IN 1 .. cardinality(operations) LOOP
        op := operations[i];
        sale := recorded[i];
        op.order_id := sale.order_id;
        op.order_code := sale.code;
        op.placed_at := sale.placed_at;
        IF sale.is_new THEN
            fresh := fresh || op;
            CONTINUE;
        END IF;
        SELECT t.request_digest, t.response INTO earlier FROM loyalty_transaction t
        WHERE t.order_id = sale.order_id AND t.kind = 'earn' AND t.status = 'done';
        IF FOUND AND earlier.request_digest = op.digest AND sale.customer_id = op.account_id THEN
            repeated := repeated || op;
            repeats := repeats || earlier.response;
            CONTINUE;
        ELSIF FOUND AND op.key IS NULL THEN
            answers := answers || ROW(op.ordinal, 'key_reused', '{}')::ledger_answer;
            CONTINUE;
        ELSIF FOUND THEN
            refusal := 'order_already_earned';
        ELSIF sale.status <> 'paid' THEN
            refusal := 'order_cancelled';
        ELSIF sale.customer_id <> op.account_id THEN
            refusal := 'order_of_another_customer';
        ELSIF sale.total <> op.amount THEN
            refusal := 'order_total_differs';
        ELSE
            fresh := fresh || op;
            CONTINUE;
        END IF;
        refused := refused || op;
        refusals := refusals || jsonb_build_object(
            'refusal', refusal, 'kind', 'earn', 'order', sale.code, 'reference', op.reference
        );
    END LOOP;

    IF fresh IS NOT NULL THEN
        IF EXISTS (SELECT FROM unnest(fresh) AS f WHERE f.lines IS NOT NULL) THEN
            PERFORM customers_record_lines(array(
                SELECT ROW(f.order_id, f.lines)::customers_basket FROM unnest(fresh) AS f WHERE f.lines IS NOT NULL
            ));
        END IF;
        IF has_rules THEN
            FOR i IN 1 .. cardinality(fresh) LOOP
                op := fresh[i];
                op.terms := loyalty_terms(
                    op.business_id, op.account_id, op.order_id, op.amount, op.rate, op.rounding,
                    CASE WHEN op.lines IS NULL THEN customers_lines_of(op.order_id) ELSE customers_categorised(op.lines) END,
                    op.placed_at, $3, context.zone
                );
                op.points := loyalty_points_of(op.terms);
                fresh[i] := op;
            END LOOP;
        END IF;
        returning_ids := array(SELECT f.account_id FROM unnest(fresh) AS f WHERE f.is_archived);
        IF returning_ids <> '{}' THEN
            PERFORM customers_bring_back(
                returning_ids, context.actor, context.actor_label, context.ip, context.business_id, $3
            );
        END IF;
        answers := answers || ledger_credit(fresh, context, $3);
        IF EXISTS (SELECT FROM loyalty_stampcard c WHERE c.is_active) THEN
            FOR i IN 1 .. cardinality(fresh) LOOP
                PERFORM ledger_note_stamps((fresh[i]).order_id, (fresh[i]).lines, $3, context.zone);
            END LOOP;
        END IF;
    END IF;
    IF refused IS NOT NULL THEN
        answers := answers || ledger_refuse(refused, 'refused', refusals, context, $3);
    END IF;
    IF repeated IS NOT NULL THEN
        answers := answers || ledger_refuse(repeated, 'repeated', repeats, context, $3);
    END IF;
    RETURN answers;
END
$$;

-- Bonuses for what members did, by the rules for that action, or for their birthday, by the rule that the action names
-- (birthday:code). A rule may give each member only so many. Refused where no rule gives anything (any more).
CREATE OR REPLACE FUNCTION ledger_award(operations ledger_operation[], context ledger_context, at timestamptz)
RETURNS ledger_answer[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    op ledger_operation;
    rule record;
    giving ledger_operation[];
    refused ledger_operation[];
    refusals jsonb[];
    answers ledger_answer[];
BEGIN
    FOR i IN 1 .. cardinality(operations) LOOP
        op := operations[i];
        SELECT r.id, r.name, r.points, (
            SELECT count(*) FROM loyalty_transaction t
            WHERE t.account_id = op.account_id AND t.rule_id = r.id AND t.status = 'done'
            AND (t.reversed_at IS NULL OR ledger_net_of(t.id) <> 0)
            AND (r.per NOT IN ('day', 'month') OR t.at >= date_trunc(r.per, $3 AT TIME ZONE context.zone)
                 AT TIME ZONE context.zone)
        ) >= r.per_limit AS is_over
        INTO rule
        FROM loyalty_earningrule r
        WHERE r.is_active AND (r.trigger = 'action' AND r.action = op.action
                               OR r.trigger = 'birthday' AND op.action = 'birthday:' || r.code)
        AND (r.business_id IS NULL OR r.business_id = op.business_id)
        AND (r.starts_on IS NULL OR r.starts_on <= ($3 AT TIME ZONE context.zone)::date)
        AND (r.ends_on IS NULL OR r.ends_on >= ($3 AT TIME ZONE context.zone)::date)
        ORDER BY r.position, r.id LIMIT 1;
        IF rule.id IS NULL OR rule.is_over THEN
            refused := refused || op;
            refusals := refusals || jsonb_build_object(
                'refusal', CASE WHEN rule.id IS NULL THEN 'no_such_action' ELSE 'bonus_limit_reached' END,
                'kind', 'bonus', 'action', op.action
            );
            CONTINUE;
        END IF;
        op.rule_id := rule.id;
        op.points := rule.points;
        op.reason := rule.name;
        giving := giving || op;
    END LOOP;
    IF giving IS NOT NULL THEN
        answers := ledger_credit(giving, context, $3);
    END IF;
    IF refused IS NOT NULL THEN
        answers := answers || ledger_refuse(refused, 'refused', refusals, context, $3);
    END IF;
    RETURN answers;
END
$$;

-- What the programme gives to those who just joined: one bonus by each rule.
CREATE OR REPLACE FUNCTION ledger_welcome(account_ids bigint[], context ledger_context, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    rule record;
BEGIN
    FOR rule IN
        SELECT r.id, r.name, r.points, r.business_id FROM loyalty_earningrule r
        WHERE r.trigger = 'join' AND r.is_active
        AND (r.starts_on IS NULL OR r.starts_on <= ($3 AT TIME ZONE context.zone)::date)
        AND (r.ends_on IS NULL OR r.ends_on >= ($3 AT TIME ZONE context.zone)::date)
        ORDER BY r.position, r.id
    LOOP
        PERFORM ledger_credit(array(
            SELECT jsonb_populate_record(NULL::ledger_operation, jsonb_build_object(
                'ordinal', 0, 'kind', 'bonus', 'endpoint', '', 'digest', '', 'account_id', id, 'customer_code', (
                    SELECT c.code FROM customers_customer c WHERE c.id = given.id
                ), 'points', rule.points, 'reason', rule.name, 'rule_id', rule.id, 'business_id', rule.business_id,
                'action', 'join'
            ))
            FROM unnest(account_ids) AS given (id) ORDER BY id
        ), context, $3);
    END LOOP;
END
$$;
