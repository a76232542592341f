"""What a member has at a moment, as the next touch of the ledger would find it. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from loyalty import rules
from loyalty.models import Account, HoldAllocation, Lot, LoyaltySettings


@dataclass(frozen=True, slots=True)
class Balance:
    """`points` can be spent now (not those that expired untouched); `worth` is their money value. `held` is set aside.

    `pending` can be spent later, the first of them from `available_next_at` on. `expiring_points` is what
    `expires_next_at` takes unless it is spent (or, where inactivity decides, the member is active) before.
    """

    is_member: bool
    points: int
    held: int
    debt: int
    lifetime_points: int
    worth: Decimal
    joined_at: datetime | None
    expires_next_at: datetime | None
    expiring_points: int
    pending: int = 0
    available_next_at: datetime | None = None
    tier_id: int | None = None


@dataclass(frozen=True, slots=True)
class Points:
    points: int
    tier_id: int | None


@dataclass(slots=True)
class _Lot:
    points: int
    available_at: datetime
    expires_at: datetime | None
    is_pending: bool


@dataclass(slots=True)
class _Touched:
    """An account on its way through a touch: `held` and `debt` follow what holds and waiting points give back."""

    held: int
    debt: int
    lots: dict[int, _Lot] = field(default_factory=dict)

    def pay(self, points: int) -> int:
        """What is left of `points` after debt."""
        paid = min(self.debt, points)
        self.debt -= paid
        return points - paid


def settings_now() -> LoyaltySettings:
    """The programme's settings, or the defaults where nothing was ever set. One query."""
    return LoyaltySettings.objects.filter(pk=1).first() or LoyaltySettings()


def balance_of(customer_id: int, *, now: datetime) -> Balance:
    """A customer's points at `now`; zeros for somebody who is not a member. Two to four queries."""
    account = Account.objects.filter(pk=customer_id).first()
    settings = settings_now()
    if account is None:
        return Balance(False, 0, 0, 0, 0, Decimal(0), None, None, 0)
    touched = _Touched(account.held, account.debt)
    lapses_at = account.lapses_at if settings.expiry_policy == LoyaltySettings.Expiry.INACTIVITY else None
    if account.expires_next_at is None:
        points, next_at, expiring = account.available, None, 0
    else:
        _read_lots(touched, customer_id)
        if account.held:
            _release_overdue(touched, customer_id, now)
        _mature(touched, now)
        points, next_at, expiring = _spendable(touched.lots.values(), lapses_at, now)
    waiting = [lot for lot in touched.lots.values() if lot.is_pending]
    return Balance(
        is_member=True,
        points=points,
        held=touched.held,
        debt=touched.debt,
        lifetime_points=account.lifetime,
        worth=rules.worth(points, settings.point_value),
        joined_at=account.joined_at,
        expires_next_at=next_at,
        expiring_points=expiring,
        pending=sum(lot.points for lot in waiting),
        available_next_at=min((lot.available_at for lot in waiting), default=None),
        tier_id=account.tier_id,
    )


def points_of(customer_ids: Sequence[int], *, now: datetime) -> Mapping[int, Points]:
    """What each member among these can spend at `now`, and their tier. One query, but for members whom time has passed
    since they were last touched: two to four more for each of these, who are few, because a sweep touches them.
    """
    found = {}
    rows = Account.objects.filter(pk__in=customer_ids).order_by("pk")
    for pk, available, next_at, tier_id in rows.values_list("pk", "available", "expires_next_at", "tier_id"):
        is_as_stored = next_at is None or next_at > now
        found[pk] = Points(available if is_as_stored else balance_of(pk, now=now).points, tier_id)
    return found


def _read_lots(touched: _Touched, customer_id: int) -> None:
    rows = Lot.objects.filter(account_id=customer_id, remaining__gt=0).order_by("available_at", "pk")
    for pk, remaining, available_at, expires_at, is_pending in rows.values_list(
        "pk", "remaining", "available_at", "expires_at", "is_pending"
    ):
        touched.lots[pk] = _Lot(remaining, available_at, expires_at, is_pending)


def _release_overdue(touched: _Touched, customer_id: int, now: datetime) -> None:
    """What holds that ran out give back, in the order of the ledger: the last allocation first, debt on the way."""
    overdue = HoldAllocation.objects.filter(hold__account_id=customer_id, hold__expires_at__lte=now)
    for part in overdue.select_related("lot").order_by("hold__expires_at", "hold_id", "-pk"):
        touched.held -= part.points
        lot = touched.lots.setdefault(part.lot_id, _Lot(0, part.lot.available_at, part.lot.expires_at, False))
        lot.points += touched.pay(part.points)


def _mature(touched: _Touched, now: datetime) -> None:
    for lot in touched.lots.values():
        if lot.is_pending and lot.available_at <= now:
            lot.is_pending = False
            lot.points = touched.pay(lot.points)


def _spendable(lots: Iterable[_Lot], lapses_at: datetime | None, now: datetime) -> tuple[int, datetime | None, int]:
    """Points that can be spent, when the next of them run out, and how many then.

    Points without a date of their own go when the account lapses, unless they became available after that moment.
    """
    live: list[tuple[int, datetime | None]] = []
    for lot in lots:
        ends_at = lot.expires_at
        if ends_at is None and lapses_at is not None and (lapses_at > now or lot.available_at < lapses_at):
            ends_at = lapses_at
        if lot.points and not lot.is_pending and (ends_at is None or ends_at > now):
            live.append((lot.points, ends_at))
    next_at = min((ends_at for _points, ends_at in live if ends_at is not None), default=None)
    expiring = sum(points for points, ends_at in live if next_at is not None and ends_at == next_at)
    return sum(points for points, _ends_at in live), next_at, expiring
