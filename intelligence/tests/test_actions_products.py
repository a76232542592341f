"""What is popular, with whom: counted from raw rows by the job."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from customers.models import Customer, OrderLine, Product, ProductPair
from intelligence.actions.products import count_products
from intelligence.models import PopularProduct
from intelligence.tests.baskets import NOON, archetype, basket
from workspace.models import Business


@pytest.fixture
def goods(programme) -> list[Product]:
    return [Product.objects.create(sku=sku, title=sku.title()) for sku in ("bowl", "cup", "dish")]


@pytest.fixture
def people(programme) -> list[Customer]:
    return [Customer.objects.create(first_name=name) for name in ("Ann", "Ben", "Cem")]


def popular(**group: object) -> dict[str, tuple[int, float, int, Decimal]]:
    rows = PopularProduct.objects.filter(**{"business": None, "archetype": None} | group).select_related("product")
    return {row.product.sku: (row.buyers, round(row.share, 3), row.purchases, row.average_price) for row in rows}


def test_of_everybody_of_a_business_and_of_an_archetype(business, other_business, goods, people) -> None:
    bowl, cup, dish = goods
    ann, ben, cem = people
    kind = archetype("Regulars", ann, ben)
    basket(business, ann, "a1", bowl, cup, at=NOON - timedelta(days=89))
    order = basket(other_business, ann, "a2", bowl)
    OrderLine.objects.filter(order=order).update(quantity=3, total=15)
    basket(business, ben, "b", bowl)
    basket(business, cem, "c", dish)
    basket(business, ann, "old", dish, at=NOON - timedelta(days=90))
    basket(business, ann, "cancelled", dish, status="cancelled")
    basket(business, None, "nobody", dish)
    assert count_products(now=NOON).popular == 9
    assert popular() == {"bowl": (2, 0.667, 3, 7), "cup": (1, 0.333, 1, 10), "dish": (1, 0.333, 1, 10)}
    assert popular(business=business) == {
        "bowl": (2, 0.667, 2, 10), "cup": (1, 0.333, 1, 10), "dish": (1, 0.333, 1, 10)
    }  # fmt: skip
    assert popular(business=other_business) == {"bowl": (1, 1.0, 1, 5)}
    assert popular(archetype=kind) == {"bowl": (2, 1.0, 3, 7), "cup": (1, 0.5, 1, 10)}


def test_each_programme_has_its_own(business, goods, people, other_programme) -> None:
    with tenant_context(other_programme):
        elsewhere = Business.objects.create(name="Elsewhere")
        vase = Product.objects.create(sku="vase", title="Vase")
        basket(elsewhere, Customer.objects.create(first_name="Dot"), "d", vase)
        count_products(now=NOON)
    basket(business, people[0], "a", goods[0])
    count_products(now=NOON)
    assert list(popular()) == ["bowl"]
    with tenant_context(other_programme):
        assert list(popular()) == ["vase"]


def test_what_cannot_be_suggested_is_not_popular(business, goods, people) -> None:
    bowl, cup, _dish = goods
    postage = Product.objects.create(sku="post", kind=Product.Kind.SERVICE)
    Product.objects.filter(pk=cup.pk).update(archived_at=timezone.now())
    basket(business, people[0], "a", bowl, cup, postage)
    count_products(now=NOON)
    assert list(popular()) == ["bowl"]


def test_counting_again_replaces_what_there_was(business, goods, people) -> None:
    bowl, cup, dish = goods
    for number in range(3):
        basket(business, people[number], f"both-{number}", bowl, cup)
    assert (count_products(now=NOON).pairs, count_products(now=NOON).pairs) == (4, 4)
    scores = set(ProductPair.objects.values_list("score", flat=True))
    assert scores == {3.0}, "three orders, each of them with both: lift 1"
    basket(business, people[0], "dish", dish)
    later = count_products(now=NOON + timedelta(days=366))
    assert (later.pairs, later.popular, ProductPair.objects.count()) == (0, 0, 0)
