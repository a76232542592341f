"""Loyalty → Reports: points of a period, by business, with the members who have the most, and files of each."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.codes import typed_code
from core.keyset import with_query
from core.money import quantise
from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.reports.sales import every_day
from loyalty.reports_points import (
    MAX_TOP,
    DayPoints,
    breakage_report,
    days_of_points,
    member_figures,
    point_report,
    top_members,
)
from loyalty.tabs import loyalty_tabs
from screens.csv_files import Cell, csv_file
from screens.reports_points import PERIODS, ChosenPeriod, chosen_period, points_page
from workspace.models import Business

Table = tuple[list[str], list[list[Cell]]]


@require_safe
@requires(Perm.POINTS_VIEW)
def reports(request: StaffRequest) -> HttpResponse:
    chosen, business = _asked(request)
    shops = list(Business.objects.active().visible_to(request.actor).order_by("name"))
    context = {
        "shown": points_page(programme=request.programme, actor=request.actor, business=business, period=chosen.period),
        "ranges": [
            {
                "label": _("%(days)s days") % {"days": days},
                "url": with_query(request.GET, days=str(days), start=None, end=None),
                "current": days == chosen.days,
            }
            for days in PERIODS
        ],
        "period": chosen.period,
        "query": with_query(request.GET),
        "businesses": [("", _("All businesses")), *((shop.code, shop.name) for shop in shops)],
        "selected": business.code if business else "",
        "has_choice": len(shops) > 1,
        "may_export_people": Perm.CUSTOMERS_EXPORT in request.membership.permissions,
        "tabs": loyalty_tabs(request, "reports:points"),
    }
    return page(request, "screens/reports/points.html", context)


@require_safe
@requires(Perm.POINTS_VIEW)
def report_file(request: StaffRequest, report: str) -> HttpResponse:
    """One of the page's tables as CSV, for the same period and business."""
    tables = {"days": _days, "businesses": _businesses, "people": _people, "breakage": _breakage}
    if report not in tables:
        raise Http404
    chosen, business = _asked(request)
    head, rows = tables[report](request, chosen, business)
    return csv_file(_file_name(request, report, chosen), head, rows)


@require_safe
@requires(Perm.CUSTOMERS_EXPORT)
def top_file(request: StaffRequest) -> HttpResponse:
    """The members with the most points, by name: for those who may export people."""
    chosen, business = _asked(request)
    found = top_members(chosen.period, actor=request.actor, business_id=business.pk if business else None, most=MAX_TOP)
    currency = request.programme.currency
    head = [_("Customer"), _("Name"), _("Points"), _("Points before"), _("Redeemed"), _("Sales"), _("Spent")]
    rows: list[list[Cell]] = [
        [
            one.customer.code,
            one.customer.name,
            one.points,
            one.points_before,
            one.redeemed,
            one.sales,
            quantise(one.spent, currency),
        ]
        for one in found
    ]
    return csv_file(_file_name(request, "top", chosen), head, rows)


def _file_name(request: StaffRequest, report: str, chosen: ChosenPeriod) -> str:
    period = chosen.period
    return f"{report}-{request.programme.slug}-{period.first_day:%Y-%m-%d}-{period.last_day:%Y-%m-%d}"


def _asked(request: StaffRequest) -> tuple[ChosenPeriod, Business | None]:
    """The period and the business of the URL; a business that the reader may not see filters nothing."""
    shops = Business.objects.visible_to(request.actor)
    business = shops.filter(code=typed_code(request.GET.get("business", ""))).first()
    return chosen_period(request.GET, request.programme, timezone.now()), business


def _days(request: StaffRequest, chosen: ChosenPeriod, business: Business | None) -> Table:
    found = days_of_points(chosen.period, actor=request.actor, business_id=business.pk if business else None)
    rows: list[list[Cell]] = []
    for day in every_day(chosen.period):
        points = found.get(day, DayPoints())
        rows.append([day, points.issued, points.taken_back, points.redeemed, points.expired])
    return [_("Day"), _("Issued"), _("Taken back"), _("Redeemed"), _("Expired")], rows


def _businesses(request: StaffRequest, chosen: ChosenPeriod, business: Business | None) -> Table:
    report = point_report(chosen.period, actor=request.actor, business_id=business.pk if business else None)
    rows: list[list[Cell]] = []
    for row in report.businesses:
        for label, figures in ((_("this period"), row.figures), (_("before"), row.before)):
            rows.append(
                [
                    row.business.name if row.business else _("The programme itself"),
                    label,
                    figures.issued,
                    figures.taken_back,
                    figures.redeemed,
                    figures.expired,
                    figures.outstanding,
                    quantise(figures.liability, request.programme.currency),
                    request.programme.currency,
                ]
            )
    head = [
        _("Business"), _("Period"), _("Issued"), _("Taken back"), _("Redeemed"), _("Expired"), _("Not yet spent"),
        _("Worth"), _("Currency"),
    ]  # fmt: skip
    return head, rows


def _people(request: StaffRequest, chosen: ChosenPeriod, business: Business | None) -> Table:
    found = member_figures(chosen.period, actor=request.actor, business_id=business.pk if business else None)
    rows: list[list[Cell]] = [
        [label, one.unique, one.active, one.members, one.new_members]
        for label, one in zip((_("this period"), _("before")), found, strict=True)
    ]
    return [_("Period"), _("Took part"), _("Bought or redeemed"), _("Members"), _("New members")], rows


def _breakage(request: StaffRequest, _chosen: ChosenPeriod, business: Business | None) -> Table:
    report = breakage_report(actor=request.actor, business_id=business.pk if business else None)
    chances = report.breakage.redeemed if report.breakage else []
    rows: list[list[Cell]] = [
        [
            age.age,
            age.outstanding,
            age.at_risk,
            age.redeemed,
            age.expired,
            round(chances[age.age], 4) if chances else None,
        ]
        for age in report.ages
    ]
    head = [
        _("Age in periods of 30 days"), _("Not yet spent"), _("At risk"), _("Redeemed"), _("Expired"),
        _("Will still be redeemed"),
    ]  # fmt: skip
    return head, rows
