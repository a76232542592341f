-- What compiled segments are measured against: the same questions as somebody who knows this schema writes them by hand.
-- Written before there was a compiler. Each counts active customers.
--
-- Parameters: %(since_90)s and %(since_180)s are the midnights, in the programme's zone, with which the last 90 and 180
-- days begin (today is the last of them); %(country)s is a country as it is written at the customer ('GB' in the data of
-- `make data SIZE=1m`); %(words)s is a part of a product's title in lower case.
--
-- That a message was opened is no fact of ours: nothing that we send is tracked yet. A system that sends mail tells it by
-- `events/track`, and such events are rows of `customers_event` with the name `customers.event.tracked` (EVENT_TRACKED in
-- customers/events.py) and their sender's name in `tracked`. The data of `make data SIZE=1m` have "Newsletter Opened",
-- which is what is read here. `occurred_at` is when it happened; the index `event_windows` answers without the table.

-- name: orders_and_openings
-- Two orders in 90 days, no message opened in 180 days, in one country.
SELECT count(*)
FROM (
    SELECT customer_id FROM customers_order
    WHERE placed_at >= %(since_90)s AND status <> 'cancelled' AND customer_id IS NOT NULL
    GROUP BY customer_id HAVING count(*) >= 2
) AS bought
JOIN customers_customer AS customer ON customer.id = bought.customer_id
WHERE customer.state = 'active' AND customer.country = %(country)s
  AND NOT EXISTS (
    SELECT FROM customers_event AS event
    WHERE event.customer_id = customer.id AND event.name = 'customers.event.tracked'
      AND event.tracked = 'Newsletter Opened' AND event.occurred_at >= %(since_180)s
  );

-- name: lifetime
-- Five orders or more and 200 spent ever, but nothing bought in 90 days: the row of figures knows all of it.
SELECT count(*)
FROM customers_customerfacts AS facts
JOIN customers_customer AS customer ON customer.id = facts.customer_id
WHERE customer.state = 'active'
  AND facts.orders_count >= 5 AND facts.total_spent >= 200 AND facts.last_order_at < %(since_90)s;

-- name: product_in_window
-- Bought something with these words in its title in the last 90 days.
SELECT count(*)
FROM (
    SELECT DISTINCT sale.customer_id
    FROM customers_product AS product
    JOIN customers_orderline AS line ON line.product_id = product.id
    JOIN customers_order AS sale ON sale.id = line.order_id
    WHERE strpos(lower(product.title), %(words)s) > 0
      AND sale.placed_at >= %(since_90)s AND sale.status <> 'cancelled'
) AS bought
JOIN customers_customer AS customer ON customer.id = bought.customer_id
WHERE customer.state = 'active';
