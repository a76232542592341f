"""What was said of sales: how often, how much, what, when and where, and the conditions that it makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Literal, TypeAlias

from segments.rules import Calendar, Dates, Filter, Last, Over, Window, back, span
from segments.words import notes
from segments.words.context import Context, asked, compared, figure
from segments.words.notes import Note
from segments.words.numbers import Comparison
from segments.words.times import Time
from segments.words.tree import Part, either, every, joined, negated

Then: TypeAlias = Literal["before", "same", "since"]  # of a time that was said
Manner: TypeAlias = Literal["plain", "goods", "noun", "fragment"]  # of what the slots follow


@dataclass(frozen=True, slots=True)
class Sales:
    """A verb or noun of sales with what was said about it. `is_back`: “been back”, which asks for an order before."""

    field: str = "orders"
    amount: Comparison | None = None  # of money or times; None: at least once
    products: tuple[str, ...] = ()  # parts of titles
    categories: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    times: tuple[Time, ...] = ()
    shops: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    totals: Comparison | None = None  # of one order
    weekdays: tuple[str, ...] = ()
    hours: tuple[int, int] | None = None  # the first and the last of the day
    is_all: frozenset[str] = frozenset()  # of which of these lists all are meant
    order: str = ""  # “first” or “last”
    is_back: bool = False
    names_goods: bool = False  # of a verb behind which goods stand
    is_none: bool = False  # “nothing”
    is_ended: bool = False  # “not … any more”, which asks for an order before as well
    words: frozenset[int] = frozenset()

    @property
    def of_what(self) -> tuple[tuple[str, ...], ...]:
        return self.products, self.categories, self.vendors, self.shops, self.channels

    @property
    def takes_goods(self) -> bool:
        return self.field in ("orders", "items") and (self.names_goods or bool(self.products))

    def time_since(self, today: date) -> Time | None:
        """From the day after the one time that was said; None where it is not over."""
        last = span(self.times[0].for_counts, today)[1] if len(self.times) == 1 else None
        return Time(Dates(first=last + timedelta(days=1)), 0) if last and last < today else None

    def time_before(self, today: date) -> Time | None:
        """Up to the day before the one time that was said."""
        first = span(self.times[0].for_counts, today)[0] if len(self.times) == 1 else None
        return Time(Dates(last=first - timedelta(days=1)), 0) if first else None

    def times_then(self, then: Then, today: date) -> tuple[Time, ...]:
        """What “before that”, “in that time” and “since then” mean behind it; none where nobody can say."""
        if then == "same":
            return self.times
        time = self.time_before(today) if then == "before" else self.time_since(today)
        return (time,) if time else ()

    def changed_by(self, new: Sales) -> Sales:
        """The same with what a piece says anew. Who says “at Quayside but not online” names two places, and who says
        “at Quayside in the shop but not online” one.
        """
        return replace(
            new,
            products=new.products or (() if new.categories else self.products),
            categories=new.categories or (() if new.products else self.categories),
            vendors=self.vendors,
            times=new.times or self.times,
            weekdays=new.weekdays or self.weekdays,
            hours=new.hours or self.hours,
            shops=new.shops or (() if new.channels and not self.channels else self.shops),
            channels=new.channels or (() if new.shops and not self.shops else self.channels),
            totals=new.totals or self.totals,
            order=self.order,
            names_goods=self.names_goods,
            words=self.words,
        )

    def notes(self) -> list[Note]:
        """What was assumed."""
        amount = self.amount
        said: list[Note] = []
        if self.totals is not None:
            said.append(notes.OF_ONE_ORDER)
            amount = self.totals if self.totals.was_bare else amount
        if amount is None:
            return said
        if any(time.is_any_one for time in self.times):
            said.append(notes.LAST_ONE)
        if self.whole_time:
            said.append(notes.ONE_TIME)
        if len(self.products) > 1:
            said.append(notes.EACH_BY_ITSELF)
        if amount.value == 0 or (amount.value == 1 and self.field != "items"):
            return said
        if self.is_back:
            said.append(notes.EVERY_ORDER_COUNTS)
        elif amount.was_bare:
            said.append(notes.at_least(figure(amount)))
        elif amount.is_bare:
            said.append(notes.exactly(figure(amount)))
        return said

    def parts(self, context: Context, words: range) -> tuple[Part | None, Part | None]:
        """What it says, and what a "not" makes of it; “for more than a year” says something with a "not" only."""
        part = self._part(context, words)
        if part is None:
            return None, None
        if any(time.is_long for time in self.times):
            return None, self._long_ago(context, words)
        turned = negated(part, context.vocabulary.fields)
        if self.amount is not None and self.amount.is_bare and self.field in ("orders", "items"):
            turned = self._fewer(context, words) or turned
        if self.is_back and not self.times and self.amount is None:  # “came back”, “never came back”
            again, once = Comparison("at_least", Decimal(2), 0), Comparison("is", Decimal(1), 0)
            return replace(self, amount=again)._part(context, words), replace(self, amount=once)._part(context, words)
        if self.is_back:
            turned = every([asked(words, "orders", "at_least", 1), turned]) or turned
        if self.is_ended:
            turned = every([replace(self, times=(), amount=None)._part(context, words), turned]) or turned
        return part, turned

    def _fewer(self, context: Context, words: range) -> Part | None:
        """“not twice” is fewer times, “not once” is never."""
        assert self.amount is not None
        if self.amount.value == 1:
            once = replace(self, amount=None)._part(context, words)
            return once and negated(once, context.vocabulary.fields)
        return replace(self, amount=replace(self.amount, op="less", is_bare=False))._part(context, words)

    def _long_ago(self, context: Context, words: range) -> Part | None:
        """Not in more than so long: who ordered did so before the day so long ago."""
        (time,) = self.times[:1]
        window = time.window
        assert isinstance(window, Last)
        if replace(self, times=(), is_back=False, names_goods=False, words=frozenset()) != Sales():
            first = back(context.times.today, window.count, window.unit)
            longer = replace(self, times=(replace(time, window=Dates(first=first), is_long=False),))
            return longer.parts(context, words)[1]
        lately = asked(words, "last_order", "within", window=Over(window.count, window.unit))
        if self.is_back:
            return lately
        return either([lately, asked(words, "orders", "is", 0)])

    def _part(self, context: Context, words: range) -> Part | None:
        said = frozenset(words) | self.words
        goods = list(self._goods(context))
        is_each_place = bool(self.is_all & {"shops", "channels"})
        per_time = []
        for window in self._windows():
            per_place = []
            for where in self._places():
                per_goods = [either(self._one(said, where + extra, window) for extra in choices) for choices in goods]
                per_place.append(joined(per_goods, is_all="goods" in self.is_all))
            per_time.append(joined(per_place, is_all=is_each_place))
        return joined(per_time, is_all="times" in self.is_all)

    def _windows(self) -> Sequence[Window | None]:
        """Of an amount in months that follow each other, as “in October and November”, one for all of them."""
        windows: list[Window | None] = [time.for_counts for time in self.times]
        return [self.whole_time] if self.whole_time else windows or [None]

    @property
    def whole_time(self) -> Dates | None:
        """Not of “once in May and June”, nor of “in both May and June”."""
        is_once = self.amount is None or (self.amount.op == "at_least" and self.amount.value == 1)
        if is_once or "times" not in self.is_all or "each time" in self.is_all:
            return None
        return _whole([time.for_counts for time in self.times])

    def _places(self) -> Iterator[tuple[Filter, ...]]:
        """Every narrowing to shops and channels that is asked for."""
        shops = [[code] for code in self.shops] if "shops" in self.is_all else [list(self.shops)]
        channels = [[code] for code in self.channels] if "channels" in self.is_all else [list(self.channels)]
        for some_shops in shops:
            for some_channels in channels:
                where = [
                    Filter(name, "is_one_of", list(codes))
                    for name, codes in (("business", some_shops), ("channel", some_channels))
                    if codes
                ]
                where += [
                    Filter("total", one.op, figure(one))
                    for one in (self.totals, self.totals and self.totals.also)
                    if one
                ]
                if self.weekdays:
                    where.append(Filter("weekday", "is_one_of", list(self.weekdays)))
                if self.hours:
                    where.append(Filter("hour", "between", list(self.hours)))
                if self.vendors:
                    where.append(Filter("vendor", "is_one_of", list(self.vendors)))
                yield tuple(where)

    def _goods(self, context: Context) -> Iterator[list[tuple[Filter, ...]]]:
        """Of each product the narrowings of which one must hold: its title, or its category."""
        if not self.products and not self.categories:
            yield [()]
        categories = {name.casefold(): code for code, name in context.vocabulary.of("categories")}
        for product in self.products:
            narrowings: list[tuple[Filter, ...]] = [(Filter("title", "contains", product),)]
            if code := categories.get(product.casefold()):
                narrowings.append((Filter("category", "is_one_of", [code]),))
            yield narrowings
        if self.categories:
            if "goods" in self.is_all:
                for code in self.categories:
                    yield [(Filter("category", "is_one_of", [code]),)]
            else:
                yield [(Filter("category", "is_one_of", list(self.categories)),)]

    def _in_order(self, words: frozenset[int], field: str, where: tuple[Filter, ...], window: Window | None) -> Part:
        """The first time is in the window; the last in a time until now, or so long ago that there was none since."""
        if self.order == "first":
            return asked(words, field, "first_time", None, window, where)
        if window is not None and is_until_now(window):
            return asked(words, field, "at_least", 1, window, where)
        assert isinstance(window, Over)
        return asked(words, field, "stopped", window.count * (7 if window.unit == "week" else 1) + 1, None, where)

    @property
    def has_order(self) -> bool:
        """Whether there is an operator for it."""
        if not self.order:
            return True
        window = self.times[0].for_counts if len(self.times) == 1 else None
        is_one = len(self.products) + len(self.categories) < 2
        is_so_long_ago = isinstance(window, Over) and window.unit in ("day", "week")
        is_known = self.order == "first" or is_so_long_ago or (window is not None and is_until_now(window))
        return is_one and window is not None and is_known

    def _one(self, words: frozenset[int], where: tuple[Filter, ...], window: Window | None) -> Part:
        field = self.field
        is_of_goods = any(one.property in ("title", "category", "vendor") for one in where)
        if field == "orders" and is_of_goods:
            field = "orders_with"
        if self.order:
            return self._in_order(words, field, where, window)
        if self.amount is None:
            return asked(words, field, "at_least", 1, window, where)
        return compared(words, field, self.amount, window=window, where=where)


def is_until_now(window: Window) -> bool:
    match window:
        case Calendar(_unit, offset):
            return offset == 0
        case Dates(_first, last):
            return last is None
    return isinstance(window, Last)


def _whole(windows: Sequence[Window | None]) -> Dates | None:
    days = [window for window in windows if isinstance(window, Dates) and window.first and window.last]
    if len(days) < len(windows) or not days:
        return None
    follow = all(one.last is not None and other.first == one.last + timedelta(days=1) for one, other in pairwise(days))
    return Dates(days[0].first, days[-1].last) if follow else None
