"""Orders and refunds as lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from core.actor import Actor
from core.clock import Period
from core.codes import typed_code
from core.keyset import Count, KeysetPage, count_up_to_cap, keyset_page
from core.keyset import Order as ListOrder
from customers.models import Customer, Order, Product, Refund
from customers.querysets import OrderQuerySet
from customers.reports.customer_list import Scope, name_and_contact
from customers.search import named
from customers.words import clock_time, days_ago
from workspace.models import Business

ORDER_SORTS: Mapping[str, ListOrder] = {
    "placed": ListOrder(["placed_at", "id"]),
    "total": ListOrder(["total", "id"]),
}
MOST_DAYS = 1100  # in which an hour of the week is looked for
NAMED = 100  # orders of as many businesses may have one number


@dataclass(frozen=True, slots=True)
class OrderFilters:
    """`first_day` and `last_day` are days of the programme's zone, both included; `business_id` one shop."""

    text: str = ""
    status: str = ""
    business_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    channel: str = ""
    fulfilment: str = ""
    total_min: Decimal | None = None
    total_max: Decimal | None = None
    product: str = ""  # public id
    customer: str = ""  # public id
    weekday: int | None = None  # 1 (Monday) to 7, with `first_day` and `last_day` only
    hour: int | None = None  # 0 to 23, of that weekday

    @property
    def is_narrowed(self) -> bool:
        return self != OrderFilters()


@dataclass(frozen=True, slots=True)
class OrderRow:
    code: str
    number: str
    when: str
    customer: str  # empty: anonymous
    customer_code: str
    business: str
    status: str
    status_label: str
    total: Decimal
    refunded: Decimal


def order_page(
    scope: Scope, filters: OrderFilters, *, sort: str, descending: bool, cursor: str = ""
) -> tuple[KeysetPage[OrderRow], Count]:
    """One page and the count: two queries, and two for what is searched."""
    found = _orders(scope, filters)
    page = keyset_page(
        found.select_related("customer", "business"), ORDER_SORTS[sort], descending=descending, cursor=cursor
    )
    return page.with_rows([order_row(order, scope) for order in page.rows]), count_up_to_cap(found)


def _orders(scope: Scope, filters: OrderFilters) -> OrderQuerySet:
    found = Order.objects.visible_to(scope.actor)
    if filters.text:
        named = _named(scope, filters.text)
        found = found.filter(pk__in=named) if named else found.filter(customer__in=_people(filters.text))
    if filters.status:
        found = found.filter(status=filters.status)
    if filters.business_id is not None:
        found = found.filter(business_id=filters.business_id)
    if filters.first_day is not None:
        found = found.filter(placed_at__gte=Period(filters.first_day, filters.first_day, scope.zone).start)
    if filters.last_day is not None:
        found = found.filter(placed_at__lt=Period(filters.last_day, filters.last_day, scope.zone).end)
    equal = {"channel": filters.channel, "fulfilment_status": filters.fulfilment, "customer__code": filters.customer}
    found = found.filter(**{name: value for name, value in equal.items() if value})
    if filters.total_min is not None:
        found = found.filter(total__gte=filters.total_min)
    if filters.total_max is not None:
        found = found.filter(total__lte=filters.total_max)
    if filters.weekday is not None:
        found = found.filter(_weekdays(scope, filters))
    return found.having_product(filters.product) if filters.product else found


def _weekdays(scope: Scope, filters: OrderFilters) -> Q:
    """Each such weekday, or one hour of it, as ranges of time: the index of times finds them, whatever lies between."""
    first, last = filters.first_day, filters.last_day
    if filters.weekday is None or first is None or last is None or (last - first).days > MOST_DAYS:
        return Q()
    day = first + timedelta(days=(filters.weekday - first.isoweekday()) % 7)
    ranges = Q(pk__in=[])
    while day <= last:
        start, end = _range(day, filters.hour, scope.zone)
        ranges |= Q(placed_at__gte=start, placed_at__lt=end)
        day += timedelta(days=7)
    return ranges


