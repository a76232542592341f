"""Measure → Analytics → Insights: what stands out, with its evidence and what it is worth."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.tabs import analytics_tabs
from customers.words import clock_time, days_ago
from intelligence.actions.requests import ANALYSIS, request_run
from intelligence.reports_analysis import charts, compared_words, hours_heat, key_figures, latest_analysis
from workspace.actions.jobs import request_cancel
from workspace.models import Job


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
    job = request_run(ANALYSIS, actor=request.actor, now=timezone.now())
    return _progress(request, job) if getattr(request, "htmx", None) else _back()


@require_POST
@requires(Perm.INTELLIGENCE_RUN)
def stop(request: StaffRequest) -> HttpResponse:
    request.actor.check_sees_all()
    job = Job.objects.filter(kind=ANALYSIS).order_by("-id").first()
    if job is None:
        return _back()
    request_cancel(job=job, actor=request.actor, now=timezone.now())
    job.refresh_from_db()
    return _progress(request, job) if getattr(request, "htmx", None) else _back()


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def progress(request: StaffRequest) -> HttpResponse:
    """The progress bar again; once the run has ended, the whole page, because every figure on it is new."""
    request.actor.check_sees_all()
    job = Job.objects.filter(kind=ANALYSIS).order_by("-id").first()
    if job is None or job.state == Job.State.DONE:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = reverse("intelligence:analysis")
        return response
    return _progress(request, job)


def _progress(request: HttpRequest, job: Job) -> HttpResponse:
    return page(request, "intelligence/_analysis_progress.html", {"job": job})


def _back() -> HttpResponse:
    response = HttpResponse(status=303)
    response["Location"] = reverse("intelligence:analysis")
    return response
