"""What the till and a business's card show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.actor import Actor
from core.clock import day_start, local_day
from core.presentation import format_money, format_points
from customers.models import Customer
from loyalty.models import TierChange, Transaction
from loyalty.reports import balance_of
from loyalty.rules import UNDO_SECONDS
from loyalty.standing import Standing, standing_of
from programs.models import Programme
from screens.reports_movements import Movement, movement, movements, with_names
from workspace.models import TillDevice

UNDO_WINDOW = timedelta(seconds=UNDO_SECONDS)
EARLIER, VISITS, RECENT = 6, 4, 6


def key_owner(till: TillDevice) -> str:
    """The owner of a till's idempotency keys, and the mark of its transactions."""
    return f"till:{till.code}"


@dataclass(frozen=True, slots=True)
class CustomerCard:
    """Who stands at the till. The number is masked: the cashier has just typed it."""

    code: str
    name: str
    first_name: str
    phone: str
    balance: int
    worth: Decimal
    standing: Standing | None
    visits: list[Movement]


@dataclass(frozen=True, slots=True)
class EarlierRow:
    movement: Movement
    ago: str
    undo_seconds: int  # 0: too late


@dataclass(frozen=True, slots=True)
class EarlierAtTill:
    rows: list[EarlierRow]
    customers_today: int


@dataclass(frozen=True, slots=True)
class SaleResult:
    """`points` is how many were added, taken or brought back, without a sign; `undone` says what a reversal took.

    `tier` is the name of the tier that a sale has reached.
    """

    code: str
    kind: str
    points: int
    amount: Decimal | None
    reason: str
    undo_seconds: int
    undone: str
    tier: str


def customer_card(*, customer: Customer, actor: Actor, programme: Programme, now: datetime) -> CustomerCard:
    """Balance of the programme, and the customer's last visits to the businesses that the actor may see."""
    seen = Transaction.objects.done().visible_to(actor).filter(account_id=customer.pk).order_by("-id")[:VISITS]
    balance = balance_of(customer.pk, now=now)
    return CustomerCard(
        code=customer.code,
        name=customer.name or _("New customer"),
        first_name=customer.first_name or _("They"),
        phone=last_digits(customer.phone),
        balance=balance.points,
        worth=balance.worth,
        standing=standing_of(customer.pk, now=now),
        visits=movements(with_names(seen), currency=programme.currency, zone=programme.zone, now=now),
    )


def last_digits(phone: str) -> str:
    """Enough of a number to see that it is the right one, not enough to copy it."""
    return f"••• ••• {phone[-3:]}" if phone else ""


def earlier_at_till(*, till: TillDevice, programme: Programme, now: datetime) -> EarlierAtTill:
    """The last sales of this till, the undoable ones with the seconds left, and how many people came today."""
    own = Transaction.objects.done().filter(business_id=till.business_id, key_owner=key_owner(till))
    rows = [
        EarlierRow(
            movement=movement(row, currency=programme.currency, zone=programme.zone, now=now),
            ago=say_ago(row.at, now),
            undo_seconds=undo_seconds(row, now),
        )
        for row in with_names(own).order_by("-id")[:EARLIER]
    ]
    today = own.filter(at__gte=day_start(local_day(now, programme.zone), programme.zone))
    return EarlierAtTill(rows, today.values("account_id").distinct().count())


@dataclass(frozen=True, slots=True)
class RecentCustomer:
    """Somebody who was served at this till today. `phone` is masked."""

    code: str
    name: str
    phone: str


def recent_customers(*, till: TillDevice, programme: Programme, now: datetime) -> list[RecentCustomer]:
    """The last people of today at this till, newest first: known faces are one tap, and nobody else is listed."""
    since = day_start(local_day(now, programme.zone), programme.zone)
    own = Transaction.objects.done().filter(business_id=till.business_id, key_owner=key_owner(till), at__gte=since)
    served = own.values("account_id").annotate(last=Max("id")).order_by("-last")[:RECENT]
    people = Customer.objects.known().in_bulk([one["account_id"] for one in served])
    found = [people[one["account_id"]] for one in served if one["account_id"] in people]
    return [RecentCustomer(one.code, one.name or _("No name yet"), last_digits(one.phone)) for one in found]


def say_ago(at: datetime, now: datetime) -> str:
    """40 s ago, 11 min ago, 3 h ago, 2 days ago."""
    seconds = max(0, int((now - at).total_seconds()))
    if seconds < 60:
        return _("%(count)d s ago") % {"count": seconds}
    if seconds < 3600:
        return _("%(count)d min ago") % {"count": seconds // 60}
    if seconds < 86_400:
        return _("%(count)d h ago") % {"count": seconds // 3600}
    return _("%(count)d d ago") % {"count": seconds // 86_400}


def undo_seconds(entry: Transaction, now: datetime) -> int:
    """How long a till may still take it back: what it added or redeemed in the last minute, once. 0: not any more."""
    undoable = entry.kind in (Transaction.Kind.EARN, Transaction.Kind.REDEEM) and entry.reversed_at is None
    return max(0, int((entry.at + UNDO_WINDOW - now).total_seconds())) if undoable else 0


def result_of(entry: Transaction, *, currency: str, now: datetime) -> SaleResult:
    return SaleResult(
        code=entry.code,
        kind=entry.kind,
        points=abs(entry.points),
        amount=entry.order.total if entry.order is not None else None,
        reason=entry.reason,
        undo_seconds=undo_seconds(entry, now),
        undone=_undone(entry, currency),
        tier=_reached_by(entry),
    )


def _reached_by(entry: Transaction) -> str:
    """A tier is judged at the moment of the sale that reaches it."""
    if entry.kind != Transaction.Kind.EARN:
        return ""
    reached = TierChange.objects.filter(account_id=entry.account_id, cause=TierChange.Cause.REACHED, at=entry.at)
    return reached.values_list("tier__name", flat=True).first() or ""


def _undone(entry: Transaction, currency: str) -> str:
    """What a reversal took back: the points, and what they were for."""
    if entry.reverses is None:
        return ""
    points = abs(entry.points)
    facts = {"points": format_points(points), "reason": entry.reverses.reason}
    if entry.reverses.order is not None:
        facts["amount"] = format_money(entry.reverses.order.total, currency)
        text = ngettext(
            "%(points)s point for %(amount)s was taken back. The sale is cancelled.",
            "%(points)s points for %(amount)s were taken back. The sale is cancelled.",
            points,
        )
    elif entry.reverses.reason:
        text = ngettext(
            "%(points)s point came back: “%(reason)s” is not redeemed.",
            "%(points)s points came back: “%(reason)s” is not redeemed.",
            points,
        )
    else:
        text = ngettext("%(points)s point came back.", "%(points)s points came back.", points)
    return text % facts
