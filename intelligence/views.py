"""RFM groups: the page, its button and its progress bar."""

from __future__ import annotations

from django.http import HttpResponse
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
from intelligence.run_pages import RunPage
from workspace.models import Job

RUN = RunPage(JOB, "intelligence:groups", "intelligence/_rfm_progress.html")


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
    return RUN.started(request, request_run(JOB, actor=request.actor, now=timezone.now()))


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def progress(request: StaffRequest) -> HttpResponse:
    return RUN.progress(request)


def _scored_at(request: StaffRequest, overview: RfmOverview) -> str:
    zone, now = request.programme.zone, timezone.now()
    when = days_ago(overview.finished_at, now=now, zone=zone)
    return _("%(day)s, %(time)s") % {"day": when, "time": clock_time(overview.finished_at, zone)}
