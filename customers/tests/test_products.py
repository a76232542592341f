"""Products by page and by API: adding, changing, archiving, filters, and one product's figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from core.permissions import Role
from customers.actions.rollups import rebuild_rollups
from customers.models import Customer, Product, ProductPair, RefundLine, StockLevel, StockLocation
from customers.tests.queries import own_queries
from customers.tests.test_actions_facts import refund
from customers.tests.test_product_sales import NOW, sold
from programs.models import Programme, User
from workspace.models import AuditEntry, Business

API = "/api/v1/products/"
MUG = {
    "title": "Mug",
    "sku": "M-1",
    "price": "12.50",
    "cost": "5",
    "category": "Cups",
    "vendor": "Kiln",
    "kind": "goods",
}


@pytest.fixture
def mug(programme: Programme) -> Product:
    return Product.objects.create(sku="M-1", title="Mug", category="Cups", vendor="Kiln", price=Decimal("12.50"))


def send(client: Client, method: str, path: str, body: object = None) -> Any:
    return getattr(client, method)(path, json.dumps(body or {}), content_type="application/json")


def test_adding_a_product_by_page(
    client_of: Callable[..., Client], owner: User, analyst: User, programme: Programme
) -> None:
    assert client_of(analyst).post("/products/add/", MUG).status_code == 403
    browser = client_of(owner)
    answer = browser.post("/products/add/", MUG)
    made = Product.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/products/{made.code}/")
    assert (made.sku, made.price, made.cost, made.category) == ("M-1", Decimal("12.50"), Decimal(5), "Cups")
    for wrong in ({"sku": ""}, {"title": ""}, {"price": "-1"}, {"price": "dear"}, {"sku": "M-1"}, {"kind": "pet"}):
        answer = browser.post("/products/add/", {**MUG, "sku": "M-2", **wrong})
        assert (answer.status_code, Product.objects.count()) == (422, 1), wrong
    assert AuditEntry.objects.filter(action="customers.product.created").count() == 1


def test_changing_archiving_and_restoring(client_of: Callable[..., Client], owner: User, mug: Product) -> None:
    browser = client_of(owner)
    page = f"/products/{mug.code}/"
    assert f"{page}edit/" in browser.get(page).text
    form = browser.get(f"{page}edit/").context["form"]
    sent = {name: form[name].value() or "" for name in form.fields}
    assert browser.post(f"{page}edit/", {**sent, "price": "13.75"}).status_code == 303
    mug.refresh_from_db()
    assert (mug.price, mug.title) == (Decimal("13.75"), "Mug")
    browser.post(f"{page}edit/", {**sent, "price": "13.75"})
    assert AuditEntry.objects.filter(action="customers.product.changed").count() == 1, "nothing different"
    assert browser.post(f"{page}archive/").status_code == 303
    assert browser.post(f"{page}archive/").status_code == 303
    assert AuditEntry.objects.filter(action="customers.product.archived").count() == 1
    assert listed(browser) == []
    assert listed(browser, state="archived") == ["M-1"]
    assert browser.post("/products/add/", MUG).status_code == 422, "an archived product keeps its stock code"
    browser.post(f"{page}restore/")
    assert listed(browser) == ["M-1"]


def listed(browser: Client, **query: str) -> list[str]:
    return [row.sku for row in browser.get("/products/", query).context["rows"].rows]


def test_filters_and_search(client_of: Callable[..., Client], owner: User, mug: Product) -> None:
    Product.objects.create(sku="P-1", title="Plate", category="Plates", vendor="Kiln", barcode="4006381333931")
    Product.objects.create(sku="POST", title="Postage", kind="service", category="Cups")
    browser = client_of(owner)
    assert listed(browser, sort="sku") == ["M-1", "P-1"]
    assert listed(browser, category="Cups") == ["M-1"]
    assert listed(browser, vendor="Kiln", sort="sku") == ["M-1", "P-1"]
    assert listed(browser, kind="service") == ["POST"]
    assert listed(browser, q="4006381333931") == ["P-1"]
    assert listed(browser, q="postage") == ["POST"]
    assert listed(browser, category="Lost", sort="sku") == ["M-1", "P-1"], "what is not valid is left out"


def test_products_by_their_stock(
    client_of: Callable[..., Client],
    make_member: Callable[..., User],
    owner: User,
    mug: Product,
    business: Business,
    other_business: Business,
) -> None:
    plate = Product.objects.create(sku="P", title="Plate")
    Product.objects.create(sku="V", title="Vase")
    here, there = (StockLocation.objects.create(business=shop, name="Shelf") for shop in (business, other_business))
    for product, place, quantity in ((mug, here, 1), (mug, there, 9), (plate, there, 0)):
        StockLevel.objects.create(product=product, location=place, quantity=quantity, low_at=2, counted_at=NOW)
    browser = client_of(owner)
    assert sorted(listed(browser, stock="low")) == ["M-1", "P"]
    assert listed(browser, stock="out") == ["P"]
    assert listed(browser, stock="untracked") == ["V"]
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=business))
    assert (listed(bound, stock="out"), listed(bound, stock="low")) == ([], ["M-1"])
    assert sorted(listed(bound, stock="untracked")) == ["P", "V"]


def test_what_is_bought_with_a_product(
    client_of: Callable[..., Client], make_member: Callable[..., User], owner: User, mug: Product, business: Business,
    other_business: Business,
) -> None:  # fmt: skip
    plate = Product.objects.create(sku="P", title="Plate")
    counts = {"together": 3, "orders": 4, "other_orders": 5, "baskets": 9}
    for shop in (None, business):
        ProductPair.objects.create(business=shop, product=mug, other=plate, **counts)
    page = client_of(owner).get(f"/products/{mug.code}/")
    assert [(pair.other, pair.together) for pair in page.context["pairs"]] == [(plate, 3)]
    assert f'href="/products/{plate.code}/"' in page.text
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=other_business))
    assert bound.get(f"/products/{mug.code}/").context["pairs"] == []


@time_machine.travel(NOW, tick=False)
def test_figures_of_one_product(
    client_of: Callable[..., Client],
    make_member: Callable[..., User],
    owner: User,
    mug: Product,
    business: Business,
    other_business: Business,
) -> None:
    ann = Customer.objects.create(first_name="Ann")
    for number in ("1", "2"):
        order = sold(business, number, mug, 2, "12.50")
        order.customer = ann
        order.save()
    sold(other_business, "3", mug, 5, "10.00", placed_at=NOW - timedelta(days=3))
    sold(business, "4", mug, 9, "10.00", placed_at=NOW - timedelta(days=91))
    sold(business, "5", mug, 9, "10.00", status="cancelled")
    back = refund(business, ann, "r", "12.50", refunded_at=NOW)
    RefundLine.objects.create(
        refund=back, position=1, product=mug, quantity=1, unit_price=Decimal("12.50"), total=Decimal("12.50")
    )
    rebuild_rollups(now=NOW)
    page = f"/products/{mug.code}/"
    detail = client_of(owner).get(page).context["detail"]
    assert (detail.sold, detail.revenue, detail.buyers) == (Decimal(8), Decimal("87.50"), 1)
    assert (detail.chart.series[0].values[-1], detail.chart.series[0].values[-4]) == (Decimal(3), Decimal(5))
    assert len(detail.orders) == 5
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=other_business))
    detail = bound.get(page).context["detail"]
    assert (detail.sold, detail.buyers, len(detail.orders)) == (Decimal(5), 0, 1)


def test_people_of_one_business_change_nothing_that_others_share(
    client_of: Callable[..., Client], make_member: Callable[..., User], mug: Product, business: Business
) -> None:
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=business))
    for act in ("edit", "archive", "restore"):
        assert bound.post(f"/products/{mug.code}/{act}/", MUG).status_code == 403
    mug.refresh_from_db()
    assert mug.archived_at is None
    assert bound.post("/products/add/", {**MUG, "sku": "M-2"}).status_code == 303


def test_the_page_costs_the_same_for_more_sales(
    client_of: Callable[..., Client], owner: User, mug: Product, business: Business
) -> None:
    browser = client_of(owner)
    sold(business, "1", mug, 1, "1.00")
    few = queries_of(browser, mug)
    for number in range(2, 9):
        sold(business, str(number), mug, 1, "1.00")
    assert queries_of(browser, mug) == few


def queries_of(browser: Client, mug: Product) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(f"/products/{mug.code}/").status_code == 200
    return own_queries(captured)


def test_the_api_adds_changes_and_archives(api: Any, other_programme: Programme) -> None:
    client = api("write")
    answer = send(client, "post", API, {"sku": "M-1", "title": "Mug", "price": "12.50"})
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["sku"], made["price"], made["cost"], made["is_archived"]) == ("M-1", "12.50", None, False)
    twin = send(client, "post", API, {"sku": "M-1"})
    assert (twin.status_code, twin.json()["code"]) == (409, "sku_taken")
    one = f"{API}{made['id']}"
    changed = send(client, "patch", one, {"cost": "4.20", "title": ""}).json()
    assert (changed["cost"], changed["title"], changed["price"]) == ("4.20", "", "12.50")
    assert send(client, "patch", one, {"sku": ""}).status_code == 422
    assert client.delete(one).status_code == 204
    assert [row["sku"] for row in client.get(API, {"state": "archived"}).json()["data"]] == ["M-1"]
    assert client.get(API, {"state": "offered"}).json()["data"] == []
    assert send(client, "post", f"{one}/restore").json()["is_archived"] is False
    assert send(api("read"), "patch", one, {"title": "x"}).status_code == 403
    with tenant_context(other_programme):
        elsewhere = Product.objects.create(sku="X")
    for method in ("patch", "delete"):
        assert send(client, method, f"{API}{elsewhere.code}").status_code == 404
