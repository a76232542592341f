"""An order entered by hand: its lines, whose it is, its points, and that it is recorded once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from core.permissions import Role
from customers.models import Customer, Order, Product
from customers.tests.queries import own_queries
from loyalty.models import Account
from programs.models import Membership, Programme, User
from workspace.models import AuditEntry, Business

PAGE, DRAFT = "/orders/add/", "/orders/add/draft/"
PHONE = "020 7946 0018"


@pytest.fixture
def products(programme: Programme) -> None:
    Product.objects.create(sku="M-1", title="Mug", price=Decimal("6.00"), barcode="4006381333931")
    Product.objects.create(sku="B-1", title="Bowl")


@pytest.fixture
def sent(business: Business, products: None) -> dict[str, str]:
    """Two mugs at their price and half a bowl at eight pounds."""
    return {
        "key": "k", "business": business.code, "customer": PHONE, "placed_at": "", "reference": "", "earns": "on",
        "product-0": "M-1", "quantity-0": "2", "price-0": "",
        "product-1": "B-1", "quantity-1": "0.5", "price-1": "8",
        "product-2": "", "quantity-2": "", "price-2": "",
    }  # fmt: skip


def test_a_sale_with_its_points_is_recorded_once(
    client_of: Callable[..., Client], owner: User, sent: dict[str, str]
) -> None:
    browser = client_of(owner)
    assert "Record the order" in browser.get(PAGE).text
    first, again = browser.post(PAGE, sent), browser.post(PAGE, sent)
    order = Order.objects.get()
    assert [(one.status_code, one.url) for one in (first, again)] == [(303, f"/orders/{order.code}/")] * 2
    assert (order.total, order.source, order.customer.phone) == (Decimal(16), "page", "+442079460018")
    assert list(order.lines.order_by("position").values_list("product__sku", "quantity", "total")) == [
        ("M-1", Decimal(2), Decimal(12)),
        ("B-1", Decimal("0.5"), Decimal(4)),
    ]
    assert Account.objects.get().available == 16
    other = browser.post(PAGE, {**sent, "quantity-0": "3"})
    assert "This form has recorded something else before" in other.text
    assert other.context["form"]["key"].value() != "k"
    assert Order.objects.count() == 1


def test_who_when_and_without_points(client_of: Callable[..., Client], owner: User, sent: dict[str, str]) -> None:
    priya = Customer.objects.create(first_name="Priya", last_name="Shah", email="priya@example.org")
    browser = client_of(owner)
    link = f"{PAGE}?customer={priya.code}"
    assert link in browser.get(f"/customers/{priya.code}/", {"tab": "orders"}).text
    assert browser.get(link).context["form"]["customer"].value() == "priya@example.org"
    said = {**sent, "customer": "priya shah", "placed_at": "2026-06-17T10:30", "reference": "A-7"}
    del said["earns"]
    assert browser.post(PAGE, said).status_code == 303
    order = Order.objects.get()
    assert (order.customer, order.reference) == (priya, "A-7")
    assert order.placed_at == datetime(2026, 6, 17, 9, 30, tzinfo=UTC), "half past ten in London"
    assert not Account.objects.exists()
    known = browser.post(PAGE, {**said, "key": "k2", "quantity-0": "1"})
    assert (known.status_code, list(known.context["form"].errors)) == (409, ["reference"])
    assert browser.post(PAGE, {**sent, "key": "k3", "customer": ""}).status_code == 303
    assert AuditEntry.objects.filter(action="customers.order.placed").count() == 2
    assert Order.objects.filter(customer=None, total=16).count() == 1


def test_a_draft_shows_the_total_and_records_nothing(
    client_of: Callable[..., Client], owner: User, sent: dict[str, str]
) -> None:
    browser = client_of(owner)
    sent |= {"customer": "nobody at all", "product-2": "4006381333931"}
    answer = browser.post(DRAFT, {**sent, "more": "1"})
    form = answer.context["form"]
    assert (answer.status_code, form.total, len(form.rows), form.errors) == (200, Decimal(22), 4, {})
    assert "£22.00" in answer.text
    focused = [name for name, field in form.fields.items() if "autofocus" in field.widget.attrs]
    assert focused == ["product-3"], "the first empty one"
    assert "0.5 × Bowl" in answer.text
    part = browser.post(DRAFT, sent, headers={"HX-Request": "true", "HX-Target": "entry-total"}).text
    assert "£22.00" in part
    assert "<form" not in part
    half = browser.post(DRAFT, {**sent, "product-1": "nothing"})
    assert (half.context["form"].total, list(half.context["form"].errors)) == (Decimal(18), ["product-1"])
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"product-0": "", "quantity-0": "", "product-1": "", "quantity-1": "", "price-1": ""}, "product-0"),
        ({"product-0": "nothing"}, "product-0"),
        ({"product-0": ""}, "product-0"),
        ({"quantity-0": "0"}, "quantity-0"),
        ({"quantity-0": "many"}, "quantity-0"),
        ({"price-1": ""}, "price-1"),
        ({"price-1": "-1"}, "price-1"),
        ({"price-1": "0.01", "quantity-1": "0.001"}, "price-1"),
        ({"customer": "nobody at all"}, "customer"),
        ({"placed_at": "yesterday"}, "placed_at"),
        ({"placed_at": "2999-01-01T10:00"}, "placed_at"),
        ({"business": "other"}, "business"),
        ({"key": ""}, "key"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    client_of: Callable[..., Client], owner: User, sent: dict[str, str], changes: dict[str, str], field: str
) -> None:
    answer = client_of(owner).post(PAGE, {**sent, **changes})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert not Order.objects.exists()
    assert not Account.objects.exists()


def test_who_may_and_where(
    client_of: Callable[..., Client],
    make_member: Callable[..., User],
    owner: User,
    analyst: User,
    sent: dict[str, str],
    business: Business,
    other_business: Business,
    programme: Programme,
    other_programme: Programme,
) -> None:
    for path in (PAGE, DRAFT):
        assert client_of(analyst).post(path, sent).status_code == 403
    assert client_of(owner).get(DRAFT).status_code == 405
    assert PAGE not in client_of(analyst).get("/orders/").text
    assert PAGE in client_of(owner).get("/orders/").text
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=other_business))
    assert list(bound.post(PAGE, sent).context["form"].errors) == ["business"]
    Customer.objects.create(first_name="Priya", last_name="Shah")
    unseen = bound.post(PAGE, {**sent, "business": other_business.code, "customer": "priya shah"})
    assert list(unseen.context["form"].errors) == ["customer"]
    assert not Order.objects.exists()
    with tenant_context(other_programme):
        there = Business.objects.create(name="Meadow Inn")
        Product.objects.create(sku="M-1", price=Decimal(1))
        Product.objects.create(sku="B-1")
        Membership.objects.create(user=owner, programme=other_programme, role=Role.OWNER)
    assert client_of(owner).post(PAGE, sent).status_code == 303
    assert client_of(owner, on=other_programme).post(PAGE, {**sent, "business": there.code}).status_code == 303
    with tenant_context(other_programme):
        assert Order.objects.get().total == 6
    with tenant_context(programme):
        assert Order.objects.get().total == 16


def test_a_draft_costs_the_same_for_more_lines(
    client_of: Callable[..., Client], owner: User, sent: dict[str, str]
) -> None:
    browser = client_of(owner)
    for number in range(3, 20):
        Product.objects.create(sku=f"P{number}", price=Decimal(2))

    def queries(rows: int) -> int:
        lines = {f"product-{number}": f"P{number}" for number in range(3, rows)}
        with CaptureQueriesContext(connection) as captured:
            browser.post(DRAFT, {**sent, **lines})
        return own_queries(captured)

    queries(4)
    assert queries(4) == queries(20)
