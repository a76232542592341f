"""What somebody ordered, bought and spent: how often, how much, what, where and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import combinations, pairwise
from typing import Literal, TypeAlias

from segments.rules import Condition, Dates, Filter, Last, Not, Over, Window, back
from segments.words.context import ARTICLES, BE, DO, HAVE, NO_GOODS, Context, Found, asked, compared, figure, to_figure
from segments.words.numbers import Comparison, UnitAt, comparison_at
from segments.words.text import Phrases, Text, words_of
from segments.words.times import Time
from segments.words.tree import Part, Together, either, every, negated

_VERBS = Phrases(
    {
        "order": ["ordered", "ordering", "placed an order", "put in an order", "made an order", "placed order"],
        "buy": [
            "bought", "buying", "purchased", "purchasing", "made a purchase", "made purchase", "picked up",
            "paid for",
            "made any purchase", "bought any",
        ],
        "visit": [
            "visited", "visiting", "shopped", "shopping", "came in", "came", "come in", "coming in", "coming",
            "been in",
            "been there", "been to", "been here", "been", "went to", "gone to", "gone", "went", "going to",
            "dropped in",
            "popped in", "stopped by", "dropped by", "paid a visit", "paid us a visit", "called in", "come",
            "used us",
        ],
        "return": [
            "been back", "come back", "came back", "coming back", "be back", "returned", "been back in",
            "visited again",
            "ordered again", "bought again", "come again", "been again", "been seen", "seen", "shown up",
            "shown up again",
            "reordered", "repurchased", "bought anything again", "purchased again", "shopped again", "heard from",
            "been around", "turned up", "been in touch",
        ],
    }
)  # fmt: skip
_PRESENT = Phrases(
    {"order": ["order"], "buy": ["buy", "purchase"], "visit": ["visit", "shop", "come in", "come", "go to", "go"],
     "return": ["come back", "return", "order again", "buy again"]}
)  # fmt: skip
# What a verb of the present follows; else it is a noun (“our shop”, “the order”).
_BEFORE_PRESENT = frozenset(
    "who that which and or but not never to do doe did will can also customer people they we you nor ever only often"
    " person shopper everyone everybody anyone anybody".split()
) | {"", ","}
_SPEND_VERBS = Phrases(
    {
        True: [
            "spent",
            "spend",
            "spending",
            "paid",
            "pay",
            "paid us",
            "splashed out",
            "dropped",
            "splurged",
            "parted with",
            "forked out",
            "shelled out",
            "handed over",
            "laid out",
            "run up",
            "blown",
            "blew",
            "forked over",
            "coughed up",
            "invested",
            "spent us",
            "spend with us",
            "left with us",
        ]
    }
)
_SPEND_NOUNS = Phrases(
    {
        True: [
            "total spend", "total spent", "total spending", "amount spent", "lifetime spend", "lifetime spending",
            "overall spend", "spend", "spending", "money spent", "total amount spent", "total purchases worth",
            "total revenue", "total sales", "spend total", "total order value", "in total spend", "of total spend",
            "worth of purchases", "worth of orders", "worth of goods", "worth of stuff", "purchases totalling",
            "purchases adding up to", "purchases amounting to", "orders totalling", "orders adding up to",
            "orders amounting to", "purchases that total", "purchases that add up to", "purchases which add up to",
            "orders that add up to", "purchases add up to", "orders add up to", "purchases total",
            "purchases come to", "purchases amount to", "orders come to", "bought for", "sales of", "sales over",
            "revenue", "turnover", "total turnover", "total value of orders", "total value of purchases",
            "purchase total", "order value in total", "total value", "bought goods for", "bought goods worth",
            "purchases worth", "purchases come",
        ]
    }
)  # fmt: skip
_ORDER_NOUNS = frozenset("order purchase visit transaction sale checkout".split())
_ITEM_NOUNS = frozenset("item product article piece unit thing".split())
_AVERAGE = Phrases(
    {
        True: [
            "average order value", "average order size", "average order total", "average order amount",
            "average order", "aov", "average basket", "average basket value", "average basket size",
            "average purchase", "average purchase value", "average spend per order", "average spend per visit",
            "average spend", "average spending", "mean order", "mean order value", "average bill", "average ticket",
            "average sale", "average transaction", "average transaction value", "spend per order",
            "spend per visit", "order average", "average order spend", "average amount per order",
            "average value per order", "basket size", "basket value", "average cart", "average cart value",
            "average amount spent per order", "typical order", "typical order value", "orders averaging",
            "orders average", "mean basket", "mean basket value", "mean purchase", "mean spend", "order averaging",
            "purchases averaging", "typical basket", "typical spend", "orders on average",
        ]
    }
)  # fmt: skip
_PER_ORDER = Phrases(
    {
        True: [
            "per order", "per visit", "per purchase", "a visit", "an order", "each time", "every time",
            "per transaction",
            "on average", "each visit", "each order", "on average per order", "per order on average", "a time",
            "on average per visit", "per visit on average", "per basket", "per time", "every visit", "every order",
        ]
    }
)  # fmt: skip
_ANYTHING = frozenset("anything something stuff goods thing product item whatever anythin".split())
_FILLERS = Phrases(
    {
        True: [
            "to any shop", "any shop", "any of our shops", "at any shop", "in any shop", "to any of our shops",
            "at any of our shops", "in a shop of ours", "in any of our shops", "at any of the shops",
            "to any of the shops", "with us", "from us", "in total", "altogether", "all together", "so far",
            "to date", "ever", "before", "previously", "overall", "of all time", "in all", "at all", "here",
            "there", "again", "already", "with me", "over their lifetime", "in their lifetime", "over all time",
            "in the past", "at some point", "anymore", "any more", "in our programme", "to us", "since they joined",
            "even", "all time", "us", "all in all", "any", "yet", "at least once before", "until now", "up to now",
            "till now", "by now",
        ]
    }
)  # fmt: skip
_ONCE_BEFORE = frozenset({"ever", "before", "previously", "already"})
CHANNELS = Phrases(
    {
        "store": [
            "in the shop", "in shop", "in store", "instore", "in the store", "in person", "at the till", "offline",
            "over the counter", "at the counter", "in a shop", "in a store", "in our shop", "in our store", "on site",
            "at the shop", "at the store", "in the shops", "in our shops", "in our stores", "in physical store",
            "at our shop", "at our store",
        ],
        "online": [
            "online", "on the website", "on our website", "on the web", "on the internet", "through the website",
            "via the website", "from the website", "in the online shop", "in the online store", "in our online shop",
            "in our online store", "on our site", "over the internet", "on the web shop", "in the web shop",
            "through our website", "via our website", "on the online shop", "from our website", "on line",
            "from our online shop", "from the online shop", "at the online shop", "at our online shop",
        ],
    }
)  # fmt: skip
_AT = frozenset("at in from to with of by into inside the our".split())
_ALL_SHOPS = frozenset("all every each both".split())
_SHOP_NOUNS = frozenset("shop store location place branch business outlet site".split())
_STOPS = frozenset(
    "and or but nor except excluding who that which whose whom where having with without because so while although"
    " though apart however yet also plus unless if whereas then not never from at via through using for until than"
    ' , ; . ! ? : ( ) & / " “ ” is are was were have has had'.split()
)
_CATEGORY = frozenset("category department section range aisle line".split())
_NOTHING = frozenset({"nothing", "none", "nowt"})
_PRONOUNS = frozenset("us me we i you they them our he she it".split())
Manner: TypeAlias = Literal["plain", "goods", "noun", "fragment"]  # of what the slots follow
_SIGNED = frozenset(("<", ">", "=", "<=", ">=", "≤", "≥", ":"))  # “orders >= 3”
_MOST_SHOPS = 6  # of which combinations are written out


@dataclass(frozen=True, slots=True)
class Sales:
    """The frame of a verb or noun of sales, with what was said about it."""

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
    is_all: frozenset[str] = frozenset()  # of which of these lists all are meant
    is_back: bool = False
    is_none: bool = False  # “nothing”
    words: frozenset[int] = frozenset()

    def again(self, context: Context, at: int) -> Found | None:
        blank = Sales(field=self.field)
        start = context.text.skip(at, ("to", "the", "again")) if context.text.word(at) == "to" else at
        said, end = _slots(context, start, blank, "fragment")
        if end == start or said == blank:
            if not self._takes_goods:
                return None
            fragment = _fragment_goods(context, start, blank)
            if fragment is None:
                return None
            said, end = fragment
        amount = self.amount
        if context.text.word(at - 1) in _NOTHING:  # “… but none this month”
            amount = comparison_at(Text("more than 0"), 0) if self.field == "spent" else None
        merged = replace(
            self,
            amount=said.amount or amount,
            products=said.products or (() if said.categories else self.products),
            categories=said.categories or (() if said.products else self.categories),
            times=said.times or self.times,
            weekdays=said.weekdays or self.weekdays,
            shops=said.shops or self.shops,
            channels=said.channels or self.channels,
            totals=said.totals or self.totals,
            is_all=said.is_all,
            is_none=said.is_none,
            is_back=False,
        )
        return merged.found(context, range(at, end))

    @property
    def of_what(self) -> tuple[tuple[str, ...], ...]:
        return self.products, self.categories, self.vendors, self.shops, self.channels

    @property
    def _takes_goods(self) -> bool:
        return self.field in ("orders", "items") and not self.totals

    def within(self, context: Context, times: Sequence[Time], words: frozenset[int]) -> Found | None:
        if self.times:
            return None
        found = replace(self, times=tuple(times), words=words).found(context, range(0))
        return found and replace(found, end=max(words) + 1)

    def found(self, context: Context, words: range) -> Found | None:
        part, opposite = self.parts(context, words)
        if part is None or opposite is None or not _is_possible(context, part):
            return None
        if self.is_none:
            part, opposite = opposite, part
        return Found(part, words.stop, opposite, self, self._notes(), may_go_on=True)

    def _notes(self) -> list[str]:
        if self.totals is not None:
            return ["The amount is that of one order."]
        if self.is_back and self.amount is not None:
            return ["Every order counts, the first one too."]
        if self.amount is None or not (self.amount.is_bare or self.amount.was_bare):
            return []
        if self.amount.value in (0, 1):
            return []
        said = "at least" if self.amount.was_bare else "exactly"
        return [f"{figure(self.amount)} read as: {said} {figure(self.amount)}."]

    def parts(self, context: Context, words: range) -> tuple[Part | None, Part | None]:
        """What it says, and what a "not" makes of it."""
        part = self._part(context, words)
        if part is None:
            return None, None
        if any(time.is_long for time in self.times):
            return part, self._long_ago(context, words)
        turned = negated(part, context.vocabulary.fields)
        if self.amount is not None and self.amount.is_bare and self.field in ("orders", "items"):
            turned = self._fewer(context, words) or turned
        if self.is_back:
            before = asked(words, "orders", "at_least", 1)
            turned = every([before, turned]) or turned
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
        if replace(self, times=(), is_back=False, words=frozenset()) != Sales():
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
                per_place.append(_joined(per_goods, is_all="goods" in self.is_all))
            per_time.append(_joined(per_place, is_all=is_each_place))
        return _joined(per_time, is_all="times" in self.is_all)

    def _windows(self) -> Sequence[Window | None]:
        """Of an amount in months that follow each other, as “in October and November”, one for all of them."""
        windows: list[Window | None] = [time.for_counts for time in self.times]
        if self.amount is not None and "times" in self.is_all and (whole := _whole(windows)):
            return [whole]
        return windows or [None]

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
                if self.totals is not None:
                    where.append(Filter("total", self.totals.op, figure(self.totals)))
                if self.weekdays:
                    where.append(Filter("weekday", "is_one_of", list(self.weekdays)))
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

    def _one(self, words: frozenset[int], where: tuple[Filter, ...], window: Window | None) -> Part:
        field = self.field
        is_of_goods = any(one.property in ("title", "category", "vendor") for one in where)
        if field == "orders" and is_of_goods:
            field = "orders_with"
        if self.amount is None:
            return asked(words, field, "at_least", 1, window, where)
        return compared(words, field, self.amount, window=window, where=where)


def _is_possible(context: Context, part: Part) -> bool:
    """Whether its fields take these narrowings: what was spent knows no weekdays."""
    if isinstance(part, Together):
        return all(_is_possible(context, one) for one in part.parts)
    node = part.node.of if isinstance(part.node, Not) else part.node
    assert isinstance(node, Condition)
    known = context.vocabulary.fields[node.field].source.properties
    return all(one.property in known for one in node.where)


def _joined(parts: Sequence[Part | None], *, is_all: bool) -> Part | None:
    return (every if is_all else either)(part for part in parts if part is not None)


def _whole(windows: Sequence[Window | None]) -> Dates | None:
    days = [window for window in windows if isinstance(window, Dates) and window.first and window.last]
    if len(days) < len(windows) or not days:
        return None
    follow = all(one.last is not None and other.first == one.last + timedelta(days=1) for one, other in pairwise(days))
    return Dates(days[0].first, days[-1].last) if follow else None


def sales_at(context: Context, at: int) -> Found | None:
    readers = (_average, _spent, _nouns, _verbs, _people_who)
    found = [one for read in readers if (one := read(context, at)) is not None]
    return max(found, key=lambda one: one.end, default=None)


def _people_who(context: Context, at: int) -> Found | None:
    """“online shoppers”, “buyers of soap”, “customers of Quayside Coffee”, “Quayside Coffee customers”"""
    text = context.text
    heads = ("customer", "shopper", "buyer", "purchaser", "order", "visitor", "client")
    if (channel := CHANNELS.at(text, at)) and text.word(channel[1]) in heads:
        return Sales(channels=(channel[0],)).found(context, range(at, channel[1]))
    if text.word(at) in heads and text.word(at + 1) in ("of", "at", "from") and text.word(at) != "order":
        if shop := context.vocabulary.shops.at(text, text.skip(at + 2, ("the", "our"))):
            found = Sales(shops=(shop[0],)).found(context, range(at, shop[1]))
            return found and replace(found, may_go_on=False, is_head=True)
        if text.word(at) in ("buyer", "purchaser") and text.word(at + 1) == "of":
            said, end = _goods_list(context, at + 2, Sales())
            said, end = _slots(context, end, said)
            found = said.found(context, range(at, end)) if said.products else None
            return found and replace(found, is_head=True)
    if (shop := context.vocabulary.shops.at(text, at)) and text.word(shop[1]) in heads:
        return Sales(shops=(shop[0],)).found(context, range(at, shop[1]))
    return None


def _verbs(context: Context, at: int) -> Found | None:
    text = context.text
    verb = _VERBS.at(text, at)
    if verb is None:
        verb = _PRESENT.at(text, at)
        is_verb = text.word(at - 1) in _BEFORE_PRESENT and (at == 0 or text.number(at - 1) is None)
        if verb is None or not is_verb:
            return None
    kind, end = verb
    if kind == "return" and text.word(at) == "returned" and _comes_goods(context, end):
        return None  # sent back
    while (following := _VERBS.at(text, end + 1)) and text.word(end) in ("or", "and", "nor", "/"):
        if following[0] == "return":
            break
        kind, end = ("buy" if "buy" in (kind, following[0]) else following[0]), following[1]
    if text.word(at) == "been" and text.word(end) == "with":
        return None  # “with us since 2023”
    is_any_going = text.word(at) in ("been", "gone", "went", "going", "go", "come", "came", "coming")
    if is_any_going and kind == "visit" and not _is_place_of_ours(context, end):
        return None
    frame = Sales(is_back=kind == "return")
    is_noun = text.word(end - 1) in _ORDER_NOUNS and end - at > 1  # “placed an order”
    frame, end = _slots(context, end, frame, "noun" if is_noun else "goods" if kind in ("order", "buy") else "plain")
    return frame.found(context, range(at, end))


def _is_place_of_ours(context: Context, at: int) -> bool:
    """“been”, “go” and “come” say something of sales only where a time, a shop or nothing of content follows."""
    text = context.text
    start = text.skip(at, ("in", "to", "at", "by", "over", "here", "there", "and"))
    if not text.word(start) or text.word(start) in _STOPS or text.word(at - 1) in ("there", "here", "in"):
        return True
    is_slot = context.times.at(text, at) or _shop_list(context, at, Sales())[1] > at or _times_at(text, at)
    return bool(is_slot or _FILLERS.at(text, at) or CHANNELS.at(text, at))


_WAS = Phrases(
    {
        "first_order_was": ["first order", "first purchase", "first visit", "very first order", "very first purchase"],
        "last_order_was": ["last order", "last purchase", "last visit", "most recent order", "latest order",
                           "most recent purchase", "latest purchase", "latest visit", "most recent visit"],
    }
)  # fmt: skip


def order_was_at(context: Context, at: int) -> Found | None:
    """“first order was online”, “last purchase at Quayside”, “last order over £100”"""
    text = context.text
    noun = _WAS.at(text, text.skip(at, ("a", "the", "their")))
    if noun is None or not context.knows(noun[0]):
        return None
    start = text.skip(noun[1], BE | {"placed", "made"})
    is_turned = text.word(start) == "not" and start > noun[1]
    frame, end = _slots(context, start + is_turned, Sales(), "noun")
    if end == start + is_turned or frame.times or frame.amount or frame.is_none:
        return None
    parts = []
    for where in frame._places():
        for choices in frame._goods(context):
            parts += [asked(range(at, end), noun[0], "is", not is_turned, None, where + extra) for extra in choices]
    part = (every if is_turned else either)(parts)
    if part is None or not _is_possible(context, part) or frame == Sales():
        return None
    return Found(part, end, may_go_on=True)


def category_at(context: Context, at: int) -> Found | None:
    """“customers of the category Tea”: who bought something of it"""
    frame, end = _category(context, at, Sales())
    if end == at:
        return None
    frame, end = _slots(context, end, frame)
    found = frame.found(context, range(at, end))
    return found and replace(found, notes=[f"“{context.text.slice(at, end)}” read as bought."])


def _comes_goods(context: Context, at: int) -> bool:
    text = context.text
    return text.word(at) in ("a", "an", "item", "product", "good", "goods", "their", "something", "anything", "the")


def _nouns(context: Context, at: int) -> Found | None:
    """“at least 10 orders”, “half a dozen orders or more”, “an order over £100”, “orders”"""
    text = context.text
    if text.word(at) == "even":
        at += 1
    for nouns, field in ((_ORDER_NOUNS, "orders"), (_ITEM_NOUNS, "items")):
        one = comparison_at(text, at, _unit_of(nouns))
        if one is not None and one.has_unit and not one.is_money and not one.is_percent:
            frame, end = _slots(context, one.end, Sales(field=field, amount=one), "noun")
            return frame.found(context, range(at, end))
    start = text.skip(at, ("the", "any", "single", "total"))
    if text.word(start) in _ORDER_NOUNS and (one := comparison_at(text, start + 1)) is not None:
        is_of_orders = not (one.is_bare or one.is_money or one.is_percent or one.is_times)
        if is_of_orders and context.times.at(text, start + 1) is None:
            return _counted(context, at, start + 1)
    if text.word(start) == "number" and text.word(start + 1) == "of" and text.word(start + 2) in _ORDER_NOUNS:
        return _counted(context, at, start + 3)
    if text.word(start) in _ORDER_NOUNS and text.word(start + 1) in _SIGNED:
        return _counted(context, at, start + 1)
    if (
        text.word(start) in _ORDER_NOUNS
        and text.word(start + 1) in ("count", "number", "total")
        and text.word(start) != "total"
    ):
        return _counted(context, at, start + 2)
    if text.word(start) in ("repeat", "multiple"):
        return _repeat(context, at, start)
    start = text.skip(at, ("a", "an", "any", "one"))
    if text.word(start) in _ORDER_NOUNS and _asks_for_it(text, at):
        if (
            text.word(start + 1) in ("history", "value", "in", "date", "number", "count")
            and not (text.word(start + 1) == "in" and context.times.at(text, start + 1))
            and (
                text.word(start + 1) != "history"
                and not CHANNELS.at(text, start + 1)
                and not _shop_list(context, start + 1, Sales())[0].shops
            )
        ):
            return None
        end = start + 1 + (text.word(start + 1) == "history")
        frame, end = _slots(context, end, Sales(), "noun")
        return frame.found(context, range(at, end))
    return None


def _counted(context: Context, at: int, end: int) -> Found | None:
    """“number of orders [in a window] over 5”"""
    text = context.text
    frame, end = _slots(context, end, Sales(), "noun")
    one = comparison_at(text, to_figure(text, end))
    if one is None or one.is_money or one.is_percent:
        return None
    frame, end = _slots(context, one.end, replace(frame, amount=one))
    return frame.found(context, range(at, end))


def _repeat(context: Context, at: int, start: int) -> Found | None:
    """“multiple orders”"""
    text = context.text
    if text.word(start) != "multiple" or text.word(start + 1) not in _ORDER_NOUNS:
        return None
    two = comparison_at(Text("at least 2"), 0)
    frame, end = _slots(context, start + 2, Sales(amount=two), "noun")
    return frame.found(context, range(at, end))


def _asks_for_it(text: Text, at: int) -> bool:
    """Whether “an order” is what somebody has or placed, not the beginning of something else."""
    return text.word(at - 1) in HAVE | DO | {
        "without", "no", "any", "placed", "made", "zero", "not", "placing", "making", "put", "ever", "never",
        "of", "or", "nor"
    } and (text.word(at - 1) not in ("of", "or", "nor"))  # fmt: skip


def _spent(context: Context, at: int) -> Found | None:
    text = context.text
    verb = _SPEND_VERBS.at(text, at)
    noun = _SPEND_NOUNS.at(text, at)
    if verb is None and noun is None:
        return _amount_first(context, at)
    if verb is None or (noun is not None and noun[1] > verb[1]):
        verb = noun
    assert verb is not None
    frame, end = _slots(context, verb[1], Sales(field="spent"))
    start = to_figure(text, end, ("total", "us", "out", "up", "in"))
    if text.word(start) in _NOTHING | {"zero"} or (text.word(start) == "no" and text.word(start + 1) == "money"):
        zero = comparison_at(Text("0"), 0)
        end = start + 1 + (text.word(start) == "no")
        frame, end = _slots(context, end, replace(frame, amount=zero))
        return frame.found(context, range(at, end))
    if text.word(start) in ("anything", "something", "money") or (text.word(start), text.word(start + 1)) == (
        "any",
        "money",
    ):
        any_money = comparison_at(Text("more than 0"), 0)
        frame, end = _slots(context, start + 1 + (text.word(start) == "any"), replace(frame, amount=any_money))
        return frame.found(context, range(at, end))
    is_average = False
    if per := _PER_ORDER.at(text, start):
        is_average, start = True, per[1]
    one = comparison_at(text, start)
    if one is None or one.is_percent or one.is_times:
        return None
    if one.is_bare:
        one = replace(one, op="at_least", is_bare=False, was_bare=True)
    end = one.end
    if per := _PER_ORDER.at(text, end):
        is_average, end = True, per[1]
    if again := _PER_ORDER.at(text, end) if is_average else None:
        end = again[1]
    frame, end = _slots(context, end, replace(frame, field="average_order" if is_average else "spent", amount=one))
    if (
        not is_average
        and text.word(end) in ("in", "on", "at")
        and text.word(end + 1) in ("one", "a")
        and text.word(end + 2) in ("order", "single", "go", "visit")
    ):
        length = 3 if text.word(end + 2) != "single" else 4
        frame, end = _slots(context, end + length, Sales(totals=one, times=frame.times, shops=frame.shops))
    return frame.found(context, range(at, end))


def _amount_first(context: Context, at: int) -> Found | None:
    """“over £500 spent”, “more than £500 of total spend”"""
    text = context.text
    one = comparison_at(text, at)
    if one is None or not one.is_money:
        return None
    start = text.skip(one.end, ("in", "of", "has", "have", "been", "was"))
    noun = _SPEND_NOUNS.at(text, start) or ((True, start + 1) if text.word(start) == "spent" else None)
    if noun is None:
        return None
    frame, end = _slots(context, noun[1], Sales(field="spent", amount=one))
    return frame.found(context, range(at, end))


def _average(context: Context, at: int) -> Found | None:
    text = context.text
    noun = _AVERAGE.at(text, text.skip(at, ("an", "a", "the")))
    if noun is None:
        one = comparison_at(text, at)
        if one is None or not one.is_money:
            return None
        noun = _AVERAGE.at(text, text.skip(one.end, ("of", "in", "as", "an", "the")))
        per = _PER_ORDER.at(text, one.end)
        if noun is None and (per is None or text.word(at - 1) in ("spend", "spent")):
            return None
        after = noun or per
        assert after is not None
        frame, end = _slots(context, after[1], Sales(field="average_order", amount=one))
        return frame.found(context, range(at, end))
    frame, end = _slots(context, noun[1], Sales(field="average_order"))
    start = to_figure(text, end, ("value", "worth", "come", "to"))
    one = comparison_at(text, start)
    if one is None or one.is_percent or one.is_times:
        return None
    frame, end = _slots(context, one.end, replace(frame, amount=one))
    return frame.found(context, range(at, end))


def _unit_of(nouns: frozenset[str]) -> UnitAt:
    def unit_at(text: Text, at: int) -> int | None:
        start = text.skip(at, ("separate", "different", "individual", "completed"))
        return start + 1 if text.word(start) in nouns else None

    return unit_at


def _times_unit(text: Text, at: int) -> int | None:
    return at + 1 if text.word(at) in ("time", "x", "occasion") else None


def _times_at(text: Text, at: int) -> Comparison | None:
    """“at least 5 times”, “twice or more”, “once”"""
    start = at + 1 if text.word(at) == "on" else at
    one = comparison_at(text, start, _times_unit)
    if one is None or not (one.has_unit or one.is_times) or one.is_money:
        return None
    return one


def _slots(context: Context, at: int, frame: Sales, manner: Manner = "plain") -> tuple[Sales, int]:
    """Everything behind a verb or noun that says more about it, in any order, and the place after it."""
    end = at
    while True:
        before = end
        for read in _SLOTS:
            frame, end = read(context, end, frame, manner if end == at or manner != "fragment" else "plain")
            if end > before:
                break
        if end == before:
            return frame, end


def _filler(context: Context, at: int, frame: Sales, manner: Manner) -> tuple[Sales, int]:
    filler = _FILLERS.at(context.text, at) if manner != "fragment" else None
    return (frame, at) if filler is None or context.times.at(context.text, at) else (frame, filler[1])


def _how_often(context: Context, at: int, frame: Sales, manner: Manner) -> tuple[Sales, int]:
    if frame.amount is not None:
        return frame, at
    one = _times_at(context.text, at) if frame.field in ("orders", "items") else None
    if one is None and manner == "fragment":
        one = _fragment_amount(context, at, frame)
    return (replace(frame, amount=one), one.end) if one else (frame, at)


def _when(context: Context, at: int, frame: Sales, _manner: Manner) -> tuple[Sales, int]:
    times, end, is_all = context.time_list(at)
    if frame.times or not times:
        return frame, at
    return replace(frame, times=tuple(times), is_all=_all(frame, "times", is_all)), end


_WEEKEND = Phrases({"67": ["at weekends", "on weekends", "at the weekend", "at the weekends", "on the weekend"],
                    "12345": ["on weekdays", "on working days", "during the week"]})  # fmt: skip


def _on_weekdays(context: Context, at: int, frame: Sales, _manner: Manner) -> tuple[Sales, int]:
    """“on Mondays”, “on a Friday or Saturday”, “at weekends”"""
    text = context.text
    if frame.weekdays:
        return frame, at
    if found := _WEEKEND.at(text, at):
        return replace(frame, weekdays=tuple(found[0])), found[1]
    start = at + 1 if text.word(at) in ("on", "every") else at
    named = context.vocabulary.named.get("weekdays")
    is_any = text.word(start) in ("a", "any") or text.word(at) == "every"
    start = text.skip(start, ("a", "any"))
    days: list[str] = []
    end = start
    while start > at and named and (found := named.at(text, end)) is not None:
        is_any = is_any or text.tokens[end].raw.casefold().endswith("days")
        days.append(found[0])
        start = found[1]
        end = text.skip(start, ("or", "and", ",", "on", "a"))
    return (replace(frame, weekdays=tuple(days)), start) if days and is_any else (frame, at)


def _of_what_amount(context: Context, at: int, frame: Sales, manner: Manner) -> tuple[Sales, int]:
    """“an order over £100”"""
    if manner != "noun" or frame.totals is not None or frame.field != "orders":
        return frame, at
    text = context.text
    start = text.skip(at, ("of", "for", "worth", "with", "a", "total", "value", "that", "come", "to", "in", "each"))
    one = comparison_at(text, start)
    if one is None or not one.is_money or _AVERAGE.at(text, one.end):
        return frame, at
    return replace(frame, totals=one), text.skip(one.end, ("each",))


def _what(context: Context, at: int, frame: Sales, manner: Manner) -> tuple[Sales, int]:
    if frame.products or frame.categories or frame.vendors:
        return frame, at
    if manner == "goods":
        return _goods(context, at, frame, is_noun=False)
    if manner == "noun" and context.text.word(at) in ("of", "with", "containing", "for", "from", "in", "that"):
        return _goods(context, at, frame, is_noun=True)
    return frame, at


def _all(frame: Sales, name: str, is_all: object) -> frozenset[str]:
    return frame.is_all | {name} if is_all else frame.is_all


def _fragment_amount(context: Context, at: int, frame: Sales) -> Comparison | None:
    """“over £200 last year” behind what was spent before"""
    one = comparison_at(context.text, at)
    if one is None or one.is_percent:
        return None
    is_money = frame.field in ("spent", "average_order")
    if is_money and not one.is_money:
        return None
    if not is_money and (one.is_money or (one.is_bare and not context.times.at(context.text, one.end))):
        return None
    if not is_money and not (context.times.at(context.text, one.end) or CHANNELS.at(context.text, one.end)):
        return None
    return one


def _shop_list(context: Context, at: int, frame: Sales, _manner: Manner = "plain") -> tuple[Sales, int]:
    if frame.shops:
        return frame, at
    text = context.text
    start = text.skip(at, _AT)
    if every_shop := _every_shop(context, at):
        return replace(frame, shops=every_shop[0], is_all=frame.is_all | {"shops"}), every_shop[1]
    is_both = text.word(start) in ("both", "either", "neither")
    is_none = text.word(start) == "neither"
    named = text.skip(start + is_both, _AT) if is_both else start
    shop = context.vocabulary.shops.at(text, named) or _shop_by_its_end(context, named)
    if shop is None or (start == at and not _is_named(text, at, shop[1])):
        return frame, at
    codes, end, is_all = [shop[0]], _after_shop(text, shop[1]), is_both and text.word(start) == "both"
    while text.word(end) in ("or", "and", ",", "nor"):
        link = end + 1 if text.word(end) != "," or text.word(end + 1) not in ("or", "and") else end + 2
        following = context.vocabulary.shops.at(text, text.skip(link, _AT))
        if following is None:
            break
        is_all = is_all or text.word(link - 1) == "and"
        codes.append(following[0])
        end = _after_shop(text, following[1])
    is_all = is_all and not is_none
    frame = replace(frame, is_none=frame.is_none or is_none)
    return replace(frame, shops=tuple(dict.fromkeys(codes)), is_all=_all(frame, "shops", is_all)), end


def _shop_by_its_end(context: Context, at: int) -> tuple[str, int] | None:
    """“the bakery”, where one shop only is called so"""
    text = context.text
    if text.word(at - 1) not in ("the", "our") or text.word(at) in _SHOP_NOUNS or not text.word(at):
        return None
    ends = [code for code, name in context.vocabulary.of("businesses") if words_of(name)[-1] == text.word(at)]
    is_one = len(ends) == 1 and not context.vocabulary.sells(text.word(at))
    return (ends[0], at + 1) if is_one else None


def _after_shop(text: Text, at: int) -> int:
    return at + 1 if text.word(at) in _SHOP_NOUNS else at


def _is_named(text: Text, first: int, end: int) -> bool:
    return end - first > 1 or text.tokens[first].is_capital


def _every_shop(context: Context, at: int) -> tuple[tuple[str, ...], int] | None:
    """“at all three shops”, “in both of our shops”, “at every shop”"""
    text = context.text
    start = text.skip(at, ("at", "in", "from", "to"))
    if text.word(start) not in _ALL_SHOPS:
        return None
    shops = context.vocabulary.of("businesses")
    word = text.word(start)
    end = text.skip(start + 1, ("of", "our", "the", "my", "different"))
    said = comparison_at(text, end, lambda text, at: None)
    if said is not None and said.is_bare:
        end = text.skip(said.end, ("of", "our", "the", "different"))
        if int(said.value) != len(shops):
            return None
    if word == "both" and len(shops) != 2:
        return None
    if text.word(end) not in _SHOP_NOUNS:
        return None
    return tuple(code for code, _name in shops), end + 1


def _channel_list(context: Context, at: int, frame: Sales, _manner: Manner) -> tuple[Sales, int]:
    if frame.channels:
        return frame, at
    text = context.text
    is_none = text.word(at) == "neither"
    found = _channel_at(context, at + (text.word(at) in ("both", "either", "neither")))
    if found is None:
        return frame, at
    codes, end, is_all = [found[0]], found[1], text.word(at) == "both"
    while text.word(end) in ("or", "and", "nor"):
        following = _channel_at(context, end + 1)
        if following is None:
            break
        is_all = is_all or text.word(end) == "and"
        codes.append(following[0])
        end = following[1]
    frame = replace(frame, is_none=frame.is_none or is_none)
    return replace(frame, channels=tuple(dict.fromkeys(codes)), is_all=_all(frame, "channels", is_all)), end


def _channel_at(context: Context, at: int) -> tuple[str, int] | None:
    text = context.text
    if usual := CHANNELS.at(text, at):
        return usual
    start = text.skip(at, ("by", "via", "through", "on", "over", "in", "the", "our", "from"))
    named = context.vocabulary.named.get("channels")
    own = named.at(text, start) if named and start > at else None
    return own


def _goods(context: Context, at: int, frame: Sales, *, is_noun: bool) -> tuple[Sales, int]:
    text = context.text
    if text.word(at) in _NOTHING:
        following, end = _goods(context, at + 1, frame, is_noun=True)
        return replace(following, is_none=True), end
    start = at
    if text.word(start) in _ANYTHING or (text.word(start) in ("a", "any") and text.word(start + 1) in _ANYTHING):
        start += 1 + (text.word(start) not in _ANYTHING)
        inner, end = _category(context, start, frame)
        if end > start:
            return inner, end
        inner, end = _made_by(context, start, frame)
        return (inner, end) if end > start else (frame, start)
    inner, end = _category(context, start, frame)
    if end > start:
        return inner, end
    inner, end = _made_by(context, start, frame)
    if end > start:
        return inner, end
    if is_noun:
        if text.word(start) not in ("of", "with", "containing", "for"):
            return frame, at
        start += 1
        if text.word(start) in ("u", "us", "more", "less", "over", "under") or text.word(start - 1) == "for":
            return frame, at
    if frame.amount is None and (counted := _counted_goods(context, start, frame)):
        return counted
    said, end = _goods_list(context, start, frame)
    return (said, end) if said.products or said.categories else (frame, at)


def _counted_goods(context: Context, at: int, frame: Sales) -> tuple[Sales, int] | None:
    """“at least 3 lunch bags”: so many items"""
    text = context.text
    one = comparison_at(text, at, _unit_of(_ITEM_NOUNS))
    if one is None or one.is_money or one.is_percent or one.is_times:
        return None
    if one.has_unit:
        items = replace(frame, field="items", amount=one)
        inner, end = _category(context, one.end, items)
        if end == one.end and text.word(end) == "of":
            inner, end = _goods_list(context, end + 1, items)
        return inner, end
    said, end = _goods_list(context, one.end, replace(frame, field="items", amount=one))
    return (said, end) if said.products else None


def _category(context: Context, at: int, frame: Sales) -> tuple[Sales, int]:
    """“from the category Tea”, “in the Tea category”, “Tea or Coffee category”"""
    text = context.text
    named = context.vocabulary.named.get("categories")
    if named is None:
        return frame, at
    start = text.skip(at, ("from", "in", "of", "the", "a", "our", "any", "within", "that"))
    start = text.skip(start, BE) if text.word(start) in BE else start
    start = text.skip(start, ("in", "from", "the"))
    has_word = text.word(start) in _CATEGORY
    start = text.skip(start, _CATEGORY | {":", '"', "“"})
    found = named.at(text, start)
    if found is None:
        return frame, at
    codes, end = [found[0]], found[1]
    is_all = False
    while text.word(end) in ("or", "and", ","):
        link = end + 1 if text.word(end) != "," or text.word(end + 1) not in ("or", "and") else end + 2
        following = named.at(text, text.skip(link, ("the", "from", "category")))
        if following is None:
            break
        is_all = is_all or text.word(link - 1) == "and"
        codes.append(following[0])
        end = following[1]
    after = text.skip(end, ('"', "”"))
    if text.word(after) in _CATEGORY or (text.word(after) in _ITEM_NOUNS and len(codes) == 1):
        has_word, end = True, after + 1
    if not has_word:
        return frame, at
    return replace(frame, categories=tuple(codes), is_all=_all(frame, "goods", is_all)), end


def _made_by(context: Context, at: int, frame: Sales) -> tuple[Sales, int]:
    """“from the brand X”, “made by X”, “X products”"""
    text = context.text
    named = context.vocabulary.named.get("vendors")
    maker = named.at(text, text.skip(at, ARTICLES)) if named else None
    if maker and text.word(maker[1]) in _ITEM_NOUNS:
        return replace(frame, vendors=(maker[0],)), maker[1] + 1
    start = text.skip(at, ("from", "of", "by", "made", "the", "a", "our"))
    has_word = text.word(start) in ("brand", "vendor", "supplier", "maker") or text.word(at) == "made"
    start = text.skip(start, ("brand", "vendor", "supplier", "maker", ":"))
    found = named.at(text, start) if named and has_word else None
    return (replace(frame, vendors=(found[0],)), found[1]) if found else (frame, at)


def _goods_list(context: Context, at: int, frame: Sales) -> tuple[Sales, int]:
    """“both a teapot and a cake stand”, “jewellery or soap”, “neither tea nor coffee”"""
    text = context.text
    is_none = text.word(at) == "neither"
    is_both = text.word(at) == "both"
    start = at + (is_none or is_both or text.word(at) == "either")
    first = _product(context, start)
    if first is None:
        return frame, at
    products, end, is_all = [first[0]], first[1], is_both
    while (link := text.word(end)) in ("or", "and", ",", "nor", "&"):
        following = end + 1
        if link == "," and text.word(following) in ("or", "and"):
            link, following = text.word(following), following + 1
        more = _product(context, following, is_listed=True)
        if more is None:
            break
        is_all = is_all or link in ("and", "&")
        products.append(more[0])
        end = more[1]
    frame = replace(frame, products=tuple(products), is_all=_all(frame, "goods", is_all and not is_none))
    return replace(frame, is_none=is_none), end


def _fragment_goods(context: Context, at: int, blank: Sales) -> tuple[Sales, int] | None:
    if _product(context, at, is_listed=True) is None:
        return None
    said, end = _goods_list(context, at, blank)
    said, end = _slots(context, end, said)
    return said, end


def _product(context: Context, at: int, *, is_listed: bool = False) -> tuple[str, int] | None:
    """Open words: what titles may contain. In a list they must look like goods: with an article, or sold."""
    text = context.text
    if quoted := _quoted(text, at):
        return quoted
    start = text.skip(at, ARTICLES)
    if text.word(start) in ("kind", "sort", "type", "form", "variety") and text.word(start + 1) == "of":
        start = text.skip(start + 2, ARTICLES)
    has_article = start > at
    end = start
    while text.word(end) or text.number(end) is not None or (end < len(text) and text.tokens[end].days):
        if end > start and _ends_goods(context, end):
            break
        if text.word(end) in _STOPS or (end == start and _ends_goods(context, end)):
            break
        end += 1
    if end == start or end - start > 6:
        return None
    words = text.slice(start, end)
    if not any(letter.isalpha() for letter in words):
        return None
    is_pronoun = any(text.word(place) in _PRONOUNS for place in range(start, end))
    if is_pronoun or text.word(end - 1) in ("category", "tier", "member", "archetype", "segment"):
        return None
    if all(text.word(place) in NO_GOODS for place in range(start, end)) or text.word(end - 1) == "ago":
        return None
    if text.word(start) in _NOT_GOODS:
        return None
    if is_listed and not has_article and not _is_sold(context, words):
        is_verb = text.word(start).endswith(("ed", "ing")) or text.word(start) in _VERBS_NOT_GOODS
        if end - start > 1 or is_verb:
            return None
    return words, end


_NOT_GOODS = frozenset(
    "more less fewer over under at least most between exactly only once twice time online offline lot ton much"
    " many few"
    " several regularly often frequently rarely seldom usually always sometimes in on during since before after"
    " within"
    " spent spend spending live lives living have has had having be been is are was were do does did join joined can"
    " could should would will may might must again first last next every each when by every high low medium".split()
)


_HOW_OFTEN = frozenset(
    "regularly frequently often repeatedly monthly weekly daily yearly annually quarterly occasionally rarely usually"
    " constantly every each".split()
)
_VERBS_NOT_GOODS = frozenset(
    "follow like love own know eat drink speak work play need prefer hate keep wear read visit smoke drive travel enjoy"
    " complain return pay owe use refer recommend share click open subscribe unsubscribe marry study teach collect"
    " celebrate attend belong come go get give take look see hear feel think believe wish hope ask answer call text"
    " email write phone contact respond reply react participate engage churn leave stay move relocate retire age cook"
    " bake run swim cycle walk earn redeem claim win lose".split()
)


def _is_sold(context: Context, words: str) -> bool:
    """By one title at least, also in the singular."""
    sells = context.vocabulary.sells
    return sells(words) or (words.endswith("s") and sells(words[:-1]))


def _ends_goods(context: Context, at: int) -> bool:
    text = context.text
    if text.word(at) in _STOPS:
        return True
    if _FILLERS.at(text, at) and text.word(at) not in ("here", "any", "us"):
        return True
    if text.word(at) in _HOW_OFTEN:
        return True
    if context.times.at(text, at) or _times_at(text, at) or CHANNELS.at(text, at):
        return True
    return _shop_list(context, at, Sales())[1] > at or text.word(at) in ("in", "on", "to", "by", "during")


def _quoted(text: Text, at: int) -> tuple[str, int] | None:
    start = text.skip(at, ARTICLES)
    if text.word(start) not in ('"', "“", "‘", "'"):
        return None
    end = start + 1
    while end < len(text) and text.word(end) not in ('"', "”", "’", "'"):
        end += 1
    if end >= len(text) or end == start + 1:
        return None
    return text.slice(start + 1, end), end + 1


def shops_of_several(context: Context, at: int) -> Found | None:
    """“at more than one shop”, “at least two of our shops”: every choice of so many"""
    text = context.text
    verb = _VERBS.at(text, at)
    if verb is None:
        return None
    start = text.skip(verb[1], ("at", "in", "from", "to"))
    one = comparison_at(text, start)
    if one is None or one.is_money:
        return None
    end = text.skip(one.end, ("of", "our", "the", "different"))
    if text.word(end) not in _SHOP_NOUNS:
        return None
    codes = [code for code, _name in context.vocabulary.of("businesses")]
    count = int(one.value) + (one.op == "more")
    if one.op not in ("more", "at_least") or not 1 <= count <= len(codes) <= _MOST_SHOPS:
        return None
    end += 1
    words = range(at, end)
    parts = []
    for some in combinations(codes, count):
        part, _opposite = Sales(shops=some, is_all=frozenset({"shops"})).parts(context, words)
        if part is not None:
            parts.append(part)
    found = either(parts)
    return Found(found, end, may_go_on=True) if found else None


_SLOTS = (_shop_list, _on_weekdays, _filler, _how_often, _when, _channel_list, _of_what_amount, _what)
