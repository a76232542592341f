"""The body of a message: `{type, timestamp, data}`, made from the event each time that it is sent.

It carries codes, never names, numbers or addresses of people: a receiver asks the API for what it may see. So nothing
about a person is stored for sending, and who is erased meanwhile is not sent either.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from messaging.models_webhooks import WebhookDelivery
from messaging.webhooks.catalogue import TEST_EVENT, version_of
from workspace.models import Business


def body_of(delivery: WebhookDelivery) -> bytes:
    """The body of a delivery as it is signed and sent."""
    event = delivery.event
    if event is None:
        data: Mapping[str, object] = {"webhook_id": delivery.endpoint.code}
        return _body(TEST_EVENT, delivery.created_at, data)
    business = Business.objects.filter(pk=event.business_id).first() if event.business_id else None
    about = {
        "customer_id": event.customer.code if event.customer else None,
        "business_id": business.code if business else None,
    }
    return _body(event.name, event.occurred_at, {**about, **event.data})


def _body(event_type: str, at: datetime, data: Mapping[str, object]) -> bytes:
    message = {
        "type": event_type,
        "timestamp": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {"version": version_of(event_type), **data},
    }
    return msgspec.json.encode(message)
