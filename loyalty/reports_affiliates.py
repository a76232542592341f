"""What affiliates brought and what they get: in all, month by month, day by day. Reads only.

People who are limited to one business see what its sales made; clicks, payouts and the balance are the programme's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Count, DateField, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate, TruncMonth

from core.actor import Actor
from core.clock import Period, day_start, last_days, local_day
from loyalty.models import (
    Affiliate,
    AffiliateCustomer,
    AffiliateDay,
    AffiliateLine,
    AffiliatePayout,
    AffiliateSale,
)
from loyalty.rules import add_months

ZERO = Decimal(0)
WINDOW = 30  # days of the list's figures and of the chart
MOST_MONTHS = 24
Kind, State = AffiliateLine.Kind, AffiliatePayout.State
_OPEN = Q(payout__isnull=True)
_COUNTED = Q(commission__gt=0)
_CAME = ~Q(state=AffiliateCustomer.State.ENDED) | Q(bought_at__isnull=False)


@dataclass(frozen=True, slots=True)
class Money:
    """`on_hold` waits for its day, `payable` can be paid out now, `in_payouts` is in statements not paid yet.

    `balance` is what is owed in all: the three together, which is everything earned less everything paid.
    """

    on_hold: Decimal = ZERO
    payable: Decimal = ZERO
    in_payouts: Decimal = ZERO
    paid: Decimal = ZERO

    @property
    def balance(self) -> Decimal:
        return self.on_hold + self.payable + self.in_payouts


@dataclass(frozen=True, slots=True)
class AffiliateRow:
    """An affiliate with the figures of the last WINDOW days; `waiting` people are to be looked at."""

    affiliate: Affiliate
    clicks: int
    customers: int
    sales: int
    earned: Decimal
    money: Money
    waiting: int


@dataclass(slots=True)
class MonthRow:
    """`earned` has a month's cap in it, `taken` is below 0. By the day of the booking; `balance` is at its end."""

    month: date
    clicks: int = 0
    customers: int = 0
    first_purchases: int = 0
    sales: int = 0
    earned: Decimal = ZERO
    taken: Decimal = ZERO
    paid: Decimal = ZERO
    balance: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Days:
    """Clicks and sales of each day of a period."""

    period: Period
    clicks: Sequence[int] = field(default_factory=list)
    sales: Sequence[int] = field(default_factory=list)

    @property
    def days(self) -> list[date]:
        return [self.period.first_day + timedelta(days=number) for number in range(self.period.days)]


def overview(*, actor: Actor, now: datetime, zone: ZoneInfo) -> list[AffiliateRow]:
    """All affiliates, those who are active first, by name. Seven queries, whatever their number."""
    since = last_days(WINDOW, now=now, zone=zone)
    clicks = _sums(AffiliateDay.objects.filter(day__gte=since.first_day), Sum("clicks"))
    came = _sums(AffiliateCustomer.objects.filter(_CAME, _mine(actor), created_at__gte=since.start), Count("pk"))
    review = AffiliateCustomer.objects.filter(_mine(actor), state=AffiliateCustomer.State.REVIEW)
    waiting = _sums(review, Count("pk"))
    sales = AffiliateSale.objects.filter(_COUNTED, _mine(actor), day__gte=since.first_day)
    sold, earned = _sums(sales, Count("pk")), _sums(sales, Sum("commission"))
    money = _money(AffiliateLine.objects.visible_to(actor), now)
    rows = [
        AffiliateRow(
            affiliate=one,
            clicks=int(clicks.get(one.pk, 0)) if actor.business_id is None else 0,
            customers=int(came.get(one.pk, 0)),
            sales=int(sold.get(one.pk, 0)),
            earned=earned.get(one.pk, ZERO),
            money=money.get(one.pk, Money()),
            waiting=int(waiting.get(one.pk, 0)),
        )
        for one in Affiliate.objects.order_by("name", "pk")
    ]
    order = list(Affiliate.State)
    return sorted(rows, key=lambda row: order.index(Affiliate.State(row.affiliate.state)))


def money_of(affiliate: Affiliate, *, actor: Actor, now: datetime) -> Money:
    """One query."""
    lines = AffiliateLine.objects.visible_to(actor).filter(affiliate=affiliate)
    return _money(lines, now).get(affiliate.pk, Money())


def money_by_affiliate(pks: Collection[int], *, actor: Actor, now: datetime) -> Mapping[int, Money]:
    """One query; who has no lines is not in it."""
    return _money(AffiliateLine.objects.visible_to(actor).filter(affiliate_id__in=pks), now)


def months_of(affiliate: Affiliate, *, actor: Actor, zone: ZoneInfo, now: datetime) -> list[MonthRow]:
    """Newest first, from the first month with anything in it on, at most MOST_MONTHS. Five queries."""
    this = local_day(now, zone).replace(day=1)
    first = add_months(this, 1 - MOST_MONTHS)
    rows = _Months(first)
    _note_people(rows, affiliate, actor, zone)
    balance = _note_money(rows, affiliate, actor, zone)
    if not rows.rows:
        return []
    month = min(rows.rows)
    while month <= this:
        found = rows.of(month)
        balance += found.earned + found.taken - found.paid
        found.balance = balance
        month = add_months(month, 1)
    return sorted(rows.rows.values(), key=lambda found: found.month, reverse=True)


