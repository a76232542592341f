"""Asking for a run of the analysis. The runs themselves are jobs, whose modules load what they need."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import DomainError, NotFound
from intelligence.actions.settings import check_k, check_sample, settings_now
from intelligence.models import ArchetypeRun
from workspace.actions import audit
from workspace.actions.jobs import request_cancel, start_job
from workspace.models import Job

FORECAST = "intelligence.forecast"
ARCHETYPES = "intelligence.archetypes"
PRODUCTS = "intelligence.products"
ANALYSIS = "intelligence.analysis"


class RunUnderWay(DomainError):
    code = "run_under_way"
    message = _("A run is going on. Wait until it has ended, or stop it.")


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


def request_archetypes(*, asked: Mapping[str, int], actor: Actor, now: datetime) -> Job:
    """Look for archetypes anew; `asked` may hold sample_size, min_k and max_k, otherwise the settings say.

    Raises InvalidInput at the field that is wrong, PermissionRefused as request_run.
    """
    settings = settings_now()
    check_sample(asked.get("sample_size"), "sample_size")
    check_k(asked.get("min_k", settings.min_k), asked.get("max_k", settings.max_k))
    return request_run(ARCHETYPES, actor=actor, now=now, params=asked)


def request_rollback(*, run: str, actor: Actor, now: datetime) -> Job:
    """Assign everybody as this earlier run did; later runs go on from there. Asked twice, it is done once.

    Raises NotFound, RunUnderWay, PermissionRefused.
    """
    actor.check_sees_all()
    if not ArchetypeRun.objects.filter(code=run).exists():
        raise NotFound
    with transaction.atomic():
        is_repeated = Job.objects.unfinished().filter(kind=ARCHETYPES).exists()
        job = request_run(ARCHETYPES, actor=actor, now=now, params={"run": run})
        if job.params != {"run": run}:
            raise RunUnderWay
        if not is_repeated:
            audit.record(actor, "intelligence.archetypes.rolled_back", subject=f"job:{job.code}", data={"run": run})
    return job
