"""What the points page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Sum
from django.db.models.functions import TruncDay

from customers.models import Customer
from loyalty.models import Lot, LoyaltySettings, Transaction
from programs.models import Programme
from screens.reports_movements import Movement, MovementPage, movement_page

WARN_DAYS = 60  # how far ahead expiring points are mentioned


@dataclass(frozen=True, slots=True)
class Expiring:
    points: int
    day: date


@dataclass(frozen=True, slots=True)
class PointsSummary:
    """`worth` is in the programme's currency; None while a point has no value."""

    balance: int
    worth: Decimal | None
    expiring: Expiring | None
    recent: list[Movement]
    has_more: bool


def points_summary(*, customer: Customer, programme: Programme, now: datetime, recent: int) -> PointsSummary:
    """Balance, what it is worth, what runs out next, the last transactions. Four queries."""
    balance = balance_of(customer.pk, now)
    value = LoyaltySettings.objects.values_list("point_value", flat=True).first()
    if value is None:
        value = LoyaltySettings().point_value
    rows = history_page(customer=customer, programme=programme, after="", limit=recent, now=now)
    return PointsSummary(
        balance=balance,
        worth=balance * value if value else None,
        expiring=_expiring(customer.pk, programme, now),
        recent=rows.rows,
        has_more=bool(rows.next_after),
    )


def balance_of(customer_id: int, now: datetime) -> int:
    """What could be spent now: live lots only, so points that ran out a moment ago do not show."""
    live = Lot.objects.filter(account_id=customer_id, remaining__gt=0, available_at__lte=now).exclude(
        expires_at__lte=now
    )
    return int(live.aggregate(points=Sum("remaining"))["points"] or 0)


def _expiring(customer_id: int, programme: Programme, now: datetime) -> Expiring | None:
    soon = Lot.objects.filter(
        account_id=customer_id, remaining__gt=0, expires_at__gt=now, expires_at__lte=now + timedelta(days=WARN_DAYS)
    )
    days = soon.annotate(day=TruncDay("expires_at", tzinfo=programme.zone)).values("day")
    first = days.annotate(points=Sum("remaining")).order_by("day").first()
    return Expiring(int(first["points"]), first["day"].date()) if first else None


def history_page(*, customer: Customer, programme: Programme, after: str, limit: int, now: datetime) -> MovementPage:
    """One page of everything that moved this customer's points, newest first."""
    mine = Transaction.objects.done().filter(account_id=customer.pk)
    return movement_page(mine, after=after, limit=limit, currency=programme.currency, zone=programme.zone, now=now)
