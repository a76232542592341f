"""Keeping the roll-ups true: facts per customer, facts per customer and business, sales per business and day, and what
products sold lately.

A reader of the event stream finds which customers and days an order or refund touched, and computes those again from
raw rows. Nothing is added up on top of an old figure, so doing it twice, in another
order or after a late order gives what `rebuild_rollups` gives. A sale's own transaction writes none of this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from core.clock import day_start, local_day
from core.tenancy import active_schema
from customers.actions.facts import ROLLUPS, mark_stale, refresh_order_facts
from customers.actions.people_counts import PEOPLE_DUE
from customers.actions.product_pairs import PAIRS_DUE
from customers.actions.sales_rollups import (
    STALE,
    STALE_REFUNDS,
    STALE_SALES,
    following_days,
    rebuild_buyers,
    rebuild_sales,
    refresh_sales,
)
from customers.events import CUSTOMER_CREATED
from customers.models import Event, ProductSales, RollupState
from customers.stream import stream_reader
from programs.actions.due_work import ensure_due
from programs.models import Programme

READER = "customers.rollups"
PRODUCT_SALES_DUE = "customers.product_sales"  # the due work that counts when the days have moved on
COUNTED_AFTER_REBUILD = (PEOPLE_DUE, PAIRS_DUE)
BusinessDay = tuple[int, date]
Follower = Callable[[set[int] | None], None]
FOLLOWERS: list[Follower] = []

# One row for each customer and business: see customers.actions.facts for what counts as a sale.
BUSINESS_FACTS = """
    INSERT INTO customers_businesscustomerfacts AS facts
        (customer_id, business_id, orders_count, total_spent, first_order_at, last_order_at)
    SELECT customer_id, business_id, sum(orders), sum(total), min(first_at), max(last_at)
    FROM (
        SELECT customer_id, business_id, count(*) AS orders, sum(total) AS total,
               min(placed_at) AS first_at, max(placed_at) AS last_at
        FROM customers_order WHERE status <> 'cancelled' AND {of_customers} GROUP BY customer_id, business_id
        UNION ALL
        SELECT refund.customer_id, refund.business_id, 0, -sum(refund.total), NULL, NULL
        FROM customers_refund AS refund LEFT JOIN customers_order AS sale ON sale.id = refund.order_id
        WHERE sale.status IS DISTINCT FROM 'cancelled' AND refund.{of_customers}
        GROUP BY refund.customer_id, refund.business_id
    ) AS part
    GROUP BY customer_id, business_id
    ORDER BY customer_id, business_id
"""

# A member's order is one placed on the day of joining or later: the sale that makes somebody a member counts.
DAILY_SALES = """
    INSERT INTO customers_dailysales
        (business_id, day, orders, revenue, refunds, anonymous_orders, member_orders, member_revenue,
         customers, new_customers, members, units)
    SELECT business_id, day, sum(orders), sum(revenue), sum(refunds), sum(anonymous_orders), sum(member_orders),
           sum(member_revenue), sum(customers), sum(new_customers), sum(members), sum(units)
    FROM (
        SELECT business_id, day, count(*) AS orders, sum(total) AS revenue, 0 AS refunds,
               count(*) FILTER (WHERE customer_id IS NULL) AS anonymous_orders,
               count(*) FILTER (WHERE by_member) AS member_orders,
               coalesce(sum(total) FILTER (WHERE by_member), 0) AS member_revenue,
               count(DISTINCT customer_id) AS customers,
               count(DISTINCT customer_id) FILTER (WHERE is_first) AS new_customers,
               count(DISTINCT customer_id) FILTER (WHERE by_member) AS members, 0 AS units
        FROM (
            SELECT sale.business_id, sale.customer_id, sale.total,
                   (sale.placed_at AT TIME ZONE %(zone)s)::date AS day,
                   sale.placed_at = facts.first_order_at AS is_first,
                   (facts.member_since AT TIME ZONE %(zone)s)::date <= (sale.placed_at AT TIME ZONE %(zone)s)::date
                       AS by_member
            FROM customers_order AS sale {sale_days}
            LEFT JOIN customers_customerfacts AS facts ON facts.customer_id = sale.customer_id
            WHERE sale.status <> 'cancelled'
        ) AS dated GROUP BY business_id, day
        UNION ALL
        SELECT refund.business_id, (refund.refunded_at AT TIME ZONE %(zone)s)::date, 0, 0, sum(refund.total),
               0, 0, 0, 0, 0, 0, 0
        FROM customers_refund AS refund {refund_days}
        LEFT JOIN customers_order AS sale ON sale.id = refund.order_id
        WHERE sale.status IS DISTINCT FROM 'cancelled' GROUP BY 1, 2
        {day_units}
    ) AS part
    GROUP BY business_id, day
