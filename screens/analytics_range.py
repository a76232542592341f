"""What an analytics page is asked about: days, what they are compared with, one business or all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.clock import Period, local_day
from core.codes import typed_code
from core.keyset import with_query
from core.requests import StaffRequest
from customers.models import DailySales
from customers.reports.people import Grain
from customers.tabs import analytics_tabs
from programs.models import Programme
from workspace.models import Business

PRESETS = (7, 30, 90, 365)
DEFAULT_DAYS = 30
MAX_DAYS = 1100  # three years
FIRST_YEAR, LAST_YEAR = 1900, 2200  # no sale is of another
DAYS_DRAWN, WEEKS_DRAWN = 62, 366  # a longer period is drawn by week, by month

COMPARISONS: Mapping[str, str | Promise] = {
    "before": gettext_lazy("the days before"),
    "year": gettext_lazy("a year before"),
    "none": gettext_lazy("nothing"),
}


class RangeForm(forms.Form):
    """Days from the URL; `from` is a word of Python."""

    to = forms.DateField(required=False)

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        self.fields["from"] = forms.DateField(required=False)


@dataclass(frozen=True, slots=True)
class Range:
    """`days` is one of PRESETS, or None where the reader chose the days; `compare` None: with nothing."""

    period: Period
    compare: Period | None
    comparison: str
    days: int | None
    business: Business | None
    limited_to: int | None  # the business that the reader is limited to

    @property
    def business_id(self) -> int | None:
        return self.business.pk if self.business else self.limited_to

    @property
    def grain(self) -> Grain:
        if self.period.days <= DAYS_DRAWN:
            return "day"
        return "week" if self.period.days <= WEEKS_DRAWN else "month"

    @property
    def words(self) -> str:
        """The period as people say it."""
        first, last = self.period.first_day, self.period.last_day
        return _("%(first)s to %(last)s") % {
            "first": date_format(first, "j M" if first.year == last.year else "j M Y"),
            "last": date_format(last, "j M Y"),
        }

    @property
    def compared_with(self) -> str:
        if self.comparison == "year":
            return _("the same days a year before")
        return _("%(days)s days before") % {"days": self.period.days}

    def orders_url(self, **narrow: object) -> str:
        """The orders behind a figure of the period."""
        given = {"from": self.period.first_day, "to": self.period.last_day, **self._business(), **narrow}
        return f"{reverse('customers:orders')}?{urlencode(given)}"

    def customers_url(self, **narrow: object) -> str:
        return f"{reverse('customers:list')}?{urlencode({**narrow, **self._business()})}"

    def buyers_url(self, first: str = "") -> str:
        """Who bought in the period; `first`: whose first order was "within" it, or "before"."""
        days = {"bought_from": self.period.first_day, "bought_to": self.period.last_day}
        return self.customers_url(**days, **({"first": first} if first else {}))

    def refunds_url(self) -> str:
        given = {"from": self.period.first_day, "to": self.period.last_day, **self._business()}
        return f"{reverse('customers:refunds')}?{urlencode(given)}"

    def _business(self) -> dict[str, str]:
        return {"business": self.business.code} if self.business else {}


def compared(period: Period, comparison: str) -> Period | None:
    """The other period. A year before 29 February is 28 February."""
    if comparison == "before":
        return period.before()
    if comparison == "year":
        return Period(_year_before(period.first_day), _year_before(period.last_day), period.zone)
    return None


def asked_range(request: StaffRequest, now: datetime) -> Range:
    """?days=30, or ?from=2026-06-01&to=2026-06-30; nonsense is the last 30 days, what is too long is cut."""
    form = RangeForm(request.GET)
    form.is_valid()
    first, last = known_day(form.cleaned_data.get("from")), known_day(form.cleaned_data.get("to"))
    end = newest_day(request.programme, now)
    shops = Business.objects.visible_to(request.actor)
    asked = request.GET.get("days", "")
    days: int | None = int(asked) if asked in map(str, PRESETS) else DEFAULT_DAYS
    begin = end - timedelta(days=(days or DEFAULT_DAYS) - 1)
    if first or last:
        last = last or max(end, first or end)
        first = first or last - timedelta(days=DEFAULT_DAYS - 1)
        if first <= last:
            begin, end, days = max(first, last - timedelta(days=MAX_DAYS - 1)), last, None
    comparison = request.GET.get("compare", "")
    comparison = comparison if comparison in COMPARISONS else "before"
    period = Period(begin, end, request.programme.zone)
    return Range(
        period=period,
        compare=compared(period, comparison),
        comparison=comparison,
        days=days,
        business=shops.filter(code=typed_code(request.GET.get("business", ""))).first(),
        limited_to=request.actor.business_id,
    )


def newest_day(programme: Programme, now: datetime) -> date:
    """Today; in a demo, whose sales are of the past, the newest day with any."""
    today = local_day(now, programme.zone)
    if not programme.is_demo:
        return today
    newest = DailySales.objects.filter(day__lte=today).order_by("-day").values_list("day", flat=True).first()
    return newest or today


def range_context(request: StaffRequest, current: str, *, has_period: bool = True) -> dict[str, Any]:
    """What `screens/analytics/_range.html` and the tabs need. `current` is the tab's URL name. Two queries or three."""
    chosen = asked_range(request, timezone.now())
    shops = list(Business.objects.active().visible_to(request.actor).order_by("name"))
    return {
        "chosen": chosen,
        "tabs": analytics_tabs(request, current),
        "ranges": [
            {
                "label": _("%(days)s days") % {"days": days},
                "url": with_query(request.GET, days=str(days), **{"from": None, "to": None}),
                "current": days == chosen.days,
            }
            for days in PRESETS
        ]
        if has_period
        else [],
        "has_period": has_period,
        "has_comparison": has_period,
        "comparisons": list(COMPARISONS.items()),
        "businesses": [("", _("All businesses")), *((shop.code, shop.name) for shop in shops)],
        "selected": chosen.business.code if chosen.business else "",
        "has_choice": len(shops) > 1,
        "query": with_query(request.GET),
    }


def known_day(day: date | None) -> date | None:
    """None for a day that no sale can be of: the days around it may not exist."""
    return day if day and FIRST_YEAR <= day.year <= LAST_YEAR else None


def heat_of(value: Decimal | float, most: Decimal | float) -> int:
    """The shade of a cell of a heat map: 0 (none) to 5 (most)."""
    return min(5, ceil(float(value) / float(most) * 5)) if most > 0 and value > 0 else 0


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
