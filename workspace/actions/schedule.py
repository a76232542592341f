"""The one row of the queue's scheduler: the tick."""

from __future__ import annotations

from django.db import connection, transaction
from django_q.models import Schedule

from core.tenancy import enter_public

TICK = "tick"
TICK_FUNCTION = "workspace.tasks.tick"


def ensure_tick() -> None:
    """Make sure that the tick runs every minute, and only once a minute. Safe to repeat, also at the same time."""
    enter_public()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('schedule:tick', 0))")
        rows = Schedule.objects.filter(name=TICK)
        first = rows.order_by("pk").first()
        if first is None:
            Schedule.objects.create(
                name=TICK, func=TICK_FUNCTION, schedule_type=Schedule.MINUTES, minutes=1, repeats=-1
            )
            return
        rows.exclude(pk=first.pk).delete()
        # A cluster that stops between taking the row and saving it may leave it spent.
        rows.filter(pk=first.pk).update(func=TICK_FUNCTION, schedule_type=Schedule.MINUTES, minutes=1, repeats=-1)
