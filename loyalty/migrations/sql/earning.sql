-- How the points of a sale come about. `loyalty_terms` finds the rules that meet a sale and writes them down with it;
-- `loyalty_points_of` counts, from these terms alone, also after something was given back. So a refund never depends on
-- rules that changed meanwhile. The same arithmetic as loyalty.earning; a test compares them.

-- `lines` are [{position, amount, category, sku, title}, …]; what they leave of `amount` is the part at position 0.
-- Terms: {rate, rounding, parts: [{position, amount, title, by: [index of a rule, …]}, …],
--         rules: [{code, name, effect, factor | points | left and limit and per, stacks, min_spend}, …]}
CREATE OR REPLACE FUNCTION loyalty_terms(
    business_id bigint, account_id bigint, order_id bigint, amount numeric, rate numeric, rounding text, lines jsonb,
    placed_at timestamptz, at timestamptz, zone text
) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    local timestamp := $8 AT TIME ZONE zone;
    today date := local::date;
    parts jsonb[] := array(
        SELECT line || '{"by": []}' FROM jsonb_array_elements(coalesce(lines, '[]')) AS line
        ORDER BY (line->>'position')::integer
    );
    remainder numeric := $4;
    rules jsonb[] := '{}';
    rule record;
    mine record;
    is_first boolean;
    had bigint;
BEGIN
    SELECT c.birthday, t.code, t.name, t.threshold, t.factor INTO mine
    FROM (VALUES ($2)) AS one (id)
    LEFT JOIN customers_customer c ON c.id = one.id
    LEFT JOIN loyalty_account a ON a.customer_id = one.id
    LEFT JOIN loyalty_tier t ON t.id = a.tier_id AND t.is_active;

    FOR i IN 1 .. cardinality(parts) LOOP
        remainder := remainder - (parts[i]->>'amount')::numeric;
    END LOOP;
    IF remainder > 0 THEN
        parts := jsonb_build_object('position', 0, 'by', '[]'::jsonb, 'amount', remainder::text) || parts;
    END IF;

    FOR rule IN
        SELECT r.* FROM loyalty_earningrule r LEFT JOIN loyalty_tier t ON t.id = r.tier_id
        WHERE r.trigger = 'sale' AND r.is_active
        AND (r.business_id IS NULL OR r.business_id = $1)
        AND (r.tier_id IS NULL OR t.threshold <= mine.threshold) -- not the rank: the tier may have ended
        AND (r.starts_on IS NULL OR r.starts_on <= today) AND (r.ends_on IS NULL OR r.ends_on >= today)
        AND (r.from_time IS NULL OR loyalty_is_within(local, r.from_time, r.to_time, r.weekdays))
        AND (r.from_time IS NOT NULL OR r.weekdays = '{}' OR extract(isodow FROM today)::smallint = ANY (r.weekdays))
        AND (r.birthday_days IS NULL OR loyalty_days_from_birthday(mine.birthday, today) <= r.birthday_days)
        ORDER BY r.position, r.id
    LOOP
        IF rule.is_first_purchase THEN
            is_first := coalesce(is_first, $2 IS NULL OR NOT EXISTS (
                SELECT FROM customers_order o
                WHERE o.customer_id = $2 AND o.id IS DISTINCT FROM $3 AND o.status <> 'cancelled'
            ));
            CONTINUE WHEN NOT is_first;
        END IF;
        IF rule.effect = 'cap' THEN
            had := 0;
            IF rule.per <> 'sale' AND $2 IS NOT NULL THEN
                SELECT coalesce(sum(CASE t.reversed_points WHEN 0 THEN t.points ELSE ledger_net_of(t.id) END) FILTER (
                    WHERE t.kind = 'earn' AND t.status = 'done'
                    AND t.at >= date_trunc(rule.per, $9 AT TIME ZONE zone) AT TIME ZONE zone
                    AND (rule.business_id IS NULL OR t.business_id = rule.business_id)
                ), 0) INTO had FROM loyalty_transaction t WHERE t.account_id = $2;
            END IF;
            rules := rules || jsonb_build_object(
                'code', rule.code, 'name', rule.name, 'effect', 'cap', 'limit', rule.points, 'per', rule.per,
                'left', greatest(rule.points - had, 0)
            );
            CONTINUE;
        END IF;
        FOR i IN 1 .. cardinality(parts) LOOP
            IF rule.categories = '{}' AND rule.products = '{}'
                OR lower(parts[i]->>'category') = ANY (rule.categories) OR lower(parts[i]->>'sku') = ANY (rule.products)
            THEN
                parts[i] := jsonb_insert(parts[i], '{by,-1}', to_jsonb(cardinality(rules)), true);
            END IF;
        END LOOP;
        rules := rules || jsonb_strip_nulls(jsonb_build_object(
            'code', rule.code, 'name', rule.name, 'effect', rule.effect, 'factor', rule.factor::text,
            'points', rule.points, 'stacks', rule.stacks, 'min_spend', rule.min_spend::text
        ));
    END LOOP;

    IF mine.factor > 1 THEN
        FOR i IN 1 .. cardinality(parts) LOOP
            parts[i] := jsonb_insert(parts[i], '{by,-1}', to_jsonb(cardinality(rules)), true);
        END LOOP;
        rules := rules || jsonb_build_object(
            'code', 'tier:' || mine.code, 'name', mine.name, 'effect', 'multiply', 'factor', mine.factor::text,
            'stacks', true, 'min_spend', '0'
        );
    END IF;
    FOR i IN 1 .. cardinality(parts) LOOP
        parts[i] := parts[i] - '{category,sku}'::text[];
    END LOOP;
    RETURN jsonb_build_object('rate', $5::text, 'rounding', $6, 'rules', to_jsonb(rules), 'parts', to_jsonb(parts));
