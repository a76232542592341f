"""From items to one part: and, or, not, except, either, neither, lists.

    sentence    = groups { "but" groups | "except" groups }
    groups      = group { ("and" | "or") group }            each with people of its own: all of them together
    group       = { people | clause }                       all hold
    clause      = ["who"] both { "or" ["who"] both }
    both        = choice { ("and" | ",") ["who"] choice }
    choice      = unit { "or" condition }                   without a verb of its own: “have 50 points or 3 stamps”
    unit        = condition | "(" groups ")" | "not" unit | "either" both "or" unit | "both" unit "and" unit
                | "neither" unit { "nor" unit }

"And" binds closer than "or"; "but" and ", and" behind an "or" take everything before them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from segments.fields.base import Field
from segments.rules import Condition
from segments.words import notes
from segments.words.items import Item, Kind
from segments.words.known import KnownFrame
from segments.words.notes import Note
from segments.words.slots import sold_of
from segments.words.tree import Asked, Part, Together, conditions_of, either, every, negated, with_words


@dataclass(slots=True)
class Meaning:
    match: Part | None
    leave_out: list[Part]
    unknown: set[int]  # words that joined nothing
    notes: list[Note] = field(default_factory=list)
    has_people: bool = False
    is_open: bool = False  # “people who”, and nothing behind it


def understood(items: Sequence[Item], fields: Mapping[str, Field]) -> Meaning:
    return _Grammar(items, fields).sentence()


class _Grammar:
    def __init__(self, items: Sequence[Item], fields: Mapping[str, Field]) -> None:
        self.items = items
        self.fields = fields
        self.at = 0
        self.meaning = Meaning(None, [], set())
        self.is_leaving_out = False
        self.is_in_either = False

    def sentence(self) -> Meaning:
        is_among = bool(self.items) and self.items[0].form == "among"
        kept: list[Part | None] = [*([self._among()] if is_among else []), self.groups()]
        while self.at < len(self.items):
            kind = self._take().kind
            if kind is Kind.EXCEPT:
                self.is_leaving_out = True
                out = self.groups()
                self.is_leaving_out = False
                if out is not None:
                    self.meaning.leave_out.append(out)
            else:
                kept.append(self.groups())
        if {Kind.BUT, Kind.OR} <= {item.kind for item in self.items}:
            self._note(notes.BUT_OF_ALL)
        self.meaning.match = every(kept)
        self.meaning.is_open = bool(self.items) and self.items[-1].kind in (Kind.CLAUSE, Kind.NOT, *_LINKS, *_ENDS)
        self.meaning.has_people = any(item.kind is Kind.PEOPLE for item in self.items)
        return self.meaning

    def groups(self) -> Part | None:
        is_first = self.is_leaving_out and self.at == 1  # “except Gold members, everyone in Germany”
        found = [self.group()]
        while self._kind() in _LINKS and self._people_follow(self._after_links()):
            if is_first and self._kind() is Kind.COMMA:
                break
            is_and = any(item.kind is Kind.AND for item in self.items[self.at : self._after_links()])
            self.at = self._after_links()
            found.append(self.group())
            if is_and and None not in found:
                self._note(notes.TWO_GROUPS)
        return either(found)

    def _among(self) -> Part | None:
        """“Of those who bought in May, everyone who …”: who is meant is among them."""
        start = self.at
        among = self.group()
        if among is not None and self._kind() is Kind.COMMA and self._people_follow(self._after_links()):
            self.at = self._after_links()
            return among
        self.at = start
        return None

    def group(self) -> Part | None:
        parts: list[Part | None] = []
        while (kind := self._kind()) is not None and kind not in _ENDS:
            if kind in (Kind.PEOPLE, Kind.CLAUSE):
                if self.is_leaving_out and any(parts) and self.items[self.at].form == "clause":
                    self._note(notes.OF_LEFT_OUT)
                self.at += 1
            elif kind is Kind.UNKNOWN and self._kind(1) is not Kind.OR:
                self._not_understood(self._take())
            elif kind in _LINKS:
                if self.is_leaving_out and kind is Kind.COMMA and self._kind(1) is Kind.CLAUSE:
                    break  # “everyone except Gold members, who …” says more of everyone
                if self._people_follow(self._after_links()):
                    break
                is_or = self._kind() is Kind.OR
                self.at = self._after_links()
                found = self.clause()
                if is_or and parts:
                    parts[-1] = either([parts[-1], found])
                else:
                    parts.append(found)
            else:
                parts.append(self.clause())
        return every(parts)

    def clause(self) -> Part | None:
        found = [self.both()]
        has_or = False
        while self._link() is Kind.OR and not self._people_follow(self._after_links()):
            has_or = True
            self.at = self._after_links()
            found.append(self.both())
        if has_or and any(part is not None and _is_all(part) for part in found):
            self._note(notes.AND_IS_CLOSER)
        return either(found)

    def both(self) -> Part | None:
        parts = [self.choice()]
        while self._link() is Kind.AND and not self._people_follow(self._after_links()):
            if self._kind() is Kind.COMMA and self._kind(1) is Kind.AND and self._has_or_before():
                break
            before = self.at - 1
            self.at = self._after_links()
            are_names = self.is_leaving_out and self._is_name(before) and self._is_name(self.at)
            part = self.choice()
            if are_names:  # “except Best regulars and VIPs”
                self._note(notes.TWO_GROUPS)
                parts[-1] = either([parts[-1], part])
            else:
                parts.append(part)
        return every(parts)

    def _is_name(self, at: int) -> bool:
        """Whether a name of a group of people stands there, without a verb."""
        is_led = at > 0 and self.items[at - 1].kind is Kind.CLAUSE
        found = self.items[at].found if at < len(self.items) and not is_led else None
        part = found.part if found and not found.may_go_on else None
        return part is not None and _GROUPS.issuperset(one.field for one in conditions_of(part))

    def choice(self) -> Part | None:
        found = [self.unit()]
        while self._shares_verb() or self._is_lost():
            self.at += 1
            found.append(self.unit())
        return either(found)

    def _is_lost(self) -> bool:
        """“Gold or Platinum members who …”: what nobody knows is another word for what stands before the "or"."""
        if self._kind() is not Kind.OR or self._kind(1) is not Kind.UNKNOWN:
            return False
        before = self.items[self.at - 1].found
        is_name = before is not None and not (before.may_go_on or before.is_head)
        return is_name or not self._people_follow(self.at + 1)

    def _shares_verb(self) -> bool:
        """“have 50 points or 3 stamps”: an "or" before what has no verb of its own, behind a condition that has one."""
        if self._kind() is not Kind.OR or self._kind(1) is not Kind.CONDITION or self.at < 2:
            return False
        before, lead, following = self.items[self.at - 1], self.items[self.at - 2], self.items[self.at + 1]
        has_verb = before.form != "noun" or lead.kind is Kind.CLAUSE
        is_one = before.kind is Kind.CONDITION and has_verb and following.form == "noun"
        return is_one and not self._people_follow(self.at + 1)

    def unit(self) -> Part | None:
        kind = self._kind()
        if kind is None or kind in _ENDS:
            return None
        item = self._take()
        match kind:
            case Kind.CONDITION:
                return self._condition(item)
            case Kind.NOT:
                return self._not(item)
            case Kind.EITHER:
                return self._either()
            case Kind.OPEN:
                return self._bracketed()
            case Kind.NEITHER:
                return self._neither(item)
            case Kind.BOTH:
                return self._both_of_two()
            case Kind.CLAUSE:
                return self.unit()
            case Kind.UNKNOWN:
                self._not_understood(item)
                return None
        return self.unit() if kind is Kind.PEOPLE else None

    def _both_of_two(self) -> Part | None:
        parts = [self.unit()]
        if self._link() is Kind.AND and not self._people_follow(self._after_links()):
            self.at = self._after_links()
            parts.append(self.unit())
        return every(parts)

    def _bracketed(self) -> Part | None:
        inner = self.groups()
        if self._kind() is Kind.CLOSE:
            self.at += 1
        return inner

    def _condition(self, item: Item) -> Part | None:
        assert item.found is not None
        for note in item.found.notes:
            self._note(note)
        if item.found.part is None:
            self._not_understood(item)
        return item.found.part

    def _not(self, item: Item) -> Part | None:
        """What is denied, and what an "or" behind it denies as well: “never ordered online or in the shop”."""
        words = set(range(item.start, item.end))
        while self._kind() is Kind.CLAUSE:
            self.at += 1
        if self._kind() is Kind.PEOPLE:
            inner = self.groups()
            parts = [] if inner is None else [negated(inner, self.fields)]
        else:
            parts = [part for part in [self._denied()] if part is not None]
            while self._denies_one_more(item):
                self.at += 1
                more = self._denied()
                if more is not None:
                    self._note(notes.NEITHER)
                    parts.append(more)
        found = every(parts)
        if found is None:
            self.meaning.unknown |= words
            return None
        return with_words(found, frozenset(words))

    def _denies_one_more(self, denial: Item) -> bool:
        if self._kind(1) is not Kind.CONDITION:
            return False
        following = self.items[self.at + 1]
        is_what_is_known = following.found is not None and isinstance(following.found.frame, KnownFrame)
        is_listed = self._kind() is Kind.NOR or (self._kind() is Kind.OR and not self.is_in_either)
        if not is_listed and not (self._kind() is Kind.AND and is_what_is_known and denial.form != "no"):
            return False
        is_of_its_form = following.form in ("noun", denial.form) or self._kind() is Kind.NOR
        return is_of_its_form and not self._people_follow(self.at + 1)

    def _denied(self) -> Part | None:
        kind = self._kind()
        if kind is Kind.CONDITION:
            item = self._take()
            assert item.found is not None
            for note in item.found.notes:
                self._note(note)
            part, denied = item.found.part, item.found.opposite
            if part is None and denied is None:
                self._not_understood(item)
            if (sold := sold_of(item.found)) and sold.is_none:
                self._note(notes.DENIED_TWICE)
            is_any_missing = isinstance(denied, Together) and not denied.is_all
            if part is not None and (_has_all(part) or (is_any_missing and _is_all(part))):
                self._note(notes.NOT_BOTH)
            return denied or (part and negated(part, self.fields))
        inner = self.unit() if kind not in (Kind.UNKNOWN, None) else None
        if kind is Kind.UNKNOWN:
            self._not_understood(self._take())
        return None if inner is None else negated(inner, self.fields)

    def _either(self) -> Part | None:
        self.is_in_either = True
        found = [self.both()]
        while self._kind() is Kind.BUT and self._or_follows():
            self.at += 1
            found[-1] = every([found[-1], self.both()])
        self.is_in_either = False
        while self._kind() in (Kind.OR, Kind.COMMA) and self._after_links() < len(self.items):
            if self._link() is not Kind.OR:
                break
            self.at = self._after_links()
            found.append(self.unit())
        return either(found)

    def _or_follows(self) -> bool:
        """“either ordered but not in May or …”: this "but" says more of the first of the two."""
        following = (item.kind for item in self.items[self.at + 1 :])
        return next((kind for kind in following if kind is Kind.OR or kind in _ENDS), None) is Kind.OR

    def _neither(self, item: Item) -> Part | None:
        parts = [self._denied_after_clause()]
        while self._kind() in (Kind.NOR, Kind.OR):
            self.at += 1
            parts.append(self._denied_after_clause())
        known = every(parts)
        if known is None:
            self.meaning.unknown |= set(range(item.start, item.end))
            return None
        return with_words(known, frozenset(range(item.start, item.end)))

    def _denied_after_clause(self) -> Part | None:
        while self._kind() in (Kind.CLAUSE, Kind.PEOPLE):
            self.at += 1
        return self._denied()

    def _link(self) -> Kind | None:
        """Whether the next item joins with "and" or "or"; a comma joins as the next word of its list does."""
        kind = self._kind()
        if kind in (Kind.AND, Kind.OR):
            return kind
        if kind is Kind.NOR:
            return Kind.AND
        if kind is not Kind.COMMA:
            return None
        following = self._kind(1)
        if following in (Kind.AND, Kind.OR):
            return following
        at = self.at + 1
        while at < len(self.items) and _is_verb(self.items[at]):
            at += 1
        if at == len(self.items) or self.items[at].kind not in (Kind.CONDITION, Kind.NOT, Kind.UNKNOWN):
            return None
        for item in self.items[at:]:
            if item.kind in (Kind.AND, Kind.OR):
                return item.kind
            if item.kind in _ENDS or (item.kind is Kind.CLAUSE and not _is_verb(item)):
                break
        return Kind.AND

    def _after_links(self) -> int:
        at = self.at
        while at < len(self.items) and self.items[at].kind in _LINKS:
            at += 1
        return at

    def _people_follow(self, at: int) -> bool:
        """Whether another group of people begins there: “and people who …”, “or Gold members”"""
        if at == self.at:
            return False
        if self._other_place_follows(at):
            return True
        for item in self.items[at:]:
            if item.kind is Kind.PEOPLE:
                return True
            if item.kind is Kind.CONDITION and item.found is not None and not item.found.may_go_on:
                if item.found.is_head:
                    return True
                if item.found.frame is not None:
                    return False
                continue
            if item.kind in (Kind.UNKNOWN, Kind.NOT):
                continue
            return False
        return False

    def _other_place_follows(self, at: int) -> bool:
        """“… or in France who …”: a group again, whose people are said by where they are or what they are."""
        item = self.items[at] if at < len(self.items) else None
        if item is None or self._kind() is not Kind.OR or item.found is None or item.found.may_go_on:
            return False
        following = self.items[at + 1] if at + 1 < len(self.items) else None
        return item.kind is Kind.CONDITION and following is not None and following.kind is Kind.CLAUSE

    def _has_or_before(self) -> bool:
        for item in reversed(self.items[: self.at]):
            if item.kind is Kind.OR:
                return True
            if item.kind in _ENDS or item.kind in (Kind.AND, Kind.COMMA):
                return False
        return False

    def _kind(self, ahead: int = 0) -> Kind | None:
        at = self.at + ahead
        return self.items[at].kind if at < len(self.items) else None

    def _take(self) -> Item:
        self.at += 1
        return self.items[self.at - 1]

    def _not_understood(self, item: Item) -> None:
        self.meaning.unknown |= set(range(item.start, item.end))

    def _note(self, note: Note) -> None:
        if note not in self.meaning.notes:
            self.meaning.notes.append(note)


def _is_verb(item: Item) -> bool:
    """“are”, “have”, “did”: the clause goes on."""
    return item.kind is Kind.CLAUSE and item.form == "present"


def _has_all(part: Part) -> bool:
    """“tagged VIP and Press”"""
    return isinstance(part, Asked) and isinstance(part.node, Condition) and part.node.op == "has_all_of"


def _is_all(part: Part) -> bool:
    return not isinstance(part, Asked) and part.is_all


_GROUPS = frozenset({"tier", "archetype", "tags", "in_segment", "rfm_group"})
_LINKS = frozenset({Kind.AND, Kind.OR, Kind.NOR, Kind.COMMA})
_ENDS = frozenset({Kind.BUT, Kind.EXCEPT, Kind.STOP, Kind.CLOSE})
