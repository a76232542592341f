"""Many workers at one endpoint: one sends, nothing twice, in order."""

import json

from django.db import connection
from django.utils import timezone

from core.actor import SYSTEM
from customers.actions import events
from customers.events import ORDER_PLACED
from customers.models import Event
from messaging.actions import webhook_deliveries as sending
from messaging.actions import webhooks
from messaging.models_webhooks import WebhookDelivery
from messaging.tests.webhook_receiver import listening
from programs.models import Programme


def test_eight_workers_send_each_once_and_in_order(committed_database, in_threads):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    with listening() as receiver:
        issued = webhooks.create_endpoint(
            url=receiver.url, description="", event_types=[], business=None, actor=SYSTEM, now=timezone.now()
        )
        receiver.secret = issued.secret
        orders = [f"order{number:07d}" for number in range(40)]
        for order in orders:
            data = {"order": order, "total": "1.00", "source": "till"}
            events.append(ORDER_PLACED, actor=SYSTEM, occurred_at=timezone.now(), data=data)
        sending.plan_deliveries(list(Event.objects.order_by("pk")), now=timezone.now())
        results = in_threads([lambda: sending.send_due(issued.endpoint.pk) for _ in range(8)])
    assert results == [None] * 8
    arrived = [json.loads(body)["data"]["order"] for _verified, _headers, body in receiver.received]
    assert arrived == orders
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"delivered"}
