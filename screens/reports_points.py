"""What Loyalty → Reports shows: figures of a period with the one before, their chart, businesses, people, breakage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.actor import Actor
from core.charts import Chart, Series
from core.clock import Period, last_days, local_day
from core.figures import make_delta
from core.presentation import format_money, format_number, format_points
from customers.reports.customer_list import name_and_contact
from customers.reports.sales import every_day
from loyalty.breakage import HORIZON, PERIOD_DAYS
from loyalty.reports_points import (
    BreakageReport,
    BusinessFigures,
    DayPoints,
    PointFigures,
    TopMember,
    breakage_report,
    days_of_points,
    member_figures,
    point_report,
    top_members,
)
from programs.models import Programme
from screens.analytics_range import known_day
from screens.reports_home import Kpi
from workspace.models import Business

PERIODS = (7, 30, 90, 365)
DEFAULT_DAYS = 30
MAX_DAYS = 1100  # three years
DAYS_DRAWN = 92  # a longer period is drawn by month
TOP = 10
OBSERVED_WELL = 6  # periods: half a year of life says more than a few weeks
FLOWS = (("issued", "issued"), ("taken_back", "taken"), ("redeemed", "redeemed"), ("expired", "expired"))


class PeriodForm(forms.Form):
    """Two days from the URL."""

    start = forms.DateField(required=False)
    end = forms.DateField(required=False)


@dataclass(frozen=True, slots=True)
class ChosenPeriod:
    """`days` is one of PERIODS, or None where the reader chose the days."""

    period: Period
    days: int | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a table and the rows behind it; no link where a list cannot show them."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class BusinessRow:
    name: str
    figures: Sequence[Figure]
    outstanding: str
    liability: str


@dataclass(frozen=True, slots=True)
class TopRow:
    name: str
    contact: str
    code: str
    member: TopMember
    spent: str


@dataclass(frozen=True, slots=True)
class AgeRow:
    age: str
    outstanding: int
    at_risk: int
    redeemed: int
    expired: int
    chance: str


@dataclass(frozen=True, slots=True)
class PointsPage:
    kpis: Sequence[Kpi]
    chart: Chart
    businesses: Sequence[BusinessRow]
    top: Sequence[TopRow]
    breakage: BreakageReport
    ages: Sequence[AgeRow]
    breakage_text: str


def chosen_period(query: QueryDict, programme: Programme, now: datetime) -> ChosenPeriod:
    """?days=30, or ?start=2026-06-01&end=2026-06-30; nonsense is the last 30 days, what is too long is cut."""
    form = PeriodForm(query)
    form.is_valid()
    first, last = known_day(form.cleaned_data.get("start")), known_day(form.cleaned_data.get("end"))
    today = local_day(now, programme.zone)
    if first or last:
        last = last or max(today, first or today)
        first = first or last - timedelta(days=DEFAULT_DAYS - 1)
        if first <= last:
            first = max(first, last - timedelta(days=MAX_DAYS - 1))
            return ChosenPeriod(Period(first, last, programme.zone), None)
    asked = query.get("days", "")
    days = int(asked) if asked in map(str, PERIODS) else DEFAULT_DAYS
    return ChosenPeriod(last_days(days, now=now, zone=programme.zone), days)


def points_page(*, programme: Programme, actor: Actor, business: Business | None, period: Period) -> PointsPage:
    """Everything on the page. About twenty queries, whatever the size."""
    only = business.pk if business else None
    report = point_report(period, actor=actor, business_id=only)
    people, people_before = member_figures(period, actor=actor, business_id=only)
    breakage = breakage_report(actor=actor, business_id=only)
    rows = _Rows(period, business, is_limited=actor.business_id is not None)
    currency = programme.currency
    return PointsPage(
        kpis=[
            *_flow_kpis(report.total, report.before, rows),
            _owed_kpi(report.total, report.before, currency),
            _breakage_kpi(breakage, currency),
            Kpi(
                label=_("Members who took part"),
                value=format_number(people.unique),
                href=rows.url(),
                spark=[],
                change=make_delta(people.unique, people_before.unique),
                before=_("from %(value)s") % {"value": format_number(people_before.unique)},
            ),
            Kpi(
                label=_("Bought or redeemed"),
                value=format_number(people.active),
                href=rows.url(),
                spark=[],
                change=make_delta(people.active, people_before.active),
                before=_("from %(value)s") % {"value": format_number(people_before.active)},
            ),
        ],
        chart=points_chart(days_of_points(period, actor=actor, business_id=only), period),
        businesses=[_business_row(row, rows, currency) for row in report.businesses],
        top=[_top_row(member, programme) for member in top_members(period, actor=actor, business_id=only, most=TOP)],
        breakage=breakage,
        ages=_age_rows(breakage),
        breakage_text=breakage_words(breakage, currency),
    )


class _Rows:
    """Links to the transactions behind a figure."""

    def __init__(self, period: Period, business: Business | None, *, is_limited: bool) -> None:
        self.period, self.business, self.is_limited = period, business, is_limited

    def url(self, flow: str = "", business: Business | None = None) -> str:
        """Expired points belong to no place: with a business they have no list."""
        shop = business or self.business
        if flow == "expired" and (shop is not None or self.is_limited):
            return ""
        given = {
            "flow": flow,
            "business": shop.code if shop else "",
            "start": self.period.first_day,
            "end": self.period.last_day,
        }
        return f"{reverse('loyalty:transactions')}?{urlencode({name: value for name, value in given.items() if value})}"


def _flow_kpis(now: PointFigures, before: PointFigures, rows: _Rows) -> list[Kpi]:
    labels = {
        "issued": (_("Points issued"), "up"),
        "taken_back": (_("Points taken back"), "none"),
        "redeemed": (_("Points redeemed"), "up"),
        "expired": (_("Points expired"), "none"),
    }
    return [
        Kpi(
            label=label,
            value=format_points(getattr(now, name)),
            href=rows.url(flow),
            spark=[],
            change=make_delta(getattr(now, name), getattr(before, name), good=good),
            before=_("from %(value)s") % {"value": format_points(getattr(before, name))},
        )
        for (name, flow), (label, good) in zip(FLOWS, labels.values(), strict=True)
    ]


def _owed_kpi(now: PointFigures, before: PointFigures, currency: str) -> Kpi:
    return Kpi(
        label=_("Points not yet spent"),
        value=format_points(now.outstanding),
        href=f"{reverse('customers:list')}?{urlencode({'member': 'yes', 'sort': '-points'})}",
        spark=[],
        change=make_delta(now.outstanding, before.outstanding, good="none"),
        before=_("worth %(value)s") % {"value": format_money(now.liability, currency)},
        tone="2",
    )


def _breakage_kpi(report: BreakageReport, currency: str) -> Kpi:
    known = report.breakage
    return Kpi(
        label=_("Will not be redeemed"),
        value=format_points(known.points) if known else "–",
        href="#breakage",
        spark=[],
        before=_("estimate, worth %(value)s") % {"value": format_money(report.worth, currency)}
        if known
        else _("too early to say"),
    )


def breakage_words(report: BreakageReport, currency: str) -> str:
    """The estimate in a sentence, with what it rests on."""
    known = report.breakage
    if known is None:
        return _("An estimate needs points that were watched for %(days)s days. It is made anew each night.") % {
            "days": PERIOD_DAYS
        }
    text = _(
        "Of %(outstanding)s points that members have, about %(points)s (%(worth)s) will not be redeemed. Of points"
        " issued today, about %(rate)s%%. This follows the points by age: what share of those of an age was redeemed"
        " or expired, over %(observed)s of %(horizon)s periods of %(days)s days that were seen so far."
    )
    if known.observed < OBSERVED_WELL:
        text += " " + _("That is little yet: expect the estimate to rise as points grow older.")
    return text % {
        "outstanding": format_points(report.outstanding),
        "points": format_points(known.points),
        "worth": format_money(report.worth, currency),
        "rate": format_number(known.rate * 100),
        "observed": known.observed,
        "horizon": HORIZON,
        "days": PERIOD_DAYS,
    }


def points_chart(days: Mapping[date, DayPoints], period: Period) -> Chart:
    """Given and gone, by day, or by month where the period is long."""

    by_month = period.days > DAYS_DRAWN
    parts: dict[date, list[DayPoints]] = {}
    for day in every_day(period):
        parts.setdefault(day.replace(day=1) if by_month else day, []).append(days.get(day, DayPoints()))

    def series(name: str, sign: int) -> list[int]:
        return [sign * sum(getattr(day, name) for day in part) for part in parts.values()]

    issued, redeemed = series("issued", 1), series("redeemed", -1)
    finding = _("%(issued)s points were issued and %(redeemed)s redeemed in %(days)s days.") % {
        "issued": format_points(sum(issued)),
        "redeemed": format_points(-sum(redeemed)),
        "days": period.days,
    }
    return Chart(
        id="points-flow",
        title=_("Points in and out"),
        finding=finding,
        labels=[date_format(day, "M Y" if by_month else "j M") for day in parts],
        series=[
            Series(_("Issued"), issued, tone="3", shape="bar", stacked=True),
            Series(_("Redeemed"), redeemed, tone="2", shape="bar", stacked=True),
            Series(_("Taken back"), series("taken_back", -1), tone="4", shape="bar", stacked=True),
            Series(_("Expired"), series("expired", -1), tone="muted", shape="bar", stacked=True),
        ],
        axis_title=_("Month") if by_month else _("Day"),
    )


def _business_row(row: BusinessFigures, rows: _Rows, currency: str) -> BusinessRow:
    figures = row.figures
    return BusinessRow(
        name=row.business.name if row.business else _("The programme itself"),
        figures=[
            Figure(
                format_points(getattr(figures, name)),
                rows.url(flow, row.business) if row.business and getattr(figures, name) else "",
            )
            for name, flow in FLOWS
        ],
        outstanding=format_points(figures.outstanding),
        liability=format_money(figures.liability, currency),
    )


def _top_row(member: TopMember, programme: Programme) -> TopRow:
    name, contact = name_and_contact(member.customer, programme.country)
    is_open = member.customer.state == member.customer.State.ACTIVE
    return TopRow(
        name, contact, member.customer.code if is_open else "", member, format_money(member.spent, programme.currency)
    )


def _age_rows(report: BreakageReport) -> list[AgeRow]:
    if report.breakage is None:
        return []
    chances = report.breakage.redeemed
    return [
        AgeRow(
            age=_("%(first)s to %(last)s days")
            % {
                "first": age.age * PERIOD_DAYS,
                "last": (age.age + 1) * PERIOD_DAYS - 1,
            },
            outstanding=age.outstanding,
            at_risk=age.at_risk,
            redeemed=age.redeemed,
            expired=age.expired,
            chance=f"{format_number(Decimal(str(round(chances[age.age] * 100, 1))), 1)}%",
        )
        for age in report.ages
    ]
