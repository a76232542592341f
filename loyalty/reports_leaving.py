"""What a business that leaves owes and is owed, and what depends on it alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q, Sum

from core.clock import Period, day_start, local_day
from core.money import quantise
from loyalty import settlement as rules
from loyalty.balances import settings_now
from loyalty.models import FinalStatement, Hold, Leaving, Reward, StampCard, StampReward
from loyalty.reports_points import FIRST_DAY, read_flows
from loyalty.reports_settlement import first_open_month, month_of, next_month, spent_in
from loyalty.settlement import Debt, Party, debts_of
from programs.models import Invitation, Membership, Programme
from workspace.models import ApiClient, Business, TillDevice

# What a business issued, less what was redeemed, ran out or was taken back: what members hold of it.
HELD = """
    SELECT coalesce(sum(points), 0)::bigint FROM ({flows}) AS flows WHERE flow <> 'spent' AND issuer_id = %(issuer)s
"""
# What of it has run out by `ended`: what nobody has looked at since, and what was looked at only afterwards. Points run
# out at midnights, so those that an inactive account lost in the day after were over at its beginning.
RUN_OUT = """
    SELECT coalesce(sum(points), 0)::bigint FROM (
        SELECT l.remaining AS points FROM loyalty_lot l JOIN loyalty_account a ON a.customer_id = l.account_id
        WHERE l.issuer_id = %(issuer)s AND l.remaining > 0 AND (
            l.expires_at <= %(ended)s
            OR l.expires_at IS NULL AND NOT l.is_pending AND l.available_at < a.lapses_at
               AND a.lapses_at <= %(ended)s AND ledger_lapses_at('-infinity') <= %(ended)s
        )
        UNION ALL
        SELECT p.points -- of claims that have run out themselves
        FROM loyalty_hold h
        JOIN loyalty_holdallocation p ON p.hold_id = h.transaction_id
        JOIN loyalty_lot l ON l.id = p.lot_id
        WHERE h.state = 'held' AND h.expires_at <= %(ended)s AND l.issuer_id = %(issuer)s AND l.expires_at <= %(ended)s
        UNION ALL
        SELECT -e.amount
        FROM loyalty_transaction t
        JOIN loyalty_entry e ON e.transaction_id = t.id
        JOIN loyalty_lot l ON l.id = e.lot_id
        WHERE t.kind = 'expire' AND t.at >= %(ended)s AND l.issuer_id = %(issuer)s
        AND (l.expires_at <= %(ended)s OR l.expires_at IS NULL AND t.at < %(next_ended)s)
    ) AS gone
