"""SIGKILL in the middle of sending: nothing is sent twice, nothing is lost without a trace."""

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

from django.db import connection
from django.utils import timezone

from messaging.actions import outbox
from messaging.actions.outbox import queue_message
from messaging.models import OutboundMessage
from programs.models import Programme

WORKER = Path(__file__).with_name("killed_worker.py")
ROOT = WORKER.parents[2]
MESSAGES = 60
MOMENTS = ["before 7", "after 1", "after 20"]


def test_killed_workers_double_nothing(committed_database, tmp_path):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    messages = [
        queue_message(
            channel="sms", purpose="one_time_code", recipient="+447700900142", body="Hello", dedupe_key=f"kill:{index}",
            now=timezone.now(),
        )
        for index in range(MESSAGES)
    ]  # fmt: skip
    sent_file = tmp_path / "sent"
    sent_file.touch()

    for moment in [*MOMENTS, "never"]:
        worker = start_worker(committed_database, sent_file, moment, [message.pk for message in messages])
        if moment != "never":
            assert worker.stdout.readline() == b"hanging\n"
            os.kill(worker.pid, signal.SIGKILL)
        assert worker.wait(timeout=120) == (0 if moment == "never" else -signal.SIGKILL)

    outbox.sweep(now=timezone.now() + outbox.CLAIM_LEASE + timedelta(seconds=1))
    deliveries = Counter(sent_file.read_text().split())
    states = Counter(OutboundMessage.objects.values_list("state", flat=True))
    assert max(deliveries.values()) == 1
    # Each kill leaves one row in doubt; everything else was delivered once and says so.
    assert states == {"unconfirmed": len(MOMENTS), "sent": MESSAGES - len(MOMENTS)}
    assert len(deliveries) == MESSAGES - 1  # one was killed before the provider had it
    confirmed = OutboundMessage.objects.filter(state="sent").values_list("code", flat=True)
    assert set(confirmed) <= set(deliveries)


def start_worker(url, sent_file, moment, message_ids):
    environment = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(WORKER), "p_harbour", str(sent_file), moment, *map(str, message_ids)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
