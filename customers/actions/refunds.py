"""Recording what was given back for an order: by its lines, or an amount that names none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.codes import public_code
from core.errors import DomainError, InvalidInput
from core.money import check_amount, quantise
from customers.actions import events
from customers.events import ORDER_REFUNDED
from customers.models import Order, OrderLine, Refund, RefundLine
from workspace.actions import audit

# A refund with lines that were found counts by these lines, another by its total (customers.imports.refunds).
UNNAMED = "any"


class CancelledOrder(DomainError):
    code = "order_cancelled"
    message = _("This order was cancelled: nothing of it can be refunded.")


class MoreThanSold(InvalidInput):
    """`data`: left, in money."""

    code = "more_than_sold"
    message = _("More is given back than is left of what was sold.")


class RefundKnown(DomainError):
    """The reference belongs to a refund with other content."""

    code = "refund_known"
    message = _("A refund with this reference is known with other content.")


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """`position` is the line's in its order. Without `amount`, what `quantity` of it cost; without both, the rest."""

    position: int
    quantity: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class _Sold:
    """A line with what was given back of it so far."""

    line: OrderLine
    quantity: Decimal
    amount: Decimal


def given_back(order: Order) -> dict[str, Decimal]:
    """Money given back for an order so far: position of a line → amount, and under "any" what names no line."""
    by_line = RefundLine.objects.filter(order_line__order=order).values_list("order_line__position")
    back = {str(position): total for position, total in by_line.annotate(total=Sum("total"))}
    unnamed = Refund.objects.filter(order=order).exclude(lines__order_line__isnull=False)
    total = unnamed.aggregate(total=Sum("total", default=Decimal(0)))["total"]
    return {**back, UNNAMED: total} if total else back


def record_refund(
    *,
    order: Order,
    lines: Sequence[ReturnedLine] = (),
    amount: Decimal | None = None,
    reference: str,
    reason: str,
    source: str,
    currency: str,
    actor: Actor,
    now: datetime,
) -> Refund:
    """Write a refund of an order that the caller has locked: of `lines`, or an `amount`; neither is all that is left.

    All that is left names the lines where they come to it, so that their pieces are back on the shelf. The same
    `reference` with the same content returns the first refund. What is given back of a line in parts comes to the same
    money as all at once. Raises CancelledOrder, MoreThanSold, RefundKnown and InvalidInput.
    """
    if lines and amount is not None:
        raise InvalidInput(_("Give lines or an amount, not both."), field="amount")
    known = Refund.objects.filter(business_id=order.business_id, reference=reference).first() if reference else None
    if known is not None:
        return _same(known, order, lines, amount)
    if order.status == Order.Status.CANCELLED:
        raise CancelledOrder()
    left = order.total - order.refunded_total
    parts = _parts(order, lines or (_rest(order, left) if amount is None else ()), currency)
    total = sum((part.total for part in parts), Decimal(0)) if parts else _check_money(amount, left, currency)
    if not 0 < total <= left:
        raise MoreThanSold(field="lines" if parts else "amount", left=str(quantise(left, currency)))
    refund = Refund.objects.create(
        business_id=order.business_id,
        source=source,
        reference=reference or public_code(),
        order=order,
        customer_id=order.customer_id,
        refunded_at=now,
        total=total,
        reason=reason,
        created_at=now,
    )
    for part in parts:
        part.refund = refund
    RefundLine.objects.bulk_create(parts)
    order.refunded_total += total
    order.status = Order.Status.REFUNDED if order.refunded_total >= order.total else Order.Status.PART_REFUNDED
    order.save(update_fields=["refunded_total", "status"])
    _tell(refund, order, actor, now)
    return refund


