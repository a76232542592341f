"""What the home page shows of the last days: figures, their chart, the newest events."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.actor import Actor
from core.charts import Chart, Series
from core.clock import Period, local_day
from core.figures import Delta, make_delta
from core.presentation import format_money, format_number, format_points
from customers.models import Event
from customers.reports.customer_list import name_and_contact
from customers.reports.people import PeopleFigures, people_of
from customers.reports.sales import DayFigures, every_day, sales_by_day, total_of
from loyalty.reports import loyalty_figures, points_by_day
from programs.models import Programme
from screens.words import Moment, happened
from workspace.models import Business

PERIODS = (7, 30, 90)
DEFAULT_DAYS = 30
SPARK_POINTS = 14
ACTIVITY_ROWS = 6
# Events that one act appends together are one row; so many are read for ACTIVITY_ROWS rows.
ACTIVITY_EVENTS = 40

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Kpi:
    label: str
    value: str
    href: str
    spark: Sequence[float]
    change: Delta | None = None
    before: str = ""
    tone: str = "1"


@dataclass(frozen=True, slots=True)
class HomeFigures:
    kpis: Sequence[Kpi]
    chart: Chart
    headline: str
    ended: str  # the day that the figures end on, in words; empty: today


@dataclass(frozen=True, slots=True)
class Activity:
    moment: Moment
    name: str
    code: str  # of the customer; empty for anonymous sales
    ago: str


def home_figures(
    *, programme: Programme, actor: Actor, business_id: int | None, days: int, now: datetime
) -> HomeFigures:
    """Figures of the last `days` days against the days before. Eleven queries, whatever the size.

    The days end today; in a demo, whose sales are of the past, on the newest day with any. `business_id` narrows to
    one business; the caller has checked that the actor may see it.
    """
    today = local_day(now, programme.zone)
    end = min(_demo_end(programme) or today, today)
    first_day = _ending(end, days, programme.zone).before().first_day
    by_day = sales_by_day(Period(first_day, today, programme.zone), business_id=business_id, now=now)
    if end < today:  # somebody has tried the till since
        end = max(end, *(day for day, figures in by_day.items() if figures != DayFigures()))
    period = _ending(end, days, programme.zone)
    before = period.before()
    people, people_before = (people_of(one, business_id=business_id) for one in (period, before))
    seen_by = replace(actor, business_id=business_id)
    until_today = replace(period, last_day=today)
    points = points_by_day(until_today, actor=seen_by)
    sold, sold_before = total_of(by_day, period), total_of(by_day, before)
    known = people_before if sold_before.orders else None
    kpis = [
        *_sales_kpis(programme, period, by_day, sold, sold_before),
        *_people_kpis(by_day, period, people, known, is_over=end < today),
        _points_kpi(programme, period, until_today, points, seen_by),
    ]
    return HomeFigures(
        kpis=kpis,
        chart=_chart(programme, period, by_day, points),
        headline=_headline(sold, sold_before, days),
        ended=date_format(end, "l j F Y") if end < today else "",
    )


def _demo_end(programme: Programme) -> date | None:
    """The last day of the data that a demo was made of; None for every other programme."""
    known = programme.onboarding.get("demo", {}).get("last_day") if programme.is_demo else None
    return date.fromisoformat(known) if known else None


def _ending(last_day: date, days: int, zone: ZoneInfo) -> Period:
    return Period(last_day - timedelta(days=days - 1), last_day, zone)


def _sales_kpis(
    programme: Programme, period: Period, by_day: Mapping[date, DayFigures], sold: DayFigures, before: DayFigures
) -> list[Kpi]:
    rows = _orders_of(period)
    compare = bool(before.orders)
    return [
        Kpi(
            label=_("Revenue"),
            value=format_money(sold.net, programme.currency, whole=True),
            href=rows,
            spark=_spark(period, lambda day: float(by_day[day].net) if day in by_day else 0.0),
            change=make_delta(sold.net, before.net) if compare else None,
            before=_("from %(value)s") % {"value": format_money(before.net, programme.currency, whole=True)}
            if compare
            else _("after refunds"),
        ),
        Kpi(
            label=_("Orders"),
            value=format_number(sold.orders),
            href=rows,
            spark=_spark(period, lambda day: float(by_day[day].orders) if day in by_day else 0.0),
            change=make_delta(sold.orders, before.orders) if compare else None,
            before=_("from %(value)s") % {"value": format_number(before.orders)} if compare else "",
        ),
    ]


def _orders_of(period: Period) -> str:
    return f"{reverse('customers:orders')}?{urlencode({'from': period.first_day, 'to': period.last_day})}"


def _people_kpis(
    by_day: Mapping[date, DayFigures],
    period: Period,
    people: PeopleFigures,
    before: PeopleFigures | None,
    *,
    is_over: bool,
) -> list[Kpi]:
    """A list of customers is narrowed to days before today: where the period `is_over`, its orders are what to open."""
    rate, rate_before = people.repeat_rate, before.repeat_rate if before else None

    def rows(**narrowed: str) -> str:
        if is_over:
            return _orders_of(period)
        return f"{reverse('customers:list')}?{urlencode({**narrowed, 'last': f'within-{period.days}'})}"

    return [
        Kpi(
            label=_("Active members"),
            value=format_number(people.members),
            href=rows(member="yes"),
            spark=_spark(period, lambda day: float(by_day[day].members) if day in by_day else 0.0),
            change=make_delta(people.members, before.members) if before else None,
            before=_("from %(value)s") % {"value": format_number(before.members)} if before else "",
        ),
        Kpi(
            label=_("Had bought before"),
            value=f"{format_number(rate, 1)}%" if rate is not None else "–",
            href=rows(sort="-last"),
            spark=_returning_spark(period, by_day),
            change=make_delta(rate, rate_before, unit="points"),
            before=_("from %(value)s%%") % {"value": format_number(rate_before, 1)} if rate_before is not None else "",
        ),
    ]


def _points_kpi(
    programme: Programme, period: Period, until_today: Period, points: Mapping[str, tuple[int, int]], actor: Actor
) -> Kpi:
    """What is owed is known of now only: days before are counted back from it, by what happened `until_today`."""
    figures = loyalty_figures(until_today, actor=actor)
    at_start = figures.outstanding - (figures.issued - figures.redeemed - figures.expired)
    # What was there at the end of each day.
    ends, level = [], figures.outstanding
    for day in reversed(every_day(until_today)):
        ends.append(float(level))
        earned, spent = points.get(day.isoformat(), (0, 0))
        level -= earned - spent
    return Kpi(
        label=_("Points not yet spent"),
        value=format_points(figures.outstanding),
        href=f"{reverse('customers:list')}?{urlencode({'member': 'yes', 'sort': '-points'})}",
        spark=_sample(list(reversed(ends))[: period.days]),
        change=make_delta(figures.outstanding, at_start, good="none") if at_start > 0 else None,
        before=_("worth %(value)s") % {"value": format_money(figures.liability, programme.currency, whole=True)},
        tone="2",
    )


def _chart(
    programme: Programme, period: Period, by_day: Mapping[date, DayFigures], points: Mapping[str, tuple[int, int]]
) -> Chart:
    days, days_before = every_day(period), every_day(period.before())
    net = [by_day[day].net if day in by_day else Decimal(0) for day in days]
    before = [by_day[day].net if day in by_day else Decimal(0) for day in days_before]
    earned = [points.get(day.isoformat(), (0, 0))[0] for day in days]
    spent = [-points.get(day.isoformat(), (0, 0))[1] for day in days]
    series = [
        Series(_("Revenue"), net, tone="1", shape="area", unit="money"),
        Series(_("%(days)s days before") % {"days": period.days}, before, tone="muted", shape="dashed", unit="money"),
    ]
    if any(earned) or any(spent):
        series += [
            Series(_("Points earned"), earned, tone="3", shape="bar", panel=1, stacked=True),
            Series(_("Points spent"), spent, tone="2", shape="bar", panel=1, stacked=True),
        ]
    better = sum(now > then for now, then in zip(net, before, strict=True))
    finding = _(
        "%(low)s to %(high)s a day after refunds; more than %(days)s days before on %(better)s of %(days)s days."
    ) % {
        "low": format_money(min(net), programme.currency, whole=True),
        "high": format_money(max(net), programme.currency, whole=True),
        "better": better,
        "days": period.days,
    }
    return Chart(
        id="home-revenue",
        title=_("Revenue and points") if len(series) > 2 else _("Revenue"),
        finding=finding,
        labels=[date_format(day, "j M") for day in days],
        series=series,
        currency=programme.currency,
        axis_title=_("Day"),
    )


def _headline(sold: DayFigures, before: DayFigures, days: int) -> str:
    change = make_delta(sold.net, before.net) if before.net > 0 else None
    if change is None:
        return ""
    values = {"change": change.text.lstrip("+\u2212"), "days": days}
    if change.direction == "up":
        return _("Sales are up %(change)s on the %(days)s days before.") % values
    if change.direction == "down":
        return _("Sales are down %(change)s on the %(days)s days before.") % values
    return _("Sales are as they were in the %(days)s days before.") % values


def _spark(period: Period, value: Callable[[date], float]) -> list[float]:
    return _sample([value(day) for day in every_day(period)])


def _returning_spark(period: Period, by_day: Mapping[date, DayFigures]) -> list[float]:
    """Percent of visits by people who had bought before; days without buyers go on as the ones before them."""
    rates: list[float | None] = []
    for days in _parts(every_day(period)):
        figures = total_of(by_day, replace(period, first_day=days[0], last_day=days[-1]))
        known = figures.customers - figures.new_customers
        rates.append(known / figures.customers * 100 if figures.customers else None)
    drawn: list[float] = []
    level = next((rate for rate in rates if rate is not None), None)
    for rate in rates:
        level = level if rate is None else rate
        if level is not None:
            drawn.append(level)
    return drawn


def _sample(values: Sequence[float]) -> list[float]:
    """At most SPARK_POINTS means of neighbouring values."""
    return [sum(part) / len(part) for part in _parts(values)]


def _parts(values: Sequence[Value]) -> list[Sequence[Value]]:
    """At most SPARK_POINTS runs of neighbouring values, of about the same length."""
    count = min(SPARK_POINTS, len(values))
    edges = [round(index * len(values) / count) for index in range(count + 1)]
    return [values[low:high] for low, high in itertools.pairwise(edges)]


def activity(*, programme: Programme, actor: Actor, business_id: int | None, now: datetime) -> list[Activity]:
    """What happened last, one row for each act. Two queries."""
    events = Event.objects.visible_to(replace(actor, business_id=business_id)).select_related("customer")
    events = events.filter(tracked="")  # a web shop sends thousands of page views
    acts: dict[tuple[int, int | None], list[Event]] = {}
    for event in events.order_by("-occurred_at", "-id")[:ACTIVITY_EVENTS]:
        acts.setdefault((event.transaction_id, event.customer_id), []).append(event)
    businesses = dict(Business.objects.values_list("pk", "name"))
    rows = []
    for act in acts.values():
        moment = happened(act, businesses=businesses, currency=programme.currency)
        if moment is None:
            continue
        customer = act[0].customer
        name = name_and_contact(customer, programme.country)[0] if customer else _("Somebody")
        code = customer.code if customer and customer.state == customer.State.ACTIVE else ""
        rows.append(Activity(moment, name, code, say_ago(act[0].occurred_at, now, programme.zone)))
        if len(rows) == ACTIVITY_ROWS:
            break
    return rows


def say_ago(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """now, 4 min, 3 h; from a day on the date."""
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return _("now")
    if minutes < 60:
        return _("%(count)d min") % {"count": minutes}
    if minutes < 24 * 60:
        return _("%(count)d h") % {"count": minutes // 60}
    return date_format(moment.astimezone(zone), "j M")
