"""The days that an analysis looks at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from core.clock import Period

DAYS = 90
YEAR_DAYS = 364  # 52 weeks: the same weekdays a year ago


@dataclass(frozen=True, slots=True)
class Window:
    """`first_sale` is the first day with an order; a period that begins before it is not whole and is left out."""

    as_of: date
    first_sale: date
    zone: ZoneInfo

    @property
    def now(self) -> Period:
        return Period(self.as_of - timedelta(days=DAYS - 1), self.as_of, self.zone)

    @property
    def before(self) -> Period | None:
        return self._whole(DAYS)

    @property
    def year(self) -> Period | None:
        return self._whole(YEAR_DAYS)

    @property
    def last_year(self) -> Period:
        """The newest 365 days, for what needs many sales."""
        return Period(self.as_of - timedelta(days=364), self.as_of, self.zone)

    @property
    def known_days(self) -> int:
        """With sales behind them, at most DAYS."""
        return min((self.as_of - self.first_sale).days + 1, DAYS)

    def periods(self) -> Iterator[tuple[str, Period]]:
        """The periods that are whole, by the names of `findings.Compared`; `now` is always there."""
        for name, period in (("now", self.now), ("before", self.before), ("year", self.year)):
            if period is not None:
                yield name, period

    def _whole(self, days_ago: int) -> Period | None:
        shift = timedelta(days=days_ago)
        period = Period(self.now.first_day - shift, self.now.last_day - shift, self.zone)
        return period if period.first_day >= self.first_sale else None
