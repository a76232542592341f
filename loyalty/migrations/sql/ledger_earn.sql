-- A sale's points: the order is found or placed, then the points are given. An order that gave points before answers
-- with that answer when the request says the same, and refuses otherwise; so a sale counts once even without a key.
-- Who was archived and buys again is active again.
CREATE FUNCTION ledger_earn(operations ledger_operation[], context ledger_context, at timestamptz)
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
        returning_ids := array(SELECT f.account_id FROM unnest(fresh) AS f WHERE f.is_archived);
        IF returning_ids <> '{}' THEN
            PERFORM customers_bring_back(
                returning_ids, context.actor, context.actor_label, context.ip, context.business_id, $3
            );
        END IF;
        answers := answers || ledger_credit(fresh, context, $3);
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
