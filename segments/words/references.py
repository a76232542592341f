"""What a condition takes from those before it: “there”, “since then”, “haven't bought any in May”."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from segments.words.context import Context, Found
from segments.words.sales_words import STOPS
from segments.words.slots import THEN, found_of, slots, sold_of, then_at
from segments.words.sold import Sales
from segments.words.text import Text, each


def referred(context: Context, at: int, found: Found, before: Sequence[Sales]) -> Found:
    """`before`: what was said of sales until then. Not understood where it speaks of a time that nobody has named."""
    sold, lead = sold_of(found), _then_before(context.text, at)
    if sold is None or (sold.times and lead is not None):
        return found if lead is None else Found(None, found.end)
    last = before[-1] if before else Sales()
    is_of_goods = bool(last.products or last.categories) and sold.names_goods and not sold.products
    if is_of_goods and sold.is_ended and _ANY_OF_THEM.isdisjoint(set(context.text.words[at : found.end]) - {"any"}):
        return Found(None, found.end)  # “bought soap but don't buy any more”: any more soap, or any more at all?
    narrowed, end = _goods(context, range(at, found.end), _shops(context, range(at, found.end), sold, before), last)
    narrowed = _since(context, narrowed, last)
    then = then_at(context, end if lead is None else lead, last)
    if then is not None and not sold.times:
        narrowed, end = replace(narrowed, times=then[0]), max(end, then[1])
        if not narrowed.times:
            return Found(None, end)
    return (narrowed != sold and found_of(context, narrowed, range(at, end))) or found


def _then_before(text: Text, at: int) -> int | None:
    """“… and before that bought tea”"""
    starts = (
        start for start in range(at - 5, at) if (then := THEN.at(text, start)) and text.skip(then[1], ("they",)) == at
    )
    return next(starts, None)


def _shops(context: Context, words: range, sold: Sales, before: Sequence[Sales]) -> Sales:
    """“… and spent over £100 there”"""
    named = [one for one in before if one.shops]
    if not named or sold.shops or "there" not in context.text.words[words.start + 1 : words.stop]:
        return sold
    return replace(sold, shops=named[-1].shops, is_all=sold.is_all | (named[-1].is_all & {"shops"}))


def _goods(context: Context, words: range, sold: Sales, last: Sales) -> tuple[Sales, int]:
    """“bought candles last year but haven't bought any since May”, “… but never bought them again”"""
    text, end = context.text, words.stop
    if not (last.products or last.categories) or sold.products or sold.categories or not sold.names_goods:
        return sold, end
    place = next((at for at in range(words.start, end + 1) if text.word(at) in _ANY_OF_THEM), end + 1)
    following, behind = slots(context, place + 1, sold if place == end else Sales())
    is_end = behind > place + 1 or text.word(behind) in STOPS | {""} or then_at(context, behind, last)
    if place > end or not is_end:
        return sold, end
    named = replace(following if place == end else sold, products=last.products, categories=last.categories)
    return replace(named, is_all=named.is_all | last.is_all), max(end, behind)


_ANY_OF_THEM = each("any one it them some either")


def _since(context: Context, sold: Sales, last: Sales) -> Sales:
    """“… and never came back”, “… but don't come any more”"""
    if not (sold.is_back or sold.is_ended) or sold.times or last.order:
        return sold
    since = last.time_since(context.times.today)
    return replace(sold, times=(since,), is_back=False) if since else sold
