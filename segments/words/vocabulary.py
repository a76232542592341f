"""What a programme has by name, so that its words are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from segments.fields.base import Field
from segments.words.places import demonyms, known_places, names_of_country
from segments.words.text import Phrases, words_of

Choice = tuple[str, str]  # code and the name that people read


def _sells_nothing(_words: str) -> bool:
    return False


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
    def named(self) -> Mapping[str, Phrases[str]]:
        """By the name of the choices: phrases with the codes that they name."""
        return {kind: Phrases([(name, code) for code, name in choices]) for kind, choices in self.names.items()}

    @cached_property
    def own_name(self) -> Phrases[bool]:
        return Phrases({True: [self.programme]})

    @cached_property
    def shops(self) -> Phrases[str]:
        """Whole names, and the beginnings of names that only one shop has."""
        whole = [(name, code) for code, name in self.of("businesses")]
        words = [(words_of(name), code) for code, name in self.of("businesses")]
        short = []
        for name, code in words:
            for length in range(1, len(name)):
                head = name[:length]
                if sum(other[:length] == head for other, _code in words) == 1 and len(words) > 1:
                    short.append((" ".join(head), code))
        return Phrases(whole + short)

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
