"""Suggested products, over the API: of one customer, of an archetype."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from customers.models import Customer, Product, StockLevel, StockLocation
from intelligence.actions.products import count_products
from intelligence.reports_products import likely_products
from intelligence.tests.baskets import NOON, archetype, basket
from programs.models import Programme
from workspace.models import Business

LONDON = ZoneInfo("Europe/London")
PATH = "/api/v1/intelligence/recommendations"


@pytest.fixture(autouse=True)
def june() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def goods(programme: Programme) -> dict[str, Product]:
    made = [("bowl", 4), ("cup", 3), ("dish", None), ("egg cup", 2), ("fork", 1)]
    return {title: Product.objects.create(sku=title, title=title, price=price) for title, price in made}


@pytest.fixture
def ann(business: Business, goods: dict[str, Product]) -> Customer:
    """Ann bought a bowl today and 180 days ago; on three other orders somebody had a bowl and a cup."""
    ann = Customer.objects.create(first_name="Ann")
    basket(business, ann, "a1", goods["bowl"], at=NOON - timedelta(days=180))
    basket(business, ann, "a2", goods["bowl"])
    others = [Customer.objects.create(first_name=name) for name in ("Ben", "Cem", "Dot")]
    for number, other in enumerate(others):
        basket(business, other, f"o{number}", goods["bowl"], goods["cup"], at=NOON - timedelta(days=100))
    basket(business, others[0], "dish", goods["dish"])
    archetype("Regulars", ann, *others[1:])
    count_products(now=NOON)
    return ann


def told(response: object) -> list[tuple[str, str, float]]:
    return [(one["title"], one["reason"], round(one["score"], 3)) for one in response.json()["items"]]  # type: ignore[attr-defined]


def test_what_one_customer_is_likely_to_buy(
    api: Callable[..., Client], ann: Customer, goods: dict[str, Product]
) -> None:
    found = api("read").get(PATH, {"customer": ann.code})
    # a bowl: today, e^-1 of the older one, and all of the Regulars who bought lately; 3 of 5 with a bowl had a cup
    assert told(found) == [("bowl", "bought_often", 2.368), ("cup", "goes_with", 0.164)]
    bowl, cup = found.json()["items"]
    assert (bowl["product_id"], bowl["price"], bowl["reason_text"]) == (
        goods["bowl"].code, "4.00", "Bought again and again"
    )  # fmt: skip
    assert (bowl["purchase_count"], bowl["average_price"]) == (1, "4.00")
    assert (cup["goes_with"], cup["reason_text"]) == (goods["bowl"].code, "Often bought with bowl")
    assert (cup["purchase_count"], cup["average_price"]) == (0, None), "no Regular bought one in the last 90 days"
    assert found.json()["counted_at"] == "2026-06-20T12:00:00Z"


def test_without_an_archetype_what_everybody_buys_counts(api: Callable[..., Client], ann: Customer) -> None:
    eve = Customer.objects.create(first_name="Eve")
    found = api("read").get(PATH, {"customer": eve.code})
    assert told(found) == [("bowl", "people_like_them", 0.5), ("dish", "people_like_them", 0.5)]
    anybody = likely_products(ann.pk, business_id=None, zone=LONDON, now=NOON, by_kind=False)
    assert [one.product.title for one in anybody] == ["bowl", "dish", "cup"]


def test_of_an_archetype(api: Callable[..., Client], ann: Customer) -> None:
    code = ann.archetype.archetype.code
    found = api("read").get(PATH, {"archetype": code})
    assert told(found) == [("bowl", "people_like_them", 1.0)]
    assert [one["purchase_count"] for one in found.json()["items"]] == [1]


def test_never_what_is_out_of_stock_or_archived(
    api: Callable[..., Client], ann: Customer, goods: dict[str, Product], business: Business, other_business: Business
) -> None:
    here, there = (StockLocation.objects.create(business=shop, name="Shelf") for shop in (business, other_business))
    cup = StockLevel.objects.create(product=goods["cup"], location=here, quantity=0, counted_at=NOON)
    assert [title for title, *_ in told(api("read").get(PATH, {"customer": ann.code}))] == ["bowl"]
    StockLevel.objects.create(product=goods["cup"], location=there, quantity=1, counted_at=NOON)
    assert [title for title, *_ in told(api("read").get(PATH, {"customer": ann.code}))] == ["bowl", "cup"]
    limited = api("read", business=business)
    assert [title for title, *_ in told(limited.get(PATH, {"customer": ann.code}))] == ["bowl", "dish"], "none here"
    StockLevel.objects.filter(pk=cup.pk).update(quantity=-1)
    Product.objects.filter(pk=goods["bowl"].pk).update(archived_at=NOON)
    assert [title for title, *_ in told(api("read").get(PATH, {"customer": ann.code}))] == ["cup"]


def test_who_is_limited_to_a_business_learns_nothing_of_others(
    api: Callable[..., Client], ann: Customer, goods: dict[str, Product], other_business: Business
) -> None:
    basket(other_business, ann, "there", goods["fork"])
    count_products(now=NOON)
    limited = api("read", business=other_business)
    assert told(limited.get(PATH, {"customer": ann.code})) == [("fork", "bought_before", 2.0)]
    assert limited.get(PATH, {"archetype": ann.archetype.archetype.code}).status_code == 403


def test_one_of_the_two_and_of_this_programme(
    api: Callable[..., Client], ann: Customer, other_programme: Programme
) -> None:
    with tenant_context(other_programme):
        stranger = Customer.objects.create(first_name="Stranger")
        strange = archetype("Strangers", stranger)
    caller = api("read")
    for asked in ({}, {"customer": ann.code, "archetype": strange.code}):
        refused = caller.get(PATH, asked)
        assert (refused.status_code, refused["Content-Type"]) == (422, "application/problem+json")
    assert caller.get(PATH, {"customer": stranger.code}).json()["code"] == "not_found"
    assert caller.get(PATH, {"archetype": strange.code}).json()["code"] == "not_found"


def test_more_purchases_ask_no_more_of_the_database(
    ann: Customer, business: Business, goods: dict[str, Product]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            likely_products(ann.pk, business_id=None, zone=LONDON, now=NOON)
        return len(asked)

    before = queries()
    many = Product.objects.bulk_create(Product(sku=f"p{number}") for number in range(30))
    for number in range(3):
        basket(business, ann, f"many-{number}", *many)
    count_products(now=NOON)
    assert queries() == before == 6
