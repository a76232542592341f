-- Tiers (docs/algorithms/tiers.md). A member holds the highest of what they reach now and what they reached before, as
-- long as that is kept and what reached it was not given back.

-- The start of the day `months` calendar months before `at`, in the programme's zone; null months: the beginning of time
-- (loyalty.rules.window_start).
CREATE OR REPLACE FUNCTION loyalty_window_start(at timestamptz, months integer, zone text) RETURNS timestamptz
LANGUAGE sql STABLE
AS $$
    SELECT CASE WHEN months IS NULL THEN '-infinity' ELSE
        (date_trunc('day', at AT TIME ZONE zone) - make_interval(months => months)) AT TIME ZONE zone
    END
$$;

-- What is left of a transaction's points after what undid it, and what undid that.
CREATE OR REPLACE FUNCTION ledger_net_of(transaction_id bigint) RETURNS bigint
LANGUAGE sql STABLE
AS $$
    WITH RECURSIVE line (id, points) AS (
        SELECT t.id, t.points FROM loyalty_transaction t WHERE t.id = $1
        UNION ALL SELECT t.id, t.points FROM loyalty_transaction t JOIN line ON t.reverses_id = line.id
    )
    SELECT sum(line.points)::bigint FROM line
$$;

-- What a customer collected from `since` on, up to and with `until`: points earned by sales (spending them changes
-- nothing), money spent, or visits, which are days with a purchase at a business. What was undone or given back by now is
-- not in it, whenever that happened.
CREATE OR REPLACE FUNCTION loyalty_tier_figure(
    account_id bigint, basis text, since timestamptz, until timestamptz, zone text
) RETURNS numeric
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    IF basis = 'points' THEN
        RETURN coalesce((
            SELECT sum(CASE WHEN t.reversed_points = 0 THEN t.points ELSE ledger_net_of(t.id) END)
                   FILTER (WHERE t.kind = 'earn' AND t.status = 'done' AND t.at >= since AND t.at <= until)
            FROM loyalty_transaction t WHERE t.account_id = $1
        ), 0);
    ELSIF basis = 'spend' THEN
        RETURN coalesce((
            SELECT sum(greatest(o.total - o.refunded_total, 0)) FROM customers_order o
            WHERE o.customer_id = $1 AND o.status <> 'cancelled' AND o.placed_at >= since AND o.placed_at <= until
        ), 0);
    END IF;
    RETURN (
        SELECT count(DISTINCT (o.business_id, (o.placed_at AT TIME ZONE zone)::date)) FROM customers_order o
        WHERE o.customer_id = $1 AND o.status <> 'cancelled' AND o.total > o.refunded_total
        AND o.placed_at >= since AND o.placed_at <= until
    );
END
$$;

-- The highest tier that a member reached before and still keeps, or nulls: not past its time and grace, not older than
-- the last tier set by hand, and what reached it is still there. Of the rank `earned`, which they reach now anyway, without
-- grace, or above it.
CREATE OR REPLACE FUNCTION ledger_kept_tier(
    account_id bigint, earned integer, grace_days integer, at timestamptz, zone text,
    OUT tier_id bigint, OUT rank integer, OUT change_id bigint, OUT since timestamptz, OUT kept_until timestamptz
)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    first_id bigint := coalesce((
        SELECT max(c.id) FROM loyalty_tierchange c WHERE c.account_id = $1 AND c.cause = 'set'
    ), 0);
    claim record;
BEGIN
    FOR claim IN
        SELECT c.*, t.rank
        FROM loyalty_tierchange c JOIN loyalty_tier t ON t.id = c.tier_id
        WHERE c.account_id = $1 AND c.id >= first_id AND c.rests_on_id IS NULL AND t.is_active AND t.rank >= earned
        AND (c.kept_until IS NULL OR c.kept_until > $4
             OR t.rank > earned AND loyalty_available_at(c.kept_until, grace_days, zone) > $4)
        ORDER BY t.rank DESC, c.kept_until DESC NULLS FIRST, c.id DESC
    LOOP
        IF claim.threshold IS NULL OR claim.threshold <= loyalty_tier_figure(
            $1, claim.basis, loyalty_window_start(claim.at, claim.window_months::integer, zone), claim.at, zone
        ) THEN
            tier_id := claim.tier_id;
            rank := claim.rank;
            change_id := claim.id;
            since := claim.at;
            kept_until := claim.kept_until;
            RETURN;
        END IF;
    END LOOP;
END
$$;

-- Judges the tiers of accounts that the caller has locked. Whose tier changes or is renewed gets a line in their
-- history; whose changes also an event. Returns how many got one.
CREATE OR REPLACE FUNCTION ledger_judge_tiers(account_ids bigint[], at timestamptz, zone text) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    settings record;
    mine record;
    earned record;
    kept record;
    step record;
    figure numeric;
    fresh_until timestamptz;
    change loyalty_tierchange;
    next_due timestamptz;
    judged integer := 0;