def _parts(order: Order, lines: Sequence[ReturnedLine], currency: str) -> list[RefundLine]:
    sold = _sold(order) if lines else {}
    parts = []
    for number, returned in enumerate(lines):
        if returned.position not in sold:
            raise InvalidInput(_("The order has no such line."), field=f"lines.{number}.position")
        of = sold.pop(returned.position)  # named once
        left = of.line.quantity - of.quantity
        quantity = left if returned.quantity is None else returned.quantity
        if not 0 < quantity <= left:
            raise MoreThanSold(field=f"lines.{number}.quantity", left=str(left.normalize()))
        total = _cost(of, quantity, currency) if returned.amount is None else returned.amount
        check_amount(total, currency, field=f"lines.{number}.amount")
        if total > of.line.total - of.amount:
            raise MoreThanSold(field=f"lines.{number}.amount", left=str(of.line.total - of.amount))
        parts.append(
            RefundLine(
                position=number + 1,
                order_line=of.line,
                product_id=of.line.product_id,
                title=of.line.title,
                quantity=quantity,
                unit_price=of.line.unit_price,
                total=total,
            )
        )
    return parts


def _sold(order: Order) -> dict[int, _Sold]:
    lines = (
        OrderLine.objects.filter(order=order)
        .order_by("position")
        .annotate(
            back_quantity=Sum("refunds__quantity", default=Decimal(0)),
            back_amount=Sum("refunds__total", default=Decimal(0)),
        )
    )
    return {line.position: _Sold(line, line.back_quantity, line.back_amount) for line in lines}


def _rest(order: Order, left: Decimal) -> list[ReturnedLine]:
    """Every line of which something is left, if they come to all the `left` money; else it is money alone."""
    sold = [of for of in _sold(order).values() if of.quantity < of.line.quantity and of.amount < of.line.total]
    comes_to = sum((of.line.total - of.amount for of in sold), Decimal(0))
    return [ReturnedLine(of.line.position) for of in sold] if comes_to == left else []


def _cost(of: _Sold, quantity: Decimal, currency: str) -> Decimal:
    """What this much more of a line cost: reckoned from the beginning, so that rounding never adds up."""
    line_total: Decimal = of.line.total
    upto = quantise(line_total * (of.quantity + quantity) / of.line.quantity, currency)
    return max(min(upto, line_total) - of.amount, Decimal(0))


def _check_money(amount: Decimal | None, left: Decimal, currency: str) -> Decimal:
    if amount is None:
        return left
    checked: Decimal = check_amount(amount, currency, field="amount")
    return checked


def _same(known: Refund, order: Order, lines: Sequence[ReturnedLine], amount: Decimal | None) -> Refund:
    """The known refund, if a repeated call speaks of it: the same order, lines and amounts as far as it names them.

    A call that names none of it wanted everything: the refund after which nothing was left.
    """
    if not lines and amount is None:
        later = Refund.objects.filter(order=order, pk__gt=known.pk)
        if known.order_id != order.pk or order.status != Order.Status.REFUNDED or later.exists():
            raise RefundKnown()
        return known
    written = list(known.lines.values_list("order_line__position", "quantity", "total"))
    is_same = known.order_id == order.pk and len(written) == len(lines) and (amount is None or known.total == amount)
    for returned, (position, quantity, total) in zip(lines, written, strict=False):
        is_same &= returned.position == position
        is_same &= returned.quantity is None or returned.quantity == quantity
        is_same &= returned.amount is None or returned.amount == total
    if not is_same:
        raise RefundKnown()
    return known


def _tell(refund: Refund, order: Order, actor: Actor, now: datetime) -> None:
    data: Mapping[str, object] = {"refund": refund.code, "total": str(refund.total)}
    events.append(
        ORDER_REFUNDED,
        actor=actor,
        occurred_at=now,
        customer_id=order.customer_id,
        business_id=order.business_id,
        data=data,
    )
    audit.record(
        actor,
        "customers.order.refunded",
        subject=f"order:{order.code}",
        business_id=order.business_id,
        data={**data, "reason": refund.reason},
    )


def orders_of_refunds(codes: Sequence[str]) -> list[int]:
    """Ids of the orders that these refunds are about, by their lines or by name."""
    of_refunds = Refund.objects.filter(code__in=codes)
    named = of_refunds.filter(order__isnull=False).values_list("order_id", flat=True)
    matched = RefundLine.objects.filter(Q(refund__code__in=codes), order_line__isnull=False)
    return sorted({*named, *matched.values_list("order_line__order_id", flat=True)})
