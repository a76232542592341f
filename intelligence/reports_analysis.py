"""The newest analysis as the page and the API show it. One query; everything else is in the row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil
from typing import Any

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.charts import Chart, Series
from core.figures import Delta, make_delta
from core.presentation import format_money, format_number
from intelligence.analysis.concentration import STEP
from intelligence.analysis.findings import Concentration, Findings, Sold, read_findings
from intelligence.analysis.sales import YEAR
from intelligence.insights.registry import Told, insights_of, link
from intelligence.models import AnalysisRun

FEWEST_MONTHS = 3  # to draw


@dataclass(frozen=True, slots=True)
class Analysis:
    as_of: date
    finished_at: datetime
    found: Findings
    kept: dict[str, Any]  # the findings as JSON
    summary: dict[str, Any]
    told: Told


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure, for components/_kpi_card.html."""

    label: str
    value: str
    change: Delta | None
    before: str
    href: str


@dataclass(frozen=True, slots=True)
class HeatCell:
    text: str
    heat: int  # 0 (none) to 5 (most)
    href: str
    says: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    label: str
    cells: Sequence[HeatCell]


def latest_analysis(currency: str) -> Analysis | None:
    """None before the first run, and where the newest is of another release: the next night makes one that reads."""
    run = AnalysisRun.objects.order_by("-finished_at").first()
    found = read_findings(run.findings) if run else None
    if run is None or found is None:
        return None
    return Analysis(run.as_of, run.finished_at, found, run.findings, run.summary, insights_of(found, currency))


def key_figures(found: Findings, currency: str) -> list[Figure]:
    """Of the newest 90 days, each against a year ago or the days before."""
    base = found.sales.base
    days = {"from": found.first_day, "to": found.as_of}
    orders = link("customers:orders", **days)
    buyers = {"bought_from": found.first_day, "bought_to": found.as_of}

    def figure(label: str, of: Callable[[Sold], Any], write: Callable[[Any], str], href: str, **more: str) -> Figure:
        value, then = of(found.sales.now), of(base) if base else None
        return Figure(
            label=label,
            value="–" if value is None else write(value),
            change=make_delta(value, then, **more),
            before="" if then is None else _("from %(value)s") % {"value": write(then)},
            href=href,
        )

    def whole(amount: float) -> str:
        return format_money(amount, currency, whole=True)

    def exact(amount: float) -> str:
        return format_money(amount, currency)

    def percent(share: float) -> str:
        return f"{format_number(share, 1)}%"

    def shared(of: Callable[[Sold], float | None]) -> Callable[[Sold], float | None]:
        return lambda sold: None if (share := of(sold)) is None else share * 100

    new = link("customers:list", **buyers, first="within")
    again = link("customers:list", **buyers, first="before")
    return [
        figure(_("Revenue"), lambda sold: sold.revenue, whole, orders),
        figure(_("Orders"), lambda sold: sold.orders, format_number, orders),
        figure(_("Average order"), lambda sold: sold.average if sold.orders else None, exact, orders),
        figure(_("Buyers"), lambda sold: sold.buyers, format_number, link("customers:list", **buyers)),
        figure(_("New buyers"), lambda sold: sold.new, format_number, new),
        figure(_("Had bought before"), shared(lambda sold: sold.repeat_rate), percent, again, unit="points"),
        figure(
            _("Given back"), shared(lambda sold: sold.refund_share), percent, link("customers:refunds", **days),
            unit="points", good="down",
        ),
        figure(
            _("Given as discount"), shared(lambda sold: sold.discount_share), percent, orders, unit="points",
            good="none",
        ),
    ]  # fmt: skip


def compared_words(found: Findings) -> str:
    if found.sales.base is None:
        return ""
    return _("a year before") if found.sales.is_of_year else _("the 90 days before")


def hours_heat(found: Findings) -> tuple[Sequence[int], Sequence[HeatRow]]:
    """(hours with orders, a row for each weekday)."""
    cells = {(cell.weekday, cell.hour): cell for cell in found.hours.cells}
    if not cells:
        return [], []
    used = [hour for _weekday, hour in cells]
    hours = range(min(used), max(used) + 1)
    most = max(cell.orders for cell in cells.values())

    def cell(weekday: int, hour: int) -> HeatCell:
        orders = cells[weekday, hour].orders if (weekday, hour) in cells else 0
        text = format_number(orders)
        return HeatCell(
            text=text,
            heat=ceil(orders / most * 5),
            href=link("customers:orders", **{"from": found.first_day, "to": found.as_of}, weekday=weekday, hour=hour)
            if orders
            else "",
            says=_("%(day)s, %(hour)s o'clock: %(value)s")
            % {"day": WEEKDAYS[weekday - 1], "hour": hour, "value": text},
        )

    return hours, [
        HeatRow(str(WEEKDAYS_ABBR[weekday - 1]), [cell(weekday, hour) for hour in hours]) for weekday in range(1, 8)
    ]


