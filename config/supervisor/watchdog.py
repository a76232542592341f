"""Notices a job cluster that lives but does nothing.

`kill -9` of an idle worker can leave the lock of the cluster's internal queue held for ever: every other worker then
waits, the guard sees living processes, and nothing runs. No exception tells; only silence does.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone
from django_q.models import OrmQ

from config.supervisor import heartbeat

# The tick is queued every minute, so a working cluster begins something at least that often.
SILENCE_LIMIT_SECONDS = 150
WAITING_LIMIT_SECONDS = 60


def reason_to_restart(run_dir: Path, *, now: datetime) -> str:
    """Why the cluster must be restarted, or an empty string. One query. A worker at work excuses the others."""
    if heartbeat.busy_workers(run_dir):
        return ""
    silent = heartbeat.silent_seconds(run_dir)
    if silent > SILENCE_LIMIT_SECONDS:
        return f"no task began for {silent:.0f} s"
    if silent < WAITING_LIMIT_SECONDS or not heartbeat.has_worked(run_dir):
        return ""
    oldest = OrmQ.objects.filter(lock__lte=now).order_by("lock").values_list("lock", flat=True).first()
    if oldest is not None and now - oldest > timedelta(seconds=WAITING_LIMIT_SECONDS):
        return f"a task waits for {(now - oldest).total_seconds():.0f} s while the workers are idle"
    return ""


def release_tasks() -> int:
    """Give back the tasks that a dead cluster of this machine had taken, so that they run now and not in half an hour.

    Delivery is at least once anyway, so a task that another machine is working on may start twice, never wrongly.
    """
    now = timezone.now()
    released: int = OrmQ.objects.filter(lock__gt=now).update(lock=now)
    return released
