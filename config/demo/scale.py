"""Large programmes for benchmarks: made in the database by INSERT … SELECT, the same for the same start.

`ten_times` copies everybody nine times with their orders, lines and refunds, some whole weeks earlier. `a_million`
adds invented customers with orders until there are a million. Both commit in parts and go on after a kill.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction
from django.utils import timezone

from config.demo.fictional import FIRST_NAMES, LAST_NAMES
from customers.actions.rollups import rebuild_rollups
from workspace.models import Business

SOURCE = "data"
COPIES = 9
MILLION = 1_000_000
BATCH = 20_000  # customers made in one transaction
SEED_STEP = 0.000_01  # setseed() takes -1 to 1: one seed for each batch

Report = Callable[[str, int, int], None]  # phase, done, total

# How far a copied customer lies back: 0 to 8 weeks by the number of the customer, so that weekdays stay true and a
# refund moves with its sale.
_WEEKS = "interval '1 week' * ((coalesce(customer_id, 0) * 7919 + %(copy)s::int * 104729) %% 9)"
_NEW = "'x' || %(copy)s::int || '-' || "
COPY_STATEMENTS = (
    f"""
    WITH original AS (
        SELECT *, {_NEW} coalesce(nullif(external_id, ''), code) AS number,
               nextval('customers_customer_id_seq') AS new_id
        FROM customers_customer WHERE source <> '{SOURCE}' AND state = 'active'
    ), known AS (
        INSERT INTO customers_identifier (kind, value, customer_id, created_at)
        SELECT 'external', number, new_id, now() FROM original
    )
    INSERT INTO customers_customer (id, code, state, first_name, last_name, phone, phone_typed, email, external_id,
        address, city, region, postcode, country, birthday, language, attributes, source, created_at, updated_at)
    SELECT new_id, public_code(), 'active', first_name, last_name, '', '', '', number, address, city, region, postcode,
           country, birthday, language, attributes, '{SOURCE}', created_at - interval '8 weeks', now()
    FROM original
    """,
    f"""
    INSERT INTO customers_order (code, business_id, source, reference, number, customer_id, channel, status,
        fulfilment_status, placed_at, total, refunded_total, discount, tax, shipping, created_at)
    SELECT public_code(), business_id, '{SOURCE}', {_NEW} reference, '', copied.customer_id, channel, status,
           fulfilment_status, placed_at - {_WEEKS.replace("customer_id", "own.customer_id")}, total, refunded_total,
           discount, tax, shipping, now()
    FROM customers_order AS own
    LEFT JOIN customers_customer AS original ON original.id = own.customer_id
    LEFT JOIN customers_identifier AS copied ON copied.kind = 'external'
          AND copied.value = {_NEW} coalesce(nullif(original.external_id, ''), original.code)
    WHERE own.source <> '{SOURCE}'
    """,
    f"""
    INSERT INTO customers_orderline (order_id, position, product_id, title, quantity, unit_price, discount, total)
    SELECT copied.id, line.position, line.product_id, line.title, line.quantity, line.unit_price, line.discount,
           line.total
    FROM customers_order AS own
    JOIN customers_order AS copied ON copied.business_id = own.business_id AND copied.reference = {_NEW} own.reference
    JOIN customers_orderline AS line ON line.order_id = own.id
    WHERE own.source <> '{SOURCE}'
    """,
    f"""
    INSERT INTO customers_refund (code, business_id, source, reference, order_id, customer_id, refunded_at, total,
        reason, created_at)
    SELECT public_code(), refund.business_id, '{SOURCE}', {_NEW} refund.reference, copied_order.id, copied.customer_id,
           refund.refunded_at - {_WEEKS.replace("customer_id", "refund.customer_id")}, refund.total, reason, now()
    FROM customers_refund AS refund
    LEFT JOIN customers_order AS own ON own.id = refund.order_id
    LEFT JOIN customers_order AS copied_order ON copied_order.business_id = own.business_id
          AND copied_order.reference = {_NEW} own.reference
    LEFT JOIN customers_customer AS original ON original.id = refund.customer_id
    LEFT JOIN customers_identifier AS copied ON copied.kind = 'external'
          AND copied.value = {_NEW} coalesce(nullif(original.external_id, ''), original.code)
    WHERE refund.source <> '{SOURCE}'
    """,
    f"""
    INSERT INTO customers_refundline (refund_id, position, order_line_id, product_id, title, quantity, unit_price,
        total)
    SELECT copied.id, back.position, copied_line.id, back.product_id, back.title, back.quantity, back.unit_price,
           back.total
    FROM customers_refund AS refund
    JOIN customers_refund AS copied ON copied.business_id = refund.business_id
     AND copied.reference = {_NEW} refund.reference
    JOIN customers_refundline AS back ON back.refund_id = refund.id
    LEFT JOIN customers_orderline AS line ON line.id = back.order_line_id
    LEFT JOIN customers_order AS own ON own.id = line.order_id
    LEFT JOIN customers_order AS copied_order ON copied_order.business_id = own.business_id
          AND copied_order.reference = {_NEW} own.reference
    LEFT JOIN customers_orderline AS copied_line ON copied_line.order_id = copied_order.id
          AND copied_line.position = line.position
    WHERE refund.source <> '{SOURCE}'
    """,
)

# A customer has 1 to about 12 orders, two on average, in the last two years; an order has 1 to 4 lines. Three products
# in four are of the first fifth of the catalogue.
MILLION_STATEMENTS = (
    "DROP TABLE IF EXISTS pg_temp.draft_customer, pg_temp.draft_order, pg_temp.draft_line",
    """
    CREATE TEMP TABLE draft_customer ON COMMIT DROP AS
    SELECT number, nextval('customers_customer_id_seq') AS id, random() AS chance,
           1 + least(11, floor(-ln(1 - random()) * 0.95))::int AS orders
    FROM generate_series(%(first)s::int, %(last)s::int) AS number
    """,
    """
    CREATE TEMP TABLE draft_order ON COMMIT DROP AS
    SELECT nextval('customers_order_id_seq') AS id, draft_customer.id AS customer_id, number, ordinal,
           date_trunc('day', %(now)s::timestamptz) - interval '1 day' * floor(1 + random() * 729)
               + interval '1 minute' * floor(540 + random() * 600) AS placed_at,
           1 + floor(random() * 4)::int AS lines
    FROM draft_customer, generate_series(1, draft_customer.orders) AS ordinal
    """,
    """
    CREATE TEMP TABLE draft_line ON COMMIT DROP AS
    SELECT order_id, position, product.id AS product_id, product.title, picked.quantity, product.price
    FROM (
        SELECT draft_order.id AS order_id, position, 1 + floor(random() * 6)::int AS quantity,
               1 + floor(power(random(), 3) * %(products)s::int)::int AS place
        FROM draft_order, generate_series(1, draft_order.lines) AS position
    ) AS picked
    JOIN (
        SELECT id, title, coalesce(nullif(price, 0), 1) AS price, row_number() OVER (ORDER BY id) AS place
        FROM customers_product WHERE kind = 'goods'
    ) AS product USING (place)
    """,
    "ANALYZE draft_line",
    """
    INSERT INTO customers_identifier (kind, value, customer_id, created_at)
    SELECT 'external', 'm-' || number, id, now() FROM draft_customer
    """,
    f"""
    INSERT INTO customers_customer (id, code, state, first_name, last_name, phone, phone_typed, email, external_id,
        address, city, region, postcode, country, language, attributes, source, created_at, updated_at)
    SELECT id, public_code(), 'active',
           (%(first_names)s::text[])[1 + number %% {len(FIRST_NAMES)}],
           (%(last_names)s::text[])[1 + (number / {len(FIRST_NAMES)}) %% {len(LAST_NAMES)}],
           '', '', '', 'm-' || number, '', '', '', '', 'United Kingdom', '', '{{}}', '{SOURCE}',
           first_at, now()
    FROM draft_customer
    JOIN (SELECT customer_id, min(placed_at) AS first_at FROM draft_order GROUP BY customer_id) AS began
      ON began.customer_id = draft_customer.id
    """,
    f"""
    INSERT INTO customers_order (id, code, business_id, source, reference, number, customer_id, channel, status,
        fulfilment_status, placed_at, total, refunded_total, discount, tax, shipping, created_at)
    SELECT draft_order.id, public_code(), %(business)s, '{SOURCE}', 'm-' || number || '-' || ordinal, '', customer_id,
           'store', 'paid', '', placed_at, line.total, 0, 0, 0, 0, now()
    FROM draft_order
    JOIN (SELECT order_id, sum(quantity * price) AS total FROM draft_line GROUP BY 1) AS line
      ON line.order_id = draft_order.id
    """,
    """
    INSERT INTO customers_orderline (order_id, position, product_id, title, quantity, unit_price, discount, total)
    SELECT order_id, position, product_id, title, quantity, price, 0, quantity * price FROM draft_line
    """,
)


def ten_times(report: Report) -> None:
    """Copies of everybody until the active programme is ten times as large. Safe to repeat: a copy is made once."""
    with connection.cursor() as cursor:
        for copy in range(1, COPIES + 1):
            report("copies", copy - 1, COPIES)
            cursor.execute("SELECT EXISTS (SELECT FROM customers_order WHERE reference LIKE %s)", [f"x{copy}-%"])
            if not cursor.fetchone()[0]:
                with transaction.atomic():
                    for statement in COPY_STATEMENTS:
                        cursor.execute(statement, {"copy": copy})
            _analyze()
    _finish(report, COPIES)


def a_million(report: Report) -> None:
    """Invented customers until the active programme has a million, with about 2 orders and 5 lines each."""
    business = Business.objects.order_by("pk").first()
    if business is None:
        raise ValueError("the programme has no business")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_product WHERE kind = 'goods'")
        products = cursor.fetchone()[0]
        if not products:
            raise ValueError("the programme has no products: import sales lines first")
        cursor.execute("SELECT count(*) FROM customers_customer WHERE NOT starts_with(external_id, 'm-')")
        wanted = MILLION - cursor.fetchone()[0]
        cursor.execute("SELECT coalesce(max(substr(external_id, 3)::int), 0) FROM customers_customer"
                       " WHERE external_id ~ '^m-[0-9]+$'")  # fmt: skip
        first = cursor.fetchone()[0] + 1
        while first <= wanted:
            report("customers", first - 1, wanted)
            last = min(first + BATCH - 1, wanted)
            values = {
                "first": first, "last": last, "now": timezone.now(), "products": products, "business": business.pk,
                "first_names": FIRST_NAMES, "last_names": LAST_NAMES,
            }  # fmt: skip
            with transaction.atomic():
                cursor.execute("SELECT setseed(%s)", [(first // BATCH + 1) * SEED_STEP])
                for statement in MILLION_STATEMENTS:
                    named = {name: value for name, value in values.items() if f"%({name})s" in statement}
                    cursor.execute(statement, named or None)
            if (first - 1) // BATCH in (0, 3, 15):
                _analyze()
            first = last + 1
    _finish(report, wanted)


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE customers_customer, customers_identifier, customers_order, customers_orderline, customers_refund,"
            " customers_refundline"
        )


def _finish(report: Report, total: int) -> None:
    _analyze()
    report("roll-ups", total, total)
    rebuild_rollups(now=timezone.now())
