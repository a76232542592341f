"""The regular work of customers and orders."""

from __future__ import annotations

from datetime import datetime

from customers.actions.facts import ROLLUPS
from customers.actions.rollups import update_rollups
from workspace.jobs import due_work


@due_work(ROLLUPS)
def refresh_rollups(now: datetime) -> None:
    """On demand only: days were marked outside the event stream, or the programme's time zone changed."""
    update_rollups(now=now)
