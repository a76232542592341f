"""From words to items: conditions, and what joins them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from segments.words import days, deeds, figures, known, located, named, sales, spent
from segments.words.context import HEADS, Context, Frame, Reader, begins_sales
from segments.words.items import (
    EVERYBODY,
    GREETINGS,
    JOINTS,
    LEADS,
    PEOPLE,
    PURPOSES,
    SIGNS,
    SMALL,
    STOPS,
    Form,
    Item,
    Kind,
)
from segments.words.numbers import number_at
from segments.words.references import referred
from segments.words.settling import is_time_of_others, share_time
from segments.words.slots import THEN, sold_of
from segments.words.sold import Sales
from segments.words.spelling import put_right
from segments.words.text import Text, each

READERS: Sequence[Reader] = (
    sales.sales_at, spent.spent_at, spent.average_at, sales.category_at, sales.shops_of_several,
    named.tier_at, named.archetype_at, named.archetype_was_at, named.segment_at, named.tag_at, located.place_at,
    figures.figures_at, figures.churn_band_at, days.days_at, days.of_a_time, days.new_at, days.repeat_at,
    days.lapsed_at, known.known_at, known.texts_at, named.choices_at, known.yes_no_at, known.reach_at, known.events_at,
    named.rfm_at, deeds.deed_at, deeds.expiring_at, deeds.enough_at, sales.order_was_at, named.became_at,
    named.language_at, known.lot_at, sales.buyers_of,
)  # fmt: skip


def scanned(context: Context) -> tuple[list[Item], bool]:
    """The items in their order, and whether there was a condition, understood to its end or not."""
    scan = _Scan(context)
    return scan.run(), scan.has_conditions


class _Scan:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.text: Text = context.text
        self.items: list[Item] = []
        self.small: set[int] = set()
        self.frame: Frame | None = None
        self.has_conditions = False
        self.brackets = 0  # that are open

    def run(self) -> list[Item]:
        at = 0
        while at < len(self.text):
            at = self._step(at)
        return self.items

    def _step(self, at: int) -> int:
        readers = (
            self._purpose, self._condition, self._joint, self._fragment, self._time, self._people, self._little,
        )  # fmt: skip
        for read in readers:
            if (end := read(at)) is not None:
                return end
        self._unknown(at, at + 1)
        return at + 1

    def _purpose(self, at: int) -> int | None:
        """What the segment is for says nothing of who is in it."""
        is_behind = any(item.kind in (Kind.CONDITION, Kind.PEOPLE) for item in self.items)
        if PURPOSES.at(self.text, at) is None or not is_behind:
            return None
        self._add(Kind.STOP, at, at)
        self._unknown(at, len(self.text))
        return len(self.text)

    def _condition(self, at: int) -> int | None:
        best = self.frame.instead(self.context, at) if self.frame and self._is_same_people() else None
        for read in READERS if best is None else ():
            found = read(self.context, at)
            if found is not None and found.end > at and (best is None or found.end > best.end):
                best = found
        best = best or named.segment_by_name(self.context, at)
        if best is None:
            return None
        best = referred(self.context, at, best, self._sold_before())
        self.items.append(Item(Kind.CONDITION, at, best.end, best, form=self._form(at)))
        self.frame = best.frame
        self.has_conditions = True
        return best.end

    def _sold_before(self) -> Sequence[Sales]:
        """What was said of sales until here; a time in front of it all is that of each."""
        sold = [one for item in self.items if (one := sold_of(item.found))]
        if not self.items or self.items[0].kind is not Kind.WHEN:
            return sold
        times = tuple(self.context.time_list(self.items[0].start)[0])
        return [replace(one, times=one.times or times) for one in sold]

    def _is_same_people(self) -> bool:
        """Whether nobody else is spoken of since the last condition."""
        last = next((item for item in reversed(self.items) if item.kind not in _ON_THE_WAY), None)
        return last is not None and last.kind is Kind.CONDITION

    def _joint(self, at: int) -> int | None:
        if self.text.word(at) == ",":
            self._add(Kind.COMMA, at, at + 1)
            return at + 1
        if self.text.word(at) in STOPS:
            kind = SIGNS.get(self.text.word(at), Kind.CLAUSE)
            is_bracket = kind in (Kind.OPEN, Kind.CLOSE)
            self._add(Kind.CLAUSE if is_bracket and not self._counts(kind) else kind, at, at + 1)
            return at + 1
        found = JOINTS.at(self.text, at)
        if (
            found is None
            or GREETINGS.at(self.text, at)
            or (self.text.word(at) == "while" and self.text.word(at - 1) == "a")
        ):
            return None
        if found[0] is Kind.NOT and self.text.word(found[1]) in _ONLY:  # “not only online”, “not just Gold”
            self._unknown(at, found[1] + 1)
            return found[1] + 1
        kind = Kind.EXCEPT if found[0] is Kind.BUT and self._is_behind_everybody() else found[0]
        if self.text.word(at) == "/" and self.text.stands_alone(at):
            kind = Kind.COMMA
        if self.text.word(at) == "+" and not self.text.stands_alone(at):
            return None
        form: Form = self._denied_form(at) if kind is Kind.NOT else "noun"
        if kind is Kind.CLAUSE:
            form = "present" if self.text.word(at) in _REPEATING else "clause"
        self.items.append(Item(kind, at, found[1], form=form))
        return found[1]

    def _form(self, at: int) -> Form:
        if self.text.word(at) in ("first", "last", "also", "only") and at + 1 < len(self.text):
            at += 1
        raw = self.text.tokens[at].raw.casefold()
        if raw in _FINITE or self.text.word(at) in _FINITE:
            return "clause"
        if raw in _PRESENT:
            return "present"
        return "past" if put_right(raw).endswith("ed") or raw in _PAST else "noun"

    def _denied_form(self, at: int) -> Form:
        """“haven't” and “never” go on with “visited”, “don't” and “didn't” with “visit”, others with a noun."""
        before = self.text.word(at - 1)
        if self.text.word(at) == "never":
            return "past"
        if self.text.word(at) != "not":
            return "no" if self.text.word(at) == "no" else "noun"
        if before in ("have", "has", "had"):
            return "past"
        return "present" if before in ("do", "doe", "did", "will", "would") else "noun"

    def _counts(self, bracket: Kind) -> bool:
        """Few brackets in each other: rules may not be deep."""
        self.brackets += 1 if bracket is Kind.OPEN else -1
        is_deep = not 0 <= self.brackets - (bracket is Kind.OPEN) < _MOST_BRACKETS
        if is_deep:
            self.brackets = min(max(self.brackets, 0), _MOST_BRACKETS)
        return not is_deep

    def _is_behind_everybody(self) -> bool:
        """“everyone but …”, “all but …”"""
        last = self.items[-1] if self.items else None
        if last is None:
            return any(self.text.word(at) in EVERYBODY for at in self.small)
        return last.kind is Kind.PEOPLE and self.text.word(last.start) in EVERYBODY

    def _fragment(self, at: int) -> int | None:
        """More about what was said before: “but not in the last 12 months”, “and a cake stand”, “but did in May”"""
        before = [item for item in self.items[-2:] if self.text.word(item.start) not in _REPEATING]
        if self.frame is None or not before or before[-1].kind not in _BEFORE_FRAGMENTS:
            return None
        found = self.frame.again(self.context, at)
        if found is None or found.end <= at or is_time_of_others(self.context, self.items, at, found.end):
            return None
        share_time(self.context, self.items, found, len(self.items))
        self.items.append(Item(Kind.CONDITION, at, found.end, found))
        self.frame = found.frame or self.frame
        return found.end

    def _time(self, at: int) -> int | None:
        found = self.context.times.at(self.text, at)
        if found is not None:
            self._add(Kind.WHEN, at, found.end)
            return found.end
        then = THEN.at(self.text, at)
        is_before_a_deed = then is not None and self.text.words[at : then[1]] == ("before",)  # “before buying tea”
        if (
            then is None
            or is_before_a_deed
            or not self.items
            or not begins_sales(self.text, self.text.skip(then[1], ("they",)))
        ):
            return None
        self._add(Kind.CLAUSE, at, then[1])
        return then[1]

    def _people(self, at: int) -> int | None:
        found = PEOPLE.at(self.text, at)
        if found is None:
            return None
        before = at - 1
        while self.text.word(before) in ("the", "all", "our", "my", "those"):
            before -= 1
        is_among = not self.items and self.text.word(before) in _AMONG
        self.items.append(Item(Kind.PEOPLE, at, found[1], form="among" if is_among else "noun"))
        self.frame = None if not self.items or self.items[-1].kind is Kind.STOP else self.frame
        return found[1]

    def _little(self, at: int) -> int | None:
        if said := self.context.vocabulary.own_name.at(self.text, at) or GREETINGS.at(self.text, at):
            self.small |= set(range(at, said[1]))
            return said[1]
        word = self.text.word(at)
        if word in _ROUGHLY and number_at(self.text, at + 1):
            return None
        is_lead = word in LEADS and not self._is_said_of_them(at)
        is_sign = (not word or self.text.tokens[at].is_sign) and word not in _OF_FIGURES
        if self.text.number(at) is not None or self.text.tokens[at].days:
            return None
        if is_lead or is_sign or word in SMALL or word in HEADS:
            self.small.add(at)
            return at + 1
        return None

    def _is_said_of_them(self, at: int) -> bool:
        """“who know somebody” says something of customers, “I want to know who …” does not."""
        is_behind_people = at == 1 or any(item.kind is Kind.PEOPLE for item in self.items)
        is_of_who = is_behind_people and self.text.word(at - 1) in ("who", "that")
        return is_of_who or any(item.kind is Kind.CONDITION for item in self.items)

    def _add(self, kind: Kind, start: int, end: int) -> None:
        self.items.append(Item(kind, start, end))

    def _unknown(self, start: int, end: int) -> None:
        """Small words between two that nobody understands belong to them."""
        if (
            self.items
            and self.items[-1].kind is Kind.UNKNOWN
            and all(place in self.small for place in range(self.items[-1].end, start))
        ):
            start = self.items.pop().start
        self.items.append(Item(Kind.UNKNOWN, start, end))


_MOST_BRACKETS = 3
_OF_FIGURES = frozenset("<>=≤≥%£$€¥")  # they say more of a figure
_AMONG = frozenset({"of", "among", "amongst", "from"})
_ROUGHLY = each("about around roughly some circa approximately")


_PAST = frozenset(
    "became begun began won had bought spent came been went gone got took made paid seen shown left been brought told"
    " gave given sent ran lost kept met said wrote read chose fell rose".split()
)
_PRESENT = frozenset("live have belong order buy visit spend come go shop purchase pay celebrate get hold".split())
_FINITE = frozenset(
    "who that not are is was were lives has had belongs can could may buys visits spends comes goes".split()
)
_ONLY = each("only just merely")
_REPEATING = each("do doe did have has had were was are is")
_ON_THE_WAY = frozenset({Kind.AND, Kind.OR, Kind.BUT, Kind.NOT, Kind.COMMA, Kind.CLAUSE})
_BEFORE_FRAGMENTS = frozenset(
    {Kind.AND, Kind.OR, Kind.NOR, Kind.BUT, Kind.NOT, Kind.COMMA, Kind.EXCEPT, Kind.EITHER, Kind.BOTH, Kind.NEITHER}
)
