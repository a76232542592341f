"""What customers have in common: how often they bought, and where they live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from customers.models import CountedAt, PeopleGroup


@dataclass(frozen=True, slots=True)
class GroupRow:
    """`key` is a country, a region ("": unknown) or a number of orders, the last of which means "or more"."""

    key: str
    customers: int
    orders: int
    revenue: Decimal


@dataclass(frozen=True, slots=True)
class PeopleGroups:
    frequency: Sequence[GroupRow]  # by number of orders
    countries: Sequence[GroupRow]  # most customers first
    regions: Sequence[GroupRow]
    counted_at: datetime | None

    @property
    def customers(self) -> int:
        return sum(row.customers for row in self.frequency)


def people_groups(*, business_id: int | None) -> PeopleGroups:
    """Of all time. Two queries."""
    rows = (
        PeopleGroup.objects.filter(business_id=business_id)
        if business_id
        else PeopleGroup.objects.filter(business__isnull=True)
    )
    found: dict[str, list[GroupRow]] = {kind: [] for kind in PeopleGroup.Kind.values}
    for kind, *row in rows.order_by("-customers", "key").values_list("kind", "key", "customers", "orders", "revenue"):
        found[kind].append(GroupRow(*row))  # type: ignore[arg-type]
    kinds: Mapping[str, list[GroupRow]] = found
    return PeopleGroups(
        frequency=sorted(kinds[PeopleGroup.Kind.ORDERS], key=lambda row: int(row.key)),
        countries=kinds[PeopleGroup.Kind.COUNTRY],
        regions=kinds[PeopleGroup.Kind.REGION],
        counted_at=CountedAt.objects.filter(kind=CountedAt.Kind.PEOPLE).values_list("at", flat=True).first(),
    )
