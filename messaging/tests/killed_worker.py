"""A worker that a test kills: sends the messages given, with a provider that takes its time and writes to a file.

Usage: killed_worker.py <schema> <file> <id> …
"""

import os
import sys
import time
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
django.setup()

from django_tenants.utils import tenant_context  # noqa: E402

from messaging import channels  # noqa: E402
from messaging.actions.outbox import send_message  # noqa: E402
from programs.models import Programme  # noqa: E402

SENT_FILE = Path(sys.argv[2])


class Slow:
    """Half of its time before the provider has the message, half after."""

    name = "slow"

    def send(self, message: channels.Outgoing) -> str:
        time.sleep(0.02)
        with SENT_FILE.open("a") as handle:
            handle.write(f"{message.code}\n")
        time.sleep(0.02)
        return message.code


sys.modules["killed_worker_channel"] = sys.modules["__main__"]
channels.PROVIDERS["console"] = "killed_worker_channel.Slow"

with tenant_context(Programme.objects.get(schema_name=sys.argv[1])):
    print("ready", flush=True)  # noqa: T201
    for message_id in sys.argv[3:]:
        send_message(int(message_id))
