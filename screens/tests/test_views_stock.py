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
from core.codes import public_code
from core.permissions import Role
from customers.actions import stock
from customers.actions.stock import StockLine
from customers.models import Product, StockLevel, StockLocation, StockMovement
from customers.tests.queries import own_queries
from programs.models import Membership, Programme, User
from screens.forms_stock import products_named
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


def sheet(place: StockLocation, sku: str, quantity: str, **more: str) -> dict[str, str]:
    """A page's form as it is sent: each drawing has a key of its own."""
    return {"key": public_code(), "location": place.code, "product-0": sku, "quantity-0": quantity, **more}


def test_from_the_first_place_to_a_count(
    client_of: Callable[..., Client], owner: User, business: Business, mug: Product
) -> None:
    browser = client_of(owner)
    assert "Add a place" in browser.get("/stock/").text
    assert browser.get("/stock/count/").status_code == 303, "a place first"
    assert browser.post("/stock/places/add/", {"name": "Shop", "business": business.code}).status_code == 303
    shop = StockLocation.objects.get()
    assert "Nothing is tracked yet" in browser.get("/stock/").text
    assert browser.post("/stock/receive/", sheet(shop, "M-1", "12", reference="DN 7")).status_code == 303
    assert browser.post("/stock/count/", sheet(shop, "4006381333931", "11")).status_code == 303
    assert browser.post("/stock/correct/", sheet(shop, "M-1", "-1", reason="Broken")).status_code == 303
    assert StockLevel.objects.get().quantity == 10
    assert [(one.kind, one.quantity, one.reference) for one in StockMovement.objects.order_by("pk")] == [
        ("received", Decimal(12), "DN 7"),
        ("counted", Decimal(-1), ""),
        ("corrected", Decimal(-1), ""),
    ]
    acts = set(AuditEntry.objects.filter(action__startswith="customers.stock.").values_list("action", flat=True))
    assert acts == {"customers.stock.received", "customers.stock.counted", "customers.stock.corrected"}
    assert "Broken" in browser.get("/stock/movements/").text
    assert b"M-1,Mug,Shop,10,," in browser.get("/stock/levels.csv").content, "10.000 is ten thousand to some"
    assert b"Mug,Shop,-1,Broken," in browser.get("/stock/movements.csv").content


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
    answer = client_of(owner).post("/stock/receive/", {"key": "k", "location": shop.code, **rows})
    assert (answer.status_code, StockMovement.objects.count()) == (422, 0)


@pytest.mark.parametrize("act", ["receive", "count", "correct", "move"])
def test_a_sheet_sent_twice_is_one_act(
    client_of: Callable[..., Client], owner: User, shop: StockLocation, mug: Product, act: str
) -> None:
    cellar = stock.create_location(business_id=shop.business_id, name="Cellar", actor=SYSTEM, now=timezone.now())
    browser = client_of(owner)
    key = browser.get(f"/stock/{act}/").context["form"]["key"].value()
    sent = sheet(shop, "M-1", "3", key=key, reason="Fair", to=cellar.code)
    assert browser.post(f"/stock/{act}/", {**sent, "product-0": "nothing"}).status_code == 422, (
        "it does not use the key up"
    )
    for _time in range(2):
        assert browser.post(f"/stock/{act}/", sent).status_code == 303
    moved = {"move": [("Cellar", 3), ("Shop", -3)]}.get(act, [("Shop", 3)])
    assert sorted(StockMovement.objects.values_list("location__name", "quantity")) == moved
    assert AuditEntry.objects.filter(action__startswith="customers.stock.").count() == 1
    again = browser.post(f"/stock/{act}/", {**sent, "quantity-0": "4"})
    assert "This form has recorded something else before" in again.text
    assert again.context["form"]["key"].value() != key
    assert browser.post(f"/stock/{act}/", {**sent, "key": ""}).status_code == 422
    assert StockMovement.objects.count() == len(moved)


