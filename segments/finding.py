"""Somebody who is looked for: whether they are in a segment, and whether staff decided that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from customers.models import Customer
from customers.reports.customer_list import Scope, name_and_contact
from customers.search import best_matches
from segments.asking import ask
from segments.compiler import members
from segments.fields.base import Field
from segments.models import Segment, SegmentMember
from segments.rules import Rules
from segments.statement import Moment

MOST = 5


@dataclass(frozen=True, slots=True)
class Found:
    """`choice` is None where the rules decide."""

    code: str
    name: str
    contact: str
    is_in: bool
    choice: bool | None


def customers_found(words: str, scope: Scope) -> Sequence[Customer]:
    """A few customers who can be in a segment. Two or three queries."""
    return best_matches(Customer.objects.visible_to(scope.actor).active(), words, country=scope.country, most=MOST)


@dataclass(frozen=True, slots=True)
class Person:
    code: str
    name: str
    contact: str


def person_of(customer: Customer, scope: Scope) -> Person:
    return Person(customer.code, *name_and_contact(customer, scope.country))


def matching(rules: Rules | None, fields: Mapping[str, Field], moment: Moment, people: Sequence[Customer]) -> set[int]:
    """Keys of those whom the rules find. One query."""
    if rules is None or not people:
        return set()
    return {pk for (pk,) in ask(members(rules, fields, moment, chosen=[one.pk for one in people]))}


def people_found(words: str, segment: Segment, scope: Scope) -> list[Found]:
    """Two queries more than `customers_found`."""
    people = customers_found(words, scope)
    members = set(SegmentMember.objects.filter(segment=segment, customer__in=people).values_list("customer", flat=True))
    choices = dict(segment.choices.filter(customer__in=people).values_list("customer", "is_in"))
    return [
        Found(one.code, *name_and_contact(one, scope.country), one.pk in members, choices.get(one.pk)) for one in people
    ]
