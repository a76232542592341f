-- Points for an amount of money. The same arithmetic as loyalty.rules.points_for; a test compares them.
CREATE OR REPLACE FUNCTION loyalty_points_for(amount numeric, rate numeric, rounding text) RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE rounding
        WHEN 'up' THEN ceil(amount * rate)
        WHEN 'nearest' THEN floor(amount * rate + 0.5)
        ELSE floor(amount * rate)
    END::bigint
$$;

-- The end of the day `months` calendar months after `earned_at`, in the programme's zone (loyalty.rules.expires_at).
CREATE OR REPLACE FUNCTION loyalty_expires_at(earned_at timestamptz, months integer, zone text) RETURNS timestamptz
LANGUAGE sql STABLE
AS $$
    SELECT CASE WHEN months IS NULL THEN NULL ELSE
        (date_trunc('day', earned_at AT TIME ZONE zone) + make_interval(months => months) + interval '1 day')
        AT TIME ZONE zone
    END
$$;

-- The end of the first `day` of a year (MM-DD) that comes `months` calendar months after `earned_at` or later
-- (loyalty.rules.expires_on). 29 February is the 28th in other years.
CREATE OR REPLACE FUNCTION loyalty_expires_on(earned_at timestamptz, months integer, day text, zone text)
RETURNS timestamptz
LANGUAGE sql STABLE
AS $$
    SELECT ((yearly.day + 1)::timestamp AT TIME ZONE zone)
    FROM (
        SELECT (date_trunc('day', earned_at AT TIME ZONE zone) + make_interval(months => coalesce(months, 0)))::date AS day
    ) AS first
    CROSS JOIN LATERAL (
        SELECT least(
            make_date(years.number::integer, left($3, 2)::integer, 1) + right($3, 2)::integer - 1,
            (make_date(years.number::integer, left($3, 2)::integer, 1) + interval '1 month - 1 day')::date
        ) AS day
        FROM generate_series(extract(year FROM first.day), extract(year FROM first.day) + 1) AS years (number)
    ) AS yearly
    WHERE yearly.day >= first.day
    ORDER BY yearly.day LIMIT 1
$$;

-- The start of the day `days` days after `earned_at`, in the programme's zone (loyalty.rules.available_at).
CREATE OR REPLACE FUNCTION loyalty_available_at(earned_at timestamptz, days integer, zone text) RETURNS timestamptz
LANGUAGE sql STABLE
AS $$
    SELECT CASE WHEN coalesce(days, 0) = 0 THEN earned_at ELSE
        (date_trunc('day', earned_at AT TIME ZONE zone) + make_interval(days => days)) AT TIME ZONE zone
    END
$$;

-- The start of the day `days` days before `at`, in the programme's zone (loyalty.rules.days_ago).
CREATE OR REPLACE FUNCTION loyalty_days_ago(at timestamptz, days integer, zone text) RETURNS timestamptz
LANGUAGE sql STABLE
AS $$ SELECT (date_trunc('day', at AT TIME ZONE zone) - make_interval(days => days)) AT TIME ZONE zone $$;

-- Shows the auditor an entry that was changed after it was written. Casts to text, so that the planner can put the
-- expression in the place of the call.
CREATE OR REPLACE FUNCTION ledger_seal(transaction_id bigint, account_id bigint, lot_id bigint, amount bigint)
RETURNS uuid
LANGUAGE sql IMMUTABLE
AS $$
    SELECT md5(transaction_id::text || ':' || coalesce(account_id, 0)::text || ':' || coalesce(lot_id, 0)::text || ':'
               || amount::text)::uuid
$$;
