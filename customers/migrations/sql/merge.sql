-- Whom somebody is a part of by now: themselves, unless they were merged into another customer.
CREATE OR REPLACE FUNCTION customers_survivor(customer_id bigint) RETURNS bigint
LANGUAGE sql STABLE STRICT
AS $$ SELECT coalesce(c.merged_into_id, c.id) FROM customers_customer c WHERE c.id = $1 $$;