BEGIN
    SELECT coalesce(s.tier_basis, 'points') AS basis, coalesce(s.tier_grace_days, 30)::integer AS grace_days,
           CASE WHEN s.id IS NULL THEN 12 ELSE s.tier_window_months END AS window_months, -- no row: the defaults
           CASE WHEN s.id IS NULL THEN 12 ELSE s.tier_keep_months END::integer AS keep_months,
           coalesce(s.tier_drops_to, 'earned') AS drops_to
    INTO settings
    FROM (VALUES (1)) AS one (id) LEFT JOIN loyalty_loyaltysettings s ON s.id = one.id;
    fresh_until := loyalty_expires_at($2, settings.keep_months, zone);

    FOR mine IN
        SELECT a.customer_id, a.tier_id, t.code, coalesce(t.rank, -1) AS rank, t.is_active, a.tier_since AS since,
               a.tier_kept_until AS kept_until, a.tier_due_at AS due_at,
               coalesce(loyalty_available_at(a.tier_kept_until, settings.grace_days, zone) <= $2, false) AS is_over
        FROM loyalty_account a LEFT JOIN loyalty_tier t ON t.id = a.tier_id
        WHERE a.customer_id = ANY (account_ids)
        ORDER BY a.customer_id
    LOOP
        figure := loyalty_tier_figure(
            mine.customer_id, settings.basis, loyalty_window_start($2, settings.window_months, zone), $2, zone
        );
        SELECT t.id, t.rank, t.threshold INTO earned
        FROM loyalty_tier t WHERE t.is_active AND t.threshold <= figure ORDER BY t.rank DESC LIMIT 1;
        kept := ledger_kept_tier(mine.customer_id, coalesce(earned.rank, -1), settings.grace_days, $2, zone);

        change := NULL;
        change.tier_id := coalesce(kept.tier_id, earned.id);
        change.rests_on_id := kept.change_id;
        change.threshold := CASE WHEN kept.tier_id IS NULL THEN earned.threshold END;
        change.kept_until := CASE WHEN kept.tier_id IS NOT NULL THEN kept.kept_until
                                WHEN earned.id IS NOT NULL THEN fresh_until END;
        IF change.tier_id IS DISTINCT FROM mine.tier_id THEN
            change.cause := CASE WHEN coalesce(kept.rank, earned.rank, -1) > mine.rank THEN 'reached'
                               WHEN NOT mine.is_active THEN 'retired'
                               WHEN mine.is_over THEN 'dropped'
                               ELSE 'undone' END;
        ELSIF kept.tier_id IS NULL AND mine.tier_id IS NOT NULL THEN -- its time is over, or what reached it was given back
            change.cause := 'renewed';
        END IF;

        IF change.cause = 'dropped' AND settings.drops_to = 'next' THEN
            SELECT t.id, t.rank INTO step
            FROM loyalty_tier t WHERE t.is_active AND t.rank < mine.rank ORDER BY t.rank DESC LIMIT 1;
            IF step.rank > coalesce(kept.rank, earned.rank, -1) THEN -- a gift, which needs no figure
                change.tier_id := step.id;
                change.rests_on_id := NULL;
                change.threshold := NULL;
                change.kept_until := fresh_until;
            END IF;
        END IF;

        IF change.cause IS NOT NULL AND change.tier_id IS NOT NULL THEN
            PERFORM FROM loyalty_tier t WHERE t.id = change.tier_id FOR KEY SHARE;
            IF NOT FOUND THEN -- deleted this moment: nobody had it yet
                RAISE EXCEPTION 'a tier is gone' USING ERRCODE = 'serialization_failure';
            END IF;
        END IF;
        IF change.cause IS NOT NULL THEN
            judged := judged + 1;
            INSERT INTO loyalty_tierchange (
                account_id, tier_id, before_id, cause, basis, window_months, figure, threshold, kept_until, rests_on_id,
                reason, actor, actor_label, at
            ) VALUES (
                mine.customer_id, change.tier_id, mine.tier_id, change.cause, settings.basis, settings.window_months, figure,
                change.threshold, change.kept_until, change.rests_on_id, '', 'system:system', '', $2
            );
            change.at := CASE WHEN change.cause = 'renewed' THEN mine.since
                            WHEN change.rests_on_id IS NOT NULL THEN kept.since ELSE $2 END;
        ELSE
            change.at := mine.since;
            change.kept_until := CASE WHEN kept.tier_id IS NOT NULL THEN kept.kept_until ELSE mine.kept_until END;
        END IF;
        IF change.tier_id IS DISTINCT FROM mine.tier_id THEN
            INSERT INTO customers_event (name, customer_id, occurred_at, actor, data)
            SELECT 'loyalty.tier.changed', mine.customer_id, $2, 'system:system', jsonb_build_object(
                'tier', coalesce(max(t.code), ''), 'before', coalesce(mine.code, ''), 'cause', change.cause
            )
            FROM loyalty_tier t WHERE t.id = change.tier_id;
        END IF;
        next_due := CASE WHEN change.kept_until > $2 THEN change.kept_until
                         ELSE loyalty_available_at(change.kept_until, settings.grace_days, zone) END;
        IF change.cause IS NOT NULL OR change.kept_until IS DISTINCT FROM mine.kept_until
            OR next_due IS DISTINCT FROM mine.due_at THEN
            UPDATE loyalty_account a
            SET tier_id = change.tier_id, tier_since = CASE WHEN change.tier_id IS NOT NULL THEN change.at END,
                tier_kept_until = change.kept_until, tier_due_at = next_due
            WHERE a.customer_id = mine.customer_id;
        END IF;
    END LOOP;
    RETURN judged;
