"""Sales of a period: past days from the roll-ups, today from the orders themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Sum

from core.clock import Period, day_start, local_day
from customers.models import DailySales

SUMMED = (
    "orders", "revenue", "refunds", "member_orders", "member_revenue", "customers", "new_customers", "members",
    "units",
)  # fmt: skip

# The same figures as the roll-up, of the one day that is not over.
TODAY = """
    SELECT count(*), coalesce(sum(sale.total), 0),
           (SELECT coalesce(sum(refund.total), 0) FROM customers_refund AS refund
            LEFT JOIN customers_order AS origin ON origin.id = refund.order_id
            WHERE refund.refunded_at >= %(start)s AND refund.refunded_at < %(end)s
              AND origin.status IS DISTINCT FROM 'cancelled' AND {refund_of_business}),
           count(*) FILTER (WHERE facts.member_since < %(end)s),
           coalesce(sum(sale.total) FILTER (WHERE facts.member_since < %(end)s), 0),
           count(DISTINCT sale.customer_id),
           count(DISTINCT sale.customer_id) FILTER (
               WHERE facts.first_order_at >= %(start)s OR coalesce(facts.orders_count, 0) = 0),
           count(DISTINCT sale.customer_id) FILTER (WHERE facts.member_since < %(end)s),
           (SELECT coalesce(sum(counted.units), 0) FROM customers_dailysales AS counted
            WHERE counted.day = %(today)s AND {counted_of_business})
    FROM customers_order AS sale LEFT JOIN customers_customerfacts AS facts ON facts.customer_id = sale.customer_id
    WHERE sale.status <> 'cancelled' AND sale.placed_at >= %(start)s AND sale.placed_at < %(end)s AND {of_business}
"""


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One day or the sum of several. People counts are visits of people: the same person counts each day."""

    orders: int = 0
    revenue: Decimal = Decimal(0)
    refunds: Decimal = Decimal(0)
    member_orders: int = 0
    member_revenue: Decimal = Decimal(0)
    customers: int = 0
    new_customers: int = 0
    members: int = 0
    units: Decimal = Decimal(0)  # of all lines, before refunds; today's are of a minute ago

    @property
    def net(self) -> Decimal:
        return self.revenue - self.refunds

    def __add__(self, other: DayFigures) -> DayFigures:
        return DayFigures(*(getattr(self, name) + getattr(other, name) for name in SUMMED))


def sales_by_day(period: Period, *, business_id: int | None, now: datetime) -> Mapping[date, DayFigures]:
    """Figures of each day of the period that has any. Two queries, whatever the size."""
    today = local_day(now, period.zone)
    rows = DailySales.objects.filter(day__gte=period.first_day, day__lte=period.last_day).exclude(day=today)
    if business_id is not None:
        rows = rows.filter(business_id=business_id)
    sums: Any = rows.values("day").annotate(**{f"sum_{name}": Sum(name) for name in SUMMED})
    days = {row["day"]: DayFigures(*(row[f"sum_{name}"] for name in SUMMED)) for row in sums}
    if period.first_day <= today <= period.last_day:
        days[today] = _today(today, period, business_id)
    return days


def total_of(days: Mapping[date, DayFigures], period: Period) -> DayFigures:
    """The sum over a period; days without sales count nothing."""
    return sum((figures for day, figures in days.items() if period.first_day <= day <= period.last_day), DayFigures())


def every_day(period: Period) -> list[date]:
    return [period.first_day + timedelta(days=number) for number in range(period.days)]


def _today(today: date, period: Period, business_id: int | None) -> DayFigures:
    with connection.cursor() as cursor:
        cursor.execute(
            TODAY.format(
                of_business=_of_business("sale", business_id),
                refund_of_business=_of_business("refund", business_id),
                counted_of_business=_of_business("counted", business_id),
            ),
            {
                "today": today,
                "start": day_start(today, period.zone),
                "end": day_start(today + timedelta(days=1), period.zone),
                "business": business_id,
            },
        )
        return DayFigures(*cursor.fetchone())


def _of_business(table: str, business_id: int | None) -> str:
    return "true" if business_id is None else f"{table}.business_id = %(business)s"
