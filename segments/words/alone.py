"""That there is nothing else: “only at Quayside”, “but not both”, “once and never again”."""

from __future__ import annotations

from dataclasses import replace

from segments.rules import Filter, Window
from segments.words.context import Context, Found, asked
from segments.words.sales_words import STOPS
from segments.words.slots import found_of, sold_of
from segments.words.sold import Sales, is_until_now
from segments.words.text import each, one_of
from segments.words.tree import every, negated

ONLY = each("only exclusively solely")


def nowhere_else(context: Context, sold: Sales, words: range) -> Found | None:
    """None where no filter says what else there is: of goods, of times that are over, of two things at once."""
    places = {"business": sold.shops, "channel": sold.channels, "weekday": sold.weekdays}
    narrowed = [Filter(name, "is_none_of", list(codes)) for name, codes in places.items() if codes]
    here = Sales(shops=sold.shops, channels=sold.channels, weekdays=sold.weekdays, times=sold.times, is_all=sold.is_all)
    windows: list[Window | None] = [time.for_counts for time in sold.times] or [None]
    is_over = windows[0] is not None and not is_until_now(windows[0])
    if len(narrowed) != 1 or len(windows) > 1 or replace(sold, names_goods=False) != here or is_over:
        return None
    part, _opposite = sold.parts(context, words)
    if nowhere := _NOWHERE_ELSE.at(context.text, words.stop):
        words = range(words.start, nowhere[1])
    return Found(every([part, asked(words, "orders", "is", 0, windows[0], narrowed)]), words.stop, may_go_on=True)


def with_more(context: Context, at: int, found: Found) -> Found:
    """What behind a verb with all its slots says that there was nothing else: “only”, “but not both”, “never again”"""
    text, sold = context.text, sold_of(found)
    if sold is None:
        return found
    more = None
    if text.word(found.end) in ONLY:
        more = nowhere_else(context, sold, range(at, found.end + 1))
    elif nowhere := _NOWHERE_ELSE.at(text, found.end):
        more = nowhere_else(context, sold, range(at, nowhere[1]))
    elif both := _NOT_BOTH.at(text, found.end):
        more = _not_both(context, sold, range(at, both[1]))
    elif (again := _NEVER_AGAIN.at(text, found.end)) and text.word(again[1]) in STOPS | {""}:
        amount = sold.amount
        if amount and amount.value == 1 and amount.op == "is" and not sold.times:
            once = replace(sold, amount=replace(amount, is_bare=False))
            more = found_of(context, once, range(at, again[1]))
    return more or found


def _not_both(context: Context, sold: Sales, words: range) -> Found | None:
    """“Quayside or Mill Lane, but not both”"""
    lists = {"shops": sold.shops, "channels": sold.channels, "goods": sold.products, "times": sold.times}
    two = [name for name, listed in lists.items() if len(listed) == 2 and name not in sold.is_all]
    if len(two) != 1 or any(len(listed) > 2 for listed in lists.values()) or sold.is_none:
        return None
    part, _opposite = sold.parts(context, words)
    both, _opposite = replace(sold, is_all=sold.is_all | {two[0]}).parts(context, words)
    return Found(every([part, negated(both, context.vocabulary.fields)]), words.stop) if both else None


_NOT_BOTH = one_of(
    *(f"{but} {not_both}" for but in ("but", ", but", "though", ",", "and") for not_both in ("not both", "never both",
      "not at both", "not in both", "not to both"))
)  # fmt: skip
_NOWHERE_ELSE = one_of(*(f"{joint} nowhere else" for joint in (",", "and", "but", ", but")), "nowhere else")
_NEVER_AGAIN = one_of(
    *(f"{joint} {again}" for joint in ("and", "but", ", but", ",") for again in ("never again", "not again",
      "never since"))
)  # fmt: skip
