"""Counting what goes with what and what is popular: each night, and after an import. Suggestions are made of both.

docs/algorithms/product-recommendations.md. Only the job imports this module: it loads numpy and scipy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from core.binary_copy import Floats, Ids, read_numbers
from core.clock import day_start, local_day
from customers.actions.product_pairs import NUMBERS, write_pairs
from customers.actions.rollups import programme_zone
from intelligence.engine.co_purchase import Pairs, count_pairs
from intelligence.engine.next_products import POPULAR_DAYS

PAIR_DAYS = 365  # orders of so many days, up to today
MOST_BASKETS = 200_000  # the newest of them: more change no figure that anybody reads
MOST_POPULAR_KEPT = 2_000  # of each archetype, of each business and of all
LINES = """
    SELECT line.product_id, line.order_id::float8, basket.business_id::float8
    FROM (
        SELECT id, business_id FROM customers_order
        WHERE status <> 'cancelled' AND placed_at >= %(since)s AND placed_at < %(until)s
        ORDER BY placed_at DESC, id DESC LIMIT %(most)s
    ) AS basket
    JOIN customers_orderline AS line ON line.order_id = basket.id
    JOIN customers_product AS product ON product.id = line.product_id AND product.kind = 'goods'
"""
# What is no archetype's (business and archetype NULL) is everybody's; people without one are in that only.
POPULAR = """
    INSERT INTO intelligence_popularproduct
        (business_id, archetype_id, product_id, buyers, share, purchases, average_price)
    WITH line AS MATERIALIZED (
        SELECT sale.business_id, belongs.archetype_id, sale.customer_id, sale.id AS order_id, line.product_id,
               line.quantity, line.total
        FROM customers_order AS sale
        JOIN customers_orderline AS line ON line.order_id = sale.id AND line.quantity > 0
        JOIN customers_product AS product
          ON product.id = line.product_id AND product.kind = 'goods' AND product.archived_at IS NULL
        LEFT JOIN customers_customerarchetype AS belongs ON belongs.customer_id = sale.customer_id
        WHERE sale.status <> 'cancelled' AND sale.customer_id IS NOT NULL
          AND sale.placed_at >= %(since)s AND sale.placed_at < %(until)s
    ), people AS (
        SELECT business_id, archetype_id, count(DISTINCT customer_id) AS buyers
        FROM line GROUP BY GROUPING SETS ((), (business_id), (archetype_id))
        HAVING GROUPING(archetype_id) = 1 OR archetype_id IS NOT NULL
    ), sold AS (
        SELECT business_id, archetype_id, product_id, count(DISTINCT customer_id) AS buyers,
               count(DISTINCT order_id) AS purchases, sum(total) / sum(quantity) AS average_price
        FROM line GROUP BY GROUPING SETS ((product_id), (business_id, product_id), (archetype_id, product_id))
        HAVING GROUPING(archetype_id) = 1 OR archetype_id IS NOT NULL
    ), ranked AS (
        SELECT sold.*, row_number() OVER (
            PARTITION BY business_id, archetype_id ORDER BY buyers DESC, purchases DESC, product_id) AS place
        FROM sold
    )
    SELECT ranked.business_id, ranked.archetype_id, ranked.product_id, ranked.buyers,
           ranked.buyers::float8 / people.buyers, ranked.purchases, ranked.average_price
    FROM ranked JOIN people ON people.business_id IS NOT DISTINCT FROM ranked.business_id
      AND people.archetype_id IS NOT DISTINCT FROM ranked.archetype_id
    WHERE ranked.place <= %(most)s
"""


@dataclass(frozen=True, slots=True)
class CountedProducts:
    """How many rows there are of each."""

    pairs: int
    popular: int


def count_products(*, now: datetime, report: Callable[[int, int], None] = lambda done, total: None) -> CountedProducts:
    """Count pairs and popular products anew, up to the end of today, and replace what there was. Safe to repeat.

    `report(done, total)` may raise to stop; nothing has changed then.
    """
    report(0, 2)
    orders, products, businesses = _lines(now)
    parts = [(0, count_pairs(orders, products))]
    for business in np.unique(businesses).tolist():
        own = businesses == business
        parts.append((business, count_pairs(orders[own], products[own])))
    report(1, 2)
    with transaction.atomic(), connection.cursor() as cursor:
        pairs = write_pairs(*_columns(parts), now=now)
        cursor.execute("DELETE FROM intelligence_popularproduct")
        cursor.execute("SELECT set_config('work_mem', '256MB', true)")  # three sorts of the lines of 90 days
        cursor.execute(POPULAR, {**_days(now, POPULAR_DAYS), "most": MOST_POPULAR_KEPT})
        popular: int = cursor.rowcount
    report(2, 2)
    return CountedProducts(pairs=pairs, popular=popular)


def _lines(now: datetime) -> tuple[Ids, Ids, Ids]:
    """Order, product and business of each line that counts."""
    with connection.cursor() as cursor:
        values = {**_days(now, PAIR_DAYS), "most": MOST_BASKETS}
        products, (orders, businesses) = read_numbers(cursor, LINES, values, columns=2)
    return orders.astype(np.int64), products, businesses.astype(np.int64)


def _columns(parts: list[tuple[int, Pairs]]) -> tuple[Ids, dict[str, Floats]]:
    """All parts one after the other, as `write_pairs` takes them; a part is a business (0: all) and its pairs."""

    def joined(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(pairs, name) for _business, pairs in parts])

    sizes = [len(pairs.product) for _business, pairs in parts]
    numbers = {name: joined(name).astype(np.float64) for name in NUMBERS if name not in ("business", "baskets")}
    numbers["business"] = np.repeat([float(business) for business, _pairs in parts], sizes)
    numbers["baskets"] = np.repeat([float(pairs.baskets) for _business, pairs in parts], sizes)
    return joined("product"), numbers


def _days(now: datetime, days: int) -> dict[str, Any]:
    """The last so many days of the programme's zone, today included."""
    zone = ZoneInfo(programme_zone())
    today = local_day(now, zone)
    since, until = today - timedelta(days=days - 1), today + timedelta(days=1)
    return {"since": day_start(since, zone), "until": day_start(until, zone)}
