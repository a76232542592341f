"""The nightly forecast of stock: from what was sold to dates, lists and the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from customers.actions import stock
from customers.actions.rollups import rebuild_rollups
from customers.actions.stock import StockLine
from customers.models import Product, StockForecast, StockLevel, StockLocation
from customers.tests.test_product_sales import sold
from intelligence.actions.requests import request_run
from intelligence.actions.stock import JOB, forecast_stock
from programs.models import Programme
from workspace.jobs import DUE_WORK
from workspace.models import Business

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)


@pytest.fixture
def shop(business: Business) -> StockLocation:
    return stock.create_location(business_id=business.pk, name="Shop", actor=SYSTEM, now=NOW)


def count(place: StockLocation, product: Product, quantity: int) -> StockLevel:
    stock.count_stock(location=place, lines=[StockLine(product.pk, Decimal(quantity))], actor=SYSTEM, now=NOW)
    return StockLevel.objects.get(product=product, location=place)


def steady(business: Business, product: Product, pieces: int, weeks: int = 8) -> None:
    for week in range(weeks):
        at = NOW - timedelta(days=7 * week + 2)
        sold(business, f"{product.sku}-{week}", product, pieces, "1.00", placed_at=at)


def test_forecasts_follow_what_was_sold_here(shop: StockLocation, business: Business, other_business: Business) -> None:
    mug, bowl = (Product.objects.create(sku=sku, title=sku) for sku in ("M", "B"))
    steady(business, mug, 10)
    steady(other_business, bowl, 10)
    sold(business, "gone", mug, 500, "1.00", placed_at=NOW - timedelta(days=3), status="cancelled")
    rebuild_rollups(now=NOW)
    level, other = count(shop, mug, 12), count(shop, bowl, 12)
    cellar = stock.create_location(business_id=business.pk, name="Cellar", actor=SYSTEM, now=NOW)
    count(cellar, mug, 99)
    for _again in range(2):
        assert forecast_stock(now=NOW) == 2
    found = StockForecast.objects.get(level=level)
    assert (found.model, found.weekly_demand, found.computed_on) == ("smooth", Decimal(10), NOW.date())
    assert (found.days_left, found.days_left_low, found.days_left_high) == (8, 5, 11)
    assert (found.order_point, found.order_quantity) == (16, 54)
    assert StockForecast.objects.get(level=other).model == "none", "sold next door only"


def test_weeks_in_which_nothing_was_there_do_not_count(shop: StockLocation, business: Business) -> None:
    """Ten a week for eight weeks, then four weeks without a sale: with empty shelves, and with full ones."""
    gone, ignored, late, cellared = (Product.objects.create(sku=sku, title=sku) for sku in "GILC")
    cellar = stock.create_location(business_id=business.pk, name="Cellar", actor=SYSTEM, now=NOW)
    every = (gone, ignored, late, cellared)
    for product in every:
        for week in range(4, 12):
            sold(business, f"{product.sku}{week}", product, 10, "1.00", placed_at=NOW - timedelta(days=7 * week + 2))
    rebuild_rollups(now=NOW)

    def empty(product: Product, days: int) -> None:
        for quantity, at in ((10, NOW - timedelta(days=85)), (-10, NOW - timedelta(days=days))):
            line = StockLine(product.pk, Decimal(quantity))
            stock.correct_stock(location=shop, lines=[line], actor=SYSTEM, now=at, reason="Sold out")

    empty(gone, 30)
    count(shop, gone, 12)
    forecast_stock(now=NOW)
    found = StockForecast.objects.get()
    assert (found.weekly_demand, found.days_left, found.order_quantity) == (Decimal(10), 8, 54), "as if they were not"
    empty(late, 5)
    empty(cellared, 30)
    one = [StockLine(cellared.pk, Decimal(1))]
    stock.receive_stock(location=cellar, lines=one, actor=SYSTEM, now=NOW - timedelta(days=90))
    for product in every:
        count(shop, product, 12)
    forecast_stock(now=NOW)
    demand = dict(StockForecast.objects.values_list("level__product__sku", "weekly_demand"))
    four = Decimal("4.096")  # full shelves, a shelf that was empty for days only, and one beside a cellar
    assert demand == {"G": Decimal(10), "I": four, "L": four, "C": four}


def test_another_programme_has_forecasts_of_its_own(
    shop: StockLocation, business: Business, other_programme: Programme
) -> None:
    mug = Product.objects.create(sku="M")
    steady(business, mug, 10)
    rebuild_rollups(now=NOW)
    count(shop, mug, 12)
    forecast_stock(now=NOW)
    with tenant_context(other_programme):
        assert forecast_stock(now=NOW) == 0
        assert not StockForecast.objects.exists()
    assert StockForecast.objects.count() == 1


def test_the_api_tells_what_runs_out_first(
    api: Any, shop: StockLocation, business: Business, other_business: Business
) -> None:
    for sku, pieces, quantity in (("M", 10, 12), ("B", 1, 50)):
        product = Product.objects.create(sku=sku)
        steady(business, product, pieces)
        level = count(shop, product, quantity)
        stock.change_level(code=level.code, low_at=None, lead_days=7, target_days=28, actor=SYSTEM)
    rebuild_rollups(now=NOW)
    forecast_stock(now=NOW)
    rows = api("read").get("/api/v1/inventory/predictions").json()["data"]
    assert [row["sku"] for row in rows] == ["M", "B"]
    first = rows[0]
    assert (first["days_of_cover"], first["runs_out_on"]) == (8, "2026-06-25")
    assert (first["runs_out_from"], first["runs_out_to"]) == ("2026-06-22", "2026-06-28")
    assert (first["order_point"], first["order_quantity"], first["weekly_demand"]) == ("16", "54", "10")
    to_order = api("read").get("/api/v1/inventory/predictions", {"to_order": "true"}).json()["data"]
    assert [row["sku"] for row in to_order] == ["M"]
    assert api("read", business=other_business).get("/api/v1/inventory/predictions").json()["data"] == []


def test_every_night_where_something_is_tracked(shop: StockLocation) -> None:
    next_due = DUE_WORK[JOB](NOW)
    assert next_due is not None
    assert next_due > NOW
    assert not StockForecast.objects.exists()
    assert request_run(JOB, actor=SYSTEM, now=NOW) == request_run(JOB, actor=SYSTEM, now=NOW)
