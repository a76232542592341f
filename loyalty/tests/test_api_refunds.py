"""Refunds over HTTP."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from django_tenants.utils import tenant_context

from customers.models import Order, Refund
from loyalty.models import Account
from loyalty.operations import SaleLine
from workspace.models import Business

REFUND = "/api/v1/transactions/refund"


def post(client, body, key=""):
    headers = {"idempotency-key": key} if key else {}
    return client.post(REFUND, json.dumps(body), content_type="application/json", headers=headers)


def test_a_line_goes_back_with_its_points(api, add):
    posted = add("20", lines=[SaleLine(amount=Decimal(8)), SaleLine(amount=Decimal(12))])
    response = post(api("write"), {"order_id": posted.order, "lines": [{"position": 2}], "refund_ref": "RF-1"})
    assert response.status_code == 201, response.content
    refund = Refund.objects.get()
    reversal = Account.objects.get().transactions.get(kind="reverse")
    assert response.json() == {
        "id": refund.code,
        "order_id": posted.order,
        "order_status": "part_refunded",
        "reference": "RF-1",
        "total": "12.00",
        "points": -12,
        "transaction_id": reversal.code,
        "balance": 8,
        "debt": 0,
    }


def test_a_key_makes_it_one_refund(api, add):
    posted = add("20")
    body = {"order_id": posted.order, "amount": "5.00"}
    client = api("write")
    first, again = post(client, body, "k"), post(client, body, "k")
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Account.objects.get().available == 15
    other = post(client, {**body, "amount": "6.00"}, "k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"refund_ref": ""}, 422, "invalid"),
        ({"refund_ref": None}, 422, "invalid"),
        ({"order_id": "nothing"}, 404, "unknown_order"),
        ({"amount": "21"}, 422, "more_than_sold"),
        ({"amount": "0"}, 422, "invalid"),
        ({"amount": "x"}, 422, "invalid"),
        ({"lines": [{"position": 1}], "amount": "1"}, 422, "invalid"),
        ({"lines": [{"position": 7}]}, 422, "invalid"),
        ({}, 422, "invalid"),
        ({"lines": []}, 422, "invalid"),
        ({"everything": False}, 422, "invalid"),
        ({"everything": True, "amount": "1"}, 422, "invalid"),
    ],
)
def test_what_is_wrong_is_said(changes, status, code, api, add):
    posted = add("20")
    response = post(api("write"), {"order_id": posted.order, "refund_ref": "R", **changes})
    assert (response.status_code, response.json()["code"]) == (status, code), response.content
    assert not Refund.objects.exists()


def test_everything_is_said(api, add):
    posted = add("20", lines=[SaleLine(amount=Decimal(8), quantity=Decimal(2)), SaleLine(amount=Decimal(12))])
    client, body = api("write"), {"order_id": posted.order, "everything": True, "refund_ref": "RF-1"}
    first, again = post(client, body), post(client, body)
    assert (first.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert (first.json()["total"], first.json()["points"], first.json()["order_status"]) == ("20.00", -20, "refunded")
    assert list(Refund.objects.get().lines.order_by("position").values_list("quantity", "total")) == [(2, 8), (1, 12)]
    assert post(client, {**body, "refund_ref": "RF-2"}).json()["code"] == "more_than_sold"


def test_neither_key_nor_reference_is_refused(api, add):
    posted = add("20")
    response = post(api("write"), {"order_id": posted.order})
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_required")


def test_a_key_that_only_reads_cannot(api, add):
    posted = add("20")
    assert post(api("read"), {"order_id": posted.order, "refund_ref": "R"}).status_code == 403


def test_another_programmes_order_is_not_there(api, business, other_programme, now):
    with tenant_context(other_programme):
        shop = Business.objects.create(name="Elsewhere")
        theirs = Order.objects.create(business=shop, source="x", reference="R", placed_at=now, total=Decimal(10))
    client = api("write")
    assert post(client, {"order_id": theirs.code, "refund_ref": "R"}).status_code == 404
    assert post(client, {"business_id": shop.code, "order_ref": "R", "refund_ref": "R"}).status_code == 404
    with tenant_context(other_programme):
        assert not Refund.objects.exists()
