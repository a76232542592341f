"""What somebody spent, and how much an order comes to on average."""

from __future__ import annotations

from dataclasses import replace

from segments.words.context import Context, Found, to_figure
from segments.words.goods import unit_of
from segments.words.numbers import ANY, ZERO, Comparison, at_least, comparison_at
from segments.words.sales_words import AVERAGE, PER_ORDER, SPEND_NOUNS, SPEND_VERBS
from segments.words.slots import found_of, slots
from segments.words.sold import Sales
from segments.words.text import Phrases, Text, one_of


def spent_at(context: Context, at: int) -> Found | None:
    """“spent over £50 in May”, “total spend above 500”, “spent £20 per visit”, “spent over £100 in one order”"""
    text = context.text
    if text.word(at - 1) == "point":
        return None
    is_total = text.word(at) == "total"  # “a total over £50”, of money only
    nouns = (SPEND_VERBS.at(text, at), SPEND_NOUNS.at(text, at), (True, at + 1) if is_total else None)
    found = [one for one in nouns if one is not None]
    if not found:
        return _amount_first(context, at)
    verb = max(found, key=lambda one: one[1])
    frame, end = slots(context, verb[1], Sales(field="spent"))
    start = to_figure(text, end, ("total", "us", "out", "in"))
    if (loose := _LOOSE.at(text, start)) and text.word(loose[1]) != "of":  # “none of them” are points
        frame, end = slots(context, loose[1], replace(frame, amount=loose[0]))
        return found_of(context, frame, range(at, end))
    is_average = False
    if per := PER_ORDER.at(text, start):
        is_average, start = True, per[1]
    one = comparison_at(text, start)
    if one is None or one.is_percent or one.is_times or _are_points(text, one):
        return None
    if is_total and verb[1] == at + 1 and not one.is_money:
        return None
    one, end = at_least(one), one.end
    if per := PER_ORDER.at(text, end):
        is_average, end = True, per[1]
    if again := PER_ORDER.at(text, end) if is_average else None:
        end = again[1]
    frame, end = slots(context, end, replace(frame, field="average_order" if is_average else "spent", amount=one))
    if not is_average and (single := _IN_ONE_ORDER.at(text, end)):
        frame, end = slots(context, single[1], replace(frame, field="orders", amount=None, totals=one))
    return found_of(context, frame, range(at, end))


def _are_points(text: Text, one: Comparison) -> bool:
    """“less than 20 or more than 100 points”"""
    if one.is_money or text.word(one.end) != "or":
        return False
    other = comparison_at(text, one.end + 1, unit_of(frozenset({"point"})))
    return other is not None and other.has_unit


_LOOSE: Phrases[Comparison] = Phrases(
    [
        *(
            (words, ZERO)
            for words in ("nothing", "none", "nowt", "zero", "no money", "nothing whatsoever", "not a penny")
        ),
        *(
            (words, ANY)
            for words in (
                "anything",
                "something",
                "money",
                "any money",
                "a penny",
                "a cent",
                "a single penny",
                "a single cent",
            )
        ),
    ]
)
_IN_ONE_ORDER = one_of(
    *(f"{where} {one}" for where in ("in", "on", "at") for one in ("one order", "a single order", "one go", "one visit",
      "a single visit", "a single go", "a single purchase", "one purchase", "a single transaction"))
)  # fmt: skip


def _amount_first(context: Context, at: int) -> Found | None:
    """“over £500 spent”, “more than £500 of total spend”"""
    text = context.text
    one = comparison_at(text, at)
    if one is None or not one.is_money:
        return None
    start = text.skip(one.end, ("in", "of", "has", "have", "been", "was"))
    noun = SPEND_NOUNS.at(text, start) or ((True, start + 1) if text.word(start) == "spent" else None)
    if noun is None:
        return None
    frame, end = slots(context, noun[1], Sales(field="spent", amount=one))
    return found_of(context, frame, range(at, end))


def average_at(context: Context, at: int) -> Found | None:
    """“average order over £20”, “over £20 per order”"""
    text = context.text
    start = text.skip(at, ("an", "a", "the"))
    is_plain = AVERAGE.at(text, start) is None and text.word(start) == "average"  # “an average under £6”, of money only
    noun = (True, start + 1) if is_plain else AVERAGE.at(text, start)
    if noun is None:
        one = comparison_at(text, at)
        if one is None or not one.is_money:
            return None
        noun = AVERAGE.at(text, text.skip(one.end, ("of", "in", "as", "an", "the")))
        per = PER_ORDER.at(text, one.end)
        if noun is None and (per is None or text.word(at - 1) in ("spend", "spent")):
            return None
        after = noun or per
        assert after is not None
        frame, end = slots(context, after[1], Sales(field="average_order", amount=one))
        return found_of(context, frame, range(at, end))
    frame, end = slots(context, noun[1], Sales(field="average_order"))
    start = to_figure(text, end, ("value", "worth", "come", "to"))
    one = comparison_at(text, start)
    if one is None or one.is_percent or one.is_times or (is_plain and not one.is_money):
        return None
    frame, end = slots(context, one.end, replace(frame, amount=one))
    return found_of(context, frame, range(at, end))
