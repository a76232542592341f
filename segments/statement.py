"""One SELECT being made: customers, joined with what is asked about them, and the parameters of a tree.

What comes from a tree is a parameter, always; SQL text comes from the registry. The same parameter and the same join
are there once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import day_after, day_start, local_day
from segments.rules import CLOCK, Last, Next, Over, Window, span

# Who can be in a segment: archived people can not, and erased or merged ones are nobody any more.
PEOPLE = "customers_customer AS customer"
KNOWN = "customer.state = 'active'"
# Tables with one row for a customer or none.
JOINED: Mapping[str, str] = {
    "facts": "customers_customerfacts",
    "scores": "customers_customerscores",
    "archetype": "customers_customerarchetype",
    "features": "intelligence_customerfeatures",
    "account": "loyalty_account",
}


JUST_AFTER = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Query:
    sql: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is asked, and in which zone days begin."""

    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        return local_day(self.now, self.zone)

    def days(self, window: Window) -> tuple[date | None, date | None]:
        """First day and the day after the last."""
        first, last = span(window, self.today)
        return first, None if last is None else day_after(last)

    def times(self, window: Window) -> tuple[datetime | None, datetime | None]:
        """First moment and the first one after it."""
        match window:
            case Last(count, unit) if unit in CLOCK:
                return self.now - count * CLOCK[unit], self.now + JUST_AFTER
            case Over(count, unit) if unit in CLOCK:
                return None, self.now - count * CLOCK[unit]
            case Next(count, unit) if unit in CLOCK:
                return self.now, self.now + count * CLOCK[unit]
        first, end = self.days(window)
        return (
            None if first is None else day_start(first, self.zone),
            None if end is None else day_start(end, self.zone),
        )


@dataclass(slots=True)
class Statement:
    """With `chosen`, only these customers are looked at, in every part of it."""

    moment: Moment
    chosen: Sequence[int] | None = None
    params: dict[str, Any] = field(default_factory=dict)
    _joins: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.chosen is not None:
            self.params["chosen"] = list(self.chosen)

    def param(self, value: object) -> str:
        for name, bound in self.params.items():
            if type(bound) is type(value) and bound == value:
                return f"%({name})s"
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"%({name})s"

    def bound(self, expression: str, values: Mapping[str, str]) -> str:
        """The expression with a placeholder where it names a value in braces; {zone} is the programme's."""
        if "{zone}" in expression:
            values = {**values, "zone": self.moment.zone.key}
        return (
            expression.format(**{name: self.param(value) for name, value in values.items()}) if values else expression
        )

    def column(self, table: str, expression: str) -> str:
        """The expression, whose table is there from now on."""
        if table != "customer":
            self._joins.setdefault(JOINED[table], f"{table} ON {table}.customer_id = customer.id")
        return expression

    def is_among(self, customers: str) -> str:
        """SQL of whether somebody is one of `customers`, a SELECT of `customer_id` without repetition.

        "not" before it turns it round: who is not found there has NULL in that place.
        """
        known = self._joins.get(f"({customers})")
        alias = known.split(" ", 1)[0] if known else f"s{len(self._joins)}"
        self._joins[f"({customers})"] = f"{alias} ON {alias}.customer_id = customer.id"
        return f"{alias}.customer_id IS NOT NULL"

    def of_chosen(self, customer: str) -> str:
        """Narrows a part of the statement to the customers that are looked at."""
        return "" if self.chosen is None else f" AND {customer} = ANY(%(chosen)s::bigint[])"

    def query(self, columns: str, where: str = "TRUE") -> Query:
        return Query(self.select(columns, where), self.params)

    def select(self, columns: str, where: str = "TRUE") -> str:
        joins = " ".join(f"LEFT JOIN {table} AS {on}" for table, on in self._joins.items())
        return f"SELECT {columns} FROM {PEOPLE} {joins} WHERE {KNOWN}{self.of_chosen('customer.id')} AND {where}"