END
$$;

-- Whether a member has the highest tier there is and its time is not over: a sale changes nothing about that.
CREATE OR REPLACE FUNCTION ledger_is_at_the_top(account_id bigint, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE
AS $$
    SELECT coalesce((
        SELECT a.tier_id FROM loyalty_account a
        WHERE a.customer_id = $1 AND (a.tier_kept_until IS NULL OR a.tier_kept_until > $2)
    ) = (SELECT t.id FROM loyalty_tier t WHERE t.is_active ORDER BY t.rank DESC LIMIT 1), false)
$$;

-- The sweep: a batch of accounts whose tier is to be judged, whoever is busy is skipped. Call again while it returns the
-- whole batch.
CREATE OR REPLACE FUNCTION ledger_judge_due_tiers(at timestamptz, batch integer, zone text) RETURNS integer
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
        SELECT a.customer_id FROM loyalty_account a WHERE a.tier_due_at <= $1
        ORDER BY a.customer_id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
    ) AS locked;
    IF account_ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM ledger_judge_tiers(account_ids, $1, $3);
    RETURN cardinality(account_ids);
END
$$;

-- Judges the next accounts after `after`, once the programme changed its tiers. Returns the last account looked at; null:
-- there are no more.
CREATE OR REPLACE FUNCTION ledger_judge_more_tiers(after bigint, batch integer, at timestamptz, zone text) RETURNS bigint
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
        SELECT a.customer_id FROM loyalty_account a WHERE a.customer_id > $1
        ORDER BY a.customer_id LIMIT $2 FOR NO KEY UPDATE
    ) AS locked;
    IF account_ids IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM ledger_judge_tiers(account_ids, $3, $4);
    RETURN account_ids[cardinality(account_ids)];
END
$$;

-- Gives a member, whose account the caller has locked, a tier by hand until `kept_until` (null: for good); without a tier
-- only what they reach now counts from here on. A higher tier that they reach is theirs at once.
CREATE OR REPLACE FUNCTION ledger_set_tier(
    account_id bigint, tier_id bigint, kept_until timestamptz, reason text, actor text, actor_label text, at timestamptz,
    zone text
) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO loyalty_tierchange (
        account_id, tier_id, before_id, cause, basis, window_months, figure, threshold, kept_until, rests_on_id, reason,
        actor, actor_label, at
    )
    SELECT $1, $2, a.tier_id, 'set', '', NULL, 0, NULL, $3, NULL, $4, $5, $6, $7
    FROM loyalty_account a WHERE a.customer_id = $1;
    INSERT INTO customers_event (name, customer_id, occurred_at, actor, data)
    SELECT 'loyalty.tier.changed', $1, $7, $5, jsonb_build_object(
        'tier', coalesce((SELECT t.code FROM loyalty_tier t WHERE t.id = $2), ''),
        'before', coalesce((SELECT t.code FROM loyalty_tier t WHERE t.id = a.tier_id), ''), 'cause', 'set'
    )
    FROM loyalty_account a WHERE a.customer_id = $1 AND a.tier_id IS DISTINCT FROM $2;
    UPDATE loyalty_account a
    SET tier_id = $2, tier_since = CASE WHEN $2 IS NOT NULL THEN $7 END, tier_kept_until = $3, tier_due_at = $3
    WHERE a.customer_id = $1;
    PERFORM ledger_judge_tiers(array[$1], $7, $8);
END
$$;

-- Takes out of the history of tiers what people wrote about an erased customer: it is append-only for the application.
-- Repeating it changes nothing. Made by format(), because a function that runs as its owner must name its own schema.
DO $do$
BEGIN
    EXECUTE format($make$
CREATE OR REPLACE FUNCTION loyalty_forget_tier_reasons(person bigint) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = %1$I, pg_temp
AS $$
BEGIN
    PERFORM FROM customers_customer c WHERE c.id = person AND c.state = 'erased';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'customer %% is not erased', person USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    UPDATE loyalty_tierchange SET reason = '' WHERE account_id = person AND reason <> '';
END
$$
    $make$, current_schema());
END
$do$;
