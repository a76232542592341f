"""A selection of customers that stays what it was: filters and the last customer of its moment, or some of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Max

from core.actor import Actor
from core.keyset import MAX_INTEGER, Count, count_up_to_cap
from core.tenancy import active_programme
from customers.attribute_filters import AttributeFilter
from customers.models import BulkRun, Customer
from customers.reports.customer_list import CustomerFilters, Scope, found_by

# Filters whose values JSON has no type for: they are kept as texts.
AMOUNTS = ("spent_min", "spent_max")
DAYS = ("cohort", "active_in", "bought_from", "bought_to")


@dataclass(frozen=True, slots=True)
class Selection:
    """Everybody whom the filters find, or exactly these (`ids`, ascending) as far as the actor sees them."""

    filters: CustomerFilters = field(default_factory=CustomerFilters)
    ids: Sequence[int] | None = None

    def count(self, scope: Scope) -> Count:
        if self.ids is not None:
            return Count(Customer.objects.visible_to(scope.actor).filter(pk__in=self.ids).count())
        return count_up_to_cap(found_by(scope, self.filters))

    def total(self, scope: Scope, *, position: int = 0, upper_id: int = MAX_INTEGER) -> int:
        """How many there are in all behind a position, however many: it reads each of them."""
        if self.ids is not None:
            people = Customer.objects.visible_to(scope.actor)
            return people.filter(pk__in=[pk for pk in self.ids if pk > position]).count()
        rows = found_by(scope, self.filters).filter(customer_id__gt=position, customer_id__lte=upper_id)
        return rows.order_by().count()

    def after(self, position: int, *, upper_id: int, scope: Scope, size: int) -> list[int]:
        """The next keys in their order. One query, two where something is searched for."""
        if self.ids is not None:
            people = Customer.objects.visible_to(scope.actor).filter(pk__in=[pk for pk in self.ids if pk > position])
            return list(people.order_by("pk").values_list("pk", flat=True)[:size])
        rows = found_by(scope, self.filters).filter(customer_id__gt=position, customer_id__lte=upper_id)
        return list(rows.order_by("customer_id").values_list("customer_id", flat=True)[:size])


def frozen(selection: Selection) -> dict[str, Any]:
    """The columns of a BulkRun that say who is meant."""
    last = Customer.objects.aggregate(last=Max("pk"))["last"] or 0
    filters = {
        name: str(value) if isinstance(value, Decimal | date) else value
        for name, value in asdict(selection.filters).items()
    }
    return {"filters": filters if selection.ids is None else {}, "ids": list(selection.ids or ()), "upper_id": last}


def selection_of(run: BulkRun) -> Selection:
    if run.ids or not run.filters:
        return Selection(ids=run.ids)
    values: Mapping[str, Any] = run.filters
    typed: dict[str, Any] = {name: Decimal(values[name]) for name in AMOUNTS if values[name] is not None}
    typed |= {name: date.fromisoformat(values[name]) for name in DAYS if values[name] is not None}
    typed["attributes"] = tuple(AttributeFilter(**one) for one in values["attributes"])
    return Selection(filters=CustomerFilters(**{**values, **typed}))


def scope_of_run(run: BulkRun) -> Scope:
    """Who asked, as limited as then, and when: "within 30 days" keeps its meaning while the work goes on."""
    programme = active_programme()
    return Scope(actor=actor_of(run), country=programme.country, zone=programme.zone, now=run.created_at)


def actor_of(run: BulkRun) -> Actor:
    kind, _colon, own_id = run.actor.partition(":")
    return Actor(kind=kind, id=own_id, label=run.actor_label, business_id=run.business_id)  # type: ignore[arg-type]
