"""The registry of domain facts: which events exist and what each carries.

An app declares its events in its own `events.py`. Writers use `customers.actions.events.append`; SQL functions that
append directly use the same names and fields, and a test compares them with this registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class EventType:
    """`fields` maps each field of `data` to its JSON type; an event may leave out those that end in `?`.

    What `is_derived` follows from other facts, over the whole programme: people limited to one business do not see it,
    and it is nothing that anybody did.
    """

    name: str
    title: str | Promise
    icon: str
    fields: Mapping[str, str]
    is_derived: bool = False


EVENT_TYPES: dict[str, EventType] = {}


def register(name: str, *, title: str | Promise, icon: str, **fields: str) -> EventType:
    """Declare an event `app.noun.past`. Raises ValueError when another app has declared it."""
    return _declared(EventType(name, title, icon, fields))


def register_derived(name: str, *, title: str | Promise, icon: str, **fields: str) -> EventType:
    """Declare an event that follows from others. Raises ValueError as `register` does."""
    return _declared(EventType(name, title, icon, fields, is_derived=True))


def _declared(event_type: EventType) -> EventType:
    if event_type.name in EVENT_TYPES:
        raise ValueError(f"event {event_type.name} is declared twice")
    EVENT_TYPES[event_type.name] = event_type
    return event_type


def derived_names() -> list[str]:
    return [one.name for one in EVENT_TYPES.values() if one.is_derived]


_OF_IMPORT: Mapping[str, Any] = {"import": "string"}  # no name of an argument
CUSTOMER_CREATED = register(
    "customers.customer.created", title=_("Became a customer"), icon="user-plus", source="string"
)
CUSTOMER_CHANGED = register("customers.customer.changed", title=_("Details changed"), icon="pencil", fields="array")
CUSTOMER_ARCHIVED = register("customers.customer.archived", title=_("Archived"), icon="lock")
CUSTOMER_RESTORED = register("customers.customer.restored", title=_("Restored from the archive"), icon="rotate-cw")
CUSTOMER_ERASED = register("customers.customer.erased", title=_("Erased"), icon="trash")
TAG_ADDED = register("customers.tag.added", title=_("Tag added"), icon="tag", tag="string", tag_name="string")
TAG_REMOVED = register("customers.tag.removed", title=_("Tag removed"), icon="tag", tag="string", tag_name="string")
# Told to the survivor; `duplicate` is the id that is no more.
CUSTOMER_MERGED = register(
    "customers.customer.merged", title=_("A duplicate became part of them"), icon="users", duplicate="string"
)
# Told to the duplicate, who is there again.
CUSTOMER_UNMERGED = register(
    "customers.customer.unmerged", title=_("A merge was undone"), icon="undo-2", survivor="string"
)
ORDER_PLACED = register(
    "customers.order.placed",
    title=_("Bought"),
    icon="shopping-bag",
    order="string",
    total="string",
    source="string",
)
# A sale without a customer got one. It happened when the sale did, which is the day that counts differently now.
ORDER_ATTACHED = register(
    "customers.order.attached", title=_("Sale found its customer"), icon="shopping-bag", order="string"
)
ORDER_REFUNDED = register(
    "customers.order.refunded", title=_("Got money back"), icon="undo-2", refund="string", total="string"
)
ORDER_CANCELLED = register(
    "customers.order.cancelled", title=_("Sale undone"), icon="undo-2", order="string", total="string"
)
# A level fell to its mark or below it. Told once for each fall; counting up past the mark makes room for the next.
STOCK_LOW = register(
    "customers.stock.low",
    title=_("Stock is low"),
    icon="package",
    product="string",
    sku="string",
    location="string",
    quantity="string",
    low_at="string",
)
CONSENT_CHANGED = register(
    "customers.consent.changed",
    title=_("Changed consent"),
    icon="check",
    channel="string",
    purpose="string",
    is_granted="boolean",
)
# A history import appends this one fact instead of an event for each old order: timelines show orders from their rows.
IMPORT_FINISHED = register(
    "customers.import.finished",
    title=_("Imported"),
    icon="upload",
    kind="string",
    rows="integer",
    counts="object",
    **_OF_IMPORT,
)
# What others send: `event` is their name for it.
EVENT_TRACKED = register(
    "customers.event.tracked", title=_("Did something"), icon="activity", event="string", properties="object"
)
VISITOR_RECOGNISED = register(
    "customers.visitor.recognised", title=_("Visitor recognised"), icon="user-round", events="integer"
)
