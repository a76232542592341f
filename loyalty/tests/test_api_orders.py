"""Orders over HTTP: one sale function, with points or without."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from django_tenants.utils import tenant_context

from customers.models import Customer, Event, Identifier, Order, Product, Refund
from loyalty.models import Account
from loyalty.tests.given import PHONE
from workspace.models import AuditEntry, Business

ORDERS = "/api/v1/orders/"
LINES = [{"amount": "12.00", "quantity": "2", "title": "Mug", "sku": "M-1"}, {"amount": "8.00", "title": "Bowl"}]


def send(client, path, body, key="", method="post"):
    headers = {"idempotency-key": key} if key else {}
    return getattr(client, method)(path, json.dumps(body), content_type="application/json", headers=headers)


@pytest.fixture
def body(business):
    return {"business_id": business.code, "reference": "W-1", "total": "20.00", "lines": LINES}


def test_a_sale_with_a_customer_earns(api, body):
    sent = {**body, "customer_phone_number": PHONE, "channel": "online", "shipping": "4.50", "number": "#1"}
    answer = send(api("write"), ORDERS, sent)
    assert answer.status_code == 201, answer.content
    order = Order.objects.get()
    given = answer.json()
    assert (given["id"], given["points_earned"], given["channel"], given["shipping"]) == (
        order.code,
        20,
        "online",
        "4.50",
    )
    assert [(line["sku"], line["quantity"], line["total"]) for line in given["lines"]] == [
        ("M-1", "2", "12.00"),
        (None, "1", "8.00"),
    ]
    assert Account.objects.get().available == 20
    again = send(api("write"), ORDERS, {**sent, "channel": "phone"})
    assert (again.status_code, again.json()["channel"], Order.objects.count()) == (201, "online", 1)
    assert Account.objects.get().available == 20


def test_a_sale_without_points(api, body):
    anonymous = send(api("write"), ORDERS, body).json()
    assert (anonymous["points_earned"], anonymous["customer_id"]) == (None, None)
    ann = Customer.objects.create(first_name="Ann")
    sent = {**body, "reference": "W-2", "customer_id": ann.code, "earns_points": False}
    assert send(api("write"), ORDERS, sent).json()["customer_id"] == ann.code
    assert not Account.objects.exists()
    assert Product.objects.get().sku == "M-1"
    assert Event.objects.filter(name="customers.order.placed").count() == 2
    assert AuditEntry.objects.filter(action="customers.order.placed").count() == 2


def test_a_sale_without_points_is_its_customers_by_number_too(api, body):
    known = Customer.objects.create(first_name="Ann", phone="+447700900123")
    Identifier.objects.create(customer=known, kind=Identifier.Kind.PHONE, value=known.phone)
    for number, reference in ((PHONE, "W-3"), ("020 7946 0999", "W-4")):
        sent = {**body, "reference": reference, "customer_phone_number": number, "earns_points": False}
        assert send(api("write"), ORDERS, sent).json()["points_earned"] is None
    assert Order.objects.get(reference="W-3").customer == known
    assert Order.objects.get(reference="W-4").customer.phone == "+442079460999"
    assert not Account.objects.exists()


def test_the_same_reference_with_another_meaning(api, body):
    send(api("write"), ORDERS, body)
    for changes in ({"total": "21.00"},):
        answer = send(api("write"), ORDERS, {**body, **changes})
        assert (answer.status_code, answer.json()["code"]) == (409, "order_known")
    assert Order.objects.get().total == Decimal(20)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"reference": None}, 422),
        ({"total": "0"}, 422),
        ({"total": "19.99"}, 422),
        ({"business_id": "nothing1"}, 404),
        ({"customer_id": "nothing1"}, 404),
        ({"placed_at": "2999-01-01T00:00Z"}, 422),
        ({"tax": "1.005"}, 422),
        ({"colour": "red"}, 422),
    ],
)
def test_refusals_write_nothing(api, body, changes, status):
    assert send(api("write"), ORDERS, {**body, **changes}).status_code == status
    assert not Order.objects.exists()
    assert not Event.objects.exists()


def test_without_reference_a_key_is_needed(api, body):
    del body["reference"]
    client = api("write")
    refused = send(client, ORDERS, body)
    assert refused.json()["code"] == "idempotency_key_required"
    first, again = send(client, ORDERS, body, "k"), send(client, ORDERS, body, "k")
    assert first.json() == again.json()
    assert Order.objects.count() == 1


def test_scopes(api, body, other_business):
    assert send(api("read"), ORDERS, body).status_code == 403
    with_customer = {**body, "customer_phone_number": PHONE}
    assert send(api("orders:write"), ORDERS, with_customer).status_code == 403
    assert send(api("write", business=other_business), ORDERS, body).status_code == 404
    assert not Order.objects.exists()


def test_changing_cancelling_and_refunding(api, body, other_programme):
    client = api("write")
    code = send(client, ORDERS, {**body, "customer_phone_number": PHONE}).json()["id"]
    changed = send(client, f"{ORDERS}{code}", {"fulfilment_status": "partial"}, method="patch")
    assert changed.json()["fulfilment_status"] == "partial"
    assert send(client, f"{ORDERS}{code}", {"total": "1.00"}, method="patch").status_code == 422
    back = send(client, "/api/v1/refunds/", {"order_id": code, "lines": [{"position": 2}], "refund_ref": "RF-1"})
    assert (back.status_code, back.json()["points"]) == (201, -8)
    listed = client.get("/api/v1/refunds/", {"order_id": code}).json()["data"]
    assert [(row["id"], row["total"]) for row in listed] == [(Refund.objects.get().code, "8.00")]
    one = client.get(f"/api/v1/refunds/{listed[0]['id']}").json()
    assert [(line["order_position"], line["total"]) for line in one["lines"]] == [(2, "8.00")]
    for _again in range(2):
        assert send(client, f"{ORDERS}{code}/cancel", {}).json()["status"] == "cancelled"
    assert Account.objects.get().available == 0
    with tenant_context(other_programme):
        shop = Business.objects.create(name="Meadow Inn")
        elsewhere = Order.objects.create(
            business=shop, source="api", reference="x", placed_at="2026-01-01T00:00Z", total=5
        )
    assert send(client, f"{ORDERS}{elsewhere.code}/cancel", {}).status_code == 404


def test_filters(api, body):
    client = api("write")
    code = send(client, ORDERS, body).json()["id"]
    send(client, ORDERS, {**body, "reference": "W-2", "total": "50.00", "lines": [], "channel": "online"})

    def references(**query):
        return [row["reference"] for row in client.get(ORDERS, query).json()["data"]]

    product = client.get(f"{ORDERS}{code}").json()["lines"][0]["product_id"]
    assert references(product_id=product) == ["W-1"]
    assert references(channel="online") == ["W-2"]
    assert references(total_max="20") == ["W-1"]
