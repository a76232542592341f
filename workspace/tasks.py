"""The tick, a programme's side of it, and the workspace's own regular work."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tenants.utils import tenant_context

from core.jobs import enqueue
from core.tenancy import enter_public
from programs.actions import due_work as due
from programs.models import Programme
from workspace.actions.business_invitations import INVITED_MAIL
from workspace.actions.housekeeping import end_expired_sessions, forget_old_failures
from workspace.actions.idempotency import PRUNE, prune_answers
from workspace.actions.jobs import RESCUE, JobRun, rescue_jobs
from workspace.actions.joining import ASKED_MAIL, DECIDED_MAIL
from workspace.actions.joining_mail import mail_business_invitation, mail_join_decision, mail_join_request
from workspace.actions.team import INVITATION_MAIL, JOINED_MAIL
from workspace.actions.team_mail import mail_invitation, mail_joined
from workspace.jobs import DUE_WORK, due_work, job_kind


def tick() -> None:
    """Hand out what is due in every programme. One schedule row calls it each minute, in the public schema."""
    enter_public()
    now = timezone.now()
    end_expired_sessions(now=now)
    forget_old_failures(now=now)
    with transaction.atomic():
        work = due.take_due(now=now)
        programmes = Programme.objects.in_bulk({schema for schema, _ in work}, field_name="schema_name")
        for schema, kind in work:
            with tenant_context(programmes[schema]):
                enqueue(run_due, kind=kind)


def run_due(kind: str) -> None:
    """Do one kind of due work in the active programme and write down when it is due next."""
    mark = due.handed_out_until(kind=kind)
    next_due_at = DUE_WORK[kind](timezone.now())
    due.settle(kind=kind, mark=mark, next_due_at=next_due_at)


# Five attempts: a mail server may be away for a quarter of an hour.
@job_kind(INVITATION_MAIL, title=_("Invitation by e-mail"), max_attempts=5)
def send_invitation(run: JobRun) -> dict[str, object]:
    mail_invitation(code=str(run.params["invitation"]))
    return {}


@job_kind(JOINED_MAIL, title=_("News of the team by e-mail"), max_attempts=5)
def send_joined(run: JobRun) -> dict[str, object]:
    mail_joined(member=str(run.params["member"]), owner=str(run.params["owner"]))
    return {}


@job_kind(INVITED_MAIL, title=_("Invitation of a business by e-mail"), max_attempts=5)
def send_business_invitation(run: JobRun) -> dict[str, object]:
    mail_business_invitation(code=str(run.params["invitation"]))
    return {}


@job_kind(ASKED_MAIL, title=_("Request to join by e-mail"), max_attempts=5)
def send_join_request(run: JobRun) -> dict[str, object]:
    mail_join_request(request=str(run.params["request"]), owner=str(run.params["owner"]))
    return {}


@job_kind(DECIDED_MAIL, title=_("Answer to a request to join by e-mail"), max_attempts=5)
def send_join_decision(run: JobRun) -> dict[str, object]:
    mail_join_decision(request=str(run.params["request"]))
    return {}


@due_work(RESCUE)
def rescue_abandoned_jobs(now: datetime) -> datetime | None:
    return rescue_jobs(now=now)


@due_work(PRUNE)
def forget_old_answers(now: datetime) -> datetime | None:
    return prune_answers(now=now)


@due_work("workspace.sessions.end")
def end_sessions_of_the_programme(now: datetime) -> datetime:
    end_expired_sessions(now=now)
    return now + timedelta(days=1)
