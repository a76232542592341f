"""Features of customers: families beside the plain GROUP BY of the same rows, everybody's, and after 10,000 orders."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from benchmarks._sales import CUSTOMERS, LINES, ORDER_ROWS, PRODUCTS, make_programme
from benchmarks.harness import compare, limit, seconds_of
from core.clock import local_day
from customers.models import Customer, Order, Product
from intelligence.actions.feature_nights import count_features
from intelligence.actions.features import mark_features, rebuild_features, refresh_stale_features
from intelligence.features.arrays import features_as_of, stored_matrix
from intelligence.features.families import (
    BASKETS,
    EVERYBODY,
    FOR_EVERYBODY,
    HABITS,
    LATELY,
    ORDERS,
    RETURNS,
    SALES,
    features_sql,
    values_for,
)
from workspace.models import Business

TIMES = 12  # the retail demo: 71,000 customers, 480,000 orders, 1.9 million lines
NEW_ORDERS = 10_000
SCORED = ("recency_days", "order_days", "net_spend", "average_order", "tenure_days", "lines_per_order")
WITH_SALES = f"WITH sales AS NOT MATERIALIZED ({SALES.format(**EVERYBODY)})"
# The bare query of a family: the same rows, joined and grouped alike, with a count and a sum and nothing worked out, in
# the way that the planner chooses with as much memory.
BARE = {
    ORDERS: "SELECT customer_id, local::date, count(*), sum(total) FROM sales GROUP BY 1, 2",
    BASKETS: "SELECT sale.customer_id, count(*), sum(line.quantity) FROM sales AS sale"
    " JOIN customers_orderline AS line ON line.order_id = sale.id GROUP BY 1",
    LATELY: f"""
        SELECT customer_id, sum(orders), sum(amount) FROM (
            SELECT customer_id, 1 AS orders, total AS amount FROM sales WHERE placed_at >= %(since_365)s
            UNION ALL
            SELECT refund.customer_id, 0, -refund.total FROM {RETURNS[0]}
            WHERE {RETURNS[1].format(**EVERYBODY)} AND refund.refunded_at >= %(since_365)s
        ) AS moved GROUP BY 1
    """,
    HABITS: "SELECT customer_id, business_id, channel, count(*), sum(total) FROM sales GROUP BY 1, 2, 3",
}
ENOUGH_MEMORY = {"work_mem": FOR_EVERYBODY["work_mem"]}
_batches = itertools.count(1)


def main() -> None:
    programme, _owner = make_programme("bench", times=TIMES)
    today = local_day(timezone.now(), programme.zone)
    values = values_for(today, programme.zone)
    for family, query in BARE.items():
        ours = partial(seconds_of_statement, f"{WITH_SALES} {family.sql.format(**EVERYBODY)}", values, FOR_EVERYBODY)
        bare = partial(seconds_of_statement, f"{WITH_SALES} {query}", values, ENOUGH_MEMORY)
        compare(f"features.{family.key}", value=ours, baseline=bare, unit="s", runs=3)
    compare(
        "features.every_family",
        value=lambda: every_family(values),
        baseline=lambda: bare_families(values),
        unit="s",
        at_most=1.5,
    )
    limit("features.arrays_as_of", value=seconds_of(lambda: features_as_of(today)), unit="s", runs=3)
    limit("features.first_rebuild", value=seconds_of(_rebuild), unit="s", runs=1, warm_up=False)
    limit("features.rebuild", value=seconds_of(_rebuild), unit="s", runs=3, warm_up=False)
    limit("features.stored_matrix", value=seconds_of(lambda: stored_matrix(today, SCORED)), unit="s", runs=3)
    limit("features.after_10000_orders", value=_after_new_orders, unit="s", at_most=1, runs=3, warm_up=False)
    limit("features.night", value=_night(today), unit="s", runs=5, warm_up=False)


def every_family(values: Mapping[str, Any]) -> float:
    """Seconds of the statement that counts everybody's features."""
    return seconds_of_statement(features_sql(), values, FOR_EVERYBODY)


def bare_families(values: Mapping[str, Any]) -> float:
    """Seconds of the bare queries of the same families, one after the other."""
    return sum(seconds_of_statement(f"{WITH_SALES} {query}", values, ENOUGH_MEMORY) for query in BARE.values())


def seconds_of_statement(query: str, values: Mapping[str, Any], planner: Mapping[str, str]) -> float:
    """Seconds of the statement in the server, every column computed and nothing sent."""
    with transaction.atomic(), connection.cursor() as cursor:
        for name, value in planner.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        started = time.perf_counter()
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF) {query}", values)
        return time.perf_counter() - started


def _rebuild() -> None:
    rebuild_features(now=timezone.now())


def _night(today: date) -> Callable[[], float]:
    """Seconds of the nights after a Sunday, on which everybody is counted."""
    sunday = timezone.now() + timedelta(days=7 - today.isoweekday())
    rebuild_features(now=sunday)
    nights = itertools.count(1)
    return seconds_of(lambda: count_features(now=sunday + timedelta(days=next(nights))))


def _after_new_orders() -> float:
    """Seconds from the marks that the roll-ups leave to the rows."""
    first = Order.objects.order_by("-pk").values_list("pk", flat=True)[0] + 1
    sizes = {
        "orders": NEW_ORDERS,
        "customers": CUSTOMERS * TIMES,
        "business": Business.objects.get().pk,
        "first": Customer.objects.order_by("pk").values_list("pk", flat=True)[0],
        "products": PRODUCTS,
        "product": Product.objects.order_by("pk").values_list("pk", flat=True)[0],
    }
    with connection.cursor() as cursor:
        cursor.execute(ORDER_ROWS.replace("'R' ||", f"'N{next(_batches)}-' ||"), sizes)
        cursor.execute(f"{LINES} WHERE sale.id >= %(since)s", {**sizes, "since": first})
    bought = Order.objects.filter(pk__gte=first, customer__isnull=False).values_list("customer_id", flat=True)
    customers = set(bought)
    started = time.perf_counter()
    mark_features(customers)
    while refresh_stale_features(now=timezone.now()):
        pass
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