def _range(day: date, hour: int | None, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The day, or one hour of it, by the clock of the zone."""
    if hour is None:
        whole = Period(day, day, zone)
        return whole.start, whole.end
    start = datetime.combine(day, time(hour), tzinfo=zone)
    return start, start + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class OrderWords:
    """What sources call their channels and fulfilments; few of each."""

    channels: Sequence[str]
    fulfilments: Sequence[str]


# Steps from word to word through an index that leaves out what tills write: it costs as much as there are words.
_WORDS = """
    WITH RECURSIVE word (text) AS (
        (SELECT {column} FROM customers_order WHERE {column} <> '{usual}' ORDER BY {column} LIMIT 1)
        UNION ALL
        SELECT (SELECT o.{column} FROM customers_order o
                WHERE o.{column} <> '{usual}' AND o.{column} > word.text ORDER BY o.{column} LIMIT 1)
        FROM word WHERE word.text IS NOT NULL
    )
    SELECT text FROM word WHERE text IS NOT NULL LIMIT 50
"""


def words_of_orders() -> OrderWords:
    """Two queries."""
    return OrderWords(channels_of_orders(), _words("fulfilment_status", ""))


def channels_of_orders() -> list[str]:
    return ["store", *_words("channel", "store")]


def _words(column: str, usual: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_WORDS.format(column=column, usual=usual))
        return [text for (text,) in cursor.fetchall()]


def named_by(query: Mapping[str, Any], actor: Actor) -> Mapping[str, str]:
    """Names for the public ids of a product and a customer in a link, as far as the actor sees them: for the chips."""
    product, customer = typed_code(query.get("product", "")), typed_code(query.get("customer", ""))
    named = {}
    if product and (found := Product.objects.filter(code=product).first()):
        named["product"] = str(found)
    if customer and (who := Customer.objects.visible_to(actor).filter(code=customer).exclude(state="erased").first()):
        named["customer"] = who.name or _("Unnamed")
    return named


def _named(scope: Scope, text: str) -> list[int]:
    """Orders with this number, reference or public id: each of the three has an index."""
    businesses = list(Business.objects.visible_to(scope.actor).values_list("pk", flat=True))
    named = Q(number=text) | Q(business__in=businesses, reference=text) | Q(code=text.lower())
    return list(Order.objects.visible_to(scope.actor).filter(named).values_list("pk", flat=True)[:NAMED])


def _people(text: str) -> QuerySet[Customer]:
    """Customers whose name or address holds every word."""
    return Customer.objects.filter(named(text))


def order_row(order: Order, scope: Scope) -> OrderRow:
    """A row of any list of orders; `business` and `customer` must be loaded."""
    when = f"{days_ago(order.placed_at, now=scope.now, zone=scope.zone)}, {clock_time(order.placed_at, scope.zone)}"
    return OrderRow(
        code=order.code,
        number=str(order),
        when=when,
        customer=name_and_contact(order.customer, scope.country)[0] if order.customer else "",
        customer_code=order.customer.code if order.customer and order.customer.state == "active" else "",
        business=order.business.name,
        status=order.status,
        status_label=order.get_status_display(),
        total=order.total,
        refunded=order.refunded_total,
    )


@dataclass(frozen=True, slots=True)
class RefundFilters:
    text: str = ""
    business_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None

    @property
    def is_narrowed(self) -> bool:
        return self != RefundFilters()


@dataclass(frozen=True, slots=True)
class RefundRow:
    reference: str
    order_code: str  # empty: the source names no order
    order: str
    customer: str
    customer_code: str
    business: str
    when: str
    total: Decimal
    reason: str


def refund_page(scope: Scope, filters: RefundFilters, *, cursor: str = "") -> tuple[KeysetPage[RefundRow], Count]:
    """One page of refunds, newest first, and the count: two queries."""
    found = Refund.objects.visible_to(scope.actor)
    if filters.text:
        found = found.filter(Q(reference=filters.text) | Q(order__reference=filters.text) | Q(code=filters.text))
    if filters.business_id is not None:
        found = found.filter(business_id=filters.business_id)
    if filters.first_day is not None:
        found = found.filter(refunded_at__gte=Period(filters.first_day, filters.first_day, scope.zone).start)
    if filters.last_day is not None:
        found = found.filter(refunded_at__lt=Period(filters.last_day, filters.last_day, scope.zone).end)
    listed = found.select_related("order", "customer", "business")
    page = keyset_page(listed, ListOrder(["refunded_at", "id"]), descending=True, cursor=cursor)
    return page.with_rows([_refund_row(refund, scope) for refund in page.rows]), count_up_to_cap(found)


def _refund_row(refund: Refund, scope: Scope) -> RefundRow:
    customer = refund.customer
    at = refund.refunded_at
    return RefundRow(
        reference=refund.reference,
        order_code=refund.order.code if refund.order else "",
        order=str(refund.order) if refund.order else "",
        customer=name_and_contact(customer, scope.country)[0] if customer else "",
        customer_code=customer.code if customer and customer.state == "active" else "",
        business=refund.business.name,
        when=f"{days_ago(at, now=scope.now, zone=scope.zone)}, {clock_time(at, scope.zone)}",
        total=refund.total,
        reason=refund.reason,
    )
