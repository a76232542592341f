"""SIGKILL between claim and call, and between call and note: everything arrives, under one id each."""

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from core.actor import SYSTEM
from customers.actions import events
from customers.events import ORDER_PLACED
from customers.models import Event
from messaging.actions import webhook_deliveries as sending
from messaging.actions import webhooks
from messaging.models_webhooks import WebhookDelivery, WebhookEndpoint
from messaging.tests.webhook_receiver import listening
from programs.models import Programme

WORKER = Path(__file__).with_name("killed_webhook_worker.py")
ROOT = WORKER.parents[2]
EVENTS = 8


@pytest.mark.parametrize(("moment", "twice"), [("before 3", 0), ("after 3", 1)])
def test_a_killed_worker_loses_nothing(committed_database, moment, twice):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    with listening() as receiver:
        issued = webhooks.create_endpoint(
            url=receiver.url, description="", event_types=[], business=None, actor=SYSTEM, now=timezone.now()
        )
        receiver.secret = issued.secret
        for number in range(EVENTS):
            data = {"order": f"order{number:07d}", "total": "1.00", "source": "till"}
            events.append(ORDER_PLACED, actor=SYSTEM, occurred_at=timezone.now(), data=data)
        sending.plan_deliveries(list(Event.objects.order_by("pk")), now=timezone.now())

        worker = subprocess.Popen(
            [sys.executable, str(WORKER), "p_harbour", str(issued.endpoint.pk), moment],
            env={**os.environ, "DATABASE_URL": committed_database, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert worker.stdout.readline() == b"hanging\n"
        os.kill(worker.pid, signal.SIGKILL)
        assert worker.wait(timeout=60) == -signal.SIGKILL
        worker.stdout.close()
        assert WebhookDelivery.objects.filter(state="claimed").count() == 1

        later = timezone.now() + sending.LEASE + timedelta(seconds=1)
        sending.sweep_deliveries(now=later)
        WebhookEndpoint.objects.update(busy_until=None)  # the lease of the dead one is over by then, too
        WebhookDelivery.objects.filter(state="waiting").update(next_attempt_at=timezone.now())
        sending.send_due(issued.endpoint.pk)

    ids = Counter(receiver.ids)
    assert {one.message_id for one in WebhookDelivery.objects.all()} == set(ids)
    assert len(ids) == EVENTS
    assert sum(ids.values()) == EVENTS + twice
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"delivered"}
    assert all(verified for verified, _headers, _body in receiver.received)
