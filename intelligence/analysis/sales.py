"""Sales of the window: key figures, hours of the week, months of the year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from core.clock import Period
from customers.reports.people import people_of
from customers.reports.sales_split import sales_by_hour
from intelligence.analysis.findings import Compared, Hour, Hours, Month, MonthIndex, Season, Sold, Weekday
from intelligence.analysis.window import Window

WEEKS = 12  # whole weeks in a period: what varies from week to week is known from these
YEAR = 12  # months

SOLD = """
    SELECT coalesce(sum(revenue), 0), coalesce(sum(refunds), 0), coalesce(sum(orders), 0) FROM customers_dailysales
    WHERE day >= %(first)s AND day <= %(last)s
"""
# The spread of single orders and their discounts are in no roll-up.
ORDERS = """
    SELECT coalesce(avg(total), 0)::float8, coalesce(var_samp(total), 0)::float8,
           count(*) FILTER (WHERE discount > 0), coalesce(sum(discount), 0)::float8
    FROM customers_order WHERE status <> 'cancelled' AND placed_at >= %(start)s AND placed_at < %(end)s
"""
NEW = """
    SELECT (%(last)s - day) / 7, sum(customers) FROM customers_buyerday
    WHERE business_id IS NULL AND before IS NULL AND day > %(last)s - 7 * %(weeks)s AND day <= %(last)s GROUP BY 1
"""
DAILY = """
    SELECT day, sum(orders) FROM customers_dailysales WHERE day >= %(first)s AND day <= %(last)s GROUP BY 1
"""
MONTHS = """
    SELECT date_trunc('month', day)::date, sum(revenue - refunds), sum(orders) FROM customers_dailysales
    WHERE day >= %(first)s AND day < %(until)s GROUP BY 1 ORDER BY 1
"""


def compared_sales(window: Window) -> Compared[Sold]:
    """Four statements for each period, three of them on roll-ups."""
    found = {name: _sold(period) for name, period in window.periods()}
    return Compared(found["now"], found.get("before"), found.get("year"))


def hours_of(window: Window) -> Hours:
    """Two statements on roll-ups."""
    cells = [
        Hour(weekday, hour, sold.orders, money(sold.revenue))
        for (weekday, hour), sold in sorted(sales_by_hour(window.now, business_id=None).items())
        if sold.orders
    ]
    sold_on: dict[date, int] = dict(rows(DAILY, **_ends(window.now)))
    by_weekday: dict[int, list[int]] = defaultdict(list)
    for number in range(window.known_days - 1, -1, -1):
        day = window.as_of - timedelta(days=number)
        by_weekday[day.isoweekday()].append(int(sold_on.get(day, 0)))
    return Hours(cells, [Weekday(weekday, orders) for weekday, orders in sorted(by_weekday.items()) if any(orders)])


def season_of(window: Window) -> Season:
    """All whole months. One statement on roll-ups."""
    first = _month_after(window.first_sale) if window.first_sale.day > 1 else window.first_sale
    until = _month_after(window.as_of) if (window.as_of + timedelta(days=1)).day == 1 else window.as_of.replace(day=1)
    sold = {row[0]: row[1:] for row in rows(MONTHS, first=first, until=until)}
    months, month = [], first
    while month < until:
        revenue, orders = sold.get(month, (Decimal(0), 0))
        months.append(Month(month, money(revenue), int(orders)))
        month = _month_after(month)
    return Season(months, month_index(months))


def month_index(months: Sequence[Month]) -> list[MonthIndex]:
    """What a day of each month brings against a usual day of the twelve months around it, over whole years back from
    the newest month. Empty below two years: one year cannot tell season from luck."""
    found: dict[int, list[float]] = defaultdict(list)
    years = len(months) // YEAR
    for number in range(years):
        end = len(months) - number * YEAR
        year = months[end - YEAR : end]
        usual = sum(one.revenue for one in year) / sum(map(_days, year))
        if usual <= 0:
            return []
        for one in year:
            found[one.month.month].append(one.revenue / _days(one) / usual)
    if years < 2:
        return []
    return [
        MonthIndex(month, round(sum(all_) / years, 3), round(min(all_), 3), round(max(all_), 3), years)
        for month, all_ in sorted(found.items())
    ]


def money(amount: Decimal | float | None) -> float:
    return round(float(amount or 0), 2)


def rows(query: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()  # type: ignore[no-any-return]


def _sold(period: Period) -> Sold:
    ends = _ends(period)
    revenue, refunds, orders = rows(SOLD, **ends)[0]
    average, variance, discounted, discount = rows(ORDERS, start=period.start, end=period.end)[0]
    people = people_of(period, business_id=None)
    new: Mapping[int, int] = dict(rows(NEW, last=period.last_day, weeks=WEEKS))
    return Sold(
        revenue=money(revenue - refunds),
        gross=money(revenue),
        refunds=money(refunds),
        orders=int(orders),
        buyers=people.buyers,
        new=people.new,
        average=money(average),
        variance=round(variance, 4),
        discounted=discounted,
        discount=money(discount),
        weekly_new=[int(new.get(week, 0)) for week in range(WEEKS - 1, -1, -1)],
    )


def _ends(period: Period) -> dict[str, date]:
    return {"first": period.first_day, "last": period.last_day}


def _days(month: Month) -> int:
    return (_month_after(month.month) - month.month).days


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
