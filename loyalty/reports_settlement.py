"""Settlement as people read it: the months, what is owed for one, statements and the journal.

A month that is over can be closed: its lines are then rows. The first open month also carries what happened to closed
months since. Source: docs/algorithms/settlement.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Max, Min, Sum
from django.utils.translation import gettext as _

from core.clock import Period, local_day
from loyalty.balances import settings_now
from loyalty.errors import UnknownMonth
from loyalty.models import FinalLine, FinalStatement, SettlementLine, SettlementMonth, Transaction
from loyalty.reports_points import FIRST_DAY, read_flows
from loyalty.settlement import Debt, Netted, Party, debts_of, net
from workspace.models import Business

MOST_MONTHS = 120  # shown; ten years

# Redemptions by issuer and place. What no business did or issued is the programme's own.
SPENT = """
    SELECT issuer_id, business_id, -sum(points)::bigint FROM ({flows}) AS flows
    WHERE flow = 'spent' AND issuer_id IS DISTINCT FROM business_id
    GROUP BY 1, 2 HAVING sum(points) <> 0
"""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the businesses owe each other for a month. `names` has everybody in it; None is the programme's account.

    An open month changes with every redemption and is at today's value of a point; a closed one never changes.
    """

    month: date
    is_over: bool
    closed: SettlementMonth | None
    closed_on: date | None  # in the programme's zone
    point_value: Decimal
    currency: str
    debts: Sequence[Debt]
    names: Mapping[Party, str]

    @property
    def is_closed(self) -> bool:
        return self.closed is not None

    @property
    def pairs(self) -> list[Netted]:
        return net(self.debts)

    @property
    def last_day(self) -> date:
        return next_month(self.month) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MonthRow:
    """`can_close`: it is over and all months before it are closed."""

    month: date
    closed: SettlementMonth | None
    is_over: bool
    can_close: bool


def month_of(day: date) -> date:
    return day.replace(day=1)


def next_month(month: date) -> date:
    return month_of(month + timedelta(days=31))


def parse_month(text: str) -> date:
    """2026-06 as its first day. Raises UnknownMonth."""
    try:
        year, number = text.split("-")
        if not (len(year) == 4 and len(number) == 2 and f"{year}{number}".isascii() and f"{year}{number}".isdigit()):
            raise ValueError(text)
        return date(int(year), int(number), 1)
    except ValueError as error:
        raise UnknownMonth() from error


def first_open_month(zone: ZoneInfo) -> date | None:
    """The month after the last closed one, or that of the first transaction; None before there is one."""
    last = SettlementMonth.objects.aggregate(last=Max("month"))["last"]
    if last is not None:
        return next_month(last)
    first = Transaction.objects.aggregate(first=Min("at"))["first"]
    return month_of(local_day(first, zone)) if first is not None else None


def first_month(zone: ZoneInfo) -> date | None:
    """The oldest month that can be read; None before the first transaction. Up to three queries."""
    return SettlementMonth.objects.aggregate(first=Min("month"))["first"] or first_open_month(zone)


def months(*, zone: ZoneInfo, now: datetime) -> list[MonthRow]:
    """Every month from the first transaction to this one, newest first, at most MOST_MONTHS. Two or three queries."""
    this = month_of(local_day(now, zone))
    closed = {month.month: month for month in SettlementMonth.objects.order_by("-month")[:MOST_MONTHS]}
    first_open = first_open_month(zone)
    rows = [MonthRow(month, row, is_over=True, can_close=False) for month, row in closed.items()]
    month = first_open
    while month is not None and month <= this:
        is_over = month < this
        rows.append(MonthRow(month, None, is_over, can_close=is_over and month == first_open))
        month = next_month(month)
    return sorted(rows, key=lambda row: row.month, reverse=True)[:MOST_MONTHS]


def settlement_of(month: date, *, zone: ZoneInfo, currency: str, now: datetime) -> Settlement:
    """A month's debts: those that were closed, or as they stand now. Raises UnknownMonth before the first transaction
    and after this month. Up to six queries.
    """
    this = month_of(local_day(now, zone))
    closed = SettlementMonth.objects.filter(pk=month).first()
    if closed is not None:
        lines = list(closed.lines.order_by("pk"))
        names: dict[Party, str] = {line.debtor_id: line.debtor_name for line in lines}
        names |= {line.creditor_id: line.creditor_name for line in lines}
        debts = [Debt(line.debtor_id, line.creditor_id, line.points, line.amount) for line in lines]
        day = local_day(closed.closed_at, zone)
        return Settlement(month, True, closed, day, closed.point_value, closed.currency, debts, _named(names))
    first_open = first_open_month(zone)
    if first_open is None or not first_open <= month <= this:
        raise UnknownMonth()
    value = settings_now().point_value
    debts = debts_of(spent_in(month, first_open, zone), point_value=value, currency=currency)
    names = dict(Business.objects.values_list("pk", "name"))
    return Settlement(month, month < this, None, None, value, currency, debts, _named(names))


def spent_in(
    month: date, first_open: date, zone: ZoneInfo, *, until: date | None = None
) -> dict[tuple[Party, Party], int]:
    """Points by issuer and place: of the month (up to the day `until`); for the first open one of everything up to its
    end, less what closed months and final statements have settled, so that nothing is settled twice or never.

    What happens to the points or the place of a business that has left is the programme's own. Five queries.
    """
    is_first = month == first_open
    last = next_month(month) - timedelta(days=1)
    period = Period(FIRST_DAY if is_first else month, min(last, until) if until else last, zone)
    spent: dict[tuple[Party, Party], int] = {(row[0], row[1]): row[2] for row in read_flows(SPENT, period)}
    if is_first:
        settled = SettlementLine.objects.values_list("debtor", "creditor").annotate(total=Sum("points"))
        for debtor, creditor, points in settled:
            spent[debtor, creditor] = spent.get((debtor, creditor), 0) - points
    left = set(FinalStatement.objects.values_list("business", flat=True))
    if not left:
        return {pair: points for pair, points in spent.items() if points}
    final = FinalLine.objects.filter(month__lte=month) if is_first else FinalLine.objects.filter(month=month)
    for debtor, creditor, points in final.values_list("debtor", "creditor").annotate(total=Sum("points")):
        spent[debtor, creditor] = spent.get((debtor, creditor), 0) - points
    owed: dict[tuple[Party, Party], int] = {}
    for (issuer, place), points in spent.items():
        pair = (None if issuer in left else issuer, None if place in left else place)
        owed[pair] = owed.get(pair, 0) + points
    return {pair: points for pair, points in owed.items() if points}


def _named(names: Mapping[Party, str]) -> dict[Party, str]:
    return {**names, None: _("The programme’s own account")}