def test_a_key_is_of_its_programme(
    client_of: Callable[..., Client],
    owner: User,
    programme: Programme,
    shop: StockLocation,
    mug: Product,
    other_programme: Programme,
) -> None:
    with tenant_context(other_programme):
        there = Business.objects.create(name="Meadow Inn")
        elsewhere = stock.create_location(business_id=there.pk, name="X", actor=SYSTEM, now=timezone.now())
        Product.objects.create(sku="M-1")
        Membership.objects.create(user=owner, programme=other_programme, role=Role.OWNER)
    assert client_of(owner).post("/stock/receive/", sheet(shop, "M-1", "3", key="k")).status_code == 303
    other = client_of(owner, on=other_programme)
    assert other.post("/stock/receive/", sheet(elsewhere, "M-1", "5", key="k")).status_code == 303
    with tenant_context(other_programme):
        assert StockLevel.objects.get().quantity == 5
    with tenant_context(programme):
        assert StockLevel.objects.get().quantity == 3


def test_moving_between_places(
    client_of: Callable[..., Client], owner: User, shop: StockLocation, mug: Product
) -> None:
    cellar = stock.create_location(business_id=shop.business_id, name="Cellar", actor=SYSTEM, now=timezone.now())
    count(shop, mug, 5)
    form = client_of(owner).get("/stock/move/").context["form"]
    assert (form["location"].value(), form["to"].value()) == (shop.code, cellar.code), "two places that differ"
    sent = sheet(shop, "M-1", "2", to=cellar.code)
    assert client_of(owner).post("/stock/move/", sent, follow=True).text.count("1 product saved") == 1
    assert dict(StockLevel.objects.values_list("location__name", "quantity")) == {"Shop": 3, "Cellar": 2}
    assert client_of(owner).post("/stock/move/", sheet(shop, "M-1", "2", to=shop.code)).status_code == 422


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


def test_the_sidebar_counts_products_that_run_low(
    client_of: Callable[..., Client],
    make_member: Callable[..., User],
    owner: User,
    shop: StockLocation,
    other_business: Business,
    mug: Product,
    other_programme: Programme,
) -> None:
    assert "runs low" not in client_of(owner).get("/orders/").text
    for place in (
        shop,
        stock.create_location(business_id=shop.business_id, name="Van", actor=SYSTEM, now=timezone.now()),
    ):
        level = count(place, mug, 4)
        stock.change_level(code=level.code, low_at=Decimal(5), lead_days=1, target_days=1, actor=SYSTEM)
    text = client_of(owner).get("/orders/").text
    assert text.count(", 1 product runs low</span>") == 2, "sidebar and the phone's menu; low at two places is low once"
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=other_business))
    assert "runs low" not in bound.get("/orders/").text
    rows = {"HX-Request": "true", "HX-Target": "orders-rows"}
    with CaptureQueriesContext(connection) as captured:
        assert client_of(owner).get("/orders/", headers=rows).status_code == 200
    assert not [query for query in captured if "customers_stocklevel" in query["sql"]], "who draws no link asks nothing"
    with CaptureQueriesContext(connection) as captured:
        client_of(owner).get("/orders/")
    assert len([query for query in captured if "customers_stocklevel" in query["sql"]]) == 1
    with tenant_context(other_programme):
        Membership.objects.create(user=owner, programme=other_programme, role=Role.OWNER)
    assert "runs low" not in client_of(owner, on=other_programme).get("/orders/").text


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
    to_others = sheet(own, "M-1", "1", to=shop.code)
    assert bound.post("/stock/move/", to_others).status_code == 422, "not to a place of others"
    assert bound.post("/stock/count/", sheet(shop, "M-1", "1")).status_code == 422
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


def test_what_is_typed_names_one_product(programme: Programme) -> None:
    mug, cup, bowl, old = (
        Product.objects.create(sku=sku, title=sku, barcode=barcode)
        for sku, barcode in (("M-1", "1"), ("m-2", "2"), ("B-1", "2"), ("O-1", "1"))
    )
    old.archived_at = timezone.now()
    old.save()
    found = products_named(["m-1", "M-2", "B-1", "1", "2", "nothing"])
    assert found == {"m-1": mug, "M-2": cup, "B-1": bowl, "1": mug}, "two on offer have barcode 2"