"""
# Units come from the roll-up by product, which is computed before.
DAY_UNITS = """
    UNION ALL
    SELECT own.business_id, own.day, 0, 0, 0, 0, 0, 0, 0, 0, 0, sum(own.units)
    FROM customers_productday AS own {product_days} GROUP BY 1, 2
"""
STALE_PRODUCTS = f"JOIN ({STALE}) AS stale ON stale.business_id = own.business_id AND stale.day = own.day"

# For each product at each business, and from these sums in all.
PRODUCT_SALES = """
    WITH own AS (
        SELECT product_id, business_id, sum(units - refunded_units) AS quantity, sum(revenue - refunds) AS revenue
        FROM customers_productday WHERE day >= %(since)s AND {of_products}
        GROUP BY product_id, business_id
    )
    INSERT INTO customers_productsales (product_id, business_id, quantity, revenue)
    SELECT product_id, business_id, quantity, revenue FROM own
    UNION ALL
    SELECT product_id, NULL, sum(quantity), sum(revenue) FROM own GROUP BY product_id
"""


def follows_rollups(follow: Follower) -> Follower:
    """Register `follow(customers)`: told, in the same transaction, whose orders or refunds changed; None: anybody's.

    Whatever the way: sales as the event stream tells them, imports and their undoing, merges. It only makes a note.
    """
    FOLLOWERS.append(follow)
    return follow


def _tell_followers(customers: set[int] | None) -> None:
    for follow in FOLLOWERS:
        follow(customers)


def update_rollups(*, now: datetime) -> None:
    """Compute what was marked; everything on the first call and on the first after the time zone changed."""
    with transaction.atomic():
        if _lock_state().zone != programme_zone():
            rebuild_rollups(now=now)
        else:
            refresh_stale_days()


def rebuild_rollups(*, now: datetime) -> None:
    """Compute every roll-up from raw rows. Imports of much history call it once at their end."""
    with transaction.atomic(), connection.cursor() as cursor:
        state = _lock_state()
        state.zone, state.rebuilt_at = programme_zone(), now
        state.save()
        refresh_order_facts(None)
        cursor.execute("DELETE FROM customers_businesscustomerfacts")
        cursor.execute(BUSINESS_FACTS.format(of_customers="customer_id IS NOT NULL"))
        cursor.execute("DELETE FROM customers_staleday")
        rebuild_sales(cursor, state.zone)
        _rebuild_days(cursor, state.zone)
        refresh_product_sales(None, now=now)
        _tell_followers(None)
    for kind in COUNTED_AFTER_REBUILD:
        ensure_due(kind=kind, by=now)


def count_members_again() -> None:
    """The members among the sales of every day. Only for who fills a programme alone: marked days are taken as done."""
    with transaction.atomic(), connection.cursor() as cursor:
        zone = _lock_state().zone
        cursor.execute("DELETE FROM customers_staleday")
        rebuild_buyers(cursor, zone)
        _rebuild_days(cursor, zone)


def _rebuild_days(cursor: CursorWrapper, zone: str) -> None:
    cursor.execute("DELETE FROM customers_dailysales")
    units = DAY_UNITS.format(product_days="")
    cursor.execute(DAILY_SALES.format(sale_days="", refund_days="", day_units=units), {"zone": zone})


@stream_reader(READER)
def apply_events(events: Sequence[Event]) -> None:
    """Compute again what these events may have changed. The caller's transaction moves the reader with it."""
    with transaction.atomic():
        zone = _lock_state().zone
        if zone != programme_zone():
            rebuild_rollups(now=events[-1].received_at)
        else:
            _refresh(*_touched(events, zone), zone)


