"""Measure → Analytics → Insights: what stands out, with its evidence and what it is worth."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.tabs import analytics_tabs
from customers.words import clock_time, days_ago
from intelligence.actions.requests import ANALYSIS, request_run
from intelligence.reports_analysis import charts, compared_words, hours_heat, key_figures, latest_analysis
from intelligence.run_pages import RunPage
from workspace.models import Job

RUN = RunPage(ANALYSIS, "intelligence:analysis", "intelligence/_analysis_progress.html")


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def insights(request: StaffRequest) -> HttpResponse:
    """Figures of all businesses together: people limited to one are told so."""
    context: dict[str, object] = {"tabs": analytics_tabs(request, "intelligence:analysis")}
    if request.actor.business_id is not None:
        return page(request, "intelligence/analysis.html", {**context, "is_limited": True})
    currency, zone, now = request.programme.currency, request.programme.zone, timezone.now()
    context |= {
        "can_run": Perm.INTELLIGENCE_RUN in request.membership.permissions,
        "job": Job.objects.unfinished().filter(kind=ANALYSIS).first(),
    }
    newest = latest_analysis(currency)
    if newest is not None:
        found = newest.found
        hours, heat = hours_heat(found)
        context |= {
            "analysis": newest,
            "looked_at": f"{days_ago(newest.finished_at, now=now, zone=zone)}, {clock_time(newest.finished_at, zone)}",
            "figures": key_figures(found, currency),
            "compared_with": compared_words(found),
            "charts": charts(found, currency),
            "hours": hours,
            "heat": heat,
        }
    return page(request, "intelligence/analysis.html", context)


@require_POST
@requires(Perm.INTELLIGENCE_RUN)
def run(request: StaffRequest) -> HttpResponse:
    return RUN.started(request, request_run(ANALYSIS, actor=request.actor, now=timezone.now()))


@require_POST
@requires(Perm.INTELLIGENCE_RUN)
def stop(request: StaffRequest) -> HttpResponse:
    return RUN.stopped(request)


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def progress(request: StaffRequest) -> HttpResponse:
    return RUN.progress(request)
