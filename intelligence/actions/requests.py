"""Asking for a run of the analysis. The runs themselves are jobs, whose modules load what they need."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core.actor import Actor
from workspace.actions.jobs import request_cancel, start_job
from workspace.models import Job

FORECAST = "intelligence.forecast"
ARCHETYPES = "intelligence.archetypes"
PRODUCTS = "intelligence.products"
ANALYSIS = "intelligence.analysis"


def request_run(kind: str, *, actor: Actor, now: datetime, params: Mapping[str, object] | None = None) -> Job:
    """The job of this kind: the one that waits or runs already, or a new one with these parameters.

    Raises PermissionRefused for people limited to one business: its figures are about all customers.
    """
    actor.check_sees_all()
    jobs = Job.objects.filter(kind=kind).order_by("-id")
    running = jobs.unfinished().first()
    if running is not None:
        return running
    last = jobs.values_list("pk", flat=True).first()
    return start_job(kind=kind, key=f"after:{last or 0}", actor=actor, now=now, params=params)


def stop_run(kind: str, *, actor: Actor, now: datetime) -> None:
    """Ask the run of this kind to stop, if there is one. Raises PermissionRefused as `request_run` does."""
    actor.check_sees_all()
    running = Job.objects.unfinished().filter(kind=kind).order_by("-id").first()
    if running is not None:
        request_cancel(job=running, actor=actor, now=now)
