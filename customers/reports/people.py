"""Different people of a period, and the time between their purchases: added up from `BuyerDay`.

A person who came on several days of a period is counted on the first of them, the one whose day before lies ahead of
the period. So counts of people are exact for every period, and cost as many rows as there are pairs of days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from django.db import connection

from core.clock import Period

Grain = Literal["day", "week", "month"]

# Each who bought as a member once: on the first such day.
MEMBERS = """
    coalesce(sum(CASE WHEN before >= %(first)s THEN members - members_before ELSE members END), 0)
"""
PEOPLE = f"""
    SELECT coalesce(sum(customers) FILTER (WHERE before IS NULL OR before < %(first)s), 0),
           coalesce(sum(customers) FILTER (WHERE before IS NULL), 0),
           coalesce(sum(customers), 0), {MEMBERS}
    FROM customers_buyerday WHERE {{of_period}}
"""
# In each part of the period once, and in the whole once: one look at the rows for both.
BY_GRAIN = f"""
    SELECT part, sum(customers) FILTER (WHERE before IS NULL), sum(customers) FILTER (WHERE before < part),
           sum(customers) FILTER (WHERE before < %(first)s), sum(customers), {MEMBERS}
    FROM (
        SELECT greatest(date_trunc(%(grain)s, day::timestamp)::date, %(first)s) AS part, before, customers, members,
               members_before
        FROM customers_buyerday WHERE {{of_period}}
    ) AS dated GROUP BY GROUPING SETS ((part), ())
"""
GAPS = """
    SELECT day - before, sum(customers) FROM customers_buyerday
    WHERE {of_period} AND before IS NOT NULL GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class PeopleFigures:
    """Different people who bought; `new` for the first time ever, `visits` counts them once a day.

    `members` bought as such: on the day of joining or later.
    """

    buyers: int = 0
    new: int = 0
    visits: int = 0
    members: int = 0

    @property
    def returning(self) -> int:
        """Who had bought before the period began."""
        return self.buyers - self.new

    @property
    def repeat_rate(self) -> float | None:
        """Percent of the buyers; None when nobody bought."""
        return self.returning / self.buyers * 100 if self.buyers else None

    @property
    def visits_each(self) -> float | None:
        return self.visits / self.buyers if self.buyers else None


@dataclass(frozen=True, slots=True)
class PeopleByPart:
    """`parts`: (new, known before) people of each part of the period that had any, by its first day."""

    whole: PeopleFigures
    parts: Mapping[date, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Gaps:
    """Days from one purchase to the next, of those that ended in the period: days → how many."""

    counts: Mapping[int, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def median(self) -> int | None:
        """The days within which half came back; None when nobody did."""
        half, seen = self.total / 2, 0
        for days, count in sorted(self.counts.items()):
            seen += count
            if seen >= half:
                return days
        return None

    def between(self, low: int, high: int | None) -> int:
        """How many came back after `low` to `high` days, both included; None: or later."""
        return sum(count for days, count in self.counts.items() if days >= low and (high is None or days <= high))


def people_of(period: Period, *, business_id: int | None) -> PeopleFigures:
    """One query. With `business_id`, new to that business."""
    return PeopleFigures(*_rows(PEOPLE, period, business_id)[0])


def people_by(grain: Grain, period: Period, *, business_id: int | None) -> PeopleByPart:
    """The period and each part of it that had any people. One query."""
    rows = _rows(BY_GRAIN, period, business_id, grain=grain)
    whole = next(([figure or 0 for figure in row[1:]] for row in rows if row[0] is None), [0] * 5)
    new, _known_in_part, known, visits, members = whole
    parts = {row[0]: (row[1] or 0, row[2] or 0) for row in rows if row[0] is not None}
    return PeopleByPart(PeopleFigures(new + known, new, visits, members), parts)


def gaps_of(period: Period, *, business_id: int | None) -> Gaps:
    """One query."""
    return Gaps({days: count for days, count in _rows(GAPS, period, business_id)})  # noqa: C416


def _rows(query: str, period: Period, business_id: int | None, **more: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"first": period.first_day, "last": period.last_day, "business": business_id, **more}
        # "IS NOT DISTINCT FROM" would say both, and use no index.
        of_business = "business_id IS NULL" if business_id is None else "business_id = %(business)s"
        of_period = f"{of_business} AND day >= %(first)s AND day <= %(last)s"
        cursor.execute(query.format(of_period=of_period), values)
        return cursor.fetchall()  # type: ignore[no-any-return]
