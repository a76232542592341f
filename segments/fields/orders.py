"""What somebody bought. Orders that were cancelled count nowhere; a refund counts on its own day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from segments.fields.base import Field, Phrase, Property
from segments.fields.columns import Column, Figure, Time
from segments.fields.measures import Measure, Newest
from segments.fields.sets import Favourite, Marks
from segments.operators import Kind

_ORDERS = _("Orders")
_SALES = """
    SELECT sale.customer_id, sale.placed_at AS at, sale.total, sale.channel, sale.business_id
    FROM customers_order AS sale WHERE sale.status <> 'cancelled'
"""
_EACH = """
    SELECT sale.id, sale.customer_id, sale.placed_at AS at, sale.total, sale.channel, sale.business_id
    FROM customers_order AS sale WHERE sale.status <> 'cancelled'
"""
_BOUGHT_AT = """
    SELECT own.customer_id, shop.code FROM customers_businesscustomerfacts AS own
    JOIN workspace_business AS shop ON shop.id = own.business_id WHERE own.orders_count > 0
"""
# Most orders; of as many, the last one.
_FAVOURITE_SHOP = """
    SELECT most.customer_id, shop.code FROM (
        SELECT DISTINCT ON (own.customer_id) own.customer_id, own.business_id
        FROM customers_businesscustomerfacts AS own WHERE own.orders_count > 0{chosen}
        ORDER BY own.customer_id, own.orders_count DESC, own.last_order_at DESC, own.business_id
    ) AS most JOIN workspace_business AS shop ON shop.id = most.business_id
"""
# The order within max() keeps the planner from hashing everybody: the index has each customer's orders together.
_MAIN_CHANNEL = """
    SELECT DISTINCT ON (each.customer_id) each.customer_id, each.channel AS code FROM (
        SELECT own.customer_id, own.channel, count(*) AS orders,
               max(own.placed_at ORDER BY own.placed_at) AS newest
        FROM customers_order AS own WHERE own.status <> 'cancelled' AND own.customer_id IS NOT NULL{chosen}
        GROUP BY own.customer_id, own.channel
    ) AS each ORDER BY each.customer_id, each.orders DESC, each.newest DESC, each.channel
"""
# A line that names no product has its own title.
_IN_IT = """
    (SELECT line.order_id AS id, product.{column} AS said FROM customers_orderline AS line
     JOIN customers_product AS product ON product.id = line.product_id
     UNION ALL
     SELECT line.order_id, {nameless} FROM customers_orderline AS line WHERE line.product_id IS NULL)
"""
_MONEY = f"""
    {_SALES} UNION ALL
    SELECT refund.customer_id, refund.refunded_at, -refund.total, sale.channel, refund.business_id
    FROM customers_refund AS refund LEFT JOIN customers_order AS sale ON sale.id = refund.order_id
    WHERE sale.status IS DISTINCT FROM 'cancelled'
"""
_LINES = """
    SELECT sale.customer_id, sale.placed_at AS at, sale.id AS order_id, sale.channel, sale.business_id,
           line.product_id, line.title, line.quantity, line.total
    FROM customers_orderline AS line JOIN customers_order AS sale ON sale.id = line.order_id
    WHERE sale.status <> 'cancelled'
