"""Messaging's regular work."""

from __future__ import annotations

from datetime import datetime

from messaging.actions.opt_outs import RECEIVED, sweep_received
from messaging.actions.outbox import OUTBOX, sweep
from messaging.actions.pins import sweep_pin_failures
from workspace.jobs import due_work


@due_work(OUTBOX)
def look_after_outbox(now: datetime) -> datetime | None:
    sweep_pin_failures(now=now)
    return sweep(now=now)


@due_work(RECEIVED)
def forget_old_texts(now: datetime) -> datetime | None:
    return sweep_received(now=now)
