"""A programme of the size of the retail demo, written by SQL: what the benchmark of pages looks at."""

from __future__ import annotations

from django.db import connection
from django.utils import timezone

from core.permissions import Role
from customers.actions.people_counts import count_people
from customers.actions.rollups import rebuild_rollups
from intelligence.actions.products import count_products
from intelligence.actions.rfm import score_customers
from programs.actions.programmes import create_programme
from programs.models import Membership, Programme, User
from workspace.models import Business

# The retail demo has 5,900 customers, 40,000 orders and 4,600 products over two years.
CUSTOMERS, ORDERS, PRODUCTS = 5_900, 40_000, 4_600

PEOPLE = """
    INSERT INTO customers_customer (
        code, state, first_name, last_name, phone, phone_typed, email, external_id, address, city, region, postcode,
        country, language, attributes, source, created_at, updated_at
    )
    SELECT public_code(), 'active', 'First' || n %% 300, 'Last' || n, '+44770' || lpad(n::text, 7, '0'), '',
           'first' || n %% 300 || '.last' || n || '@example.com', 'c-' || n, '', '', '', '',
           (ARRAY['GB', 'GB', 'GB', 'DE', 'FR'])[1 + n %% 5], '', '{}', 'bench',
           now() - random() * interval '700 days', now()
    FROM generate_series(1, %(customers)s) AS n
"""
IDENTIFIERS = """
    INSERT INTO customers_identifier (kind, value, customer_id, created_at)
    SELECT kind, value, id, now() FROM customers_customer
    CROSS JOIN LATERAL (VALUES ('phone', phone), ('email', email), ('external', external_id)) AS known (kind, value)
"""
PRODUCT_ROWS = """
    INSERT INTO customers_product (code, sku, title, vendor, category, kind, price, created_at, updated_at)
    SELECT public_code(), 'SKU' || n, 'Product ' || n, '', 'Goods', 'goods', 1 + n %% 20, now(), now()
    FROM generate_series(1, %(products)s) AS n
"""
# A few buy very often, most once or twice; one sale in eight is anonymous.
ORDER_ROWS = """
    INSERT INTO customers_order (
        code, business_id, source, reference, number, customer_id, channel, status, fulfilment_status, placed_at, total,
        refunded_total, discount, tax, shipping, created_at
    )
    SELECT public_code(), %(business)s, 'bench', 'R' || n, 'R' || n,
           CASE WHEN n %% 8 > 0 THEN %(first)s + floor(%(customers)s * power(random(), 2.2))::bigint END,
           'store', 'paid', '', now() - random() * interval '730 days', round((2 - ln(random()) * 14)::numeric, 2),
           0, 0, 0, 0, now()
    FROM generate_series(1, %(orders)s) AS n
"""
LINES = """
    INSERT INTO customers_orderline (order_id, position, product_id, title, quantity, unit_price, discount, total)
    SELECT sale.id, n, product.id, product.title, 1, sale.total / 4, 0, sale.total / 4
    FROM customers_order AS sale CROSS JOIN generate_series(1, 4) AS n
    JOIN customers_product AS product ON product.id = %(product)s + (sale.id * 31 + n * 977) %% %(products)s
"""
REFUNDS = """
    INSERT INTO customers_refund (
        code, business_id, source, reference, order_id, customer_id, refunded_at, total, reason, created_at
    )
    SELECT public_code(), business_id, 'bench', 'C' || id, id, customer_id, least(placed_at + interval '3 days', now()),
           round(total / 2, 2), '', now()
    FROM customers_order WHERE id %% 15 = 0
"""


def make_programme(slug: str, *, times: int) -> tuple[Programme, User]:
    """A programme `times` the size of the retail demo and its owner; active on the connection, scored and analysed."""
    connection.set_schema_to_public()
    owner, _made = User.objects.get_or_create(email="owner@example.com", defaults={"name": "Owner"})
    programme = create_programme(
        name="Bench",
        slug=slug,
        currency="GBP",
        country="GB",
        time_zone="Europe/London",
        owner=None,
        now=timezone.now(),
    )
    Membership.objects.create(user=owner, programme=programme, role=Role.OWNER)
    connection.set_tenant(programme)
    business = Business.objects.create(name="Bench")
    sizes: dict[str, object] = {"customers": CUSTOMERS * times, "orders": ORDERS * times, "products": PRODUCTS}
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, sizes)
        cursor.execute(IDENTIFIERS)
        cursor.execute(PRODUCT_ROWS, sizes)
        cursor.execute("SELECT (SELECT min(id) FROM customers_customer), (SELECT min(id) FROM customers_product)")
        first, product = cursor.fetchone()
        cursor.execute(ORDER_ROWS, {**sizes, "business": business.pk, "first": first})
        cursor.execute(LINES, {**sizes, "product": product})
        cursor.execute(REFUNDS.replace("%%", "%"))
    rebuild_rollups(now=timezone.now())
    score_customers(now=timezone.now())
    count_people(now=timezone.now(), zone="Europe/London")
    count_products(now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        for (table,) in cursor.fetchall():
            cursor.execute(f'ANALYZE "{table}"')
    return programme, owner
