"""Answers that stand in a column: of the customer, or of a row that is joined to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from segments.fields.base import Source
from segments.fields.edges import Edge, between, bound
from segments.operators import KNOWN, NUMBERS, WITH_WINDOW, Kind, compared, holds, turned, value_of, within
from segments.rules import Condition, Window
from segments.statement import Moment, Query, Statement

_YEAR = 366  # days: in so many every day of the year is there


@dataclass(frozen=True, slots=True)
class Column(Source):
    """An expression of the customer's row, or of one joined to it. Nothing is NULL, or the empty text of `Words`.

    `bound`: values that the expression names in braces.
    """

    table: str
    expression: str
    bound: Mapping[str, str] = field(default_factory=dict)
    edge_type = "date"

    def sql(self, condition: Condition, kind: Kind, statement: Statement) -> str:
        expression = self._bound_expression(statement)
        if condition.op in WITH_WINDOW:
            assert condition.window is not None
            return self._within(expression, condition.window, kind, statement, is_inside=condition.op == "within")
        value = value_of(kind, condition.op, condition.value)
        return compared(expression, kind, condition.op, value, statement.param)

    def _within(self, expression: str, window: Window, kind: Kind, statement: Statement, *, is_inside: bool) -> str:
        if kind is Kind.ANNIVERSARY:
            days = anniversaries(window, statement.moment)
            found = f"to_char({expression}, 'MMDD') = ANY({statement.param(days)}::text[])"
            return found if is_inside else turned(found)
        low, high = (bound(edge, self.edge_type, statement) for edge in self.edges(window, statement.moment))
        return within(self.compared(expression), low, high, is_inside=is_inside)

    def edges(self, window: Window, moment: Moment) -> tuple[Edge, Edge]:
        """From where on and before where a value is within the window."""
        return moment.days(window)

    def compared(self, expression: str) -> str:
        """The expression, fit to be compared with edges."""
        return expression

    def passed(self, condition: Condition, kind: Kind, before: Moment, after: Moment) -> Iterator[Query]:
        if condition.op not in WITH_WINDOW:
            return
        assert condition.window is not None
        if kind is Kind.ANNIVERSARY:
            yield from self._celebrated(condition.window, before, after)
            return
        for low, high in between(self.edges(condition.window, before), self.edges(condition.window, after)):
            statement = Statement(after)
            expression = self.compared(self._bound_expression(statement))
            edges = (f"{statement.param(edge)}::{self.edge_type}" for edge in (low, high))
            yield statement.query("customer.id", within(expression, *edges, is_inside=True))

    def _celebrated(self, window: Window, before: Moment, after: Moment) -> Iterator[Query]:
        days = set(anniversaries(window, before)) ^ set(anniversaries(window, after))
        if days:
            statement = Statement(after)
            expression = self._bound_expression(statement)
            where = f"to_char({expression}, 'MMDD') = ANY({statement.param(sorted(days))}::text[])"
            yield statement.query("customer.id", where)

    def own(self, condition: Condition, statement: Statement) -> str:
        return self._bound_expression(statement)

    def _bound_expression(self, statement: Statement) -> str:
        return statement.bound(statement.column(self.table, self.expression), self.bound)


@dataclass(frozen=True, slots=True)
class Words(Column):
    """A text that is empty where there is none: asked for as it is, so that its index answers."""

    def sql(self, condition: Condition, kind: Kind, statement: Statement) -> str:
        if condition.op not in KNOWN:
            return Column.sql(self, condition, kind, statement)
        return compared(self.own(condition, statement), kind, condition.op, None, statement.param)

    def own(self, condition: Condition, statement: Statement) -> str:
        return f"NULLIF({statement.column(self.table, self.expression)}, '')"


@dataclass(frozen=True, slots=True)
class Figure(Column):
    """A number of a joined row, 0 without one; asked for as it is where 0 is no match, so that its index answers."""

    @property
    def has_zero(self) -> bool:
        return True

    def operators(self, kind: Kind) -> Sequence[str]:
        return NUMBERS

    def sql(self, condition: Condition, kind: Kind, statement: Statement) -> str:
        expression = statement.column(self.table, self.expression)
        value = value_of(kind, condition.op, condition.value)
        if holds(condition.op, value, Decimal(0)):
            expression = f"coalesce({expression}, 0)"
        return compared(expression, kind, condition.op, value, statement.param)

    def own(self, condition: Condition, statement: Statement) -> str:
        return f"coalesce({statement.column(self.table, self.expression)}, 0)"


@dataclass(frozen=True, slots=True)
class Reference(Column):
    """A column that names a row of another table, which is asked for by its code."""

    codes: str = ""  # the other table

    def sql(self, condition: Condition, kind: Kind, statement: Statement) -> str:
        key = statement.column(self.table, self.expression)
        if condition.op in KNOWN:
            return compared(key, kind, condition.op, None, statement.param)
        codes = statement.param(value_of(kind, condition.op, condition.value))
        named = f"{key} IN (SELECT own.id FROM {self.codes} AS own WHERE own.code = ANY({codes}::text[]))"
        return named if condition.op == "is_one_of" else turned(named)

    def own(self, condition: Condition, statement: Statement) -> str:
        key = statement.column(self.table, self.expression)
        return f"(SELECT own.code FROM {self.codes} AS own WHERE own.id = {key})"


@dataclass(frozen=True, slots=True)
class WrittenDay(Column):
    """A day that is kept as text, as in 2026-11-22; compared as such, so that what is no day breaks nothing."""

    edge_type = "text"

    def edges(self, window: Window, moment: Moment) -> tuple[Edge, Edge]:
        first, end = moment.days(window)
        return first and first.isoformat(), end and end.isoformat()

    def compared(self, expression: str) -> str:
        return f'{expression} COLLATE "C"'


@dataclass(frozen=True, slots=True)
class Time(Column):
    """A moment, asked for the day of the programme's zone that it lies in."""

    takes_moments = True
    edge_type = "timestamptz"

    def edges(self, window: Window, moment: Moment) -> tuple[Edge, Edge]:
        return moment.times(window)

    def soonest(self, since: Moment) -> Query:
        statement = Statement(since)
        expression = self._bound_expression(statement)
        return statement.query(f"min({expression})", f"{expression} >= {statement.param(since.now)}::timestamptz")


def anniversaries(window: Window, moment: Moment) -> list[str]:
    """Month and day of everything that is celebrated in a window. Born on 29 February: on 1 March of other years."""
    first, end = moment.days(window)
    if first is None or end is None or (end - first).days >= _YEAR:
        first, end = date(2000, 1, 1), date(2001, 1, 1)  # a leap year: every day that there is
    days = [first + timedelta(days=number) for number in range((end - first).days)]
    named = {f"{day:%m%d}" for day in days}
    if any((day.month, day.day) == (3, 1) and (day - timedelta(days=1)).day == 28 for day in days):
        named.add("0229")
    return sorted(named)
