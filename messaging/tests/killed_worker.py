"""A worker that a test kills: sends the messages given, with a provider that writes to a file.

Usage: killed_worker.py <schema> <file> <moment> <id> …
At the moment, "before 7" or "after 7" the provider's 7th message is written, it says "hanging" and hangs.
"""

import os
import signal
import sys
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
django.setup()

from django_tenants.utils import tenant_context  # noqa: E402

from messaging import channels  # noqa: E402
from messaging.actions.outbox import send_message  # noqa: E402
from programs.models import Programme  # noqa: E402

SENT_FILE = Path(sys.argv[2])
MOMENT = sys.argv[3]


class Hanging:
    name = "hanging"
    count = 0

    def send(self, message: channels.Outgoing) -> str:
        Hanging.count += 1
        self.perhaps_hang("before")
        with SENT_FILE.open("a") as handle:
            handle.write(f"{message.code}\n")
        self.perhaps_hang("after")
        return message.code

    def perhaps_hang(self, when: str) -> None:
        if f"{when} {Hanging.count}" == MOMENT:
            print("hanging", flush=True)  # noqa: T201
            signal.pause()


sys.modules["killed_worker_channel"] = sys.modules["__main__"]
channels.PROVIDERS["console"] = "killed_worker_channel.Hanging"

with tenant_context(Programme.objects.get(schema_name=sys.argv[1])):
    for message_id in sys.argv[4:]:
        send_message(int(message_id))
