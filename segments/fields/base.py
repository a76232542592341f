"""What a condition can be about: a field of the registry, and where its answer comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from django.utils.functional import Promise

from segments.operators import OF_MISSING, OPERATORS, WITH_WINDOW, Kind, compared, value_of
from segments.rules import Condition, Filter
from segments.statement import Moment, Query, Statement

Phrase: TypeAlias = str | Promise
Says: TypeAlias = tuple[Phrase, Phrase]  # of whom it holds, and of the others


class Source:
    """Where the answer of a field comes from. As it stands here, time alone changes nothing and no window is asked."""

    takes_window: bool = False  # what is counted; days and anniversaries have theirs as the question itself
    takes_moments: bool = False  # whether a window may be of minutes and hours
    is_count: bool = False  # of rows: who has any has one or more
    properties: Mapping[str, Property] = MappingProxyType({})  # what may narrow the rows that are counted

    @property
    def has_zero(self) -> bool:
        """Whether who has nothing has 0; otherwise there is no answer."""
        return False

    def operators(self, kind: Kind) -> Sequence[str]:
        return OPERATORS[kind]

    def sql(self, condition: Condition, kind: Kind, statement: Statement) -> str:
        """Whether the condition holds: true where it does, false or NULL of everybody else."""
        raise NotImplementedError

    def own(self, condition: Condition, statement: Statement) -> str:
        """What the customer of the row has of it, for people who ask why; of what goes on, when it was last."""
        raise NotImplementedError

    def passed(self, condition: Condition, kind: Kind, before: Moment, after: Moment) -> Iterator[Query]:
        """Customers for whom time alone may have changed the answer between two moments; some of others do no harm."""
        yield from ()

    def soonest(self, since: Moment) -> Query:
        """The first of all the moments that windows of minutes and hours ask about, from `since` on; or NULL."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a condition can be about. Adding one is adding an entry: docs/segment-fields.md lists them.

    `nouns` says what a number counts, as `ngettext_lazy` takes it. `example` is a condition's value (and window) as a
    tree writes it. How a sentence goes on after "customers who" (`segments.describe`): `says` by operator, "" for
    every other one, "some" where it is any at all or none; what says nothing of its own "has" the `noun`.
    """

    key: str
    group: Phrase
    label: Phrase
    kind: Kind
    source: Source
    example: Mapping[str, Any]
    nouns: Any = None
    choices: str = ""  # whose codes are asked for: see `segments.choices`
    noun: Phrase = ""  # with its article
    name: str = ""  # as somebody called it
    says: Mapping[str, Says] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """What stands after a number."""
        return str(self.nouns % 2) if self.nouns else "%" if self.kind is Kind.SHARE else ""

    @property
    def operators(self) -> Sequence[str]:
        return self.source.operators(self.kind)

    def sql(self, condition: Condition, statement: Statement) -> str:
        return self.source.sql(condition, self.kind, statement)

    def own(self, condition: Condition, statement: Statement) -> str:
        return self.source.own(condition, statement)


@dataclass(frozen=True, slots=True)
class Property:
    """What may narrow the rows of a measure: an expression of them, or of the row of `table` whose id is `key`.

    `bound`: values that the expression names in braces.
    """

    label: Phrase
    kind: Kind
    expression: str
    choices: str = ""
    table: str = ""
    key: str = ""
    bound: Mapping[str, str] = field(default_factory=dict)
    nameless: str = ""  # asked of rows without a key, where that is not simply unknown
    noun: Phrase = ""  # as in "whose category is Tea"; without one the label is a name that somebody gave
    says: Says | None = None  # instead of "whose …"

    @property
    def operators(self) -> Sequence[str]:
        return [op for op in OPERATORS[self.kind] if op not in WITH_WINDOW]

    def sql(self, one: Filter, statement: Statement) -> str:
        asked = self._asked(self.expression, one, statement)
        if not self.table:
            return asked
        found = f"{self.key} IN (SELECT own.id FROM {self.table} AS own WHERE {asked})"
        return f"({self.key} IS NULL OR {found})" if one.op in OF_MISSING else found

    def of_nameless(self, one: Filter, statement: Statement) -> str:
        return self._asked(self.nameless, one, statement)

    def _asked(self, expression: str, one: Filter, statement: Statement) -> str:
        value = value_of(self.kind, one.op, one.value)
        return compared(statement.bound(expression, self.bound), self.kind, one.op, value, statement.param)