"""


def _of_product(label: Phrase, noun: Phrase, kind: Kind, expression: str, choices: str = "", **more: Any) -> Property:
    return Property(
        label, kind, expression, choices, table="customers_product", key="rows.product_id", noun=noun, **more
    )


_WHERE: Mapping[str, Property] = {
    "business": Property(
        _("Business"), Kind.CHOICE, "own.code", "businesses", table="workspace_business", key="rows.business_id",
        noun=_("business"), says=(_(" at %(is)s"), _(" anywhere but at %(is)s")),
    ),
    "channel": Property(
        _("Channel"), Kind.CHOICE, "rows.channel", choices="channels",
        noun=_("channel"), says=(_(" %(is)s"), _(" elsewhere than %(is)s")),
    ),
}  # fmt: skip
_OF_ORDERS: Mapping[str, Property] = {
    "total": Property(_("Order total"), Kind.MONEY, "rows.total", noun=_("total")),
    "hour": Property(
        _("Hour of the day"), Kind.NUMBER, "extract(hour FROM rows.at AT TIME ZONE {zone})", noun=_("hour of the day")
    ),
    "weekday": Property(
        _("Day of the week"), Kind.CHOICE, "extract(isodow FROM rows.at AT TIME ZONE {zone})::int::text",
        choices="weekdays", noun=_("day of the week"), says=(_(" on a %(is)s"), _(" on any day but %(is)s")),
    ),
    **_WHERE,
}  # fmt: skip
_OF_LINES: Mapping[str, Property] = {
    "product": _of_product(
        _("Product"),
        _("product"),
        Kind.CHOICE,
        "own.code",
        "products",
        says=(_(" called %(is)s"), _(" not called %(is)s")),
    ),
    "title": _of_product(
        _("Product title"), _("title"), Kind.TEXT, "NULLIF(own.title, '')", nameless="NULLIF(rows.title, '')"
    ),
    "category": _of_product(_("Category"), _("category"), Kind.CHOICE, "NULLIF(own.category, '')", "categories"),
    "vendor": _of_product(_("Vendor"), _("vendor"), Kind.CHOICE, "NULLIF(own.vendor, '')", "vendors"),
    **_WHERE,
}


def _in_it(
    label: Phrase, noun: Phrase, kind: Kind, column: str, choices: str = "", *, nameless: str = "NULL"
) -> Property:
    """Of an order with a product that is so."""
    lines = _IN_IT.format(column=column, nameless=nameless)
    return Property(label, kind, "NULLIF(own.said, '')", choices, table=lines, key="rows.id", noun=noun)


# Of one order.
_OF_ONE: Mapping[str, Property] = {
    "product": _in_it(_("Product in it"), _("product"), Kind.CHOICE, "code", "products"),
    "title": _in_it(_("Product title in it"), _("product title"), Kind.TEXT, "title", nameless="line.title"),
    "category": _in_it(_("Category in it"), _("product category"), Kind.CHOICE, "category", "categories"),
    **_OF_ORDERS,
}


def _kept(column: str) -> Figure:
    return Figure("facts", f"facts.{column}")


_FIRST, _LAST = Time("facts", "facts.first_order_at"), Time("facts", "facts.last_order_at")
_LAST_90 = {"type": "last", "count": 90}

FIELDS: Sequence[Field] = (
    Field(
        "orders", _ORDERS, _("Orders"), Kind.NUMBER,
        Measure(
            _SALES, "count(*)", _OF_ORDERS, is_count=True, lifetime=_kept("orders_count"), first=_FIRST, last=_LAST,
            by_customer="sale.customer_id",
        ),
        {"op": "at_least", "value": 2, "window": _LAST_90}, nouns=ngettext_lazy("order", "orders"),
        says={
            "": (_("placed %(is)s%(where)s%(when)s"), ""),
            "some": (_("placed an order%(where)s%(when)s"), _("placed no order%(where)s%(when)s")),
            "first_time": (
                _("placed their first order%(where)s%(when)s"), _("did not place their first order%(where)s%(when)s")
            ),
        },
    ),
    Field(
        "spent", _ORDERS, _("Amount spent"), Kind.MONEY,
        Measure(_MONEY, "sum(rows.total)", _WHERE, lifetime=_kept("total_spent")),
        {"op": "more", "value": 50, "window": _LAST_90},
        says={
            "": (_("spent %(is)s%(where)s%(when)s"), ""),
            "some": (_("spent something%(where)s%(when)s"), _("spent nothing%(where)s%(when)s")),
        },
    ),
    Field(
        "average_order", _ORDERS, _("Average order"), Kind.MONEY,
        Measure(_SALES, "avg(rows.total)", _OF_ORDERS, empty=None, by_customer="sale.customer_id"),
        {"op": "at_least", "value": 30},
        says={
            "": (
                _("spent %(is)s an order on average%(where)s%(when)s"),
                _("did not spend %(is)s an order on average%(where)s%(when)s"),
            )
        },
    ),
    Field(
        "items", _ORDERS, _("Items bought"), Kind.NUMBER, Measure(_LINES, "sum(rows.quantity)", _OF_LINES),
        {"op": "at_least", "value": 3, "where": [{"property": "title", "op": "contains", "value": "tea"}]},
        nouns=ngettext_lazy("item", "items"),
        says={
            "": (_("bought %(is)s%(where)s%(when)s"), ""),
            "some": (_("bought something%(where)s%(when)s"), _("bought nothing%(where)s%(when)s")),
        },
    ),
    Field(
        "orders_with", _ORDERS, _("Orders with a product"), Kind.NUMBER,
        Measure(_LINES, "count(DISTINCT rows.order_id)", _OF_LINES, is_count=True),
        {"op": "at_least", "value": 1, "where": [{"property": "category", "op": "is_one_of", "value": ["Coffee"]}]},
        nouns=ngettext_lazy("order", "orders"),
        says={
            "": (_("placed %(is)s with a product%(where)s%(when)s"), ""),
            "some": (_("bought a product%(where)s%(when)s"), _("bought no product%(where)s%(when)s")),
            "first_time": (
                _("bought their first product%(where)s%(when)s"),
                _("did not buy their first product%(where)s%(when)s"),
            ),
        },
    ),
    Field(
        "first_order", _ORDERS, _("First order"), Kind.DAY, _FIRST,
        {"op": "within", "window": {"type": "calendar", "unit": "month"}},
        says={
            "within": (_("placed their first order%(when)s"), _("did not place their first order%(when)s")),
            "exists": (_("ever placed an order"), _("never placed an order")),
        },
    ),
    Field(
        "last_order", _ORDERS, _("Last order"), Kind.DAY, _LAST,
        {"op": "within", "window": {"type": "over", "count": 21}},
        says={
            "within": (_("placed their last order%(when)s"), _("did not place their last order%(when)s")),
            "exists": (_("ever placed an order"), _("never placed an order")),
        },
    ),
    Field(
        "first_order_day", _ORDERS, _("Anniversary of the first order"), Kind.ANNIVERSARY,
        Column("facts", "(facts.first_order_at AT TIME ZONE {zone})::date"),
        {"op": "within", "window": {"type": "next", "count": 7}},
        says={
            "within": (
                _("have the anniversary of their first order%(when)s"),
                _("do not have the anniversary of their first order%(when)s"),
            ),
            "exists": (_("ever placed an order"), _("never placed an order")),
        },
    ),
    Field(
        "last_order_was", _ORDERS, _("The last order"), Kind.YES_NO, Newest(_EACH, _OF_ONE),
        {"op": "is", "value": True, "where": [{"property": "channel", "op": "is_one_of", "value": ["online"]}]},
        says={
            "": (_("placed their last order%(where)s%(when)s"), _("did not place their last order%(where)s%(when)s")),
            "some": (_("placed an order%(when)s"), _("placed no order%(when)s")),
        },
    ),
    Field(
        "first_order_was", _ORDERS, _("The first order"), Kind.YES_NO,
        Newest(_EACH, _OF_ONE, takes_window=False, is_oldest=True),
        {"op": "is", "value": True, "where": [{"property": "category", "op": "is_one_of", "value": ["Coffee"]}]},
        says={
            "": (_("placed their first order%(where)s"), _("did not place their first order%(where)s")),
            "some": (_("ever placed an order"), _("never placed an order")),
        },
    ),
    Field(
        "bought_at", _ORDERS, _("Bought at"), Kind.CHOICES, Marks(_BOUGHT_AT),
        {"op": "has_one_of", "value": ["k3v9w2p8"]}, choices="businesses",
        says={"": (_("bought at %(is)s"), _("never bought at %(is)s"))},
    ),
    Field(
        "favourite_shop", _ORDERS, _("Buys most often at"), Kind.CHOICE, Favourite(_FAVOURITE_SHOP),
        {"op": "is_one_of", "value": ["k3v9w2p8"]}, choices="businesses", noun=_("a favourite shop"),
        says={"is_one_of": (_("buy most often at %(is)s"), _("do not buy most often at %(is)s"))},
    ),
    Field(
        "main_channel", _ORDERS, _("Buys most often in the channel"), Kind.CHOICE, Favourite(_MAIN_CHANNEL),
        {"op": "is_one_of", "value": ["online"]}, choices="channels", noun=_("a favourite channel"),
        says={
            "is_one_of": (_("buy most often %(is)s"), _("do not buy most often %(is)s"))
        },
    ),
)  # fmt: skip
