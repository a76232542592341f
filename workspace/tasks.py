"""The tick, a programme's side of it, and the workspace's own regular work."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.jobs import enqueue
from core.tenancy import enter_public
from programs.actions import due_work as due
from programs.models import Programme
from workspace.actions.jobs import RESCUE, rescue_jobs
from workspace.jobs import DUE_WORK, due_work


def tick() -> None:
    """Hand out what is due in every programme. One schedule row calls it each minute, in the public schema."""
    enter_public()
    with transaction.atomic():
        work = due.take_due(now=timezone.now())
        programmes = Programme.objects.in_bulk({schema for schema, _ in work}, field_name="schema_name")
        for schema, kind in work:
            with tenant_context(programmes[schema]):
                enqueue(run_due, kind=kind)


def run_due(kind: str) -> None:
    """Do one kind of due work in the active programme and write down when it is due next."""
    mark = due.handed_out_until(kind=kind)
    next_due_at = DUE_WORK[kind](timezone.now())
    due.settle(kind=kind, mark=mark, next_due_at=next_due_at)


@due_work(RESCUE)
def rescue_abandoned_jobs(now: datetime) -> datetime | None:
    return rescue_jobs(now=now)
