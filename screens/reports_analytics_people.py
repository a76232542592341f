"""What analytics shows of customers: new and known, when they come back, how often, where, who spends most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from core.charts import Chart, Series
from core.presentation import format_number
from customers.models import BusinessCustomerFacts, CustomerFacts, PeopleGroup
from customers.reports.customer_list import name_and_contact
from customers.reports.people import Gaps, PeopleFigures, gaps_of, people_by, people_of
from customers.reports.people_groups import GroupRow, PeopleGroups, people_groups
from customers.reports.sales import every_day
from programs.models import Programme
from screens.analytics_range import Range
from screens.reports_analytics import part_label, part_start

TOP = 10
# Days until the next purchase, both ends included.
WAITS: Sequence[tuple[int, int | None]] = (
    (1, 7), (8, 14), (15, 30), (31, 60), (61, 90), (91, 180), (181, 365), (366, None),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spender:
    name: str
    contact: str
    code: str  # empty: no profile to open
    orders: int
    spent: Decimal


@dataclass(frozen=True, slots=True)
class CountedGroup:
    """A row of people with what they have in common, and the list of them."""

    label: str
    href: str
    row: GroupRow
    share: float  # percent of the customers


@dataclass(frozen=True, slots=True)
class PeoplePage:
    people: PeopleFigures
    parts: Mapping[date, tuple[int, int]]  # (new, known) by the first day of a part
    before: PeopleFigures | None
    gaps: Gaps
    gaps_before: Gaps | None
    groups: PeopleGroups
    frequency: Sequence[CountedGroup]
    countries: Sequence[CountedGroup]  # all of them; the page shows the first
    regions: Sequence[CountedGroup]


def people_page(chosen: Range) -> PeoplePage:
    """Six queries, whatever the size."""
    only, compare = chosen.business_id, chosen.compare
    people = people_by(chosen.grain, chosen.period, business_id=only)
    groups = people_groups(business_id=only)
    total = groups.customers
    return PeoplePage(
        people=people.whole,
        parts=people.parts,
        before=people_of(compare, business_id=only) if compare else None,
        gaps=gaps_of(chosen.period, business_id=only),
        gaps_before=gaps_of(compare, business_id=only) if compare else None,
        groups=groups,
        frequency=[
            CountedGroup(orders_words(row.key), chosen.customers_url(orders=row.key), row, _share(row, total))
            for row in groups.frequency
        ],
        countries=[
            CountedGroup(
                row.key or _("Unknown"), chosen.customers_url(country=row.key) if row.key else "", row,
                _share(row, total),
            )
            for row in groups.countries
        ],
        regions=[
            CountedGroup(row.key, chosen.customers_url(region=row.key), row, _share(row, total))
            for row in groups.regions
            if row.key
        ],
    )  # fmt: skip


def orders_words(key: str) -> str:
    """ "3 orders", and for the last group "10 orders or more"."""
    if int(key) >= PeopleGroup.MOST_ORDERS:
        return _("%(count)s orders or more") % {"count": key}
    return _("1 order") if key == "1" else _("%(count)s orders") % {"count": key}


def wait_words(low: int, high: int | None) -> str:
    return _("%(low)s days or more") % {"low": low} if high is None else f"{low}\u2013{high}"


def top_spenders(chosen: Range, programme: Programme) -> list[Spender]:
    """Of all time, after refunds. One query along an index."""
    only = chosen.business_id
    rows: list[CustomerFacts] | list[BusinessCustomerFacts]
    if only is None:
        found = CustomerFacts.objects.filter(orders_count__gt=0, customer__state="active")
        rows = list(found.order_by("-total_spent", "-customer_id").select_related("customer")[:TOP])
    else:
        own = BusinessCustomerFacts.objects.filter(business_id=only, orders_count__gt=0, customer__state="active")
        rows = list(own.order_by("-total_spent", "-customer_id").select_related("customer")[:TOP])
    return [
        Spender(
            *name_and_contact(row.customer, programme.country), row.customer.code, row.orders_count, row.total_spent
        )
        for row in rows
    ]


def buyers_chart(found: Mapping[date, tuple[int, int]], chosen: Range) -> Chart:
    parts: dict[object, list[int]] = {}
    labels: list[str] = []
    for day in every_day(chosen.period):
        start = part_start(chosen.grain, day, chosen.period)
        if start not in parts:
            parts[start] = list(found.get(start, (0, 0)))
            labels.append(part_label(chosen.grain, start))
    new, known = [new for new, _known in parts.values()], [known for _new, known in parts.values()]
    best = max(range(len(labels)), key=lambda index: new[index] + known[index])
    finding = _("Nobody bought in these days.")
    if new[best] + known[best]:
        finding = _("The most people, %(count)s, came on or after %(label)s; %(new)s of them for the first time.") % {
            "count": format_number(new[best] + known[best]),
            "label": labels[best],
            "new": format_number(new[best]),
        }
    return Chart(
        id="analytics-buyers",
        title=_("New and known buyers"),
        finding=finding,
        labels=labels,
        series=[
            Series(_("Bought before"), known, tone="1", shape="bar", stacked=True),
            Series(_("New"), new, tone="3", shape="bar", stacked=True),
        ],
        axis_title={"day": _("Day"), "week": _("Week"), "month": _("Month")}[chosen.grain],
    )


def waits_chart(gaps: Gaps, before: Gaps | None, chosen: Range) -> Chart:
    values = [gaps.between(low, high) for low, high in WAITS]
    series = [Series(_("Came back"), values, tone="1", shape="bar")]
    if before is not None:
        series.append(
            Series(chosen.compared_with, [before.between(low, high) for low, high in WAITS], tone="muted", shape="bar")
        )
    finding = _("Nobody came back in these days.")
    if gaps.median is not None:
        finding = _("Half of those who came back did so within %(days)s days.") % {"days": gaps.median}
    return Chart(
        id="analytics-waits",
        title=_("Days until the next purchase"),
        finding=finding,
        labels=[wait_words(low, high) for low, high in WAITS],
        series=series,
        axis_title=_("Days"),
    )


def _share(row: GroupRow, total: int) -> float:
    return row.customers / total * 100 if total else 0.0
