"""What the readers of conditions share: the sentence, the names, the day, and what a reader gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from segments.rules import Condition, Dates, Filter, Value, Window
from segments.words.notes import Note
from segments.words.numbers import Comparison
from segments.words.sales_words import SPEND_VERBS, VERBS
from segments.words.text import Text, each, list_at
from segments.words.times import Time, Times
from segments.words.tree import Asked, Part, Together, either, every
from segments.words.vocabulary import Vocabulary

HEADS = each(
    "customer people person member shopper buyer client guest patron holder visitor individual user one contact"
    " subscriber punter consumer purchaser"
)
# Small words that may stand anywhere in a phrase.
ARTICLES = each("a an the any some my our their his her its your")
BE = each("is are was were be been being am")
HAVE = each("have has had having got get hold holding with")
DO = each("do doe did doing done")
# Before a noun of what is there or missing.
ASKS_FOR = HAVE | each("without no any not own zero either neither nor both")
# What nobody sells, though a title may hold it.
NO_GOODS = each(
    "please thank those that this these them they people person customer member everyone everybody anyone anybody"
    " someone somebody one all each both either neither who which what so also then too now today ever never not no"
    " yes ok okay well just only more most less least much many few several some any other rest else same here there"
    " it he she i we you me us our your their his her its of to in on at for from by with as is are was were"
    " everything nothing monthly weekly daily yearly annually quarterly regularly frequently rarely often constantly"
    " repeatedly occasionally usually normally mostly mainly consistently continuously quickly directly heavily plenty"
    " loads lots together alone long while ages time ago recently lately seldom sometimes always day week month year"
    " fortnight hour minute weekend morning afternoon evening night active inactive lapsed loyal regular recent old"
    " young happy unhappy big small top best worst good bad great nice important interested vegetarian vegan male"
    " female men women"
)


def to_figure(text: Text, at: int, words: Iterable[str] = ()) -> int:
    """The place behind “is”, “of”, “at” and other words that lead to a figure."""
    while text.word(at) in BE or text.word(at) in ("of", "that", ":", "which", "lie", "fall", "range", *words):
        at += 1
    return at + 1 if text.word(at) == "at" and text.word(at + 1) not in ("least", "most", "the") else at


def begins_clause(text: Text, at: int) -> bool:
    """“… last month, and in October they …”: the time is of what follows."""
    return text.word(at) in _SUBJECTS or begins_sales(text, at)


def begins_sales(text: Text, at: int) -> bool:
    return bool(VERBS.at(text, at) or SPEND_VERBS.at(text, at))


_SUBJECTS = DO | {"they", "have", "has", "had"}


@dataclass(frozen=True, slots=True)
class Context:
    text: Text
    vocabulary: Vocabulary
    times: Times

    def knows(self, field: str) -> bool:
        return field in self.vocabulary.fields

    def is_named(self, at: int) -> bool:
        """Whether a name of a group of customers begins there."""
        return any(one.at(self.text, at) for kind, one in self.vocabulary.named.items() if kind in _GROUPS)

    def time_list(self, at: int, *, is_ahead: bool = False, is_listed: bool = False) -> tuple[list[Time], int, bool]:
        """“in March or April”: times, the place after them, and whether all are meant."""
        if each_of := self.times.each_of(self.text, at):
            return each_of, each_of[0].end, True
        is_several = self.text.word(at) == "in" and self.text.word(at + 1) in ("both", "either")
        is_both = is_several and self.text.word(at + 1) == "both"
        start = at + 2 * is_several
        found = self.times.at(self.text, start, is_ahead=is_ahead, is_listed=is_listed or is_several)
        if found is None:
            return [], at, False
        is_open = isinstance(found.window, Dates) and None in (found.window.first, found.window.last)

        def more_at(place: int) -> tuple[Time, int] | None:
            time = self.times.at(self.text, place, is_ahead=is_ahead, is_listed=not is_open)
            return (time, time.end) if time and not begins_clause(self.text, time.end) else None

        times, end, joined_by = list_at(self.text, (found, found.end), more_at)
        if not joined_by:
            return [found], found.end, is_both
        return [one.in_year_of(times[-1]) for one in times], end, is_both or joined_by == "and"


_GROUPS = frozenset({"tiers", "archetypes", "tags", "segments", "rfm_groups"})


class Frame(Protocol):
    """A condition that a following fragment may repeat with something else: “ordered in March but not in April”."""

    def again(self, context: Context, at: int) -> Found | None:
        """What a fragment at a place says, or None."""

    def within(self, context: Context, times: Sequence[Time], words: frozenset[int]) -> Found | None:
        """The same in a time that was said beside it; None where it has one already or takes none."""
        return None

    def instead(self, context: Context, at: int) -> Found | None:
        """What words that mean something else by themselves mean behind it: the “spent none” of points."""
        return None


@dataclass(frozen=True, slots=True)
class Found:
    """What a reader found, up to `end`. Without a `part` the words are about something that is not known.

    `opposite` is what a "not" makes of it, where that is not simply its negation. `may_go_on`: words behind it that
    nobody understands may belong to it. `is_head`: the words stand for people as well (“members”).
    """

    part: Part | None
    end: int
    opposite: Part | None = None
    frame: Frame | None = None
    notes: Sequence[Note] = ()
    may_go_on: bool = False
    is_head: bool = False
    needs_quiet: bool = False  # means something only beside a time without orders


Reader = Callable[[Context, int], Found | None]


def asked(
    words: range | frozenset[int],
    field: str,
    op: str,
    value: Value | Sequence[str] = None,
    window: Window | None = None,
    where: Sequence[Filter] = (),
) -> Asked:
    value = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
    return Asked(Condition(field, op, value, window, tuple(where)), frozenset(words))


def compared(words: range | frozenset[int], field: str, one: Comparison, **rest: Any) -> Part:
    """One condition, or two of “more than 100 but fewer than 500”."""
    found = asked(words, field, one.op, figure(one), **rest)
    if one.also is None:
        return found
    return Together((asked(words, field, one.also.op, figure(one.also), **rest), found), is_all=True)


def figure(one: Comparison) -> Value:
    low = plain(one.value)
    return [low, plain(one.high)] if one.high is not None else low


def plain(number: Decimal) -> int | float:
    """As JSON has it."""
    return int(number) if number == int(number) else float(number)


def on_days(words: range, field: str, times: Sequence[Time], *, is_all: bool = False) -> Part | None:
    """A day that lies in one of these times, or in all."""
    parts = []
    for time in times:
        windows = [time.window, *([time.also] if time.also else [])]
        part = every(asked(words, field, "within", window=window) for window in windows)
        if time.beyond:
            away = asked(words, field, "not_within", window=time.beyond)
            part = every([asked(words, field, "exists"), away])
        if part is not None:
            parts.append(part)
    return every(parts) if is_all else either(parts)
