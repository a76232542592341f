"""What members did: points earned, spent and running out, rewards taken, stamp cards filled, friends brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from segments.rules import Filter, Window
from segments.words import notes
from segments.words.context import ARTICLES, Context, Found, Frame, compared, figure
from segments.words.notes import Note
from segments.words.numbers import ANY, ONCE, ZERO, Comparison, UnitAt, comparison_at
from segments.words.places_sold import shop_list, times_at
from segments.words.sales_words import STOPS
from segments.words.sold import Sales
from segments.words.text import Phrases, Text, each, list_at, one_of
from segments.words.times import Time
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
    "points_earned": _Deed(
        one_of("earned", "earn", "gained", "racked up", "collected", "collect", "accumulated", "gathered"), _POINTS, ANY
    ),
    "points_spent": _Deed(
        one_of("redeemed", "redeem", "used", "use", "spent", "spend", "cashed in", "burned", "used up", "paid with"),
        _POINTS,
        ANY,
    ),
    "rewards": _Deed(
        one_of(
            "claimed", "claim", "redeemed", "redeem", "took", "taken", "take", "picked up", "got", "received", "used",
            "had", "collected", "collect", "cashed in", "exchanged points for", "swapped points for", "enjoyed",
            "chose", "chosen",
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
}  # fmt: skip
_OF_REWARDS = one_of("redeemed", "redeem", "claimed", "claim")  # whatever it was
_ANY_REWARD = each("anything something")
_NONE = each("no neither nothing")
_NONE_OR_ANY = Phrases(
    [
        (f"{many}{them}", amount)
        for many, amount in (("none", ZERO), ("any", ANY))
        for them in ("", " of them", " of those", " of it", " of these", " points", " of those points")
    ]
)
_AFTER = one_of(
    "ever", "in total", "in", "total", "so far", "altogether", "overall", "to date", "to us", "already", "along",
    "along with them", "with them", "until now", "up to now", "till now", "by now", "yet", "at all", "from us",
    "with us", "in all",
)  # fmt: skip
_EXPIRE = (
    "expiring", "that expire", "which expire", "about to expire", "expire", "due to expire", "running out",
    "that run out", "run out", "that will expire", "will expire", "are expiring", "that are expiring",
    "are about to expire", "lapse", "that lapse", "going to expire", "that are about to expire", "will run out",
)  # fmt: skip
_EXPIRING = one_of("expiring points", *(f"points {phrase}" for phrase in _EXPIRE))
_EXPIRING_LATE = one_of(*_EXPIRE)


_LEAST = {"at_least": 1, "more": 0, "is": 0}  # of what is done at all, or not at all


@dataclass(frozen=True, slots=True)
class Done:
    """Something that members did, as it was said."""

    key: str
    one: Comparison
    choices: Sequence[tuple[Filter, ...]] = ((),)  # what it was done with, and where: one of these, or all
    is_all: bool = False
    times: Sequence[Time] = ()
    is_all_times: bool = False
    notes: Sequence[Note] = ()

    def found(self, words: range) -> Found:
        windows: list[Window | None] = [time.for_counts for time in self.times] or [None]
        choices, is_all, said = self._choices()

        def part(one: Comparison, *, is_turned: bool = False) -> Part | None:
            each_time = (
                joined(
                    (compared(words, self.key, one, window=window, where=where) for where in choices),
                    is_all=is_all is not is_turned,
                )
                for window in windows
            )
            return joined(each_time, is_all=self.is_all_times is not is_turned)

        opposite = part(replace(self.one, op="less"), is_turned=True) if self.one.is_bare and self.one.value else None
        assumed = [notes.exactly(figure(self.one))] if self.one.is_bare and self.one.value else []
        said = [*assumed, *said]
        return Found(part(self.one), words.stop, opposite, DeedFrame(self), said, may_go_on=True)

    def _choices(self) -> tuple[Sequence[tuple[Filter, ...]], bool, Sequence[Note]]:
        """Of “the mug or the bun twice” each is counted by itself."""
        is_any = self.one.op in ("at_least", "more", "is") and self.one.value == _LEAST[self.one.op]
        several = [
            (one, one.value)
            for where in self.choices
            for one in where
            if isinstance(one.value, list) and len(one.value) > 1
        ]
        if is_any or not several:
            return self.choices, self.is_all, self.notes
        first, codes = several[0]
        choices = [
            tuple(Filter(one.property, one.op, [code]) if one == first else one for one in where)
            for where in self.choices
            for code in codes
        ]
        return choices, False, [*self.notes, notes.EACH_BY_ITSELF]

    def behind(self, context: Context, at: int, end: int) -> Found:
        """With what is said behind it."""
        done, after = _behind(context, end, self)
        if context.text.word(after) in ("worth", "costing") and (one := comparison_at(context.text, after + 1)):
            return Found(None, one.end, may_go_on=True)  # “a reward worth over 100 points”
        if self.key == "friends" and context.text.word(after) in ("who", "that", "whose"):
            return Found(None, after + 1, may_go_on=True)  # it is the friend of whom more is said
        return done.found(range(at, after))


@dataclass(frozen=True, slots=True)
class DeedFrame(Frame):
    """“claimed a mug in May … but not in June”, “… or an apron”, “earned 100 points … but spent none of them”"""

    said: Done

    def again(self, context: Context, at: int) -> Found | None:
        text, deed = context.text, _DEEDS.get(self.said.key)
        if deed is None:
            return None
        if text.word(at) == "again" and context.times.at(text, at + 1):
            at += 1
        is_denied = text.word(at - 1) in ("not", "never", "none")
        new = replace(self.said, one=deed.least if is_denied else self.said.one, notes=())
        end = at
        if named := _names(context, deed, at):
            new, end = replace(_with_names(new, deed, named), one=deed.least, times=()), named[1]
        elif (one := comparison_at(text, at, _unit_of(deed.nouns))) and not (one.is_money or one.is_percent):
            if one.is_bare and not one.has_unit and context.times.at(text, one.end) is None:
                return None
            new, end = replace(new, one=one), one.end
        elsewhere = [tuple(one for one in where if one.property != "business") for where in new.choices]
        moved, after = _behind(context, end, replace(new, choices=elsewhere, times=()))
        if after == at:
            return None
        if moved.choices == elsewhere:
            moved = replace(moved, choices=new.choices)
        if not moved.times:
            moved = replace(moved, times=self.said.times, is_all_times=self.said.is_all_times)
        return moved.found(range(at, after))

    def within(self, context: Context, times: Sequence[Time], words: frozenset[int]) -> Found | None:
        if self.said.times or not context.vocabulary.fields[self.said.key].source.takes_window:
            return None
        return replace(self.said, times=times).found(range(min(words), max(words) + 1))

    def instead(self, context: Context, at: int) -> Found | None:
        if self.said.key != "points_earned":
            return None
        return points_spent_at(context, at, self.said.times, is_all_times=self.said.is_all_times)


def deed_of(found: Found | None) -> Done | None:
    return found.frame.said if found and isinstance(found.frame, DeedFrame) else None


def points_spent_at(
    context: Context, at: int, times: Sequence[Time] = (), *, is_all_times: bool = False, is_balance: bool = False
) -> Found | None:
    """Behind points: “spent none of them”, “redeemed fewer than 200”; of those in hand a number may be money."""
    text = context.text
    verb = _DEEDS["points_spent"].verbs.at(text, at)
    if verb is None or not context.knows("points_spent"):
        return None
    if loose := _NONE_OR_ANY.at(text, verb[1]):
        one, end = loose
    else:
        many = comparison_at(text, verb[1])
        if many is None or is_balance or many.is_money or many.is_percent or many.is_times:
            return None
        one, end = many, text.skip(many.end, ("of", "them", "those", "these"))
    if text.word(end) and text.word(end) not in STOPS and context.times.at(text, end) is None:
        return None
    said = [] if loose else [notes.points(text.slice(at, end))]
    done, end = _behind(context, end, Done("points_spent", one, notes=said))
    if not done.times:
        done = replace(done, times=times, is_all_times=is_all_times)
    return done.found(range(at, end))


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
    is_none = text.word(verb[1]) in _NONE
    start = verb[1] + is_none
    one = comparison_at(text, start, _unit_of(deed.nouns))
    done = Done(key, ZERO if is_none else deed.least)
    if one is not None and one.has_unit and not (is_none or one.is_money or one.is_percent):
        done, end = replace(done, one=one), one.end
    elif one is not None and not is_none and (named := _names(context, deed, one.end)):  # “took two mugs”
        done, end = replace(_with_names(done, deed, named), one=one), named[1]
    elif named := _names(context, deed, start, is_of_rewards=_OF_REWARDS.at(text, at) is not None):
        done, end = _with_names(done, deed, named), named[1]
    else:
        after = _what(context, key, deed, at, start)
        if after is None:
            return None
        end = after
    if text.word(verb[1]) == "neither" and text.word(end) in ("nor", "or"):
        return None  # “earned neither points nor stamps”
    return done.behind(context, at, end)


def _what(context: Context, key: str, deed: _Deed, at: int, start: int) -> int | None:
    """The place behind “a reward”, and behind the “redeemed” of “never redeemed” itself."""
    text = context.text
    if (end := _unit_of(deed.nouns)(text, text.skip(start, ARTICLES | {"whole"}))) is not None:
        return end
    if key != "rewards" or not _OF_REWARDS.at(text, at):
        return None
    if text.word(start) in _ANY_REWARD or text.word(start - 1) == "nothing":
        return start + (text.word(start) in _ANY_REWARD)
    is_end = not text.word(start) or text.word(start) in STOPS or context.times.at(text, start) or times_at(text, start)
    return start if is_end and text.word(start) not in ("for", "with", "from", "using") else None


_Names = tuple[list[str], int, str, list[Note]]


def _names(context: Context, deed: _Deed, at: int, *, is_of_rewards: bool = False) -> _Names | None:
    """“a free bun or the free coffee”; behind “redeemed” also by the last word that only one has: “a mug”"""
    text, kind = context.text, deed.names[0]
    named = context.vocabulary.named.get(kind)
    if named is None:
        return None
    ends = context.vocabulary.ends_of(kind) if is_of_rewards else {}
    said: list[Note] = []

    def name_at(place: int) -> tuple[str, int] | None:
        start = text.skip(place, ARTICLES)
        if found := named.at(text, start):
            return found[0], text.skip(found[1], deed.nouns)
        code = ends.get(text.word(start)) if start > place else None
        if code is None:
            return None
        said.append(notes.named(kind, text.word(start), dict(context.vocabulary.of(kind))[code]))
        return code, start + 1

    first = name_at(at)
    if first is None:
        return None
    codes, end, joined_by = list_at(text, first, name_at)
    return codes, end, joined_by, said


def _with_names(done: Done, deed: _Deed, named: _Names) -> Done:
    codes, _end, joined_by, said = named
    lists = [[code] for code in codes] if joined_by == "and" else [codes]
    choices = [(Filter(deed.names[1], "is_one_of", list(some)),) for some in lists]
    return replace(done, choices=choices, is_all=True, notes=said)


def _behind(context: Context, at: int, done: Done) -> tuple[Done, int]:
    """How often, when and at which shop, in any order."""
    text, source = context.text, context.vocabulary.fields[done.key].source
    end, before = at, -1
    while end > before:
        before = end
        if done.one.op == "at_least" and not done.one.has_unit and (one := times_at(text, end)):
            done, end = replace(done, one=replace(one, has_unit=True)), one.end
        times, after, is_all = context.time_list(end)
        if times and not done.times and source.takes_window:
            done, end = replace(done, times=times, is_all_times=is_all), after
        elif "business" in source.properties:
            done, end = _at_shops(context, end, done)
        if end == before and (small := _AFTER.at(text, end)) and not times:
            is_last = text.word(end) == "in" and small[1] == end + 1
            end = end if is_last and not context.times.at(text, small[1]) else small[1]
    return done, end


def _at_shops(context: Context, at: int, done: Done) -> tuple[Done, int]:
    """“at Mill Lane”, once"""
    if any(one.property == "business" for where in done.choices for one in where):
        return done, at
    said, end = shop_list(context, at, Sales())
    if not said.shops or said.is_none:
        return done, at
    is_all = "shops" in said.is_all
    lists = [[shop] for shop in said.shops] if is_all else [list(said.shops)]
    choices = [(*where, Filter("business", "is_one_of", list(some))) for where in done.choices for some in lists]
    return replace(done, choices=choices, is_all=done.is_all or is_all), end


def _unit_of(nouns: frozenset[str]) -> UnitAt:
    def unit_at(text: Text, at: int) -> int | None:
        start = text.skip(at, ("stamp", "coffee", "loyalty"))
        if text.word(start) not in nouns:
            return None
        is_with_stamps = text.word(start + 1) == "with" and text.word(start + 2) == "stamp"
        return start + 3 if is_with_stamps else start + 1

    return unit_at


_ENOUGH = one_of(
    *(f"enough {what} {to}" for what in ("points", "stamps") for to in ("for", "to get", "to claim", "to redeem")),
    "enough for", "can afford",
)  # fmt: skip


def enough_at(context: Context, at: int) -> Found | None:
    """“enough points for a free bun”: what may be taken is not asked for by any condition, nor is it one taken."""
    found = _ENOUGH.at(context.text, at)
    if found is None:
        return None
    deed = _DEEDS["rewards"]
    one = comparison_at(context.text, found[1], _unit_of(deed.nouns))
    named = _names(context, deed, found[1])
    return Found(None, named[1] if named else one.end if one else found[1], may_go_on=True)


def expiring_at(context: Context, at: int) -> Found | None:
    """“more than 100 points that expire next month”, “100 points or more about to expire”, “points running out”"""
    if not context.knows("points_expiring"):
        return None
    text = context.text

    def unit_at(text: Text, place: int) -> int | None:
        if noun := _EXPIRING.at(text, place):
            return noun[1]
        return place + 1 if text.word(place) in _POINTS else None

    one, noun = comparison_at(text, at, unit_at), _EXPIRING.at(text, text.skip(at, ARTICLES))
    if one is not None and not (one.is_times or one.is_money or one.is_percent):
        late = _EXPIRING_LATE.at(text, one.end)
        is_of_these = text.word(at - 2) == "of" and text.word(at - 1) in ("which", "them", "these", "those")
        if late is None and not (one.has_unit and text.word(one.end - 1) not in _POINTS):
            return None
        if late is not None and not (one.has_unit or is_of_these):
            return None
        end = late[1] if late else one.end
    elif noun is not None:
        one, end = ANY, noun[1]
    else:
        return None
    times, after, is_all = context.time_list(end, is_ahead=True)
    if text.word(end) == "soon":
        return None
    return Done("points_expiring", one, times=times, is_all_times=is_all).found(range(at, after))
