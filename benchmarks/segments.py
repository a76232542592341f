"""Segments at a million customers, five million orders and ten million events.

Counts beside SQL that was written by hand before there was a compiler (`segments.sql`); fifty segments kept true.

`make data SIZE=1m` makes the data, in the programme *retail* of the product's own database; without it there is nothing
to measure. Whatever is written is rolled back.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from benchmarks.harness import compare, limit
from benchmarks.million import has_a_million
from core.actor import SYSTEM
from customers.actions.facts import refresh_order_facts
from customers.actions.rollups import programme_zone
from customers.models import Customer, Order
from segments.actions.living import count_due, count_everybody
from segments.actions.marks import mark_people
from segments.actions.segments import create_segment
from segments.asking import PLANNER
from segments.compiler import check, rules_sql
from segments.fields.registry import fields_of_programme
from segments.rules import Last, read
from segments.statement import Moment, Query, Statement
from workspace.models import Business

DATABASE = "product"
BY_HAND = dict(
    re.findall(r"^-- name: (\w+)\n(.*?);$", Path(__file__).with_suffix(".sql").read_text(), re.MULTILINE | re.DOTALL)
)
COUNT_SECONDS, COUNT_RATIO = 1.0, 1.5
SEGMENTS, FULL_SECONDS, CHANGED = 50, 60.0, 0.02
EVENTS, INCREMENTAL_SECONDS = 1_000, 2.0
DAYS_90, DAYS_180 = {"type": "last", "count": 90}, {"type": "last", "count": 180}


def asks(field: str, op: str, value: object = None, **more: object) -> dict[str, object]:
    given = {} if value is None else {"value": value}
    return {"type": "condition", "field": field, "op": op, **given, **more}


def every(*nodes: dict[str, object]) -> dict[str, object]:
    return {"type": "all", "of": list(nodes)}


def no(node: dict[str, object]) -> dict[str, object]:
    return {"type": "not", "of": node}


WITH_TEA = {"where": [{"property": "title", "op": "contains", "value": "tea"}]}
COMPILED = {
    "orders_and_openings": every(
        asks("orders", "at_least", 2, window=DAYS_90),
        asks("event:Newsletter Opened", "is", 0, window=DAYS_180),
        asks("country", "is_one_of", ["GB"]),
    ),
    "lifetime": every(
        asks("orders", "at_least", 5),
        asks("spent", "at_least", 200),
        asks("last_order", "within", window={"type": "over", "count": 89}),
    ),
    "product_in_window": asks("orders_with", "at_least", 1, window=DAYS_90, **WITH_TEA),
}


def shapes(number: int) -> Iterator[dict[str, object]]:
    """Ten questions of every sort, the same ones with other figures for each number."""
    days = {"type": "last", "count": 30 * number}
    over = {"type": "over", "count": 30 * number}
    yield every(asks("orders", "at_least", number), asks("last_order", "within", window=over))
    yield every(asks("spent", "more", 50 * number, window=days), asks("country", "is_one_of", ["GB", "IE"]))
    yield every(asks("orders", "is", 0, window=days), asks("orders", "at_least", 2))
    yield asks("orders_with", "at_least", number, window=days, **WITH_TEA)
    yield asks("event:Newsletter Opened", "at_least", number, window=days)
    yield asks("orders", "stopped", 30 * number)
    yield asks("first_order", "within", window={"type": "calendar", "unit": "month", "offset": 1 - number})
    yield {"type": "any", "of": [asks("churn", "more", 10 * number), asks("value_12", "more", 20 * number)]}
    yield every(asks("texts", "is", value=True), asks("points", "at_least", 100 * number))
    yield every(asks("average_order", "at_least", 10 * number), no(asks("rfm_group", "is_one_of", ["champions"])))


def main() -> None:
    if not has_a_million():
        print("There is no million to measure: make data SIZE=1m")
        return
    for name in BY_HAND:
        compare(
            f"segments.count.{name}", value=partial(seconds_of_count, name), baseline=partial(seconds_by_hand, name),
            unit="s", at_most=COUNT_RATIO,
        )  # fmt: skip
    limit("segments.count", value=partial(seconds_of_count, "orders_and_openings"), unit="s", at_most=COUNT_SECONDS)
    with transaction.atomic():
        limit(
            "segments.first_count", value=first_count, unit="s", runs=1, warm_up=False,
            details={"segments": SEGMENTS},
        )  # fmt: skip
        limit(
            "segments.incremental", value=incremental, unit="s", at_most=INCREMENTAL_SECONDS, runs=3,
            details={"segments": SEGMENTS, "events": EVENTS},
        )  # fmt: skip
        limit(
            "segments.full", value=full, unit="s", at_most=FULL_SECONDS, runs=1, warm_up=False,
            details={"segments": SEGMENTS, "customers_changed": CHANGED},
        )  # fmt: skip
        transaction.set_rollback(True)


def seconds_of_count(name: str) -> float:
    fields = fields_of_programme()
    rules = read({"version": 1, "match": COMPILED[name]})
    check(rules, fields)
    statement = Statement(_moment())
    where = rules_sql(rules, fields, statement)
    return _timed(statement.query("count(*)", where))


def seconds_by_hand(name: str) -> float:
    moment = _moment()
    values = {
        "since_90": moment.times(Last(90))[0], "since_180": moment.times(Last(180))[0], "country": "GB", "words": "tea",
    }  # fmt: skip
    return _timed(Query(BY_HAND[name], values))


def first_count() -> float:
    """All segments, none of them counted before."""
    for number in range(SEGMENTS // 10):
        for place, match in enumerate(shapes(number + 1)):
            rules = {"version": 1, "match": match}
            create_segment(name=f"{number}.{place}", document=rules, actor=SYSTEM, now=timezone.now())
    return _seconds(_settle)


def incremental() -> float:
    """Orders of as many customers as there are events, until every segment says so."""
    _buy(EVENTS)
    return _seconds(_settle)


def full() -> float:
    """Everybody judged again for every segment, after some of them bought."""
    _buy(round(Customer.objects.count() * CHANGED))
    return _seconds(count_everybody)


def _buy(number: int) -> None:
    """So many customers buy now; their figures and the marks of segments are written as the roll-ups write them."""
    customers = list(Customer.objects.order_by("?").values_list("pk", flat=True)[:number])
    business, now, run = Business.objects.order_by("pk")[0], timezone.now(), uuid4().hex
    Order.objects.bulk_create(
        Order(
            business=business, customer_id=customer, source="bench", reference=f"{run}-{customer}", placed_at=now,
            total=Decimal(25), status=Order.Status.PAID,
        )
        for customer in customers
    )  # fmt: skip
    refresh_order_facts(customers)
    mark_people(customers)


def _settle() -> None:
    while (due := count_due(now=timezone.now())) is not None and due <= timezone.now():
        pass


def _moment() -> Moment:
    return Moment(timezone.now(), ZoneInfo(programme_zone()))


def _timed(query: Query) -> float:
    with transaction.atomic(), connection.cursor() as cursor:
        for name, value in PLANNER.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        return _seconds(lambda: cursor.execute(query.sql, query.params))


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
