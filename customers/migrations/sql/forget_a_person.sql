-- customers_forget(person): deletes the proofs of consent of an erased customer, takes name and address of the network
-- from what the audit log says that they did, and the reasons that people wrote beside what was done to them and their
-- orders. Repeating it changes nothing.
--
-- Made by format(), because a function that runs as its owner must name its own schema and no other.
DO $do$
BEGIN
    EXECUTE format($make$
CREATE OR REPLACE FUNCTION customers_forget(person bigint) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = %1$I, pg_temp
AS $$
DECLARE
    reference text;
BEGIN
    SELECT 'customer:' || c.code INTO reference
    FROM customers_customer c WHERE c.id = person AND c.state = 'erased';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'customer %% is not erased', person USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    DELETE FROM customers_consentrecord WHERE customer_id = person;
    UPDATE workspace_auditentry SET actor_label = '', ip = NULL WHERE actor = reference;
    UPDATE workspace_auditentry SET data = data - 'reason'
    WHERE data ? 'reason' AND subject IN (
        SELECT reference UNION ALL SELECT 'order:' || o.code FROM customers_order o WHERE o.customer_id = person);
END
$$
    $make$, current_schema());
END
$do$;
