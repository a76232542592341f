"""Affiliates over HTTP: kept, tracked, paid; scopes, keys, and what people of one business see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from customers.models import Order
from loyalty.actions.affiliate_commissions import settle_orders
from loyalty.models import Affiliate, AffiliateCustomer, AffiliateLine, AffiliatePayout
from loyalty.tests.test_api_points import ADD, post

LIST, TRACK = "/api/v1/affiliates/", "/api/v1/affiliates/track"
BUYER = "07700 900150"


@pytest.fixture
def made(api):
    body = {"name": "Harbour Blog", "affiliate_code": "blog", "percent": "10.00", "hold_days": 0}
    answer = post(api("admin"), LIST, body, key="make")
    assert answer.status_code == 201, answer.content
    return answer.json()


@pytest.fixture
def sold(api, made, business):
    client = api("write")
    assert post(client, TRACK, {"affiliate_code": "BLOG", "new_customer_phone_number": BUYER}).status_code == 201
    sale = {"business_id": business.code, "customer_phone_number": BUYER, "amount_spent": 50}
    assert post(client, ADD, sale, key="sale").status_code == 201
    settle_orders(list(Order.objects.values_list("pk", flat=True)), now=timezone.now())
    AffiliateLine.objects.update(payable_at=timezone.now() - timedelta(minutes=1))
    return f"{LIST}{made['id']}"


def change(client, path, body):
    return client.patch(path, body, content_type="application/json")


def test_an_affiliate_is_made_once_read_changed_and_ended(api, made):
    client = api("admin")
    assert made["affiliate_code"] == "BLOG"
    assert made["link"].endswith("/p/a/blog/")
    assert (made["state"], made["rule"], made["percent"], made["balance"]) == ("active", "percent", "10.00", "0.00")
    body = {"name": "Ann", "affiliate_code": "ann-1", "percent": "5"}
    first, again = (post(client, LIST, body, key="make") for _time in range(2))
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    taken = post(client, LIST, {**body, "affiliate_code": "Blog"}, key="other")
    assert (taken.status_code, taken.json()["code"]) == (422, "loyalty.affiliate_code_taken")
    changed = change(client, f"{LIST}{made['id']}", {"rule": "sale", "amount": "3.50", "state": "paused"})
    assert (changed.json()["rule"], changed.json()["amount"], changed.json()["state"]) == ("sale", "3.50", "paused")
    wrong = change(client, f"{LIST}{made['id']}", {"window_days": 0})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "window_days")
    unknown = change(client, f"{LIST}{made['id']}", {"window": 3})
    assert unknown.status_code == 422
    assert client.delete(f"{LIST}{made['id']}").status_code == 204
    rows = client.get(LIST).json()["data"]
    assert [(row["name"], row["state"]) for row in rows] == [("Ann", "active"), ("Harbour Blog", "ended")]
    assert [row["name"] for row in client.get(LIST, {"state": "active"}).json()["data"]] == ["Ann"]


def test_scopes_keep_readers_from_writing(api, made):
    reader = api("read")
    assert reader.get(f"{LIST}{made['id']}").status_code == 200
    assert post(reader, LIST, {"name": "x"}).status_code == 403
    assert post(api("write"), LIST, {"name": "x"}).status_code == 403
    assert post(reader, f"{LIST}{made['id']}/payouts", {}).status_code == 403
    assert post(reader, TRACK, {}).status_code == 403


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"affiliate_code": "nobody"}, 404, "loyalty.unknown_affiliate"),
        ({"new_customer_phone_number": "12"}, 422, "invalid_phone"),
        ({"business_id": "nothing0"}, 404, "unknown_business"),
        ({"code": "x"}, 422, "invalid"),
    ],
)
def test_bad_tracking_is_refused_by_code(api, made, changes, status, code):
    body = {"affiliate_code": "blog", "new_customer_phone_number": BUYER, **changes}
    refused = post(api("write"), TRACK, body)
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.content
    assert not AffiliateCustomer.objects.exists()


def test_who_comes_buys_and_is_paid_for(api, sold):
    client = api("admin")
    assert client.get(sold).json()["payable"] == "5.00"
    first = post(client, f"{sold}/payouts", {}, key="pay")
    assert first.status_code == 201, first.content
    body = first.json()
    assert (body["number"], body["amount"], body["state"], body["line_count"]) == (1, "5.00", "open", 1)
    assert post(client, f"{sold}/payouts", {}, key="pay").json() == body
    empty = post(client, f"{sold}/payouts", {}, key="more")
    assert (empty.status_code, empty.json()["code"]) == (409, "loyalty.nothing_to_pay")
    one = f"{sold}/payouts/{body['id']}"
    (line,) = client.get(f"{one}/lines").json()["data"]
    assert (line["kind"], line["amount"], line["order_id"]) == ("earned", "5.00", Order.objects.get().code)
    paid = post(client, f"{one}/pay", {"reference": "SEPA 1"}, key="paid").json()
    assert (paid["state"], paid["reference"]) == ("paid", "SEPA 1")
    late = post(client, f"{one}/cancel", {}, key="no")
    assert (late.status_code, late.json()["code"]) == (409, "loyalty.payout_over")
    assert client.get(one).json() == paid
    assert client.get(sold).json()["paid"] == "5.00"
    (month,) = client.get(f"{sold}/months").json()["months"]
    assert (month["customers"], month["sales"], month["earned"], month["balance"]) == (1, 1, "5.00", "0.00")


def test_a_payout_of_another_affiliate_is_not_there(api, sold):
    client = api("admin")
    code = post(client, f"{sold}/payouts", {}).json()["id"]
    other = post(client, LIST, {"name": "Other", "percent": "5"}).json()["id"]
    for act in ("pay", "cancel"):
        assert post(client, f"{LIST}{other}/payouts/{code}/{act}", {}).status_code == 404
    assert client.get(f"{LIST}{other}/payouts/{code}").status_code == 404
    assert AffiliatePayout.objects.get().state == "open"


def test_a_key_of_one_business_sees_what_its_sales_made(api, sold, business, other_business):
    here, there = api("admin", business=business), api("admin", business=other_business)
    assert here.get(sold).json()["payable"] == "5.00"
    assert there.get(sold).json()["payable"] == "0.00"
    assert there.get(f"{sold}/payouts").status_code == 403
    assert post(here, f"{sold}/payouts", {}).status_code == 403
    assert change(here, sold, {"percent": "99"}).status_code == 403


def test_two_programmes_share_nothing(api, made, other_programme):
    with tenant_context(other_programme):
        assert not Affiliate.objects.exists()
        twin = Affiliate.objects.create(name="Twin", link_code="BLOG", percent=1)
    assert api("admin").get(f"{LIST}{twin.code}").status_code == 404
