-- Who asks, from where, in which programme and under which settings. The same for every operation of a call.
CREATE TYPE ledger_context AS (
    owner text,          -- whose idempotency keys these are
    actor text,          -- kind:id
    actor_label text,
    ip inet,
    business_id bigint,  -- set: the caller is limited to this business
    source text,         -- of orders: till, api …
    zone text,           -- the programme's time zone; days begin and end there
    programme_id bigint, -- whose stream readers are woken; null: none
    expires_at timestamptz,      -- of points that are given now and can be spent at once
    earned_at timestamptz,       -- when points of a sale can be spent: now, or after the pending period
    earned_expire_at timestamptz, -- … and when they run out
    lapses_at timestamptz        -- when an account that is active now lapses; null: accounts do not
);

-- One operation on its way through the ledger.
CREATE TYPE ledger_operation AS (
    ordinal integer,       -- place in the caller's list; negative: a part of another operation, answered with it
    turn integer,          -- operations of one turn have different accounts
    kind text,
    endpoint text,
    key text,              -- null: the order reference serves
    digest bytea,
    phone text,
    phone_typed text,
    account_id bigint,     -- = customer id; null: nobody has this number yet
    is_member boolean,     -- the account exists
    is_new boolean,        -- the customer was made by this call
    customer_code text,
    is_archived boolean,
    business_id bigint,
    business_code text,    -- as the caller named it where there is none
    business_is_open boolean,
    points bigint,         -- the change of the account: negative takes
    amount numeric,        -- money of a sale
    rate numeric,
    rounding text,
    reference text,
    placed_at timestamptz, -- of a sale: when it was; from the order once that is recorded
    order_id bigint,
    order_code text,
    reason text,
    expires_at timestamptz, -- of a hold
    original_id bigint,     -- what is reversed, captured or voided
    not_before timestamptz, -- an original older than this may not be reversed any more
    cancels_order boolean,
    lines jsonb,            -- of a sale: [{position, title, sku, category, quantity, amount}, …]; null: not told
    terms jsonb,            -- how its points come about (loyalty_terms); null: amount × rate
    recipient_id bigint,    -- the other member of a transfer
    recipient_code text,
    recipient_is_member boolean,
    reward_id bigint,       -- what is redeemed or claimed
    reward_code text,
    action text,            -- what a bonus is for
    rule_id bigint          -- what it is by
);

-- What an operation came to. `status`: done, replayed (the stored answer of the same key), refused (stored where there
-- is a key), key_reused, unknown_business, unknown_customer, unknown_recipient, unknown_transaction, unknown_hold,
-- unknown_reward (key_reused and unknown_… store nothing).
-- `response` is JSON; that of a refusal names it in `refusal`.
CREATE TYPE ledger_answer AS (ordinal integer, status text, response text);