def refresh_rollups(
    *, customers: set[int], days: set[BusinessDay], products: set[int], zone: str, now: datetime
) -> None:
    """Compute again what was written past the event stream: whom and what it was about before the writing and after.

    `days` are those of `zone`. Everything, where there are no roll-ups yet or the programme has another zone by now.
    """
    with transaction.atomic():
        if not zone == _lock_state().zone == programme_zone():
            rebuild_rollups(now=now)
            return
        _refresh(customers, days, zone)
        if products:
            refresh_product_sales(products, now=now)


def refresh_customers(customers: set[int]) -> None:
    """Compute again what follows from the orders of these few; their days are marked and counted within seconds."""
    with transaction.atomic():
        zone = _lock_state().zone
        days = _days_of(customers, zone) if zone else set()
        refresh_order_facts(sorted(customers))
        _refresh_business_facts(sorted(customers))
        mark_stale(days)
        _tell_followers(customers)
        ensure_due(kind=ROLLUPS, by=timezone.now())


def _days_of(customers: set[int], zone: str) -> set[BusinessDay]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT business_id, (placed_at AT TIME ZONE %s)::date FROM customers_order"
            " WHERE customer_id = ANY(%s)",
            [zone, sorted(customers)],
        )
        return set(cursor.fetchall())


def _refresh(customers: set[int], days: set[BusinessDay], zone: str) -> None:
    if not customers and not days:
        return
    # The next visit after one that came or went has another one before it.
    touched = days | _following_days(customers, days, zone)
    first_before = _first_visits(customers, zone)
    refresh_order_facts(sorted(customers))
    _refresh_business_facts(sorted(customers))
    # A late order moves somebody's first order: the day it was on before and the day it is on now both change.
    moved = first_before ^ _first_visits(customers, zone)
    mark_stale(touched | {(business, day) for _, business, day in moved})
    _tell_followers(customers)
    refresh_stale_days()


