"""Measure → Analytics: the overview, with its tables as files."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.money import quantise
from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from screens.analytics_range import Range, asked_range, range_context
from screens.csv_files import Cell, csv_file
from screens.reports_analytics import Overview, SplitRow, overview, overview_chart, overview_kpis


@require_safe
@requires(Perm.ANALYTICS_VIEW)
def overview_page(request: StaffRequest) -> HttpResponse:
    context = range_context(request, "analytics:overview")
    chosen: Range = context["chosen"]
    found = overview(chosen, actor=request.actor, now=timezone.now())
    currency = request.programme.currency
    context |= {
        "found": found,
        "kpis": overview_kpis(found, chosen, currency),
        "chart": overview_chart(found, chosen, currency),
        "is_empty": not found.totals.sold.orders and not found.totals.sold.refunds,
    }
    return page(request, "screens/analytics/overview.html", context)


@require_safe
@requires(Perm.ANALYTICS_VIEW)
def overview_file(request: StaffRequest, report: str) -> HttpResponse:
    """One of the page's tables as CSV, for the same period and business."""
    if report not in ("parts", "businesses", "channels"):
        raise Http404
    chosen = asked_range(request, timezone.now())
    found = overview(chosen, actor=request.actor, now=timezone.now())
    currency = request.programme.currency
    head, rows = _parts(found, currency) if report == "parts" else _split(report, found, currency)
    return csv_file(file_name(request, report, chosen), head, rows)


def file_name(request: StaffRequest, report: str, chosen: Range) -> str:
    period = chosen.period
    return f"{report}-{request.programme.slug}-{period.first_day:%Y-%m-%d}-{period.last_day:%Y-%m-%d}"


def _parts(found: Overview, currency: str) -> tuple[list[str], list[list[Cell]]]:
    head = [
        _("From"), _("To"), _("Orders"), _("Before refunds"), _("Refunds"), _("Revenue"), _("Units"), _("New buyers"),
        _("Bought before"), _("Currency"),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            part.first, part.last, part.sold.orders, quantise(part.sold.revenue, currency),
            quantise(part.sold.refunds, currency), quantise(part.sold.net, currency), part.sold.units.normalize(),
            part.new, part.returning, currency,
        ]
        for part in found.parts
    ]  # fmt: skip
    return head, rows


def _split(report: str, found: Overview, currency: str) -> tuple[list[str], list[list[Cell]]]:
    named: tuple[str, list[SplitRow]] = (
        (_("Business"), list(found.businesses)) if report == "businesses" else (_("Channel"), list(found.channels))
    )
    head = [
        named[0], _("Orders"), _("Before refunds"), _("Refunds"), _("Revenue"), _("Revenue compared with"),
        _("Currency"),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            row.label, row.sold.orders, quantise(row.sold.revenue, currency), quantise(row.sold.refunds, currency),
            quantise(row.sold.net, currency), quantise(row.before.net, currency) if row.before else None, currency,
        ]
        for row in named[1]
    ]  # fmt: skip
    return head, rows
