"""A worker that a test kills in the middle of a call to a webhook.

Usage: killed_webhook_worker.py <schema> <endpoint id> <moment>
At the moment, "before 3" or "after 3" its third call, it says "hanging" and hangs.
"""

import os
import signal
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
django.setup()

from django_tenants.utils import tenant_context  # noqa: E402

from messaging.actions import webhook_deliveries as sending  # noqa: E402
from programs.models import Programme  # noqa: E402

SCHEMA, ENDPOINT, MOMENT = sys.argv[1], int(sys.argv[2]), sys.argv[3]
post = sending.post
calls = 0


def perhaps_hang(when: str) -> None:
    if f"{when} {calls}" == MOMENT:
        print("hanging", flush=True)  # noqa: T201
        signal.pause()


def hanging(url, **given):
    global calls  # noqa: PLW0603
    calls += 1
    perhaps_hang("before")
    outcome = post(url, **given)
    perhaps_hang("after")
    return outcome


sending.post = hanging
with tenant_context(Programme.objects.get(schema_name=SCHEMA)):
    sending.send_due(ENDPOINT)
