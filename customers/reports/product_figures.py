"""What was sold of products in a period, and what is bought together.

Whole months come from `ProductMonth`, the days at both ends from `ProductDay`: a year costs as many rows of a product
as two months do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from django.db import connection
from django.db.models import F, QuerySet

from core.clock import Period
from customers.models import CountedAt, Product, ProductPair

By = Literal["product", "category", "vendor"]
SortBy = Literal["revenue", "units", "orders"]
MOST = 200
TYPES = (int, Decimal, Decimal, Decimal, Decimal)  # of ProductFigures
# People who bought a product are counted from its lines: above so many, a page would wait for it.
MOST_LINES_COUNTED = 20_000

FIGURES = "sum(orders), sum(units), sum(revenue), sum(refunded_units), sum(refunds)"
COLUMNS = "business_id, product_id, orders, units, revenue, refunded_units, refunds"
SOLD = f"""
    SELECT {COLUMNS} FROM customers_productmonth WHERE month >= %(months_from)s AND month < %(months_until)s
    UNION ALL
    SELECT {COLUMNS} FROM customers_productday WHERE day >= %(first)s AND day < %(months_from)s
    UNION ALL
    SELECT {COLUMNS} FROM customers_productday WHERE day >= %(months_until)s AND day <= %(last)s
"""
# One sum for each product and no more: five sums of each row cost five times as much, and few rows are shown.
RANKED = """
    WITH own AS (
        SELECT product_id, sum({measure}) AS measured, sum(revenue - refunds) AS net
        FROM ({sold}) AS sold WHERE product_id IS NOT NULL AND {where} GROUP BY 1
    )
    SELECT {key}, sum(sum(net)) OVER () FROM own
    JOIN customers_product AS product ON product.id = own.product_id AND product.kind = 'goods'
    GROUP BY 1 ORDER BY sum(measured) DESC, 1 LIMIT %(limit)s
"""
OF_KEYS = """
    SELECT {key}, {figures}
    FROM ({sold}) AS sold JOIN customers_product AS product ON product.id = sold.product_id
    WHERE {key} = ANY(%(keys)s) AND product.kind = 'goods' AND {where} GROUP BY 1
"""
KEYS: Mapping[str, str] = {"product": "product.id", "category": "product.category", "vendor": "product.vendor"}
MEASURES: Mapping[str, str] = {"revenue": "revenue - refunds", "units": "units - refunded_units", "orders": "orders"}


@dataclass(frozen=True, slots=True)
class ProductFigures:
    """`orders` are different orders with it; of a category or vendor, orders of each product added up."""

    orders: int = 0
    units: Decimal = Decimal(0)
    revenue: Decimal = Decimal(0)
    refunded_units: Decimal = Decimal(0)
    refunds: Decimal = Decimal(0)

    @property
    def net(self) -> Decimal:
        return self.revenue - self.refunds

    @property
    def net_units(self) -> Decimal:
        return self.units - self.refunded_units

    @property
    def refund_rate(self) -> float | None:
        """Percent of the units sold in the period that came back in it; None when none was sold."""
        return float(self.refunded_units / self.units * 100) if self.units > 0 else None


@dataclass(frozen=True, slots=True)
class TopRow:
    """`key` is a product, or the name of a category or vendor; `buyers` None: too many lines to count."""

    key: str
    product: Product | None
    figures: ProductFigures
    before: ProductFigures | None
    buyers: int | None = None


@dataclass(frozen=True, slots=True)
class TopProducts:
    """`net` is of all goods, also of those that are not among the `rows`."""

    rows: Sequence[TopRow]
    net: Decimal


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two products on one order: together on `together` of `baskets` orders."""

    product: Product
    other: Product
    together: int
    orders: int
    other_orders: int
    baskets: int

    @property
    def support(self) -> float:
        """Percent of all orders that have both."""
        return self.together / self.baskets * 100

    @property
    def confidence(self) -> float:
        """Percent of the orders with the first that have the other."""
        return self.together / self.orders * 100

    @property
    def lift(self) -> float:
        """How many times as often as if the one had nothing to do with the other."""
        return self.together * self.baskets / (self.orders * self.other_orders)


def top_products(
    period: Period,
    compare: Period | None,
    *,
    business_id: int | None,
    by: By = "product",
    sort: SortBy = "revenue",
    limit: int = 25,
) -> TopProducts:
    """What sold best, with the figures of the other period. Goods only. Three queries, five with products."""
    rows = _rows(RANKED, period, business_id, measure=MEASURES[sort], key=KEYS[by], values={"limit": min(limit, MOST)})
    keys = [row[0] for row in rows]
    now = _figures_of(by, keys, period, business_id)
    before = _figures_of(by, keys, compare, business_id) if compare else {}
    products = Product.objects.in_bulk(keys) if by == "product" else {}
    counted = buyers_of(keys, period, business_id=business_id) if by == "product" else {}
    found = [
        TopRow(
            key=str(key),
            product=products.get(key),
            figures=now[key],
            before=before.get(key, ProductFigures()) if compare else None,
            buyers=counted.get(key),
        )
        for key in keys
    ]
    return TopProducts(found, rows[0][1] if rows else Decimal(0))


