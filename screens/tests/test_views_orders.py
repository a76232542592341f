"""One order: refunds by page with their points, cancelling, delivery, and who may do it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from core.permissions import Role
from customers.models import Event, Order, Refund, RefundLine
from customers.tests.test_actions_facts import sale
from loyalty.actions.points import add_points
from loyalty.audit import audit
from loyalty.models import Account, Transaction
from loyalty.operations import SaleLine
from programs.models import Programme, User
from workspace.models import AuditEntry, Business

PHONE = "+447700900142"


@pytest.fixture
def order(business: Business) -> Order:
    """Two mugs at 6.00 and a bowl at 8.00: 20 points."""
    posting = add_points(
        business=business.pk,
        phone=PHONE,
        amount=Decimal(20),
        reference="R-1",
        lines=[
            SaleLine(amount=Decimal(12), quantity=Decimal(2), title="Mug", sku="M"),
            SaleLine(amount=Decimal(8), title="Bowl", sku="B"),
        ],
        actor=SYSTEM,
        now=timezone.now(),
    )
    return Order.objects.get(code=posting.order)


def page_of(order: Order, act: str = "") -> str:
    return f"/orders/{order.code}/{act}"


def test_the_page_tells_all(client_of: Callable[..., Client], owner: User, order: Order) -> None:
    text = client_of(owner).get(page_of(order)).text
    for said in ("Order R-1", "Mug", "£12.00", "+20", "Placed", "Earned on £20.00", "In the shop"):
        assert said in text, said


def test_a_piece_goes_back_with_its_points(client_of: Callable[..., Client], owner: User, order: Order) -> None:
    browser = client_of(owner)
    sent = {"line-1": "1", "line-2": "", "amount": "", "reason": "Chipped"}
    assert browser.post(page_of(order, "refund/"), sent).status_code == 303
    refund = Refund.objects.get()
    assert (refund.total, refund.reason, refund.source) == (Decimal(6), "Chipped", "page")
    assert Account.objects.get().available == 14
    detail = browser.get(page_of(order)).context["detail"]
    assert (detail.points, detail.left, detail.lines[0].left) == (14, Decimal(14), Decimal(1))


def test_everything_has_a_step_of_its_own(client_of: Callable[..., Client], owner: User, order: Order) -> None:
    browser = client_of(owner)
    browser.post(page_of(order, "refund/"), {"line-1": "1"})
    empty = browser.post(page_of(order, "refund/"), {"line-1": "", "line-2": "", "amount": ""})
    assert (empty.status_code, Refund.objects.count()) == (422, 1)
    assert list(empty.context["form"].errors) == ["line-1"]
    asked = browser.get(page_of(order, "refund/everything/"))
    assert "Give back £14.00 of order R-1?" in asked.text
    sent = {"key": asked.context["form"]["key"].value(), "reason": "Moved away"}
    for _time in range(2):
        assert browser.post(page_of(order, "refund/everything/"), sent).status_code == 303
    order.refresh_from_db()
    assert (order.status, order.refunded_total, Account.objects.get().available) == ("refunded", Decimal(20), 0)
    assert Refund.objects.count() == 2
    came = Refund.objects.order_by("pk").last().lines.values_list("order_line__position", "quantity", "total")
    assert list(came.order_by("position")) == [(1, 1, 6), (2, 1, 8)], "its pieces are back on the shelf"
    assert "Nothing is left" in browser.get(page_of(order, "refund/")).text
    assert "Nothing is left" in browser.get(page_of(order, "refund/everything/")).text
    assert browser.post(page_of(order, "refund/everything/"), {"key": "later"}).status_code == 422


def test_a_refund_sent_twice_is_one(client_of: Callable[..., Client], owner: User, order: Order) -> None:
    browser = client_of(owner)
    key = browser.get(page_of(order, "refund/")).context["form"]["key"].value()
    for _time in range(2):
        assert browser.post(page_of(order, "refund/"), {"key": key, "line-1": "1"}).status_code == 303
    assert Refund.objects.get().total == Decimal(6)
    assert browser.post(page_of(order, "refund/"), {"key": key, "line-2": "1"}).status_code == 409, "another refund"
    too_many = browser.post(page_of(order, "refund/"), {"line-1": "2"})
    assert "At most 1 can come back." in too_many.text


def test_everything_after_an_amount_is_money_alone(client_of: Callable[..., Client], owner: User, order: Order) -> None:
    browser = client_of(owner)
    browser.post(page_of(order, "refund/"), {"amount": "1.00"})
    asked = browser.get(page_of(order, "refund/everything/"))
    assert "Money alone" in asked.text
    assert not asked.context["detail"].rest
    browser.post(page_of(order, "refund/everything/"), {"key": asked.context["form"]["key"].value()})
    assert not RefundLine.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"line-1": "0"},
        {"line-1": "3"},
        {"line-1": "-1"},
        {"amount": "20.01"},
        {"line-1": "1", "amount": "5"},
        {"amount": "much"},
    ],
)
def test_a_refund_that_cannot_be_writes_nothing(
    client_of: Callable[..., Client], owner: User, order: Order, sent: dict[str, str]
) -> None:
    assert client_of(owner).post(page_of(order, "refund/"), sent).status_code == 422
    assert not Refund.objects.exists()
    assert Account.objects.get().available == 20


def test_cancelling_takes_what_is_left_of_the_points(
    client_of: Callable[..., Client], owner: User, order: Order
) -> None:
    browser = client_of(owner)
    browser.post(page_of(order, "refund/"), {"line-2": "1"})
    for _again in range(2):
        assert browser.post(page_of(order, "cancel/")).status_code == 303
    order.refresh_from_db()
    assert (order.status, Account.objects.get().available, Account.objects.get().debt) == ("cancelled", 0, 0)
    assert Event.objects.filter(name="customers.order.cancelled").count() == 1
    assert [found.code for found in audit() if not found.is_kept] == []
    assert browser.post(page_of(order, "refund/"), {"amount": "1"}).status_code == 409


def test_cancelling_a_sale_without_points(client_of: Callable[..., Client], owner: User, business: Business) -> None:
    plain = sale(business, None, "R-2", "9.00")
    client_of(owner).post(page_of(plain, "cancel/"))
    plain.refresh_from_db()
    assert plain.status == "cancelled"
    assert Event.objects.get(name="customers.order.cancelled").data == {"order": plain.code, "total": "9.0000"}
    gone = sale(business, None, "R-3", "9.00", status="refunded")
    assert client_of(owner).post(page_of(gone, "cancel/")).status_code == 409
    assert not Transaction.objects.exists()


def test_delivery(client_of: Callable[..., Client], owner: User, analyst: User, order: Order) -> None:
    for _again in range(2):
        client_of(owner).post(page_of(order, "fulfilment/"), {"fulfilment_status": "partial"})
    order.refresh_from_db()
    assert order.fulfilment_status == "partial"
    assert AuditEntry.objects.filter(action="customers.order.changed").count() == 1
    assert client_of(analyst).post(page_of(order, "fulfilment/")).status_code == 403


def test_who_may_not(
    client_of: Callable[..., Client],
    analyst: User,
    make_member: Callable[..., User],
    order: Order,
    other_business: Business,
    other_programme: Programme,
) -> None:
    for act in ("refund/", "refund/everything/", "cancel/"):
        assert client_of(analyst).post(page_of(order, act)).status_code == 403
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=other_business))
    for method, act in (("get", ""), ("get", "refund/"), ("post", "refund/everything/"), ("post", "cancel/")):
        assert getattr(bound, method)(page_of(order, act)).status_code == 404
    order.refresh_from_db()
    assert order.status == "paid"


def listed(browser: Client, **query: str) -> set[str]:
    return {row.number for row in browser.get("/orders/", query).context["rows"].rows}


def test_filters_of_the_list(client_of: Callable[..., Client], owner: User, order: Order, business: Business) -> None:
    sale(business, None, "R-2", "50.00", channel="online", fulfilment_status="partial")
    browser = client_of(owner)
    assert listed(browser, channel="online") == {"R-2"}
    assert listed(browser, fulfilment="partial") == {"R-2"}
    assert listed(browser, min="20.01") == {"R-2"}
    assert listed(browser, max="20") == {"R-1"}
    assert listed(browser, product=order.lines.first().product.code) == {"R-1"}
    assert listed(browser, customer=order.customer.code) == {"R-1"}
    assert listed(browser, channel="carrier pigeon", product="nothing1") == {"R-1", "R-2"}


def test_the_list_of_refunds(
    client_of: Callable[..., Client],
    owner: User,
    make_member: Callable[..., User],
    order: Order,
    other_business: Business,
) -> None:
    browser = client_of(owner)
    browser.post(page_of(order, "refund/"), {"line-1": "1", "reason": "Chipped"})
    assert browser.get(page_of(order)).text.count("Chipped") == 2, "of the refund, and of its points"
    rows = browser.get("/refunds/", {"q": "R-1"}).context["rows"].rows
    assert [(row.total, row.reason, row.order) for row in rows] == [(Decimal(6), "Chipped", "R-1")]
    assert [field.name for field in browser.get("/refunds/").context["form"]] == ["q", "business", "from", "to"]
    later = (timezone.now() + timedelta(days=2)).date()
    assert browser.get("/refunds/", {"from": str(later)}).context["rows"].rows == []
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=other_business))
    assert bound.get("/refunds/").context["rows"].rows == []


def test_another_programme_has_none_of_it(
    client_of: Callable[..., Client], owner: User, order: Order, other_programme: Programme
) -> None:
    with tenant_context(other_programme):
        shop = Business.objects.create(name="Meadow Inn")
        elsewhere = sale(shop, None, "X", "5.00")
    browser: Any = client_of(owner)
    assert browser.get(page_of(elsewhere)).status_code == 404
    assert browser.post(page_of(elsewhere, "cancel/")).status_code == 404
