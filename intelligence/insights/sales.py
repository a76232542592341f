"""Insights about sales and time."""

from __future__ import annotations

from datetime import date, timedelta
from statistics import mean

from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from intelligence.analysis.findings import Hour, MonthIndex
from intelligence.insights.registry import Asked, Said, insight, link
from intelligence.insights.significance import SURE, SURE_OF_WEEKS, t_of, wilson, z_of_means

FEWEST_ORDERS = 100
LEAST_CHANGE = 0.03  # of the average order: below, it is true and no matter
FEWEST_WEEKS, LEAST_QUIET, CLOSED = 12, 0.2, 0.2
FEWEST_BY_HOUR, BUSY_SHARE = 200, 0.25
STRONG_MONTH = 1.15
AHEAD = 3  # months: those of the next 90 days


@insight(
    "average_order",
    name=gettext_lazy("Larger or smaller orders"),
    needs=gettext_lazy("100 orders in each period, a change of 3% or more, beyond chance (Welch, 1%)"),
)
def average_order(asked: Asked) -> Said | None:
    now, base = asked.found.sales.now, asked.found.sales.base
    if base is None or min(now.orders, base.orders) < FEWEST_ORDERS or not base.average:
        return None
    change = now.average / base.average - 1
    z = z_of_means(now.average, now.variance, now.orders, base.average, base.variance, base.orders)
    if abs(change) < LEAST_CHANGE or abs(z) < SURE:
        return None
    is_good = change > 0
    title = _("The average order grew by %(change)s") if is_good else _("The average order fell by %(change)s")
    return Said(
        title=title % {"change": asked.percent(abs(change))},
        text=_("An order came to %(now)s in the last 90 days; it came to %(then)s %(base)s.")
        % {"now": asked.money(now.average), "then": asked.money(base.average), "base": asked.base_words},
        evidence=[
            _("%(now)s orders against %(then)s") % {"now": asked.number(now.orders), "then": asked.number(base.orders)},
            _("By chance less than once in 100 times (Welch)"),
        ],
        money=abs(now.average - base.average) * now.orders,
        formula=_("the difference on as many orders as in the last 90 days"),
        action=_("Open the orders"),
        href=_orders(asked),
        is_good=is_good,
    )


@insight(
    "quiet_day",
    name=gettext_lazy("The quietest weekday"),
    needs=gettext_lazy("12 weeks, 200 orders, a weekday a fifth below the others, beyond chance (Welch's t, 1%)"),
)
def quiet_day(asked: Asked) -> Said | None:
    days = asked.found.hours.weekdays
    if len(days) < 2 or min(len(day.orders) for day in days) < FEWEST_WEEKS:
        return None
    quiet = min(days, key=lambda day: mean(day.orders))
    others = [orders for day in days if day is not quiet for orders in day.orders]
    if sum(quiet.orders) + sum(others) < FEWEST_BY_HOUR:
        return None
    usual, own = mean(others), mean(quiet.orders)
    if own > usual * (1 - LEAST_QUIET) or t_of(quiet.orders, others) > -SURE_OF_WEEKS:
        return None
    name = WEEKDAYS[quiet.weekday - 1]
    return Said(
        title=_("%(day)s is quiet: %(share)s fewer orders") % {"day": name, "share": asked.percent(1 - own / usual)},
        text=_("A %(day)s brings %(own)s orders, any other open day %(usual)s.")
        % {"day": name, "own": asked.number(own, 1), "usual": asked.number(usual, 1)},
        evidence=[
            _("%(quiet)s such days against %(others)s others") % {"quiet": len(quiet.orders), "others": len(others)},
            _("By chance less than once in 100 times (Welch's t)"),
        ],
        money=(usual - own) * CLOSED * len(quiet.orders) * asked.found.sales.now.average,
        formula=_("if a fifth of the gap were closed, with average orders"),
        action=_("Open these orders"),
        href=_orders(asked, weekday=quiet.weekday),
    )


@insight(
    "busy_hours",
    name=gettext_lazy("The busiest hours"),
    needs=gettext_lazy("200 orders, and few hours of the week that hold a quarter of them (Wilson's interval, 99%)"),
)
def busy_hours(asked: Asked) -> Said | None:
    cells = sorted(asked.found.hours.cells, key=lambda cell: (-cell.orders, cell.weekday, cell.hour))
    total = sum(cell.orders for cell in cells)
    if total < FEWEST_BY_HOUR:
        return None
    busy: list[Hour] = []
    while sum(cell.orders for cell in busy) < total * BUSY_SHARE:
        busy.append(cells[len(busy)])
    held = sum(cell.orders for cell in busy)
    if wilson(held, total)[0] < 2 * len(busy) / len(cells):
        return None
    top = busy[0]
    return Said(
        title=ngettext(
            "A quarter of the orders come in %(count)s hour of the week",
            "A quarter of the orders come in %(count)s hours of the week",
            len(busy),
        )
        % {"count": len(busy)},
        text=_("The busiest is %(day)s at %(hour)s o'clock, with %(orders)s of %(total)s orders.")
        % {
            "day": WEEKDAYS[top.weekday - 1],
            "hour": top.hour,
            "orders": asked.number(top.orders),
            "total": asked.number(total),
        },
        evidence=[
            _("%(share)s of the orders, in %(count)s of %(open)s hours with any")
            % {"share": asked.percent(held / total), "count": len(busy), "open": len(cells)}
        ],
        action=_("Open the hours"),
        href=link("analytics:hours", **_days(asked)),
        is_good=True,
    )


@insight(
    "season_ahead",
    name=gettext_lazy("A strong month ahead"),
    needs=gettext_lazy("two whole years of sales, and a month within the next three that was above its year in each"),
)
def season_ahead(asked: Asked) -> Said | None:
    season = asked.found.season
    if not season.index:
        return None
    coming = [(asked.found.as_of.month + number) % 12 + 1 for number in range(AHEAD)]
    strong = [one for one in season.index if one.month in coming and one.index >= STRONG_MONTH and one.low > 1]
    if not strong:
        return None
    best = max(strong, key=lambda one: one.index)
    usual = sum(month.revenue for month in season.months[-12:]) / 12
    return Said(
        title=_("%(month)s is strong: %(change)s above a usual month")
        % {"month": MONTHS[best.month], "change": asked.percent(best.index - 1)},
        text=_("It was above the year in each of %(years)s years. Stock and people should be there before it.")
        % {"years": best.years},
        evidence=[
            _("Between %(low)s and %(high)s times a usual day")
            % {"low": asked.number(best.low, 2), "high": asked.number(best.high, 2)},
            _("A usual month of the last twelve: %(amount)s") % {"amount": asked.money(usual)},
        ],
        money=(best.index - 1) * usual,
        formula=_("what the month brings above a usual one of the last twelve"),
        action=_("Open that month"),
        href=_last_such_month(asked, best),
        is_good=True,
    )


def _last_such_month(asked: Asked, best: MonthIndex) -> str:
    month = max(one.month for one in asked.found.season.months if one.month.month == best.month)
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return link("analytics:overview", **{"from": month, "to": last})


def _orders(asked: Asked, **more: object) -> str:
    return link("customers:orders", **_days(asked), **more)


def _days(asked: Asked) -> dict[str, date]:
    return {"from": asked.found.first_day, "to": asked.found.as_of}
