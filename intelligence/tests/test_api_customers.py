"""What is expected of one customer, over the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django_tenants.utils import tenant_context

from customers.actions.facts import refresh_order_facts
from customers.actions.scores import MONEY
from customers.models import Customer, CustomerScores, Identifier
from customers.tests.test_actions_facts import sale
from programs.models import Programme
from workspace.models import Business

PATH = "/api/v1/intelligence/customers/"
AT = datetime(2026, 6, 10, 12, tzinfo=UTC)


@pytest.fixture
def ann(business: Business) -> Customer:
    customer = Customer.objects.create(first_name="Ann", email="ann@example.com", external_id="A 17")
    Identifier.objects.create(kind="external", value="A 17", customer=customer)
    for number, total in enumerate(("10.00", "15.00", "20.01")):
        sale(business, customer, str(number), total, placed_at=AT + timedelta(days=number))
    refresh_order_facts(None)
    money = {name: Decimal(place) + Decimal("0.5") for place, name in enumerate(MONEY, start=1)}
    CustomerScores.objects.create(
        customer=customer, churn=0.1234, horizon_days=56, band="low", next_purchase_on=date(2026, 7, 1),
        computed_on=date(2026, 6, 16), updated_at=AT, **money,
    )  # fmt: skip
    return customer


def test_one_customer_is_told_by_our_id_and_by_the_shops(api: Callable[..., Client], ann: Customer) -> None:
    expected = {
        "customer_id": ann.code, "external_id": "A 17", "email": "ann@example.com", "total_orders": 3,
        "avg_order_value": "15.00", "rfm_group": "", "ltv": "3.50", "ltv_horizon_months": 12,
        "ltv_interval": {"low": "4.50", "high": "5.50"}, "ltv_3_months": "1.50", "ltv_6_months": "2.50",
        "churn_risk": 0.1234, "churn_horizon_days": 56, "churn_band": "low", "value_at_risk": "6.50",
        "archetype": None, "confidence": None,
            "second_archetype": None, "next_purchase": "2026-07-01",
            "known_on": "2026-06-16", "updated_at": "2026-06-10T12:00:00Z",
    }  # fmt: skip
    caller = api("read")
    assert caller.get(f"{PATH}{ann.code}").json() == expected
    assert caller.get(PATH, {"external_id": "A 17"}).json() == expected


def test_who_never_bought_has_no_forecast(api: Callable[..., Client], business: Business) -> None:
    found = api("read").get(f"{PATH}{Customer.objects.create(first_name='Ben').code}").json()
    assert (found["total_orders"], found["avg_order_value"], found["ltv_horizon_months"]) == (0, None, 12)
    told = ("ltv", "ltv_interval", "churn_risk", "churn_band", "next_purchase", "known_on", "updated_at")
    assert {found[name] for name in told} == {None}


def test_nobody_is_told_of_others(
    api: Callable[..., Client], ann: Customer, business: Business, other_programme: Programme
) -> None:
    with tenant_context(other_programme):
        stranger = Customer.objects.create(first_name="Stranger", external_id="S 1")
        Identifier.objects.create(kind="external", value="S 1", customer=stranger)
    caller = api("read")
    assert caller.get(f"{PATH}{stranger.code}").status_code == 404
    assert caller.get(PATH, {"external_id": "S 1"}).status_code == 404
    assert caller.get(PATH, {"external_id": "nobody"}).json()["code"] == "not_found"
    assert caller.get(PATH).status_code == 422
    limited = api("read", business=business)
    assert limited.get(f"{PATH}{ann.code}").status_code == 403
    assert limited.get(PATH, {"external_id": "A 17"}).status_code == 403
