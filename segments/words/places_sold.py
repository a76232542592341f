"""Where and on which weekdays something was sold, and how many times."""

from __future__ import annotations

from dataclasses import replace

from segments.words.context import Context
from segments.words.numbers import Comparison, comparison_at
from segments.words.points import MONTHS
from segments.words.sales_words import ALL_SHOPS, AT, CHANNELS, SHOP_NOUNS
from segments.words.sold import Manner, Sales
from segments.words.text import Phrases, Text, list_at, one_of


def _times_unit(text: Text, at: int) -> int | None:
    return at + 1 if text.word(at) in ("time", "x", "occasion") else None


def times_at(text: Text, at: int) -> Comparison | None:
    """“at least 5 times”, “twice or more”, “once”"""
    start = at + 1 if text.word(at) == "on" else at
    one = comparison_at(text, start, _times_unit)
    if one is None or not (one.has_unit or one.is_times) or one.is_money:
        return None
    return one


def with_all(frame: Sales, name: str, is_all: object) -> frozenset[str]:
    return frame.is_all | {name} if is_all else frame.is_all


def shop_list(context: Context, at: int, frame: Sales, _manner: Manner = "plain") -> tuple[Sales, int]:
    if frame.shops:
        return frame, at
    text = context.text
    start = text.skip(at, AT)
    if every_shop := _every_shop(context, at):
        return replace(frame, shops=every_shop[0], is_all=frame.is_all | {"shops"}), every_shop[1]
    is_both = text.word(start) in ("both", "either", "neither")
    is_none = text.word(start) == "neither"
    named = text.skip(start + is_both, AT) if is_both else start
    shop = context.vocabulary.shops.at(text, named) or _shop_by_its_end(context, named)
    if shop is None or _is_month(text, named, shop[1]) or (start == at and not _is_named(text, at, shop[1])):
        return frame, at
    shops = context.vocabulary.shops
    codes, end, joined_by = list_at(text, shop, lambda place: shops.at(text, text.skip(place, AT)), between=SHOP_NOUNS)
    end = text.skip(end, SHOP_NOUNS)
    is_all = (text.word(start) == "both" or joined_by == "and") and not is_none
    frame = replace(frame, is_none=frame.is_none or is_none)
    return replace(frame, shops=tuple(dict.fromkeys(codes)), is_all=with_all(frame, "shops", is_all)), end


def _shop_by_its_end(context: Context, at: int) -> tuple[str, int] | None:
    """“the bakery”, where one shop only is called so"""
    text = context.text
    if text.word(at - 1) not in ("the", "our") or text.word(at) in SHOP_NOUNS or not text.word(at):
        return None
    shop = context.vocabulary.ends_of("businesses").get(text.word(at))
    return (shop, at + 1) if shop and not context.vocabulary.sells(text.word(at)) else None


def _is_named(text: Text, first: int, end: int) -> bool:
    return end - first > 1 or text.tokens[first].is_capital


def _is_month(text: Text, first: int, end: int) -> bool:
    """“in May” is no shop, “at May's” may be one."""
    return end - first == 1 and text.tokens[first].raw.casefold() in MONTHS


def _every_shop(context: Context, at: int) -> tuple[tuple[str, ...], int] | None:
    """“at all three shops”, “in both of our shops”, “at every shop but Quayside”"""
    text = context.text
    start = text.skip(at, ("at", "in", "from", "to"))
    if text.word(start) not in ALL_SHOPS:
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
    if text.word(end) not in SHOP_NOUNS:
        return None
    but = _BUT.at(text, end + 1)
    left_out = context.vocabulary.shops.at(text, text.skip(but[1], AT)) if but else None
    codes = tuple(code for code, _name in shops if not left_out or code != left_out[0])
    return codes, left_out[1] if left_out else end + 1


_BUT = one_of("but", "except", "except for", "apart from", "other than", "excluding")


def channel_list(context: Context, at: int, frame: Sales, _manner: Manner) -> tuple[Sales, int]:
    if frame.channels:
        return frame, at
    text = context.text
    is_none = text.word(at) == "neither"
    found = _channel_at(context, at + (text.word(at) in ("both", "either", "neither")))
    if found is None:
        return frame, at
    codes, end, joined_by = list_at(text, found, lambda place: _channel_at(context, place))
    is_all = text.word(at) == "both" or joined_by == "and"
    frame = replace(frame, is_none=frame.is_none or is_none)
    return replace(frame, channels=tuple(dict.fromkeys(codes)), is_all=with_all(frame, "channels", is_all)), end


def _channel_at(context: Context, at: int) -> tuple[str, int] | None:
    text = context.text
    if usual := CHANNELS.at(text, at):
        return usual
    start = text.skip(at, ("by", "via", "through", "on", "over", "in", "the", "our", "from"))
    named = context.vocabulary.named.get("channels")
    own = named.at(text, start) if named and start > at else None
    return own


_WEEKEND = Phrases(
    {
        "67": ["at weekends", "on weekends", "on a weekend", "at the weekend", "on the weekend", "a weekend"],
        "12345": [
            "on weekdays",
            "on a weekday",
            "on working days",
            "during the week",
            "a weekday",
            "a working day",
            *(f"{when}Monday {to} Friday" for when in ("", "on ", "from ") for to in ("to", "till", "through", "-")),
        ],
    }
)


def on_weekdays(context: Context, at: int, frame: Sales, _manner: Manner = "plain") -> tuple[Sales, int]:
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
