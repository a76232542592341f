"""Products that somebody is likely to buy next, and those that a kind of people buys.

A customer's own purchases are read as they are now, pairs and what is popular as they were counted last.
docs/algorithms/product-recommendations.md says how they are weighed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max, OuterRef, QuerySet, Subquery

from core.clock import day_start, local_day
from customers.models import CustomerArchetype, Product, ProductPair, StockLevel
from intelligence.engine.next_products import (
    MOST_OWN,
    MOST_POPULAR,
    OWN_DAYS,
    Next,
    Own,
    Why,
    fading,
    likely_next,
)
from intelligence.models import PopularProduct

SUGGESTED = 10
LOOKED_UP = 20  # products at a time, the likeliest first: few of them are out of stock
MOST_ORDERS = 200  # of one customer that are looked at: the newest

# Days since each purchase of a product, by day: two orders on one day are one.
BOUGHT = """
    SELECT line.product_id, array_agg(DISTINCT %(today)s - (sale.placed_at AT TIME ZONE %(zone)s)::date)
    FROM (
        SELECT id, placed_at FROM customers_order
        WHERE customer_id = %(customer)s AND status <> 'cancelled' AND placed_at >= %(since)s AND placed_at < %(until)s
          AND (%(business)s::bigint IS NULL OR business_id = %(business)s)
        ORDER BY placed_at DESC LIMIT %(most)s
    ) AS sale
    JOIN customers_orderline AS line ON line.order_id = sale.id AND line.quantity > 0 AND line.product_id IS NOT NULL
    GROUP BY line.product_id
"""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`share` (0 to 1, of the people), `purchases` and `average_price` say what people like them bought in the last 90
    days; `partner` is the product that it goes with, where that is why.
    """

    product: Product
    score: float
    why: Why
    partner: Product | None
    share: float
    purchases: int
    average_price: Decimal | None


@dataclass(frozen=True, slots=True)
class Group:
    """People whose purchases count as popular: of one archetype, of one business, or everybody."""

    archetype_id: int | None = None
    business_id: int | None = None

    def products(self) -> QuerySet[PopularProduct]:
        found = PopularProduct.objects.filter(archetype__isnull=self.archetype_id is None)
        found = found.filter(business__isnull=self.business_id is None)
        if self.archetype_id is not None:
            return found.filter(archetype=self.archetype_id)
        return found.filter(business=self.business_id) if self.business_id is not None else found


def likely_products(
    customer_id: int,
    *,
    business_id: int | None,
    zone: ZoneInfo,
    now: datetime,
    most: int = SUGGESTED,
    by_kind: bool = True,
) -> list[Suggestion]:
    """What this customer is likely to buy next, the likeliest first, of what can be had.

    Of one business: its purchases and products only. A day is one of `zone`. Without `by_kind` everybody's purchases
    count as popular, whatever the customer's archetype. Six queries, each by an index.
    """
    own = _own(customer_id, business_id, zone, now)
    kind = CustomerArchetype.objects.filter(customer=customer_id).values_list("archetype", flat=True)
    group = Group(kind.first() if by_kind and business_id is None else None, business_id)
    popular = _popular(group)
    if not popular and group.archetype_id is not None:  # found since the last count
        group = Group()
        popular = _popular(group)
    return _to_be_had(likely_next(own, _pairs(own, business_id), popular), group, most)


def popular_products(group: Group, *, most: int = SUGGESTED) -> list[Suggestion]:
    """What these people bought in the last 90 days, what most of them bought first. Three queries."""
    return _to_be_had(likely_next({}, (), _popular(group)), group, most)


def _own(customer_id: int, business_id: int | None, zone: ZoneInfo, now: datetime) -> dict[int, Own]:
    today = local_day(now, zone)
    with connection.cursor() as cursor:
        cursor.execute(
            BOUGHT,
            {
                "customer": customer_id,
                "business": business_id,
                "zone": str(zone),
                "today": today,
                "since": day_start(today - timedelta(days=OWN_DAYS - 1), zone),
                "until": day_start(today + timedelta(days=1), zone),
                "most": MOST_ORDERS,
            },
        )
        found = {product: Own(sum(map(fading, ages)), len(ages)) for product, ages in cursor.fetchall()}
    strongest = sorted(found.items(), key=lambda item: (-item[1].weight, item[0]))
    return dict(strongest[:MOST_OWN])


def _pairs(own: Mapping[int, Own], business_id: int | None) -> list[tuple[int, int, float]]:
    """(own product, partner, share of orders with the product that have the partner)"""
    rows = ProductPair.objects.filter(product__in=list(own))
    rows = rows.filter(business__isnull=True) if business_id is None else rows.filter(business=business_id)
    counted = rows.values_list("product", "other", "together", "orders")
    return [(product, other, together / orders) for product, other, together, orders in counted]


def _popular(group: Group) -> dict[int, float]:
    return dict(group.products().order_by("-buyers", "product").values_list("product", "share")[:MOST_POPULAR])


def _to_be_had(ranked: Sequence[Next], group: Group, most: int) -> list[Suggestion]:
    """The first that are offered and not out of stock."""
    found: list[tuple[Next, Product, Product | None]] = []
    for start in range(0, len(ranked), LOOKED_UP):
        part = ranked[start : start + LOOKED_UP]
        known = _with_stock({one.product for one in part} | {one.partner for one in part}, group.business_id)
        found += [
            (one, known[one.product], known.get(one.partner) if one.partner is not None else None)
            for one in part
            if one.product in known and _can_be_had(known[one.product])
        ]
        if len(found) >= most:
            break
    found = found[:most]
    rows = group.products().filter(product__in=[one.product for one, *_products in found])
    figures = {row.product_id: row for row in rows}
    return [_suggestion(one, product, partner, figures.get(product.pk)) for one, product, partner in found]


def _suggestion(one: Next, product: Product, partner: Product | None, figures: PopularProduct | None) -> Suggestion:
    return Suggestion(
        product=product,
        score=one.score,
        why=one.why,
        partner=partner,
        share=figures.share if figures else 0.0,
        purchases=figures.purchases if figures else 0,
        average_price=figures.average_price if figures else None,
    )


def _with_stock(ids: Collection[int | None], business_id: int | None) -> dict[int, Product]:
    """Products with `in_stock`: the most that lies at one place, None where nobody keeps stock of it."""
    levels = StockLevel.objects.shown().filter(product=OuterRef("pk"))
    if business_id is not None:
        levels = levels.filter(location__business=business_id)
    most = levels.values("product").annotate(most=Max("quantity")).values("most")
    return Product.objects.annotate(in_stock=Subquery(most)).in_bulk([one for one in ids if one is not None])


def _can_be_had(product: Product) -> bool:
    in_stock: Decimal | None = product.in_stock  # type: ignore[attr-defined]
    is_offered = product.archived_at is None and product.kind == Product.Kind.GOODS
    return is_offered and (in_stock is None or in_stock > 0)
