"""Measure → Analytics → Hours: when people buy, by weekday and hour of the programme's zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpResponse
from django.utils import timezone
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.keyset import with_query
from core.money import quantise
from core.page import page
from core.permissions import Perm, requires
from core.presentation import format_money, format_number
from core.requests import StaffRequest
from customers.reports.sales_split import HOURS, NOTHING, Sold, sales_by_hour
from customers.reports.sales_split import WEEKDAYS as DAYS
from screens.analytics_range import Range, asked_range, heat_of, range_context
from screens.csv_files import Cell, csv_file
from screens.views_analytics import file_name

SHOWN = ("orders", "revenue")


@dataclass(frozen=True, slots=True)
class HourCell:
    text: str
    heat: int  # 0 (none) to 5 (most)
    href: str
    says: str


@dataclass(frozen=True, slots=True)
class HourRow:
    label: str
    cells: Sequence[HourCell]
    total: str


@require_safe
@requires(Perm.ANALYTICS_VIEW)
def hours(request: StaffRequest) -> HttpResponse:
    context = range_context(request, "analytics:hours")
    chosen: Range = context["chosen"]
    shown = request.GET.get("show", "")
    shown = shown if shown in SHOWN else "orders"
    found = sales_by_hour(chosen.period, business_id=chosen.business_id)
    currency = request.programme.currency
    open_hours = _open_hours(found)
    labels = {"orders": _("Orders"), "revenue": _("Revenue")}
    context |= {
        "has_comparison": False,
        "hours": open_hours,
        "rows": _rows(found, open_hours, shown, chosen, currency),
        "finding": _finding(found, shown, currency),
        "shows": [
            {"label": labels[one], "url": with_query(request.GET, show=one), "current": one == shown} for one in SHOWN
        ],
        "kept": [("show", shown)],
        "zone": chosen.period.zone.key,
    }
    return page(request, "screens/analytics/hours.html", context)


@require_safe
@requires(Perm.ANALYTICS_VIEW)
def hours_file(request: StaffRequest) -> HttpResponse:
    chosen = asked_range(request, timezone.now())
    currency = request.programme.currency
    head = [_("Weekday"), _("Hour"), _("Orders"), _("Before refunds"), _("Refunds"), _("Revenue"), _("Currency")]
    rows: list[list[Cell]] = [
        [
            str(WEEKDAYS[weekday - 1]), hour, sold.orders, quantise(sold.revenue, currency),
            quantise(sold.refunds, currency), quantise(sold.net, currency), currency,
        ]
        for (weekday, hour), sold in sorted(sales_by_hour(chosen.period, business_id=chosen.business_id).items())
    ]  # fmt: skip
    return csv_file(file_name(request, "hours", chosen), head, rows)


def _open_hours(found: Mapping[tuple[int, int], Sold]) -> list[int]:
    """From the first hour with an order to the last; all where there is none."""
    used = [hour for (_weekday, hour), sold in found.items() if sold.orders]
    return list(range(min(used), max(used) + 1)) if used else list(HOURS)


def _rows(
    found: Mapping[tuple[int, int], Sold], open_hours: list[int], shown: str, chosen: Range, currency: str
) -> list[HourRow]:
    most = max((_measure(sold, shown) for sold in found.values()), default=Decimal(0))

    def cell(weekday: int, hour: int) -> HourCell:
        sold = found.get((weekday, hour), NOTHING)
        value = _measure(sold, shown)
        return HourCell(
            text=_text(value, shown, currency) if sold.orders else "",
            heat=heat_of(value, most),
            href=chosen.orders_url(weekday=weekday, hour=hour) if sold.orders else "",
            says=_("%(day)s, %(hour)s o'clock: %(value)s")
            % {"day": WEEKDAYS[weekday - 1], "hour": hour, "value": _text(value, shown, currency)},
        )

    return [
        HourRow(
            label=str(WEEKDAYS_ABBR[weekday - 1]),
            cells=[cell(weekday, hour) for hour in open_hours],
            total=_text(
                sum((_measure(sold, shown) for (day, _hour), sold in found.items() if day == weekday), Decimal(0)),
                shown,
                currency,
            ),
        )
        for weekday in DAYS
    ]


def _measure(sold: Sold, shown: str) -> Decimal:
    return sold.revenue if shown == "revenue" else Decimal(sold.orders)


def _text(value: Decimal, shown: str, currency: str) -> str:
    return format_money(value, currency, whole=True) if shown == "revenue" else format_number(value)


def _finding(found: Mapping[tuple[int, int], Sold], shown: str, currency: str) -> str:
    sold = {key: _measure(one, shown) for key, one in found.items() if one.orders}
    if not sold:
        return ""
    (weekday, hour), value = max(sold.items(), key=lambda item: item[1])
    share = float(value / sum(sold.values()) * 100) if sum(sold.values()) else 0.0
    return _("%(day)s at %(hour)s o'clock is the busiest hour: %(value)s, %(share)s%% of all.") % {
        "day": WEEKDAYS[weekday - 1],
        "hour": hour,
        "value": _text(value, shown, currency),
        "share": format_number(share, 1),
    }
