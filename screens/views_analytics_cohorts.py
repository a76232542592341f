"""Measure → Analytics → Cohorts: who came again in the months after the first order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.http import HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.keyset import with_query
from core.money import quantise
from core.page import page
from core.permissions import Perm, requires
from core.presentation import format_money, format_number
from core.requests import StaffRequest
from customers.reports.cohorts import Cohort, CohortCell, CohortTable, cohort_table
from screens.analytics_range import Range, asked_range, heat_of, newest_day, range_context
from screens.csv_files import Cell, csv_file

MONTHS = (6, 12, 24)
DEFAULT_MONTHS = 12
SHOWN = ("share", "people", "revenue")


@dataclass(frozen=True, slots=True)
class ShownCell:
    text: str
    heat: int  # 0 (none) to 5 (most)
    href: str
    says: str  # for those who do not see the colour


@dataclass(frozen=True, slots=True)
class ShownCohort:
    label: str
    size: int
    href: str
    cells: Sequence[ShownCell]


@require_safe
@requires(Perm.ANALYTICS_VIEW)
def cohorts(request: StaffRequest) -> HttpResponse:
    context = range_context(request, "analytics:cohorts", has_period=False)
    chosen: Range = context["chosen"]
    months, shown = _asked(request)
    table = _table(request, chosen, months, timezone.now())
    labels = {"share": _("Percent"), "people": _("People"), "revenue": _("Revenue each")}
    context |= {
        "months": months,
        "rows": shown_cohorts(table, shown, chosen, request.programme.currency),
        "offsets": range(max((len(cohort.cells) for cohort in table.cohorts), default=0)),
        "counted_at": table.counted_at,
        "finding": _finding(table),
        "spans": [
            {
                "label": _("%(months)s months") % {"months": one},
                "url": with_query(request.GET, months=str(one)),
                "current": one == months,
            }
            for one in MONTHS
        ],
        "shows": [
            {"label": labels[one], "url": with_query(request.GET, show=one), "current": one == shown} for one in SHOWN
        ],
        "kept": [("months", months), ("show", shown)],
    }
    return page(request, "screens/analytics/cohorts.html", context)


@require_safe
@requires(Perm.ANALYTICS_VIEW)
def cohorts_file(request: StaffRequest) -> HttpResponse:
    chosen = asked_range(request, timezone.now())
    months, _shown = _asked(request)
    table = _table(request, chosen, months, timezone.now())
    currency = request.programme.currency
    head = [
        _("First order in"), _("People"), _("Month"), _("Months since"), _("Bought"), _("Orders"), _("Revenue"),
        _("Currency"),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            f"{cohort.month:%Y-%m}", cohort.size, f"{cell.month:%Y-%m}", offset, cell.customers, cell.orders,
            quantise(cell.revenue, currency), currency,
        ]
        for cohort in table.cohorts
        for offset, cell in enumerate(cohort.cells)
    ]  # fmt: skip
    return csv_file(f"cohorts-{request.programme.slug}", head, rows)


def shown_cohorts(table: CohortTable, shown: str, chosen: Range, currency: str) -> list[ShownCohort]:
    """Newest first. The first month is everybody, so the colours are of the months after it."""
    later = [_measure(cohort, cell, shown) for cohort in table.cohorts for cell in cohort.cells[1:]]
    most = max(later, default=0.0)

    def show(cohort: Cohort, offset: int, cell: CohortCell) -> ShownCell:
        value = _measure(cohort, cell, shown)
        heat = heat_of(value, most) if offset else 0
        people = format_number(cell.customers)
        label = date_format(cell.month, "F Y")
        return ShownCell(
            text=_text(cohort, cell, shown, currency),
            heat=heat,
            href=chosen.customers_url(cohort=f"{cohort.month:%Y-%m}", active=f"{cell.month:%Y-%m}")
            if cell.customers
            else "",
            says=_("%(people)s people bought in %(month)s") % {"people": people, "month": label},
        )

    return [
        ShownCohort(
            label=date_format(cohort.month, "M Y"),
            size=cohort.size,
            href=chosen.customers_url(cohort=f"{cohort.month:%Y-%m}"),
            cells=[show(cohort, offset, cell) for offset, cell in enumerate(cohort.cells)],
        )
        for cohort in reversed(table.cohorts)
    ]


def _asked(request: StaffRequest) -> tuple[int, str]:
    months, shown = request.GET.get("months", ""), request.GET.get("show", "")
    return (
        int(months) if months in map(str, MONTHS) else DEFAULT_MONTHS,
        shown if shown in SHOWN else "share",
    )


def _table(request: StaffRequest, chosen: Range, months: int, now: datetime) -> CohortTable:
    last = newest_day(request.programme, now)
    index = last.year * 12 + last.month - months  # of the first month, counted from year 0
    return cohort_table(date(index // 12, index % 12 + 1, 1), last, business_id=chosen.business_id)


def _measure(cohort: Cohort, cell: CohortCell, shown: str) -> float:
    if shown == "people":
        return float(cell.customers)
    return float(cohort.revenue_each(cell)) if shown == "revenue" else cohort.share(cell)


def _text(cohort: Cohort, cell: CohortCell, shown: str, currency: str) -> str:
    if shown == "people":
        return format_number(cell.customers)
    if shown == "revenue":
        return format_money(cohort.revenue_each(cell), currency)
    return f"{format_number(cohort.share(cell))}%"


def _finding(table: CohortTable) -> str:
    parts = [
        _("%(share)s%% bought again in month %(month)s") % {"share": format_number(rate), "month": offset}
        for offset in (1, 3, 6)
        if (rate := table.retention(offset)) is not None
    ]
    if not parts:
        return ""
    return _("Of the people whose first order was in these months, %(parts)s.") % {"parts": ", ".join(parts)}
