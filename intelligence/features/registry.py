"""What each feature is: its meaning, its unit, what it is made of, and how it is read from what is stored.

Stored are counts, sums and dates; what depends on today or divides one by another is worked out at reading. The
dictionary page, docs/features.md and the API are made of these entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from intelligence.features.families import (
    BASKETS,
    HABITS,
    LATELY,
    ORDERS,
    REFUNDS,
    WINDOWS,
    Family,
)

_PLACED = ("customers_order",)
_BACK = ("customers_refund", "customers_order")
_LINES = ("customers_orderline", "customers_order")


class Kind(StrEnum):
    """How a value is shown, and what can be said of many."""

    COUNT = "count"  # whole
    NUMBER = "number"
    MONEY = "money"  # of the programme's currency
    SHARE = "share"  # 0 to 1
    DATE = "date"  # of the programme's zone
    TEXT = "text"

    @property
    def is_number(self) -> bool:
        return self not in (Kind.DATE, Kind.TEXT)


@dataclass(frozen=True, slots=True)
class Feature:
    """`sql` reads it from the columns of its family as `own`, with the date `%(today)s` and the favourite `product`.

    It is NULL where nothing can be said: no mean gap after a single day. `example` is of somebody who spent 30 on
    1 March (a Sunday, in the morning), 20 on 11 March and 10 on 21 March, gave 6 back on 22 March, and is looked at
    on 31 March.
    """

    key: str
    label: str | Promise
    unit: str | Promise
    kind: Kind
    family: Family
    about: str | Promise
    sources: Sequence[str]
    example: str
    sql: str

    @property
    def unit_beside(self) -> str | Promise:
        """The unit, unless a value that people read has it: £30, 20%, 1 March."""
        return self.unit if self.kind in (Kind.COUNT, Kind.NUMBER) else ""


_DAYS, _MONEY, _SHARE = _("days"), _("the programme's currency"), _("part of 1")
_N_ORDERS, _N_CHANNELS = pgettext_lazy("unit", "orders"), pgettext_lazy("unit", "channels")
_DAY, _WORD = pgettext_lazy("unit", "day"), pgettext_lazy("unit", "word")
_SPAN = "(own.last_order_on - own.first_order_on)"
_NET = "(own.gross_spend - own.refunded)"


def _deviation(squares: str, total: str, number: str) -> str:
    """Of a sample, from its sum of squares, its sum and its size; rounding may leave less than nothing."""
    return (
        f"CASE WHEN {number} > 1 THEN sqrt(greatest(({squares} - {total}::float8 ^ 2 / {number}) / ({number} - 1), 0))"
        " END"
    )


_OF_ORDERS = (
    Feature(
        "orders",
        _("Orders"),
        _N_ORDERS,
        Kind.COUNT,
        ORDERS,
        _("Orders that were not cancelled."),
        _PLACED,
        "3",
        "own.orders_count",
    ),
    Feature(
        "order_days",
        _("Order days"),
        _DAYS,
        Kind.COUNT,
        ORDERS,
        _("Days with at least one order: two orders on one day are one visit."),
        _PLACED,
        "3",
        "own.order_days",
    ),
    Feature(
        "first_order_on",
        _("First order"),
        _DAY,
        Kind.DATE,
        ORDERS,
        _("The day of the first order."),
        _PLACED,
        "2026-03-01",
        "own.first_order_on",
    ),
    Feature(
        "last_order_on",
        _("Last order"),
        _DAY,
        Kind.DATE,
        ORDERS,
        _("The day of the newest order."),
        _PLACED,
        "2026-03-21",
        "own.last_order_on",
    ),
    Feature(
        "recency_days",
        _("Days since the last order"),
        _DAYS,
        Kind.COUNT,
        ORDERS,
        _("From the day of the newest order until today."),
        _PLACED,
        "10",
        "%(today)s::date - own.last_order_on",
    ),
    Feature(
        "tenure_days",
        _("Days since the first order"),
        _DAYS,
        Kind.COUNT,
        ORDERS,
        _("From the day of the first order until today."),
        _PLACED,
        "30",
        "%(today)s::date - own.first_order_on",
    ),
    Feature(
        "mean_gap_days",
        _("Mean gap"),
        _DAYS,
        Kind.NUMBER,
        ORDERS,
        _("Days from one order day to the next, on average. Nothing after a single day."),
        _PLACED,
        "10",
        f"{_SPAN}::float8 / nullif(own.order_days - 1, 0)",
    ),
    Feature(
        "gap_deviation_days",
        _("Unevenness of gaps"),
        _DAYS,
        Kind.NUMBER,
        ORDERS,
        _("The standard deviation of the gaps: 0 for somebody who comes like clockwork. From three order days on."),
        _PLACED,
        "0",
        _deviation("own.gap_squares", _SPAN, "(own.order_days - 1)"),
    ),
    Feature(
        "gross_spend",
        _("Spent before refunds"),
        _MONEY,
        Kind.MONEY,
        ORDERS,
        _("The totals of all orders."),
        _PLACED,
        "60",
        "own.gross_spend",
    ),
    Feature(
        "net_spend",
        _("Spent"),
        _MONEY,
        Kind.MONEY,
        REFUNDS,
        _("The totals of all orders, less what was given back."),
        _BACK,
        "54",
        _NET,
    ),
    Feature(
        "average_order",
        _("Average order"),
        _MONEY,
        Kind.MONEY,
        ORDERS,
        _("Spent before refunds, for each order."),
        _PLACED,
        "20",
        "own.gross_spend / own.orders_count",
    ),
    Feature(
        "day_spend_deviation",
        _("Unevenness of spend"),
        _MONEY,
        Kind.MONEY,
        ORDERS,
        _("The standard deviation of what was spent on an order day, before refunds. From two order days on."),
        _PLACED,
        "10",
        _deviation("own.day_spend_squares", "own.gross_spend", "own.order_days"),
    ),
    Feature(
        "repeat_spend",
        _("Spent each time after the first"),
        _MONEY,
        Kind.MONEY,
        REFUNDS,
        _("Spent on each order day after the first, less what was given back after it. Nothing after a single day."),
        _BACK,
        "12",
        "(own.gross_spend - own.first_day_spend - own.refunded_later) / nullif(own.order_days - 1, 0)",
    ),
)
_OF_BASKETS = (
    Feature(
        "lines_per_order",
        _("Lines for each order"),
        pgettext_lazy("unit", "lines"),
        Kind.NUMBER,
        BASKETS,
        _("How many lines an order has on average. A till that knows no lines counts as none."),
        _LINES,
        "2",
        "own.lines_count::float8 / own.orders_count",
    ),
    Feature(
        "items_per_order",
        _("Items for each order"),
        pgettext_lazy("unit", "items"),
        Kind.NUMBER,
        BASKETS,
        _("How many pieces an order has on average."),
        _LINES,
        "3",
        "own.items / own.orders_count",
    ),
    Feature(
        "distinct_products",
        _("Different products"),
        pgettext_lazy("unit", "products"),
        Kind.COUNT,
        BASKETS,
        _("How many different products were ever bought."),
        _LINES,
        "4",
        "own.products_count",
    ),
    Feature(
        "favourite_product",
        _("Favourite product"),
        _WORD,
        Kind.TEXT,
        BASKETS,
        _("The product on the most lines; of several, the newest in your list."),
        (*_LINES, "customers_product"),
        "Espresso",
        "coalesce(nullif(product.title, ''), product.sku)",
    ),
    Feature(
        "favourite_category",
        _("Category of the favourite"),
        _WORD,
        Kind.TEXT,
        BASKETS,
        _("The category of the favourite product."),
        (*_LINES, "customers_product"),
        "Drinks",
        "nullif(product.category, '')",
    ),
)
_OF_REFUNDS = (
    Feature(
        "refunds",
        pgettext_lazy("features", "Refunds"),
        pgettext_lazy("unit", "refunds"),
        Kind.COUNT,
        REFUNDS,
        _("How often something was given back. Refunds of cancelled orders do not count."),
        _BACK,
        "1",
        "own.refunds_count",
    ),
    Feature(
        "refunded",
        _("Given back"),
        _MONEY,
        Kind.MONEY,
        REFUNDS,
        _("What was given back in all, each refund on its own day."),
        _BACK,
        "6",
        "own.refunded",
    ),
    Feature(
        "returned_share",
        _("Share given back"),
        _SHARE,
        Kind.SHARE,
        REFUNDS,
        _("Given back, of what was spent before refunds. Nothing where nothing was spent."),
        _BACK,
        "0.1",
        "own.refunded / nullif(own.gross_spend, 0)",
    ),
)
_LATELY: Mapping[int, tuple[str | Promise, str | Promise, str, str]] = {
    30: (_("Orders in 30 days"), _("Spent in 30 days"), "2", "24"),
    90: (_("Orders in 90 days"), _("Spent in 90 days"), "3", "54"),
    365: (_("Orders in 365 days"), _("Spent in 365 days"), "3", "54"),
}
_OF_WINDOWS = (
    *(
        Feature(
            f"orders_{days}",
            _LATELY[days][0],
            _N_ORDERS,
            Kind.COUNT,
            LATELY,
            _("Orders of the days that end today. Counted when the customer buys, and for everybody each night."),
            _PLACED,
            _LATELY[days][2],
            f"own.orders_{days}",
        )
        for days in WINDOWS
    ),
    *(
        Feature(
            f"spend_{days}",
            _LATELY[days][1],
            _MONEY,
            Kind.MONEY,
            LATELY,
            _("Spent in the days that end today, less what was given back in them."),
            _BACK,
            _LATELY[days][3],
            f"own.spend_{days}",
        )
        for days in WINDOWS
    ),
)
_OF_HABITS = (
    Feature(
        "weekend_share",
        _("At weekends"),
        _SHARE,
        Kind.SHARE,
        HABITS,
        _("Orders on a Saturday or Sunday, of all orders."),
        _PLACED,
        "0.67",
        "own.weekend_orders::float8 / own.orders_count",
    ),
    Feature(
        "morning_share",
        _("In the morning"),
        _SHARE,
        Kind.SHARE,
        HABITS,
        _("Orders before noon, of all orders."),
        _PLACED,
        "0.33",
        "own.morning_orders::float8 / own.orders_count",
    ),
    Feature(
        "evening_share",
        _("In the evening"),
        _SHARE,
        Kind.SHARE,
        HABITS,
        _("Orders from six in the evening on, of all orders."),
        _PLACED,
        "0",
        "own.evening_orders::float8 / own.orders_count",
    ),
    Feature(
        "main_channel",
        _("Usual channel"),
        _WORD,
        Kind.TEXT,
        HABITS,
        _("The channel of the most orders; of several, the first by its name."),
        _PLACED,
        "store",
        "own.main_channel",
    ),
    Feature(
        "channels",
        _("Channels"),
        _N_CHANNELS,
        Kind.COUNT,
        HABITS,
        _("How many different channels the orders came by."),
        _PLACED,
        "1",
        "own.channels_count",
    ),
    Feature(
        "businesses",
        _("Businesses"),
        pgettext_lazy("unit", "businesses"),
        Kind.COUNT,
        HABITS,
        _("At how many businesses of the programme somebody bought."),
        _PLACED,
        "2",
        "own.businesses_count",
    ),
)
FEATURES: Mapping[str, Feature] = {
    feature.key: feature for feature in (*_OF_ORDERS, *_OF_REFUNDS, *_OF_BASKETS, *_OF_WINDOWS, *_OF_HABITS)
}


def reading_sql(keys: Sequence[str], source: str) -> str:
    """SELECT customer_id and these features, each under its key, FROM rows with the columns of the families.

    `source` is a table or a bracketed SELECT of our own code. Parameter: the date `today`.
    """
    columns = ", ".join(f"{FEATURES[key].sql} AS {key}" for key in keys)
    return (
        f"SELECT own.customer_id, {columns} FROM {source} AS own"
        " LEFT JOIN customers_product AS product ON product.id = own.favourite_product_id"
    )
