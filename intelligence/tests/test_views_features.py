"""The dictionary of features and those of one customer: pages and API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.permissions import Role
from customers.actions.rollups import rebuild_rollups
from customers.models import Customer
from customers.tests.test_actions_facts import sale
from intelligence.actions.features import rebuild_features
from intelligence.features.registry import FEATURES
from programs.models import Programme, User
from screens.personal_data import sections
from screens.personal_data_words import say_value
from workspace.models import Business

PAGE, API = "/intelligence/features/", "/api/v1/intelligence/features"


@pytest.fixture
def ann(business: Business) -> Customer:
    customer, now = Customer.objects.create(first_name="Ann"), timezone.now()
    for number, days in enumerate((20, 10)):
        sale(business, customer, str(number), "12.50", placed_at=now - timedelta(days=days))
    rebuild_rollups(now=now)
    rebuild_features(now=now)
    return customer


def test_the_dictionary_says_what_is_usual(client_of: Callable[..., Client], analyst: User, ann: Customer) -> None:
    found = client_of(analyst).get(PAGE)
    content = found.content.decode()
    assert "1 customer from what they bought" in content
    rows = {
        usual.feature.key: (usual, median) for _family, rows in found.context["families"] for usual, median, *_ in rows
    }
    assert set(rows) == set(FEATURES)
    assert rows["net_spend"][1] == "£25.00"
    assert rows["returned_share"][1] == "0%"
    assert (rows["mean_gap_days"][1], rows["main_channel"][1], rows["main_channel"][0].customers) == ("10.0", "", 1)
    assert 'href="/intelligence/features/"' in client_of(analyst).get("/intelligence/rfm/").content.decode()


def test_before_the_first_counting_there_are_meanings_only(client_of: Callable[..., Client], owner: User) -> None:
    content = client_of(owner).get(PAGE).content.decode()
    assert "Not counted yet" in content
    assert "Different products" in content


def test_people_of_one_business_learn_no_figures_of_the_programme(
    client_of: Callable[..., Client],
    make_member: Callable[..., User],
    api: Callable[..., Client],
    business: Business,
    ann: Customer,
) -> None:
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=business))
    content = bound.get(PAGE).content.decode()
    assert "£25.00" not in content
    assert "Different products" in content
    assert bound.get(f"/intelligence/customers/{ann.code}/features/").status_code == 403
    assert (
        "features/"
        not in bound.get(f"/customers/{ann.code}/").content.decode().split("profile-rfm")[1].split("</section>")[0]
    )
    limited = api("read", business=business)
    told = limited.get(API).json()
    assert (told["counted_at"], told["customers"], told["features"][0]["median"]) == (None, None, None)
    assert limited.get(f"/api/v1/intelligence/customers/{ann.code}/features").status_code == 403


def test_one_customer(client_of: Callable[..., Client], owner: User, cashier: User, ann: Customer) -> None:
    browser, path = client_of(owner), f"/intelligence/customers/{ann.code}/features/"
    assert path in browser.get(f"/customers/{ann.code}/").content.decode()
    found = browser.get(path)
    said = {feature.key: value for _family, rows in found.context["families"] for feature, value in rows}
    assert set(said) == set(FEATURES)
    assert (said["orders"], said["net_spend"], said["recency_days"], said["favourite_product"]) == (
        "2",
        "£25.00",
        "10",
        "–",
    )
    ben = Customer.objects.create(first_name="Ben")
    assert "Nothing is known yet" in browser.get(f"/intelligence/customers/{ben.code}/features/").content.decode()
    assert browser.get("/intelligence/customers/nobody/features/").status_code == 404
    Customer.objects.filter(pk=ann.pk).update(state="erased")
    assert browser.get(path).status_code == 404
    assert client_of(cashier).get(path).status_code == 403


def test_a_download_of_somebodys_data_holds_them(ann: Customer) -> None:
    (section,) = [one for one in sections() if one.name == "features"]
    told = {row["feature"]: row["value"] for row in section.rows(ann)}
    assert (told["orders"], told["net_spend"]) == ("2", "25.00")
    assert "favourite_product" not in told
    assert say_value("feature", "orders", "GBP") == "How many times you bought"
    assert list(section.rows(Customer.objects.create(first_name="Ben"))) == []


def test_the_api_tells_the_dictionary_and_one_customer(
    api: Callable[..., Client], ann: Customer, other_programme: Programme
) -> None:
    caller = api("read")
    told = caller.get(API).json()
    assert told["customers"] == 1
    net = next(one for one in told["features"] if one["key"] == "net_spend")
    assert net == {
        "key": "net_spend",
        "name": "Spent",
        "unit": "the programme's currency",
        "kind": "money",
        "family": "refunds",
        "description": "The totals of all orders, less what was given back.",
        "sources": ["customers_refund", "customers_order"],
        "example": "54",
        "customers": 1,
        "low": 25.0,
        "median": 25.0,
        "high": 25.0,
    }
    path = f"/api/v1/intelligence/customers/{ann.code}/features"
    with CaptureQueriesContext(
        connection,
    ) as captured:
        found = caller.get(path).json()
    assert sum("intelligence_customerfeatures" in query["sql"] for query in captured) == 1
    assert found["customer_id"] == ann.code
    features = found["features"]
    assert set(features) == set(FEATURES)
    assert (features["orders"], features["net_spend"], features["mean_gap_days"]) == (2, "25.00", 10.0)
    assert features["favourite_product"] is None
    ben = Customer.objects.create(first_name="Ben")
    assert caller.get(f"/api/v1/intelligence/customers/{ben.code}/features").json()["features"] is None
    with tenant_context(other_programme):
        stranger = Customer.objects.create(first_name="Stranger")
    assert caller.get(f"/api/v1/intelligence/customers/{stranger.code}/features").status_code == 404
