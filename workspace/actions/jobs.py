"""Starting, running, stopping and rescuing jobs.

The queue delivers at least once and repeats a task that kills its process for ever; so the `Job` row decides. A run
claims the row with SKIP LOCKED, commits the attempt before the work, and holds a lease that progress renews.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from django.db import transaction
from django.db.models import F, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import DomainError
from core.jobs import enqueue, enqueue_in, retry_delay
from programs.actions.due_work import ensure_due
from workspace.actions import audit
from workspace.jobs import JOB_KINDS
from workspace.models import Job

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)  # renewed by every progress report; a step must be shorter
REPORT_SECONDS = 0.5  # progress is written at most this often
MAX_WARNINGS = 100
RESCUE = "workspace.jobs.rescue"  # the due work that takes up abandoned jobs


class JobCancelled(Exception):
    """A person pressed Stop; raised inside the job at its next report."""


class LeaseLost(Exception):
    """Another run took the job over (this one was silent for too long); it must stop without a trace."""


def start_job(*, kind: str, key: str, actor: Actor, now: datetime, params: Mapping[str, object] | None = None) -> Job:
    """The job of this kind and key, queued in this transaction. Safe to repeat: the same key gives the same job."""
    job, is_new = Job.objects.get_or_create(
        kind=JOB_KINDS[kind].name,
        key=key,
        defaults={
            "params": dict(params or {}),
            "lease_until": now + LEASE,
            "created_by": actor.label[:160],
            "business_id": actor.business_id,
            "created_at": now,
        },
    )
    if is_new:
        enqueue(run_job, job_id=job.pk)
        ensure_due(kind=RESCUE, by=job.lease_until)
        audit.record(actor, "workspace.job.started", subject=f"job:{job.code}", data={"kind": kind})
    return job


def request_cancel(*, job: Job, actor: Actor, now: datetime) -> None:
    """Ask a job to stop; one that has not begun stops at once. Nothing happens to one that is finished or was asked."""
    with transaction.atomic():
        waiting = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED)
        running = Job.objects.unfinished().filter(pk=job.pk, cancel_requested=False)
        stopped = waiting.update(state=Job.State.CANCELLED, finished_at=now, cancel_requested=True)
        if stopped or running.update(cancel_requested=True):
            audit.record(actor, "workspace.job.cancel_requested", subject=f"job:{job.code}")


@dataclass
class JobRun:
    """What a job's function gets: its parameters, and a way to report progress."""

    job: Job
    token: uuid.UUID
    _reported: float = field(default=0.0)

    @property
    def params(self) -> Mapping[str, object]:
        params: Mapping[str, object] = self.job.params
        return params

    def report(self, done: int, total: int | None = None, message: str = "", *, force: bool = False) -> None:
        """Say how far the work is and renew the lease; call it often, it writes at most twice a second.

        Raises JobCancelled when a person asked to stop, LeaseLost when another run has taken over.
        """
        if not force and monotonic() - self._reported < REPORT_SECONDS:
            return
        self._reported = monotonic()
        changes: dict[str, object] = {"done_count": done, "lease_until": timezone.now() + LEASE}
        if total is not None:
            changes["total_count"] = total
        if message:
            changes["message"] = message[:200]
        if not self._mine().update(**changes):
            raise LeaseLost(self.job.code)
        if self._mine().filter(cancel_requested=True).exists():
            raise JobCancelled(self.job.code)

    def warn(self, text: str) -> None:
        """Add a warning that the person sees while the job runs (the first hundred are kept)."""
        with transaction.atomic():
            job = Job.objects.select_for_update().get(pk=self.job.pk)
            if len(job.warnings) < MAX_WARNINGS:
                job.warnings = [*job.warnings, text[:300]]
                job.save(update_fields=["warnings"])

    def _mine(self) -> QuerySet[Job]:
        return Job.objects.filter(pk=self.job.pk, lease_token=self.token, finished_at__isnull=True)


def run_job(job_id: int) -> None:
    """The worker's entry. Delivered twice, the second call finds the row claimed or finished and returns."""
    run = _claim(job_id, now=timezone.now())
    if run is None:
        return
    kind = JOB_KINDS[run.job.kind]
    try:
        result = kind.run(run)
    except LeaseLost:
        logger.warning("job.lease_lost", extra={"job": run.job.code})
    except JobCancelled:
        _finish(run, Job.State.CANCELLED)
    except DomainError as error:
        _finish(run, Job.State.FAILED, error=str(error.message))
    except Exception:
        logger.exception("job.failed", extra={"job": run.job.code, "kind": run.job.kind, "attempt": run.job.attempts})
        if run.job.attempts >= kind.max_attempts:
            _finish(run, Job.State.FAILED, error=_("Something went wrong on our side. What was done so far is kept."))
        else:
            _requeue(run)
    else:
        _finish(run, Job.State.DONE, result=result)


def _claim(job_id: int, *, now: datetime) -> JobRun | None:
    """Take the row if nobody holds it, count the attempt and commit, so that a killed worker still counts."""
    with transaction.atomic():
        rows = Job.objects.select_for_update(skip_locked=True).filter(pk=job_id, finished_at__isnull=True)
        job = rows.first()
        if job is None or (job.state == Job.State.RUNNING and job.lease_until > now):
            return None
        if job.attempts >= JOB_KINDS[job.kind].max_attempts:
            job.state, job.finished_at = Job.State.FAILED, now
            job.error = _("It stopped the worker each time it was tried.")
            job.save(update_fields=["state", "finished_at", "error"])
            return None
        job.attempts += 1
        job.state, job.started_at, job.lease_until = Job.State.RUNNING, job.started_at or now, now + LEASE
        job.lease_token, job.message = uuid.uuid4(), ""
        job.save(update_fields=["attempts", "state", "started_at", "lease_until", "lease_token", "message"])
        return JobRun(job, job.lease_token)


def _finish(run: JobRun, state: Job.State, *, result: dict[str, object] | None = None, error: str = "") -> None:
    now = timezone.now()
    changes: dict[str, object] = {"state": state, "finished_at": now, "error": error, "result": result or {}}
    if state == Job.State.DONE:
        changes["done_count"] = F("total_count") if run.job.total_count else F("done_count")
    run._mine().update(**changes)


def _requeue(run: JobRun) -> None:
    """Let it be tried again after a while, longer each time: the row waits, the queue is told."""
    delay = retry_delay(run.job.attempts)
    with transaction.atomic():
        waiting = {"state": Job.State.QUEUED, "lease_token": None, "lease_until": timezone.now() + delay + LEASE}
        if run._mine().update(**waiting, message=_("Something went wrong. It is tried again soon.")):
            enqueue_in(delay, run_job, job_id=run.job.pk)


def rescue_jobs(*, now: datetime) -> datetime | None:
    """Queue again what lost its worker or its queue row; returns when to look next, None when nothing runs."""
    with transaction.atomic():
        abandoned = list(Job.objects.abandoned_at(now).select_for_update(skip_locked=True)[:100])
        for job in abandoned:
            job.lease_until = now + LEASE
            job.lease_token = None
            job.state = Job.State.QUEUED
            job.save(update_fields=["lease_until", "lease_token", "state"])
            enqueue(run_job, job_id=job.pk)
    first: datetime | None = Job.objects.unfinished().aggregate(first=Min("lease_until"))["first"]
    return first
