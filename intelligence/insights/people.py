"""Insights about customers."""

from __future__ import annotations

from datetime import date, timedelta
from math import sqrt

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from intelligence.analysis.findings import Findings
from intelligence.analysis.window import DAYS, YEAR_DAYS
from intelligence.insights.registry import Asked, Said, insight, link
from intelligence.insights.significance import SURE, SURE_OF_WEEKS, t_of, z_of_count, z_of_shares

COME_BACK = 0.2  # "a fifth of them": what a card reckons with, and says
FEWEST_VALUED, FEWEST_WAITING, FEWEST_NEW = 10, 20, 30
FEWEST_IN_COHORT = 100
FEWEST_BUYERS, DEPENDENT = 100, 0.2  # of revenue, from the ten largest
FEWEST_WITH_DISCOUNT, FEWEST_EXPIRING = 20, 10


@insight(
    "lapsing",
    name=gettext_lazy("Valued customers stay away"),
    needs=gettext_lazy("at least 10 customers of high risk among the fifth who spent most"),
)
def lapsing(asked: Asked) -> Said | None:
    risk = asked.found.risk
    high = next((band for band in risk.bands if band.band == "high"), None) if risk else None
    if risk is None or high is None or high.valued < FEWEST_VALUED:
        return None
    return Said(
        title=_("%(count)s valued customers are about to be lost") % {"count": asked.number(high.valued)},
        text=_(
            "They are among the fifth who spent most, and most of them will not buy within %(days)s days. "
            "What they were expected to bring in a year and will probably not: %(lost)s."
        )
        % {"days": risk.horizon_days, "lost": asked.money(high.valued_at_risk)},
        evidence=[
            _("Spent at least %(amount)s") % {"amount": asked.money(risk.valued_from)},
            _("Risk band: high; %(count)s people in it") % {"count": asked.number(high.customers)},
            _("Usual order %(amount)s") % {"amount": asked.money(high.basket)},
        ],
        money=high.valued * COME_BACK * high.basket,
        formula=_("if a fifth of them came back once for their usual order"),
        action=_("Open these customers"),
        href=link("customers:list", churn="high", min=f"{risk.valued_from:.2f}", sort="-value"),
    )


@insight(
    "second_purchase",
    name=gettext_lazy("Who may buy a second time now"),
    needs=gettext_lazy("at least 30 second purchases to know the usual wait, and 20 people in it"),
)
def second_purchase(asked: Asked) -> Said | None:
    second = asked.found.second
    if second.waiting < FEWEST_WAITING or second.waiting_from is None:
        return None
    early, half, late = second.quartiles
    return Said(
        title=_("%(count)s people bought once and may come again now") % {"count": asked.number(second.waiting)},
        text=_(
            "Half of those who come again do so %(early)s to %(late)s days after their first purchase. "
            "These people are in those days and have not come yet."
        )
        % {"early": early, "late": late},
        evidence=[
            _("Half of the second purchases come within %(days)s days") % {"days": half},
            _("They spent %(amount)s each") % {"amount": asked.money(second.waiting_spent)},
        ],
        money=second.waiting * COME_BACK * second.waiting_spent,
        formula=_("if a fifth of them spent as much once more"),
        action=_("Open these customers"),
        href=link(
            "customers:list", orders=1, bought_from=second.waiting_from, bought_to=second.waiting_to, first="within"
        ),
        is_good=True,
    )


@insight(
    "new_customers",
    name=gettext_lazy("More or fewer new customers"),
    needs=gettext_lazy(
        "30 new customers in each period, sales for long enough that old customers are known, "
        "and a difference beyond chance (Welch's t on 12 weeks, 1%)"
    ),
)
def new_customers(asked: Asked) -> Said | None:
    sales, base = asked.found.sales, asked.found.sales.base
    if base is None or not _is_known_by_then(asked.found, YEAR_DAYS if sales.is_of_year else DAYS):
        return None
    now, then = sum(sales.now.weekly_new), sum(base.weekly_new)
    if min(now, then) < FEWEST_NEW or abs(t_of(sales.now.weekly_new, base.weekly_new)) < SURE_OF_WEEKS:
        return None
    is_good = now > then
    title = _("More new customers: %(change)s") if is_good else _("Fewer new customers: %(change)s")
    return Said(
        title=title % {"change": _signed(asked, now / then - 1)},
        text=_("%(now)s people bought for the first time in the last 12 weeks; %(then)s did %(base)s.")
        % {"now": asked.number(now), "then": asked.number(then), "base": asked.base_words},
        evidence=[
            _("%(now)s a week against %(then)s")
            % {"now": asked.number(now / 12, 1), "then": asked.number(then / 12, 1)},
            _("By chance less than once in 100 times (Welch's t, 12 weeks each)"),
        ],
        money=abs(now - then) * sales.now.average,
        formula=_("the difference, with one average order each"),
        action=_("Open these customers"),
        href=link("customers:list", bought_from=_weeks_ago(asked.found), bought_to=asked.found.as_of, first="within"),
        is_good=is_good,
    )


