"""The regular work of customers and orders."""

from __future__ import annotations

from datetime import datetime, timedelta

from customers.actions.rollups import READER, update_rollups
from workspace.jobs import due_work

# A shop that sells sees its figures a minute later; a quiet one is looked at less often.
BUSY_INTERVAL = timedelta(minutes=1)
QUIET_INTERVAL = timedelta(minutes=5)


@due_work(READER)
def keep_rollups(now: datetime) -> datetime:
    return now + (BUSY_INTERVAL if update_rollups(now=now) else QUIET_INTERVAL)
