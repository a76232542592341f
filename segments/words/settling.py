"""What the items beside it make of one: times by themselves, doubt, “only”, “lapsed”."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from segments.words import notes
from segments.words.context import Context, Found, begins_clause
from segments.words.deeds import deed_of
from segments.words.items import Item, Kind
from segments.words.sequence import without_sequences
from segments.words.slots import THEN, sold_of
from segments.words.text import Text, each
from segments.words.times import Time
from segments.words.tree import conditions_of


def settled(context: Context, items: Sequence[Item]) -> Sequence[Item]:
    timed = _with_left_out(context.text, _with_doings(context, _with_times(context, list(items))))
    sure = _without_doubtful(context.text, _without_wishes(context.text, timed))
    return _without_lapsed(without_sequences(context.text, _without_only(context.text, sure)))


def _with_times(context: Context, items: list[Item]) -> list[Item]:
    """A time by itself belongs to the condition beside it, one at the beginning to all of them."""
    at = 0
    while at < len(items):
        if items[at].kind is not Kind.WHEN:
            at += 1
            continue
        when = items[at]
        times, end, _is_all = context.time_list(when.start)
        times = times if end == when.end else times[:1]
        if any(_take(context, items, place, when, times) for place in _beside(items, at)):
            if all(item.kind is not Kind.CONDITION for item in items[:at]):
                _take_too(context, items, at, when, times)
            del items[at]
        else:
            items[at] = replace(when, kind=Kind.UNKNOWN)
    return items


def _take(context: Context, items: list[Item], place: int, when: Item, times: Sequence[Time]) -> bool:
    item = items[place]
    if item.found is None or item.found.frame is None or not _is_next_to(context.text, item, when):
        return False
    words = frozenset(range(item.start, item.end)) | item.words | frozenset(range(when.start, when.end))
    found = item.found.frame.within(context, times, words)
    if found is None:
        return False
    items[place] = replace(item, found=found, words=words)
    if context.text.word(item.end) == ",":
        share_time(context, items, found, place)
    return True


def _take_too(context: Context, items: list[Item], at: int, when: Item, times: Sequence[Time]) -> None:
    """“In May, customers who bought soap and visited Quayside”"""
    for place in range(at + 1, len(items)):
        if _begins_anew(context.text, items, at, place):
            return
        is_timed = items[place - 1].kind is Kind.WHEN and place > at + 1
        if not is_timed and _take(context, items, place, when, times) and (found := items[place].found):
            items[place] = replace(items[place], found=replace(found, notes=[*found.notes, notes.TIME_OF_ALL]))


def _begins_anew(text: Text, items: Sequence[Item], at: int, place: int) -> bool:
    """“In October they bought soap, and they have never …”: what is said of them by itself is not of October."""
    if not any(item.kind is Kind.CONDITION for item in items[at:place]):
        return False
    item = items[place]
    is_person = item.kind in (Kind.PEOPLE, Kind.CLAUSE) and text.word(item.start) in ("they", "who", "those")
    is_ever = not _EVER.isdisjoint(text.words[items[place - 1].end : item.end])
    return is_person or item.kind in (Kind.EXCEPT, Kind.STOP) or is_ever


_EVER = each("never ever")


def _is_next_to(text: Text, item: Item, when: Item) -> bool:
    """Behind a condition nothing may stand between: the days of “on a Tuesday” are none that is known."""
    return when.start < item.start or all(text.word(at) == "," for at in range(item.end, when.start))


def _beside(items: Sequence[Item], at: int) -> list[int]:
    before = at - 1
    while before >= 0 and items[before].kind is Kind.COMMA:
        before -= 1
    after = at + 1
    while after < len(items) and items[after].kind in _BETWEEN_TIMES:
        after += 1
    return [place for place in (before, after) if 0 <= place < len(items) and items[place].kind is Kind.CONDITION]


_BETWEEN_TIMES = frozenset({Kind.COMMA, Kind.PEOPLE, Kind.CLAUSE, Kind.NOT})


def _with_doings(context: Context, items: list[Item]) -> list[Item]:
    """“came in this month without buying tea”: not then."""
    for at in range(2, len(items)):
        before, denial, item = items[at - 2 : at + 1]
        sold = sold_of(before.found)
        is_doing = context.text.word(denial.start) == "without" and _is_doing(context.text, item)
        if sold is None or not is_doing or item.found is None or item.found.frame is None:
            continue
        shared = item.found.frame.within(context, sold.times, frozenset(range(item.start, item.end)) | item.words)
        if shared is not None and sold.times:
            items[at] = replace(item, found=replace(shared, notes=[*shared.notes, notes.TIME_BEFORE]))
    return items


def is_time_of_others(context: Context, items: Sequence[Item], at: int, end: int) -> bool:
    """“…, but not soap, in May” says no more of soap, nor “… and in June bought candles” of what stands before."""
    time, then = context.times.at(context.text, at), THEN.at(context.text, at)
    if end not in (time and time.end, then and then[1]):
        return False
    kinds = [item.kind for item in items[-3:]]
    is_of_next = begins_clause(context.text, end) or context.text.word(end) in _DENIALS
    return is_of_next or kinds == [Kind.NOT, Kind.CONDITION, Kind.COMMA]


_DENIALS = each("never no none nothing not only")


def share_time(context: Context, items: list[Item], found: Found, end: int) -> None:
    """“at Pine Street but not Quayside in the last 60 days”: the time is of both; the other ends before `end`."""
    before = [at for at, item in enumerate(items[:end]) if item.found]
    if not before:
        return
    place = before[-1]
    item = items[place]
    times = _shared(item.found, found)
    if not times or item.found is None:
        return
    words = frozenset(range(item.start, item.end)) | item.words
    shared = item.found.frame.within(context, times, words) if item.found.frame else None
    if shared is not None:
        shared = replace(shared, notes=[*shared.notes, notes.TIME_OF_BOTH])
        items[place] = replace(item, found=shared, words=words)


def _shared(before: Found | None, found: Found) -> Sequence[Time]:
    """The times of what was said last, where they are of what was said before it as well."""
    old, new = sold_of(before), sold_of(found)
    if old is not None and new is not None:
        return () if old.times or old.of_what == new.of_what else new.times
    done, last = deed_of(before), deed_of(found)
    if done is None or last is None or done.times or done.choices == last.choices:
        return ()
    return last.times


def _without_wishes(text: Text, items: list[Item]) -> list[Item]:
    """“would buy soap”, “want to order”, “have just joined”: nothing of what is so."""
    found: list[Item] = []
    for item in items:
        wish = _wish_before(text, found, item)
        if wish is None:
            found.append(item)
            continue
        while found and found[-1].start >= wish:
            found.pop()
        found.append(Item(Kind.UNKNOWN, wish, item.end))
    return found


def _wish_before(text: Text, items: Sequence[Item], item: Item) -> int | None:
    """The place of a word for wishes between the people, or what joins, and a condition of what is not ahead."""
    if item.found is None or item.found.part is None:
        return None
    if _AHEAD.issuperset(one.field for one in conditions_of(item.found.part)):
        return None
    before = next((one for one in reversed(items) if one.kind not in (Kind.CLAUSE, Kind.NOT, Kind.UNKNOWN)), None)
    first = before.end if before else 0
    people = [place + 1 for place in range(first, item.start) if text.word(place) in _PRONOUNS]
    if not people and (before is None or before.kind is Kind.STOP):
        return None
    is_behind = before is not None and before.kind is Kind.CONDITION  # “came in to buy”
    wishes = _WISHES - {"to"} if is_behind else _WISHES
    places = range(max([first, *people]), item.start)
    return next((at for at in places if text.word(at) in wishes and text.words[at : at + 2] != _DEMAND), None)


_AHEAD = frozenset(
    {
        "birthday", "first_order_day", "next_purchase", "points_expiring", "points_to_reward", "value_3", "value_6",
        "value_12",
    }
)  # fmt: skip
_PRONOUNS = each("who that which they whose whom")
_DEMAND = ("must", "have")  # “they must have ordered twice”
_WISHES = each("would could can will shall should must might want like love need wish hope plan about look just let to")


def _without_doubtful(text: Text, items: list[Item]) -> list[Item]:
    """What follows a condition and is not understood may say more about it: then neither is understood."""
    at = 0
    while at < len(items):
        item, after = items[at], _behind(text, items, at + 1)
        if item.kind is Kind.UNKNOWN and _leads_on(text, items, at):
            items[at : at + 2] = [Item(Kind.UNKNOWN, item.start, items[at + 1].end)]
            continue
        is_open = item.found is not None and item.found.may_go_on
        if is_open and after < len(items) and items[after].kind is Kind.UNKNOWN:
            items[at : after + 1] = [Item(Kind.UNKNOWN, item.start, items[after].end)]
            at = max(at - 1, 0)
        else:
            at += 1
    return items


def _behind(text: Text, items: Sequence[Item], at: int) -> int:
    """The next item; “that” and “which” speak of the thing before them."""
    if at < len(items) and text.word(items[at].start) in ("that", "which"):
        while at < len(items) and items[at].kind is Kind.CLAUSE:
            at += 1
    return at


def _leads_on(text: Text, items: Sequence[Item], at: int) -> bool:
    """“close to Gold” is not Gold."""
    if at + 1 >= len(items) or items[at + 1].kind is not Kind.CONDITION:
        return False
    item, following = items[at], items[at + 1]
    is_led = not _LEADING_ON.isdisjoint(text.words[item.end - 1 : following.start])
    return is_led or (following.start == item.end and _is_doing(text, following))


def _is_doing(text: Text, item: Item) -> bool:
    """“buying tea”"""
    return sold_of(item.found) is not None and text.tokens[item.start].raw.casefold().endswith("ing")


_LEADING_ON = each("to become than like as towards into almost nearly hardly barely former ex")


def _without_only(text: Text, items: list[Item]) -> list[Item]:
    """“only ordered once” says no more than “ordered once”, and “Gold members only” no more than “Gold members”."""
    for at, (item, after) in enumerate(pairwise(items)):
        sold = sold_of(after.found)
        is_few = sold is not None and sold.amount is not None and sold.amount.op in ("is", "less", "at_most")
        if is_few and _is_only(text, item):
            items[at] = replace(item, kind=Kind.CLAUSE)
    is_named = [item.found is not None and not item.found.may_go_on for item in items]
    return [item for at, item in enumerate(items) if at == 0 or not (is_named[at - 1] and _is_only(text, item))]


def _with_left_out(text: Text, items: list[Item]) -> list[Item]:
    """“…, Gold members excluded”: who stands between the last comma and it"""
    kept: list[Item] = []
    out: list[Item] = []
    for item in items:
        if item.kind is not Kind.LEFT_OUT:
            kept.append(item)
            continue
        first = _first_of_group(text, kept)
        group = kept[first:]
        is_end = text.word(item.end) in _BEHIND_LEFT_OUT
        if is_end and _is_one_group(text, group, kept[first - 1] if first else None):
            is_list = all(one.kind in (Kind.CONDITION, Kind.AND, Kind.OR) for one in group)
            out += [replace(item, kind=Kind.EXCEPT), *([_or(one) for one in group] if is_list else group)]
            del kept[first:]
            continue
        start = item.start
        while kept and kept[-1].kind is Kind.CONDITION:
            start = kept.pop().start
        kept.append(Item(Kind.UNKNOWN, start, item.end))
    return [*kept, *out]


def _or(item: Item) -> Item:
    return replace(item, kind=Kind.OR) if item.kind is Kind.AND else item


def _first_of_group(text: Text, items: Sequence[Item]) -> int:
    first = len(items)
    while first and items[first - 1].kind in (Kind.CONDITION, Kind.PEOPLE, Kind.AND, Kind.OR, Kind.CLAUSE):
        if text.word(items[first - 1].start) == "with":
            break
        first -= 1
    return first


_BEHIND_LEFT_OUT = frozenset({"", ",", ".", ";", ":", "!", "?", ")", "and", "but", "please"})


def _is_one_group(text: Text, group: Sequence[Item], before: Item | None) -> bool:
    """Not of “ordered twice Gold excluded”, nor “in Germany and Gold excluded”: who of these is left out?"""
    if not any(one.kind is Kind.CONDITION for one in group) or (before is not None and before.kind is Kind.UNKNOWN):
        return False
    if "," in text.words[group[0].start : group[-1].end]:
        return False
    if before is None and any(one.kind in (Kind.AND, Kind.OR) for one in group):
        return False
    return not any(
        one.found is not None and one.found.may_go_on and other.kind is Kind.CONDITION for one, other in pairwise(group)
    )


def _is_only(text: Text, item: Item) -> bool:
    is_word = item.kind is Kind.UNKNOWN and item.end - item.start == 1
    return is_word and text.word(item.start) in ("only", "just", "merely")


def _without_lapsed(items: Sequence[Item]) -> Sequence[Item]:
    """“Lapsed” says something beside a time without orders only."""
    is_quiet = any(_is_quiet(item) or _denies_orders(items[at : at + 4]) for at, item in enumerate(items))
    return [
        Item(Kind.UNKNOWN, item.start, item.end) if item.found and item.found.needs_quiet and not is_quiet else item
        for item in items
    ]


def _is_quiet(item: Item) -> bool:
    if item.found is None or item.found.part is None or item.found.needs_quiet:
        return False
    none = ("orders", "is", 0)
    return any(
        one.field == "last_order" or (one.window is not None and (one.field, one.op, one.value) == none)
        for one in conditions_of(item.found.part)
    )


def _denies_orders(items: Sequence[Item]) -> bool:
    """A "not", and behind it orders in some time."""
    if items[0].kind is not Kind.NOT:
        return False
    following = next((item for item in items[1:] if item.kind is not Kind.CLAUSE), None)
    if following is None or following.found is None or following.found.part is None:
        return False
    return any(one.field == "orders" and one.window is not None for one in conditions_of(following.found.part))
