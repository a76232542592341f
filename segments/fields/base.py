"""What a condition can be about: a field of the registry, and where its answer comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from django.utils.functional import Promise

from core.clock import day_start
from segments.operators import (
    KNOWN,
    NUMBERS,
    OF_MISSING,
    OPERATORS,
    PATTERNS,
    WITH_WINDOW,
    Kind,
    compared,
    holds,
    turned,
    value_of,
    within,
)
from segments.rules import Condition, Filter, Last, Over, Window, back
from segments.statement import Moment, Query, Statement

_YEAR = 366  # days: in so many every day of the year is there
Phrase: TypeAlias = str | Promise
Says: TypeAlias = tuple[Phrase, Phrase]  # of whom it holds, and of the others


Edge: TypeAlias = datetime | date | str | None  # of a window; None: it is open there


class Source(Protocol):
    @property
    def takes_window(self) -> bool:
        """Whether a window narrows what is counted; days and anniversaries have theirs as the question itself."""

    @property
    def takes_moments(self) -> bool:
        """Whether a window may be of minutes and hours."""

    @property
    def properties(self) -> Mapping[str, Property]:
        """What may narrow the rows that are counted."""

    def sql(self, condition: Condition, kind: Kind, statement: Statement) -> str:
        """Whether the condition holds: true where it does, false or NULL of everybody else."""

    def passed(self, condition: Condition, kind: Kind, before: Moment, after: Moment) -> Iterator[Query]:
        """Customers for whom time alone may have changed the answer between two moments; some of others do no harm."""

    def soonest(self, since: Moment) -> Query:
        """The first of all the moments that windows of minutes and hours ask about, from `since` on; or NULL."""

    def own(self, condition: Condition, statement: Statement) -> str:
        """What the customer of the row has of it, for people who ask why; of what goes on, when it was last."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a condition can be about. Adding one is adding an entry: docs/segment-fields.md lists them.

    `nouns` says what a number counts, as `ngettext_lazy` takes it. `example` is a condition's value (and window) as a
    tree writes it. How a sentence goes on after "customers who" (`segments.describe`): `says` by operator, "" for
    every other one, "some" where it is any at all or none; what says nothing of its own "has" the `noun`.
    """

    key: str
    group: Phrase
    label: Phrase
    kind: Kind
    source: Source
    example: Mapping[str, Any]
    nouns: Any = None
    choices: str = ""  # whose codes are asked for: see `segments.choices`
    noun: Phrase = ""  # with its article
    name: str = ""  # as somebody called it
    says: Mapping[str, Says] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """What stands after a number."""
        return str(self.nouns % 2) if self.nouns else "%" if self.kind is Kind.SHARE else ""

    @property
    def operators(self) -> Sequence[str]:
        if not isinstance(self.source, Measure | Figure):
            return OPERATORS[self.kind]
        return (*NUMBERS, *PATTERNS) if isinstance(self.source, Measure) and self.source.is_count else NUMBERS

    def sql(self, condition: Condition, statement: Statement) -> str:
        return self.source.sql(condition, self.kind, statement)

    def own(self, condition: Condition, statement: Statement) -> str:
        return self.source.own(condition, statement)


@dataclass(frozen=True, slots=True)
class Property:
    """What may narrow the rows of a measure: an expression of them, or of the row of `table` whose id is `key`.

    `bound`: values that the expression names in braces.
    """

    label: Phrase
    kind: Kind
    expression: str
    choices: str = ""
    table: str = ""
    key: str = ""
    bound: Mapping[str, str] = field(default_factory=dict)
    noun: Phrase = ""  # as in "whose category is Tea"; without one the label is a name that somebody gave
    says: Says | None = None  # instead of "whose …"

    @property
    def operators(self) -> Sequence[str]:
        return [op for op in OPERATORS[self.kind] if op not in WITH_WINDOW]

    def sql(self, one: Filter, statement: Statement) -> str:
        value = value_of(self.kind, one.op, one.value)
        asked = compared(statement.bound(self.expression, self.bound), self.kind, one.op, value, statement.param)
        if not self.table:
            return asked
        found = f"{self.key} IN (SELECT own.id FROM {self.table} AS own WHERE {asked})"
        return f"({self.key} IS NULL OR {found})" if one.op in OF_MISSING else found


@dataclass(frozen=True, slots=True)
class Column:
    """An expression of the customer's row, or of one joined to it. Nothing is NULL, or the empty text of `Words`.

    `bound`: values that the expression names in braces.
    """

    table: str
    expression: str
    takes_window = False
    takes_moments = False
    properties: Mapping[str, Property] = field(default_factory=dict)
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
        low, high = (_bound(edge, self.edge_type, statement) for edge in self.edges(window, statement.moment))
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
        for low, high in _between(self.edges(condition.window, before), self.edges(condition.window, after)):
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

    def soonest(self, since: Moment) -> Query:
        raise NotImplementedError  # asked of what takes moments

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


class Timeless:
    """What no window is asked of: time alone changes nothing."""

    def passed(self, condition: Condition, kind: Kind, before: Moment, after: Moment) -> Iterator[Query]:
        yield from ()

    def soonest(self, since: Moment) -> Query:
        raise NotImplementedError  # asked of what takes moments


@dataclass(frozen=True, slots=True)
class Marks(Timeless):
    """Words that people are marked with: `rows` gives customer_id, and the code under the name `code`."""

    rows: str
    takes_window = False
    takes_moments = False
    properties: Mapping[str, Property] = field(default_factory=dict)

    def sql(self, condition: Condition, kind: Kind, statement: Statement) -> str:
        codes = value_of(kind, condition.op, condition.value)
        marked = f"marks.code = ANY({statement.param(codes)}::text[]){statement.of_chosen('marks.customer_id')}"
        customers = f"SELECT marks.customer_id FROM ({self.rows}) AS marks WHERE {marked} GROUP BY marks.customer_id"
        if condition.op == "has_all_of":
            customers += f" HAVING count(DISTINCT marks.code) = {statement.param(len(codes))}"
        found = statement.is_among(customers)
        return turned(found) if condition.op == "has_none_of" else found

    def own(self, condition: Condition, statement: Statement) -> str:
        return f"ARRAY(SELECT marks.code FROM ({self.rows}) AS marks WHERE marks.customer_id = customer.id ORDER BY 1)"


class Rows:
    """What is counted from rows, each at a moment of its own."""

    rows: str
    bound: Mapping[str, str]

    def passed(self, condition: Condition, kind: Kind, before: Moment, after: Moment) -> Iterator[Query]:
        for low, high in _between(row_edges(condition, before), row_edges(condition, after)):
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
    is_count: bool = False  # of rows: who has any has one or more
    lifetime: Column | None = None
    first: Time | None = None  # when somebody's first row is of, where that is kept
    last: Time | None = None
    by_customer: str = ""
    bound: Mapping[str, str] = field(default_factory=dict)
    takes_window: bool = True
    takes_moments = True

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
            customers += f" AND {_is_in(condition.window, statement)}"
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
        within = "" if condition.window is None else f" AND {_is_in(condition.window, statement)}"
        counted = f"{self._counted(condition, statement)} AND rows.customer_id = customer.id{within}"
        empty = "" if self.empty is None else f", {self.empty}"
        return f"(SELECT coalesce({self.amount}{empty}) {counted})"

    def _customers(self, condition: Condition, statement: Statement, *, of_all_times: bool) -> str:
        return f"SELECT rows.customer_id {self._counted(condition, statement, in_order=of_all_times)}"

    def _counted(self, condition: Condition, statement: Statement, *, in_order: bool = False) -> str:
        rows = statement.bound(self.rows, self.bound)
        if in_order and self.by_customer:
            rows += f" ORDER BY {self.by_customer}"
        asked = [self.properties[one.property].sql(one, statement) for one in condition.where]
        where = " AND ".join(["rows.customer_id IS NOT NULL", *asked])
        return f"FROM ({rows}) AS rows WHERE {where}{statement.of_chosen('rows.customer_id')}"

    def _going_on(self, condition: Condition, quiet: int | None, statement: Statement) -> str:
        moment, window = statement.moment, condition.window
        grouped = f"{self._customers(condition, statement, of_all_times=True)} GROUP BY rows.customer_id HAVING"
        if condition.op == "first_time":
            assert window is not None
            return f"{grouped} {_is_in(window, statement, at='min(rows.at)')}"
        assert quiet is not None
        if condition.op == "stopped":
            since = _bound(_since(quiet, moment), "timestamptz", statement)
            were = "TRUE" if window is None else f"bool_or({_is_in(window, statement)})"
            return f"{grouped} max(rows.at) < {since} AND {were}"
        assert window is not None
        gap, again = (_bound(edge, "timestamptz", statement) for edge in _gap(quiet, window, moment))
        return (
            f"{grouped} bool_or({_is_in(window, statement)}) AND bool_or(rows.at < {gap})"
            f" AND NOT bool_or(rows.at >= {gap} AND rows.at < {again})"
        )


@dataclass(frozen=True, slots=True)
class Newest(Rows):
    """Whether the newest of somebody's rows (in the window) is so, or the oldest: others do not matter."""

    rows: str  # as those of a measure, with `id`
    properties: Mapping[str, Property]
    bound: Mapping[str, str] = field(default_factory=dict)
    takes_window: bool = True
    takes_moments = True
    is_oldest: bool = False

    def sql(self, condition: Condition, kind: Kind, statement: Statement) -> str:
        where = f"rows.customer_id IS NOT NULL{statement.of_chosen('rows.customer_id')}"
        if condition.window is not None:
            where += f" AND {_is_in(condition.window, statement)}"
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
        within = "" if condition.window is None else f" AND {_is_in(condition.window, statement)}"
        rows = statement.bound(self.rows, self.bound)
        first = "min" if self.is_oldest else "max"
        return f"(SELECT {first}(rows.at) FROM ({rows}) AS rows WHERE rows.customer_id = customer.id{within})"