"""


@dataclass(frozen=True, slots=True)
class LeavingPreview:
    """What happens if the business left at the end of a day; figures are those of now.

    `debts` has each pair once, `points` are live ones of the business, worth `amount`. `balance` is what the business
    gets (below zero: pays) before the live points.
    """

    debts: Sequence[Debt]
    lines: Sequence[rules.StatementLine]
    points: int
    amount: Decimal
    balance: Decimal
    claims: int
    claim_points: int
    rewards: int
    stamp_cards: int
    full_cards: int
    managers: int
    others: int
    invitations: int
    keys: int
    tills: int
    currency: str
    point_value: Decimal


def leaving_of(business: Business) -> Leaving | None:
    """The newest leaving of the business that was not called off."""
    return Leaving.objects.filter(business=business).exclude(state=Leaving.State.CANCELLED).first()


def is_last_business(business: Business) -> bool:
    """Whether no other business is open and stays."""
    going = Leaving.objects.filter(state=Leaving.State.SCHEDULED).values("business")
    return not Business.objects.active().exclude(pk=business.pk).exclude(pk__in=going).exists()


def asked_leavings() -> list[Leaving]:
    """What managers have asked for and no owner has decided, oldest first."""
    return list(Leaving.objects.filter(state=Leaving.State.ASKED).select_related("business").order_by("pk")[:20])


def open_debts(
    business_id: int, last_day: date, *, programme: Programme, point_value: Decimal
) -> list[tuple[date, Debt]]:
    """The debts from and to a business that no closed month has settled, by month. Five queries for each open month."""
    zone = programme.zone
    first = month = first_open_month(zone)
    found: list[tuple[date, Debt]] = []
    while first is not None and month is not None and month <= month_of(last_day):
        spent = spent_in(month, first, zone, until=last_day)
        own = {pair: points for pair, points in spent.items() if business_id in pair}
        found += [(month, debt) for debt in debts_of(own, point_value=point_value, currency=programme.currency)]
        month = next_month(month)
    return found


def live_points(business_id: int, last_day: date, *, zone: ZoneInfo) -> int:
    """Points of the business that members hold at the end of a day, without those that have run out. Three queries."""
    period = Period(FIRST_DAY, last_day, zone)
    held = int(read_flows(HELD, period, {"issuer": business_id})[0][0])
    next_ended = day_start(last_day + timedelta(days=2), zone)
    with connection.cursor() as cursor:
        cursor.execute(RUN_OUT, {"issuer": business_id, "ended": period.end, "next_ended": next_ended})
        over = int(cursor.fetchone()[0])
    return max(0, held - over)


def preview_leaving(business: Business, *, programme: Programme, now: datetime) -> LeavingPreview:
    """What leaving would do, as of today. About twenty queries, whatever the number of members."""
    today = local_day(now, programme.zone)
    value = settings_now().point_value
    by_month = [debt for _month, debt in open_debts(business.pk, today, programme=programme, point_value=value)]
    debts = rules.together(by_month)
    lines = rules.statement_of(business.pk, debts)
    points = live_points(business.pk, today, zone=programme.zone)
    here = Q(transaction__business=business.pk) | Q(transaction__reward__business=business.pk)
    claims = Hold.objects.filter(here, state=Hold.State.HELD)
    roles = list(Membership.objects.filter(programme=programme, business_id=business.pk).values_list("role", flat=True))
    managers = sum(role == "manager" for role in roles)
    ready = StampReward.objects.filter(book__card__business=business, state=StampReward.State.READY)
    invitations = Invitation.objects.filter(
        programme=programme, business_id=business.pk, accepted_at=None, revoked_at=None
    )
    return LeavingPreview(
        debts=debts,
        lines=lines,
        points=points,
        amount=rules.price(points, value, programme.currency),
        balance=sum((line.balance for line in lines), Decimal(0)),
        claims=claims.count(),
        claim_points=claims.aggregate(total=Sum("points"))["total"] or 0,
        rewards=Reward.objects.filter(business=business, is_active=True).count(),
        stamp_cards=StampCard.objects.filter(business=business, is_active=True).count(),
        full_cards=ready.count(),
        managers=managers,
        others=len(roles) - managers,
        invitations=invitations.count(),
        keys=ApiClient.objects.filter(business=business, is_active=True).count(),
        tills=TillDevice.objects.filter(business=business, is_active=True).count(),
        currency=programme.currency,
        point_value=value,
    )


@dataclass(frozen=True, slots=True)
class FinalShown:
    """A stored final statement: its debts by pair, and what the business gets in the end (below zero: pays)."""

    statement: FinalStatement
    debts: Sequence[Debt]
    names: dict[Party, str]
    amount: Decimal  # that the live points are worth
    balance: Decimal
    closed_on: date

    @property
    def is_paid(self) -> bool:
        return self.statement.way == "paid"


def final_of(statement: FinalStatement, *, zone: ZoneInfo, own_name: str) -> FinalShown:
    """One query."""
    lines = list(statement.lines.order_by("month", "pk"))
    names: dict[Party, str] = {statement.business_id: statement.business_name}
    names |= {line.debtor_id: line.debtor_name for line in lines}
    names |= {line.creditor_id: line.creditor_name for line in lines}
    names[None] = own_name
    currency = statement.currency
    debts = rules.together(
        Debt(line.debtor_id, line.creditor_id, line.points, quantise(line.amount, currency)) for line in lines
    )
    amount = quantise(statement.amount, currency)
    balance = rules.final_balance(debts, leaver=statement.business_id, amount=amount, is_paid=statement.way == "paid")
    return FinalShown(statement, debts, names, amount, balance, local_day(statement.closed_at, zone))
