"""Days are days in the programme's zone: "today", "last 7 days" and the borders of a month all come from here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EARLIEST = date(1, 1, 2)  # the midnight before is in no year of UTC for a zone east of it


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in one zone, both ends included. `start` and `end` are aware UTC with `end` exclusive."""

    first_day: date
    last_day: date
    zone: ZoneInfo

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1

    @property
    def start(self) -> datetime:
        return day_start(self.first_day, self.zone)

    @property
    def end(self) -> datetime:
        return day_start(day_after(self.last_day), self.zone)

    def before(self) -> Period:
        """The equally long period that ends the day before this one starts."""
        return Period(self.first_day - timedelta(days=self.days), self.first_day - timedelta(days=1), self.zone)


def day_after(day: date) -> date:
    """The next day; of the last day that there is, itself."""
    return min(day, date.max - timedelta(days=1)) + timedelta(days=1)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Midnight of `day` in `zone`, as aware UTC (the first existing instant where a clock change skips midnight)."""
    return datetime.combine(max(day, EARLIEST), time.min, tzinfo=zone).astimezone(UTC)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The calendar day of an aware moment in `zone`."""
    return moment.astimezone(zone).date()


def last_days(days: int, *, now: datetime, zone: ZoneInfo) -> Period:
    """The `days` days that end today."""
    today = local_day(now, zone)
    return Period(today - timedelta(days=days - 1), today, zone)