@dataclass(frozen=True, slots=True)
class Among(Timeless):
    """Whether somebody is one of `customers`, a SELECT of customer_id with {chosen} after its own conditions."""

    customers: str
    takes_window = False
    takes_moments = False
    properties: Mapping[str, Property] = field(default_factory=dict)

    def sql(self, condition: Condition, kind: Kind, statement: Statement) -> str:
        found = statement.is_among(self.customers.format(chosen=statement.of_chosen("own.customer_id")))
        return found if value_of(kind, condition.op, condition.value) else turned(found)

    def own(self, condition: Condition, statement: Statement) -> str:
        return statement.is_among(self.customers.format(chosen=statement.of_chosen("own.customer_id")))


@dataclass(frozen=True, slots=True)
class Favourite(Timeless):
    """What comes first with somebody: `rows` gives each customer once, and the code under the name `code`.

    {chosen} stands there after the conditions of the table `own`.
    """

    rows: str
    takes_window = False
    takes_moments = False
    properties: Mapping[str, Property] = field(default_factory=dict)

    def sql(self, condition: Condition, kind: Kind, statement: Statement) -> str:
        rows = self.rows.format(chosen=statement.of_chosen("own.customer_id"))
        customers = f"SELECT first.customer_id FROM ({rows}) AS first"
        if condition.op not in KNOWN:
            codes = statement.param(value_of(kind, condition.op, condition.value))
            # As a CASE, the planner expects half of the rows, not one of them, and joins by a hash.
            customers += f" WHERE CASE WHEN first.code = ANY({codes}::text[]) THEN TRUE END"
        found = statement.is_among(customers)
        return turned(found) if condition.op in OF_MISSING else found

    def own(self, condition: Condition, statement: Statement) -> str:
        rows = self.rows.format(chosen=statement.of_chosen("own.customer_id"))
        return f"(SELECT first.code FROM ({rows}) AS first WHERE first.customer_id = customer.id)"


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


def _between(before: Sequence[Edge], after: Sequence[Edge]) -> Iterator[tuple[Edge, Edge]]:
    """What lies between where each edge was and where it is."""
    for was, now in zip(before, after, strict=True):
        if was is not None and now is not None and was != now:
            yield (was, now) if was < now else (now, was)  # type: ignore[operator]


def _is_any(op: str, value: Any) -> bool:
    """Whether every number of times from one on has the same answer, and none the other."""
    goes_one_way = op in ("more", "at_least", "less", "at_most") or (op in ("is", "is_not") and value == 0)
    return goes_one_way and holds(op, value, Decimal(0)) != holds(op, value, Decimal(1))


def _is_in(window: Window, statement: Statement, *, at: str = "rows.at") -> str:
    first, end = statement.moment.times(window)
    edges = [
        f"{at} {sign} {_bound(edge, 'timestamptz', statement)}"
        for sign, edge in ((">=", first), ("<", end))
        if edge is not None
    ]
    return f"({' AND '.join(edges)})"


def _bound(edge: object, cast: str, statement: Statement) -> str | None:
    return None if edge is None else f"{statement.param(edge)}::{cast}"
