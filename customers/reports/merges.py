"""What pages and API show of merges and of customers who may be one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from core.actor import Actor
from core.keyset import Order
from customers.actions.merging import why_not_undoable
from customers.models import Customer, CustomerMerge, DuplicatePair
from customers.search import best_matches

MOST_SUGGESTED = 3  # on a profile
MOST_FOUND = 10  # by a search for somebody to merge with
PAIRS = {"score": Order(["score", "id"])}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Somebody who may be the same person, with the reasons in words, the surest first."""

    customer: Customer
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class MergeRow:
    merge: CustomerMerge
    name: str  # what the duplicate was called
    can_undo: bool


def open_pairs(actor: Actor) -> QuerySet[DuplicatePair]:
    """Pairs of people who are both there. For people limited to one business none: a merge is about all of them."""
    if actor.business_id is not None:
        return DuplicatePair.objects.none()
    people = {"first__state": Customer.State.ACTIVE, "second__state": Customer.State.ACTIVE}
    return DuplicatePair.objects.filter(**people).select_related("first__facts", "second__facts")


def reasons_of(pair: DuplicatePair) -> list[str]:
    return [str(DuplicatePair.Reason(reason).label) for reason in pair.reasons]


def suggestions_for(customer: Customer, *, actor: Actor) -> list[Suggestion]:
    """Who may be the same person as this customer. One query."""
    found = open_pairs(actor).filter(Q(first=customer) | Q(second=customer)).order_by("-score", "-id")[:MOST_SUGGESTED]
    return [Suggestion(pair.second if pair.first_id == customer.pk else pair.first, reasons_of(pair)) for pair in found]


def found_for(customer: Customer, text: str, *, actor: Actor, country: str) -> list[Customer]:
    """Who fits what was typed, without the customer themselves. Two or three queries."""
    others = Customer.objects.visible_to(actor).known().exclude(pk=customer.pk)
    return best_matches(others, text, country=country, most=MOST_FOUND)


def merges_into(customer: Customer, *, now: datetime) -> list[MergeRow]:
    """The merges of a customer that stand, newest first. One query."""
    rows = CustomerMerge.objects.filter(survivor=customer, undone_at=None).select_related("duplicate").order_by("-id")
    return [MergeRow(row, _called(row), not why_not_undoable(row, customer, now)) for row in rows]


def _called(merge: CustomerMerge) -> str:
    before = merge.before.get("duplicate", {})
    name = f"{before.get('first_name', '')} {before.get('last_name', '')}".strip()
    return name or before.get("phone") or before.get("email") or merge.duplicate.code
