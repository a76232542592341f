"""What a programme has by name, so that its words are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from segments.fields.base import Field
from segments.operators import Kind
from segments.words import synonyms
from segments.words.places import demonyms, known_places, names_of_country
from segments.words.points import MONTHS, SEASONS, WEEKDAYS
from segments.words.text import Phrases, each, one_of, words_of

Choice = tuple[str, str]  # code and the name that people read
_NUMBERS = (Kind.NUMBER, Kind.MONEY, Kind.SHARE)
# Fields with readers of their own, and those that no sentence asks for.
_READ_ELSEWHERE = frozenset(
    "orders spent average_order items orders_with lot texts emails texts_agreed emails_agreed country city region"
    " last_order_was first_order_was".split()
)


def _sells_nothing(_words: str) -> bool:
    return False


# No beginning of a name is enough for a shop where it is a word of the grammar.
_NO_HEADS = {(word,) for word in [*MONTHS, *SEASONS, *WEEKDAYS, *each("the a an our my first second last next online")]}


def _names(choices: Sequence[Choice]) -> list[tuple[str, str]]:
    """With and without an article: “the Green House” is also “Green House”."""
    names = [(name, code) for code, name in choices]
    short = [(name[4:], code) for name, code in names if name[:4].casefold() == "the "]
    return names + short


def _labels(key: str, one: Field) -> Sequence[str]:
    tables = (synonyms.FIGURES, synonyms.DAYS, synonyms.KNOWN)
    label = str(one.label)
    return (label,) if len(label) > 2 and not any(key in table for table in tables) else ()


def _last_words(choices: Sequence[Choice]) -> Mapping[str, str]:
    ends = [(words[-1], code) for code, name in choices if (words := words_of(name))]
    how_many = Counter(end for end, _code in ends)
    return {end: code for end, code in ends if how_many[end] == 1}


@dataclass(frozen=True)
class Vocabulary:
    """`names`: by the name of the choices (`segments.choices`), in their order. Cities and regions as customers have
    them. `sells` says whether the title of a product holds some words."""

    fields: Mapping[str, Field]
    names: Mapping[str, Sequence[Choice]] = field(default_factory=dict)
    programme: str = ""
    cities: Sequence[str] = ()
    regions: Sequence[str] = ()
    is_month_first: bool = False  # in 03/04/2026
    sells: Callable[[str], bool] = _sells_nothing

    def of(self, kind: str) -> Sequence[Choice]:
        return self.names.get(kind, ())

    @cached_property
    def figures(self) -> Phrases[str]:
        """What fields that are numbers are called, with their keys; so below for the other kinds."""
        return self._called(synonyms.FIGURES, *_NUMBERS)

    @cached_property
    def days(self) -> Phrases[str]:
        return self._called(synonyms.DAYS, Kind.DAY, Kind.ANNIVERSARY)

    @cached_property
    def texts(self) -> Phrases[str]:
        return self._called(synonyms.KNOWN, Kind.TEXT)

    @cached_property
    def chosen(self) -> Phrases[str]:
        return self._called(synonyms.CHOICES, Kind.CHOICE, Kind.CHOICES)

    @cached_property
    def yes_or_no(self) -> Phrases[str]:
        return self._called(synonyms.YES_NO, Kind.YES_NO)

    @cached_property
    def known(self) -> Phrases[str]:
        """What somebody has or has not."""
        return self._called(synonyms.KNOWN, Kind.TEXT, Kind.CHOICE, Kind.DAY, Kind.ANNIVERSARY)

    @cached_property
    def events(self) -> Phrases[str]:
        named = [(key, key.removeprefix("event:")) for key in self.fields if key.startswith("event:")]
        plain = [(name.replace("_", " ").replace(".", " "), key) for key, name in named]
        return Phrases([*((name, key) for key, name in named), *plain])

    def _called(self, table: Mapping[str, Sequence[str]], *kinds: Kind) -> Phrases[str]:
        """The phrases of a table for fields that there are; a field that no table knows is called by its label."""
        found = []
        for key, one in self.fields.items():
            if one.kind in kinds and (key in table or key not in _READ_ELSEWHERE):
                found += [(phrase, key) for phrase in table.get(key, _labels(key, one))]
        return Phrases(found)

    @cached_property
    def named(self) -> Mapping[str, Phrases[str]]:
        """By the name of the choices: phrases with the codes that they name."""
        return {kind: Phrases(_names(choices)) for kind, choices in self.names.items()}

    @cached_property
    def own_name(self) -> Phrases[bool]:
        return one_of(*[self.programme])

    @cached_property
    def shops(self) -> Phrases[str]:
        """Whole names, and the beginnings of names that only one shop has."""
        names = _names(self.of("businesses"))
        words = [(words_of(name), code) for name, code in names]
        heads = [(name[:length], code) for name, code in words for length in range(1, len(name))]
        shops_of = Counter(head for head, _code in set(heads))
        short = [(" ".join(head), code) for head, code in heads if shops_of[head] == 1 and head not in _NO_HEADS]
        return Phrases([*names, *(short if len(self.of("businesses")) > 1 else [])])

    def ends_of(self, kind: str) -> Mapping[str, str]:
        """What each last word of a name is the end of, where it is of one only: “the bakery”, “a mug”."""
        return self._ends.setdefault(kind, _last_words(self.of(kind)))

    @cached_property
    def _ends(self) -> dict[str, Mapping[str, str]]:
        return {}

    @cached_property
    def countries(self) -> Phrases[tuple[str, ...]]:
        """Every way to call a country, with the codes that customers have for it; none has one: its name."""
        lived_in = [code for code, _name in self.of("countries")]
        has_codes = all(len(code) == 2 for code in lived_in)
        called: list[tuple[str, tuple[str, ...]]] = []
        taken: set[str] = set()
        for names in names_of_country():
            forms = {name.casefold() for name in names}
            codes = tuple(code for code in lived_in if code.casefold() in forms)
            taken.update(codes)
            called += [
                (name, codes or (names[1 if has_codes else 0],))
                for name in names
                if len(name) > 2 or name in ("UK", "US")
            ]
        called += [(code, (code,)) for code in lived_in if code not in taken]
        return Phrases(called)

    @cached_property
    def demonyms(self) -> Phrases[str]:
        return Phrases(demonyms())

    @cached_property
    def towns(self) -> Phrases[str]:
        return Phrases([(name, "city") for name in self.cities] + known_places("city"))

    @cached_property
    def areas(self) -> Phrases[str]:
        return Phrases([(name, "region") for name in self.regions] + known_places("region"))
