"""Measure → Analytics → Customers."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.figures import make_delta
from core.money import quantise
from core.page import page
from core.permissions import Perm, requires
from core.presentation import format_number
from core.requests import StaffRequest
from screens.analytics_range import Range, asked_range, range_context
from screens.csv_files import Cell, csv_file
from screens.reports_analytics_people import (
    WAITS,
    PeoplePage,
    buyers_chart,
    people_page,
    top_spenders,
    wait_words,
    waits_chart,
)
from screens.reports_home import Kpi
from screens.views_analytics import file_name


@require_safe
@requires(Perm.ANALYTICS_VIEW)
def customers(request: StaffRequest) -> HttpResponse:
    context = range_context(request, "analytics:customers")
    chosen: Range = context["chosen"]
    found = people_page(chosen)
    may_see = Perm.CUSTOMERS_VIEW in request.membership.permissions
    context |= {
        "found": found,
        "kpis": _kpis(found, chosen),
        "buyers_chart": buyers_chart(found.parts, chosen),
        "waits_chart": waits_chart(found.gaps, found.gaps_before, chosen),
        "spenders": top_spenders(chosen, request.programme) if may_see else [],
        "spenders_url": chosen.customers_url(sort="-spent"),
        "is_empty": not found.groups.customers and not found.people.buyers,
    }
    return page(request, "screens/analytics/customers.html", context)


@require_safe
@requires(Perm.ANALYTICS_VIEW)
def customers_file(request: StaffRequest, report: str) -> HttpResponse:
    chosen = asked_range(request, timezone.now())
    found = people_page(chosen)
    if report == "waits":
        head = [_("Days until the next purchase"), _("Came back")]
        waits: list[list[Cell]] = [[wait_words(low, high), found.gaps.between(low, high)] for low, high in WAITS]
        return csv_file(file_name(request, report, chosen), head, waits)
    groups = {"frequency": found.frequency, "countries": found.countries, "regions": found.regions}
    if report not in groups:
        raise Http404
    currency = request.programme.currency
    head = [_("Group"), _("Customers"), _("Orders"), _("Spent"), _("Currency")]
    rows: list[list[Cell]] = [
        [one.label, one.row.customers, one.row.orders, quantise(one.row.revenue, currency), currency]
        for one in groups[report]
    ]
    return csv_file(f"{report}-{request.programme.slug}", head, rows)


def _kpis(found: PeoplePage, chosen: Range) -> list[Kpi]:
    now, before = found.people, found.before
    median, median_before = found.gaps.median, found.gaps_before.median if found.gaps_before else None
    rate = now.repeat_rate
    return [
        _kpi(_("Buyers"), chosen.buyers_url(), now.buyers, before.buyers if before else None),
        _kpi(_("New buyers"), chosen.buyers_url("within"), now.new, before.new if before else None),
        _kpi(_("Bought before"), chosen.buyers_url("before"), now.returning, before.returning if before else None),
        Kpi(
            label=_("Had bought before"),
            value=f"{format_number(rate, 1)}%" if rate is not None else "–",
            href=chosen.buyers_url("before"),
            spark=[],
            change=make_delta(rate, before.repeat_rate if before else None, unit="points"),
        ),
        Kpi(
            label=_("Days until they come back"),
            value=format_number(median) if median is not None else "–",
            href=chosen.buyers_url("before"),
            spark=[],
            change=make_delta(median, median_before, good="down", unit="number"),
            before=_("half of those who came back"),
        ),
    ]


def _kpi(label: str, href: str, value: int, before: int | None) -> Kpi:
    return Kpi(
        label=label,
        value=format_number(value),
        href=href,
        spark=[],
        change=make_delta(value, before),
        before=_("from %(value)s") % {"value": format_number(before)} if before is not None else "",
    )
