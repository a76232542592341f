"""The overview of analytics: what was sold in a period, by day, week or month, by business and by channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.actor import Actor
from core.charts import Chart, Series
from core.clock import Period
from core.figures import make_delta
from core.presentation import format_money, format_number, format_points
from customers.order_words import channel_words
from customers.reports.people import Grain, PeopleFigures, people_by, people_of
from customers.reports.sales import DayFigures, every_day, sales_by_day, total_of
from customers.reports.sales_split import NOTHING, Sold, sales_by_business, sales_by_channel
from loyalty.reports_points import days_of_points
from screens.analytics_range import Range
from screens.reports_home import Kpi
from workspace.models import Business

CHANNELS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class SalesTotals:
    """Everything that a period comes to. `points` are (issued, spent)."""

    sold: DayFigures
    people: PeopleFigures
    points: tuple[int, int]

    @property
    def average(self) -> Decimal | None:
        """Of an order, before refunds; None without orders."""
        return self.sold.revenue / self.sold.orders if self.sold.orders else None

    @property
    def units_each(self) -> Decimal | None:
        """Units on an order; None where they are fewer than the orders: a till without lines tells no units."""
        sold = self.sold
        return sold.units / sold.orders if 0 < sold.orders <= sold.units else None


@dataclass(frozen=True, slots=True)
class PartRow:
    """One day, week or month; `first` and `last` are its days within the period."""

    label: str
    first: date
    last: date
    sold: DayFigures
    new: int
    returning: int

    @property
    def average(self) -> Decimal | None:
        return self.sold.revenue / self.sold.orders if self.sold.orders else None


@dataclass(frozen=True, slots=True)
class SplitRow:
    """One business or channel."""

    label: str
    href: str
    sold: Sold
    before: Sold | None
    share: float  # percent of the revenue before refunds


@dataclass(frozen=True, slots=True)
class Overview:
    totals: SalesTotals
    before: SalesTotals | None
    parts: Sequence[PartRow]
    parts_before: Sequence[PartRow]
    businesses: Sequence[SplitRow]
    channels: Sequence[SplitRow]


def overview(chosen: Range, *, actor: Actor, now: datetime) -> Overview:
    """Today is read from the orders, every other figure from roll-ups. About fifteen queries, whatever the size."""
    only = chosen.business_id
    by_day = sales_by_day(chosen.period, business_id=only, now=now)
    people = people_by(chosen.grain, chosen.period, business_id=only)
    before = by_day_before = None
    if chosen.compare:
        by_day_before = sales_by_day(chosen.compare, business_id=only, now=now)
        before = _totals(chosen.compare, by_day_before, people_of(chosen.compare, business_id=only), only, actor)
    return Overview(
        totals=_totals(chosen.period, by_day, people.whole, only, actor),
        before=before,
        parts=_parts(chosen.period, chosen.grain, by_day, people.parts),
        parts_before=_parts(chosen.compare, chosen.grain, by_day_before or {}, {}) if chosen.compare else [],
        businesses=_businesses(chosen),
        channels=_channels(chosen),
    )


def overview_kpis(found: Overview, chosen: Range, currency: str) -> list[Kpi]:
    now, before = found.totals, found.before
    rows = chosen.orders_url()

    def money(value: Decimal | None) -> str:
        return format_money(value, currency) if value is not None else "–"

    def whole(value: Decimal) -> str:
        return format_money(value, currency, whole=True)

    def percent(value: float | None) -> str:
        return f"{format_number(value, 1)}%" if value is not None else "–"

    def kpi(label: str, href: str, values: tuple[object, object], text: object, **more: str) -> Kpi:
        value, then = values
        written = text if callable(text) else str
        return Kpi(
            label=label,
            value=written(value),
            href=href,
            spark=[],
            change=make_delta(value, then, **more) if before else None,  # type: ignore[arg-type]
            before=_("from %(value)s") % {"value": written(then)} if before and then is not None else "",
        )

    then = before or SalesTotals(DayFigures(), PeopleFigures(), (0, 0))
    return [
        kpi(_("Revenue"), rows, (now.sold.net, then.sold.net), whole),
        kpi(_("Before refunds"), rows, (now.sold.revenue, then.sold.revenue), whole),
        kpi(_("Refunds"), chosen.refunds_url(), (now.sold.refunds, then.sold.refunds), whole, good="down"),
        kpi(_("Orders"), rows, (now.sold.orders, then.sold.orders), format_number),
        kpi(_("Average order"), rows, (now.average, then.average), money),
        kpi(_("Units an order"), rows, (now.units_each, then.units_each), _one_digit),
        kpi(_("Buyers"), chosen.buyers_url(), (now.people.buyers, then.people.buyers), format_number),
        kpi(_("New buyers"), chosen.buyers_url("within"), (now.people.new, then.people.new), format_number),
        kpi(
            _("Had bought before"), chosen.buyers_url("before"), (now.people.repeat_rate, then.people.repeat_rate),
            percent, unit="points",
        ),
        kpi(_("Points issued"), _points_url(chosen, "issued"), (now.points[0], then.points[0]), format_points),
        kpi(_("Points spent"), _points_url(chosen, "redeemed"), (now.points[1], then.points[1]), format_points),
    ]  # fmt: skip


def overview_chart(found: Overview, chosen: Range, currency: str) -> Chart:
    lines = [Series(_("Revenue"), [part.sold.net for part in found.parts], shape="area", unit="money")]
    if found.parts_before:
        before = [part.sold.net for part in found.parts_before[: len(found.parts)]]
        lines.append(Series(chosen.compared_with, before, tone="muted", shape="dashed", unit="money"))
    bars = [
        Series(_("New"), [part.new for part in found.parts], tone="3", shape="bar", panel=1, stacked=True),
        Series(_("Bought before"), [part.returning for part in found.parts], tone="2", shape="bar", panel=1,
               stacked=True),
    ]  # fmt: skip
    return Chart(
        id="analytics-revenue",
        title=_("Revenue and buyers"),
        finding=overview_finding(found, chosen, currency),
        labels=[part.label for part in found.parts],
        series=[*lines, *bars],
        currency=currency,
        axis_title={"day": _("Day"), "week": _("Week"), "month": _("Month")}[chosen.grain],
    )


def overview_finding(found: Overview, chosen: Range, currency: str) -> str:
    """What there is to see, in a sentence or two."""
    sold = found.totals.sold
    if not sold.orders and not sold.refunds:
        return _("Nothing was sold in these days.")
    best = max(found.parts, key=lambda part: part.sold.net)
    text = _("%(orders)s orders came to %(net)s after refunds; the most was %(best)s, %(label)s.") % {
        "orders": format_number(sold.orders),
        "net": format_money(sold.net, currency),
        "best": format_money(best.sold.net, currency),
        "label": best.label,
    }
    change = make_delta(sold.net, found.before.sold.net) if found.before and found.before.sold.net > 0 else None
    if change is None:
        return text
    return text + " " + _("Against %(before)s: %(change)s.") % {"before": chosen.compared_with, "change": change.text}


def _one_digit(value: object) -> str:
    return format_number(value, 1) if value is not None else "–"  # type: ignore[arg-type]


def _points_url(chosen: Range, flow: str) -> str:
    period = chosen.period
    shop = f"&business={chosen.business.code}" if chosen.business else ""
    days = f"start={period.first_day}&end={period.last_day}"
    return f"{reverse('loyalty:transactions')}?flow={flow}&{days}{shop}"


def _totals(
    period: Period, by_day: Mapping[date, DayFigures], people: PeopleFigures, only: int | None, actor: Actor
) -> SalesTotals:
    points = days_of_points(period, actor=actor, business_id=only).values()
    return SalesTotals(
        sold=total_of(by_day, period),
        people=people,
        points=(sum(day.issued for day in points), sum(day.redeemed for day in points)),
    )


def _parts(
    period: Period, grain: Grain, by_day: Mapping[date, DayFigures], people: Mapping[date, tuple[int, int]]
) -> list[PartRow]:
    days: dict[date, list[date]] = {}
    for day in every_day(period):
        days.setdefault(part_start(grain, day, period), []).append(day)
    return [
        PartRow(
            label=part_label(grain, first),
            first=first,
            last=inside[-1],
            sold=total_of(by_day, replace(period, first_day=first, last_day=inside[-1])),
            new=people.get(first, (0, 0))[0],
            returning=people.get(first, (0, 0))[1],
        )
        for first, inside in days.items()
    ]


def part_start(grain: Grain, day: date, period: Period) -> date:
    """The first day, within the period, of the day, week or month that `day` is in."""
    starts = {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}
    return max(starts[grain], period.first_day)


def part_label(grain: Grain, first: date) -> str:
    return date_format(first, "M Y") if grain == "month" else date_format(first, "j M")


def _businesses(chosen: Range) -> list[SplitRow]:
    names = {shop.pk: shop for shop in Business.objects.all()}
    now = sales_by_business(chosen.period, business_id=chosen.business_id)
    before = sales_by_business(chosen.compare, business_id=chosen.business_id) if chosen.compare else None
    return [
        _split_row(
            names[pk].name,
            chosen.orders_url(business=names[pk].code),
            sold,
            before.get(pk, NOTHING) if before is not None else None,
            now,
        )
        for pk, sold in now.items()
    ]


def _channels(chosen: Range) -> list[SplitRow]:
    now = sales_by_channel(chosen.period, business_id=chosen.business_id)
    before = sales_by_channel(chosen.compare, business_id=chosen.business_id) if chosen.compare else None
    return [
        _split_row(
            channel_words(channel) if channel else _("Refunds of no order"),
            chosen.orders_url(channel=channel) if channel else "",
            sold,
            before.get(channel, NOTHING) if before is not None else None,
            now,
        )
        for channel, sold in list(now.items())[:CHANNELS_SHOWN]
    ]


def _split_row(label: str, href: str, sold: Sold, before: Sold | None, whole: Mapping[Any, Sold]) -> SplitRow:
    total = sum((one.revenue for one in whole.values()), Decimal(0))
    return SplitRow(label, href, sold, before, float(sold.revenue / total * 100) if total else 0.0)
