"""What conditions may choose from, and the words for what they chose."""

from __future__ import annotations

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from customers.models import Archetype, AttributeDefinition, Customer, Order, Product, Tag
from loyalty.models import StampCard, Tier
from segments.choices import choices, labels, labels_of
from segments.fields.own import fields_of_customers
from segments.fields.registry import FIELDS
from segments.rules import read
from segments.tests.people import NOW

NAMES = sorted(
    {field.choices for field in FIELDS.values() if field.choices}
    | {own.choices for field in FIELDS.values() for own in field.source.properties.values() if own.choices}
)


@pytest.mark.parametrize("name", NAMES)
def test_everything_that_a_field_may_choose_from_is_offered(business, name, django_assert_max_num_queries):
    with django_assert_max_num_queries(1):
        choices(name)
    with django_assert_max_num_queries(1):
        assert labels({name: ["?"]}).keys() == {(name, "?")}


@pytest.fixture
def shop(business, other_business):
    Customer.objects.create(country="GB")
    Customer.objects.create(country="Narnia")
    Order.objects.create(business=business, source="api", reference="1", placed_at=NOW, total=1, channel="online")
    Tag.objects.create(code="t1", name="VIP")
    Tag.objects.create(code="t2", name="press", is_going=True)
    Archetype.objects.create(code="a1", found_name="Regulars", own_name="Friends", place=1, found_at=NOW)
    Archetype.objects.create(code="a2", found_name="Rare", place=2, found_at=NOW, is_current=False)
    Archetype.objects.create(code="a3", found_name="Best", place=1, found_at=NOW, level=Archetype.Level.TIER)
    Tier.objects.create(code="g", name="Gold", rank=2, threshold=200)
    Tier.objects.create(code="s", name="Silver", rank=1, threshold=100)
    StampCard.objects.create(code="c", name="Coffee", gives="A coffee", stamps=9, is_active=False)
    for sku, title, category in (("1", "Green tea", "Tea"), ("2", "Black tea", "Tea"), ("3", "", ""), ("4", "Old", "")):
        gone = timezone.now() if title == "Old" else None
        Product.objects.create(code=f"p{sku}", sku=sku, title=title, category=category, archived_at=gone)
    AttributeDefinition.objects.create(key="milk", label="Milk", kind="choice", options=["oat", "cow"])


def test_what_is_offered(shop, business, other_business):
    assert choices("countries") == [("GB", "United Kingdom"), ("Narnia", "Narnia")]
    assert choices("tags") == [("t1", "VIP")]
    assert choices("archetypes") == [("a1", "Friends")]
    assert choices("tiers") == [("s", "Silver"), ("g", "Gold")]
    assert choices("stamp_cards") == []
    assert choices("channels") == [("store", "In the shop"), ("online", "online")]
    assert choices("businesses") == [(business.code, "Quayside"), (other_business.code, "Mill Lane")]
    assert choices("categories") == [("Tea", "Tea")]
    assert choices("attribute:milk") == [("oat", "oat"), ("cow", "cow")]
    assert choices("attribute:nothing") == []
    assert choices("languages")[:2] == [("en", "English"), ("de", "German")]


def test_words_narrow_what_is_offered(shop):
    assert choices("products", words="TEA") == [("p2", "Black tea"), ("p1", "Green tea")]
    assert choices("products", words="tea black") == [("p2", "Black tea")]
    assert choices("products", words="%") == []
    assert choices("countries", words="king") == [("GB", "United Kingdom")]
    with pytest.raises(KeyError):
        choices("planets")


def test_what_is_not_offered_any_more_is_named_and_said_to_be_gone(shop, django_assert_num_queries):
    asked = {"tags": ["t1", "t2", "t3"], "archetypes": ["a2"], "countries": ["DE", "Narnia"], "products": ["p3", "p4"]}
    with django_assert_num_queries(3):
        found = labels(asked)
    assert found == {
        ("tags", "t1"): "VIP",
        ("tags", "t2"): "press (gone)",
        ("tags", "t3"): "(gone)",
        ("archetypes", "a2"): "Rare (gone)",
        ("countries", "DE"): "Germany",
        ("countries", "Narnia"): "Narnia",
        ("products", "p3"): "3",
        ("products", "p4"): "Old (gone)",
    }


def test_labels_of_a_tree_even_of_one_that_is_not_finished(shop):
    condition = {"type": "condition", "field": "tags", "op": "has_one_of", "value": ["t1"]}
    where = [
        {"property": "category", "op": "is_one_of", "value": ["Tea"]},
        {"property": "product", "op": "is_none_of", "value": ["p1", 5]},
        {"property": "surprise", "op": "is"},
    ]
    unfinished = [
        {"type": "condition", "field": "surprise", "op": "is", "value": ["t2"]},
        {"type": "condition", "field": "archetype", "op": "is_one_of"},
        {"type": "condition", "field": "city", "op": "is", "value": "Leeds"},
        {"type": "condition", "field": "attribute:milk", "op": "is_one_of", "value": ["oat"]},
        {"type": "condition", "field": "orders_with", "op": "at_least", "value": 1, "where": where},
    ]
    rules = read({"version": 1, "match": {"type": "all", "of": [condition, *unfinished]}})
    fields = {**FIELDS, **{field.key: field for field in fields_of_customers()}}
    assert labels_of(rules, fields) == {
        ("tags", "t1"): "VIP",
        ("attribute:milk", "oat"): "oat",
        ("categories", "Tea"): "Tea",
        ("products", "p1"): "Green tea",
    }


def test_nothing_of_another_programme_is_offered_or_named(shop, other_programme):
    with tenant_context(other_programme):
        assert choices("tags") == []
        assert choices("countries") == []
        assert labels({"tags": ["t1"]}) == {("tags", "t1"): "(gone)"}