class _Months:
    """Rows by month, made when they are first asked for."""

    def __init__(self, first: date) -> None:
        self.first = first
        self.rows: dict[date, MonthRow] = {}

    def of(self, month: date) -> MonthRow:
        return self.rows.setdefault(month, MonthRow(month))


def _note_people(rows: _Months, affiliate: Affiliate, actor: Actor, zone: ZoneInfo) -> None:
    if actor.business_id is None:
        days = AffiliateDay.objects.filter(affiliate=affiliate, day__gte=rows.first).annotate(month=TruncMonth("day"))
        for month, clicks in days.values_list("month").annotate(total=Sum("clicks")):
            rows.of(month).clicks = clicks
    people = AffiliateCustomer.objects.filter(_mine(actor), _CAME, affiliate=affiliate)
    came = people.filter(created_at__gte=day_start(rows.first, zone)).annotate(month=_month("created_at", zone))
    for month, number in came.values_list("month").annotate(number=Count("pk")):
        rows.of(month).customers = number
    sales = AffiliateSale.objects.filter(_COUNTED, _mine(actor), affiliate=affiliate, month__gte=rows.first)
    counted = sales.values_list("month").annotate(number=Count("pk"), firsts=Count("pk", filter=Q(is_first=True)))
    for month, number, firsts in counted:
        rows.of(month).sales, rows.of(month).first_purchases = number, firsts


def _note_money(rows: _Months, affiliate: Affiliate, actor: Actor, zone: ZoneInfo) -> Decimal:
    """Returns the balance before the first of the months."""
    before = ZERO
    lines = AffiliateLine.objects.visible_to(actor).filter(affiliate=affiliate)
    booked = lines.annotate(booked=_month("at", zone)).values_list("booked", "kind")
    for month, kind, amount in booked.annotate(total=Sum("amount")):
        if month < rows.first:
            before += amount
        elif kind == Kind.TAKEN:
            rows.of(month).taken += amount
        else:
            rows.of(month).earned += amount
    paid = lines.filter(payout__state=State.PAID).annotate(paid_in=TruncMonth("payout__paid_on"))
    for month, amount in paid.values_list("paid_in").annotate(total=Sum("amount")):
        if month < rows.first:
            before -= amount
        else:
            rows.of(month).paid = amount
    return before


def days_of(affiliate: Affiliate, *, actor: Actor, zone: ZoneInfo, now: datetime, days: int = WINDOW) -> Days:
    """Two queries."""
    period = last_days(days, now=now, zone=zone)
    clicks = AffiliateDay.objects.filter(affiliate=affiliate, day__range=(period.first_day, period.last_day))
    clicked: dict[date, int] = dict(clicks.values_list("day", "clicks")) if actor.business_id is None else {}
    sales = AffiliateSale.objects.filter(_COUNTED, _mine(actor), affiliate=affiliate, day__gte=period.first_day)
    sold = dict(sales.values_list("day").annotate(number=Count("pk")).values_list("day", "number"))
    each = Days(period).days
    return Days(period, [clicked.get(day, 0) for day in each], [sold.get(day, 0) for day in each])


def oldest_hold(affiliate: Affiliate, *, now: datetime) -> datetime | None:
    """When the next commission can be paid out; None where none waits. One query."""
    waiting = AffiliateLine.objects.open().filter(affiliate=affiliate, payable_at__gt=now, amount__gt=0)
    found: datetime | None = waiting.aggregate(first=Min("payable_at"))["first"]
    return found


def _mine(actor: Actor) -> Q:
    return Q() if actor.business_id is None else Q(business_id=actor.business_id)


def _month(name: str, zone: ZoneInfo) -> TruncMonth:
    return TruncMonth(TruncDate(name, tzinfo=zone), output_field=DateField())


def _sums(rows: QuerySet, figure: Sum | Count) -> Mapping[int, Decimal]:  # type: ignore[type-arg]
    return dict(
        rows.order_by().values_list("affiliate_id").annotate(figure=figure).values_list("affiliate_id", "figure")
    )


def _money(lines: QuerySet[AffiliateLine], now: datetime) -> dict[int, Money]:
    def total(where: Q) -> Coalesce:
        return Coalesce(Sum("amount", filter=where), ZERO)

    found = (
        lines.order_by()
        .values_list("affiliate_id")
        .annotate(
            hold=total(_OPEN & Q(payable_at__gt=now)),
            payable=total(_OPEN & Q(payable_at__lte=now)),
            stated=total(Q(payout__state=State.OPEN)),
            paid=total(Q(payout__state=State.PAID)),
        )
    )
    return {pk: Money(hold, payable, stated, paid) for pk, hold, payable, stated, paid in found}
