"""Counting which products are bought together: each night, and after an import.

docs/algorithms/metrics.md says what is counted and why it is bounded.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from core.clock import day_start, local_day
from customers.models import CountedAt, ProductPair
from programs.actions.due_work import ensure_due

PAIRS_DUE = "customers.product_pairs"
NIGHTLY_AT = time(3, 30)  # in the programme's zone
DAYS = 365  # orders of so many days, up to today
MOST_BASKETS = 200_000  # the newest of them: more change no figure that anybody reads, and take minutes
# Pairs grow with the square of the lines. An order of so many different products is a reseller filling shelves, whose
# thousands of pairs say nothing of taste.
MOST_PRODUCTS = 60
TOP_PRODUCTS = 500  # those on most orders: of the rest there are too few orders to tell chance from habit
FEWEST_TOGETHER = 3
PAIRS_EACH = 20  # kept for each product, the most frequent

PAIRS = """
    INSERT INTO customers_productpair (business_id, product_id, other_id, together, orders, other_orders, baskets)
    WITH basket AS MATERIALIZED (
        SELECT id, business_id FROM customers_order
        WHERE status <> 'cancelled' AND placed_at >= %(since)s AND placed_at < %(until)s
        ORDER BY placed_at DESC, id DESC LIMIT %(most_baskets)s
    ), item AS MATERIALIZED (
        SELECT basket.id, basket.business_id, line.product_id, count(*) OVER (PARTITION BY basket.id) AS products
        FROM basket JOIN customers_orderline AS line ON line.order_id = basket.id
        JOIN customers_product AS product ON product.id = line.product_id AND product.kind = 'goods'
        GROUP BY 1, 2, 3
    ), kept AS MATERIALIZED (
        SELECT id, business_id, product_id FROM item WHERE products <= %(most_products)s
    ), counted AS MATERIALIZED (
        SELECT business_id, count(DISTINCT id) AS baskets FROM kept GROUP BY GROUPING SETS ((business_id), ())
    ), sold AS MATERIALIZED (
        SELECT business_id, product_id, count(*) AS orders FROM kept
        GROUP BY GROUPING SETS ((business_id, product_id), (product_id))
    ), top AS (
        SELECT product_id FROM sold WHERE business_id IS NULL ORDER BY orders DESC, product_id LIMIT %(top_products)s
    ), frequent AS MATERIALIZED (
        SELECT kept.* FROM kept JOIN top ON top.product_id = kept.product_id
    ), own AS MATERIALIZED (
        SELECT one.business_id, one.product_id, two.product_id AS other_id, count(*) AS together
        FROM frequent AS one JOIN frequent AS two ON two.id = one.id AND one.product_id < two.product_id
        GROUP BY 1, 2, 3
    ), pair AS (
        SELECT business_id, product_id, other_id, together FROM own
        UNION ALL
        SELECT NULL, product_id, other_id, sum(together) FROM own GROUP BY 2, 3
    ), both_ways AS (
        SELECT business_id, product_id, other_id, together FROM pair WHERE together >= %(fewest)s
        UNION ALL
        SELECT business_id, other_id, product_id, together FROM pair WHERE together >= %(fewest)s
    ), ranked AS (
        SELECT both_ways.*, row_number() OVER (
            PARTITION BY business_id, product_id ORDER BY together DESC, other_id) AS place
        FROM both_ways
    )
    SELECT ranked.business_id, ranked.product_id, ranked.other_id, ranked.together, here.orders, there.orders,
           counted.baskets
    FROM ranked
    JOIN counted ON counted.business_id IS NOT DISTINCT FROM ranked.business_id
    JOIN sold AS here ON here.product_id = ranked.product_id
     AND here.business_id IS NOT DISTINCT FROM ranked.business_id
    JOIN sold AS there ON there.product_id = ranked.other_id
     AND there.business_id IS NOT DISTINCT FROM ranked.business_id
    WHERE ranked.place <= %(pairs_each)s
"""


def count_pairs(*, now: datetime, zone: ZoneInfo) -> int:
    """Count the pairs of the last DAYS days anew; returns how many rows there are. One statement."""
    today = local_day(now, zone)
    values: dict[str, Any] = {
        "since": day_start(today - timedelta(days=DAYS - 1), zone),
        "until": day_start(today + timedelta(days=1), zone),
        "most_baskets": MOST_BASKETS,
        "most_products": MOST_PRODUCTS,
        "top_products": TOP_PRODUCTS,
        "fewest": FEWEST_TOGETHER,
        "pairs_each": PAIRS_EACH,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        CountedAt.objects.update_or_create(kind=CountedAt.Kind.PAIRS, defaults={"at": now})  # locks out a twin
        ProductPair.objects.all().delete()
        cursor.execute(PAIRS, values)
        return int(cursor.rowcount)


def count_pairs_tonight(*, now: datetime, zone: ZoneInfo) -> None:
    ensure_due(kind=PAIRS_DUE, by=next_night(now, zone))


def next_night(now: datetime, zone: ZoneInfo) -> datetime:
    """The next NIGHTLY_AT by the wall clock of the zone."""
    today = local_day(now, zone)
    tonight = datetime.combine(today, NIGHTLY_AT, tzinfo=zone)
    return tonight if tonight > now else datetime.combine(today + timedelta(days=1), NIGHTLY_AT, tzinfo=zone)
