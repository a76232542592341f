"""One order as staff see it: lines with what came back of them, points, and what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.errors import NotFound
from core.presentation import format_money, format_signed
from customers.models import Order, OrderLine, Refund
from customers.order_words import channel_words, source_words
from customers.reports.customer_list import Scope
from customers.reports.orders import OrderRow, order_row
from loyalty.models import Transaction
from screens.reports_movements import describe
from workspace.models import AuditEntry

MOST_MOMENTS = 100


@dataclass(frozen=True, slots=True)
class Line:
    position: int
    title: str
    sku: str
    product_code: str  # empty: no product is known
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    total: Decimal
    back_quantity: Decimal
    back_total: Decimal

    @property
    def left(self) -> Decimal:
        """How many can still be given back."""
        return self.quantity - self.back_quantity if self.back_total < self.total else Decimal(0)


@dataclass(frozen=True, slots=True)
class Happened:
    at: datetime
    when: str
    icon: str
    what: str
    detail: str
    amount: str


@dataclass(frozen=True, slots=True)
class OrderDetail:
    order: Order
    row: OrderRow
    placed: str
    lines: Sequence[Line]
    points: int  # what the sale earned, less what went with refunds
    happened: Sequence[Happened]  # newest first
    left: Decimal  # money that can still be given back

    @property
    def channel(self) -> str:
        return channel_words(self.order.channel)

    @property
    def source(self) -> str:
        return source_words(self.order.source)

    @property
    def can_refund(self) -> bool:
        return self.left > 0 and self.order.status != Order.Status.CANCELLED

    @property
    def rest(self) -> list[Line]:
        """What comes back with all that is left; none where an amount went before, and money alone is left."""
        rest = [line for line in self.lines if line.left > 0]
        return rest if sum(line.total - line.back_total for line in rest) == self.left else []

    @property
    def can_cancel(self) -> bool:
        return self.order.status in (Order.Status.PAID, Order.Status.PART_REFUNDED)


def order_detail(scope: Scope, code: str, currency: str) -> OrderDetail:
    """Five queries. Raises NotFound, also for an order of a business that the actor may not see."""
    order = Order.objects.visible_to(scope.actor).select_related("customer", "business").filter(code=code).first()
    if order is None:
        raise NotFound
    moved = list(Transaction.objects.done().filter(order=order).order_by("-pk")[:MOST_MOMENTS])
    return OrderDetail(
        order=order,
        row=order_row(order, scope),
        placed=date_format(order.placed_at.astimezone(scope.zone), "j F Y, G:i"),
        lines=lines_of(order),
        points=sum(one.points for one in moved),
        happened=_happened(order, moved, scope, currency),
        left=order.total - order.refunded_total,
    )


def lines_of(order: Order) -> list[Line]:
    lines = (
        OrderLine.objects.filter(order=order)
        .select_related("product")
        .annotate(
            back_quantity=Sum("refunds__quantity", default=Decimal(0)),
            back_total=Sum("refunds__total", default=Decimal(0)),
        )
    )
    return [
        Line(
            position=line.position,
            title=line.title or str(line.product or ""),
            sku=line.product.sku if line.product else "",
            product_code=line.product.code if line.product else "",
            quantity=line.quantity,
            unit_price=line.unit_price,
            discount=line.discount,
            total=line.total,
            back_quantity=line.back_quantity,
            back_total=line.back_total,
        )
        for line in lines.order_by("position")
    ]


def _happened(order: Order, moved: Sequence[Transaction], scope: Scope, currency: str) -> list[Happened]:
    def moment(at: datetime, icon: str, what: str, detail: str = "", amount: str = "") -> Happened:
        return Happened(at, date_format(at.astimezone(scope.zone), "j M Y, G:i"), icon, what, detail, amount)

    moments = [
        moment(
            order.placed_at,
            "shopping-bag",
            _("Placed"),
            source_words(order.source),
            format_money(order.total, currency),
        ),
        *(
            moment(
                refund.refunded_at, "undo-2", _("Given back"), refund.reason, f"−{format_money(refund.total, currency)}"
            )
            for refund in Refund.objects.filter(order=order).order_by("-refunded_at")[:MOST_MOMENTS]
        ),
        *(
            moment(one.at, "stamp", describe(one, order.total, currency), amount=format_signed(one.points))
            for one in moved
        ),
    ]
    acts = {"customers.order.cancelled": _("Cancelled"), "customers.order.changed": _("Details changed")}
    noted = AuditEntry.objects.filter(subject=f"order:{order.code}", action__in=acts).order_by("-pk")[:MOST_MOMENTS]
    moments += [
        moment(entry.at, "pencil", acts[entry.action], str(entry.data.get("reason", "")) or entry.actor_label)
        for entry in noted
    ]
    return sorted(moments, key=lambda one: one.at, reverse=True)
