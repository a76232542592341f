"""Sales of a period by hour of the week, channel and business: added up from roll-ups, a minute behind at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, Func, IntegerField, QuerySet, Sum

from core.clock import Period
from customers.models import DailySales, HourlySales

HOURS = range(24)
WEEKDAYS = range(1, 8)  # Monday to Sunday, as ISO counts them


@dataclass(frozen=True, slots=True)
class Sold:
    """Orders, what they came to, and what was given back."""

    orders: int = 0
    revenue: Decimal = Decimal(0)
    refunds: Decimal = Decimal(0)

    @property
    def net(self) -> Decimal:
        return self.revenue - self.refunds

    @property
    def average(self) -> Decimal | None:
        """Of an order, before refunds; None without orders."""
        return self.revenue / self.orders if self.orders else None

    def __add__(self, other: Sold) -> Sold:
        return Sold(self.orders + other.orders, self.revenue + other.revenue, self.refunds + other.refunds)


NOTHING = Sold()


class IsoWeekday(Func):
    template = "(extract(isodow FROM %(expressions)s)::int)"
    output_field = IntegerField()


def sales_by_hour(period: Period, *, business_id: int | None) -> Mapping[tuple[int, int], Sold]:
    """(weekday, hour) → what was sold, where anything was. One query."""
    rows = _sums(_hours(period, business_id).annotate(weekday=IsoWeekday(F("day"))).values("weekday", "hour"))
    return {(row["weekday"], row["hour"]): _sold(row) for row in rows}


def sales_by_channel(period: Period, *, business_id: int | None) -> Mapping[str, Sold]:
    """Channel → what was sold, most first; refunds of no order are under "". One query."""
    rows = _sums(_hours(period, business_id).values("channel")).order_by("-sum_revenue", "channel")
    return {row["channel"]: _sold(row) for row in rows}


def sales_by_business(period: Period, *, business_id: int | None) -> Mapping[int, Sold]:
    """Business → what it sold, most first. One query."""
    rows = DailySales.objects.filter(day__gte=period.first_day, day__lte=period.last_day)
    if business_id is not None:
        rows = rows.filter(business_id=business_id)
    sums = _sums(rows.values("business_id")).order_by("-sum_revenue", "business_id")
    return {row["business_id"]: _sold(row) for row in sums}


def total_sold(parts: Sequence[Sold]) -> Sold:
    return sum(parts, NOTHING)


def _hours(period: Period, business_id: int | None) -> QuerySet[HourlySales]:
    rows = HourlySales.objects.filter(day__gte=period.first_day, day__lte=period.last_day)
    return rows if business_id is None else rows.filter(business_id=business_id)


def _sums(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    sums: QuerySet[Any, Any] = rows.annotate(
        sum_orders=Sum("orders"), sum_revenue=Sum("revenue"), sum_refunds=Sum("refunds")
    )
    return sums


def _sold(row: Mapping[str, Any]) -> Sold:
    return Sold(row["sum_orders"], row["sum_revenue"], row["sum_refunds"])