@insight(
    "cohort",
    name=gettext_lazy("New customers come again more or less often"),
    needs=gettext_lazy("100 first purchases in each period, and a difference beyond chance (two shares, 1%)"),
)
def cohort(asked: Asked) -> Said | None:
    for horizon in asked.found.second.horizons:
        now, base = horizon.people.now, horizon.people.base
        shift = YEAR_DAYS if horizon.people.is_of_year else DAYS
        if base is None or not _is_known_by_then(asked.found, shift + horizon.days):
            continue
        z = z_of_shares(now.came, now.people, base.came, base.people)
        if min(now.people, base.people) < FEWEST_IN_COHORT or abs(z) < SURE:
            continue
        is_good = now.share > base.share
        title = _("New customers come again more often") if is_good else _("New customers come again less often")
        return Said(
            title=title,
            text=_("%(now)s bought again within %(days)s days; %(then)s did %(base)s.")
            % {
                "now": asked.percent(now.share),
                "days": horizon.days,
                "then": asked.percent(base.share),
                "base": asked.base_words,
            },
            evidence=[
                _("%(came)s of %(people)s first-time buyers against %(came_then)s of %(people_then)s")
                % {
                    "came": asked.number(now.came),
                    "people": asked.number(now.people),
                    "came_then": asked.number(base.came),
                    "people_then": asked.number(base.people),
                },
                _("By chance less than once in 100 times (two shares)"),
            ],
            money=abs(now.share - base.share) * now.people * asked.found.sales.now.average,
            formula=_("the difference, with one average order each"),
            action=_("Open the cohorts"),
            href=link("analytics:cohorts"),
            is_good=is_good,
        )
    return None


@insight(
    "few_customers",
    name=gettext_lazy("Revenue that hangs on few customers"),
    needs=gettext_lazy("at least 100 buyers in a year, ten of whom bring a fifth of the revenue or more"),
)
def few_customers(asked: Asked) -> Said | None:
    held = asked.found.held.customers
    if held is None or held.count < FEWEST_BUYERS or held.ten < DEPENDENT:
        return None
    return Said(
        title=_("Ten customers bring %(share)s of the revenue") % {"share": asked.percent(held.ten)},
        text=_("Of what %(count)s known buyers spent in a year, %(amount)s came from ten of them.")
        % {"count": asked.number(held.count), "amount": asked.money(held.ten * held.total)},
        evidence=[
            _("Gini %(gini)s, where 0 is everybody alike and 1 is one for all") % {"gini": asked.number(held.gini, 2)},
            _("The last 365 days, people whom you know"),
        ],
        money=held.ten * held.total * DAYS / 365 * COME_BACK,
        formula=_("if a fifth of what they bring in 90 days were lost"),
        action=_("Open who spent most"),
        href=link("customers:list", sort="-spent"),
    )


@insight(
    "discount_only",
    name=gettext_lazy("Who buys with a discount only"),
    needs=gettext_lazy(
        "at least 20 people with three orders in a year, all with a discount, and more than chance gives"
    ),
)
def discount_only(asked: Asked) -> Said | None:
    found = asked.found.discounts
    if found is None or found.only < FEWEST_WITH_DISCOUNT or z_of_count(found.only, found.expected) < SURE:
        return None
    return Said(
        title=_("%(count)s regulars buy with a discount only") % {"count": asked.number(found.only)},
        text=_(
            "Each of their orders in a year had a discount. If discounts fell on orders by chance, %(expected)s would."
        )
        % {"expected": asked.number(found.expected)},
        evidence=[
            _("%(count)s people with three orders or more; %(share)s of their orders with a discount")
            % {"count": asked.number(found.regulars), "share": asked.percent(found.share)},
            _("Given to them in 90 days: %(amount)s") % {"amount": asked.money(found.discount)},
            _("%(sd)s standard deviations above chance")
            % {"sd": asked.number((found.only - found.expected) / sqrt(found.expected), 1)},
        ],
        money=found.discount / 2,
        formula=_("if they were given half as much"),
        action=_("See the orders"),
        href=link("customers:orders", **{"from": asked.found.first_day, "to": asked.found.as_of}),
    )


@insight(
    "points_expiring",
    name=gettext_lazy("Points that expire soon"),
    needs=gettext_lazy("at least 10 members with points that expire within 30 days"),
)
def points_expiring(asked: Asked) -> Said | None:
    found, average = asked.found.expiring, asked.found.sales.now.average
    if found.members < FEWEST_EXPIRING or not average:
        return None
    return Said(
        title=_("%(count)s members lose points within %(days)s days")
        % {"count": asked.number(found.members), "days": found.days},
        text=_("%(points)s points expire. A reminder is a reason to come.") % {"points": asked.number(found.points)},
        evidence=[_("Average order %(amount)s") % {"amount": asked.money(average)}],
        money=found.members * COME_BACK * average,
        formula=_("if a fifth of them came to spend them with an average order"),
        action=_("See the points"),
        href=link("reports:points"),
    )


def _is_known_by_then(found: Findings, days_ago: int) -> bool:
    """At first a shop meets its old customers for the first time, too: until nearly all of them have come once."""
    begin = found.as_of - timedelta(days=DAYS - 1 + days_ago)
    horizon = found.risk.horizon_days if found.risk else DAYS
    return begin - found.first_sale >= timedelta(days=2 * horizon)


def _signed(asked: Asked, change: float) -> str:
    return f"{'+' if change > 0 else '−'}{asked.percent(abs(change))}"


def _weeks_ago(found: Findings) -> date:
    """The first day of the weeks whose new customers are counted."""
    return found.as_of - timedelta(weeks=len(found.sales.now.weekly_new)) + timedelta(days=1)
