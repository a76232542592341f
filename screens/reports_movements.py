"""A transaction as people read it: at the till, on the points page, on a card of a business, in the full list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.clock import local_day
from core.keyset import KeysetPage, Order, keyset_page
from core.presentation import format_money, format_points
from loyalty.models import Transaction
from loyalty.querysets import MERGE, TransactionQuerySet

NEWEST = Order(("pk",))


@dataclass(frozen=True, slots=True)
class Movement:
    """`what` says what happened ("Earned on £12.40"); `amount` is what was paid, None where nothing was."""

    code: str
    kind: str
    points: int
    what: str
    reason: str
    amount: Decimal | None
    business: str
    customer: str
    customer_code: str
    actor: str
    at: datetime
    when: str
    is_reversed: bool
    stands: bool  # belongs to a refund, a cancelled sale or a merge: it cannot be reversed


def with_names(transactions: TransactionQuerySet) -> TransactionQuerySet:
    """Everything that `movement` shows, in one query."""
    return transactions.select_related("business", "order", "account__customer")


def movements(transactions: Iterable[Transaction], *, currency: str, zone: ZoneInfo, now: datetime) -> list[Movement]:
    return [movement(transaction, currency=currency, zone=zone, now=now) for transaction in transactions]


def movement(transaction: Transaction, *, currency: str, zone: ZoneInfo, now: datetime) -> Movement:
    amount = transaction.order.total if transaction.order is not None else None
    customer = transaction.account.customer
    return Movement(
        code=transaction.code,
        kind=transaction.kind,
        points=transaction.points,
        what=describe(transaction, amount, currency),
        reason=transaction.reason,
        amount=amount,
        business=transaction.business.name if transaction.business is not None else "",
        customer=customer.name or _("No name yet"),
        customer_code=customer.code,
        actor=transaction.actor_label,
        at=transaction.at,
        when=say_when(transaction.at, zone=zone, now=now),
        is_reversed=transaction.reversed_at is not None,
        stands=transaction.key_endpoint in ("points.refund", MERGE) or "cancels_order" in transaction.response,
    )


def describe(transaction: Transaction, amount: Decimal | None, currency: str) -> str:
    """One line of words: what happened."""
    kind, reason = transaction.kind, transaction.reason
    if kind == Transaction.Kind.EARN:
        return _("Earned on %(amount)s") % {"amount": format_money(amount, currency)} if amount else _("Earned")
    if kind == Transaction.Kind.REDEEM:
        return _("Redeemed: %(reason)s") % {"reason": reason} if reason else _("Redeemed")
    if kind == Transaction.Kind.REVERSE:
        return _("Taken back: %(reason)s") % {"reason": reason} if reason else _("Taken back")
    if kind == Transaction.Kind.EXPIRE:
        return _("Ran out")
    if kind == Transaction.Kind.BONUS:
        return _("Bonus: %(reason)s") % {"reason": reason} if reason else _("Bonus")
    if kind == Transaction.Kind.REFERRAL:
        is_referrer = transaction.response.get("action") == "referrer"
        return _("Brought a friend") if is_referrer else _("Came with a friend")
    if transaction.key_endpoint == MERGE:
        return _("Moved by a merge")
    if kind == Transaction.Kind.TRANSFER:
        return _("Passed on to another member") if transaction.points < 0 else _("Received from another member")
    if kind == Transaction.Kind.MATURE:
        points = abs(transaction.response.get("pending", 0))
        text = ngettext("%(points)s point became available", "%(points)s points became available", points)
        return text % {"points": format_points(points)}
    if kind in (Transaction.Kind.HOLD, Transaction.Kind.VOID):
        return _set_aside(abs(transaction.response.get("held", 0)), reason, is_over=kind == Transaction.Kind.VOID)
    return _("Adjusted: %(reason)s") % {"reason": reason} if reason else _("Adjusted")


def _set_aside(points: int, reason: str, *, is_over: bool) -> str:
    if is_over:
        text = ngettext("%(points)s point no longer set aside", "%(points)s points no longer set aside", points)
    else:
        text = ngettext("%(points)s point set aside", "%(points)s points set aside", points)
    text %= {"points": format_points(points)}
    return f"{text}: {reason}" if reason else text


def say_when(at: datetime, *, zone: ZoneInfo, now: datetime) -> str:
    """Today, 8:41 · Fri 14 Nov · 14 Nov 2025, in the programme's time."""
    local = at.astimezone(zone)
    days = (local_day(now, zone) - local.date()).days
    clock = date_format(local, "G:i")
    if days == 0:
        return _("Today, %(time)s") % {"time": clock}
    if days == 1:
        return _("Yesterday, %(time)s") % {"time": clock}
    return date_format(local, _("D j M") if local.year == now.astimezone(zone).year else _("j M Y"))


def movement_page(
    transactions: TransactionQuerySet, *, cursor: str, size: int, currency: str, zone: ZoneInfo, now: datetime
) -> KeysetPage[Movement]:
    """One page of `transactions`, newest first, in one query."""
    found = keyset_page(with_names(transactions), NEWEST, descending=True, cursor=cursor, size=size)
    return found.with_rows(movements(found.rows, currency=currency, zone=zone, now=now))
