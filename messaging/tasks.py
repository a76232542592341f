"""Messaging's regular work."""

from __future__ import annotations

from datetime import datetime

from messaging.actions.outbox import OUTBOX, sweep
from messaging.actions.pins import sweep_pin_failures
from workspace.jobs import due_work


@due_work(OUTBOX)
def look_after_outbox(now: datetime) -> datetime | None:
    sweep_pin_failures(now=now)
    return sweep(now=now)