def refresh_stale_days() -> int:
    """Compute the marked business-days again; returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        zone = _lock_state().zone
        cursor.execute("DELETE FROM customers_staleday RETURNING business_id, day")
        stale = cursor.fetchall()
        if not stale:
            return 0
        values: dict[str, Any] = {
            "zone": zone,
            "businesses": [row[0] for row in stale],
            "days": [row[1] for row in stale],
        }
        cursor.execute(
            "DELETE FROM customers_dailysales AS sales"
            " USING unnest(%(businesses)s::bigint[], %(days)s::date[]) AS stale (business_id, day)"
            " WHERE sales.business_id = stale.business_id AND sales.day = stale.day",
            values,
        )
        refresh_sales(cursor, values)
        units = DAY_UNITS.format(product_days=STALE_PRODUCTS)
        query = DAILY_SALES.format(sale_days=STALE_SALES, refund_days=STALE_REFUNDS, day_units=units)
        cursor.execute(query, values)
        return len(stale)


def refresh_product_sales(products: set[int] | None, *, now: datetime) -> datetime | None:
    """Count what these products (None: all) sold in the last days; returns when the days move on.

    None when nothing was sold in them: whoever writes lines counts again.
    """
    zone = ZoneInfo(programme_zone())
    with transaction.atomic(), connection.cursor() as cursor:
        # Two at once would both insert; sales of days go on meanwhile.
        cursor.execute("LOCK TABLE customers_productsales IN SHARE ROW EXCLUSIVE MODE")
        today = local_day(now, zone)
        values = {
            "since": today - timedelta(days=ProductSales.DAYS - 1),
            "products": None if products is None else sorted(products),
        }
        chosen = "product_id IS NOT NULL" if products is None else "product_id = ANY(%(products)s::bigint[])"
        cursor.execute(f"DELETE FROM customers_productsales WHERE {chosen}", values)
        cursor.execute(PRODUCT_SALES.format(of_products=chosen), values)
        if not ProductSales.objects.exists():
            return None
        tomorrow = day_start(today + timedelta(days=1), zone)
        ensure_due(kind=PRODUCT_SALES_DUE, by=tomorrow)
        return tomorrow


def programme_zone() -> str:
    """The zone of the programme active now, as it is in the database."""
    return Programme.objects.values_list("time_zone", flat=True).get(schema_name=active_schema())


def _lock_state() -> RollupState:
    RollupState.objects.get_or_create(pk=1)
    return RollupState.objects.select_for_update().get(pk=1)


def _touched(events: Sequence[Event], zone: str) -> tuple[set[int], set[BusinessDay]]:
    """Customers and business-days of the orders and refunds that events speak of.

    Both as the event tells them and as the row has them now: an order may have been given a customer since.
    """
    about = [event for event in events if "order" in event.data or "refund" in event.data]
    created = [event for event in events if event.name == CUSTOMER_CREATED.name]
    customers = {event.customer_id for event in [*about, *created] if event.customer_id is not None}
    orders = [str(event.data["order"]) for event in about if "order" in event.data]
    refunds = [str(event.data["refund"]) for event in about if "refund" in event.data]
    told = [(event.business_id, event.occurred_at) for event in about if event.business_id is not None]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id, business_id, (at AT TIME ZONE %(zone)s)::date FROM ("
            " SELECT customer_id, business_id, placed_at AS at FROM customers_order WHERE code = ANY(%(orders)s)"
            " UNION ALL"
            " SELECT customer_id, business_id, refunded_at FROM customers_refund WHERE code = ANY(%(refunds)s)"
            " UNION ALL"
            " SELECT NULL, business.id, at FROM unnest(%(businesses)s::bigint[], %(times)s::timestamptz[])"
            "   AS told (business_id, at) JOIN workspace_business AS business ON business.id = told.business_id"
            ") AS touched",
            {
                "zone": zone,
                "orders": orders,
                "refunds": refunds,
                "businesses": [business for business, _ in told],
                "times": [at for _, at in told],
            },
        )
        rows = cursor.fetchall()
    customers |= {customer for customer, _, _ in rows if customer is not None}
    return customers, {(business, day) for _, business, day in rows}


def _first_visits(customers: set[int], zone: str) -> set[tuple[int, int, date]]:
    """(customer, business, day) of the first order of each, as the facts have it now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sale.customer_id, sale.business_id, (sale.placed_at AT TIME ZONE %s)::date"
            " FROM customers_order AS sale JOIN customers_customerfacts AS facts"
            " ON facts.customer_id = sale.customer_id AND facts.first_order_at = sale.placed_at"
            " WHERE sale.customer_id = ANY(%s)",
            [zone, sorted(customers)],
        )
        return set(cursor.fetchall())


def _following_days(customers: set[int], days: set[BusinessDay], zone: str) -> set[BusinessDay]:
    if not customers:
        return set()
    with connection.cursor() as cursor:
        return following_days(cursor, customers, {day for _, day in days}, zone)


def _refresh_business_facts(customers: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_businesscustomerfacts WHERE customer_id = ANY(%s)", [customers])
        query = BUSINESS_FACTS.format(of_customers="customer_id = ANY(%(customers)s)")
        cursor.execute(query, {"customers": customers})
