"""Large programmes for benchmarks: made in the database by INSERT … SELECT, the same for the same start.

`ten_times` copies everybody nine times with their orders, lines and refunds, some whole weeks earlier. `a_million`
adds invented customers with orders and events until there are a million. Both commit in parts and go on after a kill.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from config.demo.fictional import FIRST_NAMES, LAST_NAMES, NUMBERS_IN_A_RANGE, RANGES
from core.clock import day_start, local_day
from customers.actions.people_counts import count_people
from customers.actions.rollups import programme_zone, rebuild_rollups
from customers.events import CUSTOMER_CREATED, EVENT_TRACKED, ORDER_PLACED
from customers.models import AttributeDefinition, Customer, Order, Product
from intelligence.actions.products import count_products
from intelligence.actions.rfm import score_customers
from workspace.models import Business

SOURCE = "data"
COPIES = 9
MILLION = 1_000_000
ORDERS_EACH, TRACKS_EACH = 5, 4  # on average; with the event of joining that makes ten events
WEEKS = 104  # each is one transaction
OLDER_SHARE = 0.3  # of the customers were there before the first week,
OLDER = timedelta(days=3 * 365)  # and joined in so many days before it
REFUND_EACH = 25
STATISTICS_AFTER = (0, 1, 10, 50)  # weeks; later the planner knows enough
SEED_STEP = 0.000_01  # setseed() takes -1 to 1: one seed for each week
FIRST_PHONE = 3_000  # the demo's own members have those before it
PHONES = len(RANGES) * NUMBERS_IN_A_RANGE - FIRST_PHONE - 1  # there are no more that cannot reach anybody
OWN_FIELD = "miles"
TRACKED = ("Product Viewed", "Product Added", "Newsletter Opened", "Page Viewed")

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

# One week. OLDER_SHARE of all customers were there before the first one, then as many join each week. An order is by
# somebody who has joined, rather one of the first than of the last: most buy three or four times in two years, the best
# some hundreds. It has 1 to 3 lines; three products in four are of the first third of the catalogue.
#
# Orders lie in the order of weeks, as they do where people sell. Their events are history that no reader of the stream
# deals with: they stand before the place where every reader begins.
BEFORE_ALL_READERS = -1
MILLION_STATEMENTS = (
    "DROP TABLE IF EXISTS pg_temp.draft_customer, pg_temp.draft_order, pg_temp.draft_line, pg_temp.draft_refund",
    f"""
    CREATE TEMP TABLE draft_customer ON COMMIT DROP AS
    SELECT number, nextval('customers_customer_id_seq') AS id, first_name, last_name,
           lower(first_name || '.' || last_name || number || '@example.com') AS email,
           CASE WHEN number <= {PHONES} THEN
               '+44' || (%(phone_ranges)s::text[])[1 + (number + {FIRST_PHONE}) / 1000]
                     || lpad(mod(number + {FIRST_PHONE}, 1000)::text, 3, '0')
               ELSE '' END AS phone,
           %(joined_from)s::timestamptz + random() * (%(joined_by)s::timestamptz - %(joined_from)s::timestamptz)
               AS joined_at
    FROM generate_series(%(first)s::int, %(last)s::int) AS number, LATERAL (
        SELECT (%(first_names)s::text[])[1 + mod(number, {len(FIRST_NAMES)})] AS first_name,
               (%(last_names)s::text[])[1 + mod(number / {len(FIRST_NAMES)}, {len(LAST_NAMES)})] AS last_name
    ) AS named
    """,
    f"""
    INSERT INTO customers_customer (id, code, state, first_name, last_name, phone, phone_typed, email, external_id,
        address, city, region, postcode, country, language, attributes, source, created_at, updated_at)
    SELECT id, public_code(), 'active', first_name, last_name, phone, phone, email, 'm-' || number, '', '', '', '',
           (ARRAY['GB', 'GB', 'GB', 'GB', 'IE', 'DE', 'FR', 'US'])[1 + mod(number, 8)], '',
           jsonb_build_object('{OWN_FIELD}', mod(number * 7919::bigint, 400)), '{SOURCE}', joined_at, now()
    FROM draft_customer
    """,
    """
    INSERT INTO customers_identifier (kind, value, customer_id, created_at)
    SELECT known.kind, known.value, id, joined_at
    FROM draft_customer CROSS JOIN LATERAL (
        VALUES ('external', 'm-' || number), ('email', email), ('phone', phone)
    ) AS known (kind, value)
    WHERE known.value <> ''
    """,
    f"""
    INSERT INTO customers_event (name, customer_id, occurred_at, transaction_id, actor, data)
    SELECT '{CUSTOMER_CREATED.name}', id, joined_at, {BEFORE_ALL_READERS}, 'system:data', '{{"source": "{SOURCE}"}}'
    FROM draft_customer
    """,
    """
    CREATE TEMP TABLE draft_order ON COMMIT DROP AS
    SELECT nextval('customers_order_id_seq') AS id, public_code() AS code, number, customer.id AS customer_id,
           least(greatest(placed_at, customer.created_at + interval '1 minute'), %(now)s::timestamptz) AS placed_at,
           1 + floor(power(random(), 2) * 3)::int AS lines
    FROM (
        SELECT number, floor(%(last)s::int * power(random(), 1.5))::int + 1 AS person,
               %(start)s::timestamptz + interval '1 day' * floor(random() * 7)
                   + interval '1 minute' * floor(540 + random() * 600) AS placed_at
        FROM generate_series(1, %(orders)s::int) AS number
    ) AS drawn
    JOIN customers_identifier AS known ON known.kind = 'external' AND known.value = 'm-' || drawn.person
    JOIN customers_customer AS customer ON customer.id = known.customer_id
    ORDER BY placed_at
    """,
    """
    CREATE TEMP TABLE draft_line ON COMMIT DROP AS
    SELECT order_id, position, product.id AS product_id, product.title, picked.quantity, product.price
    FROM (
        SELECT draft_order.id AS order_id, position, 1 + floor(power(random(), 2) * 4)::int AS quantity,
               1 + floor(power(random(), 3) * %(products)s::int)::int AS place
        FROM draft_order, generate_series(1, draft_order.lines) AS position
    ) AS picked
    JOIN (
        SELECT id, title, coalesce(nullif(price, 0), 1) AS price, row_number() OVER (ORDER BY id) AS place
        FROM customers_product WHERE kind = 'goods'
    ) AS product USING (place)
    """,
    "ANALYZE draft_order, draft_line",
    f"""
    CREATE TEMP TABLE draft_refund ON COMMIT DROP AS
    SELECT nextval('customers_refund_id_seq') AS id, sale.id AS order_id, number, customer_id, line.product_id,
           line.title, line.quantity, line.price,
           least(placed_at + interval '3 days', %(now)s::timestamptz) AS refunded_at
    FROM draft_order AS sale JOIN draft_line AS line ON line.order_id = sale.id AND line.position = 1
    WHERE mod(sale.number, {REFUND_EACH}) = 0
    """,
    f"""
    INSERT INTO customers_order (id, code, business_id, source, reference, number, customer_id, channel, status,
        fulfilment_status, placed_at, total, refunded_total, discount, tax, shipping, created_at)
    SELECT sale.id, code, %(business)s, '{SOURCE}', 'm-' || %(week)s::int || '-' || sale.number, '', sale.customer_id,
           CASE WHEN mod(sale.number, 3) = 0 THEN 'online' ELSE 'store' END,
           CASE WHEN back.id IS NULL THEN 'paid' WHEN sale.lines = 1 THEN 'refunded' ELSE 'part_refunded' END, '',
           placed_at, line.total, coalesce(back.quantity * back.price, 0), 0, 0, 0, placed_at
    FROM draft_order AS sale
    JOIN (SELECT order_id, sum(quantity * price) AS total FROM draft_line GROUP BY 1) AS line
      ON line.order_id = sale.id
    LEFT JOIN draft_refund AS back ON back.order_id = sale.id
    ORDER BY sale.id
    """,
    """
    INSERT INTO customers_orderline (order_id, position, product_id, title, quantity, unit_price, discount, total)
    SELECT order_id, position, product_id, title, quantity, price, 0, quantity * price FROM draft_line
    """,
    f"""
    INSERT INTO customers_refund (id, code, business_id, source, reference, order_id, customer_id, refunded_at, total,
        reason, created_at)
    SELECT id, public_code(), %(business)s, '{SOURCE}', 'mr-' || %(week)s::int || '-' || number, order_id, customer_id,
           refunded_at, quantity * price, '', refunded_at
    FROM draft_refund
    """,
    """
    INSERT INTO customers_refundline (refund_id, position, order_line_id, product_id, title, quantity, unit_price,
        total)
    SELECT back.id, 1, line.id, back.product_id, back.title, back.quantity, back.price, back.quantity * back.price
    FROM draft_refund AS back
    JOIN customers_orderline AS line ON line.order_id = back.order_id AND line.position = 1
    """,
    f"""
    INSERT INTO customers_event (name, customer_id, business_id, occurred_at, transaction_id, actor, data)
    SELECT '{ORDER_PLACED.name}', customer_id, %(business)s, placed_at, {BEFORE_ALL_READERS}, 'system:data',
           jsonb_build_object('order', sale.code, 'total', line.total::text, 'source', '{SOURCE}')
    FROM draft_order AS sale
    JOIN (SELECT order_id, sum(quantity * price) AS total FROM draft_line GROUP BY 1) AS line
      ON line.order_id = sale.id
    """,
    # What people looked at before they bought: as many as make ten events of each customer.
    f"""
    INSERT INTO customers_event (name, customer_id, business_id, occurred_at, received_at, transaction_id, message_id,
        tracked, actor, data)
    SELECT '{EVENT_TRACKED.name}', sale.customer_id, %(business)s, at, at, {BEFORE_ALL_READERS},
           'm-' || %(week)s::int || '-' || number, seen.name, 'system:data',
           jsonb_build_object('event', seen.name, 'properties', jsonb_build_object('price', mod(number, 90)))
    FROM (
        SELECT number, 1 + mod(number, %(sold)s::int) AS place,
               %(end)s::timestamptz - interval '7 days' * random() AS at,
               (%(tracked)s::text[])[1 + mod(number, cardinality(%(tracked)s::text[]))] AS name
        FROM generate_series(1, %(tracks)s::int) AS number
    ) AS seen
    JOIN (SELECT customer_id, row_number() OVER () AS place FROM draft_order) AS sale USING (place)
    """,
)
TRACKED_NAMES = """
    INSERT INTO customers_trackedname (name, count, properties, first_at, last_at)
    SELECT tracked, count(*), '{"price": "number"}', min(occurred_at), max(occurred_at)
    FROM customers_event WHERE tracked = ANY(%s) GROUP BY tracked
    ON CONFLICT (name) DO UPDATE SET count = EXCLUDED.count, last_at = EXCLUDED.last_at
