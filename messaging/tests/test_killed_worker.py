"""SIGKILL in the middle of sending: nothing is sent twice, nothing is lost without a trace."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from django.db import connection
from django.utils import timezone

from messaging.actions import outbox, queue_message
from messaging.models import OutboundMessage
from programs.models import Programme

WORKER = Path(__file__).with_name("killed_worker.py")
ROOT = WORKER.parents[2]
MESSAGES, KILLS = 60, 3


def test_killed_workers_double_nothing(committed_database, tmp_path):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    random.seed(20261121)
    messages = [
        queue_message(
            channel="sms", purpose="one_time_code", recipient="+447700900142", body="Hello", dedupe_key=f"kill:{index}",
            now=timezone.now(),
        )
        for index in range(MESSAGES)
    ]  # fmt: skip
    sent_file = tmp_path / "sent"
    sent_file.touch()

    for run in range(KILLS + 1):
        worker = start_worker(committed_database, sent_file, [message.pk for message in messages])
        if run < KILLS:
            time.sleep(random.uniform(0.05, 0.5))
            os.kill(worker.pid, signal.SIGKILL)
        assert worker.wait(timeout=30) == (0 if run == KILLS else -signal.SIGKILL)

    outbox.sweep(now=timezone.now() + outbox.CLAIM_LEASE + timedelta(seconds=1))
    deliveries = Counter(sent_file.read_text().split())
    states = Counter(OutboundMessage.objects.values_list("state", flat=True))
    assert max(deliveries.values()) == 1
    # Each kill can leave one row in doubt; everything else was delivered once and says so.
    assert states["sent"] + states["unconfirmed"] == MESSAGES
    assert 1 <= states["unconfirmed"] <= KILLS
    confirmed = OutboundMessage.objects.filter(state="sent").values_list("code", flat=True)
    assert set(confirmed) <= set(deliveries)


def start_worker(url, sent_file, message_ids):
    environment = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(WORKER), "p_harbour", str(sent_file), *map(str, message_ids)]
    worker = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert worker.stdout.readline() == b"ready\n"
    return worker
