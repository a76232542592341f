"""Asking for a segment to be counted now."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import DomainError, NotFound
from segments.models import Segment
from workspace.actions.jobs import start_job
from workspace.models import Job

COUNT_ONE = "segments.count_one"  # the job


class SegmentArchived(DomainError):
    code = "segment_archived"
    message = _("This segment is archived. Restore it first.")


def request_count(*, code: str, actor: Actor, now: datetime) -> Job:
    """Judge everybody for this segment again, in the background; one that waits or runs already is that job.

    Raises NotFound, SegmentArchived, PermissionRefused.
    """
    actor.check_sees_all()
    with transaction.atomic():
        segment = Segment.objects.select_for_update().filter(code=code).first()
        if segment is None:
            raise NotFound()
        if segment.archived_at is not None:
            raise SegmentArchived()
        jobs = Job.objects.filter(kind=COUNT_ONE, params={"segment": segment.pk}).order_by("-id")
        running = jobs.unfinished().first()
        if running is not None:
            return running
        last = jobs.values_list("pk", flat=True).first()
        key = f"{segment.pk} after:{last or 0}"
        return start_job(kind=COUNT_ONE, key=key, actor=actor, now=now, params={"segment": segment.pk})
