"""The list of orders and one order: search, filters, and whose they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from core.permissions import Role
from customers.models import Customer, Order, OrderLine
from customers.tests.test_actions_facts import refund, sale
from programs.models import User
from workspace.models import Business

ORDERS = "/orders/"
MIDNIGHT = datetime(2026, 6, 16, 23, 0, tzinfo=UTC)  # of 17 June in London


@pytest.fixture
def orders(business: Business, other_business: Business) -> dict[str, Order]:
    ann = Customer.objects.create(first_name="Ann", last_name="Lee", email="ann@example.com")
    tom = Customer.objects.create(first_name="Tom", last_name="Anner")
    return {
        "shown": sale(business, ann, "ref-1", "10.00", placed_at=MIDNIGHT, number="No 7"),
        "next door": sale(other_business, ann, "ref-1", "20.00", placed_at=MIDNIGHT - timedelta(microseconds=1)),
        "tom's": sale(business, tom, "ref-2", "30.00", placed_at=MIDNIGHT + timedelta(days=1), status="refunded"),
        "nobody's": sale(business, None, "ref-3", "40.00", placed_at=MIDNIGHT - timedelta(days=2)),
    }


def found(client: Client, **query: str) -> set[str]:
    return {str(row.total) for row in client.get(ORDERS, query).context["rows"].rows}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("No 7", {"10.0000"}),
        ("ref-1", {"10.0000", "20.0000"}),
        ("ref-2", {"30.0000"}),
        ("ann", {"10.0000", "20.0000", "30.0000"}),
        ("LEE ann", {"10.0000", "20.0000"}),
        ("ann@example.com", {"10.0000", "20.0000"}),
        ("ref", set()),
        ("%", set()),
    ],
)
def test_search(
    client_of: Callable[..., Client], owner: User, orders: dict[str, Order], typed: str, expected: set[str]
) -> None:
    assert found(client_of(owner), q=typed) == expected


def test_search_by_the_public_id(client_of: Callable[..., Client], owner: User, orders: dict[str, Order]) -> None:
    assert found(client_of(owner), q=orders["nobody's"].code.upper()) == {"40.0000"}


def test_filters_of_days_status_and_shop(
    client_of: Callable[..., Client], owner: User, orders: dict[str, Order], business: Business
) -> None:
    browser = client_of(owner)
    day = {"from": "2026-06-17", "to": "2026-06-17"}
    assert found(browser, **day) == {"10.0000"}, "a day of London"
    assert found(browser, to="2026-06-16") == {"20.0000", "40.0000"}
    assert found(browser, status="refunded") == {"30.0000"}
    assert found(browser, business=business.code, q="ref-1") == {"10.0000"}
    assert found(browser, status="lost", business="x", **{"from": "soon"}) == {
        "10.0000",
        "20.0000",
        "30.0000",
        "40.0000",
    }


def test_people_of_one_business_find_its_orders_only(
    client_of: Callable[..., Client], make_member: Callable[..., User], orders: dict[str, Order], business: Business
) -> None:
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=business))
    assert found(bound, q="ref-1") == {"10.0000"}
    assert found(bound, q="ann lee") == {"10.0000"}
    assert found(bound, q=orders["next door"].code) == set()
    assert bound.get(f"{ORDERS}{orders['next door'].code}/").status_code == 404


def test_a_link_names_no_customer_of_another_business(
    client_of: Callable[..., Client],
    owner: User,
    make_member: Callable[..., User],
    orders: dict[str, Order],
    other_business: Business,
) -> None:
    tom = orders["tom's"].customer
    assert tom is not None
    neighbour = make_member("ned@example.com", Role.MANAGER, business=other_business)
    assert "Tom" in client_of(owner).get(ORDERS, {"customer": tom.code}).text
    assert "Tom" not in client_of(neighbour).get(ORDERS, {"customer": tom.code}).text


def test_one_order_with_its_lines_and_what_came_back(
    client_of: Callable[..., Client], owner: User, orders: dict[str, Order], business: Business
) -> None:
    order = orders["shown"]
    OrderLine.objects.create(
        order=order, position=1, title="Red mug", quantity=2, unit_price=Decimal("5.00"), total=Decimal("10.00")
    )
    refund(business, order.customer, "r", "2.50", order=order, refunded_at=MIDNIGHT, reason="Chipped")
    content = client_of(owner).get(f"{ORDERS}{order.code}/").text
    for text in ("No 7", "Red mug", "£10.00", "£2.50", "Chipped", "Ann Lee"):
        assert text in content
    assert client_of(owner).get(f"{ORDERS}aaaaaaaa/").status_code == 404