"""


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
    """Two years of an invented shop until the active programme has a million customers, five million orders and ten
    million events. Committed week by week; safe to repeat, and goes on after a kill."""
    business = Business.objects.order_by("pk").first()
    if business is None:
        raise ValueError("the programme has no business")
    if not Product.objects.filter(kind=Product.Kind.GOODS).exists():
        raise ValueError("the programme has no products: import sales lines first")
    AttributeDefinition.objects.get_or_create(
        key=OWN_FIELD, defaults={"label": "Miles to the shop", "kind": AttributeDefinition.Kind.NUMBER}
    )
    people = MILLION - Customer.objects.exclude(external_id__startswith="m-").count()
    for week in range(WEEKS):
        report("weeks", week, WEEKS)
        if not Order.objects.filter(business=business, reference=f"m-{week}-1").exists():
            _make_week(week, people, business)
        if week in STATISTICS_AFTER:
            _analyze()
    with connection.cursor() as cursor:
        cursor.execute(TRACKED_NAMES, [list(TRACKED)])
    _finish(report, WEEKS)


def _make_week(week: int, people: int, business: Business) -> None:
    """Who joined in the week (before the first: everybody who was there already), and what was bought in it."""
    now, zone = timezone.now(), ZoneInfo(programme_zone())
    start = day_start(local_day(now, zone), zone) - timedelta(weeks=WEEKS - week)
    orders, tracks = people * ORDERS_EACH // WEEKS, people * TRACKS_EACH // WEEKS
    end = start + timedelta(weeks=1)
    values: dict[str, Any] = {
        "week": week, "now": now, "start": start, "end": end, "business": business.pk,
        "joined_from": start if week else start - OLDER, "joined_by": end if week else start,
        "first": _joined(week, people) + 1, "last": _joined(week + 1, people), "orders": orders, "tracks": tracks,
        "products": Product.objects.filter(kind=Product.Kind.GOODS).count(), "sold": max(orders, 1),
        "first_names": FIRST_NAMES, "last_names": LAST_NAMES, "phone_ranges": list(RANGES), "tracked": list(TRACKED),
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT setseed(%s)", [(week + 1) * SEED_STEP])
        for statement in MILLION_STATEMENTS:
            named = {name: value for name, value in values.items() if f"%({name})s" in statement}
            cursor.execute(statement, named or None)


def _joined(week: int, people: int) -> int:
    """How many had joined before this week."""
    older = int(people * OLDER_SHARE)
    return older + (people - older) * (week - 1) // (WEEKS - 1) if week else 0


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE customers_customer, customers_identifier, customers_order, customers_orderline, customers_refund,"
            " customers_refundline, customers_event, customers_customerfacts, customers_businesscustomerfacts,"
            " customers_productday, customers_productmonth, customers_buyerday, customers_hourlysales"
        )


def _finish(report: Report, total: int) -> None:
    """What jobs would count later."""
    _analyze()
    report("roll-ups", total, total)
    now, zone = timezone.now(), programme_zone()
    rebuild_rollups(now=now)
    score_customers(now=now)
    count_people(now=now, zone=zone)
    count_products(now=now)
    report("statistics", total, total)
    _analyze()
