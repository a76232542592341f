"""Stamp cards over HTTP: kept, stamped by sales and by hand, used once."""

from __future__ import annotations

import pytest
from django.db import connection

from core.permissions import Role
from customers.models import Customer
from loyalty.models import StampBook, StampCard, StampReward
from loyalty.tests.given import PHONE
from loyalty.tests.test_api_points import ADD, post

pytestmark = pytest.mark.usefixtures("audited")

CARDS = "/api/v1/stamp-cards/"
COFFEE = {"name": "Coffee card", "gives": "A free coffee", "stamps": 3}


def patch(client, url, body):
    return client.patch(url, body, content_type="application/json")


@pytest.fixture
def card(api):
    return post(api("admin"), CARDS, COFFEE).json()["id"]


@pytest.fixture
def sale(business):
    return {"business_id": business.code, "customer_phone_number": PHONE, "amount_spent": 4}


@pytest.fixture
def member(api, card, sale):
    """Somebody with one stamp."""
    post(api("write"), ADD, sale, key="sale")
    return Customer.objects.get().code


def stamps_of(code):
    return f"/api/v1/customers/{code}/stamps"


def test_a_card_is_kept(api, business):
    client = api("admin")
    made = post(client, CARDS, {**COFFEE, "categories": ["Coffee"], "per": "item", "business_id": business.code})
    assert made.status_code == 201
    body = made.json()
    assert (body["categories"], body["min_spend"], body["is_active"]) == (["coffee"], "0.00", True)
    one = f"{CARDS}{body['id']}"
    assert client.get(one).json() == body
    assert patch(client, one, {"stamps": 8, "day_limit": 2}).json()["stamps"] == 8
    assert [row["id"] for row in client.get(CARDS, {"state": "active"}).json()["data"]] == [body["id"]]
    assert patch(client, one, {"is_active": False}).json()["is_active"] is False
    assert client.get(CARDS, {"state": "active"}).json()["data"] == []
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404


