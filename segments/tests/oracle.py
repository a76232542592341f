"""Whom a tree means, worked out in plain Python from a person's rows: what the SQL is held against.

Written from the specification alone; it shares the tree, the calendar (`rules.span`) and the reading of values with
the product, nothing that makes SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from segments.rules import All, Condition, Everyone, Filter, Last, Next, Node, Not, Over, Rules, Window, pruned, span


@dataclass(frozen=True, slots=True)
class Line:
    product: str | None
    title: str
    category: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Sale:
    at: datetime
    total: Decimal
    business: str
    channel: str = "store"
    lines: Sequence[Line] = ()
    is_cancelled: bool = False
    shop: int = 0
    returns: Sequence[tuple[datetime, Decimal]] = ()


@dataclass(slots=True)
class Person:
    said: dict[str, str] = field(default_factory=dict)
    birthday: date | None = None
    created: datetime | None = None
    tags: frozenset[str] = frozenset()
    sales: Sequence[Sale] = ()
    scores: Mapping[str, Any] = field(default_factory=dict)  # churn, churn_band, value_12, next_purchase
    archetype: str | None = None
    points: int = 0
    is_member: bool = False


@dataclass(frozen=True, slots=True)
class Oracle:
    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def is_in(self, rules: Rules, person: Person) -> bool:
        match = pruned(rules.match)
        if match is None or not self.holds(match, person):
            return False
        return not any(self.holds(node, person) for node in map(pruned, rules.leave_out) if node is not None)

    def holds(self, node: Node, person: Person) -> bool:
        match node:
            case Everyone():
                return True
            case Not(of):
                return not self.holds(of, person)
            case All(of):
                return all(self.holds(inner, person) for inner in of)
            case Condition():
                return self._condition(node, person)
        return any(self.holds(inner, person) for inner in node.of)

    def _condition(self, one: Condition, person: Person) -> bool:
        sales = sorted((sale for sale in person.sales if not sale.is_cancelled), key=lambda sale: sale.at)
        match one.field:
            case "first_name" | "last_name" | "email" | "phone" | "city" | "region" | "postcode" | "source":
                return _text(person.said.get(one.field) or None, one.op, one.value)
            case "country" | "language":
                return _choice(person.said.get(one.field) or None, one.op, one.value)
            case "tags":
                return _tags(person.tags, one.op, one.value)
            case "birthday":
                return self._birthday(person.birthday, one)
            case "created":
                return self._within(person.created, one)
            case "first_order":
                return self._within(min((sale.at for sale in sales), default=None), one)
            case "last_order":
                return self._within(max((sale.at for sale in sales), default=None), one)
            case "first_order_day":
                return self._birthday(self._day(min((sale.at for sale in sales), default=None)), one)
            case "last_order_was":
                return self._was(sales[::-1], one)
            case "first_order_was":
                return self._was(sales, one)
            case "bought_at":
                return _tags(frozenset(sale.business for sale in sales), one.op, one.value)
            case "favourite_shop":
                return _choice(_favourite(sales, lambda sale: (sale.business, -sale.shop)), one.op, one.value)
            case "main_channel":
                return _choice(_favourite(sales, lambda sale: (sale.channel, -ord(sale.channel[0]))), one.op, one.value)
            case "next_purchase":
                return self._within(person.scores.get("next_purchase"), one)
            case "member":
                return person.is_member is one.value
            case "points":
                return _number(Decimal(person.points), one.op, one.value)
            case "archetype":
                return _choice(person.archetype, one.op, one.value)
            case "churn_band":
                return _choice(person.scores.get("churn_band"), one.op, one.value)
            case "churn":
                churn = person.scores.get("churn")
                return _number(None if churn is None else Decimal(repr(churn)) * 100, one.op, one.value)
            case "value_12":
                return _number(person.scores.get("value_12"), one.op, one.value)
            case "orders":
                return self._times([(sale.at, sale, None) for sale in sales], one)
            case "average_order":
                totals = [sale.total for sale in sales if self._counts(sale.at, one, sale, None)]
                return _number(sum(totals, Decimal(0)) / len(totals) if totals else None, one.op, one.value)
            case "spent":
                money = [(sale.at, sale.total, sale) for sale in sales]
                money += [(at, -amount, sale) for sale in sales for at, amount in sale.returns]
                spent = sum((amount for at, amount, sale in money if self._counts(at, one, sale, None)), Decimal(0))
                return _number(spent, one.op, one.value)
            case "items":
                bought = [
                    line.quantity for sale in sales for line in sale.lines if self._counts(sale.at, one, sale, line)
                ]
                return _number(sum(bought, Decimal(0)), one.op, one.value)
            case "orders_with":
                return self._times([(sale.at, sale, line) for sale in sales for line in sale.lines], one)
        raise AssertionError(one.field)

    def _times(self, rows: Sequence[tuple[datetime, Sale, Line | None]], one: Condition) -> bool:
        """Of orders, each once whatever number of its lines fit."""
        fitting = [(at, sale) for at, sale, line in rows if all(self._fits(asked, sale, line) for asked in one.where)]
        days = [self._day(at) for at, _sale in fitting]
        if one.op in ("first_time", "stopped", "restarted"):
            return bool(days) and self._goes_on(days, one)
        inside = {id(sale) for at, sale in fitting if one.window is None or self._is_inside(at, one.window)}
        return _number(Decimal(len(inside)), one.op, one.value)

    def _goes_on(self, days: Sequence[date], one: Condition) -> bool:
        if one.op == "stopped":
            was_there = one.window is None or any(self._is_inside(day, one.window) for day in days)
            return was_there and (self.today - max(days)).days >= one.value
        assert one.window is not None
        if one.op == "first_time":
            return self._is_inside(min(days), one.window)
        first = span(one.window, self.today)[0]
        assert first is not None
        again = any(self._is_inside(day, one.window) for day in days)
        before = [day for day in days if day < first]
        return again and bool(before) and (first - max(before)).days > one.value

    def _counts(self, at: datetime, one: Condition, sale: Sale, line: Line | None) -> bool:
        if one.window is not None and not self._is_inside(at, one.window):
            return False
        return all(self._fits(narrowing, sale, line) for narrowing in one.where)

    def _day(self, at: datetime | None) -> Any:
        return None if at is None else at.astimezone(self.zone).date()

    def _within(self, when: date | datetime | None, one: Condition) -> bool:
        if one.op in ("exists", "missing"):
            return (when is None) is (one.op == "missing")
        assert one.window is not None
        is_inside = when is not None and self._is_inside(when, one.window)
        return is_inside is (one.op == "within")

    def _is_inside(self, when: date | datetime, window: Window) -> bool:
        if isinstance(window, Last | Over | Next) and window.unit in ("minute", "hour"):
            assert isinstance(when, datetime)
            length = timedelta(minutes=window.count * (60 if window.unit == "hour" else 1))
            edge = self.now + length if isinstance(window, Next) else self.now - length
            return {Last: edge <= when <= self.now, Over: when < edge, Next: self.now <= when < edge}[type(window)]
        day = self._day(when) if isinstance(when, datetime) else when
        first, last = span(window, self.today)
        return (first is None or first <= day) and (last is None or day <= last)

    def _birthday(self, born: date | None, one: Condition) -> bool:
        if one.op in ("exists", "missing"):
            return (born is None) is (one.op == "missing")
        assert one.window is not None
        first, last = span(one.window, self.today)
        celebrated = False
        if born is not None:
            if first is None or last is None:
                celebrated = True
            else:
                days = (first + timedelta(days=number) for number in range(min((last - first).days, 800) + 1))
                celebrated = any(_is_birthday(born, day) for day in days)
        return celebrated is (one.op == "within")

    def _was(self, sales: Sequence[Sale], one: Condition) -> bool:
        """The first of these, which are in their order; of products it is enough that one of its lines fits."""
        inside = [sale for sale in sales if one.window is None or self._is_inside(sale.at, one.window)]
        is_so = bool(inside) and all(self._has(asked, inside[0]) for asked in one.where)
        return is_so is one.value

    def _has(self, asked: Filter, sale: Sale) -> bool:
        if asked.property in ("product", "title", "category"):
            return any(self._fits(asked, sale, line) for line in sale.lines)
        return self._fits(asked, sale, None)

    def _fits(self, one: Filter, sale: Sale, line: Line | None) -> bool:
        match one.property:
            case "business":
                return _choice(sale.business, one.op, one.value)
            case "channel":
                return _choice(sale.channel, one.op, one.value)
            case "total":
                return _number(sale.total, one.op, one.value)
            case "hour":
                return _number(Decimal(sale.at.astimezone(self.zone).hour), one.op, one.value)
            case "weekday":
                return _choice(str(sale.at.astimezone(self.zone).isoweekday()), one.op, one.value)
        assert line is not None
        match one.property:
            case "product":
                return _choice(line.product, one.op, one.value)
            case "category":
                return _choice(line.category or None, one.op, one.value)
            case "vendor":
                return _choice(None, one.op, one.value)
            case "title":
                return _text(line.title or None, one.op, one.value)
        raise AssertionError(one.property)


def _is_birthday(born: date, day: date) -> bool:
    if (born.month, born.day) == (2, 29) and (day.month, day.day) == (3, 1):
        return (day - timedelta(days=1)).day == 28
    return (born.month, born.day) == (day.month, day.day)


def _favourite(sales: Sequence[Sale], named: Callable[[Sale], tuple[str, int]]) -> str | None:
    """Most sales; of as many the last one; then what is named last."""
    found: dict[tuple[str, int], list[datetime]] = {}
    for sale in sales:
        found.setdefault(named(sale), []).append(sale.at)
    best = max(found, key=lambda name: (len(found[name]), max(found[name]), name[1]), default=None)
    return best[0] if best else None


def _choice(own: str | None, op: str, value: Any) -> bool:
    if op in ("exists", "missing"):
        return (own is None) is (op == "missing")
    return (own in value) is (op == "is_one_of")


def _tags(own: frozenset[str], op: str, value: Any) -> bool:
    asked = set(value)
    return {"has_one_of": bool(own & asked), "has_all_of": asked <= own, "has_none_of": not own & asked}[op]


def _text(own: str | None, op: str, value: Any) -> bool:
    if op in ("exists", "missing"):
        return (own is None) is (op == "missing")
    text, asked = (own or "").lower(), "" if value is None else value.strip().lower()
    found: Mapping[str, Callable[[], bool]] = {
        "is": lambda: text == asked,
        "is_not": lambda: text != asked,
        "contains": lambda: asked in text,
        "does_not_contain": lambda: asked not in text,
        "starts_with": lambda: text.startswith(asked),
        "ends_with": lambda: text.endswith(asked),
    }
    if own is None:
        return op in ("is_not", "does_not_contain")
    return found[op]()


def _number(own: Decimal | None, op: str, value: Any) -> bool:
    if op in ("exists", "missing"):
        return (own is None) is (op == "missing")
    if own is None:
        return op == "is_not"
    if op == "between":
        return Decimal(str(value[0])) <= own <= Decimal(str(value[1]))
    asked = Decimal(str(value))
    return {
        "is": own == asked, "is_not": own != asked, "more": own > asked, "at_least": own >= asked, "less": own < asked,
        "at_most": own <= asked,
    }[op]  # fmt: skip
