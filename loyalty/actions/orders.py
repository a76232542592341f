"""Orders and their points: a sale that a shop's own system sends, and the cancelling of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from core.actor import Actor
from core.money import check_amount
from core.tenancy import active_programme
from customers.actions.customers import find_or_create_by_phone
from customers.actions.orders import OrderDetails, cancel_order, check_details, lock_order, record_order
from customers.models import Order
from loyalty.actions.points import add_points, reverse_transaction
from loyalty.errors import UnknownBusiness
from loyalty.models import Account, Transaction
from loyalty.operations import SaleLine, check_moment, line_items
from workspace.models import Business


@dataclass(frozen=True, slots=True)
class Placed:
    """`points` is None where the order earns none: it has no customer, or was not to."""

    order: Order
    points: int | None


def place_order(
    *,
    business: str,
    total: Decimal,
    actor: Actor,
    now: datetime,
    reference: str = "",
    key: str = "",
    owner: str = "",
    phone: str = "",
    customer_id: int | None = None,
    lines: Sequence[SaleLine] = (),
    placed_at: datetime | None = None,
    earns: bool = True,
    details: OrderDetails | None = None,
    source: str = "api",
) -> Placed:
    """Record a sale as the till does, with points for a customer who is named by number or id, unless `earns` is False.

    A number that nobody has is somebody new, with points or without. `business` is a code. The same reference at the
    same business is the same order. `details` are of the first writing.
    Raises UnknownBusiness, OrderKnown, InvalidInput and what `loyalty.actions.points.add_points` refuses.
    """
    shop = Business.objects.visible_to(actor).filter(code=business).first()
    if shop is None:
        raise UnknownBusiness()
    currency = active_programme().currency
    said = check_details(details or {}, currency)
    at = check_moment(placed_at, now, "placed_at") if placed_at else now
    with transaction.atomic():
        is_known = bool(reference) and Order.objects.filter(business=shop, reference=reference).exists()
        points: int | None = None
        if earns and (phone or customer_id is not None):
            posting = add_points(
                business=shop.pk,
                amount=total,
                phone=phone,
                customer_id=customer_id,
                reference=reference,
                key=key,
                owner=owner,
                lines=lines,
                placed_at=placed_at,
                source=source,
                actor=actor,
                now=now,
            )
            points, order = posting.points, Order.objects.get(code=posting.order)
        else:
            if phone:
                region = active_programme().country
                found = find_or_create_by_phone(phone=phone, region=region, source=source, actor=actor, now=now)
                customer_id = found.customer.pk
            order = record_order(
                business_id=shop.pk,
                total=check_amount(total, currency, field="total"),
                customer_id=customer_id,
                reference=reference,
                lines=line_items(lines, total, currency),
                placed_at=at,
                source=source,
                actor=actor,
            ).order
        if said and not is_known:
            Order.objects.filter(pk=order.pk).update(**said)
            order.refresh_from_db()
    return Placed(order, points)


def cancel_sale(*, code: str, actor: Actor, now: datetime, reason: str = "", source: str = "page") -> Order:
    """The order never happened: it counts no more, and what is left of its points goes. Safe to repeat.

    What was given back before stays given back; stamps and commissions follow by the event stream. Raises NotFound and
    OrderRefunded.
    """
    with transaction.atomic():
        # The ledger's order of locks: accounts, then orders.
        seen = Order.objects.visible_to(actor).filter(code=code)
        Account.objects.select_for_update(no_key=True).filter(pk__in=seen.values("customer_id")).first()
        order = lock_order(code, actor)
        giving = _giving(order)
        if giving is None or order.status == Order.Status.REFUNDED:
            return cancel_order(order=order, reason=reason, actor=actor, now=now)
        reverse_transaction(
            transaction=giving.code,
            key=f"cancel:{order.code}",
            owner="system:orders",
            reason=reason,
            cancels_order=True,
            source=source,
            actor=actor,
            now=now,
        )
        order.refresh_from_db()
        return order


def _giving(order: Order) -> Transaction | None:
    """What the sale's points stand on now: its earn, or what gave them again after a reversal."""
    standing = Transaction.objects.done().filter(order=order, points__gt=0, reversed_at__isnull=True)
    return standing.filter(kind__in=(Transaction.Kind.EARN, Transaction.Kind.REVERSE)).order_by("-pk").first()
