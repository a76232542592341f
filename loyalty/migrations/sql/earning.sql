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
    parts jsonb;
    rules jsonb := '[]';
    rule record;
    born date;
    my_rank integer;
    my_tier record;
    is_first boolean;
    had bigint;
    place integer := 0;
BEGIN
    SELECT c.birthday INTO born FROM customers_customer c WHERE c.id = $2;
    SELECT t.code, t.name, t.rank, t.factor INTO my_tier
    FROM loyalty_account a JOIN loyalty_tier t ON t.id = a.tier_id WHERE a.customer_id = $2 AND t.is_active;
    my_rank := my_tier.rank;

    SELECT coalesce(jsonb_agg(line || '{"by": []}' ORDER BY (line->>'position')::integer), '[]') INTO parts
    FROM jsonb_array_elements(coalesce(lines, '[]')) AS line;
    IF $4 > (SELECT coalesce(sum((part->>'amount')::numeric), 0) FROM jsonb_array_elements(parts) AS part) THEN
        parts := jsonb_build_array(jsonb_build_object('position', 0, 'by', '[]'::jsonb, 'amount', (
            $4 - (SELECT coalesce(sum((part->>'amount')::numeric), 0) FROM jsonb_array_elements(parts) AS part)
        )::text)) || parts;
    END IF;

    FOR rule IN
        SELECT r.* FROM loyalty_earningrule r LEFT JOIN loyalty_tier t ON t.id = r.tier_id
        WHERE r.trigger = 'sale' AND r.is_active
        AND (r.business_id IS NULL OR r.business_id = $1)
        AND (r.tier_id IS NULL OR t.rank <= my_rank)
        AND (r.starts_on IS NULL OR r.starts_on <= today) AND (r.ends_on IS NULL OR r.ends_on >= today)
        AND (r.from_time IS NULL OR loyalty_is_within(local, r.from_time, r.to_time, r.weekdays))
        AND (r.from_time IS NOT NULL OR r.weekdays = '{}' OR extract(isodow FROM today)::smallint = ANY (r.weekdays))
        AND (r.birthday_days IS NULL OR loyalty_days_from_birthday(born, today) <= r.birthday_days)
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
                SELECT coalesce(sum(t.points - t.reversed_points), 0) INTO had FROM loyalty_transaction t
                WHERE t.account_id = $2 AND t.kind = 'earn' AND t.status = 'done'
                AND (rule.business_id IS NULL OR t.business_id = rule.business_id)
                AND t.at >= date_trunc(rule.per, $9 AT TIME ZONE zone) AT TIME ZONE zone;
            END IF;
            rules := rules || jsonb_build_object(
                'code', rule.code, 'name', rule.name, 'effect', 'cap', 'limit', rule.points, 'per', rule.per,
                'left', greatest(rule.points - had, 0)
            );
        ELSE
            rules := rules || jsonb_strip_nulls(jsonb_build_object(
                'code', rule.code, 'name', rule.name, 'effect', rule.effect, 'factor', rule.factor::text,
                'points', rule.points, 'stacks', rule.stacks, 'min_spend', rule.min_spend::text
            ));
            parts := (
                SELECT jsonb_agg(CASE
                    WHEN rule.categories = '{}' AND rule.products = '{}'
                        OR lower(part->>'category') = ANY (rule.categories) OR lower(part->>'sku') = ANY (rule.products)
                    THEN jsonb_set(part, '{by}', part->'by' || to_jsonb(place)) ELSE part END
                    ORDER BY (part->>'position')::integer)
                FROM jsonb_array_elements(parts) AS part
            );
        END IF;
        place := place + 1;
    END LOOP;

    IF my_tier.factor > 1 THEN
        rules := rules || jsonb_build_object(
            'code', 'tier:' || my_tier.code, 'name', my_tier.name, 'effect', 'multiply',
            'factor', my_tier.factor::text, 'stacks', true, 'min_spend', '0'
        );
        parts := (
            SELECT jsonb_agg(jsonb_set(part, '{by}', part->'by' || to_jsonb(place)) ORDER BY (part->>'position')::integer)
            FROM jsonb_array_elements(parts) AS part
        );
    END IF;
    RETURN jsonb_build_object(
        'rate', $5::text, 'rounding', $6, 'rules', rules, 'parts', (
            SELECT coalesce(jsonb_agg(part - 'category' - 'sku' ORDER BY (part->>'position')::integer), '[]')
            FROM jsonb_array_elements(parts) AS part
        )
    );
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
    nets numeric[];
    unnamed numeric := coalesce((given_back->>'any')::numeric, 0);
    part jsonb;
    rule jsonb;
    net numeric;
    basket numeric;
    applies boolean[];
    best numeric;
    on_top numeric;
    less numeric;
    factor numeric;
    exact numeric := 0;
    extra bigint := 0;
    points bigint;
BEGIN
    FOR part IN SELECT value FROM jsonb_array_elements(terms->'parts') LOOP
        net := greatest(
            (part->>'amount')::numeric - coalesce((given_back->>(part->>'position'))::numeric, 0), 0
        );
        nets := nets || (net - least(net, unnamed));
        unnamed := unnamed - least(net, unnamed);
    END LOOP;

    FOR i IN 0 .. jsonb_array_length(terms->'rules') - 1 LOOP
        rule := terms->'rules'->i;
        SELECT coalesce(sum(nets[p.ordinality]), 0) INTO basket
        FROM jsonb_array_elements(terms->'parts') WITH ORDINALITY AS p WHERE p.value->'by' @> to_jsonb(i);
        applies := applies || (basket > 0 AND basket >= coalesce((rule->>'min_spend')::numeric, 0));
        IF rule->>'effect' = 'bonus' AND applies[i + 1] THEN
            extra := extra + (rule->>'points')::bigint;
        END IF;
    END LOOP;

    FOR i IN 1 .. coalesce(cardinality(nets), 0) LOOP
        best := 1;
        on_top := 0;
        less := 1;
        FOR rule IN
            SELECT terms->'rules'->(b.value::integer) FROM jsonb_array_elements_text(terms->'parts'->(i - 1)->'by') AS b
            WHERE applies[b.value::integer + 1]
        LOOP
            CONTINUE WHEN rule->>'effect' <> 'multiply';
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
    FOR rule IN SELECT value FROM jsonb_array_elements(terms->'rules') LOOP
        IF rule->>'effect' = 'cap' THEN
            points := least(points, (rule->>'left')::bigint);
        END IF;
    END LOOP;
    RETURN points;
END
$$;
