-- What the demo has none of, for everybody by their id: birthdays, a region, online orders, categories, consent.
UPDATE customers_customer SET birthday = DATE '1960-01-01' + (id * 37 % 18000)::int WHERE id % 3 > 0;
UPDATE customers_customer SET birthday = DATE '1972-02-29' WHERE id % 41 = 0;
UPDATE customers_customer SET region = 'Texas', country = 'USA' WHERE id % 29 = 0;
UPDATE customers_customer SET state = 'archived' WHERE id % 53 = 0;
UPDATE customers_order SET channel = 'online' WHERE id % 3 = 0;
UPDATE customers_product SET category = 'Electronics' WHERE id % 40 = 0;
UPDATE customers_product SET category = 'Furniture' WHERE id % 41 = 0;
UPDATE customers_product SET category = 'Stationery' WHERE id % 43 = 0;
INSERT INTO customers_consentrecord (customer_id, channel, purpose, is_granted, source, wording, proof, actor, at)
SELECT id, channel, 'marketing', number > 0 AND id % 7 <> 1, 'till', 'x', '{}', 'x', now()
FROM customers_customer, unnest(ARRAY['sms', 'email']) channel, generate_series(1, 2) number
WHERE id % 2 = (channel = 'sms')::int;
INSERT INTO messaging_suppression (channel, address, reason, at)
SELECT 'sms', value, 'stop', now() FROM customers_identifier WHERE kind = 'phone' AND customer_id % 11 = 0;
