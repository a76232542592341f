"""What the webhook pages show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from core.actor import Actor
from customers.events import EVENT_TYPES
from messaging.models_webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from messaging.webhooks.catalogue import title_of

State, Fault = WebhookDelivery.State, WebhookAttempt.Fault
LATELY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class EndpointLine:
    """An endpoint with how many deliveries of the last day arrived, did not, and wait."""

    endpoint: WebhookEndpoint
    delivered: int
    lost: int
    waiting: int

    @property
    def event_titles(self) -> list[str]:
        return [str(title_of(name)) for name in self.endpoint.event_types]


def endpoint_lines(actor: Actor, *, now: datetime) -> Sequence[EndpointLine]:
    """The endpoints that an actor sees, newest first. Two queries."""
    found = list(WebhookEndpoint.objects.visible_to(actor).select_related("business").order_by("-id"))
    lately = WebhookDelivery.objects.filter(created_at__gte=now - LATELY, endpoint__in=found)
    counted = lately.order_by().values_list("endpoint", "state").annotate(count=Count("pk"))
    counts = {(endpoint, state): count for endpoint, state, count in counted}

    def count(endpoint: WebhookEndpoint, *states: str) -> int:
        return sum(counts.get((endpoint.pk, state), 0) for state in states)

    return [
        EndpointLine(
            one,
            delivered=count(one, State.DELIVERED),
            lost=count(one, State.FAILED, State.MISSED),
            waiting=count(one, State.WAITING, State.CLAIMED),
        )
        for one in found
    ]


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    delivery: WebhookDelivery
    title: str
    tone: str  # of the badge
    said: str  # what the last try came to, in words; empty before the first


TONES = {State.DELIVERED: "success", State.FAILED: "danger", State.MISSED: "warning"}


def delivery_lines(deliveries: Sequence[WebhookDelivery]) -> list[DeliveryLine]:
    return [
        DeliveryLine(
            one,
            str(title_of(one.event_type)),
            TONES.get(State(one.state), ""),
            words_of(one.last_status, one.last_fault),
        )
        for one in deliveries
    ]


def words_of(status: int | None, fault: str) -> str:
    """What came of a try: the status that was answered, and what was wrong with it."""
    what = str(Fault(fault).label) if fault else ""
    return " · ".join(filter(None, [str(status) if status else "", what]))


def event_titles() -> list[tuple[str, str]]:
    """(name, title) of every event, for choices."""
    return sorted(((kind.name, str(kind.title)) for kind in EVENT_TYPES.values()), key=lambda one: one[0])