def charts(found: Findings, currency: str) -> list[Chart]:
    """Those that have anything to show."""
    return [
        chart
        for chart in (_season(found, currency), _second(found), _concentration(found, currency), _categories(found))
        if chart is not None
    ]


def _season(found: Findings, currency: str) -> Chart | None:
    index = found.season.index
    if not index:
        return _months(found, currency)
    best = max(index, key=lambda one: one.index)
    weak = min(index, key=lambda one: one.index)
    return Chart(
        id="analysis-season",
        title=_("Months of a year"),
        finding=_("A day in %(best)s brings %(high)s%% of a usual day, one in %(weak)s %(low)s%%: %(years)s years.")
        % {
            "best": _month_name(best.month),
            "high": format_number(best.index * 100),
            "weak": _month_name(weak.month),
            "low": format_number(weak.index * 100),
            "years": best.years,
        },
        labels=[_month_name(one.month) for one in index],
        series=[Series(_("Of a usual day"), [one.index * 100 for one in index], shape="bar", unit="percent")],
        currency=currency,
        axis_title=_("Month"),
    )


def _months(found: Findings, currency: str) -> Chart | None:
    """What there is to show before two years are there to tell season from luck."""
    months = found.season.months[-YEAR:]
    if len(months) < FEWEST_MONTHS:
        return None
    best = max(months, key=lambda one: one.revenue)
    return Chart(
        id="analysis-months",
        title=_("Revenue by month"),
        finding=_("%(month)s brought most, %(revenue)s. What is season shows after two whole years.")
        % {"month": date_format(best.month, "F Y"), "revenue": format_money(best.revenue, currency, whole=True)},
        labels=[date_format(one.month, "M Y") for one in months],
        series=[Series(_("Revenue"), [one.revenue for one in months], shape="bar", unit="money")],
        currency=currency,
        axis_title=_("Month"),
    )


def _month_name(number: int) -> str:
    return date_format(date(2000, number, 1), "M")


def _second(found: Findings) -> Chart | None:
    second = found.second
    if not second.newer:
        return None
    base = _("a year before") if second.older_is_of_year else _("90 days before")
    series = [Series(_("Newest"), [share * 100 for share in second.newer], unit="percent")]
    if second.older:
        older = [share * 100 for share in second.older]
        series.append(Series(base, older, tone="muted", shape="dashed", unit="percent"))
    return Chart(
        id="analysis-second",
        title=_("When people buy a second time"),
        finding=_("%(share)s%% of the newest customers bought again within %(days)s days.")
        % {"share": format_number(second.newer[-1] * 100, 1), "days": second.days[-1]},
        labels=[str(day) for day in second.days],
        series=series,
        axis_title=_("Days since the first purchase"),
    )


def _concentration(found: Findings, currency: str) -> Chart | None:
    held = [
        (_("Customers"), found.held.customers, "1"),
        (_("Products"), found.held.products, "3"),
    ]
    known = [(label, one, tone) for label, one, tone in held if one is not None]
    if not known:
        return None
    return Chart(
        id="analysis-concentration",
        title=_("Who and what brings the revenue"),
        finding=" ".join(_top_words(label, one) for label, one, _tone in known),
        labels=[f"{percent}%" for percent in range(0, 101, STEP)],
        series=[
            Series(label, [share * 100 for share in one.curve], tone=tone, unit="percent")  # type: ignore[arg-type]
            for label, one, tone in known
        ],
        currency=currency,
        axis_title=_("The largest"),
    )


def _top_words(label: str, held: Concentration) -> str:
    if held.top_20 is None:
        return _("%(label)s: %(count)s of them.") % {"label": label, "count": format_number(held.count)}
    return _("%(label)s: the largest fifth of %(count)s brings %(share)s%%, Gini %(gini)s.") % {
        "label": label,
        "count": format_number(held.count),
        "share": format_number(held.top_20 * 100, 1),
        "gini": format_number(held.gini, 2),
    }


def _categories(found: Findings) -> Chart | None:
    categories = found.basket.categories
    if len(categories) < 2:
        return None
    return Chart(
        id="analysis-categories",
        title=_("Largest categories"),
        finding=_("%(name)s brings %(share)s%% of the revenue with products.")
        % {"name": categories[0].name, "share": format_number(categories[0].share * 100, 1)},
        labels=[one.name for one in categories],
        series=[Series(_("Of revenue"), [one.share * 100 for one in categories], shape="bar", unit="percent")],
        axis_title=_("Category"),
    )
