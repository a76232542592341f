"""What piles up by itself and nobody reads any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django_q.models import Failure

KEEP_FAILURES = timedelta(days=30)  # of tasks, with their tracebacks, for the platform's admin


def end_expired_sessions(*, now: datetime) -> None:
    """Delete the sessions that have run out in the active schema: public, or one programme."""
    Session.objects.filter(expire_date__lt=now).delete()


def forget_old_failures(*, now: datetime) -> None:
    """Delete the queue's own records of failed tasks; it only limits those that succeeded."""
    Failure.objects.filter(stopped__lt=now - KEEP_FAILURES).delete()
