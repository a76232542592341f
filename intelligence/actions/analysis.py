"""Looking at all sales once a night and keeping what is found. docs/algorithms/analysis.md."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone, translation

from core.clock import local_day
from core.tenancy import active_programme
from customers.models import DailySales
from intelligence.analysis.findings import kept_findings
from intelligence.analysis.parts import measure
from intelligence.analysis.window import Window
from intelligence.models import AnalysisRun
from intelligence.summary import summary_of
from programs.models import Programme

KEPT = 60  # runs: two months of nights


def analyse_sales(
    *, now: datetime, report: Callable[[int, int, str], None] = lambda done, total, part: None
) -> AnalysisRun | None:
    """Measure everything up to the end of yesterday and keep it; None where nothing was sold by then.

    Writes one row at the end, so that it may be stopped and repeated. `report(done, total, part)` may raise to stop.
    """
    started_at = timezone.now()
    programme = active_programme()
    window = window_at(now, programme)
    if window is None:
        return None
    found = measure(window, now=now, report=report)
    with translation.override("en"), transaction.atomic():
        run = AnalysisRun.objects.create(
            as_of=window.as_of,
            started_at=started_at,
            finished_at=timezone.now(),
            findings=kept_findings(found),
            summary=summary_of(found, programme.currency),
        )
        old = AnalysisRun.objects.order_by("-finished_at", "-pk").values("pk")[KEPT:]
        AnalysisRun.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
    return run


def window_at(now: datetime, programme: Programme) -> Window | None:
    """Up to yesterday; in a demo, whose sales are of the past, up to the newest day with any."""
    yesterday = local_day(now, programme.zone) - timedelta(days=1)
    sold = DailySales.objects.filter(day__lte=yesterday, orders__gt=0).aggregate(first=Min("day"), last=Max("day"))
    if sold["first"] is None:
        return None
    return Window(sold["last"] if programme.is_demo else yesterday, sold["first"], programme.zone)
