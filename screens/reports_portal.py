"""What the points page shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from core.keyset import KeysetPage
from customers.models import Customer
from loyalty.models import Transaction
from loyalty.reports import balance_of
from programs.models import Programme
from screens.reports_movements import Movement, movement_page

WARN_DAYS = 60  # how far ahead expiring points are mentioned


@dataclass(frozen=True, slots=True)
class Expiring:
    """`day` is the last day, in the programme's zone, on which the points can be spent."""

    points: int
    day: date


@dataclass(frozen=True, slots=True)
class PointsSummary:
    """`worth` is in the programme's currency; 0 when a point has no value. `held` points are not in `balance`."""

    balance: int
    held: int
    worth: Decimal
    expiring: Expiring | None
    recent: Sequence[Movement]
    has_more: bool


def points_summary(*, customer: Customer, programme: Programme, now: datetime, recent: int) -> PointsSummary:
    """Balance, what it is worth, what runs out next, the last transactions. Three or four queries."""
    balance = balance_of(customer.pk, now=now)
    rows = history_page(customer=customer, programme=programme, cursor="", size=recent, now=now)
    expiring = None
    if balance.expires_next_at is not None and balance.expires_next_at <= now + timedelta(days=WARN_DAYS):
        last_moment = balance.expires_next_at.astimezone(programme.zone) - timedelta(microseconds=1)
        expiring = Expiring(balance.expiring_points, last_moment.date())
    return PointsSummary(balance.points, balance.held, balance.worth, expiring, rows.rows, bool(rows.next_cursor))


def history_page(
    *, customer: Customer, programme: Programme, cursor: str, size: int, now: datetime
) -> KeysetPage[Movement]:
    """One page of everything that moved this customer's points, newest first."""
    mine = Transaction.objects.done().filter(account_id=customer.pk)
    return movement_page(mine, cursor=cursor, size=size, currency=programme.currency, zone=programme.zone, now=now)
