-- Answers without a change of points: a refusal, or the first answer of an order named again under another key. Stored
-- where the caller gave a key, so that it replays; `responses` has one answer for each operation.
CREATE OR REPLACE FUNCTION ledger_refuse(
    operations ledger_operation[], outcome text, responses jsonb[], context ledger_context, at timestamptz
) RETURNS ledger_answer[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    keyed bigint;
    written bigint;
BEGIN
    SELECT count(*) INTO keyed FROM unnest(operations) AS o WHERE o.key IS NOT NULL;
    IF keyed > 0 THEN
        INSERT INTO loyalty_transaction (
            code, account_id, kind, status, points, business_id, reason, reversed_points, key_owner, key_endpoint, key,
            request_digest, response, actor, actor_label, ip, at
        )
        SELECT public_code(), o.account_id, o.kind, $2, 0, o.business_id, coalesce(o.reason, ''), 0, context.owner,
               o.endpoint, o.key, o.digest, responses[o.ordinality], context.actor, context.actor_label, context.ip, $5
        FROM unnest(operations) WITH ORDINALITY AS o
        WHERE o.key IS NOT NULL ORDER BY o.key
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written < keyed THEN
            RAISE EXCEPTION 'a key was taken meanwhile' USING ERRCODE = 'serialization_failure';
        END IF;
    END IF;
    RETURN array(
        SELECT ROW(o.ordinal, CASE $2 WHEN 'refused' THEN 'refused' ELSE 'replayed' END,
                   responses[o.ordinality]::text)::ledger_answer
        FROM unnest(operations) WITH ORDINALITY AS o
    );
END
$$;
