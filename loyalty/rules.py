"""Pure rules of points. No database, no clock, no Django. The SQL functions do the same arithmetic; tests compare."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Literal
from zoneinfo import ZoneInfo

Rounding = Literal["down", "nearest", "up"]

MAX_POINTS = 1_000_000_000  # of one operation: a slip above it is refused, not stored
MAX_RATE = Decimal(10_000)  # points for one unit of the currency
HOLD_MINUTES = 30  # how long points are set aside where nobody says
MAX_HOLD_MINUTES = 30 * 24 * 60
MAX_PENDING_DAYS = 90
MAX_EXPIRY_MONTHS = 120
UNDO_SECONDS = 60  # how long a cashier may take a sale back
FIRST_YEAR = 1900  # of a sale
CLOCK_TOLERANCE = timedelta(days=1)  # how far the clock of a shop's system may be ahead of ours

_MODES = {"down": ROUND_FLOOR, "nearest": ROUND_HALF_UP, "up": ROUND_CEILING}
_EXACT = Context(prec=60)  # amounts have up to 19 digits, rates 10


def points_for(amount: Decimal, rate: Decimal, rounding: str) -> int:
    """Whole points for `amount` (money, not negative) at `rate` points for each unit, rounded once per sale."""
    exact = _EXACT.multiply(amount, rate)
    return int(exact.to_integral_value(rounding=_MODES[rounding], context=_EXACT))


def worth(points: int, point_value: Decimal) -> Decimal:
    """What `points` are worth in money, exact; quantise when showing."""
    return points * point_value


def add_months(day: date, months: int) -> date:
    """The same day `months` later, or the last day of a shorter month: 31 January + 1 is 28 or 29 February."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def expires_at(earned_at: datetime, months: int | None, zone: ZoneInfo) -> datetime | None:
    """When points earned at `earned_at` (aware) expire: the end of the day `months` later in `zone`; None is never."""
    if months is None:
        return None
    last_day = add_months(earned_at.astimezone(zone).date(), months)
    return datetime.combine(last_day + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC)


def window_start(at: datetime, months: int | None, zone: ZoneInfo) -> datetime | None:
    """Where a window of `months` up to `at` begins: the start of the day that many months before; None is ever."""
    if months is None:
        return None
    first_day = add_months(at.astimezone(zone).date(), -months)
    return datetime.combine(first_day, time.min, tzinfo=zone).astimezone(UTC)


def expires_on(earned_at: datetime, months: int | None, day: str, zone: ZoneInfo) -> datetime:
    """The end of the first `day` of a year (MM-DD) that comes `months` after `earned_at` or later, in `zone`.

    29 February is the 28th in other years.
    """
    first = add_months(earned_at.astimezone(zone).date(), months or 0)
    last_day = next(
        wanted for wanted in (_day_of_year(first.year, day), _day_of_year(first.year + 1, day)) if wanted >= first
    )
    return datetime.combine(last_day + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC)


def _day_of_year(year: int, day: str) -> date:
    month, number = int(day[:2]), int(day[3:])
    return date(year, month, min(number, calendar.monthrange(year, month)[1]))


def available_at(earned_at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """When points earned at `earned_at` can be spent: at once, or from the start of the day `days` later in `zone`."""
    if days == 0:
        return earned_at
    first_day = earned_at.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(first_day, time.min, tzinfo=zone).astimezone(UTC)


def days_ago(at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The start of the day `days` days before `at`, in `zone`; 0 is the day of `at` itself."""
    first_day = at.astimezone(zone).date() - timedelta(days=days)
    return datetime.combine(first_day, time.min, tzinfo=zone).astimezone(UTC)
