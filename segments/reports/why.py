"""Why somebody is in a segment or not: each condition, whether it holds of them, and what they have of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segments.asking import ask
from segments.choices import Labels, asked_by, labels
from segments.compiler import judged
from segments.describe import Describer
from segments.fields.base import Field
from segments.operators import Kind
from segments.rules import Condition, Rules, conditions
from segments.statement import Moment, Query, Statement


@dataclass(frozen=True, slots=True)
class Reason:
    """`path` is the condition's place in the tree, `asked` what it asks, as after "customers who"; `own` what they
    have of it, in words, empty where there is nothing more to say."""

    path: str
    asked: str
    is_so: bool
    own: str

    @property
    def is_of_leave_out(self) -> bool:
        return self.path.startswith("leave_out.")


@dataclass(frozen=True, slots=True)
class Why:
    """`is_found`: whether the rules find them. Choices by hand are told elsewhere."""

    is_found: bool
    reasons: Sequence[Reason]


def why(rules: Rules, fields: Mapping[str, Field], moment: Moment, *, customer: int, currency: str) -> Why | None:
    """None for who cannot be in a segment: archived, erased, merged. `rules` has passed `check`.

    Two queries, and one for each kind of things that are named.
    """
    found = ask(judged(rules, fields, moment, chosen=[customer]))
    if not found:
        return None
    _customer, is_found, *each = found[0]
    asked = list(conditions(rules))
    (own,) = ask(_own(asked, fields, moment, customer)) if asked else [()]
    words = Describer(fields, _labels(rules, fields, own), currency)
    reasons = [
        Reason(path, words.condition(one), is_so, words.own(one, value, moment.zone))
        for (path, one), is_so, value in zip(asked, each, own, strict=True)
    ]
    return Why(is_found, reasons)


def _own(asked: Sequence[tuple[str, Condition]], fields: Mapping[str, Field], moment: Moment, customer: int) -> Query:
    statement = Statement(moment, [customer])
    return statement.query(", ".join(fields[one.field].own(one, statement) for _path, one in asked))


def _labels(rules: Rules, fields: Mapping[str, Field], own: Sequence[Any]) -> Labels:
    """Of what the rules name, and of what the customer has."""
    named = {name: set(codes) for name, codes in asked_by(rules, fields).items()}
    for (_path, one), value in zip(conditions(rules), own, strict=True):
        field = fields[one.field]
        if field.kind in (Kind.CHOICE, Kind.CHOICES) and value:
            named.setdefault(field.choices, set()).update([value] if isinstance(value, str) else value)
    return labels(named)
