"""Who gives archetypes their names: the built-in rules, or another namer that ARCHETYPE_NAMER configures."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import unescape
from typing import ClassVar, Protocol
from unicodedata import category, normalize

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from core.texts import can_be_kept
from customers.actions.archetypes import NAME_LENGTH
from intelligence.models import ArchetypeRun

RULES, STAFF = "rules", "staff"
DESCRIPTION_LENGTH, TITLE_LENGTH = 400, 40

Problem = ArchetypeRun.NamingProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What a run knows of one archetype: figures of its people together, and nothing of any one of them.

    `share` is of all people, 0 to 1. `typical` has the median of each feature in its own unit (no gap where half of
    them came once), `habits` mean shares of orders, `traits` what sets the group apart, as a code of
    `engine.words.WORDS` with its strength, strongest first.
    `name` and `description` are what the rules propose. Where `keeps_name`, that name stays whatever is answered.
    """

    people: int
    share: float
    typical: tuple[tuple[str, float], ...]
    habits: tuple[tuple[str, float], ...]
    traits: tuple[tuple[str, float], ...]
    name: str
    description: str
    keeps_name: bool


@dataclass(frozen=True, slots=True)
class Wording:
    """A name of 1 to 60 characters and a description of at most 400, each one line of plain text."""

    name: str
    description: str


class Namer(Protocol):
    """Made anew for each run, without arguments. `title` says in pages and the API who named an archetype."""

    title: ClassVar[str]

    def word(self, groups: Sequence[Group], *, currency: str) -> Sequence[Wording]:
        """One wording for each group, in their order, no name twice. `currency` (ISO 4217) is that of the amounts.

        How long to wait for whom is the namer's to decide, within a minute: a job that says nothing for two is begun
        again. Whatever it raises, the rules answer instead.
        """
        ...


class RulesNamer:
    """Says what the rules propose. docs/algorithms/archetypes.md."""

    title: ClassVar[str] = RULES

    def word(self, groups: Sequence[Group], *, currency: str) -> Sequence[Wording]:
        return [Wording(group.name, group.description) for group in groups]


class WordsRefused(Exception):
    """What a namer answered cannot be used."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def configured_namer() -> Namer:
    """Raises ImproperlyConfigured, and whatever the namer raises while it is made."""
    path = settings.ARCHETYPE_NAMER
    try:
        made = import_string(path)
        namer: Namer = made()
    except (ImportError, TypeError) as error:
        raise ImproperlyConfigured(f"ARCHETYPE_NAMER {path!r} cannot be made: {error}") from error
    title = getattr(namer, "title", None)
    if not _is_text(title, TITLE_LENGTH) or (title in (RULES, STAFF) and made is not RulesNamer):
        raise ImproperlyConfigured(
            f"ARCHETYPE_NAMER {path!r} needs a title of its own, of 1 to {TITLE_LENGTH} letters."
        )
    return namer


def check_words(words: Sequence[object] | None, groups: Sequence[Group], *, taken: Collection[str]) -> list[Wording]:
    """What a namer answered for these groups, with the names that stay; `taken` are those that staff gave.

    None: it failed. Raises WordsRefused.
    """
    if words is None:
        raise WordsRefused(Problem.FAILED)
    if len(words) != len(groups):
        raise WordsRefused(Problem.COUNT)
    checked = []
    for word, group in zip(words, groups, strict=True):
        if not isinstance(word, Wording) or not _is_text(word.description, DESCRIPTION_LENGTH):
            raise WordsRefused(Problem.TEXT)
        name = group.name if group.keeps_name else word.name
        if not _is_text(name, NAME_LENGTH):
            raise WordsRefused(Problem.TEXT)
        checked.append(Wording(name, word.description))
    names = [*(_as_read(word.name) for word in checked), *{_as_read(name) for name in taken}]
    if len(set(names)) != len(names):
        raise WordsRefused(Problem.TWICE)
    return checked


def _is_text(text: object, most: int) -> bool:
    """One line of plain text that says something: no markup, nothing that hides."""
    return (
        isinstance(text, str)
        and len(text) <= most
        and any(map(str.isalnum, text))
        and text == " ".join(text.split())
        and can_be_kept(text)
        and not {"<", ">"} & {*text}
        and unescape(text) == text
    )


def _as_read(name: str) -> str:
    """Names that look the same are the same."""
    return "".join(one for one in normalize("NFKC", name).casefold() if category(one) != "Cf")
