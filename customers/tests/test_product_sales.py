"""The list of products, and the roll-up that it sorts by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django_tenants.utils import tenant_context

from core.permissions import Role
from customers.actions.rollups import PRODUCT_SALES_DUE, rebuild_rollups
from customers.models import Customer, Order, OrderLine, Product, ProductSales, RefundLine
from customers.tests.test_actions_facts import refund, sale
from programs.models import DueWork, Programme, User
from workspace.jobs import DUE_WORK
from workspace.models import Business

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)  # half past eleven in London
FIRST_MOMENT = datetime(2026, 3, 20, tzinfo=UTC)  # of the ninety days: midnight in London, in winter


def sold(business: Business, number: str, product: Product, quantity: int, price: str, **other: object) -> Order:
    total = quantity * Decimal(price)
    order = sale(business, None, number, str(total), **{"placed_at": NOW, **other})
    OrderLine.objects.create(
        order=order, position=1, product=product, quantity=quantity, unit_price=Decimal(price), total=total
    )
    return order


def sums(business: Business | None = None) -> dict[str, tuple[Decimal, Decimal]]:
    rows = ProductSales.objects.filter(business=business)
    return {
        sku: (quantity, revenue) for sku, quantity, revenue in rows.values_list("product__sku", "quantity", "revenue")
    }


@pytest.fixture
def products(programme: Programme) -> dict[str, Product]:
    return {
        sku: Product.objects.create(sku=sku, title=title)
        for sku, title in (
            ("A", "Apron"),
            ("B", "Bowl"),
            ("C", "Cup"),
        )
    }


@pytest.fixture
def lately(business: Business, other_business: Business, products: dict[str, Product]) -> None:
    """Many bowls here, one dear cup next door; aprons long ago."""
    sold(business, "1", products["B"], 10, "2.00")
    back = refund(business, None, "r", "4.00", refunded_at=NOW)
    RefundLine.objects.create(
        refund=back, position=1, product=products["B"], quantity=2, unit_price=Decimal(2), total=Decimal(4)
    )
    sold(other_business, "2", products["C"], 1, "50.00", placed_at=FIRST_MOMENT)
    sold(business, "3", products["C"], 1, "9.00")
    sold(business, "4", products["A"], 100, "9.00", placed_at=FIRST_MOMENT - timedelta(microseconds=1))
    sold(business, "5", products["A"], 100, "9.00", status="cancelled")
    rebuild_rollups(now=NOW)


@pytest.mark.usefixtures("lately")
def test_ninety_days_of_the_zone_less_what_came_back(business: Business, other_business: Business) -> None:
    assert sums() == {"B": (8, 16), "C": (2, 59)}
    assert sums(business) == {"B": (8, 16), "C": (1, 9)}
    assert sums(other_business) == {"C": (1, 50)}


@pytest.mark.usefixtures("lately")
def test_each_night_the_days_move_on(programme: Programme) -> None:
    due = DueWork.objects.get(programme=programme, kind=PRODUCT_SALES_DUE)
    assert due.next_due_at == datetime(2026, 6, 17, 23, tzinfo=UTC), "midnight in London"
    assert DUE_WORK[PRODUCT_SALES_DUE](due.next_due_at) == due.next_due_at + timedelta(days=1)
    assert sums() == {"B": (8, 16), "C": (1, 9)}
    assert DUE_WORK[PRODUCT_SALES_DUE](NOW + timedelta(days=100)) is None
    assert not ProductSales.objects.exists()


@pytest.mark.usefixtures("lately")
def test_the_list_shows_what_sells_best_first(
    client_of: Callable[..., Client], owner: User, make_member: Callable[..., User], business: Business
) -> None:
    def titles(client: Client, query: str = "") -> list[str]:
        with time_machine.travel(NOW, tick=False):
            return [row.title for row in client.get(f"/products/{query}").context["rows"].rows]

    browser = client_of(owner)
    assert titles(browser) == ["Cup", "Bowl", "Apron"]
    assert titles(browser, "?sort=-sold") == ["Bowl", "Cup", "Apron"]
    assert titles(browser, "?sort=revenue") == ["Apron", "Bowl", "Cup"]
    assert titles(browser, "?sort=title") == ["Apron", "Bowl", "Cup"]
    assert titles(browser, "?q=bo") == ["Bowl"]
    Product.objects.filter(sku="C").update(kind=Product.Kind.SERVICE)
    assert titles(browser) == ["Bowl", "Apron"]
    assert titles(browser, "?q=cup") == ["Cup"]
    Product.objects.update(kind=Product.Kind.GOODS)
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=business))
    assert titles(bound) == ["Bowl", "Cup", "Apron"]
    content = bound.get("/products/").text
    assert "£16.00" in content
    assert "£59.00" not in content


def test_pages_are_walked_without_gap(client_of: Callable[..., Client], owner: User, business: Business) -> None:
    for number in range(60):
        product = Product.objects.create(sku=f"p{number:02}", title=f"Thing {number:02}")
        if number % 3:
            sold(business, str(number), product, 1, f"{number // 4 + 1}.00")
    rebuild_rollups(now=NOW)
    browser, seen, url = client_of(owner), [], "/products/"
    while url:
        response = browser.get(url)
        seen += [(row.revenue, row.sku) for row in response.context["rows"].rows]
        url = "/products/" + response.context["links"]["next_url"] if response.context["links"]["next_url"] else ""
    assert len(seen) == len({sku for _revenue, sku in seen}) == 60
    assert [revenue for revenue, _sku in seen] == sorted((revenue for revenue, _sku in seen), reverse=True)


@pytest.mark.usefixtures("lately")
def test_another_programme_counts_its_own(other_programme: Programme) -> None:
    with tenant_context(other_programme):
        Customer.objects.create(first_name="Ann")
        rebuild_rollups(now=NOW)
        assert sums() == {}
    assert sums()
