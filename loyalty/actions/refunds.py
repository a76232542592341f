"""Points of what was given back: a refund takes exactly what the refunded lines earned, under the rules of their day.

How many points a sale may keep follows from everything that was given back of it so far (`loyalty.earning`), so the
order and the split of refunds do not matter. What is spent already becomes debt (docs/algorithms/points.md, "Refunds").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import msgspec
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import SYSTEM, Actor
from core.errors import InvalidInput, NotFound
from core.tenancy import active_programme
from customers.actions.refunds import ReturnedLine, given_back, orders_of_refunds, record_refund
from customers.models import Order, Refund
from loyalty import ledger
from loyalty.actions.affiliate_commissions import settle_orders as settle_commissions
from loyalty.actions.stamps import settle_stamps
from loyalty.earning import ANY, Terms, earning_of, plain_terms
from loyalty.ledger import Posting
from loyalty.models import Account, Transaction
from loyalty.operations import ReverseTransaction

OWNER = "system:refunds"


class UnknownOrder(NotFound):
    code = "unknown_order"
    message = _("There is no such order.")


@dataclass(frozen=True, slots=True)
class Refunded:
    """`posting` is None where no points went: the sale earned none, or they were taken back before."""

    refund: Refund
    order: Order
    posting: Posting | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClawBack(ReverseTransaction):
    """The part of a reversal that belongs to a refund; it stands (migrations/sql/ledger_reverse.sql)."""

    endpoint: ClassVar[str] = "points.refund"


def refund_order(
    *,
    order: str = "",
    business: str = "",
    order_reference: str = "",
    lines: Sequence[ReturnedLine] = (),
    amount: Decimal | None = None,
    everything: bool = False,
    reference: str = "",
    reason: str = "",
    actor: Actor,
    now: datetime,
    source: str = "api",
) -> Refunded:
    """Record what was given back for an order and take back the points of it, in one transaction.

    The order by its code, or by the business's code and the shop's own number. One of `lines`, an `amount` and
    `everything` (that is left) says what. `reference` is the shop's number of the refund: the same again is the same
    refund. Raises UnknownOrder, CancelledOrder, MoreThanSold, RefundKnown and InvalidInput.
    """
    orders = Order.objects.visible_to(actor)
    found = orders.filter(code=order) if order else orders.filter(business__code=business, reference=order_reference)
    customer_id = found.values_list("customer_id", flat=True).first()
    with transaction.atomic():
        # The ledger's order of locks: accounts, then orders.
        Account.objects.select_for_update(no_key=True).filter(pk=customer_id).first()
        locked = found.select_for_update(no_key=True, of=("self",)).first()
        if locked is None:
            raise UnknownOrder()
        if bool(lines) + (amount is not None) + everything != 1:
            raise InvalidInput(_("Say what comes back: lines, an amount, or everything."), field="lines")
        refund = record_refund(
            order=locked,
            lines=lines,
            amount=amount,
            reference=reference,
            reason=reason,
            source=source,
            currency=active_programme().currency,
            actor=actor,
            now=now,
        )
        posting = _claw_back(locked, reason=reason, actor=actor, now=now)
        settle_stamps([locked.pk], actor=actor, now=now)
        settle_commissions([locked.pk], actor=actor, now=now, are_new=False)
        return Refunded(refund, locked, posting)


def claw_back_refunds(codes: Sequence[str], reversals: Sequence[str] = (), *, now: datetime) -> int:
    """Take back the points of refunds that came in some other way (import, store), by their codes; safe to repeat.

    `reversals` are codes of transactions that gave a sale its points again: what was given back of it goes, too.
    Returns for how many orders points went.
    """
    taken = 0
    again = Transaction.objects.filter(code__in=reversals, order__refunded_total__gt=0)
    for pk in sorted({*orders_of_refunds(codes), *again.values_list("order_id", flat=True)}):
        with transaction.atomic():
            customer_id = Order.objects.values_list("customer_id", flat=True).get(pk=pk)
            Account.objects.select_for_update(no_key=True).filter(pk=customer_id).first()
            order = Order.objects.select_for_update(no_key=True).get(pk=pk)
            taken += _claw_back(order, reason="", actor=SYSTEM, now=now) is not None
    return taken


def _claw_back(order: Order, *, reason: str, actor: Actor, now: datetime) -> Posting | None:
    """Take what the sale's points are too many by now; the caller has locked account and order.

    They are where the sale put them, or where undoing a reversal of it put them back. Returns the last posting.
    """
    earned = Transaction.objects.done().filter(order=order, kind=Transaction.Kind.EARN).first()
    if earned is None:
        return None
    line = _line_of(earned)
    taken = -sum(one.points for one in line if one.key_endpoint == ClawBack.endpoint)
    wanted = earned.points - points_left(terms_of(earned), given_back(order)) - taken
    posting = None
    for given in line:
        part = min(wanted, given.points - given.reversed_points)
        if given.points > 0 and part > 0:
            operation = ClawBack(transaction=given.code, points=part, reason=reason, key=f"{given.code}:{taken}")
            item = operation.item(ledger.setting(now))
            posting = ledger.one(ledger.post([item], owner=OWNER, source="refund", actor=actor, now=now))
            wanted -= part
    return posting


def _line_of(earned: Transaction) -> list[Transaction]:
    """An earn, what undid it, what undid that, and so on. A query for each generation."""
    line, newest = [earned], [earned.pk] if earned.reversed_points else []
    while newest:
        found = list(Transaction.objects.done().filter(reverses_id__in=newest).order_by("pk"))
        line += found
        newest = [one.pk for one in found]
    return line


def points_left(terms: Terms, back: Mapping[str, Decimal]) -> int:
    """What a sale may keep of its points. A line that its terms do not know counts as money that names none."""
    known = {str(part.position) for part in terms.parts}
    unnamed = sum((amount for where, amount in back.items() if where not in known), Decimal(0))
    named = {where: amount for where, amount in back.items() if where in known}
    return earning_of(terms, {**named, ANY: unnamed}).points


def terms_of(earned: Transaction) -> Terms:
    """The terms that an earn was counted under: those written down with it, or amount × rate."""
    stored = earned.response
    if "terms" in stored:
        return msgspec.convert(stored["terms"], Terms, strict=False)
    return plain_terms(Decimal(stored["amount"]), Decimal(stored["rate"]), stored["rounding"])
