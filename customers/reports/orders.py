"""Orders as a list, and one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.utils.formats import date_format

from core.clock import Period
from core.keyset import Count, KeysetPage, count_up_to_cap, keyset_page
from core.keyset import Order as ListOrder
from customers.models import Customer, Order, OrderLine, Refund
from customers.reports.customer_list import Scope, name_and_contact
from customers.words import clock_time, days_ago
from workspace.models import Business

ORDER_SORTS: Mapping[str, ListOrder] = {
    "placed": ListOrder(["placed_at", "id"]),
    "total": ListOrder(["total", "id"]),
}
NAMED = 100  # orders of as many businesses may have one number


@dataclass(frozen=True, slots=True)
class OrderFilters:
    """`first_day` and `last_day` are days of the programme's zone, both included; `business_id` one shop."""

    text: str = ""
    status: str = ""
    business_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None

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


def _orders(scope: Scope, filters: OrderFilters) -> QuerySet[Order]:
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
    return found


def _named(scope: Scope, text: str) -> list[int]:
    """Orders with this number, reference or public id: each of the three has an index."""
    businesses = list(Business.objects.visible_to(scope.actor).values_list("pk", flat=True))
    named = Q(number=text) | Q(business__in=businesses, reference=text) | Q(code=text.lower())
    return list(Order.objects.visible_to(scope.actor).filter(named).values_list("pk", flat=True)[:NAMED])


def _people(text: str) -> QuerySet[Customer]:
    """Customers whose name or address holds every word."""
    people = Customer.objects.all()
    for word in text.lower().split():
        people = people.filter(search_text__contains=word)
    return people


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
class OrderDetail:
    row: OrderRow
    source: str
    placed: str
    lines: Sequence[OrderLine]
    refunds: Sequence[tuple[str, Decimal, str]]  # when, how much, why
    discount: Decimal
    tax: Decimal
    shipping: Decimal


def order_detail(scope: Scope, code: str) -> OrderDetail | None:
    """One order with its lines; None when it is not there or at a business that the actor may not see."""
    order = Order.objects.visible_to(scope.actor).select_related("customer", "business").filter(code=code).first()
    if order is None:
        return None
    refunds = Refund.objects.filter(order=order).order_by("refunded_at")
    return OrderDetail(
        row=order_row(order, scope),
        source=order.source,
        placed=date_format(order.placed_at.astimezone(scope.zone), "j F Y, G:i"),
        lines=list(order.lines.select_related("product").order_by("position")),
        refunds=[
            (date_format(refund.refunded_at.astimezone(scope.zone), "j F Y"), refund.total, refund.reason)
            for refund in refunds
        ],
        discount=order.discount,
        tax=order.tax,
        shipping=order.shipping,
    )
