"""The shelves of the demo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from config.demo.stock import stock_shelves
from core.actor import SYSTEM
from customers.actions.rollups import rebuild_rollups
from customers.actions.stock import levels_that_differ
from customers.models import Product, StockForecast, StockLevel, StockMovement
from customers.tests.test_product_sales import sold
from workspace.models import Business

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)


def test_shelves_are_counted_once_with_something_low(business: Business) -> None:
    for number in range(6):
        product = Product.objects.create(sku=f"P{number}")
        for week in range(6):
            at = NOW - timedelta(days=7 * week + 2)
            sold(business, f"{number}-{week}", product, 30 - number, "1.00", placed_at=at)
    rebuild_rollups(now=NOW)
    for _again in range(2):
        stock_shelves(business.pk, SYSTEM, now=NOW, delivered=1)
    assert (StockLevel.objects.count(), StockForecast.objects.count()) == (6, 6)
    assert StockLevel.objects.low().count() == 1, "the fourth has stock for one week"
    delivery = StockMovement.objects.get(kind="received")
    assert (delivery.product.sku, delivery.reference) == ("P0", "DN 2041")
    assert levels_that_differ() == []
