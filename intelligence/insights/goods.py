"""Insights about products."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from intelligence.analysis.findings import Pair, Returned
from intelligence.analysis.window import DAYS
from intelligence.insights.registry import Asked, Said, insight, link
from intelligence.insights.significance import sure_of, z_of_count, z_of_shares

FEWEST_PRODUCTS, DEPENDENT = 10, 0.15  # of revenue, from one product
PAIRS_LOOKED_AT = 10_000_000  # of some thousand products
LEAST_LIFT, TAKEN = 2.0, 0.1
FEWEST_REFUNDS = 10


@insight(
    "one_product",
    name=gettext_lazy("Revenue that hangs on one product"),
    needs=gettext_lazy("at least 10 products, one of which brings 15% of the revenue or more"),
)
def one_product(asked: Asked) -> Said | None:
    held, top = asked.found.held.products, asked.found.held.largest
    if held is None or top is None or held.count < FEWEST_PRODUCTS or top.share < DEPENDENT:
        return None
    return Said(
        title=_("%(name)s brings %(share)s of the revenue") % {"name": top.name, "share": asked.percent(top.share)},
        text=_("%(amount)s of %(total)s with %(count)s products in a year came from this one.")
        % {
            "amount": asked.money(top.revenue),
            "total": asked.money(held.total),
            "count": asked.number(held.count),
        },
        evidence=[_("The last 365 days, goods only, after refunds")],
        money=top.revenue * 30 / 365,
        formula=_("what would be missing if it were out of stock for a month"),
        action=_("Open the product"),
        href=link("analytics:product", top.code),
    )


@insight(
    "bought_together",
    name=gettext_lazy("Products bought together"),
    needs=gettext_lazy("a pair on 20 orders or more, twice as often as by chance, beyond chance for all pairs (1%)"),
)
def bought_together(asked: Asked) -> Said | None:
    pairs = [pair for pair in asked.found.basket.pairs if _is_habit(pair)]
    if not pairs:
        return None
    pair = max(pairs, key=_gain)
    return Said(
        title=_("%(product)s goes with %(other)s") % {"product": pair.product, "other": pair.other},
        text=_("They are on one order %(lift)s times as often as by chance: offer the other to who takes the one.")
        % {"lift": asked.number(pair.lift, 1)},
        evidence=[
            _("%(both)s of %(orders)s orders with the first have both, in 365 days")
            % {"both": asked.number(pair.together), "orders": asked.number(pair.orders)},
            _("One of the other: %(amount)s") % {"amount": asked.money(pair.other_price)},
        ],
        money=_gain(pair),
        formula=_("if a tenth of the orders in 90 days with only the first had the other, too"),
        action=_("Open the product"),
        href=link("analytics:product", pair.product_code),
        is_good=True,
    )


@insight(
    "refunds_rising",
    name=gettext_lazy("A product that comes back more often"),
    needs=gettext_lazy("50 orders in each period, 10 refunds, and a rise beyond chance for all products (1%)"),
)
def refunds_rising(asked: Asked) -> Said | None:
    returns = asked.found.returns
    sure = sure_of(returns.tested)
    rising = [one for one in returns.products if one.refunds >= FEWEST_REFUNDS and _z(one) >= sure]
    if not rising:
        return None
    worst = max(rising, key=_lost)
    return Said(
        title=_("%(name)s comes back more often") % {"name": worst.name},
        text=_("To 100 orders with it came %(now)s refunds in 90 days; in the 90 days before it were %(then)s.")
        % {
            "now": asked.number(worst.refunds / worst.orders * 100, 1),
            "then": asked.number(worst.refunds_before / worst.orders_before * 100, 1),
        },
        evidence=[
            _("%(refunds)s refunds, %(orders)s orders")
            % {"refunds": asked.number(worst.refunds), "orders": asked.number(worst.orders)},
            _("By chance less than once in 100 times (two shares, over %(tested)s products)")
            % {"tested": asked.number(returns.tested)},
        ],
        money=_lost(worst),
        formula=_("the rise, on what the product sold for in 90 days"),
        action=_("Open the product"),
        href=link("analytics:product", worst.code),
    )


def _z(one: Returned) -> float:
    return z_of_shares(min(one.refunds, one.orders), one.orders, one.refunds_before, one.orders_before)


def _is_habit(pair: Pair) -> bool:
    expected = pair.orders * pair.other_orders / pair.baskets
    return pair.lift >= LEAST_LIFT and z_of_count(pair.together, expected) >= sure_of(PAIRS_LOOKED_AT)


def _gain(pair: Pair) -> float:
    return (pair.orders - pair.together) * TAKEN * pair.other_price * DAYS / 365


def _lost(one: Returned) -> float:
    return (one.refunds / one.orders - one.refunds_before / one.orders_before) * one.revenue
