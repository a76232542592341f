"""Stock of the demo: a shop that counted its shelves on the last day, with something to order and something gone."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from core.actor import Actor
from customers.actions.stock import StockLine, StockRow, create_location, receive_stock, set_levels
from customers.models import Product, ProductSales, StockLevel, StockLocation
from intelligence.actions.stock import forecast_stock

TRACKED = 400  # of what sells most: enough to look at
LEAD_DAYS, TARGET_DAYS = 10, 28
# Weeks of stock, one product after the other: most are well off, some are low, one in forty is gone.
COVER_WEEKS = (6, 3, 8, 1, 5, 12, 2, 4, 9, 7, 3, 10, 5, 2, 6, 4, 8, 1, 15, 3)


def stock_shelves(business_id: int, actor: Actor, *, now: datetime, delivered: int = 0) -> None:
    """Count the products that sell most, as of `now`, of which so many were `delivered` after; done once."""
    if StockLocation.objects.filter(business_id=business_id).exists():
        return
    shop = create_location(business_id=business_id, name="Shop floor", actor=actor, now=now)
    sold = ProductSales.objects.filter(
        business_id=business_id, quantity__gt=0, product__kind=Product.Kind.GOODS
    ).order_by("-quantity", "product_id")
    rows, marks = [], {}
    for number, (product_id, quantity) in enumerate(sold.values_list("product_id", "quantity")[:TRACKED]):
        weekly = quantity * 7 / ProductSales.DAYS
        cover = 0 if number % 40 == 39 else COVER_WEEKS[number % len(COVER_WEEKS)]
        rows.append(StockRow(product_id, shop.pk, _whole(weekly * cover), now))
        marks[product_id] = max(_whole(weekly * 2), Decimal(1))
    set_levels(rows=rows, actor=actor, reason="First count")
    if delivered:
        lines = [StockLine(row.product_id, marks[row.product_id]) for row in rows[:delivered]]
        receive_stock(location=shop, lines=lines, reference="DN 2041", actor=actor, now=now)
    levels = list(StockLevel.objects.filter(location=shop))
    for level in levels:
        level.low_at = marks[level.product_id]
        level.lead_days, level.target_days = LEAD_DAYS, TARGET_DAYS
    StockLevel.objects.bulk_update(levels, ["low_at", "lead_days", "target_days"], batch_size=500)
    forecast_stock(now=now)


def _whole(pieces: Decimal) -> Decimal:
    return Decimal(round(pieces))
