"""From words to items: conditions, and what joins them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Literal, TypeAlias

from segments.words import days, deeds, figures, known, located, named, notes, sales
from segments.words.context import HEADS, Context, Found, Frame, Reader
from segments.words.numbers import number_at
from segments.words.slots import Spoken, found_of
from segments.words.sold import Sales
from segments.words.text import Phrases, Text


class Kind(Enum):
    CONDITION = auto()
    PEOPLE = auto()
    CLAUSE = auto()  # “who”, “with”: what follows says more of the same people
    AND = auto()
    OR = auto()
    NOR = auto()
    COMMA = auto()
    BUT = auto()
    EXCEPT = auto()
    EITHER = auto()
    BOTH = auto()
    NEITHER = auto()
    NOT = auto()
    STOP = auto()
    OPEN = auto()
    CLOSE = auto()
    WHEN = auto()  # a time that no condition has taken
    UNKNOWN = auto()


# How the words of a condition begin; "present" of a clause: “are” and “have”, not “who”. Of a "not", what more it can
# deny: “haven't ordered or visited”; “no” denies its own noun only.
Form: TypeAlias = Literal["noun", "past", "present", "clause", "no"]


@dataclass(frozen=True, slots=True)
class Item:
    kind: Kind
    start: int
    end: int
    found: Found | None = None
    words: frozenset[int] = frozenset()  # of a condition that has taken others
    form: Form = "noun"


READERS: Sequence[Reader] = (
    sales.sales_at, sales.category_at, sales.shops_of_several, named.tier_at, named.archetype_at,
    named.segment_at, named.tag_at, located.place_at, figures.figures_at, figures.filled_at,
    figures.churn_band_at, days.days_at, days.new_at, days.repeat_at, days.lapsed_at, known.known_at,
    known.texts_at, named.choices_at, known.yes_no_at, known.reach_at, known.events_at, named.rfm_at,
    deeds.deed_at, deeds.expiring_at, sales.order_was_at, named.became_tier_at, sales.buyers_of,
)  # fmt: skip
_JOINTS = Phrases(
    {
        Kind.AND: [
            "and", "&", "as well as", "along with", "together with", "in addition to", "and also", "plus", "and then",
            "and who also", "in combination with",
        ],
        Kind.OR: ["or", "and/or", "or else", "or alternatively", "/"],
        Kind.NOR: ["nor", "and neither", "or neither"],
        Kind.BUT: ["but", "yet", "however", "although", "though", "whereas", "even though", "but also", "but then"],
        Kind.EXCEPT: [
            "except", "except for", "excluding", "apart from", "other than", "not including", "leaving out",
            "leave out", "minus", "aside from", "not counting", "ignoring", "with the exception of", "bar",
            "save for", "unless", "exclude", "but exclude", "and exclude", "but leave out", "and leave out", "excl",
            "but excluding", "except those", "without those", "without anyone", "without anybody", "without people",
            "without customers", "besides", "barring", "instead of", "rather than", "but without those",
            "and excluding", "outside of those", "but ignore", "skip", "and not counting", "not the ones",
            "omitting", "omit", "except of", "but except", "excepting", "but nobody", "but no one", "and nobody",
            "and no one", "nobody", "no one", "none of the", "none of those", "but none of the",
            "but none of those",
        ],
        Kind.EITHER: ["either"],
        Kind.BOTH: ["both"],
        Kind.NEITHER: ["neither"],
        Kind.NOT: [
            "not", "never", "no", "non", "without", "lacking", "lack", "none", "not yet", "never ever", "zero",
            "yet to", "have yet to", "has yet to", "failed to", "fail to", "forgot to", "no longer", "not anymore",
            "refused to", "ceased to", "anything but", "nothing", "outside", "outside of",
        ],
        Kind.CLAUSE: [
            "who", "that", "which", "whose", "whom", "where", "with", "having", "while", "when", "has", "have",
            "had", "is", "are", "was", "were", "be", "been", "do", "does", "did", "also", "then", "additionally",
            "got", "whos", "must", "should", "will", "would", "if", "holding", "hold", "keeping", "only those",
            "such as have", "being", "did also", "sitting on", "they", "gave us", "given us", "told us", "shared",
        ],
    }
)  # fmt: skip
_PEOPLE = Phrases(
    {
        True: [
            "customer", "customers", "people", "person", "persons", "everyone", "everybody", "anyone", "anybody",
            "someone", "somebody", "those", "ones", "shopper", "buyer", "client", "guest", "patron", "user",
            "individual", "contact", "consumer", "purchaser", "visitor", "subscriber", "punter", "clientele",
            "customer base", "women and men", "folks", "every one", "persons",
                    ]
    }
)  # fmt: skip
EVERYBODY = frozenset({"everyone", "everybody", "all", "every", "anyone", "anybody"})
# Words that say nothing by themselves.
SMALL = frozenset(
    "the a an of to in on at for from by as our my their his her its your us me i we you they them it there here this"
    " these all every each so just please thank thanks kindly ever already currently now today still any some kind"
    " sort type group segment audience list who whose am will would like could can show find get give see want need"
    " let which what me us out up then really actually both ok okay hi hello hey dear"
    " say right have been total only made placed make their ones at least more most whole entire database record"
    " shop? programme one such very done ya etc per".split()
)
_SMALL_NOT = frozenset({"only", "more", "most", "least", "per", "record", "still", "today", "one", "type"})
# At the beginning of a sentence only.
_LEADS = frozenset(
    "show find give list get create make build target select pick display return pull identify filter search look"
    " fetch generate want need tell which what who how many pls bring prepare compile set define save new"
    " id i d let filter down query choose grab count extract looking after about seeing view check lookup start begin"
    " segment group audience people called named name something could would love interested know whether think"
    " having trying made up consisting containing includes including contain include consist contains"
    " database".split()
)
_PURPOSES = Phrases({True: ["so that", "so we", "so i", "so they", "so you", "because", "in order to",
                            "in order that", "as i want",
                            "as we want", "since i want", "since we want", "to send them", "to offer them",
                            "to thank them",
                            "to give them", "and send them", "and give them", "and offer them", "and text them",
                            "and email them", "for a campaign", "for my campaign", "for our campaign",
                            "for a mailing",
                            "for the newsletter", "for our newsletter", "to whom", "and invite them",
                            "and thank them"]})  # fmt: skip
_SIGNS = {".": Kind.STOP, ";": Kind.STOP, ":": Kind.STOP, "(": Kind.OPEN, ")": Kind.CLOSE}
_STOPS = frozenset('.;:!?()[]"“”')


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
        self._place_times()
        self._spread_doubt()
        self._drop_only()
        return self.items

    def _step(self, at: int) -> int:
        for read in (
            self._purpose,
            self._condition,
            self._joint,
            self._fragment,
            self._time,
            self._people,
            self._little,
        ):
            end = read(at)
            if end is not None:
                return end
        self._unknown(at, at + 1)
        return at + 1

    def _purpose(self, at: int) -> int | None:
        """What the segment is for says nothing of who is in it."""
        if _PURPOSES.at(self.text, at) is None or not any(item.kind is Kind.CONDITION for item in self.items):
            return None
        self._add(Kind.STOP, at, at)
        self._unknown(at, len(self.text))
        return len(self.text)

    def _condition(self, at: int) -> int | None:
        best: Found | None = None
        for read in READERS:
            found = read(self.context, at)
            if found is not None and found.end > at and (best is None or found.end > best.end):
                best = found
        if best is None:
            return None
        best = self._referred(at, best)
        self.items.append(Item(Kind.CONDITION, at, best.end, best, form=self._form(at)))
        self.frame = best.frame
        self.has_conditions = True
        return best.end

    def _referred(self, at: int, found: Found) -> Found:
        """“… and spent over £100 there”: in the shops that were named before; “… and never came back”: since then."""
        said = {self.text.word(place) for place in range(at + 1, found.end)}
        sold = _sold(found)
        if sold is None:
            return found
        before = [one for item in self.items if (one := _sold(item.found))]
        narrowed = sold
        if "there" in said and not sold.shops and (named := [one for one in before if one.shops]):
            narrowed = replace(sold, shops=named[-1].shops, is_all=sold.is_all | (named[-1].is_all & {"shops"}))
        if sold.is_back and not sold.times and before and not before[-1].order:
            since = before[-1].time_since(self.context.times.today)
            narrowed = replace(narrowed, times=(since,), is_back=False) if since else narrowed
        return (narrowed != sold and found_of(self.context, narrowed, range(at, found.end))) or found

    def _joint(self, at: int) -> int | None:
        if self.text.word(at) == ",":
            self._add(Kind.COMMA, at, at + 1)
            return at + 1
        if self.text.word(at) in _STOPS:
            kind = _SIGNS.get(self.text.word(at), Kind.CLAUSE)
            is_bracket = kind in (Kind.OPEN, Kind.CLOSE)
            self._add(Kind.CLAUSE if is_bracket and not self._counts(kind) else kind, at, at + 1)
            return at + 1
        found = _JOINTS.at(self.text, at)
        if found is None or (self.text.word(at) == "while" and self.text.word(at - 1) == "a"):
            return None
        if found[0] is Kind.NOT and self.text.word(found[1]) in _ONLY:  # “not only online”, “not just Gold”
            self._unknown(at, found[1] + 1)
            return found[1] + 1
        kind = Kind.EXCEPT if found[0] is Kind.BUT and self._is_behind_everybody() else found[0]
        form: Form = self._denied_form(at) if kind is Kind.NOT else "noun"
        if kind is Kind.CLAUSE:
            form = "present" if self.text.word(at) in _REPEATING else "clause"
        self.items.append(Item(kind, at, found[1], form=form))
        return found[1]

    def _form(self, at: int) -> Form:
        if self.text.word(at) in ("first", "last", "also") and at + 1 < len(self.text):
            at += 1
        raw = self.text.tokens[at].raw.casefold()
        if raw in _FINITE or self.text.word(at) in _FINITE:
            return "clause"
        if raw in _PRESENT:
            return "present"
        return "past" if raw.endswith("ed") or raw in _PAST else "noun"

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
        if found is None or found.end <= at:
            return None
        self._share_time(found)
        self.items.append(Item(Kind.CONDITION, at, found.end, found))
        self.frame = found.frame or self.frame
        return found.end

    def _share_time(self, found: Found) -> None:
        """“at Pine Street but not Quayside in the last 60 days”: the time is of both."""
        place = max((at for at, item in enumerate(self.items) if item.found), default=-1)
        item, new = self.items[place], _sold(found)
        old = _sold(item.found)
        if old is None or new is None or old.times or not new.times or item.found is None:
            return
        if old.of_what == new.of_what:
            return
        words = frozenset(range(item.start, item.end)) | item.words
        frame = item.found.frame
        shared = frame.within(self.context, new.times, words) if frame else None
        if shared is not None:
            shared = replace(shared, notes=[*shared.notes, notes.time_of_both()])
            self.items[place] = replace(item, found=shared, words=words)

    def _time(self, at: int) -> int | None:
        found = self.context.times.at(self.text, at)
        if found is None:
            return None
        self._add(Kind.WHEN, at, found.end)
        return found.end

    def _people(self, at: int) -> int | None:
        found = _PEOPLE.at(self.text, at)
        if found is None:
            return None
        self._add(Kind.PEOPLE, at, found[1])
        self.frame = None if not self.items or self.items[-1].kind is Kind.STOP else self.frame
        return found[1]

    def _little(self, at: int) -> int | None:
        if ours := self.context.vocabulary.own_name.at(self.text, at):
            self.small |= set(range(at, ours[1]))
            return ours[1]
        word = self.text.word(at)
        if word in _ROUGHLY and number_at(self.text, at + 1):
            return None
        is_lead = word in _LEADS and not any(item.kind is Kind.CONDITION for item in self.items)
        is_sign = not word or self.text.tokens[at].is_sign
        if self.text.number(at) is not None or self.text.tokens[at].days:
            return None
        if is_lead or is_sign or (word in SMALL and word not in _SMALL_NOT) or word in HEADS:
            self.small.add(at)
            return at + 1
        return None

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

    def _place_times(self) -> None:
        """A time by itself belongs to the condition beside it."""
        at = 0
        while at < len(self.items):
            is_when = self.items[at].kind is Kind.WHEN
            if is_when and self._taken(at):
                continue
            if is_when:
                self.items[at] = replace(self.items[at], kind=Kind.UNKNOWN)
            at += 1

    def _taken(self, at: int) -> bool:
        when = self.items[at]
        times, end, _is_all = self.context.time_list(when.start)
        if end > when.end:
            times = times[:1]
        for place in self._beside(at):
            item = self.items[place]
            if item.found is None or item.found.frame is None or not self._is_next_to(item, when):
                continue
            words = frozenset(range(item.start, item.end)) | item.words | frozenset(range(when.start, when.end))
            found = item.found.frame.within(self.context, times, words)
            if found is not None:
                self.items[place] = replace(item, found=found, words=words)
                del self.items[at]
                return True
        return False

    def _is_next_to(self, item: Item, when: Item) -> bool:
        """Behind a condition nothing may stand between: the days of “on a Tuesday” are none that is known."""
        return when.start < item.start or all(self.text.word(at) == "," for at in range(item.end, when.start))

    def _beside(self, at: int) -> list[int]:
        before = at - 1
        while before >= 0 and self.items[before].kind is Kind.COMMA:
            before -= 1
        after = at + 1
        while after < len(self.items) and self.items[after].kind in _BETWEEN_TIMES:
            after += 1
        return [
            place
            for place in (before, after)
            if 0 <= place < len(self.items) and self.items[place].kind is Kind.CONDITION
        ]

    def _spread_doubt(self) -> None:
        """What follows a condition and is not understood may say more about it: then neither is understood."""
        at = 0
        while at < len(self.items):
            item, after = self.items[at], self._behind(at + 1)
            if item.kind is Kind.UNKNOWN and self._leads_on(item, at + 1):
                self.items[at : at + 2] = [Item(Kind.UNKNOWN, item.start, self.items[at + 1].end)]
                continue
            is_open = item.kind is Kind.CONDITION and item.found is not None and item.found.may_go_on
            if is_open and after < len(self.items) and self.items[after].kind is Kind.UNKNOWN:
                self.items[at : after + 1] = [Item(Kind.UNKNOWN, item.start, self.items[after].end)]
                at = max(at - 1, 0)
            else:
                at += 1

    def _drop_only(self) -> None:
        """“only ordered once” says no more than “ordered once”."""
        for at in range(len(self.items) - 1):
            item, after = self.items[at], self.items[at + 1]
            sold = _sold(after.found)
            amount = sold.amount if sold else None
            is_only = item.kind is Kind.UNKNOWN and item.end - item.start == 1 and self.text.word(item.start) in _ONLY
            if is_only and amount is not None and amount.op in ("is", "less", "at_most"):
                self.items[at] = replace(item, kind=Kind.CLAUSE)
        if len(self.items) > 1 and self._is_only_behind_a_name(self.items[-2], self.items[-1]):
            self.items.pop()

    def _is_only_behind_a_name(self, name: Item, item: Item) -> bool:
        """“Gold members only”"""
        is_name = name.found is not None and not name.found.may_go_on
        return (
            is_name
            and item.kind is Kind.UNKNOWN
            and [self.text.word(at) for at in range(item.start, item.end)] == ["only"]
        )

    def _leads_on(self, item: Item, at: int) -> bool:
        """“close to Gold” is not Gold."""
        if at >= len(self.items) or self.items[at].kind is not Kind.CONDITION:
            return False
        following = self.items[at]
        between = {self.text.word(place) for place in range(item.end - 1, following.start)}
        is_doing = self.text.tokens[following.start].raw.casefold().endswith("ing") and following.start == item.end
        return bool(between & _LEADING_ON) or (is_doing and _sold(following.found) is not None)

    def _behind(self, at: int) -> int:
        """The next item; “that” and “which” speak of the thing before them."""
        if at < len(self.items) and self.text.word(self.items[at].start) in ("that", "which"):
            while at < len(self.items) and self.items[at].kind is Kind.CLAUSE:
                at += 1
        return at


_MOST_BRACKETS = 3
_ROUGHLY = frozenset({"about", "around", "roughly", "some", "circa", "approximately"})


def _sold(found: Found | None) -> Sales | None:
    return found.frame.said if found and isinstance(found.frame, Spoken) else None


_PAST = frozenset(
    "became begun began won had bought spent came been went gone got took made paid seen shown left been".split()
)
_PRESENT = frozenset("live have belong order buy visit spend come go shop purchase pay celebrate get hold".split())
_FINITE = frozenset(
    "who that not are is was were lives has had belongs can could may buys visits spends comes goes".split()
)
_ONLY = frozenset({"only", "just", "merely"})
_LEADING_ON = frozenset({"to", "become", "than", "like", "as", "towards", "into"})
_REPEATING = frozenset("do doe did have has had were was are is".split())
_BEFORE_FRAGMENTS = frozenset(
    {Kind.AND, Kind.OR, Kind.NOR, Kind.BUT, Kind.NOT, Kind.COMMA, Kind.EXCEPT, Kind.EITHER, Kind.BOTH, Kind.NEITHER}
)
_BETWEEN_TIMES = frozenset({Kind.COMMA, Kind.PEOPLE, Kind.CLAUSE, Kind.NOT})