END
$$;

-- Whether a local moment is between two times of a day that is one of `weekdays` (ISO; empty: any). A span past
-- midnight belongs to the day on which it began.
CREATE OR REPLACE FUNCTION loyalty_is_within(local timestamp, from_time time, to_time time, weekdays smallint[])
RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE WHEN from_time < to_time
        THEN local::time >= from_time AND local::time < to_time
             AND (weekdays = '{}' OR extract(isodow FROM local)::smallint = ANY (weekdays))
        ELSE (local::time >= from_time AND (weekdays = '{}' OR extract(isodow FROM local)::smallint = ANY (weekdays)))
             OR (local::time < to_time
                 AND (weekdays = '{}' OR extract(isodow FROM local - interval '1 day')::smallint = ANY (weekdays)))
        END
$$;

-- How many days `today` is from the nearest birthday; null without one. 29 February is the 28th in other years.
CREATE OR REPLACE FUNCTION loyalty_days_from_birthday(born date, today date) RETURNS integer
LANGUAGE sql IMMUTABLE
AS $$
    SELECT min(abs(today - (born + make_interval(years => years.number))::date))
    FROM generate_series(
        (extract(year FROM today) - extract(year FROM born))::integer - 1,
        (extract(year FROM today) - extract(year FROM born))::integer + 1
    ) AS years (number)
$$;

-- Points under these terms when `given_back` of them is refunded: {position: amount, …}, and under "any" what was
-- refunded without naming a line. That comes off the parts in their order, the rest of the sale first.
CREATE OR REPLACE FUNCTION loyalty_points_of(terms jsonb, given_back jsonb DEFAULT '{}') RETURNS bigint
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    parts jsonb[] := array(SELECT jsonb_array_elements($1->'parts'));
    rules jsonb[] := array(SELECT jsonb_array_elements($1->'rules'));
    unnamed numeric := coalesce((given_back->>'any')::numeric, 0);
    nets numeric[];
    net numeric;
    baskets numeric[] := array_fill(0::numeric, ARRAY[cardinality(rules)]);
    applies boolean[];
    rule jsonb;
    place integer;
    best numeric;
    on_top numeric;
    less numeric;
    factor numeric;
    exact numeric := 0;
    extra bigint := 0;
    points bigint;
BEGIN
    FOR i IN 1 .. cardinality(parts) LOOP
        net := greatest(
            (parts[i]->>'amount')::numeric - coalesce((given_back->>(parts[i]->>'position'))::numeric, 0), 0
        );
        nets[i] := net - least(net, unnamed);
        unnamed := unnamed - least(net, unnamed);
        FOR k IN 0 .. jsonb_array_length(parts[i]->'by') - 1 LOOP
            place := (parts[i]->'by'->k)::integer + 1;
            baskets[place] := baskets[place] + nets[i];
        END LOOP;
    END LOOP;

    FOR i IN 1 .. cardinality(rules) LOOP
        applies[i] := baskets[i] > 0 AND baskets[i] >= coalesce((rules[i]->>'min_spend')::numeric, 0);
        IF rules[i]->>'effect' = 'bonus' AND applies[i] THEN
            extra := extra + (rules[i]->>'points')::bigint;
        END IF;
    END LOOP;

    FOR i IN 1 .. cardinality(parts) LOOP
        best := 1;
        on_top := 0;
        less := 1;
        FOR k IN 0 .. jsonb_array_length(parts[i]->'by') - 1 LOOP
            place := (parts[i]->'by'->k)::integer + 1;
            rule := rules[place];
            CONTINUE WHEN rule->>'effect' <> 'multiply' OR NOT applies[place];
            factor := (rule->>'factor')::numeric;
            IF factor < 1 THEN
                less := least(less, factor);
            ELSIF (rule->>'stacks')::boolean THEN
                on_top := on_top + factor - 1;
            ELSE
                best := greatest(best, factor);
            END IF;
        END LOOP;
        exact := exact + nets[i] * (terms->>'rate')::numeric * (best + on_top) * less;
    END LOOP;

    points := loyalty_points_for(exact, 1, terms->>'rounding') + extra;
    FOR i IN 1 .. cardinality(rules) LOOP
        IF rules[i]->>'effect' = 'cap' THEN
            points := least(points, (rules[i]->>'left')::bigint);
        END IF;
    END LOOP;
    RETURN points;
END
$$;
