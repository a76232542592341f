"""What came first: “a teapot and then a candle”, which no condition can say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from segments.words.items import Item, Kind
from segments.words.slots import sold_of
from segments.words.text import Text
from segments.words.tree import conditions_of

_DEEDS = frozenset({"member", "member_since", "rewards", "points_earned", "points_spent", "full_cards", "friends"})


def without_sequences(text: Text, items: Sequence[Item]) -> list[Item]:
    """“Then” before a deed without a time of its own is not understood; the deed itself is."""
    found = list(items)
    for at, item in enumerate(items):
        is_then = item.kind in (Kind.AND, Kind.CLAUSE) and text.word(item.end - 1) == "then"
        if is_then and any(_is_deed(one) for one in items[:at]) and _is_untimed_deed(items[at + 1 :]):
            found[at] = replace(item, kind=Kind.UNKNOWN)
    return found


def _is_untimed_deed(items: Sequence[Item]) -> bool:
    following = next((item for item in items if item.kind not in (Kind.CLAUSE, Kind.NOT, Kind.PEOPLE)), None)
    sold = sold_of(following.found) if following else None
    is_settled = sold is not None and (sold.times or sold.is_back)
    return following is not None and _is_deed(following) and not is_settled


def _is_deed(item: Item) -> bool:
    if item.found is None or item.found.part is None:
        return False
    fields = {one.field for one in conditions_of(item.found.part) if one.window is None or one.field == "member_since"}
    return sold_of(item.found) is not None or bool(fields & _DEEDS)