def product_figures(product: Product, period: Period, *, business_id: int | None) -> ProductFigures:
    """One query."""
    where = "product_id = %(product)s"
    query = f"SELECT {FIGURES} FROM ({{sold}}) AS sold WHERE {where} AND {{where}}"
    return _figures(_rows(query, period, business_id, values={"product": product.pk})[0])


def product_by_day(product: Product, period: Period, *, business_id: int | None) -> Mapping[date, ProductFigures]:
    """Days on which anything was sold or came back. One query."""
    where = "" if business_id is None else "AND business_id = %(business)s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT day, {FIGURES} FROM customers_productday"
            f" WHERE product_id = %(product)s AND day >= %(first)s AND day <= %(last)s {where} GROUP BY day",
            {"product": product.pk, "first": period.first_day, "last": period.last_day, "business": business_id},
        )
        return {row[0]: _figures(row[1:]) for row in cursor.fetchall()}


def buyers_of(products: Sequence[int], period: Period, *, business_id: int | None) -> Mapping[int, int]:
    """Different people who bought each product; those with more than MOST_LINES_COUNTED lines ever are left out.

    Lines are found by product and not by day, so the cost is what was ever sold of it. One query.
    """
    where = "" if business_id is None else "AND sale.business_id = %(business)s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT wanted.id, (
                SELECT count(DISTINCT sale.customer_id)
                FROM customers_orderline AS line JOIN customers_order AS sale ON sale.id = line.order_id
                WHERE line.product_id = wanted.id AND sale.status <> 'cancelled' AND sale.placed_at >= %(start)s
                  AND sale.placed_at < %(end)s {where}
            )
            FROM unnest(%(products)s::bigint[]) AS wanted (id)
            JOIN (
                SELECT product_id, sum(orders) AS orders FROM customers_productmonth
                WHERE product_id = ANY(%(products)s::bigint[]) GROUP BY 1
            ) AS ever ON ever.product_id = wanted.id AND ever.orders <= %(most)s
            """,
            {
                "products": list(products), "start": period.start, "end": period.end, "business": business_id,
                "most": MOST_LINES_COUNTED // max(len(products), 1),
            },
        )  # fmt: skip
        return dict(cursor.fetchall())


def bought_together(*, business_id: int | None, product: Product | None = None, limit: int = 50) -> list[PairRow]:
    """The pairs with the highest score; of `product`, its pairs. One query.

    Without a product each pair is there once, from the one that is on fewer orders: that is the stronger sign.
    """
    rows = _pairs(business_id)
    if product is not None:
        found = rows.filter(product=product)
    else:
        found = rows.filter(orders__lt=F("other_orders")) | rows.filter(
            orders=F("other_orders"), product__lt=F("other")
        )
    return [
        PairRow(row.product, row.other, row.together, row.orders, row.other_orders, row.baskets)
        for row in found.select_related("product", "other").order_by("-score", "product_id", "other_id")[
            : min(limit, MOST)
        ]
    ]


def pairs_counted_at() -> datetime | None:
    return CountedAt.objects.filter(kind=CountedAt.Kind.PAIRS).values_list("at", flat=True).first()


def _pairs(business_id: int | None) -> QuerySet[ProductPair]:
    if business_id is None:
        return ProductPair.objects.filter(business__isnull=True)
    return ProductPair.objects.filter(business_id=business_id)


def whole_months(period: Period) -> tuple[date, date]:
    """[from, until) of the months that lie in the period whole; both the day after it when there is none."""
    beyond = period.last_day + timedelta(days=1)
    start = period.first_day if period.first_day.day == 1 else _next_month(period.first_day)
    end = beyond.replace(day=1)
    return (start, end) if start < end else (beyond, beyond)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _figures_of(by: By, keys: Sequence[Any], period: Period, business_id: int | None) -> Mapping[Any, ProductFigures]:
    rows = _rows(OF_KEYS, period, business_id, figures=FIGURES, key=KEYS[by], values={"keys": list(keys)})
    return {row[0]: _figures(row[1:]) for row in rows}


def _rows(
    query: str, period: Period, business_id: int | None, *, values: Mapping[str, Any], **names: str
) -> list[tuple[Any, ...]]:
    where = "true" if business_id is None else "business_id = %(business)s"
    start, until = whole_months(period)
    days = {
        "first": period.first_day, "last": period.last_day, "months_from": start, "months_until": until,
        "business": business_id,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(query.format(sold=SOLD, where=where, **names), {**days, **values})
        return cursor.fetchall()  # type: ignore[no-any-return]


def _figures(row: Sequence[Any]) -> ProductFigures:
    return ProductFigures(*(value if value is not None else kind(0) for value, kind in zip(row, TYPES, strict=True)))
