"""What other systems sent: the names they use and the newest of what came."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.keyset import Count, KeysetPage, Order, count_up_to_cap, keyset_page
from customers.events import EVENT_TRACKED
from customers.models import Event, TrackedName
from customers.reports.customer_list import Scope, name_and_contact

NAMES_SHOWN = 100
PROPERTIES_SHOWN = 4
ORDER = Order(["id"])


@dataclass(frozen=True, slots=True)
class EventRow:
    name: str
    when: str
    who: str  # empty: a visitor who is nobody's yet
    code: str  # of a customer whose page can be opened
    properties: Sequence[tuple[str, str]]
    more: int  # properties that are not shown


def tracked_names() -> Sequence[TrackedName]:
    """The names that came last, newest first. One query."""
    return list(TrackedName.objects.order_by("-last_at", "name")[:NAMES_SHOWN])


def newest_events(scope: Scope, *, event: str, cursor: str) -> tuple[KeysetPage[EventRow], Count]:
    """A page of what came, newest first, and how many there are; with `event` of that name only. Two queries."""
    found = Event.objects.visible_to(scope.actor).filter(name=EVENT_TRACKED.name)
    if event:
        found = found.filter(tracked=event)
    page = keyset_page(found.select_related("customer"), ORDER, descending=True, cursor=cursor)
    return page.with_rows([_row(event, scope) for event in page.rows]), count_up_to_cap(found)


def _row(event: Event, scope: Scope) -> EventRow:
    customer, properties = event.customer, event.data.get("properties", {})
    return EventRow(
        name=event.tracked,
        when=_when(event, scope),
        who=name_and_contact(customer, scope.country)[0] if customer else "",
        code=customer.code if customer and customer.state == customer.State.ACTIVE else "",
        properties=_shown(properties),
        more=max(len(properties) - PROPERTIES_SHOWN, 0),
    )


def _when(event: Event, scope: Scope) -> str:
    """With the year when it is another one: what others send may be old."""
    at = event.occurred_at.astimezone(scope.zone)
    return date_format(at, "j M, G:i" if at.year == scope.now.astimezone(scope.zone).year else "j M Y, G:i")


def _shown(properties: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(name, _said(value)) for name, value in list(properties.items())[:PROPERTIES_SHOWN]]


def _said(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
