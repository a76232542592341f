"""How well we forecast: the page, its button, its progress bar and its stop."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.tabs import analytics_tabs
from customers.words import clock_time, days_ago
from intelligence.actions.requests import request_run
from intelligence.figures_backtest import backtest_page, waiting_words
from intelligence.reports_backtest import BACKTEST, lack_of_history, newest_backtest
from intelligence.run_pages import RunPage
from workspace.models import Job

URL = "intelligence:backtest"
OVER = (Job.State.DONE, Job.State.CANCELLED)
RUN = RunPage(BACKTEST, URL, "intelligence/_backtest_progress.html", over=OVER)


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def backtest(request: StaffRequest) -> HttpResponse:
    """About all customers: for people who see every business."""
    request.actor.check_sees_all()
    now, zone = timezone.now(), request.programme.zone
    found = newest_backtest()
    job = RUN.newest()
    lack = lack_of_history(now=now, zone=zone) if found is None else None
    context = {
        "tabs": analytics_tabs(request, URL),
        "found": found,
        "shown": backtest_page(found, request.programme.currency) if found else None,
        "tested": f"{days_ago(found.finished_at, now=now, zone=zone)}, {clock_time(found.finished_at, zone)}"
        if found
        else "",
        "lack": lack,
        "waiting": waiting_words(lack) if lack else "",
        "can_run": Perm.INTELLIGENCE_RUN in request.membership.permissions and (lack is None or lack.is_ready),
        "job": None if job is None or job.state in OVER else job,
    }
    return page(request, "intelligence/backtest.html", context)


@require_POST
@requires(Perm.INTELLIGENCE_RUN)
def run(request: StaffRequest) -> HttpResponse:
    return RUN.started(request, request_run(BACKTEST, actor=request.actor, now=timezone.now()))


@require_POST
@requires(Perm.INTELLIGENCE_RUN)
def stop(request: StaffRequest) -> HttpResponse:
    return RUN.stopped(request)


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def progress(request: StaffRequest) -> HttpResponse:
    return RUN.progress(request)
