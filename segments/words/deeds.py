"""What members did: points earned, spent and running out, rewards taken, stamp cards filled, friends brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from segments.rules import Filter, Window
from segments.words import notes
from segments.words.context import ARTICLES, Context, Found, compared, figure
from segments.words.numbers import ANY, ONCE, Comparison, UnitAt, comparison_at
from segments.words.places_sold import times_at
from segments.words.text import Phrases, Text, each, one_of
from segments.words.tree import Part, joined

_POINTS = each("point")


@dataclass(frozen=True, slots=True)
class _Deed:
    """`least`: what it is without a number. `names`: choices of what it may be done with, and the property of them."""

    verbs: Phrases[bool]
    nouns: frozenset[str]
    least: Comparison
    names: tuple[str, str] = ("", "")


_DEEDS: Mapping[str, _Deed] = {
    "points_earned": _Deed(one_of("earned", "earn", "gained", "racked up"), _POINTS, ANY),
    "points_spent": _Deed(
        one_of("redeemed", "redeem", "used", "spent", "cashed in", "burned", "used up", "paid with"), _POINTS, ANY
    ),
    "rewards": _Deed(
        one_of(
            "claimed", "claim", "redeemed", "redeem", "took", "taken", "picked up", "got", "received", "used", "had"
        ),
        each("reward redemption freebie"),
        ONCE,
        ("rewards", "reward"),
    ),
    "full_cards": _Deed(
        one_of("filled", "completed", "filled up", "finished"), each("card stampcard"), ONCE, ("stamp_cards", "card")
    ),
    "friends": _Deed(
        one_of("referred", "refer", "brought", "bought in", "invited", "introduced", "recommended us to", "recruited"),
        each("friend somebody someone anyone anybody people person others referral"),
        ONCE,
    ),
}
_AFTER = ("ever", "in", "total", "so", "far", "altogether", "overall", "to", "us", "already")
_EXPIRING = one_of(
    "points expiring", "points that expire", "points which expire", "points about to expire", "points expire",
    "points due to expire", "points running out", "points that run out", "points run out", "expiring points",
    "points that will expire", "points will expire", "points are expiring", "points that are expiring",
    "points are about to expire", "points lapse", "points that lapse", "points going to expire",
)  # fmt: skip


def deed_at(context: Context, at: int) -> Found | None:
    """“claimed a reward in the last 60 days”, “earned more than 1,000 points”, “brought two friends”"""
    found = [
        one for key, deed in _DEEDS.items() if context.knows(key) and (one := _deed(context, key, deed, at)) is not None
    ]
    return max(found, key=lambda one: one.end, default=None)


def _deed(context: Context, key: str, deed: _Deed, at: int) -> Found | None:
    text = context.text
    verb = deed.verbs.at(text, at)
    if verb is None or text.word(at - 1) in ("can", "could", "may", "to", "will", "would", "should"):
        return None
    one = comparison_at(text, verb[1], _unit_of(deed.nouns))
    if one is not None and one.has_unit and not (one.is_money or one.is_percent):
        return _in_times(context, range(at, one.end), key, one, ())
    start = text.skip(verb[1], ARTICLES | {"whole"})
    named = context.vocabulary.named.get(deed.names[0])
    where: list[Filter] = []
    if name := named and named.at(text, start):
        where, end = [Filter(deed.names[1], "is_one_of", [name[0]])], text.skip(name[1], deed.nouns)
    elif (after := _unit_of(deed.nouns)(text, start)) is not None:
        end = after
    else:
        return None
    one = times_at(text, end)
    return _in_times(context, range(at, one.end if one else end), key, one or deed.least, where)


def _unit_of(nouns: frozenset[str]) -> UnitAt:
    def unit_at(text: Text, at: int) -> int | None:
        start = text.skip(at, ("stamp", "coffee", "loyalty"))
        if text.word(start) not in nouns:
            return None
        is_with_stamps = text.word(start + 1) == "with" and text.word(start + 2) == "stamp"
        return start + 3 if is_with_stamps else start + 1

    return unit_at


def expiring_at(context: Context, at: int) -> Found | None:
    """“more than 100 points that expire next month”, “whose points run out in the next 30 days”"""
    if not context.knows("points_expiring"):
        return None
    text = context.text

    def unit_at(text: Text, place: int) -> int | None:
        return noun[1] if (noun := _EXPIRING.at(text, place)) else None

    one = comparison_at(text, at, unit_at)
    if one is not None and one.has_unit and not one.is_times:
        return _in_times(context, range(at, one.end), "points_expiring", one, (), is_ahead=True)
    noun = _EXPIRING.at(text, text.skip(at, ARTICLES))
    return noun and _in_times(context, range(at, noun[1]), "points_expiring", ANY, (), is_ahead=True)


def _in_times(
    context: Context, words: range, key: str, one: Comparison, where: Sequence[Filter], *, is_ahead: bool = False
) -> Found | None:
    times, end, is_all = context.time_list(words.stop, is_ahead=is_ahead)
    if not times:
        is_ever = context.text.word(end) in ("ever", "so", "already", "altogether")
        end = context.text.skip(end, _AFTER) if is_ever else end
        times, end, is_all = context.time_list(end, is_ahead=is_ahead)
    if is_ahead and context.text.word(end) == "soon":
        return None
    if times and not context.vocabulary.fields[key].source.takes_window:
        return None
    windows: list[Window | None] = [time.for_counts for time in times] or [None]
    said = range(words.start, end)

    def asked_in_times(one: Comparison, *, is_all: bool) -> Part | None:
        return joined((compared(said, key, one, window=window, where=where) for window in windows), is_all=is_all)

    opposite = asked_in_times(replace(one, op="less"), is_all=not is_all) if one.is_bare else None
    assumed = [notes.exactly(figure(one))] if one.is_bare else []
    return Found(asked_in_times(one, is_all=is_all), end, opposite, notes=assumed, may_go_on=True)
