"""Orders without points: recording one, changing what may change, cancelling. `loyalty.actions.orders` adds points."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypedDict

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import DomainError, InvalidInput, NotFound
from core.money import MAX_AMOUNT, quantise
from customers.actions import events
from customers.events import ORDER_CANCELLED
from customers.models import Order
from workspace.actions import audit

TEXTS = {"number": 60, "channel": 20, "fulfilment_status": 20}  # and how long each may be
AMOUNTS = ("discount", "tax", "shipping")


class OrderKnown(DomainError):
    """`data`: order."""

    code = "order_known"
    message = _("An order with this reference is known with another customer or total.")


class OrderRefunded(DomainError):
    code = "order_refunded"
    message = _("All of this order was given back: there is nothing to cancel.")


class OrderDetails(TypedDict, total=False):
    """What a shop says about a sale beside its total; amounts are parts of it."""

    number: str
    channel: str
    fulfilment_status: str
    discount: Decimal
    tax: Decimal
    shipping: Decimal


@dataclass(frozen=True, slots=True)
class Recorded:
    order: Order
    is_new: bool


def record_order(
    *,
    business_id: int,
    total: Decimal,
    customer_id: int | None,
    reference: str,
    lines: Sequence[Mapping[str, object]],
    placed_at: datetime,
    source: str,
    actor: Actor,
) -> Recorded:
    """The sale of this reference at this business, written once; whoever wrote it first. No points.

    `lines` as `loyalty.operations.line_items` gives them. Raises OrderKnown where the first had another total or
    customer; an order without a customer gets one.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.order_id, r.customer_id, r.total, r.is_new FROM unnest(customers_record_sale("
            "ARRAY[ROW(1, %s, %s, %s, %s, %s)::customers_sale], %s, %s)) AS r",
            [business_id, reference or None, customer_id, total, placed_at, source, actor.reference],
        )
        order_id, owner_id, known_total, is_new = cursor.fetchone()
        order = Order.objects.get(pk=order_id)
        if known_total != total or (customer_id is not None and owner_id != customer_id):
            raise OrderKnown(order=order.code)
        if lines:
            cursor.execute(
                "SELECT customers_record_lines(ARRAY[ROW(%s, %s::jsonb)::customers_basket])",
                [order_id, json.dumps(list(lines))],
            )
        if is_new:
            data = {"total": str(total), "source": source}
            audit.record(
                actor, "customers.order.placed", subject=f"order:{order.code}", business_id=business_id, data=data
            )
        events.wake_readers()
    return Recorded(order, is_new)


def change_order(*, code: str, details: OrderDetails, actor: Actor) -> Order:
    """Write the details that differ; what was sold, to whom, when and for how much never changes.

    Raises NotFound and InvalidInput.
    """
    with transaction.atomic():
        order = lock_order(code, actor)
        changed = {name: value for name, value in check_details(details).items() if getattr(order, name) != value}
        if changed:
            for name, value in changed.items():
                setattr(order, name, value)
            order.save(update_fields=list(changed))
            audit.record(
                actor,
                "customers.order.changed",
                subject=f"order:{code}",
                business_id=order.business_id,
                data={"fields": sorted(changed)},
            )
    return order


def check_details(details: OrderDetails, currency: str = "") -> dict[str, object]:
    """The details as they can be stored. Raises InvalidInput."""
    checked: dict[str, object] = dict(details)
    for name, length in TEXTS.items():
        if name in checked:
            text = " ".join(str(checked[name]).split())
            if len(text) > length or "\x00" in text:
                raise InvalidInput(_("This text is too long, or has characters that cannot be kept."), field=name)
            checked[name] = text
    for name in AMOUNTS:
        amount = checked.get(name)
        if isinstance(amount, Decimal):
            fits = amount.is_finite() and 0 <= amount <= MAX_AMOUNT
            if not fits or (currency and amount != quantise(amount, currency)):
                raise InvalidInput(_("Enter an amount such as 12.40."), field=name)
    return checked


def cancel_order(*, order: Order, reason: str, actor: Actor, now: datetime) -> Order:
    """The sale never happened. The caller has locked the order and taken its points back. Safe to repeat.

    Raises OrderRefunded.
    """
    if order.status == Order.Status.CANCELLED:
        return order
    if order.status == Order.Status.REFUNDED:
        raise OrderRefunded()
    order.status = Order.Status.CANCELLED
    order.save(update_fields=["status"])
    events.append(
        ORDER_CANCELLED,
        actor=actor,
        occurred_at=now,
        customer_id=order.customer_id,
        business_id=order.business_id,
        data={"order": order.code, "total": str(order.total)},
    )
    audit.record(
        actor,
        "customers.order.cancelled",
        subject=f"order:{order.code}",
        business_id=order.business_id,
        data={"reason": reason},
    )
    return order


def lock_order(code: str, actor: Actor) -> Order:
    """The order, locked, if the actor may see it. Raises NotFound."""
    order = Order.objects.visible_to(actor).select_for_update(no_key=True, of=("self",)).filter(code=code).first()
    if order is None:
        raise NotFound()
    return order