def test_cards_have_an_order(api):
    client = api("admin")
    ids = [post(client, CARDS, {**COFFEE, "name": name}).json()["id"] for name in ("a", "b", "c")]
    patch(client, f"{CARDS}{ids[2]}", {"place": 1})
    assert [row["name"] for row in client.get(CARDS).json()["data"]] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"stamps": 1}, "stamps"),
        ({"stamps": 51}, "stamps"),
        ({"gives": " "}, "gives"),
        ({"per": "visit"}, "per"),
        ({"per": "item", "min_spend": "5"}, "min_spend"),
        ({"sale_limit": 2}, "sale_limit"),
        ({"day_limit": 101}, "day_limit"),
        ({"starts_on": "2026-02-02", "ends_on": "2026-02-01"}, "ends_on"),
        ({"business_id": "nowhere"}, "business_id"),
        ({"categories": ["x"] * 101}, "categories"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_nonsense_is_refused_at_its_field(api, changes, field):
    response = post(api("admin"), CARDS, {**COFFEE, **changes})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == field
    assert not StampCard.objects.exists()


def test_what_was_promised_stays(api, card, member):
    client, one = api("admin"), f"{CARDS}{card}"
    response = patch(client, one, {"stamps": 4})
    assert (response.status_code, response.json()["code"]) == (422, "loyalty.stamp_card_fixed")
    assert response.json()["errors"][0]["field"] == "stamps"
    assert patch(client, one, {"gives": "Any free coffee", "ends_on": "2030-01-01", "stamps": 3}).status_code == 200
    response = client.delete(one)
    assert (response.status_code, response.json()["code"]) == (409, "loyalty.stamp_card_in_use")


def test_a_members_stamps(api, card, member):
    body = api("read").get(stamps_of(member)).json()
    (shown,) = body["cards"]
    assert (shown["stamp_card_id"], shown["stamps"], shown["of"], shown["missing"]) == (card, 1, 3, 2)
    assert (body["ready"], [row["stamps"] for row in body["history"]]) == ([], [1])
    by_phone = api("read").get(f"/api/v1/customers/points/{PHONE.replace(' ', '')}").json()
    assert (by_phone["stamps"], by_phone["stamp_rewards"]) == (body["cards"], [])


def test_stamps_by_hand_are_given_once_taken_and_undone(api, card, member):
    client, url = api("write"), stamps_of(member)
    body = {"stamp_card": card, "stamps": 2, "reason": "Forgot the phone"}
    first, again = post(client, url, body, key="k"), post(client, url, body, key="k")
    assert (first.status_code, first.json()["on_card"], first.json()["ready"]) == (201, 0, 1)
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    assert post(client, url, {**body, "stamps": 1}, key="k").json()["code"] == "idempotency_key_reused"
    assert post(client, url, body).json()["code"] == "idempotency_key_required"
    assert post(client, url, {**body, "stamps": 0}, key="0").json()["errors"][0]["field"] == "stamps"
    assert post(client, url, {**body, "stamps": -1}, key="t").json()["on_card"] == 2
    assert post(client, f"/api/v1/stamps/{first.json()['id']}/undo", {}, key="u").json()["on_card"] == 0
    assert StampBook.objects.get().total == 0


def test_a_cashier_gives_few_and_takes_none(api, card, member, make_member, business):
    client, url = api(user=make_member("c@example.com", Role.CASHIER, business=business)), stamps_of(member)
    assert post(client, url, {"stamp_card": card, "stamps": 6}, key="a").status_code == 422
    assert post(client, url, {"stamp_card": card, "stamps": -1}, key="b").status_code == 403
    assert post(client, url, {"stamp_card": card, "stamps": 1}, key="c").status_code == 201
    assert client.get(url).status_code == 403


def test_a_full_card_is_used_and_given_back(api, business, other_business, card, member):
    client = api("write")
    post(client, stamps_of(member), {"stamp_card": card, "stamps": 2}, key="k")
    (ready,) = api("read").get(stamps_of(member)).json()["ready"]
    assert (ready["gives"], ready["state"]) == ("A free coffee", "ready")
    url = f"/api/v1/stamp-rewards/{ready['id']}"
    used = post(client, f"{url}/use", {"business_id": business.code}, key="use")
    assert (used.status_code, used.json()["stamp_reward_id"], used.json()["ready"]) == (201, ready["id"], 0)
    shown = client.get(url).json()
    assert (shown["state"], shown["business_id"]) == ("used", business.code)
    refused = post(client, f"{url}/use", {}, key="twice")
    assert (refused.status_code, refused.json()["code"]) == (409, "loyalty.stamp_reward_over")
    assert post(client, f"{url}/undo", {}, key="undo").json()["ready"] == 1
    assert client.get(url).json()["used_at"] is None


def test_a_caller_of_one_business_reaches_its_own_cards(api, card, member, business, other_business):
    there = post(api("admin"), CARDS, {**COFFEE, "business_id": other_business.code}).json()["id"]
    client = api("admin", business=business)
    assert client.get(f"{CARDS}{there}").status_code == 404
    assert post(client, stamps_of(member), {"stamp_card": there, "stamps": 1}, key="k").status_code == 404
    assert patch(client, f"{CARDS}{card}", {"name": "Mine"}).status_code == 403
    assert post(client, CARDS, COFFEE).status_code == 403
    other = api("write", business=other_business)
    StampReward.objects.create(
        book=StampBook.objects.create(
            account_id=Customer.objects.get().pk,
            card=StampCard.objects.create(name="x", gives="x", stamps=2, business=business),
            total=2,
            completed=1,
            changed_at=Customer.objects.get().created_at,
        ),
        gives="x",
        made_at=Customer.objects.get().created_at,
        code="ofanother",
    )
    assert other.get("/api/v1/stamp-rewards/ofanother").status_code == 404
    assert post(other, "/api/v1/stamp-rewards/ofanother/use", {}, key="k").status_code == 404
    StampReward.objects.filter(code="ofanother").delete()
    StampBook.objects.filter(card__name="x").delete()


def test_another_programme_has_no_such_card(api, card, member, other_programme):
    with_card = connection.tenant
    connection.set_tenant(other_programme)
    assert not StampCard.objects.exists()
    connection.set_tenant(with_card)
