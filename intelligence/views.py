"""RFM groups: the page, its button and its progress bar."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.tabs import analytics_tabs
from customers.words import clock_time, days_ago
from intelligence.actions.requests import request_run
from intelligence.actions.rfm import JOB
from intelligence.reports import RfmOverview, rfm_overview
from workspace.models import Job


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def groups(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    sees_all = request.actor.business_id is None
    overview = rfm_overview(business_id=request.actor.business_id, now=now)
    return page(
        request,
        "intelligence/rfm_groups.html",
        {
            "overview": overview,
            "tabs": analytics_tabs(request, "intelligence:groups"),
            "scored_at": _scored_at(request, overview) if overview else "",
            "parts": [(str(row.group.name), row.spent_share, row.group.tone) for row in overview.groups]
            if overview
            else [],
            "can_run": sees_all and Perm.INTELLIGENCE_RUN in request.membership.permissions,
            "job": Job.objects.unfinished().filter(kind=JOB).first() if sees_all else None,
            "list_url": reverse("customers:list"),
        },
    )


@require_POST
@requires(Perm.INTELLIGENCE_RUN)
def run(request: StaffRequest) -> HttpResponse:
    job = request_run(JOB, actor=request.actor, now=timezone.now())
    if not getattr(request, "htmx", None):
        response = HttpResponse(status=303)
        response["Location"] = reverse("intelligence:groups")
        return response
    return _progress(request, job)


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def progress(request: StaffRequest) -> HttpResponse:
    """The progress bar again; once the run has ended, the whole page, because every figure on it is new."""
    request.actor.check_sees_all()
    job = Job.objects.filter(kind=JOB).order_by("-id").first()
    if job is None or job.state == Job.State.DONE:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = reverse("intelligence:groups")
        return response
    return _progress(request, job)


def _progress(request: HttpRequest, job: Job) -> HttpResponse:
    return page(request, "intelligence/_rfm_progress.html", {"job": job})


def _scored_at(request: StaffRequest, overview: RfmOverview) -> str:
    zone, now = request.programme.zone, timezone.now()
    when = days_ago(overview.finished_at, now=now, zone=zone)
    return _("%(day)s, %(time)s") % {"day": when, "time": clock_time(overview.finished_at, zone)}
