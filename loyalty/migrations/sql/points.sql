-- Points for an amount of money. The same arithmetic as loyalty.rules.points_for; a test compares them.
CREATE FUNCTION loyalty_points_for(amount numeric, rate numeric, rounding text) RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE rounding
        WHEN 'up' THEN ceil(amount * rate)
        WHEN 'nearest' THEN floor(amount * rate + 0.5)
        ELSE floor(amount * rate)
    END::bigint
$$;

-- The end of the day `months` calendar months after `earned_at`, in the programme's zone (loyalty.rules.expires_at).
CREATE FUNCTION loyalty_expires_at(earned_at timestamptz, months integer, zone text) RETURNS timestamptz
LANGUAGE sql STABLE
AS $$
    SELECT CASE WHEN months IS NULL THEN NULL ELSE
        (date_trunc('day', earned_at AT TIME ZONE zone) + make_interval(months => months) + interval '1 day')
        AT TIME ZONE zone
    END
$$;

-- Shows the auditor an entry that was changed after it was written. Casts to text, so that the planner can put the
-- expression in the place of the call.
CREATE FUNCTION ledger_seal(transaction_id bigint, account_id bigint, lot_id bigint, amount bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE
AS $$
    SELECT md5(transaction_id::text || ':' || coalesce(account_id, 0)::text || ':' || coalesce(lot_id, 0)::text || ':'
               || amount::text)::uuid
$$;
