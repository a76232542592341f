"""Suggested products where people meet them: the profile, the page behind it, the till, the points page."""

import html
import re

import pytest
import time_machine

from core.permissions import Role
from customers.models import Customer, Identifier, Product, StockLevel, StockLocation
from intelligence.actions.products import count_products
from intelligence.models import IntelligenceSettings
from intelligence.tests.baskets import NOON, archetype, basket
from screens.tests.test_views_portal import sign_in
from workspace.models import AuditEntry

PAGE = "/intelligence/products/"


@pytest.fixture(autouse=True)
def june():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def customer(programme):
    customer = Customer.objects.create(first_name="Priya", phone="+447700900142")
    Identifier.objects.create(kind="phone", value="+447700900142", customer=customer)
    return customer


@pytest.fixture
def shop(business, other_business, customer):
    """Priya had a bowl and a cup three times here and a fork there; Ben had a dish, and is of another kind."""
    bowl, cup, dish, fork, tray = (
        Product.objects.create(sku=title, title=title, price=4) for title in ("Bowl", "Cup", "Dish", "Fork", "Tray")
    )
    ben = Customer.objects.create(first_name="Ben")
    for number in range(3):
        basket(business, ben, f"b{number}", bowl, cup, at=NOON.replace(day=10 + number))
    basket(business, customer, "p1", bowl)
    basket(other_business, customer, "p2", fork)
    basket(business, ben, "b4", dish)
    basket(business, ben, "b5", tray)
    here = StockLocation.objects.create(business=business, name="Shelf")
    StockLevel.objects.create(product=tray, location=here, quantity=0, counted_at=NOON)
    archetype("Fork people", customer)
    count_products(now=NOON)


def words(response):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def titles(response):
    return [one.product.title for one, _reason in response.context["rows"]]


def test_the_profile_and_the_page_behind_it(shop, client_of, owner, customer, cashier, make_member, other_business):
    browser = client_of(owner)
    text = words(browser.get(f"/customers/{customer.code}/"))
    assert "Likely to buy All Bowl Bought before £4.00" in text
    assert "Cup Often bought with Bowl" in text
    page = browser.get(f"/intelligence/customers/{customer.code}/products/")
    assert titles(page) == ["Bowl", "Fork", "Cup"], "what Ben's kind buys says nothing, and there is no tray"
    limited = client_of(make_member("bo@example.com", Role.MANAGER, business=other_business))
    assert titles(limited.get(f"/intelligence/customers/{customer.code}/products/")) == ["Fork"]
    assert "Cup" not in words(limited.get(f"/customers/{customer.code}/"))
    assert browser.get("/intelligence/customers/nobody/products/").status_code == 404
    assert client_of(cashier).get(f"/intelligence/customers/{customer.code}/products/").status_code == 403


def test_what_people_of_a_kind_buy(shop, client_of, analyst, customer, make_member, other_business):
    browser = client_of(analyst)
    page = browser.get(PAGE)
    assert titles(page) == ["Bowl", "Cup", "Dish", "Fork"]
    assert "Bowl 100% 4 £4.00 £4.00" in words(page)
    assert "Hide them" not in words(page), "who may not change settings"
    kind = customer.archetype.archetype
    chosen = browser.get(PAGE, {"archetype": kind.code})
    assert titles(chosen) == ["Bowl", "Fork"]
    assert 'aria-current="true">Fork people' in chosen.content.decode()
    assert browser.get(PAGE, {"archetype": "nobody"}).status_code == 404
    limited = client_of(make_member("bo@example.com", Role.MANAGER, business=other_business)).get(PAGE)
    assert (titles(limited), limited.context["kinds"]) == (["Fork"], [])


def test_the_till_names_what_its_own_business_sells(shop, till, customer):
    assert "Likely to buy: Bowl · Cup · Dish Last visits" in words(till.get(f"/till/customers/{customer.code}/"))
    nobody = Customer.objects.create(first_name="New")
    Product.objects.update(archived_at=NOON)
    assert "Likely to buy" not in words(till.get(f"/till/customers/{nobody.code}/"))


def test_the_points_page_until_the_shop_hides_it(shop, client_of, owner, marketer, customer, api):
    member = sign_in(client_of(None))
    assert "You may like Bowl You bought this before £4.00 Fork You bought this before £4.00 Cup" in words(
        member.get("/p/")
    )
    assert client_of(marketer).post(f"{PAGE}show/", {"show": "no"}).status_code == 403
    browser = client_of(owner)
    assert browser.post(f"{PAGE}show/", {"show": "no"}).headers["Location"] == PAGE
    assert "You may like" not in words(member.get("/p/"))
    entry = AuditEntry.objects.latest("pk")
    assert entry.action == "intelligence.settings.changed"
    assert entry.data["changes"] == {"shows_products": {"before": True, "after": False}}
    assert "Show them" in words(browser.get(PAGE))
    path = "/api/v1/intelligence/recommendations/settings"
    assert api("read").get(path).json() == {"on_points_page": False}
    changed = api("admin").patch(path, {"on_points_page": True}, content_type="application/json")
    assert (changed.json(), IntelligenceSettings.objects.get().shows_products) == ({"on_points_page": True}, True)
