"""Appending to the event stream."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import connection

from core.actor import Actor
from customers.events import EventType
from customers.models import Event
from customers.stream import READ_STREAM


def append(
    event_type: EventType,
    *,
    actor: Actor,
    occurred_at: datetime,
    customer_id: int | None = None,
    business_id: int | None = None,
    data: Mapping[str, object] | None = None,
    message_id: str | None = None,
) -> None:
    """Append one event in the caller's transaction. Raises ValueError when `data` does not fit the registry."""
    _check(event_type, data or {})
    Event.objects.create(
        name=event_type.name,
        customer_id=customer_id,
        business_id=business_id,
        occurred_at=occurred_at,
        actor=actor.reference,
        data=dict(data or {}),
        message_id=message_id,
    )
    wake_readers()


def append_many(
    event_type: EventType,
    *,
    actor: Actor,
    occurred_at: datetime,
    customer_ids: Collection[int],
    business_id: int | None,
    data: Mapping[str, object],
) -> None:
    """The same event for each of these customers, in the caller's transaction. Raises ValueError as `append` does."""
    _check(event_type, data)
    Event.objects.bulk_create(
        Event(
            name=event_type.name,
            customer_id=customer_id,
            business_id=business_id,
            occurred_at=occurred_at,
            actor=actor.reference,
            data=dict(data),
        )
        for customer_id in customer_ids
    )
    if customer_ids:
        wake_readers()


def _check(event_type: EventType, data: Mapping[str, object]) -> None:
    given = set(data)
    required = {name for name in event_type.fields if not name.endswith("?")}
    allowed = {name.rstrip("?") for name in event_type.fields}
    if required - given or given - allowed:
        raise ValueError(f"{event_type.name} takes {sorted(event_type.fields)}, got {sorted(given)}")


def wake_readers() -> None:
    """Make the readers of the stream due within the minute; one query, which writes nothing while they already are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customers_wake_readers("
            "(SELECT id FROM public.programs_programme WHERE schema_name = current_schema()), %s::text)",
            [READ_STREAM],
        )
