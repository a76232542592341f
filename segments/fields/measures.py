"""Answers that are counted from rows, each at a moment of its own: orders, lines, events, points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.clock import day_start
from segments.fields.base import Property, Source
from segments.fields.columns import Column, Time
from segments.fields.edges import Edge, between, bound, is_in
from segments.operators import NUMBERS, PATTERNS, Kind, compared, holds, turned, value_of, within
from segments.rules import Condition, Filter, Last, Over, Window, back
from segments.statement import Moment, Query, Statement


class Rows(Source):
    """What is counted from rows, each at a moment of its own."""

    rows: str
    bound: Mapping[str, str]

    def passed(self, condition: Condition, kind: Kind, before: Moment, after: Moment) -> Iterator[Query]:
        for low, high in between(row_edges(condition, before), row_edges(condition, after)):
            statement = Statement(after)
            at = within("rows.at", *(f"{statement.param(edge)}::timestamptz" for edge in (low, high)), is_inside=True)
            rows = statement.bound(self.rows, self.bound)
            yield Query(f"SELECT DISTINCT rows.customer_id FROM ({rows}) AS rows WHERE {at}", statement.params)

    def soonest(self, since: Moment) -> Query:
        statement = Statement(since)
        rows = statement.bound(self.rows, self.bound)
        at = statement.param(since.now)
        return Query(f"SELECT min(rows.at) FROM ({rows}) AS rows WHERE rows.at >= {at}::timestamptz", statement.params)


@dataclass(frozen=True, slots=True)
class Measure(Rows):
    """A figure of somebody's orders, lines or events, of all times or of a window: their number, a sum, a mean.

    `rows` gives `customer_id`, `at` and what `amount` and the properties read; `bound`: values that it names in braces.
    `empty` is the figure of who has no row; None: there is none, so it is not equal to anything. `lifetime` is the same
    figure where it is kept. `by_customer` names the rows' customer where an index holds all that is asked of them in
    this order: those of all times are then grouped as they come, of millions five times as fast as in memory.
    """

    rows: str
    amount: str
    properties: Mapping[str, Property] = field(default_factory=dict)
    empty: Decimal | None = Decimal(0)
    is_count: bool = False
    lifetime: Column | None = None
    first: Time | None = None  # when somebody's first row is of, where that is kept
    last: Time | None = None
    by_customer: str = ""
    bound: Mapping[str, str] = field(default_factory=dict)
    takes_window: bool = True
    takes_moments = True

    @property
    def has_zero(self) -> bool:
        return self.empty is not None

    def operators(self, kind: Kind) -> Sequence[str]:
        return (*NUMBERS, *PATTERNS) if self.is_count else NUMBERS

    def sql(self, condition: Condition, kind: Kind, statement: Statement) -> str:
        value = value_of(kind, condition.op, condition.value)
        if (kept := self._kept(condition)) is not None:
            column, window = kept
            return column.sql(Condition(condition.field, "within", window=window), Kind.DAY, statement)
        if condition.op in PATTERNS:
            return statement.is_among(self._going_on(condition, value, statement))
        if self.lifetime is not None and condition.window is None and not condition.where:
            return self.lifetime.sql(condition, kind, statement)
        is_so_empty = condition.op == "is_not" if self.empty is None else holds(condition.op, value, self.empty)
        # Looked for are those for whom it is not as for people without a row.
        customers = self._customers(condition, statement, of_all_times=condition.window is None)
        if condition.window is not None:
            customers += f" AND {is_in(condition.window, statement)}"
        customers += " GROUP BY rows.customer_id"
        if not (self.is_count and _is_any(condition.op, value)):
            asked = compared(self.amount, kind, condition.op, value, statement.param)
            customers += f" HAVING {turned(asked) if is_so_empty else asked}"
        found = statement.is_among(customers)
        return turned(found) if is_so_empty else found

    def _kept(self, condition: Condition) -> tuple[Time, Window] | None:
        """Which moment that is kept says how it goes on, and when it must be."""
        if condition.op == "first_time" and self.first and not condition.where:
            assert condition.window is not None
            return self.first, condition.window
        if condition.op == "stopped" and self.last and condition.window is None and not condition.where:
            return self.last, Over(int(str(condition.value)) - 1)  # before the first of those days
        return None

    def own(self, condition: Condition, statement: Statement) -> str:
        if condition.op in PATTERNS:
            return f"(SELECT max(rows.at) {self._counted(condition, statement)} AND rows.customer_id = customer.id)"
        if self.lifetime is not None and condition.window is None and not condition.where:
            return self.lifetime.own(condition, statement)
        within = "" if condition.window is None else f" AND {is_in(condition.window, statement)}"
        counted = f"{self._counted(condition, statement)} AND rows.customer_id = customer.id{within}"
        empty = "" if self.empty is None else f", {self.empty}"
        return f"(SELECT coalesce({self.amount}{empty}) {counted})"

    def _customers(self, condition: Condition, statement: Statement, *, of_all_times: bool) -> str:
        return f"SELECT rows.customer_id {self._counted(condition, statement, in_order=of_all_times)}"

    def _counted(self, condition: Condition, statement: Statement, *, in_order: bool = False) -> str:
        rows = statement.bound(self.rows, self.bound)
        if in_order and self.by_customer:
            rows += f" ORDER BY {self.by_customer}"
        by_name = [one for one in condition.where if self.properties[one.property].nameless]
        if by_name:
            rows = self._named_or_not(rows, by_name, statement)
        asked = [self.properties[one.property].sql(one, statement) for one in condition.where if one not in by_name]
        where = " AND ".join(["rows.customer_id IS NOT NULL", *asked])
        return f"FROM ({rows}) AS rows WHERE {where}{statement.of_chosen('rows.customer_id')}"

    def _named_or_not(self, rows: str, asked: Sequence[Filter], statement: Statement) -> str:
        """Rows that name something by its name, others by their own: apart, so that indexes answer for the first."""
        key = self.properties[asked[0].property].key
        named = " AND ".join(self.properties[one.property].sql(one, statement) for one in asked)
        nameless = " AND ".join(self.properties[one.property].of_nameless(one, statement) for one in asked)
        every = f"SELECT rows.* FROM ({rows}) AS rows WHERE {key}"
        return f"{every} IS NOT NULL AND {named} UNION ALL {every} IS NULL AND {nameless}"

    def _going_on(self, condition: Condition, quiet: int | None, statement: Statement) -> str:
        moment, window = statement.moment, condition.window
        grouped = f"{self._customers(condition, statement, of_all_times=True)} GROUP BY rows.customer_id HAVING"
        if condition.op == "first_time":
            assert window is not None
            return f"{grouped} {is_in(window, statement, at='min(rows.at)')}"
        assert quiet is not None
        if condition.op == "stopped":
            since = bound(_since(quiet, moment), "timestamptz", statement)
            were = "TRUE" if window is None else f"bool_or({is_in(window, statement)})"
            return f"{grouped} max(rows.at) < {since} AND {were}"
        assert window is not None
        gap, again = (bound(edge, "timestamptz", statement) for edge in _gap(quiet, window, moment))
        return (
            f"{grouped} bool_or({is_in(window, statement)}) AND bool_or(rows.at < {gap})"
            f" AND NOT bool_or(rows.at >= {gap} AND rows.at < {again})"
        )


@dataclass(frozen=True, slots=True)
class Newest(Rows):
    """Whether the newest of somebody's rows (in the window) is so, or the oldest: others do not matter."""

    rows: str  # as those of a measure, with `id`
    properties: Mapping[str, Property] = field(default_factory=dict)
    bound: Mapping[str, str] = field(default_factory=dict)
    takes_window: bool = True
    takes_moments = True
    is_oldest: bool = False

    def sql(self, condition: Condition, kind: Kind, statement: Statement) -> str:
        where = f"rows.customer_id IS NOT NULL{statement.of_chosen('rows.customer_id')}"
        if condition.window is not None:
            where += f" AND {is_in(condition.window, statement)}"
        order = "ASC" if self.is_oldest else "DESC"
        newest = (
            f"SELECT DISTINCT ON (rows.customer_id) rows.* FROM ({statement.bound(self.rows, self.bound)}) AS rows"
            f" WHERE {where} ORDER BY rows.customer_id, rows.at {order}, rows.id {order}"
        )
        asked = [self.properties[one.property].sql(one, statement) for one in condition.where]
        found = statement.is_among(
            f"SELECT rows.customer_id FROM ({newest}) AS rows WHERE {' AND '.join(asked) or 'TRUE'}"
        )
        return found if value_of(kind, condition.op, condition.value) else turned(found)

    def own(self, condition: Condition, statement: Statement) -> str:
        """When that was."""
        within = "" if condition.window is None else f" AND {is_in(condition.window, statement)}"
        rows = statement.bound(self.rows, self.bound)
        first = "min" if self.is_oldest else "max"
        return f"(SELECT {first}(rows.at) FROM ({rows}) AS rows WHERE rows.customer_id = customer.id{within})"


def row_edges(condition: Condition, moment: Moment) -> Sequence[Edge]:
    """The moments at which rows begin or cease to count."""
    window = condition.window
    edges: list[Edge] = [] if window is None else [*moment.times(window)]
    if condition.op == "stopped":
        edges.append(_since(int(str(condition.value)), moment))
    if condition.op == "restarted":
        assert window is not None
        edges += _gap(int(str(condition.value)), window, moment)
    return edges


def _since(quiet: int, moment: Moment) -> datetime | None:
    """Since when who stopped has done nothing."""
    return moment.times(Last(quiet))[0]


def _gap(quiet: int, window: Window, moment: Moment) -> tuple[datetime, datetime]:
    """From when until when who restarted did nothing: the days before the window."""
    first = moment.days(window)[0]
    assert first is not None
    return day_start(back(first, quiet, "day"), moment.zone), day_start(first, moment.zone)


def _is_any(op: str, value: Any) -> bool:
    """Whether every number of times from one on has the same answer, and none the other."""
    goes_one_way = op in ("more", "at_least", "less", "at_most") or (op in ("is", "is_not") and value == 0)
    return goes_one_way and holds(op, value, Decimal(0)) != holds(op, value, Decimal(1))
