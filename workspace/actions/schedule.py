"""The one row of the queue's scheduler, the tick, and what every programme regularly does."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django_q.models import Schedule

from core.tenancy import enter_public
from programs.actions.due_work import schedule_all
from programs.models import Programme
from workspace.jobs import DUE_WORK

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


def plan_regular_work(*, now: datetime) -> None:
    """Give every programme the kinds of regular work that a new release brought, due at once.

    What a programme has planned already stays as it is. Kinds that wait to be asked for run once and find nothing.
    """
    enter_public()
    for programme in Programme.objects.order_by("pk").iterator():
        schedule_all(programme=programme, kinds=DUE_WORK, now=now)
