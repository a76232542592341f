"""Stock by page and by API: sheets, lists, places, settings, and who may do it."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from core.permissions import Role
from customers.actions import stock
from customers.actions.stock import StockLine
from customers.models import Product, StockLevel, StockLocation, StockMovement
from customers.tests.queries import own_queries
from programs.models import Programme, User
from workspace.models import AuditEntry, Business


@pytest.fixture
def shop(business: Business) -> StockLocation:
    return stock.create_location(business_id=business.pk, name="Shop", actor=SYSTEM, now=timezone.now())


@pytest.fixture
def mug(programme: Programme) -> Product:
    return Product.objects.create(sku="M-1", title="Mug", barcode="4006381333931")


def count(place: StockLocation, product: Product, quantity: int) -> StockLevel:
    lines = [StockLine(product.pk, Decimal(quantity))]
    stock.count_stock(location=place, lines=lines, actor=SYSTEM, now=timezone.now())
    return StockLevel.objects.get(product=product, location=place)


def test_from_the_first_place_to_a_count(
    client_of: Callable[..., Client], owner: User, business: Business, mug: Product
) -> None:
    browser = client_of(owner)
    assert "Add a place" in browser.get("/stock/").text
    assert browser.get("/stock/count/").status_code == 303, "a place first"
    assert browser.post("/stock/places/add/", {"name": "Shop", "business": business.code}).status_code == 303
    shop = StockLocation.objects.get()
    assert "Nothing is tracked yet" in browser.get("/stock/").text
    sheet = {"location": shop.code, "product-0": "M-1", "quantity-0": "12"}
    assert browser.post("/stock/receive/", {**sheet, "reference": "DN 7"}).status_code == 303
    assert browser.post("/stock/count/", {**sheet, "product-0": "4006381333931", "quantity-0": "11"}).status_code == 303
    assert browser.post("/stock/correct/", {**sheet, "quantity-0": "-1", "reason": "Broken"}).status_code == 303
    assert StockLevel.objects.get().quantity == 10
    assert [(one.kind, one.quantity, one.reference) for one in StockMovement.objects.order_by("pk")] == [
        ("received", Decimal(12), "DN 7"),
        ("counted", Decimal(-1), ""),
        ("corrected", Decimal(-1), ""),
    ]
    acts = set(AuditEntry.objects.filter(action__startswith="customers.stock.").values_list("action", flat=True))
    assert acts == {"customers.stock.received", "customers.stock.counted", "customers.stock.corrected"}
    assert "Broken" in browser.get("/stock/movements/").text
    assert b"M-1,Mug,Shop,10" in browser.get("/stock/levels.csv").content
    assert b"Broken" in browser.get("/stock/movements.csv").content


@pytest.mark.parametrize(
    "rows",
    [
        {},
        {"product-0": "nothing", "quantity-0": "1"},
        {"product-0": "M-1", "quantity-0": ""},
        {"product-0": "", "quantity-0": "1"},
        {"product-0": "M-1", "quantity-0": "0"},
        {"product-0": "M-1", "quantity-0": "many"},
    ],
)
def test_a_sheet_that_cannot_be_read_writes_nothing(
    client_of: Callable[..., Client], owner: User, shop: StockLocation, mug: Product, rows: dict[str, str]
) -> None:
    answer = client_of(owner).post("/stock/receive/", {"location": shop.code, **rows})
    assert (answer.status_code, StockMovement.objects.count()) == (422, 0)


def test_moving_between_places(
    client_of: Callable[..., Client], owner: User, shop: StockLocation, mug: Product
) -> None:
    cellar = stock.create_location(business_id=shop.business_id, name="Cellar", actor=SYSTEM, now=timezone.now())
    count(shop, mug, 5)
    form = client_of(owner).get("/stock/move/").context["form"]
    assert (form["location"].value(), form["to"].value()) == (shop.code, cellar.code), "two places that differ"
    sheet = {"location": shop.code, "to": cellar.code, "product-0": "M-1", "quantity-0": "2"}
    assert client_of(owner).post("/stock/move/", sheet, follow=True).text.count("1 product saved") == 1
    assert dict(StockLevel.objects.values_list("location__name", "quantity")) == {"Shop": 3, "Cellar": 2}
    assert client_of(owner).post("/stock/move/", {**sheet, "to": shop.code}).status_code == 422


def listed(browser: Client, **query: str) -> list[str]:
    return [row.sku for row in browser.get("/stock/", query).context["rows"].rows]


def test_the_list_shows_what_is_low_first(
    client_of: Callable[..., Client], owner: User, shop: StockLocation, mug: Product
) -> None:
    browser = client_of(owner)
    bowl, plate = (Product.objects.create(sku=sku, title=sku) for sku in ("Bowl", "Plate"))
    count(shop, bowl, 0)
    count(shop, plate, 50)
    level = count(shop, mug, 4)
    sent = {"low_at": "5", "lead_days": "3", "target_days": "14"}
    assert browser.post(f"/stock/levels/{level.code}/", sent).status_code == 303
    assert browser.post(f"/stock/levels/{level.code}/", {**sent, "target_days": "0"}).status_code == 422
    assert listed(browser)[0] == "M-1"
    assert listed(browser, state="low") == ["M-1"]
    assert listed(browser, state="out") == ["Bowl"]
    assert listed(browser, q="plate") == ["Plate"]
    assert listed(browser, sort="quantity") == ["Bowl", "M-1", "Plate"]
    page = browser.get(f"/products/{mug.code}/").text
    assert "Low" in page
    assert f"/stock/levels/{level.code}/" in page


def test_who_sees_and_moves_what(
    client_of: Callable[..., Client],
    make_member: Callable[..., User],
    owner: User,
    analyst: User,
    shop: StockLocation,
    other_business: Business,
    mug: Product,
) -> None:
    level = count(shop, mug, 5)
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=other_business))
    own = stock.create_location(business_id=other_business.pk, name="Van", actor=SYSTEM, now=timezone.now())
    assert listed(bound) == []
    assert bound.get("/stock/movements/").context["rows"].rows == []
    assert bound.get(f"/stock/levels/{level.code}/").status_code == 404
    assert bound.get(f"/stock/places/{shop.code}/").status_code == 404
    sheet = {"location": own.code, "to": shop.code, "product-0": "M-1", "quantity-0": "1"}
    assert bound.post("/stock/move/", sheet).status_code == 422, "not to a place of others"
    assert bound.post("/stock/count/", {**sheet, "location": shop.code}).status_code == 422
    watching = client_of(analyst)
    assert listed(watching) == ["M-1"]
    for path in ("receive/", "count/", "move/", "correct/", f"levels/{level.code}/", "places/add/"):
        assert watching.get(f"/stock/{path}").status_code == 403
    assert StockMovement.objects.count() == 1


def test_the_list_costs_the_same_for_more_products(
    client_of: Callable[..., Client], owner: User, shop: StockLocation, mug: Product
) -> None:
    browser = client_of(owner)
    count(shop, mug, 5)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get("/stock/")
            browser.get("/stock/movements/")
        return own_queries(captured)

    queries()
    few = queries()
    for number in range(12):
        count(shop, Product.objects.create(sku=f"P{number}"), 3)
    assert queries() == few


def send(client: Client, path: str, body: object, key: str = "", method: str = "post") -> Any:
    headers = {"idempotency-key": key} if key else {}
    return getattr(client, method)(
        f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=headers
    )


def test_the_api(api: Any, business: Business, mug: Product, other_programme: Programme) -> None:
    client = api("write")
    place = send(client, "stock-locations/", {"business_id": business.code, "name": "Shop"}).json()
    assert (place["name"], place["is_default"]) == ("Shop", True)
    body = {"kind": "received", "location_id": place["id"], "lines": [{"sku": "M-1", "quantity": "12"}]}
    assert send(client, "stock-movements/", body).json()["code"] == "idempotency_key_required"
    for _again in range(2):
        assert send(client, "stock-movements/", body, "k").json() == {"movements": 1, "low": 0}
    assert StockLevel.objects.get().quantity == 12
    level = client.get("/api/v1/stock-levels/", {"sku": "M-1"}).json()["data"][0]
    assert (level["quantity"], level["low_at"]) == ("12", None)
    changed = send(client, f"stock-levels/{level['id']}", {"low_at": "10"}, method="patch").json()
    assert (changed["low_at"], changed["lead_days"]) == ("10", 7)
    counted = {**body, "kind": "counted", "lines": [{"product_id": mug.code, "quantity": "9.5"}]}
    assert send(client, "stock-movements/", counted, "k2").json() == {"movements": 1, "low": 1}
    assert [row["id"] for row in client.get("/api/v1/stock-levels/", {"is_low": "true"}).json()["data"]] == [
        level["id"]
    ]
    assert client.get("/api/v1/stock-levels/", {"is_low": "false"}).json()["data"] == []
    moves = client.get("/api/v1/stock-movements/", {"product_id": mug.code}).json()["data"]
    assert [(one["kind"], one["quantity"]) for one in moves] == [("counted", "-2.5"), ("received", "12")]
    for wrong in ({"lines": []}, {"lines": [{"sku": "x", "quantity": "1"}]}, {"kind": "sold"}, {"kind": "moved"}):
        assert send(client, "stock-movements/", {**body, **wrong}, f"w{wrong}").status_code == 422
    assert send(client, f"stock-locations/{place['id']}", {"name": "Bar"}, method="patch").json()["name"] == "Bar"
    assert client.delete(f"/api/v1/stock-locations/{place['id']}").json()["code"] == "default_stock_location"
    assert send(api("read"), "stock-movements/", body, "k3").status_code == 403
    with tenant_context(other_programme):
        there = Business.objects.create(name="Meadow Inn")
        elsewhere = stock.create_location(business_id=there.pk, name="X", actor=SYSTEM, now=timezone.now())
    assert send(client, "stock-movements/", {**body, "location_id": elsewhere.code}, "k4").status_code == 404
